"""What slots see while the failing tests run, and what could stand there."""

from __future__ import annotations

import ast
import random
from pathlib import Path
from typing import Any

import pytest
from fakes import BASE, candidate, meter
from judging.test_interpreters import PYTHONS
from projects import CALC, Files, judging, make, untouched

from trm_lsp.core.budget import OBSERVE_UNITS, SLOT_UNITS, Stopped
from trm_lsp.core.ports import Slot, Values, unobserved
from trm_lsp.core.state import Edit, Variant
from trm_lsp.core.verdict import Tier
from trm_lsp.judging.judge import TestJudge

TARGET = "test_calc.py::test_sub"


def slot(text: str, expression: str, path: str = "calc.py") -> Slot:
    """The slot of an expression that stands once in a text; `|` marks where it begins and ends within more."""
    before, marked, inner = expression.partition("|")
    whole = expression.replace("|", "")
    assert text.count(whole) == 1, f"{whole} stands {text.count(whole)} times"
    start = text.index(whole)
    if not marked:
        return Slot(path, start, start + len(whole))
    return Slot(path, start + len(before), start + len(before) + len(inner.partition("|")[0]))


def place(text: str, statement: str, path: str = "calc.py") -> Slot:
    assert text.count(statement) == 1
    return Slot(path, text.index(statement), text.index(statement))


def observed(root: Path, body: str, test: str, *expressions: str, files: Files | None = None, **asked: Any) -> Any:
    """Values of each expression of calc.py; the tests are those that fail."""
    make(root, {"calc.py": body, "test_calc.py": test, **(files or {})})
    with untouched(root), judging(root) as judge:
        failing = judge.baseline().failing
        text = judge.texts["calc.py"].text
        slots = [slot(text, expression) for expression in expressions]
        return judge.observe(Variant({}), slots, failing, **asked)


def texts(values: Values) -> set[str]:
    return {text for some in values.classes for text in some}


def same(values: Values, one: str, other: str) -> bool:
    return any(one in some and other in some for some in values.classes)


SUM = """
    def sub(a, b):
        total = a
        for step in range(b):
            total = total + 1
        return total
"""
SUM_TEST = """
    import pytest
    from calc import sub

    @pytest.mark.parametrize("a, b, c", [(9, 2, 7), (5, 1, 4), (0, 0, 0)])
    def test_sub(a, b, c):
        assert sub(a, b) == c
"""


def test_a_slot_is_seen_in_every_failing_test(root: Path) -> None:
    right, counted, end = observed(root, SUM, SUM_TEST, "total + 1", "range(|b|)", "return |total|")
    assert (right.evaluations, right.kinds, right.shown) == (3, ("int",), ("10", "11", "6"))
    assert (counted.evaluations, end.evaluations) == (2, 2)
    assert right.original is not None and "total + 1" in right.classes[right.original]
    assert "total - 1" in texts(right)
    assert {"a - b", "max(a, b)"} <= texts(end)


def test_what_the_fix_needs_is_among_the_texts(root: Path) -> None:
    body = """
        def sub(xs, ys):
            found, i, j = [], 0, 0
            while i < len(xs) and j < len(ys):
                if xs[i] < ys[j]:
                    found.append(xs[i])
                    i += 1
                else:
                    found.append(ys[j])
                    j += 1
            found.extend(xs[i:] or ys[i:])
            return found
    """
    test = "from calc import sub\n\ndef test_sub():\n    assert sub([1, 4, 5], [2, 9]) == [1, 2, 4, 5, 9]\n"
    rest, condition = observed(root, body, test, "ys[i:]", "xs[i] < ys[j]")
    assert "ys[j:]" in texts(rest)
    assert condition.original is not None
    assert any("i == j" in some or "i <= j" in some for some in condition.classes)


def test_data_of_objects_is_seen_as_it_was(root: Path) -> None:
    body = """
        class Node:
            size = 3

            def __init__(self, value, next):
                self.value, self.next = value, next

        def sub(node):
            last = None
            while node is not None:
                following = node.next
                node.next = last
                last = node
                node = following
            return following
    """
    test = """
        from calc import Node, sub

        def test_sub():
            assert sub(Node(1, Node(2, None))).value == 2
    """
    returned, after = observed(root, body, test, "return |following|", "following = |node.next|", size=3)
    assert {"last", "last.next", "last.value", "last.size", "last.next.value"} <= texts(returned)
    assert (after.kinds, after.shown) == (("Node", "NoneType"), ("<Node>", "None"))


