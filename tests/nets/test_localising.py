"""Where the fault may be, and what the failing tests talk about."""

from __future__ import annotations

import math

import pytest
from fakes import FakeJudge, FakeTracer, task_of, verdict
from hypothesis import given
from hypothesis import strategies as st

from trm_lsp.core.ports import Trace, X
from trm_lsp.core.verdict import Outcome, TestResult
from trm_lsp.nets.repair.families import Hints
from trm_lsp.nets.repair.localise import (
    behind_loops,
    contrasted,
    hints,
    passing_places,
    reached_by,
    spectrum,
    suspicion,
    suspicious_lines,
)
from trm_lsp.nets.repair.source import Source

# --- spectrum -----------------------------------------------------------------------------------


def traced(**lines: tuple[int, ...]) -> Trace:
    """Which lines of m.py each test reached; a test whose name begins with `ok` passed."""
    return Trace(
        lines={test: {"m.py": numbers} for test, numbers in lines.items()},
        passed=frozenset(test for test in lines if test.startswith("ok")),
    )


def check(trace: Trace, failing: list[str], **expected: float) -> None:
    found = {f"line_{line}": value for (_, line), value in spectrum(trace, failing).items()}
    assert found == pytest.approx(expected)


def test_a_line_that_only_the_failing_test_reaches_is_wholly_suspect() -> None:
    check(traced(bad=(1, 2), ok=(1,)), ["bad"], line_1=1 / math.sqrt(2), line_2=1.0)


def test_the_more_passing_tests_reach_a_line_the_less_it_is_suspect() -> None:
    check(
        traced(bad=(1, 2, 3), ok_1=(1, 2), ok_2=(1,), ok_3=(1,)),
        ["bad"],
        line_1=1 / math.sqrt(4),
        line_2=1 / math.sqrt(2),
        line_3=1.0,
    )


def test_a_line_that_all_failing_tests_reach_has_ochiais_suspicion() -> None:
    check(traced(bad_1=(1,), bad_2=(1,), ok=(1,)), ["bad_1", "bad_2"], line_1=2 / math.sqrt(2 * 3))


def test_a_line_that_some_failing_tests_miss_is_less_suspect() -> None:
    found = spectrum(traced(bad_1=(1, 2), bad_2=(1,)), ["bad_1", "bad_2"])
    assert found["m.py", 1] == 1.0 > found["m.py", 2] > 0


def test_lines_that_no_failing_test_reaches_are_not_suspect() -> None:
    check(traced(bad=(1,), ok=(2,)), ["bad"], line_1=1.0)


def test_what_neither_failed_nor_passed_says_nothing() -> None:
    trace = Trace(lines={"bad": {"m.py": (1,)}, "skipped": {"m.py": (1,)}}, passed=frozenset())
    check(trace, ["bad"], line_1=1.0)


def test_a_failing_test_that_was_not_traced_says_nothing() -> None:
    check(traced(bad=(1,)), ["bad", "never ran"], line_1=1.0)
    check(traced(ok=(1,)), ["never ran"])


reached = st.dictionaries(st.sampled_from(["bad_1", "bad_2", "ok_1", "ok_2"]), st.lists(st.integers(1, 5)).map(tuple))


@given(reached)
def test_suspicion_is_between_0_and_1_and_covers_what_fails(lines: dict[str, tuple[int, ...]]) -> None:
    unique = {test: tuple(sorted(set(numbers))) for test, numbers in lines.items()}
    found = spectrum(traced(**unique), ["bad_1", "bad_2"])
    assert all(0 < value <= 1 + 1e-9 for value in found.values())
    assert {line for _, line in found} == {line for test in unique if test.startswith("bad") for line in unique[test]}


# --- lines and places ---------------------------------------------------------------------------

SOURCE = """\
LIMIT = 3


def one(a, b=LIMIT):
    return a + b


def other(a):
    return a
"""


def x_of(failing: list[TestResult], tracer: FakeTracer, tests: dict[str, str] | None = None) -> X:
    base = {"m.py": SOURCE}
    baseline = verdict(beside=tuple(failing))
    return task_of(base, FakeJudge(base, lambda texts, tier: baseline), baseline, tests=tests, tracer=tracer)


def failure(
    id: str = "test_m.py::test_it", signature: str = "", frames: tuple[tuple[str, int], ...] = ()
) -> TestResult:
    return TestResult(id=id, outcome=Outcome.FAILED, signature=signature, frames=frames)


