"""What texts do with the calls that tests make, and with others like them."""

from __future__ import annotations

from pathlib import Path

import pytest
from fakes import meter
from judging.test_interpreters import PYTHONS
from projects import Files, judging, make, untouched

from trm_lsp.core.behaviour import Comparison, Did, Input, Kind, Origin
from trm_lsp.core.budget import COMPARE_UNITS, TEXT_UNITS, Stopped
from trm_lsp.core.ports import uncompared
from trm_lsp.core.state import Variant
from trm_lsp.judging.judge import COMPARE_INPUTS, TestJudge

MEAN = """
    def mean(xs):
        return sum(xs) / (len(xs) + 1)
"""
MEAN_TEST = """
    from calc import mean

    def test_mean():
        assert mean([1, 3]) == 2

    def test_zeros():
        assert mean([0]) == 0
"""
RIGHT, GUARDED = ("(len(xs) + 1)", "len(xs)"), ("(len(xs) + 1)", "(len(xs) or 1)")


def compared(
    root: Path, body: str, test: str, *changes: tuple[str, str], files: Files | None = None, seed: int = 0
) -> Comparison:
    """The unchanged calc.py beside one text for each change, a piece of it that stands once and its new text."""
    make(root, {"calc.py": body, "test_calc.py": test, **(files or {})})
    with untouched(root), judging(root) as judge:
        return compared_by(judge, *changes, seed=seed)


def compared_by(judge: TestJudge, *changes: tuple[str, str], seed: int = 0) -> Comparison:
    baseline = judge.baseline()
    text = judge.texts["calc.py"].text
    assert all(text.count(old) == 1 for old, _ in changes)
    variants = [Variant({}), *(Variant({"calc.py": text.replace(old, new)}) for old, new in changes)]
    passing = [result.id for result in baseline.results if result.passed]
    return judge.compare(variants, baseline.failing, passing, seed=seed)


def by_call(found: Comparison) -> dict[str, Input]:
    return {one.call: one for one in found.inputs}


def said(found: Comparison, call: str) -> list[str]:
    return [did.in_words for did in by_call(found)[call].did]


# --- inputs -------------------------------------------------------------------------------------


def test_each_text_is_shown_to_do_what_it_does(root: Path) -> None:
    found = compared(root, MEAN, MEAN_TEST, RIGHT, GUARDED)
    assert found.compared == (True, True, True)
    assert said(found, "mean([1, 3])") == ["1.3333333333333333", "2.0", "2.0"]
    assert said(found, "mean([])") == ["0.0", "ZeroDivisionError", "0.0"]
    assert by_call(found)["mean([])"].did[1] == Did(Kind.RAISES, "ZeroDivisionError: division by zero")


def test_calls_of_tests_come_first_and_others_like_them_follow(root: Path) -> None:
    found = compared(root, MEAN, MEAN_TEST, RIGHT)
    origins = [one.origin for one in found.inputs]
    assert origins[:2] == [Origin.FAILING, Origin.PASSING]
    assert set(origins[2:]) == {Origin.NEAR_FAILING, Origin.NEAR_PASSING}
    calls = [one.call for one in found.inputs]
    assert calls[:2] == ["mean([1, 3])", "mean([0])"]
    assert {"mean([])", "mean([1])", "mean([3, 1])", "mean([1, 3, 3])", "mean([0, 3])", "mean([1, 4])"} <= set(calls)
    assert len(set(calls)) == len(calls) <= COMPARE_INPUTS


def test_the_same_seed_gives_the_same_inputs(root: Path) -> None:
    first = compared(root, MEAN, MEAN_TEST, RIGHT, seed=3)
    assert compared(root, MEAN, MEAN_TEST, RIGHT, seed=3) == first


def test_what_the_tests_call_is_compared_beside_what_is_changed(root: Path) -> None:
    body = MEAN + "\n    def mean_of_squares(xs):\n        return mean([x * x for x in xs])\n"
    test = "from calc import mean_of_squares\n\ndef test_it():\n    assert mean_of_squares([1, 2]) == 2.5\n"
    found = compared(root, body, test, RIGHT)
    assert [one.call for one in found.inputs[:2]] == ["mean_of_squares([1, 2])", "mean([1, 4])"]
    assert said(found, "mean_of_squares([])") == ["0.0", "ZeroDivisionError"]
    assert by_call(found)["mean_of_squares([])"].imports == ("from calc import mean_of_squares",)