def test_only_the_truth_of_a_condition_counts(root: Path) -> None:
    body = """
        def sub(xs):
            found = []
            for x in xs:
                if x > 2 and not x > 9:
                    found.append(x)
            return [x for x in found if x != 5]
    """
    test = "from calc import sub\n\ndef test_sub():\n    assert sub([1, 2, 3, 5, 12]) == [2, 3]\n"
    found = observed(root, body, test, "if |x > 2 and not x > 9|", "x > 2", "x > 9", "x != 5", atoms=["3", "5"])
    for values in found:
        assert values.original is not None
        assert len(values.classes) <= 2**values.evaluations
    assert same(found[1], "x > 2", "x >= 3")
    assert same(found[3], "x != 5", "x < 5")


def test_an_original_that_raises_can_be_guarded(root: Path) -> None:
    body = "def sub(xs):\n    return 0 if xs[0] > 3 else 1\n"
    test = "from calc import sub\n\ndef test_sub():\n    assert sub([4]) + sub([1]) + sub([]) == 2\n"
    (values,) = observed(root, body, test, "xs[0] > 3")
    assert (values.evaluations, values.original) == (3, None)
    assert {"xs and xs[0] > 3", "not xs or xs[0] > 3"} <= texts(values)


def test_texts_have_the_parentheses_of_their_place(root: Path) -> None:
    body = "def sub(a, b):\n    return a * (a) - len(str(b)) - a ** b\n"
    test = "from calc import sub\n\ndef test_sub():\n    assert sub(2, 3) == sub(3, 2)\n"
    factor, enclosed, argument, base = observed(root, body, test, "|a| * (a)", "a * (|a|)", "str(|b|)", "|a| ** b")
    assert "(a + b)" in texts(factor) and "a + b" not in texts(factor)
    assert "a + b" in texts(enclosed) and "a + b" in texts(argument)
    assert "(-a)" in texts(base)


def test_a_place_before_a_statement_is_seen_and_gives_nothing(root: Path) -> None:
    make(root, {"calc.py": SUM, "test_calc.py": SUM_TEST})
    with judging(root) as judge:
        failing = judge.baseline().failing
        text = judge.texts["calc.py"].text
        slots = [place(text, statement) for statement in ("total = a\n", "for step", "total = total", "return")]
        found = judge.observe(Variant({}), slots, failing)
        (within,) = judge.observe(Variant({}), [place(text, "step in")], failing)
    assert [values.evaluations for values in found] == [2, 2, 3, 2]
    assert all(values.original is None and values.kinds == () for values in found)
    assert "total" not in texts(found[0]) and "a - b" in texts(found[0])
    assert "step" in texts(found[2]) and "step" not in texts(found[1])
    assert within.evaluations == 0


SHELF = """
    class Shelf:
        def __init__(self):
            self.items = {}
            self.order = None

        def put(self, key, item):
            def told():
                return item
            self.items[key] = item
            return item

        def drop(self, key, loud=False, *, named=1):
            del self.items[key]

        def only_named(self, *, key):
            return key
"""
SHELF_TEST = """
    from calc import Shelf

    def test_twice():
        shelf = Shelf()
        shelf.put("a", 5)
        shelf.put("a", 6)
        assert shelf.order

    def test_once():
        Shelf().put("b", True)
"""


def test_before_a_statement_conditions_are_told_by_the_evaluations_they_hold_in(root: Path) -> None:
    make(root, {"calc.py": SHELF, "test_calc.py": SHELF_TEST})
    with judging(root) as judge:
        judge.baseline()
        tests = ["test_calc.py::test_twice", "test_calc.py::test_once"]
        (values,) = judge.observe(Variant({}), [place(judge.texts["calc.py"].text, "self.items[key] = item")], tests)
    twice, again, once = "test_calc.py::test_twice", "test_calc.py::test_twice", "test_calc.py::test_once"
    assert values.tests == (twice, again, once)
    held = {holds: texts for texts, holds in values.conditions}
    assert "key in self.items" in held[False, True, False]
    assert "key not in self.items" in held[True, False, True]
    assert "isinstance(item, bool)" in held[False, False, True]
    assert not {"0", "None", "True"} & {text for texts in held.values() for text in texts}


