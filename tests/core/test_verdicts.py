"""What "passed" means, and how verdicts compare."""

from __future__ import annotations

import pytest
from fakes import verdict
from hypothesis import given
from hypothesis import strategies as st

from trm_lsp.core.verdict import Counts, Outcome, TestResult, Tier, Verdict, regressions


def check(said: Verdict, *, passed: bool, failing: tuple[str, ...] = (), score: tuple[int, int] | None = None) -> None:
    assert (said.passed, said.failing) == (passed, failing)
    assert said.counts.failing == len(failing)
    if score is not None:
        assert said.score == score


ONE = "test_m.py::test_0"


@pytest.mark.parametrize("outcome", Outcome)
def test_only_a_passed_target_counts_as_passed(outcome: Outcome) -> None:
    good = outcome is Outcome.PASSED
    check(verdict(outcome), passed=good, failing=() if good else (ONE,))


def test_a_target_that_is_not_in_the_report_has_not_passed() -> None:
    """Deselected, renamed or vanished: no result at all."""
    other = TestResult(id="test_m.py::test_9", outcome=Outcome.PASSED)
    said = Verdict(tier=Tier.COLD, targets=(ONE,), results=(other,))
    check(said, passed=False, failing=(ONE,))
    assert said.signature == f"{ONE}: missing"


def test_one_failing_target_among_many_fails() -> None:
    check(verdict("passed", "failed", "passed"), passed=False, failing=("test_m.py::test_1",), score=(2, 0))


def test_a_regression_fails_whatever_the_targets_say() -> None:
    check(verdict("passed", "passed", regressions=("test_other",)), passed=False, score=(1, -1))


def test_a_broken_run_fails_even_with_results() -> None:
    check(verdict("passed", broken="pytest is not installed."), passed=False)


def test_without_targets_nothing_has_passed() -> None:
    check(verdict(), passed=False, score=(0, 0))


def test_failures_outside_the_targets_that_failed_before_do_not_matter() -> None:
    old = TestResult(id="test_old", outcome=Outcome.FAILED)
    check(verdict("passed", beside=(old,)), passed=True)


def test_the_failing_tests_keep_the_order_of_the_targets() -> None:
    said = Verdict(
        tier=Tier.COLD,
        targets=("b", "a", "c"),
        results=(TestResult(id="c", outcome=Outcome.FAILED), TestResult(id="a", outcome=Outcome.PASSED)),
    )
    check(said, passed=False, failing=("b", "c"))


def test_the_signature_is_the_failures_of_the_targets_in_one_line() -> None:
    said = verdict("failed", "passed", "timeout", signatures=("ValueError: no", "", ""))
    assert said.signature == "test_m.py::test_0: ValueError: no | test_m.py::test_2: timeout"
    assert verdict("passed").signature == ""
    assert verdict("failed", broken="It does not start.").signature == "It does not start."


def test_the_counts_say_what_the_tests_mean_for_the_task() -> None:
    beside = (TestResult(id="a", outcome=Outcome.PASSED), TestResult(id="b", outcome=Outcome.SKIPPED))
    said = verdict("passed", "failed", regressions=("b",), beside=beside)
    assert said.counts == Counts(targets=2, failing=1, regressions=1, passed=2, total=4)


outcomes = st.lists(st.sampled_from(list(Outcome)), min_size=3, max_size=3)
losses = st.integers(0, 4).map(lambda count: tuple(f"lost_{number}" for number in range(count)))


@given(outcomes, losses, outcomes, losses)
def test_what_passes_scores_higher_than_what_does_not(
    one: list[Outcome], lost: tuple[str, ...], other: list[Outcome], also_lost: tuple[str, ...]
) -> None:
    first, second = verdict(*one, regressions=lost), verdict(*other, regressions=also_lost)
    if first.passed and not second.passed:
        assert first.score > second.score


@given(outcomes, st.integers(0, 2))
def test_mending_a_target_scores_higher(before: list[Outcome], index: int) -> None:
    after = [*before[:index], Outcome.PASSED, *before[index + 1 :]]
    better = after != before
    assert (verdict(*after).score > verdict(*before).score) is better


@given(outcomes)
def test_a_broken_run_scores_lower_than_any_run_without_regressions(said: list[Outcome]) -> None:
    assert verdict(*said, broken="It broke.").score < verdict(*said).score


def test_a_regression_is_a_test_that_was_expected_and_did_not_pass() -> None:
    results = [
        TestResult(id="a", outcome=Outcome.PASSED),
        TestResult(id="b", outcome=Outcome.FAILED),
        TestResult(id="c", outcome=Outcome.SKIPPED),
    ]
    assert regressions(results, ["a", "b", "c", "vanished"]) == ("b", "c", "vanished")
    assert regressions(results, ["a"]) == ()