def test_arguments_that_are_left_to_their_defaults_are_not_shown(root: Path) -> None:
    body = "def sub(a, b=2, *rest, key=None, **more):\n    return a + b\n"
    test = """
        from calc import sub

        def test_sub():
            assert sub(3) == 1

        def test_more():
            assert sub(1, 2, 3, key="k", other=0) == 3
    """
    found = compared(root, body, test, ("a + b", "a - b"))
    assert {"sub(3)", "sub(1, 2, 3, key='k', other=0)", "sub(3, 3)"} <= set(by_call(found))


# --- what is shown ------------------------------------------------------------------------------


def test_arguments_that_a_call_changes_are_shown(root: Path) -> None:
    body = "def drop(xs):\n    xs.append(0)\n    return xs[0]\n"
    test = "from calc import drop\n\ndef test_drop():\n    xs = [1, 2]\n    drop(xs)\n    assert xs == [2]\n"
    found = compared(root, body, test, ("xs.append(0)", "xs.pop(0)"))
    assert said(found, "drop([1, 2])") == ["1 with xs = [1, 2, 0]", "2 with xs = [2]"]
    assert not by_call(found)["drop([1, 2])"].did[0].exact


def test_a_generator_is_compared_by_what_it_yields(root: Path) -> None:
    body = "def count(n):\n    while n:\n        yield n\n        n -= 1\n"
    test = "from calc import count\n\ndef test_count():\n    assert list(count(2)) == [1, 2]\n"
    found = compared(root, body, test, ("n -= 1", "n -= 2"))
    assert said(found, "count(3)") == ["[3, 2, 1]", str([3 - 2 * step for step in range(50)])]
    assert not any(did.exact for did in by_call(found)["count(3)"].did)  # it gives no list


OBJECTS = """
    from dataclasses import dataclass

    @dataclass
    class Point:
        x: int
        y: int = 0

        def away(self):
            return self.x + self.y

    class Stack:
        def __init__(self, items):
            self.items = list(items)
            self.me = self

        def top(self):
            return self.items[0]

        @property
        def depth(self):
            return len(self.items) + 1

        @classmethod
        def of(cls, *items):
            return cls(items).items
"""
OBJECTS_TEST = """
    from calc import Point, Stack

    def test_objects():
        assert Point(3, -1).away() == 2
        assert Stack([1, 2]).top() == 1
        assert Stack([1, 2]).depth == 3
        assert Stack.of(1, 2) == [1, 2]

    def test_more():
        assert Stack([5]).depth == 2
        assert Point(0).away() == 1
"""


def test_methods_are_called_on_copies_of_their_objects(root: Path) -> None:
    changes = ("self.x + self.y", "abs(self.x)"), ("items[0]", "items[-1]"), ("len(self.items) + 1", "0")
    found = by_call(compared(root, OBJECTS, OBJECTS_TEST, *changes))
    point = found["Point(x=3, y=-1).away()"]
    assert (point.exact, point.imports) == (True, ("from calc import Point",))
    assert [did.shown for did in point.did] == ["2", "3", "2", "2"]
    stack = found["<Stack items=[1, 2] me=...>.top()"]
    assert not stack.exact
    assert [did.shown for did in stack.did] == ["1", "1", "2", "1"]
    assert [did.shown for did in found["<Stack items=[1, 2] me=...>.depth"].did] == ["3", "3", "3", "0"]


def test_a_value_is_exact_where_its_text_alone_gives_it(root: Path) -> None:
    body = "import datetime\n\ndef day(n):\n    return [n + 1, datetime.date(2020, 1, 1 + n % 9)][n % 2]\n"
    test = "from calc import day\n\ndef test_day():\n    assert day(2) == 2\n"
    found = by_call(compared(root, body, test, ("n + 1", "n")))
    assert [did.exact for did in found["day(2)"].did] == [True, True]
    assert found["day(3)"].did[0] == Did(Kind.GIVES, "datetime.date(2020, 1, 4)")


def test_a_class_is_shown_as_it_is_made(root: Path) -> None:
    found = by_call(compared(root, OBJECTS, OBJECTS_TEST, ("list(items)", "list(items)[::-1]")))
    made = found["Stack([1, 2])"]
    assert [did.shown for did in made.did] == ["<Stack items=[1, 2] me=...>", "<Stack items=[2, 1] me=...>"]
    assert "Stack.of(1, 2)" in found


