"""A few failing tests that stand for many."""

from __future__ import annotations

from trm_lsp.core.verdict import Outcome, TestResult
from trm_lsp.core.witnesses import witnesses


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