def test_before_a_statement_names_and_calls_are_told(root: Path) -> None:
    make(root, {"calc.py": SHELF, "test_calc.py": SHELF_TEST})
    with judging(root) as judge:
        failing = judge.baseline().failing
        (values,) = judge.observe(Variant({}), [place(judge.texts["calc.py"].text, "self.items[key] = item")], failing)
    assert {("self", "Shelf"), ("self.items", "dict"), ("key", "str"), ("item", "int")} <= set(values.names)
    assert set(values.calls) == {("self.put", 2), ("self.drop", 1), ("told", 0)}


STUBS = {
    "compared": ('raise NotImplementedError("later")', "assert f(2, 3) == 6\n    assert 20 == f(4, 5)", "a * b"),
    "nearly": ("pass", "assert f(1, 3) == pytest.approx(1 / 3)\n    assert f(1, 8) == 0.125", "a / b"),
    "within a list": ("pass", "assert [f(1, 2), f(5, 5)] == [3, 10]", "a + b"),
    "asked for its truth": ("pass", "assert f(1, 2)\n    assert f(3, 3) == False\n    assert not f(9, 4)", "a < b"),
    "behind a docstring": ('"""Says much."""', "assert f('ab', 3) == 'ababab'\n    assert f('x', 1) == 'x'", "a * b"),
}


@pytest.mark.parametrize("shape", STUBS)
def test_a_stub_agrees_with_what_it_is_compared_to_and_that_is_what_is_wanted(root: Path, shape: str) -> None:
    body, asserted, wanted = STUBS[shape]
    make(root, {
        "calc.py": f"def f(a, b):\n    {body}\n",
        "test_calc.py": f"import pytest\nfrom calc import f\n\ndef test_f():\n    {asserted}\n",
    })  # fmt: skip
    with untouched(root), judging(root) as judge:
        failing = judge.baseline().failing
        (values,) = judge.observe(Variant({}), [place(judge.texts["calc.py"].text, body)], failing, size=4, stubs=True)
    assert any(wanted in some for some in values.wanted)
    assert values.evaluations >= 2


def test_nothing_gives_what_is_wanted_of_a_stub_where_no_small_expression_does(root: Path) -> None:
    make(root, {
        "calc.py": "def f(a):\n    pass\n",
        "test_calc.py": "from calc import f\n\ndef test_f():\n    assert [f(1), f(2), f(3)] == ['q', -77, 0.3]\n",
    })  # fmt: skip
    with judging(root) as judge:
        failing = judge.baseline().failing
        (values,) = judge.observe(Variant({}), [place(judge.texts["calc.py"].text, "pass")], failing, stubs=True)
    assert values.wanted == ()
    assert values.shown == ("'q'", "-77", "0.3")


def test_literals_and_names_of_the_module_are_used_where_they_are_given(root: Path) -> None:
    body = "import string\nLIMIT = 40\nb = 41\n\ndef sub(a, b):\n    return a + b\n"
    test = "from calc import sub\n\ndef test_sub():\n    assert sub(3, 2) == 1\n"
    (values,) = observed(root, body, test, "a + b", atoms=["LIMIT", "77", "b", "string.digits", "string.no", "a.real"])
    assert {"LIMIT", "LIMIT - a", "77", "string.digits"} <= texts(values)
    assert not {"41", "string.no"} & texts(values)


