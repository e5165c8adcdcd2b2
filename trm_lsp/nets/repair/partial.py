"""Partial fixes: edits that bring the tests nearer, and when one is built on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from trm_lsp.core.ports import X
from trm_lsp.core.state import PARTIAL_KEPT, VISITED_KEPT, Attempt, Candidate, Reasoning, Variant
from trm_lsp.core.verdict import Tier
from trm_lsp.nets.repair.hypotheses import rank
from trm_lsp.nets.repair.orienting import Inner
from trm_lsp.patch.edits import apply_all

PARTIAL_CONFIRMED = 3
"""Partial fixes that are confirmed in one experiment, at most, before one is built on."""
LEAST_TRIED = 256
"""Edits that are tried on a partial fix before another one is built on."""
RETURN = 1.5
"""How many times as much a y must promise that was left before, for it costs time to come back."""
ALIKE = 0.4
"""How many times as much a partial fix promises when one at its place, with the same failures left, was built on."""
DEEPEST = 3
"""Commits that may build on each other."""


def settle(x: X, y: Candidate, z: Reasoning) -> Reasoning:
    """Confirm the partial fix that would be built on next: a screen may not have run the tests that it breaks."""
    for _ in range(PARTIAL_CONFIRMED):
        step = next_step(y, z)
        if step is None:
            break
        if not step.verdict.provisional:
            promised = {step.key: _promised(step, z), **z.promised}
            return z.model_copy(update={"promised": dict(list(promised.items())[:VISITED_KEPT])})
        (verdict,) = x.judge([Variant(step.texts)], Tier.CONFIRM)
        others = [attempt for attempt in z.partial if attempt.key != step.key]
        confirmed = step.model_copy(update={"verdict": verdict})
        if verdict.passed:  # more than its screen had said
            return z.model_copy(update={"partial": most_promising(others, z), "survivors": (confirmed, *z.survivors)})
        if verdict.score >= step.verdict.score and not verdict.regressions:
            others.append(confirmed)
        z = z.model_copy(update={"partial": most_promising(others, z)})
    return z


def next_step(y: Candidate, z: Reasoning) -> Attempt | None:
    """The partial fix to build on, when that promises more than any edit that is left on y; None as a rule."""
    if z.survivors or not z.partial:
        return None
    here = _here(y, z)
    if here and not tried_enough(y, z):
        return None
    others = {attempt.key: attempt for attempt in z.partial}
    others.pop(y.digest, None)
    likely = {key: _promise(key, attempt, z) for key, attempt in others.items()}
    key = max(likely, key=lambda key: likely[key], default="")
    if not key or likely[key] == 0 or likely[key] < here * (RETURN if key in z.left else 1.0):
        return None
    return others[key]


def goes_back(y: Candidate, z: Reasoning) -> bool:
    """Whether what y was built on promises more than what is left on y."""
    if not y.commits or z.survivors:
        return False
    here = _here(y, z)
    if here and not tried_enough(y, z):
        return False
    return any(z.left.get(other.digest, 0.0) >= here * RETURN for other in _below(y))


def is_left(y: Candidate, z: Reasoning) -> bool:
    """Whether y, which was built on, is left for another one, or for what it was built on."""
    return bool(y.commits) and (next_step(y, z) is not None or goes_back(y, z))


def below(y: Candidate) -> Candidate:
    """Y without its last commit."""
    texts = dict(y.base)
    for commit in y.commits[:-1]:
        texts = apply_all(texts, commit.edits)
    return Candidate(base=y.base, texts=texts, commits=y.commits[:-1])


def _below(y: Candidate) -> Iterator[Candidate]:
    while y.commits:
        y = below(y)
        yield y


def tried_enough(y: Candidate, z: Reasoning) -> bool:
    """Whether so much was tried on y that it may be left, or looked at more closely, which takes time."""
    return not y.commits or z.visited.get(y.digest, 0) >= LEAST_TRIED


def promise(attempt: Attempt, z: Reasoning) -> float:
    """How much going on with a partial fix promises, beside the rank of an edit that may be all."""
    return _promise(attempt.key, attempt, z)


def _promise(key: str, attempt: Attempt, z: Reasoning) -> float:
    if key in z.left:
        return z.left[key]
    signature, place = attempt.verdict.signature, attempt.commit.place
    alike = any(
        other.commit.place == place and other.verdict.signature == signature and other.key in z.left
        for other in z.partial
    )
    return _promised(attempt, z) * (ALIKE if alike else 1.0)


def _promised(attempt: Attempt, z: Reasoning) -> float:
    """How much building on a partial fix promises at first."""
    first = credit(attempt.commit.prior, attempt.rank, attempt.gain, attempt.fixed)
    return z.promised.get(attempt.parent, 1.0) * first


def credit(prior: float, rank: float, gain: float, fixed: float) -> float:
    """How much an edit is worth building on, by itself.

    Few edits make a failing test pass and break none. Once one does, that has
    explained where the failing tests go: how suspect its place was says no more.
    """
    return max(rank * gain, prior * (1.0 + fixed) if fixed > 0 else 0.0)


def with_what_is_left(y: Candidate, z: Reasoning) -> Reasoning:
    """Z with what is left on y, to compare with when another y is thought about."""
    if not y.commits and not z.partial:
        return z
    left = {key: value for key, value in z.left.items() if key != y.digest}
    left = dict(list(left.items())[-VISITED_KEPT:])
    return z.model_copy(update={"left": {**left, y.digest: _here(y, z)}})


def _here(y: Candidate, z: Reasoning) -> float:
    """How much what is left on y promises."""
    return (z.promised.get(y.digest, 1.0) if y.commits else 1.0) * left_on(y, z)


def left_on(y: Candidate, z: Reasoning) -> float:
    """The rank of the likeliest edit left to try on y; 0 when none is.

    What takes a process of its own is tried a little at a time, so much of it is left for long however likely it is.
    """
    inner = z.memory
    if not isinstance(inner, Inner) or inner.y != y.digest:
        return 0.0 if z.exhausted else 1.0
    likeliest = inner.queue.likeliest(z, 1, max(2, z.bound), share=0.0)
    return max((rank(h, z) for h in likeliest if not h.cut), default=0.0)


def most_promising(attempts: Sequence[Attempt], z: Reasoning) -> tuple[Attempt, ...]:
    """Partial fixes worth building on, best first."""
    unique = {attempt.key: attempt for attempt in attempts if len(attempt.before) < DEEPEST - 1}
    likely = {key: _promise(key, attempt, z) for key, attempt in unique.items()}
    return tuple(unique[key] for key in sorted(likely, key=lambda key: -likely[key])[:PARTIAL_KEPT])
