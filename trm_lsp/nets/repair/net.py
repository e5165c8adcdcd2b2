"""The net: with x one experiment that updates z, without x one decision that updates y."""

from __future__ import annotations

from typing import overload

from trm_lsp.core.ports import X
from trm_lsp.core.state import Attempt, Candidate, Reasoning
from trm_lsp.nets.repair.doubting import doubt
from trm_lsp.nets.repair.experiments import choose, experiment
from trm_lsp.nets.repair.looking import observation
from trm_lsp.nets.repair.orienting import LARGEST_BOUND, Inner, Remembered, failing_of, orient, recalled
from trm_lsp.nets.repair.partial import below, goes_back, is_left, next_step, settle, tried_enough, with_what_is_left
from trm_lsp.nets.repair.survivors import believe_verdict, shrink, vouch


class RepairNet:
    """Localise, hypothesise, experiment, commit. Deterministic: the same x and seed repeat a run.

    One object for each run: it remembers how far it was with a y, which could be made again from z.
    """

    name = "repair"

    def __init__(self) -> None:
        self._remembered = Remembered()

    def start(self, x: X, seed: int) -> tuple[Candidate, Reasoning]:
        self._remembered = Remembered()
        failing = failing_of(x.baseline)
        paths = [x.task.focus.path] if x.task.focus and x.task.focus.path in x.editable else []
        texts = {path: x.texts[path].text for path in paths}
        z = Reasoning(seed=seed, errors=tuple(dict.fromkeys(result.signature for result in failing)))
        return Candidate(base=texts, texts=texts), z

    @overload
    def __call__(self, x: X, y: Candidate, z: Reasoning, /) -> Reasoning: ...
    @overload
    def __call__(self, y: Candidate, z: Reasoning, /) -> Candidate: ...
    def __call__(self, *state: X | Candidate | Reasoning) -> Reasoning | Candidate:
        match state:
            case (X() as x, Candidate() as y, Reasoning() as z):
                z = think(x, y, z, self._remembered.of(y))
                self._remembered.keep(z)
                return z
            case (Candidate() as y, Reasoning() as z):
                return answer(y, z)
        raise TypeError("a net takes (x, y, z) or (y, z)")


def think(x: X, y: Candidate, z: Reasoning, known: Inner | None = None) -> Reasoning:
    """One z-update: localise, try a batch, or doubt a survivor. With nothing to learn it costs nothing.

    `known`: the inner carry of this y from an earlier step.
    """
    z = believe_verdict(y, z)
    if any(attempt.key == y.digest for attempt in z.survivors):
        return doubt(x, z)
    if _is_refused(y, z):
        return z  # there is nothing to learn on it: it is taken back
    if not isinstance(z.memory, Inner) or z.memory.y != y.digest:
        if known is None:
            z = orient(x, y, z)
            if z.localised == y.digest and z.memory.queue:
                return z
        else:
            z = recalled(y, z, known)
    if z.survivors and (surer := vouch(x, z) or shrink(x, z)):
        return surer
    look = None if z.survivors else observation(y, z)
    if look and tried_enough(y, z) and not is_left(y, z):
        return look(x, y, z)
    z = settle(x, y, z)
    batch = choose(y, z)
    if not batch and look:
        return look(x, y, z)
    if not batch and z.survivors:
        return doubt(x, z)
    if not batch:
        # Where y was built on, there is more to try without that.
        exhausted = z.bound >= LARGEST_BOUND and not y.commits
        z = z if z.exhausted == exhausted else z.model_copy(update={"exhausted": exhausted})
        return with_what_is_left(y, z)
    return with_what_is_left(y, experiment(x, y, z, batch))


def answer(y: Candidate, z: Reasoning) -> Candidate:
    """One y-update: commit a survivor, build on a partial fix, take one back, or keep y."""
    if z.survivors:
        best = z.survivors[0]
        return y if best.key == y.digest else _committed(best)
    if _is_refused(y, z):
        return below(y)
    step = next_step(y, z)
    if step is not None and step.key in z.promised:
        return _committed(step)
    return below(y) if step is None and goes_back(y, z) else y


def _is_refused(y: Candidate, z: Reasoning) -> bool:
    """Whether y passed what it was shown, and the whole suite or the last verdict refused it."""
    return bool(y.commits) and f"y {y.digest}" in z.ruled_out


def _committed(attempt: Attempt) -> Candidate:
    """The y that an attempt was made on, with the attempt's commit."""
    return Candidate(
        base=attempt.base,
        texts=attempt.texts,
        commits=(*attempt.before, attempt.commit),
        confidence=attempt.rank,
    )