SHAPES = {
    "a generator": ("def sub(xs):\n    for x in xs:\n        yield x + 1\n", "x + 1", "assert not list(sub([1, 5]))"),
    "a comprehension": ("def sub(a, b):\n    return [x * a for x in b]\n", "x * a", "assert not sub(2, [3, 5])"),
    "an inner function": (
        "def sub(a, b):\n    def add(c):\n        return a + c\n    return add(b) + add(1)\n",
        "a + c",
        "assert sub(1, 2) == 0",
    ),
    "a lambda": ("def sub(a, b):\n    return (lambda c: c + a)(b)\n", "c + a", "assert sub(1, 2) == sub(1, 3)"),
    "a method": (
        "class Sub:\n    def __init__(self, a):\n        self.__a = a\n    def __call__(self, b):\n"
        "        return self.__a + b\n\ndef sub(a, b):\n    return Sub(a)(b) + Sub(a)(1)\n",
        "self.__a + b",
        "assert sub(3, 2) == 1",
    ),
    "a decorated function": (
        "import functools\n\n@functools.lru_cache(None)\ndef sub(a, b):\n    return a + b\n",
        "a + b",
        "assert sub(3, 2) - sub(9, 2) == 1",
    ),
    "many lines": (
        "def sub(a, b):\n    return (\n        a +  # the first\n        b\n    ) + (a and 1)\n",
        "a +  # the first\n        b",
        "assert sub(3, 2) == sub(4, 2)",
    ),
    "other line ends": (
        "def sub(a, b):\r\n    while a > 3:\r\n        a -= 1\r\n    return a + b\r\n",
        "a + b",
        "assert sub(9, 2) == sub(8, 1)",
    ),
    "letters beyond ASCII": (
        "def sub(ä, ö):\n    ü = 'ß' * 2; return ä + ö\n",
        "ä + ö",
        "assert sub(1, 2) == sub(1, 3)",
    ),
    "a walrus": ("def sub(a, b):\n    return (c := a + b) - c\n", "a + b", "assert sub(1, 2) == sub(2, 2) + 1"),
    "recursion": (
        "def sub(a, b):\n    return a + sub(b - 1, 0) if b else 1\n",
        "b - 1",
        "assert sub(3, 2) == sub(1, 4)",
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_slots_are_seen_wherever_they_stand(root: Path, shape: str) -> None:
    body, expression, check = SHAPES[shape]
    test = f"from calc import sub\n\ndef test_sub():\n    {check}\n".encode()
    (values,) = observed(root, body.encode(), test, expression)  # type: ignore[arg-type]
    assert values.evaluations == 2, shape
    assert values.kinds == ("int",)
    assert values.original is not None
    assert expression in values.classes[values.original]


REFUSED = {
    "what is written to": ("def sub(a, b):\n    a = 1; b = a\n    return b\n", "|a| = 1"),
    "half an expression": ("def sub(a, b):\n    return a + b * 2\n", "a + b"),
    "code of the module": ("c = 3\n\ndef sub(a, b):\n    return a + b + c\n", "3"),
    "a default": ("def sub(a, b, c=3):\n    return a + b\n", "3"),
    "what no test reaches": ("def sub(a, b):\n    return a if a else b + 4\n", "b + 4"),
    "a docstring": ("def sub(a, b):\n    'Text.'\n    return a + b\n", "'Text.'"),
    "a part of a string": ("def sub(a, b):\n    return f'{a + b}'\n", "a + b"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_of_what_cannot_be_seen_nothing_is_said(root: Path, what: str) -> None:
    body, expression = REFUSED[what]
    test = "from calc import sub\n\ndef test_sub():\n    assert sub(3, 2) == 1\n"
    (values,) = observed(root, body.encode(), test.encode(), expression)  # type: ignore[arg-type]
    assert values == Values(slot=values.slot)


def test_the_code_does_what_it_did(root: Path) -> None:
    """Every expression and every statement of a file observed at once changes no outcome and no value."""
    body = """
        import collections

        def sub(a, b, *rest, key=None, **more):
            log = []
            try:
                with_all = [*rest, *(more or {}).values()]
                for n, x in enumerate(with_all or [a, b]):
                    if n % 2 == 0 and (y := x) is not None:
                        log.append(y if y > 1 else -y)
                    elif not x:
                        continue
                    while len(log) < 2:
                        log += [x]
                pair = collections.namedtuple("pair", "one other")(one=log[0], other=log[-1])
                assert pair.one == log[0], "never"
                first, *others = log
                others[0:1] = sorted((z for z in log if z), key=lambda z: -z)
                table = {name: value for name, value in zip("abc", log)}
                del log[0]
                return f"{a + b}", pair, {*others}, table["a"], first, log[::-1]
            except (IndexError, KeyError) as error:
                raise ValueError(str(error)) from error
            finally:
                log.append(len(rest))
    """
    test = """
        from calc import sub

        def test_sub():
            assert sub(3, 2) == ("5", (3, 2), {3, 2, 1}, 3, 3, [0])
    """
    make(root, {"calc.py": body, "test_calc.py": test})
    with judging(root) as judge:
        failing = judge.baseline().failing
        text = judge.texts["calc.py"].text
        lines = [0, *(position + 1 for position, sign in enumerate(text) if sign == "\n")]
        slots: list[Slot] = []
        for node in ast.walk(ast.parse(text).body[1]):
            if isinstance(node, (ast.expr, ast.stmt)):
                start = lines[node.lineno - 1] + node.col_offset
                slots.append(Slot("calc.py", start, start))
                slots.append(Slot("calc.py", start, lines[(node.end_lineno or 1) - 1] + (node.end_col_offset or 0)))
        slots = list(dict.fromkeys(slots))
        random.Random(1).shuffle(slots)
        found = judge.observe(Variant({}), slots, failing, size=1)
        again = judge.observe(Variant({}), slots, failing, size=1)
    assert found == again
    seen = {text[values.slot.start : values.slot.end]: values for values in found if values.evaluations}
    assert len(seen) > 60
    assert seen["log[::-1]"].shown == ("[3]",)
    assert seen["pair"].kinds == ("pair",)
    assert seen["n % 2 == 0 and (y := x) is not None"].shown == ("True", "False")
    for part, values in seen.items():
        assert values.original is None or {part, f"({part})"} & set(values.classes[values.original])


def test_an_endless_loop_is_cut_and_what_was_seen_is_told(root: Path) -> None:
    body = "def sub(a, b):\n    while a > b:\n        b -= 1\n    return b\n"
    test = "from calc import sub\n\ndef test_sub():\n    assert sub(3, 2) == 1\n\ndef test_none():\n    pass\n"
    make(root, {"calc.py": body, "test_calc.py": test})
    with judging(root, test={"timeout": 2.0}) as judge:
        judge.baseline()
        text = judge.texts["calc.py"].text
        loop, unreached = judge.observe(Variant({}), [slot(text, "a > b"), slot(text, "return |b|")], [TARGET])
    assert loop.evaluations > 1000
    assert "b > 0" in texts(loop)
    assert unreached.evaluations == 0


def test_the_text_that_is_observed_is_the_variants(root: Path) -> None:
    make(root, CALC)
    with judging(root) as judge:
        judge.baseline()
        text = judge.texts["calc.py"].text
        new = text.replace("a + b", "a * b + 1")
        (whole,) = judge.observe(Variant({"calc.py": new}), [slot(new, "a * b")], [TARGET])
        edit = Edit("calc.py", text.index("a + b"), text.index("a + b") + 5, "a * b + 1")
        (edited,) = judge.observe(Variant({}, (edit,)), [slot(new, "a * b")], [TARGET])
        (before,) = judge.observe(Variant({}), [slot(text, "a + b")], [TARGET])
        assert [found.passed for found in judge([Variant({})], Tier.SCREEN)] == [False]
    assert whole == edited
    assert (whole.shown, before.shown) == (("6",), ("5",))


def test_without_collected_tests_nothing_is_known(root: Path) -> None:
    test = "import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()\n"
    make(root, {**CALC, "test_calc.py": test + str(CALC["test_calc.py"])})
    with judging(root) as judge:
        judge.baseline()
        assert isinstance(judge, TestJudge) and judge._tests.level != "collected"
        where = slot(judge.texts["calc.py"].text, "a + b")
        assert judge.observe(Variant({}), [where], [TARGET]) == (Values(slot=where),)


def test_no_slots_no_tests_and_no_such_file_are_answered(root: Path) -> None:
    make(root, CALC)
    with judging(root) as judge:
        judge.baseline()
        known, unknown = slot(judge.texts["calc.py"].text, "a + b"), Slot("no.py", 0, 3)
        assert judge.observe(Variant({}), [], [TARGET]) == ()
        assert judge.observe(Variant({}), [known], []) == (Values(slot=known),)
        found = judge.observe(Variant({}), [unknown, known, Slot("calc.py", 5, 10**9)], [TARGET])
    assert [values.evaluations for values in found] == [0, 1, 0]


def test_tests_that_pytest_must_run_are_observed_too(root: Path) -> None:
    test = """
        import pytest
        from calc import sub

        @pytest.fixture
        def three():
            yield 3

        class TestSub:
            def test_sub(self, three, tmp_path):
                assert sub(three, 2) == 1
    """
    make(root, {**CALC, "test_calc.py": test})
    with judging(root) as judge:
        failing = judge.baseline().failing
        (values,) = judge.observe(Variant({}), [slot(judge.texts["calc.py"].text, "a + b")], failing)
    assert (values.evaluations, values.shown) == (1, ("5",))
    assert "a - b" in texts(values)


@pytest.mark.parametrize("python", PYTHONS, ids=[path.parts[-3] for path in PYTHONS])
def test_every_python_that_has_pytest_sees_the_same(root: Path, python: Path) -> None:
    make(root, {"calc.py": SUM, "test_calc.py": SUM_TEST})
    found = []
    for one in ("", str(python)):
        with judging(root, python=one) as judge:
            if not judge._tests.installed():  # type: ignore[union-attr]
                pytest.skip("it has no pytest")
            failing = judge.baseline().failing
            text = judge.texts["calc.py"].text
            slots = [slot(text, "total + 1"), slot(text, "range(b)"), place(text, "return")]
            found.append(judge.observe(Variant({}), slots, failing))
    assert found[0] == found[1]
    assert [values.evaluations for values in found[0]] == [3, 2, 2]


def test_observing_costs_work_by_the_slot_and_nothing_once_the_run_has_stopped() -> None:
    slots = [Slot("m.py", 0, 3)] * 4
    counter = meter()
    assert len(counter.observing(unobserved)(candidate(BASE["m.py"]).variant, slots, ["test"])) == 4
    assert counter.spent.work == OBSERVE_UNITS + 4 * SLOT_UNITS
    between, larger = meter(), meter()
    between.observing(unobserved)(candidate(BASE["m.py"]).variant, [Slot("m.py", 0, 0)], ["test"])
    assert between.spent.work == OBSERVE_UNITS + 2 * SLOT_UNITS
    larger.observing(unobserved)(candidate(BASE["m.py"]).variant, slots, ["test"], size=5)
    assert larger.spent.work == OBSERVE_UNITS + 16 * 4 * SLOT_UNITS
    with pytest.raises(Stopped):
        meter(cancelled=lambda: True).observing(unobserved)(Variant({}), slots, ["test"])


def test_the_environment_of_the_user_is_left_alone(root: Path) -> None:
    """Objects that a slot saw are not changed by what is tried on them: a second run sees the same."""
    body = "def sub(xs, table):\n    return xs + sorted(table)\n"
    test = """
        from calc import sub

        XS, TABLE = [3, 1], {"b": 1, "a": [2]}

        def test_sub():
            assert sub(XS, TABLE) == [1]

        def test_sub_again():
            assert (XS, TABLE) == ([3, 1], {"b": 1, "a": [2]})
            assert sub(XS, TABLE) == [1]
    """
    (values,) = observed(root, body, test, "xs + sorted(table)", size=4)
    assert values.evaluations == 2


# --- integers that Python does not write ----------------------------------------------------------

VAST = """
    from fractions import Fraction

    VAST = 2 ** 20000

    def sub(a, b):
        part = Fraction(VAST, 3)
        vast = [VAST + a, range(VAST), part]
        return a + b - (vast[0] - vast[0])
"""


def test_an_integer_that_python_does_not_write_is_shown_by_its_size(root: Path) -> None:
    part, vast, first, right = observed(
        root, VAST, SUM_TEST, "Fraction(VAST, 3)", "VAST + a", "return |a + b - (vast[0] - vast[0])|", "a + b"
    )
    assert vast.shown == ("<int of about 6021 digits>",)
    assert (part.shown, part.evaluations) == (("<Fraction>",), 2)
    assert first.shown == right.shown == ("11", "6")
    assert "a - b" in texts(right)
