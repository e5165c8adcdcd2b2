"""More to try than typed edits: what the tests see when they are watched, and two edits at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from trm_lsp.core.ports import X
from trm_lsp.core.state import VISITED_KEPT, Candidate, Reasoning
from trm_lsp.core.witnesses import witnesses
from trm_lsp.nets.repair.hypotheses import Hypothesis, key, parse_all
from trm_lsp.nets.repair.insertion import inserted
from trm_lsp.nets.repair.localise import contrasting, hints
from trm_lsp.nets.repair.orienting import LARGEST_BOUND, Inner, failing_of
from trm_lsp.nets.repair.pairs import pairs
from trm_lsp.nets.repair.stubs import Looked, implemented
from trm_lsp.nets.repair.synthesis import TESTS, synthesised
from trm_lsp.patch.edits import apply_all

BEYOND_KEPT = 4
SINGLES = 4000
"""Edits that are paired beside those that were tried, at most: the likeliest."""
SYNTHESIS_BOUND = 2
"""The cost bound from which expressions are synthesised."""


def observation(y: Candidate, z: Reasoning) -> Callable[[X, Candidate, Reasoning], Reasoning] | None:
    """What is to be looked at on this y, before more is tried; None when all of it has been."""
    if z.memory.stubs and f"stubs {y.digest}" not in z.observed:
        return implement
    if z.bound >= SYNTHESIS_BOUND and y.digest not in z.observed:
        return synthesise
    if z.bound >= SYNTHESIS_BOUND and f"between {y.digest}" not in z.observed:
        return insert
    if z.bound >= LARGEST_BOUND and f"pairs {y.digest}" not in z.observed:
        return pair
    return None


def synthesise(x: X, y: Candidate, z: Reasoning) -> Reasoning:
    """Look at what suspect slots see in the failing tests, and add an expression for each behaviour to the queue."""
    z, fresh = _joined(y, z, _expressions(x, y, z), y.digest)
    slots = len({h.edits[0][1:3] for h in fresh})
    return z.think(
        f"Watched {slots} expressions in the failing tests: {len(fresh)} others would do something else there."
    )


def insert(x: X, y: Candidate, z: Reasoning) -> Reasoning:
    """Look at what is seen before suspect statements, by passing tests too, and add the code that may be missing."""
    z, fresh = _joined(y, z, _insertions(x, y, z), f"between {y.digest}")
    places = len({h.place for h in fresh})
    return z.think(
        f"Watched {places} places between statements: {len(fresh)} guards, updates and calls may be missing there."
    )


def pair(x: X, y: Candidate, z: Reasoning) -> Reasoning:
    """Add pairs of what is likely to the queue: where two mistakes hide each other, neither edit helps alone."""
    inner: Inner = z.memory
    # Those that the whole suite refused pass whatever a pair is shown first.
    passed = {out for out in z.ruled_out if out.startswith("y ")}
    tried = (h for h in inner.queue.tried() if not passed or f"y {_with(x, y, h).digest}" not in passed)
    singles = (*tried, *inner.queue.likeliest(z, SINGLES, bound=z.bound, share=0.0))
    z, fresh = _joined(y, z, pairs(singles, inner.texts, z), f"pairs {y.digest}")
    return z.think(f"{len(fresh)} pairs of the likeliest edits are to be tried, of one function each.")


def _with(x: X, y: Candidate, hypothesis: Hypothesis) -> Candidate:
    base = {edit.path: x.texts[edit.path].text for edit in hypothesis.edits}
    texts = apply_all({**base, **y.texts}, hypothesis.edits)
    return Candidate(base={**base, **y.base}, texts=texts)


def implement(x: X, y: Candidate, z: Reasoning) -> Reasoning:
    """Look at the calls of stubs, and add what they could give. What is more than an expression is not written."""
    looked = _implementations(x, y, z)
    z, fresh = _joined(y, z, looked.hypotheses, f"stubs {y.digest}")
    if not looked.names:
        return z
    shown = " and ".join(f"`{name}`" for name in looked.names)
    stubs = f"{shown} is a stub" if len(looked.names) == 1 else f"{shown} are stubs"
    if looked.wanted:
        return z.think(f"{stubs}: {len(fresh)} expressions of the arguments give what the tests ask for.")
    beyond = f"{stubs}, and may need more than an expression: the embedded net does not write whole functions."
    return z.model_copy(update={"beyond": (*z.beyond, beyond)[-BEYOND_KEPT:]}).think(
        f"No small expression of the arguments is seen to give what the tests ask for; {len(fresh)} are tried.", beyond
    )


def _joined(
    y: Candidate, z: Reasoning, found: Sequence[Hypothesis], observed: str
) -> tuple[Reasoning, list[Hypothesis]]:
    """Z with what was found by looking, and those of it that are not ruled out. `observed`: what was looked at."""
    inner: Inner = z.memory
    known = set(z.ruled_out)
    fresh = [h for h in found if key(y.digest, h.edits) not in known]
    queue = inner.queue.joined(fresh, inner.texts, z.families)
    update = {"observed": (*z.observed, observed)[-VISITED_KEPT:], "memory": inner._replace(queue=queue)}
    return z.model_copy(update=update), fresh


def observed(x: X, y: Candidate, z: Reasoning) -> tuple[Hypothesis, ...]:
    """All that is proposed for y beside its typed edits and stubs, by what the failing tests do; z is oriented on y."""
    return (*_expressions(x, y, z), *_insertions(x, y, z))


def stubs_filled(x: X, y: Candidate, z: Reasoning) -> tuple[Hypothesis, ...]:
    """What the stubs of y could give; z is oriented on y. Runs nothing where there are none."""
    return tuple(_implementations(x, y, z).hypotheses) if z.memory.stubs else ()


def _expressions(x: X, y: Candidate, z: Reasoning) -> tuple[Hypothesis, ...]:
    inner: Inner = z.memory
    failing = failing_of(inner.standing)
    return synthesised(x, y, z, parse_all(inner.texts), witnesses(failing, TESTS), hints(x, failing))


def _insertions(x: X, y: Candidate, z: Reasoning) -> tuple[Hypothesis, ...]:
    inner: Inner = z.memory
    failing = failing_of(inner.standing)
    tests, passing = witnesses(failing, TESTS), contrasting(x, failing)
    return inserted(x, y, z, parse_all(inner.texts), tests, passing, hints(x, failing))


def _implementations(x: X, y: Candidate, z: Reasoning) -> Looked:
    inner: Inner = z.memory
    tests = witnesses(failing_of(inner.standing), TESTS)
    return implemented(x, y, z, parse_all(inner.texts), tests)
