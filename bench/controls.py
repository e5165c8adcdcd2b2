"""Three controls beside the net: nets without belief, which try a fixed line of edits on the unchanged text.

They go through the same loop as the net, with the same judge, budget and
final verdict. What they try on the unchanged text is what the net can try
there, by the net's own functions: typed edits (`orient`), and what it
proposes once it has observed the failing tests (`observed`). What they lack
is z: no experiment teaches them anything. The first survivor in an arm's own
order is its answer once the whole suite has judged it, as the net's is
(`vouch`); what is left of the cycle looks for rivals of it. That
only likely rivals are worth an experiment (RIVAL_SHARE) is belief, and the
net's alone.

- `flat`: one best-first queue by rank: single edits, then pairs by the product of their ranks.
- `exhaustive`: single edits in source order, in the suspect files; neither localised further nor ranked.
- `resample`: independent tries, each of one edit or two, drawn with the rank as probability.
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple, overload

from trm_lsp.core.events import Shape
from trm_lsp.core.ports import Net, X
from trm_lsp.core.state import ATTEMPTS_KEPT, Attempt, Candidate, Commit, Edit, Reasoning, Variant
from trm_lsp.core.verdict import TestResult, Tier, Verdict
from trm_lsp.nets.repair.experiments import CUT_BATCHES, FIRST_BATCHES, FIRST_TRIED, PATIENCES, confirmed, keeping
from trm_lsp.nets.repair.hypotheses import Hypothesis, Queue, everything, parse_all, rank
from trm_lsp.nets.repair.localise import hints
from trm_lsp.nets.repair.looking import observed
from trm_lsp.nets.repair.orienting import orient
from trm_lsp.nets.repair.survivors import believe_verdict, vouch
from trm_lsp.nets.repair.synthesis import others
from trm_lsp.patch.edits import apply_all

DRAWN = 256
"""Hypotheses that are taken from a queue at once."""
ROUND = 1024
"""Tries of `resample` after which those that were cut short are tried again."""
TWO_EDITS = 1 / 3
"""How many of its tries are of two edits."""
FIRST_STEP = FIRST_TRIED + (Shape().T * Shape().n - 1 - FIRST_TRIED // FIRST_BATCHES) * CUT_BATCHES[0]
"""As many hypotheses as the net can try in its first supervision step, after which it observes.

Arms that rank observe then, too: a bug that needs no observation does not pay for one.
"""


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

    def ahead(self, trials: Iterable[Trial]) -> None:
        """These come next."""
        self._stage = itertools.chain(trials, self._stage)

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
        if z.survivors and (surer := vouch(x, z)):
            return surer
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
    tier = Tier.SCREEN if screened else Tier.CONFIRM
    found: list[Attempt] = []
    with keeping(found):
        for trial, variant, verdict in zip(batch, variants, x.judge(variants, tier), strict=True):
            verdict = confirmed(x, variant, verdict, x.baseline)
            if verdict.cut:
                line.put_off(trial)
            elif verdict.passed:
                found.append(_attempt(x, trial, verdict))
                line.ahead(_alike(x, trial))
    return found


def _alike(x: X, trial: Trial) -> Iterator[Trial]:
    """What does the same in the failing tests as one hypothesis that passes: as with the net, only then worth a try."""
    if len(trial.hypotheses) == 1:
        (hypothesis,) = trial.hypotheses
        texts = {edit.path: x.texts[edit.path].text for edit in hypothesis.edits}
        for other in others(hypothesis, texts) if hypothesis.rest else ():
            yield Trial((other,), trial.rank * other.prior / hypothesis.prior)


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


def flat(x: X, _seed: int) -> Stages:
    """Single edits, the likeliest first; then pairs of them."""
    singles: list[Trial] = []
    yield _best_first(x, singles)
    yield pairs(singles)


def _best_first(x: X, singles: list[Trial]) -> Iterator[Trial]:
    """The queue by rank, as nothing is learned; `singles` grows by what is given."""
    z = oriented(x)
    queue: Queue = z.memory.queue
    joined = False
    while True:
        drawn = queue.likeliest(z, DRAWN)
        if not joined and (len(singles) >= FIRST_STEP or not drawn):
            queue, joined = with_observed(x, z, queue), True
            continue
        if not drawn:
            return
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


def exhaustive(x: X, _seed: int) -> Stages:
    """Every single edit of the suspect files, from the first line of the first file to the last."""
    z = oriented(x)
    sources = parse_all({path: z.memory.texts[path] for path in sorted(z.memory.texts)})
    places = {source.place(statement): 1.0 for source in sources for statement in source.statements}
    queue = everything(sources, places, hints(x, _failing(x)))
    besides: dict[str, list[Hypothesis]] = defaultdict(list)
    for hypothesis in observed(x, Candidate(), z):
        besides[hypothesis.place].append(hypothesis)
    yield _by_place(queue, besides)


def _by_place(typed: Iterable[Hypothesis], besides: dict[str, list[Hypothesis]]) -> Iterator[Trial]:
    """In the order of the places, and at each place in that of the source."""
    for place, found in itertools.groupby(typed, key=lambda hypothesis: hypothesis.place):
        for hypothesis in in_source_order([*found, *besides.pop(place, ())]):
            yield Trial((hypothesis,), hypothesis.prior)
    for rest in besides.values():
        for hypothesis in in_source_order(rest):
            yield Trial((hypothesis,), hypothesis.prior)


def in_source_order(hypotheses: Iterable[Hypothesis]) -> list[Hypothesis]:
    """By their edits; the first one given of those with the same edits."""
    unique: dict[tuple[Edit, ...], Hypothesis] = {}
    for hypothesis in hypotheses:
        unique.setdefault(hypothesis.edits, hypothesis)
    return [unique[edits] for edits in sorted(unique)]


def resample(x: X, seed: int) -> Stages:
    """Draws without end and with replacement, in rounds."""
    z = oriented(x)
    queue: Queue = z.memory.queue
    chance = random.Random(f"{seed} resample")
    rounds = _rounds(queue, z, chance)
    yield from itertools.islice(rounds, FIRST_STEP // ROUND)
    yield from _rounds(with_observed(x, z, queue), z, chance)


def _rounds(queue: Queue, z: Reasoning, chance: random.Random) -> Stages:
    hypotheses = list(queue)
    weights = list(itertools.accumulate(rank(hypothesis, z) for hypothesis in hypotheses))
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


def oriented(x: X) -> Reasoning:
    """The net's z before its first experiment: its memory holds the typed edits at the places it suspects."""
    return orient(x, Candidate(), Reasoning())


def with_observed(x: X, z: Reasoning, queue: Queue) -> Queue:
    """The queue with all else that the net can propose on the unchanged text. Runs the failing tests once."""
    return queue.joined(observed(x, Candidate(), z), z.memory.texts, z.families)


def _failing(x: X) -> list[TestResult]:
    results = x.baseline.by_id
    return [results[test] for test in x.baseline.failing if test in results]


CONTROLS: dict[str, Callable[[], Net]] = {
    "flat": lambda: Control("flat", flat),
    "exhaustive": lambda: Control("exhaustive", exhaustive),
    "resample": lambda: Control("resample", resample),
}
