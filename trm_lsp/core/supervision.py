"""Deep supervision: judge every step, learn from it, keep the best, halt or detach."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from trm_lsp.core.budget import Meter, Stopped
from trm_lsp.core.events import Shape
from trm_lsp.core.halting import HaltDecision, HaltReason, halt
from trm_lsp.core.ports import Net, X
from trm_lsp.core.progress import Progress
from trm_lsp.core.recursion import Update, recursion
from trm_lsp.core.state import Candidate, Reasoning, detach
from trm_lsp.core.verdict import Tier, Verdict

Learn = Callable[[X, Candidate, Reasoning, Verdict], Reasoning]
"""What a new verdict teaches: the next step's z, in which an answer that was refused is no survivor."""
UNJUDGED = (HaltReason.BUDGET, HaltReason.STUCK, HaltReason.MAX_STEPS)
"""Ends at which an answer that lacks only its verdict is worth one more run."""


@dataclass(frozen=True)
class Thought:
    """One call of the net inside `step`."""

    step: int
    update: Update
    y_before: Candidate
    z_before: Reasoning


@dataclass(frozen=True)
class Judged:
    """The verdict at the end of a step, made outside the net."""

    step: int
    y: Candidate
    verdict: Verdict
    progress: Progress


@dataclass(frozen=True)
class Carried:
    """y and z as the next step receives them."""

    step: int
    y: Candidate
    z: Reasoning


@dataclass(frozen=True)
class Ended:
    """The halt decision, with the best y, the last z and the step it came in."""

    step: int
    decision: HaltDecision
    best: Candidate
    z: Reasoning


Fact = Thought | Judged | Carried | Ended


def judge(x: X, y: Candidate) -> Verdict:
    """The step's verdict: the target tests first, and cold before anyone may read "passes".

    An unchanged y has the baseline's verdict, and a judged one keeps its own: neither is run again.
    """
    if not y.touched:
        return x.baseline
    if y.verdict is not None:
        return y.verdict
    for tier in (Tier.CONFIRM, Tier.COLD):
        (verdict,) = x.judge([y.variant], tier)
        if not verdict.passed:
            break
    return verdict


def deep_supervision(
    net: Net, x: X, y: Candidate, z: Reasoning, *, shape: Shape, meter: Meter, learn: Learn, patience: int = 3
) -> Iterator[Fact]:
    """Run supervision steps until the tests pass or the run must end; always ends with `Ended`."""
    progress = Progress(best=y.model_copy(update={"verdict": x.baseline}), patience=patience)
    step = 0
    try:
        for step in range(1, shape.N_sup + 1):
            for update in recursion(net, x, y, z, T=shape.T, n=shape.n):
                thought = Thought(step, update, y, z)
                y, z = update.y, update.z
                meter.count(net_calls=1, y_updates=int(update.i == 0))
                yield thought
                meter.check()
            known, verdict = y.verdict is not None, judge(x, y)
            y = y.model_copy(update={"verdict": verdict})
            z = z if known else learn(x, y, z, verdict)
            progress = progress.after(y, z, verdict)
            yield Judged(step, y, verdict, progress)
            decision = halt(y, z, progress, step=step, n_sup=shape.N_sup, tested=bool(x.baseline.targets))
            if decision.halt:
                break
            if progress.stuck:
                progress, y, z = progress.restarted(), progress.best, start_afresh(net, x, z)
            y, z = detach(y, z)
            yield Carried(step, y, z)
    except Stopped as stop:
        decision = HaltDecision(halt=True, confidence=1.0, reason=HaltReason(stop.reason))
    if decision.reason in UNJUDGED:
        try:
            for answer, taught, verdict in last_verdicts(net, x, y, z, meter=meter, learn=learn):
                progress, z = progress.after(answer, taught, verdict), taught
                if verdict.passed:
                    decision = HaltDecision(halt=True, confidence=1.0, reason=HaltReason.PASSED)
        except Stopped as stop:
            decision = HaltDecision(halt=True, confidence=1.0, reason=HaltReason(stop.reason))
    yield Ended(step, decision, progress.best, z)


def last_verdicts(
    net: Net, x: X, y: Candidate, z: Reasoning, *, meter: Meter, learn: Learn
) -> Iterator[tuple[Candidate, Reasoning, Verdict]]:
    """Each survivor as y with its verdict, and what that teaches, in the net's order until one passes.

    The budget no longer counts; a cancel still raises `Stopped`.
    """
    meter.forgive()
    for _ in z.survivors:
        if not z.survivors:
            return
        y = net(y, z)
        verdict = judge(x, y)
        y = y.model_copy(update={"verdict": verdict})
        z = learn(x, y, z, verdict)
        yield y, z, verdict
        if verdict.passed:
            return


def start_afresh(net: Net, x: X, z: Reasoning) -> Reasoning:
    """A new z that still knows what was ruled out, and what passed and waits for its verdict."""
    _, fresh = net.start(x, z.seed + 1)
    kept = ("ruled_out", "errors", "bound", "families", "apart", "judged", "beyond", "thoughts", "tried", "survivors")
    return fresh.model_copy(update={name: getattr(z, name) for name in kept}).think(
        "Nothing moved for a while: I start again from the best answer, without what is ruled out."
    )