def test_lines_outside_what_may_be_changed_are_not_suspect() -> None:
    result = failure(frames=(("test_m.py", 3), ("m.py", 9)))
    lines = {result.id: {"test_m.py": (1, 2, 3), "m.py": (5,)}}
    found = suspicious_lines(x_of([result], FakeTracer({})), Trace(lines=lines), [result])
    assert {path for path, _ in found} == {"m.py"}


def test_the_places_of_the_traceback_are_more_suspect_the_innermost_most() -> None:
    result = failure(frames=(("m.py", 5), ("m.py", 9)))
    lines = {result.id: {"m.py": (4, 5, 9)}}
    plain = suspicious_lines(x_of([], FakeTracer({})), Trace(lines=lines), [failure()])
    found = suspicious_lines(x_of([result], FakeTracer({})), Trace(lines=lines), [result])
    assert plain["m.py", 4] == plain["m.py", 5] == found["m.py", 4]
    assert found["m.py", 9] >= found["m.py", 5] >= found["m.py", 4]
    assert max(found.values()) <= 1


def test_a_traceback_makes_lines_suspect_that_the_trace_missed() -> None:
    result = failure(frames=(("m.py", 5), ("m.py", 9)))
    found = suspicious_lines(x_of([result], FakeTracer({})), Trace(lines={result.id: {}}), [result])
    assert found["m.py", 9] > found["m.py", 5] > 0


@pytest.mark.parametrize(
    "signature",
    [
        "TypeError: Point.origin() missing 1 required positional argument: 'cls'",
        "TypeError: origin() takes 1 positional argument but 2 were given",
        "TypeError: origin() got an unexpected keyword argument 'at'",
    ],
)
def test_the_head_of_a_function_that_does_not_take_what_it_was_given_is_suspect(signature: str) -> None:
    result, text = failure(signature=signature), "class Point:\n    def origin(cls):\n        return cls()\n"
    x = task_of({"m.py": text}, FakeJudge({"m.py": text}, lambda *_: verdict("failed")), verdict("failed"))
    assert suspicious_lines(x, Trace(lines={result.id: {}}), [result])["m.py", 2] > 0
    assert suspicious_lines(x, Trace(lines={result.id: {}}), [failure(signature="TypeError: origin is missing")]) == {}


UNCALLED = """\
class Box:
    def size(self):
        return 1

    def lid(self):
        return 2

    def fits(self, other):
        least = self.size
        return least < other.width()
"""


@pytest.mark.parametrize(
    ("signature", "frames"),
    [
        ("AssertionError: <bound method Box.size of <m.Box object>> != 1", ()),
        ("assert <bound method Outer.<locals>.Box.size of <m.Box object>> == 1", ()),
        ("AssertionError: Info(size=<boun[91 chars]=0) != (1, 0)", ()),
        ("TypeError: '<' not supported between instances of 'method' and 'int'", (("test_m.py", 3), ("m.py", 10))),
        ("TypeError: 'method' object is not subscriptable", (("m.py", 10), ("/lib/other.py", 7))),
    ],
)
def test_the_head_of_a_method_that_was_taken_for_its_value_is_suspect(
    signature: str, frames: tuple[tuple[str, int], ...]
) -> None:
    result = failure(signature=signature, frames=frames)
    x = task_of({"m.py": UNCALLED}, FakeJudge({"m.py": UNCALLED}, lambda *_: verdict("failed")), verdict("failed"))
    found = suspicious_lines(x, Trace(lines={result.id: {}}), [result])
    assert found["m.py", 2] > 0
    assert {line for _, line in found} <= {2, 10}


def test_a_place_that_passing_tests_reach_on_another_y_is_less_suspect() -> None:
    found = contrasted({"one": 0.8, "other": 0.8}, {"one": 3}, failing=1)
    assert (found["one"], found["other"]) == (0.4, 0.8)


def test_passing_tests_are_counted_by_place() -> None:
    trace = traced(bad=(5,), ok1=(5, 9), ok2=(9,))
    counts = passing_places([Source("m.py", SOURCE)], trace)
    assert (counts["m.py::one: return a + b"], counts["m.py::other: return a"]) == (1, 2)


def places(lines: dict[int, float]) -> dict[str, float]:
    return suspicion([Source("m.py", SOURCE)], {("m.py", line): value for line, value in lines.items()})


def test_a_place_is_as_suspect_as_its_line() -> None:
    found = places({5: 0.9, 9: 0.2})
    assert (found["m.py::one: return a + b"], found["m.py::other: return a"]) == (0.9, 0.2)