def test_a_function_in_two_places_is_changed_in_both(root: Path) -> None:
    body = "def one(a):\n    return a + 1\n\n\ndef two(a):\n    return one(a) + 2\n"
    test = "from calc import two\n\ndef test_two():\n    assert two(1) == 0\n"
    make(root, {"calc.py": body, "test_calc.py": test})
    with judging(root) as judge:
        failing = judge.baseline().failing
        new = judge.texts["calc.py"].text.replace("a + 1", "a - 1").replace("(a) + 2", "(a) - 2")
        found = judge.compare([Variant({}), Variant({"calc.py": new})], failing, ())
    assert said(found, "two(1)") == ["4", "-2"]
    assert said(found, "one(1)") == ["2", "0"]


# --- what is held back, and what is left out ----------------------------------------------------


def test_a_call_without_end_is_cut(root: Path) -> None:
    body = "def down(n):\n    while n != 0:\n        n -= 1\n    return n\n"
    test = "from calc import down\n\ndef test_down():\n    assert down(3) == 1\n"
    found = compared(root, body, test, ("n != 0", "n > 0"))
    assert said(found, "down(-3)") == ["no end in sight", "-3"]


def test_an_effect_is_ended_before_it_happens(root: Path, tmp_path: Path) -> None:
    target = tmp_path / "written"
    body = f"""
        import os, socket, subprocess

        def act(what):
            if what == "":
                open({str(target)!r}, "w").close()
            elif what == "w":
                subprocess.run(["touch", {str(target)!r}])
            elif what == "wa":
                os.mkdir({str(target)!r})
            elif what == "ait":
                socket.create_connection(("127.0.0.1", 9))
            return len(what) + 1
    """
    test = "from calc import act\n\ndef test_act():\n    assert act('wait') == 4\n"
    found = compared(root, body, test, ("len(what) + 1", "len(what)"))
    calls = set(by_call(found))
    assert {"act('wait')", "act('tiaw')"} <= calls
    assert not {"act('')", "act('w')", "act('ait')"} & calls
    assert "Calls that would write, import, start a process or use the network were ended." in found.left_out
    assert not target.exists()


def test_a_call_that_waits_is_left_out_and_does_not_hold_up_the_others(root: Path) -> None:
    body = "import threading\n\ndef wait(n):\n    if n < 0:\n        threading.Event().wait()\n    return n + 1\n"
    test = "from calc import wait\n\ndef test_wait():\n    assert wait(3) == 3\n"
    found = compared(root, body, test, ("n + 1", "n"))
    assert "wait(4)" in by_call(found) and "wait(-3)" not in by_call(found)
    assert "Calls that take long were left out." in found.left_out


def test_a_call_that_leaves_something_behind_is_left_out(root: Path) -> None:
    body = "SEEN = []\n\ndef see(n):\n    if n < 0:\n        SEEN.append(n)\n    return len(SEEN) + n + 1\n"
    test = "from calc import see\n\ndef test_see():\n    assert see(3) == 3\n"
    found = compared(root, body, test, ("len(SEEN) + n + 1", "len(SEEN) + n"))
    assert said(found, "see(4)") == ["5", "4"]
    assert all("(-" not in call for call in by_call(found))
    assert "Calls that leave something behind in their modules were left out." in found.left_out


def test_a_call_that_gives_another_outcome_each_time_is_left_out(root: Path) -> None:
    body = "import time\n\ndef now(n):\n    return n + 1 if n else time.perf_counter_ns()\n"
    test = "from calc import now\n\ndef test_now():\n    assert now(3) == 3\n"
    found = compared(root, body, test, ("n + 1", "n"))
    assert "now(4)" in by_call(found) and "now(0)" not in by_call(found)
    assert "Calls that give another outcome each time were left out." in found.left_out


def test_random_numbers_are_the_same_for_every_text(root: Path) -> None:
    body = "import random\n\ndef draw(n):\n    return random.random() + (n + 1)\n"
    test = "from calc import draw\n\ndef test_draw():\n    assert draw(3) == 0\n"
    found = compared(root, body, test, ("n + 1", "1 + n"))
    assert found.inputs and all(one.did[0] == one.did[1] for one in found.inputs)


