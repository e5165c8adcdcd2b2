"""Partial fixes: edits that bring the tests nearer, and when one is built on."""

from __future__ import annotations

from collections.abc import Sequence

from trm_lsp.core.ports import X
from trm_lsp.core.state import PARTIAL_KEPT, Attempt, Candidate, Reasoning, Variant
from trm_lsp.core.verdict import Tier
from trm_lsp.nets.repair.hypotheses import rank
from trm_lsp.nets.repair.orienting import Inner

PARTIAL_CONFIRMED = 3
"""Partial fixes that are confirmed in one experiment, at most, before one is built on."""
LEAST_TRIED = 1024
"""Edits that are tried on a partial fix before another one is built on."""
DEEPEST = 3
"""Commits that may build on each other."""


def settle(x: X, y: Candidate, z: Reasoning) -> Reasoning:
    """Confirm the partial fix that would be built on next: a screen may not have run the tests that it breaks."""
    for _ in range(PARTIAL_CONFIRMED):
        step = next_step(y, z)
        if step is None or not step.verdict.provisional:
            break
        (verdict,) = x.judge([Variant(step.texts)], Tier.CONFIRM)
        others = [attempt for attempt in z.partial if attempt.key != step.key]
        if verdict.score >= step.verdict.score:
            others.append(step.model_copy(update={"verdict": verdict}))
        z = z.model_copy(update={"partial": most_promising(others, z)})
    return z


def next_step(y: Candidate, z: Reasoning) -> Attempt | None:
    """The partial fix to build on, when that promises more than any edit that is left on y; None as a rule."""
    step = next((attempt for attempt in z.partial if attempt.key not in z.visited), None)
    if step is None or z.survivors:
        return None
    left = left_on(y, z)
    tried_enough = not y.commits or z.visited.get(y.digest, 0) >= LEAST_TRIED or left == 0.0
    return step if tried_enough and promise(step) >= left else None


def promise(attempt: Attempt) -> float:
    """How much building on a partial fix promises, beside the rank of an edit that may be all."""
    return attempt.rank * attempt.gain


def left_on(y: Candidate, z: Reasoning) -> float:
    """The rank of the likeliest edit left to try on y; 0 when none is."""
    inner = z.memory
    if not isinstance(inner, Inner) or inner.y != y.digest:
        return 0.0 if z.exhausted else 1.0
    return max((rank(h, z) for h in inner.queue.likeliest(z, 1, max(2, z.bound)) if not h.cut), default=0.0)


def most_promising(attempts: Sequence[Attempt], z: Reasoning) -> tuple[Attempt, ...]:
    """Partial fixes worth building on, best first; those that were built on already come last."""
    unique = {attempt.key: attempt for attempt in attempts if len(attempt.before) < DEEPEST - 1}
    order = sorted(unique.values(), key=lambda a: (a.key in z.visited, -promise(a)))
    return tuple(order[:PARTIAL_KEPT])
