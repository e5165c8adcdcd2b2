"""When to stop: binary and simple. The tests are the oracle; nothing is learned here."""

from __future__ import annotations

from enum import StrEnum

from trm_lsp.core.progress import Progress
from trm_lsp.core.state import Candidate, Reasoning
from trm_lsp.core.verdict import Frozen


class HaltReason(StrEnum):
    PASSED = "passed"
    BUDGET = "budget"
    STUCK = "stuck"
    CONFIDENCE = "confidence"
    MAX_STEPS = "max steps"
    CANCELLED = "cancelled"
    NOTHING = "nothing to refine"
    BROKEN = "broken"

    @property
    def sentence(self) -> str:
        return _SENTENCES[self]


_SENTENCES = {
    HaltReason.PASSED: "the target tests pass and nothing that passed before fails",
    HaltReason.BUDGET: "the budget is spent",
    HaltReason.STUCK: "nothing is left to try that has not been tried",
    HaltReason.CONFIDENCE: "there are no tests to decide, and the net is confident",
    HaltReason.MAX_STEPS: "the last supervision step is done",
    HaltReason.CANCELLED: "it was cancelled",
    HaltReason.NOTHING: "the tests pass already",
    HaltReason.BROKEN: "the tests could not be run",
}


class HaltDecision(Frozen):
    halt: bool
    confidence: float
    """How sure the decision is to be right, 0 to 1."""
    reason: HaltReason | None = None


GO_ON = HaltDecision(halt=False, confidence=1.0)


def halt(
    y: Candidate,
    z: Reasoning,
    progress: Progress,
    *,
    step: int,
    n_sup: int,
    tested: bool = True,
    threshold: float = 0.9,
) -> HaltDecision:
    """Decide after a supervision step whether to stop.

    Without tests (`tested` false) only the net's confidence is left, and the
    answer ends *not confirmed*. Budget and cancel arrive as `Stopped` instead:
    they do not wait for the end of a step.
    """
    if tested and y.verdict is not None and y.verdict.passed:
        return HaltDecision(halt=True, confidence=1.0, reason=HaltReason.PASSED)
    if not tested and y.touched and y.confidence >= threshold:
        return HaltDecision(halt=True, confidence=y.confidence, reason=HaltReason.CONFIDENCE)
    if progress.stuck and progress.restarts_left == 0:
        confidence = 1.0 if z.exhausted else 0.5
        return HaltDecision(halt=True, confidence=confidence, reason=HaltReason.STUCK)
    if step >= n_sup:
        return HaltDecision(halt=True, confidence=0.5, reason=HaltReason.MAX_STEPS)
    return GO_ON
