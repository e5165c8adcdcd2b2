"""Guarded loops do what they did, end when their fuel is used up, and always at the same turn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trm_lsp.zygote.main import load_package

load_package()

from _trm_zygote.fuel import Meter, OutOfFuel  # noqa: E402
from _trm_zygote.swapping import Source  # noqa: E402


def guarded(folder: Path, body: str, old: str = "", new: str = "") -> tuple[Any, Meter]:
    """A function `f` with guards in its loops, after a change of its text, and the meter of its fuel."""
    path = folder / "loops.py"
    path.write_text(f"# ä\ndef f(x):\n{body}")
    meter = Meter()
    source = Source(str(path), "utf-8", False, meter.planted)
    (function,) = source.functions
    assert function.ready()
    edits = [[source.text.index(old), source.text.index(old) + len(old), new]] if old else []
    code = function.change(edits)
    assert code is not None
    return type(guarded)(code, {"__builtins__": __builtins__}), meter


ENDLESS = {
    "while": "    while x:\n        pass\n",
    "one line": "    while True: pass\n",
    "a condition in brackets": "    while (x and\n           x):\n        x = x or x\n",
    "or": "    while not x or x:\n        pass\n",
    "walrus": "    while y := x:\n        x = y\n",
    "ternary": "    while x if x else not x:\n        pass\n",
    "lambda": "    while lambda: x:\n        pass\n",
    "swallowed": "    while True:\n        try:\n            while True:\n                pass\n"
    "        except Exception:\n"
    "            pass\n",
    "a list that grows": "    y = [x]\n    for z in y: y.append(z)\n",
    "a compound statement first": "    y = [x]\n    for z in y:\n        if z:\n            y.append(z)\n",
    "a loop first": "    y = [x]\n    for z in y:\n        for _ in ():\n            pass\n        y.append(z)\n",
    "with first": "    import io\n    y = [x]\n    for z in y:\n        with io.StringIO() as s, io.StringIO():\n"
    "            y.append(z)\n",
    "try first": "    y = [x]\n    for z in y:\n        try:\n            y.append(z)\n        finally:\n"
    "            pass\n",
    "an inner function": "    def g():\n        while x:\n            pass\n    g()\n",
    "a generator": "    def g():\n        while True:\n            yield x\n    return list(g())\n",
    "letters beyond ASCII": "    ä = 'ü'; \n    while 'ü' in ä: ä = 'üü'\n",
}


@pytest.mark.parametrize("kind", ENDLESS)
def test_a_loop_without_end_runs_out_of_fuel(tmp_path: Path, kind: str) -> None:
    f, meter = guarded(tmp_path, ENDLESS[kind])
    for amount in (0, 1, 4096, 4097, 10000):
        meter.fill(amount)
        with pytest.raises(OutOfFuel):
            f(True)
        assert meter.empty
        assert meter.used() == amount


ENDING = {
    "else of while": ("    while x > 2:\n        x -= 1\n    else:\n        x += 10\n    return x\n", 3, 12),
    "break": ("    while x:\n        x -= 1\n        if x == 2: break\n    else:\n        x = 9\n    return x\n", 5, 2),
    "tuple": ("    s = 0\n    for a, b in (1, 2), (3, x):\n        s += a * b\n    return s\n", 4, 14),
    "continue": ("    s = 0\n    for a in range(x):\n        continue\n    return s\n", 4, 0),
    "names": ("    for a in range(2):\n        b = 1\n    return sorted(locals())\n", 4, ["a", "b", "x"]),
    "walrus": ("    s = 0\n    while (x := x - 1) > 0:\n        s += x\n    return s\n", 4, 6),
}


@pytest.mark.parametrize("kind", ENDING)
def test_a_guard_changes_nothing_else(tmp_path: Path, kind: str) -> None:
    body, given, expected = ENDING[kind]
    f, meter = guarded(tmp_path, body)
    meter.fill(1000)
    assert f(given) == expected
    assert not meter.empty
    assert 0 < meter.used() < 20
    assert f.__code__.co_names == guarded(tmp_path, body)[0].__code__.co_names
    assert not any("fuel" in name for name in f.__code__.co_names + f.__code__.co_varnames)


CHANGES = {
    "the condition": ("    while x:\n        x -= 1\n    return 5\n", "while x:", "while True:"),
    "the end of the condition": ("    while x > 1:\n        x -= 1\n    return 5\n", "> 1", "> 1 or 2"),
    "the body": ("    while x:\n        x -= 1\n    return 5\n", "x -= 1", "x -= 0"),
    "a new loop": ("    x += 1\n    return x\n", "x += 1", "while x: x += 1"),
    "a new loop beside another": ("    for y in range(2):\n        x += y\n", "x += y", "while x: x += 1"),
    "a loop inside a string": ("    y = 'while'\n    while x:\n        x -= 1\n", "x -= 1", '"""x -= 1"""'),
    "a compound statement at the body's start": (
        "    y = [x]\n    for z in y:\n        x += z\n",
        "x += z",
        "if z: y.append(z)",
    ),
    "the whole loop": ("    for y in range(2):\n        x += 1\n", "for y in range(2):", "while True:"),
}


@pytest.mark.parametrize("kind", CHANGES)
def test_a_change_that_makes_a_loop_endless_runs_out_of_fuel(tmp_path: Path, kind: str) -> None:
    f, meter = guarded(tmp_path, *CHANGES[kind])
    meter.fill(1000)
    with pytest.raises(OutOfFuel):
        f(3)


@given(st.lists(st.integers(0, 20000), min_size=1, max_size=6))
def test_a_meter_allows_exactly_what_it_was_filled_with(amounts: list[int]) -> None:
    meter = Meter()
    for amount in amounts:
        meter.fill(amount)
        for turn in range(amount):
            assert True in meter.iterator
            assert meter.used() == turn + 1
            if turn > 50 and amount - turn > 5000:
                break
        else:
            with pytest.raises(OutOfFuel):
                assert True in meter.iterator
            with pytest.raises(OutOfFuel):  # and again, for code that catches everything
                assert True in meter.iterator
