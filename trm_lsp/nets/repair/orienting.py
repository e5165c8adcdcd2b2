"""Before the experiments on a y: where to look, and everything worth trying there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from trm_lsp.core.ports import X
from trm_lsp.core.state import Candidate, Reasoning
from trm_lsp.core.verdict import Outcome, TestResult, Verdict
from trm_lsp.core.witnesses import witnesses
from trm_lsp.nets.repair.hypotheses import Queue, everything, key, parse_all
from trm_lsp.nets.repair.localise import (
    behind_loops,
    contrasted,
    contrasting,
    hints,
    passing_places,
    suspicion,
    suspicious_lines,
)
from trm_lsp.nets.repair.stubs import unwritten

LARGEST_BOUND = 3
FAILING_TRACED = 24
"""Failing tests that are traced, at most."""


Y_KEPT = 3
"""Of so many y the inner carry is kept, those thought about last."""


class Inner(NamedTuple):
    """What the net thinks with on one y. It is no part of z's schema: what is forgotten is made again from z and x."""

    y: str
    """Digest of the y the queue was made for."""
    queue: Queue
    """Not yet tried: what is likeliest changes with every experiment."""
    texts: Mapping[str, str]
    """y's text of every file in the queue."""
    standing: Verdict
    """What the tests said about y."""
    stubs: bool = False
    """Whether some function of these texts is not written yet."""
    suspicion: Mapping[str, float] = MappingProxyType({})
    evidence: Mapping[str, tuple[int, float]] = MappingProxyType({})
    bound: int = 1
    """As z had them on this y, when it was left."""


class Remembered:
    """The inner carry of the y thought about last: to go on with one of them needs no second look at it."""

    def __init__(self) -> None:
        self._inners: dict[str, Inner] = {}

    def of(self, y: Candidate) -> Inner | None:
        return self._inners.get(y.digest)

    def keep(self, z: Reasoning) -> None:
        """Keep the inner carry of the y that z is about; the one that was not thought about for longest goes."""
        inner = z.memory
        if isinstance(inner, Inner):
            self._inners.pop(inner.y, None)
            self._inners[inner.y] = inner._replace(suspicion=z.suspicion, evidence=z.evidence, bound=z.bound)
            if len(self._inners) > Y_KEPT:
                del self._inners[next(iter(self._inners))]


def recalled(y: Candidate, z: Reasoning, inner: Inner) -> Reasoning:
    """Go on with a y where it was left, with dearer edits than before."""
    here = z.localised == y.digest
    return z.model_copy(
        update={
            "suspicion": z.suspicion if here else inner.suspicion,
            "evidence": z.evidence if here else inner.evidence,
            "localised": y.digest,
            "bound": min(LARGEST_BOUND, (z.bound if here else inner.bound) + 1),
            "exhausted": False,
            "memory": inner,
        }
    )


def orient(x: X, y: Candidate, z: Reasoning) -> Reasoning:
    """Where to look on this y, and everything worth trying there. Traces only when y has changed."""
    standing = _standing(x, y, z)
    failing = failing_of(standing)
    fresh = z.localised != y.digest
    if fresh:
        z = localise(x, y, z, failing)
    places = z.suspicion
    paths = dict.fromkeys(place.partition("::")[0] for place in places)
    texts = {path: y.texts[path] if path in y.texts else x.texts[path].text for path in paths}
    sources = parse_all(texts)
    known = set(z.ruled_out)
    queue = everything(
        sources,
        places,
        hints(x, failing),
        weights=z.families,
        ruled_out=lambda edits: key(y.digest, edits) in known,
    )
    z = z.model_copy(
        update={
            "evidence": {} if fresh else z.evidence,
            "localised": y.digest,
            "bound": 1 if fresh else min(LARGEST_BOUND, z.bound + 1),
            "exhausted": False,
            "observed": tuple(seen for seen in z.observed if y.digest not in seen),
            "memory": Inner(y.digest, queue, texts, standing, any(any(unwritten(source)) for source in sources)),
        }
    )
    if not fresh:
        return z
    if not places:
        return z.think("The failing tests reach no code that may be changed.")
    return z.think(_where(failing, places))


def localise(x: X, y: Candidate, z: Reasoning, failing: Sequence[TestResult]) -> Reasoning:
    """Suspect places of y. Passing tests are traced once, on the unchanged text: an edit moves few of them."""
    contrast = [] if y.touched else contrasting(x, failing)
    trace = x.tracer(y.variant, [*witnesses(failing, FAILING_TRACED), *contrast])
    lines = suspicious_lines(x, trace, failing)
    paths = dict.fromkeys(path for path, _ in lines)
    sources = parse_all({path: y.texts[path] if path in y.texts else x.texts[path].text for path in paths})
    if any(result.outcome is Outcome.TIMEOUT for result in failing):
        lines = {**lines, **behind_loops(sources, lines)}
    places = suspicion(sources, lines)
    if y.touched:
        return z.model_copy(update={"suspicion": contrasted(places, z.passing, len(failing))})
    return z.model_copy(update={"suspicion": places, "passing": passing_places(sources, trace)})


def _where(failing: Sequence[TestResult], places: Mapping[str, float]) -> str:
    tests = "1 failing test reaches" if len(failing) == 1 else f"{len(failing)} failing tests reach"
    top = ", ".join(f"{_shown(place)}" for place in list(places)[:3])
    return f"The {tests} {len(places)} statements; most suspect: {top}. Single edits are tried there."


def _shown(place: str) -> str:
    path, _, rest = place.partition("::")
    name, _, code = rest.partition(": ")
    return f"`{code}` in {name} ({path})"


def failing_of(verdict: Verdict) -> list[TestResult]:
    results = verdict.by_id
    return [results[test] for test in verdict.failing if test in results]


def _standing(x: X, y: Candidate, z: Reasoning) -> Verdict:
    """What the tests said about y: at the last step's end, or when it was tried."""
    if not y.touched:
        return x.baseline
    tried = (a.verdict for a in (*z.partial, *z.survivors) if a.key == y.digest)
    return y.verdict or next(tried, x.baseline)
