"""Three controls beside the net: nets without belief, which try a fixed line of edits on the unchanged text.

They go through the same loop as the net, with the same hypotheses, judge,
budget and final verdict. What they lack is z: no experiment teaches them
anything. The first survivor in an arm's own order is its answer; as with the
net, what is left of the cycle looks for rivals of it.

- `flat`: one best-first queue by rank: single edits, then pairs by the product of their ranks.
- `exhaustive`: single edits in source order, in the files that failing tests reach; neither localised nor ranked.
- `resample`: independent tries, each of one edit or two, drawn with the rank as probability.
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, overload

from trm_lsp.core.ports import Net, X
from trm_lsp.core.state import ATTEMPTS_KEPT, Attempt, Candidate, Commit, Edit, Reasoning, Variant
from trm_lsp.core.verdict import TestResult, Tier, Verdict
from trm_lsp.nets.repair.hypotheses import Hypothesis, Queue, everything, parse_all, rank
from trm_lsp.nets.repair.localise import hints, suspicious_lines
from trm_lsp.nets.repair.net import (
    CUT_BATCHES,
    FIRST_BATCHES,
    FIRST_TRIED,
    PATIENCES,
    believe_verdict,
    localise,
)
from trm_lsp.patch.edits import apply_all

DRAWN = 256
"""Hypotheses that are taken from a queue at once."""
ROUND = 1024
"""Tries of `resample` after which those that were cut short are tried again."""
TWO_EDITS = 1 / 3
"""How many of its tries are of two edits."""


class Trial(NamedTuple):
    """One candidate: hypotheses about the unchanged text, all made at once."""

    hypotheses: tuple[Hypothesis, ...]
    rank: float
    cut: int = 0
    """How often a screen has cut it short."""

    @property
    def edits(self) -> tuple[Edit, ...]:
        return tuple(edit for hypothesis in self.hypotheses for edit in hypothesis.edits)


Stages = Iterator[Iterator[Trial]]
"""All trials in order; what is cut short comes last in its stage."""


class Line:
    """Trials in a fixed order, in batches; what a screen cuts short is put off, and then given more time."""

    def __init__(self, stages: Stages) -> None:
        self._stages = stages
        self._stage: Iterator[Trial] = iter(())
        self._put_off: list[Trial] = []
        self._taken = 0

    def batch(self) -> list[Trial]:
        """The next trials, which have all been cut short as often; none when nothing is left."""
        while True:
            most = FIRST_BATCHES if self._taken < FIRST_TRIED else CUT_BATCHES[0]
            if fresh := list(itertools.islice(self._stage, most)):
                self._taken += len(fresh)
                return fresh
            if self._put_off:
                cut = min(trial.cut for trial in self._put_off)
                again = [trial for trial in self._put_off if trial.cut == cut][: CUT_BATCHES[cut]]
                self._put_off = [trial for trial in self._put_off if trial not in again]
                return again
            stage = next(self._stages, None)
            if stage is None:
                return []
            self._stage = stage

    def put_off(self, trial: Trial) -> None:
        self._put_off.append(trial._replace(cut=trial.cut + 1))


class Control:
    """A net that tries a line of edits, whatever the tests say of them."""

    def __init__(self, name: str, stages: Callable[[X, int], Stages]) -> None:
        self.name = name
        self._stages = stages
        self._line: Line | None = None

    def start(self, x: X, seed: int) -> tuple[Candidate, Reasoning]:  # noqa: ARG002
        return Candidate(), Reasoning(seed=seed)

    @overload
    def __call__(self, x: X, y: Candidate, z: Reasoning, /) -> Reasoning: ...
    @overload
    def __call__(self, y: Candidate, z: Reasoning, /) -> Candidate: ...
    def __call__(self, *state: X | Candidate | Reasoning) -> Reasoning | Candidate:
        match state:
            case (X() as x, Candidate() as y, Reasoning() as z):
                return self._try(x, y, z)
            case (Candidate(), Reasoning() as z):
                return _committed(z.survivors[0]) if z.survivors else Candidate()
        raise TypeError("a net takes (x, y, z) or (y, z)")

    def _try(self, x: X, y: Candidate, z: Reasoning) -> Reasoning:
        """One batch of the line. z carries the survivors to y, and nothing else."""
        z = believe_verdict(y, z)
        if any(attempt.key == y.digest for attempt in z.survivors):
            return z
        if self._line is None:
            self._line = Line(self._stages(x, z.seed))
        batch = self._line.batch()
        if not batch:
            return z.model_copy(update={"exhausted": not z.survivors})
        survivors = (*z.survivors, *_survivors(x, batch, self._line))
        unique = {attempt.key: attempt for attempt in reversed(survivors)}
        kept = tuple(reversed(unique.values()))[:ATTEMPTS_KEPT]
        return z.model_copy(update={"survivors": kept, "tried": z.tried + len(batch)})


def _survivors(x: X, batch: Sequence[Trial], line: Line) -> list[Attempt]:
    """Those of a batch that pass, in its order; those that were cut short go back to the line."""
    cut = batch[0].cut
    screened = cut < len(PATIENCES)
    variants = [Variant({}, trial.edits, PATIENCES[cut] if screened else 1) for trial in batch]
    found = []
    for trial, variant, verdict in zip(
        batch, variants, x.judge(variants, Tier.SCREEN if screened else Tier.CONFIRM), strict=True
    ):
        verdict = _confirmed(x, variant, verdict)
        if verdict.cut:
            line.put_off(trial)
        elif verdict.passed:
            found.append(_attempt(x, trial, verdict))
    return found


def _confirmed(x: X, variant: Variant, verdict: Verdict) -> Verdict:
    """The verdict on a promising variant by a process of its own, and by the whole suite if it passes."""
    if verdict.tier is Tier.SCREEN and verdict.score > x.baseline.score:
        (verdict,) = x.judge([variant], Tier.CONFIRM)
    if verdict.passed:
        (verdict,) = x.judge([variant], Tier.SUITE)
    return verdict


def _attempt(x: X, trial: Trial, verdict: Verdict) -> Attempt:
    base = {edit.path: x.texts[edit.path].text for edit in trial.edits}
    *before, last = _commits(trial)
    return Attempt(
        commit=last,
        parent=Candidate().digest,
        base=base,
        texts=apply_all(base, trial.edits),
        verdict=verdict,
        rank=trial.rank,
        before=tuple(before),
    )


def _commits(trial: Trial) -> Iterator[Commit]:
    """A commit for each hypothesis, its offsets as they are after the ones before it."""
    made: list[Edit] = []
    for hypothesis in trial.hypotheses:
        moved = tuple(_moved(edit, made) for edit in hypothesis.edits)
        where = f"{hypothesis.edits[0].path}:{hypothesis.line}"
        yield Commit(
            family=hypothesis.family,
            edits=moved,
            reason=f"{hypothesis.what} at {where}",
            place=hypothesis.place,
            prior=hypothesis.prior,
        )
        made += hypothesis.edits


def _moved(edit: Edit, made: Sequence[Edit]) -> Edit:
    by = sum(len(e.text) - (e.end - e.start) for e in made if e.path == edit.path and e.start < edit.start)
    return edit._replace(start=edit.start + by, end=edit.end + by)


def _committed(attempt: Attempt) -> Candidate:
    commits = (*attempt.before, attempt.commit)
    return Candidate(base=attempt.base, texts=attempt.texts, commits=commits, confidence=attempt.rank)


# --- the lines ----------------------------------------------------------------------------------


def flat(x: X, seed: int) -> Stages:  # noqa: ARG001
    """Single edits, the likeliest first; then pairs of them."""
    queue, z = localised(x)
    singles: list[Trial] = []
    yield _best_first(queue, z, singles)
    yield pairs(singles)


def _best_first(queue: Queue, z: Reasoning, singles: list[Trial]) -> Iterator[Trial]:
    """The queue by rank, as nothing is learned; `singles` grows by what is given."""
    while drawn := queue.likeliest(z, DRAWN):
        queue = queue.after(drawn)
        for hypothesis in drawn:
            singles.append(Trial((hypothesis,), rank(hypothesis, z)))
            yield singles[-1]


def pairs(singles: Sequence[Trial]) -> Iterator[Trial]:
    """Two at a time of what is given best first, the greatest product of ranks first; none that overlap."""
    heap = [(-singles[0].rank * singles[1].rank, 0, 1)] if len(singles) > 1 else []
    while heap:
        product, i, j = heapq.heappop(heap)
        one, other = singles[i], singles[j]
        if not overlap(one.edits, other.edits):
            yield Trial((*one.hypotheses, *other.hypotheses), -product)
        # Each pair has one way to come here: along its row, and to the head of a row from the one above.
        following = [(i, j + 1), (i + 1, j + 1)] if j == i + 1 else [(i, j + 1)]
        for a, b in following:
            if b < len(singles):
                heapq.heappush(heap, (-singles[a].rank * singles[b].rank, a, b))


def overlap(some: Sequence[Edit], others: Sequence[Edit]) -> bool:
    """Whether edits touch the same text, so that they cannot both be made."""
    return any(
        a.path == b.path and ((a.start < b.end and b.start < a.end) or a.start == a.end == b.start == b.end)
        for a in some
        for b in others
    )


def exhaustive(x: X, seed: int) -> Stages:  # noqa: ARG001
    """Every single edit of the files that failing tests reach, from the first line of the first file to the last."""
    failing = _failing(x)
    trace = x.tracer(Variant({}), [result.id for result in failing])
    paths = sorted({path for path, _ in suspicious_lines(x, trace, failing)})
    sources = parse_all({path: x.texts[path].text for path in paths})
    places = {source.place(statement): 1.0 for source in sources for statement in source.statements}
    queue = everything(sources, places, hints(x, failing))
    yield (
        Trial((hypothesis,), hypothesis.prior)
        for _, at_place in itertools.groupby(queue, key=lambda hypothesis: hypothesis.place)
        for hypothesis in sorted(at_place, key=lambda hypothesis: hypothesis.edits)
    )


def resample(x: X, seed: int) -> Stages:
    """Draws without end and with replacement, in rounds."""
    queue, z = localised(x)
    hypotheses = list(queue)
    weights = list(itertools.accumulate(rank(hypothesis, z) for hypothesis in hypotheses))
    chance = random.Random(f"{seed} resample")
    while weights and weights[-1] > 0:
        yield itertools.islice(_draws(hypotheses, weights, chance), ROUND)


def _draws(hypotheses: Sequence[Hypothesis], weights: Sequence[float], chance: random.Random) -> Iterator[Trial]:
    """Tries of one edit or two; where the second overlaps the first, of the first alone."""
    while True:
        count = 2 if chance.random() < TWO_EDITS else 1
        drawn = tuple(chance.choices(hypotheses, cum_weights=weights, k=count))
        if count == 2 and overlap(drawn[0].edits, drawn[1].edits):
            drawn = drawn[:1]
        yield Trial(drawn, 0.0)


def localised(x: X) -> tuple[Queue, Reasoning]:
    """Every hypothesis at the places that the net suspects before its first experiment, and how it ranks them."""
    failing = _failing(x)
    z = localise(x, Candidate(), Reasoning(), failing)
    paths = dict.fromkeys(place.partition("::")[0] for place in z.suspicion)
    sources = parse_all({path: x.texts[path].text for path in paths})
    return everything(sources, z.suspicion, hints(x, failing)), z


def _failing(x: X) -> list[TestResult]:
    results = x.baseline.by_id
    return [results[test] for test in x.baseline.failing if test in results]


CONTROLS: dict[str, Callable[[], Net]] = {
    "flat": lambda: Control("flat", flat),
    "exhaustive": lambda: Control("exhaustive", exhaustive),
    "resample": lambda: Control("resample", resample),
}
