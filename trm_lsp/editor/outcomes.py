"""How a job ended, and what is offered to the user then."""

from __future__ import annotations

from dataclasses import dataclass

from trm_lsp.core.events import Halted, Proposal
from trm_lsp.core.halting import HaltReason
from trm_lsp.core.verdict import TestResult, Verdict
from trm_lsp.editor.jobs import Job
from trm_lsp.editor.proposals import Offer, digests_of_tests
from trm_lsp.editor.state import State


@dataclass(frozen=True)
class Outcome:
    """How a job ended."""

    state: State
    summary: str
    proposal: Proposal | None = None
    verdict: Verdict | None = None
    good: bool = False
    """Whether there is nothing to warn of."""


def outcome_of(halted: Halted) -> Outcome:
    """What the end of a run means for the user."""
    proposal = halted.proposal
    if halted.decision is HaltReason.CANCELLED:
        state = State.CANCELLED
    elif proposal and proposal.hunks:
        state = State.READY if halted.solved else State.BEST_SO_FAR
    else:
        state = State.IDLE if halted.solved or halted.decision is HaltReason.NOTHING else State.FAILED
    good = state in (State.READY, State.IDLE)
    return Outcome(state, halted.summary, proposal, halted.verdict, good)


def cancelled(job: Job) -> Outcome:
    """A cancelled run that could not say how it ended: what is known of it is kept."""
    if job.seen.halted is not None:
        return outcome_of(job.seen.halted)
    best = job.seen.best_so_far()
    if best is None:
        return Outcome(State.CANCELLED, f"Refining {job.target.words} was cancelled.")
    proposal, verdict = best
    counts = verdict.counts
    return Outcome(
        State.CANCELLED,
        f"Refining {job.target.words} was cancelled; the best so far leaves {counts.failing} of {counts.targets}"
        " failing.",
        proposal,
        verdict,
    )


def offer_of(job: Job, outcome: Outcome) -> Offer:
    """The proposal of an ended job, as the user is offered it."""
    assert outcome.proposal is not None and job.seen.last is not None
    baseline = job.seen.baseline
    targets = set(baseline.failing) if baseline else set()
    failed: tuple[TestResult, ...] = tuple(r for r in baseline.results if r.id in targets) if baseline else ()
    return Offer(
        job=job.id,
        root=job.root,
        target=job.target,
        proposal=outcome.proposal,
        verdict=outcome.verdict,
        failed=failed,
        solved=outcome.state is State.READY,
        last=job.seen.last,
        tests_digests=digests_of_tests(outcome.verdict or baseline, job.texts),
    )