def test_what_cannot_be_copied_is_called_no_more(root: Path) -> None:
    body = "def first(lines):\n    return next(lines) + 1\n"
    test = "from calc import first\n\ndef test_first():\n    assert first(iter([1])) == 1\n"
    found = compared(root, body, test, ("next(lines) + 1", "next(lines)"))
    assert found.inputs == ()
    (why,) = found.left_out
    assert why == "Some calls of first were left out: an object of class list_iterator cannot be copied."


def test_an_object_that_stands_for_nothing_stays_the_one_it_is(root: Path) -> None:
    body = "MISSING = object()\n\ndef get(n, default=MISSING):\n    return n + 1 if default is MISSING else default\n"
    test = "from calc import get\n\ndef test_get():\n    assert get(3) == 3\n    assert get(3, 4) == 4\n"
    found = compared(root, body, test, ("n + 1", "n"))
    assert said(found, "get(3)") == ["4", "3"]


def test_values_that_only_their_own_code_knows_are_left_out(root: Path) -> None:
    body = "import re\n\ndef find(text):\n    return re.search('a+', text) if text != 'b' else 1\n"
    test = "from calc import find\n\ndef test_find():\n    assert find('ab') == 1\n"
    found = compared(root, body, test, ("'a+'", "'b+'"))
    assert found.inputs and {did.shown for one in found.inputs for did in one.did} <= {"None", "1"}
    assert "Calls that give what cannot be looked into were left out." in found.left_out


def test_classes_derived_from_builtin_ones_show_what_they_hold(root: Path) -> None:
    body = """
        class Bag(dict):
            pass

        class Name(str):
            pass

        def bag(n):
            found = Bag(a=n + 1)
            found.name = Name("x")
            return found
    """
    test = "from calc import bag\n\ndef test_bag():\n    assert bag(1) == {'a': 1}\n"
    found = compared(root, body, test, ("n + 1", "n"))
    assert said(found, "bag(1)") == ["<Bag {'a': 2} name=<Name 'x'>>", "<Bag {'a': 1} name=<Name 'x'>>"]


def test_a_call_that_ends_the_process_ends_the_comparison(root: Path) -> None:
    body = "import os\n\ndef leave(n):\n    if n < 0:\n        os._exit(3)\n    return n + 1\n"
    test = "from calc import leave\n\ndef test_leave():\n    assert leave(3) == 3\n"
    found = compared(root, body, test, ("n + 1", "n"))
    assert found.compared == (True, True)
    assert "The comparison ended before all inputs were compared." in found.left_out


def test_asynchronous_and_inner_functions_are_not_called(root: Path) -> None:
    body = """
        def outer():
            def inner(n):
                return n + 1
            return inner(3)

        async def later(n):
            return n + 1
    """
    test = """
        import asyncio
        from calc import later, outer

        def test_outer():
            assert outer() == 3

        def test_later():
            assert asyncio.run(later(3)) == 3
    """
    found = compared(root, body, test, ("return n + 1\n    return", "return n\n    return"))
    assert [one.call for one in found.inputs] == ["outer()"]
    again = compared(root, body, test, ("async def later(n):\n    return n + 1", "async def later(n):\n    return n"))
    assert again.inputs == ()
    assert "later is asynchronous, so it was not called." in again.left_out


def test_a_text_that_changes_more_than_functions_is_not_compared(root: Path) -> None:
    body = "STEP = 1\n\ndef sub(a):\n    return a + STEP\n"
    test = "from calc import sub\n\ndef test_sub():\n    assert sub(3) == 2\n"
    found = compared(root, body, test, ("STEP = 1", "STEP = -1"), ("a + STEP", "a - STEP"))
    assert found.compared == (True, False, True)
    assert said(found, "sub(3)") == ["4", "", "2"]
    assert by_call(found)["sub(3)"].did[1].kind is Kind.UNKNOWN
    assert found.left_out == ("It changes more than the bodies of functions, so it was not compared.",)


# --- docstrings ---------------------------------------------------------------------------------