def test_defaults_and_constants_inherit_a_part_of_what_they_serve() -> None:
    found = places({5: 0.8})
    head, constant = found["m.py::<module>: def one(a, b=LIMIT):"], found["m.py::<module>: LIMIT = 3"]
    assert 0.8 > head > constant > 0
    assert "m.py::<module>: def other(a):" not in found


def test_the_most_suspect_places_come_first() -> None:
    values = list(places({5: 0.2, 9: 0.9}).values())
    assert values == sorted(values, reverse=True)


def test_nothing_reached_is_nowhere_to_look() -> None:
    assert places({}) == {}


def test_the_tests_that_reach_some_lines_are_those_with_one_of_them() -> None:
    trace = traced(a=(1, 5), b=(4,), c=(9,))
    assert reached_by(trace, ["c", "b", "a", "unknown"], "m.py", 4, 5) == ("b", "a")
    assert reached_by(trace, ["a"], "n.py", 1, 99) == ()


# --- hints --------------------------------------------------------------------------------------

TESTS = """\
import pytest

OUTSIDE = "outside"


def test_it(tmp_path):
    assert f("a b", 12, True) == 0.5
    assert f("") is None
    with pytest.raises(KeyError, match="gone"):
        f(3)


class TestAll:
    def test_inside(self):
        self.assertRaises(ValueError, f, "in a class")


def test_other():
    assert f("other") == 99
"""


def told(result: TestResult) -> Hints:
    return hints(x_of([result], FakeTracer({}), {"test_m.py": TESTS, "test_bad.py": "def ("}), [result])


def test_the_literals_and_exceptions_of_the_failing_test_are_hints() -> None:
    found = told(failure("test_m.py::test_it"))
    assert (set(found.strings), set(found.numbers)) == ({"a b", "gone"}, {12, 0.5, 3})
    assert (found.exceptions, found.undefined) == (("KeyError",), ())


def test_a_test_in_a_class_and_one_with_parameters_are_found() -> None:
    assert told(failure("test_m.py::TestAll::test_inside")) == Hints(
        strings=("in a class",), exceptions=("ValueError",)
    )
    assert told(failure("test_m.py::test_other[a::b-1]")) == Hints(strings=("other",), numbers=(99,))


@pytest.mark.parametrize("test", ["missing.py::test_it", "test_bad.py::test_it"])
def test_a_test_that_cannot_be_read_gives_no_hints(test: str) -> None:
    assert told(failure(test)) == Hints()


@pytest.mark.parametrize(
    ("signature", "name"),
    [
        ("NameError: name 'totl' is not defined", "totl"),
        ("AttributeError: 'C' object has no attribute 'nmae'", "nmae"),
        ("TypeError: f() got an unexpected keyword argument 'siez'", "siez"),
        ("ImportError: cannot import name 'hepler' from 'm'", "hepler"),
        ("UnboundLocalError: cannot access local variable 'reslut' where it is not", "reslut"),
    ],
)
def test_a_name_that_a_failure_does_not_know_is_a_hint(signature: str, name: str) -> None:
    assert told(failure("missing.py::test_it", signature)).undefined == (name,)


def test_a_parameter_that_was_given_nothing_is_a_hint() -> None:
    one = "TypeError: f() missing 1 required positional argument: 'kwds'"
    two = "TypeError: C.f() missing 2 required keyword-only arguments: 'size' and 'name'"
    assert told(failure("missing.py::test_it", one)).missing == ("kwds",)
    assert told(failure("missing.py::test_it", two)).missing == ("size", "name")


def test_the_same_hint_counts_once() -> None:
    results = [failure("test_m.py::test_other"), failure("test_m.py::test_other[2]")]
    x = x_of(results, FakeTracer({}), {"test_m.py": TESTS})
    assert hints(x, results) == Hints(strings=("other",), numbers=(99,))


def test_what_stands_behind_a_loop_and_was_not_reached_is_as_suspect_as_the_loop() -> None:
    text = "def f(n):\n    while n:\n        pass\n    n = 0\n    for m in n:\n        pass\n    return n\n"
    sources = [Source("m.py", text)]
    assert behind_loops(sources, {("m.py", 2): 0.5, ("m.py", 3): 1.0}) == {("m.py", 4): 0.5}
    assert behind_loops(sources, {("m.py", 2): 0.5, ("m.py", 4): 0.2, ("m.py", 5): 0.3}) == {("m.py", 7): 0.3}
