"""The halt decision after a step: each reason, and which of them comes first."""

from __future__ import annotations

import pytest
from fakes import candidate, verdict

from trm_lsp.core.halting import GO_ON, HaltDecision, HaltReason, halt
from trm_lsp.core.progress import Progress
from trm_lsp.core.state import Candidate, Reasoning

PASSED, FAILED = verdict("passed"), verdict("failed")


def judged(passed: bool, confidence: float = 0.0) -> Candidate:
    return candidate("one", confidence).model_copy(update={"verdict": PASSED if passed else FAILED})


def check(
    y: Candidate,
    expected: HaltReason | None,
    confidence: float = 1.0,
    *,
    idle: int = 0,
    restarts_left: int = 0,
    exhausted: bool = False,
    step: int = 1,
    tested: bool = True,
) -> None:
    progress = Progress(best=y, patience=3, idle=idle, restarts_left=restarts_left)
    decision = halt(y, Reasoning(exhausted=exhausted), progress, step=step, n_sup=16, tested=tested)
    assert decision == HaltDecision(halt=expected is not None, confidence=confidence, reason=expected)


def test_passing_tests_end_the_run_for_sure() -> None:
    check(judged(True), HaltReason.PASSED, 1.0)


def test_passing_comes_before_every_other_reason() -> None:
    check(judged(True, 0.99), HaltReason.PASSED, 1.0, idle=3, step=16)


def test_failing_tests_with_something_left_go_on() -> None:
    check(judged(False), None)


def test_without_tests_a_confident_answer_ends_with_its_own_confidence() -> None:
    check(candidate("one", 0.93), HaltReason.CONFIDENCE, 0.93, tested=False)


@pytest.mark.parametrize("y", [candidate("one", 0.5), candidate("base\n", 0.99)], ids=["unsure", "unchanged"])
def test_without_tests_an_unsure_or_unchanged_answer_goes_on(y: Candidate) -> None:
    check(y, None, tested=False)


def test_confidence_decides_nothing_where_tests_do() -> None:
    check(judged(False, 1.0), None)


def test_stuck_ends_only_when_no_fresh_start_is_left() -> None:
    check(judged(False), None, idle=3, restarts_left=1)
    check(judged(False), HaltReason.STUCK, 0.5, idle=3)


def test_with_nothing_left_to_try_stuck_is_certain() -> None:
    check(judged(False), HaltReason.STUCK, 1.0, idle=3, exhausted=True)


def test_the_last_step_ends_the_run() -> None:
    check(judged(False), HaltReason.MAX_STEPS, 0.5, step=16)


def test_going_on_is_no_halt_and_has_no_reason() -> None:
    assert (GO_ON.halt, GO_ON.reason) == (False, None)


@pytest.mark.parametrize("reason", HaltReason)
def test_every_reason_has_a_sentence_of_its_own(reason: HaltReason) -> None:
    assert reason.sentence and not reason.sentence.endswith(".")
    assert len({other.sentence for other in HaltReason}) == len(HaltReason)