def test_examples_in_docstrings_are_tried(root: Path) -> None:
    body = '''
        def mean(xs):
            """The mean.

            >>> mean([2, 4])
            3.0
            >>> mean([])
            Traceback (most recent call last):
                ...
            ZeroDivisionError: division by zero
            >>> values = [1]
            >>> mean(values)
            1.0
            """
            return sum(xs) / (len(xs) + 1)
    '''
    found = compared(root, body, MEAN_TEST, RIGHT, GUARDED)
    assert [(one.call, one.want) for one in found.examples] == [
        ("mean([2, 4])", "3.0"),
        ("mean([])", "Traceback (most recent call last):\n    ...\nZeroDivisionError: division by zero"),
        ("mean(values)", "1.0"),
    ]
    assert [one.got for one in found.examples] == [("2.0", "", ""), ("0.0", "", "0.0"), ("0.5", "", "")]
    assert "mean([1, 3])" in by_call(found)


def test_an_example_without_end_gives_no_end(root: Path) -> None:
    body = 'def down(n):\n    """\n    >>> down(-1)\n    -1\n    """\n    while n != 0:\n        n -= 1\n    return n\n'
    test = "from calc import down\n\ndef test_down():\n    assert down(3) == 1\n"
    (example,) = compared(root, body, test, ("n != 0", "n > 0")).examples
    assert example.got == ("no end in sight", "")


# --- where nothing can be compared --------------------------------------------------------------


def test_without_collected_tests_nothing_is_compared(root: Path) -> None:
    test = "import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()\n"
    make(root, {"calc.py": MEAN})
    (root / "test_calc.py").write_text(
        test + "from calc import mean\n\ndef test_mean():\n    assert mean([1, 3]) == 2\n"
    )
    with judging(root) as judge:
        found = compared_by(judge, RIGHT)
    assert (found.inputs, found.compared) == ((), (False, False))
    assert found.left_out == ("The tests are not collected in one process, so it was not compared.",)


@pytest.mark.parametrize("python", PYTHONS, ids=[path.parts[-3] for path in PYTHONS])
def test_every_python_that_has_pytest_compares_alike(root: Path, python: Path) -> None:
    make(root, {"calc.py": OBJECTS + MEAN, "test_calc.py": OBJECTS_TEST + MEAN_TEST})
    found = []
    for one in ("", str(python)):
        with judging(root, python=one) as judge:
            if not judge._tests.installed():  # type: ignore[union-attr]
                pytest.skip("it has no pytest")
            found.append(compared_by(judge, RIGHT, ("items[0]", "items[-1]")))
    assert found[0] == found[1]
    assert len(found[0].inputs) > 12


def test_comparing_costs_work_by_the_text_and_nothing_once_the_run_has_stopped() -> None:
    counter = meter()
    assert counter.comparing(uncompared)([Variant({})] * 3, ["test"], []).compared == (False, False, False)
    assert counter.spent.work == COMPARE_UNITS + 3 * TEXT_UNITS
    with pytest.raises(Stopped):
        meter(cancelled=lambda: True).comparing(uncompared)([Variant({})], ["test"], [])


# --- what is too large ----------------------------------------------------------------------------


def test_integers_that_python_does_not_write_are_told_apart(root: Path) -> None:
    body = "def power(n):\n    return 2 ** n\n"
    test = "from calc import power\n\ndef test_power():\n    assert power(20000) == -1\n"
    found = compared(root, body, test, ("2 ** n", "2 ** n + (n > 9)"), ("2 ** n", "1 << n"))
    changed = by_call(found)["power(20000)"]
    one, other, same = said(found, "power(20000)")
    assert one.startswith("<int of about 6021 digits, ")
    assert other.startswith("<int of about 6021 digits, ") and other != one == same
    assert not any(did.exact for did in changed.did)


def test_calls_with_what_is_nested_deeply_are_left_out_and_the_others_compared(root: Path) -> None:
    body = """
        class Link:
            def __init__(self, rest):
                self.rest = rest

        def length(link):
            count = 0
            while link:
                link, count = link.rest, count + 2
            return count
    """
    test = """
        from calc import Link, length

        def chain(links):
            link = None
            for _ in range(links):
                link = Link(link)
            return link

        def test_length():
            assert length(chain(390)) == 390

        def test_none():
            assert length(chain(2)) == 2
    """
    found = compared(root, body, test, ("count + 2", "count + 1"))
    assert found.compared == (True, True)
    assert "Some calls of length were left out: it is nested too deeply." in found.left_out
    assert ["4", "2"] in [[did.in_words for did in one.did] for one in found.inputs]
