"""A few failing tests that stand for many, and the passing ones nearest to them."""

from __future__ import annotations

from trm_lsp.core.verdict import Outcome, TestResult
from trm_lsp.core.witnesses import about, nearest, quick, witnesses


def failed(
    id: str, signature: str = "AssertionError", seconds: float = 0.1, outcome: Outcome = Outcome.FAILED
) -> TestResult:
    return TestResult(id=id, outcome=outcome, signature=signature, seconds=seconds)


def test_few_are_all_there_are_in_their_order() -> None:
    assert witnesses([failed("t.py::b"), failed("t.py::a")], 2) == ("t.py::b", "t.py::a")
    assert witnesses([], 2) == ()


def test_of_many_each_function_and_each_failure_has_one_before_any_has_two() -> None:
    many = [failed(f"t.py::a[{number}]") for number in range(9)]
    chosen = witnesses([*many, failed("t.py::b"), failed("t.py::a[x]", "TypeError")], 4)
    assert chosen == ("t.py::a[0]", "t.py::a[1]", "t.py::b", "t.py::a[x]")


def test_the_quick_are_preferred_and_what_hangs_comes_last() -> None:
    slow, quick = failed("t.py::a", seconds=3.0), failed("t.py::b", seconds=0.1)
    hung = failed("t.py::c", "", 0.0, Outcome.TIMEOUT)
    assert witnesses([hung, slow, quick], 1) == ("t.py::b",)
    assert witnesses([hung, slow, quick], 2) == ("t.py::a", "t.py::b")


def test_what_costs_many_times_all_quicker_ones_together_is_left_out() -> None:
    slow, one, other = failed("t.py::a", seconds=1.2), failed("t.py::b", seconds=0.1), failed("t.py::c", seconds=0.1)
    assert [result.id for result in quick([slow, one, other])] == ["t.py::b", "t.py::c"]
    assert slow in quick([slow, one, other, failed("t.py::d", seconds=0.4)])
    blink = failed("t.py::d", seconds=0.0001)
    assert quick([blink, failed("t.py::e", seconds=0.004)])[-1].id == "t.py::e"  # too short to be dear


def test_seconds_are_told_apart_coarsely() -> None:
    assert about(0.0) == 0.0
    assert about(0.2) == about(0.3) == 0.25
    assert about(1.5) == 1.0 and about(3.0) == 4.0


def test_what_hangs_is_left_out_where_anything_ends() -> None:
    hung, other = (failed(id, "", 0.0, Outcome.TIMEOUT) for id in ("t.py::a", "t.py::b"))
    assert quick([hung, failed("t.py::c", seconds=9.0)]) == [failed("t.py::c", seconds=9.0)]
    assert quick([hung, other]) == [hung]
    assert quick([]) == []


def test_the_nearest_are_in_the_same_function_then_class_then_file_and_then_by_place() -> None:
    ids = ["u.py::a", "t.py::a", "t.py::b", "t.py::X::a", "t.py::X::b[1]", "t.py::X::b[2]", "t.py::X::c", "t.py::c"]
    results = [failed(id, outcome=Outcome.PASSED) for id in ids]
    results[4] = failed(ids[4])
    found = [result.id for result in nearest(results, {ids[4]})]
    assert found == [ids[5], ids[3], ids[6], ids[2], ids[1], ids[7], ids[0]]


def test_near_is_near_to_any_of_the_failing() -> None:
    ids = [f"t.py::{letter}" for letter in "abcdefg"]
    results = [failed(id, outcome=Outcome.PASSED) for id in ids]
    for at in (1, 6):
        results[at] = failed(ids[at])
    found = [result.id[-1] for result in nearest(results, {ids[1], ids[6]})]
    assert found == ["a", "c", "f", "d", "e"]
