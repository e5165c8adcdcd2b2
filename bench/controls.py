"""Three controls beside the net: nets without belief, which try a fixed line of edits on the unchanged text.

They go through the same loop as the net, with the same judge, budget and
final verdict. What they try on the unchanged text is what the net can try
there, by the net's own functions: typed edits (`orient`), what it gives
stubs (`stubs_filled`), and what it proposes once it has observed the
failing tests (`observed`), which is when the net would (`looks_after`). What
is no belief they share with it: longer looks at what is cut short at first
(`LongerLooks`), others of a behaviour that satisfies the targets (`alike`),
few of what takes a process of its own (`apart_share`). What they lack
is z: no experiment teaches them anything. The first survivor in an arm's own
order is its answer once the whole suite has judged it, as the net's is
(`vouch`); what is left of the cycle looks for rivals of it. That
only likely rivals are worth an experiment (RIVAL_SHARE) is belief, and the
net's alone.

- `flat`: one best-first queue by rank: single edits, and among them pairs by the product of their ranks.
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
from trm_lsp.nets.repair.experiments import (
    CUT_BATCHES,
    FIRST_BATCHES,
    FIRST_TRIED,
    LEAST_SHARES,
    PATIENCES,
    LongerLooks,
    alike,
    keeping,
)
from trm_lsp.nets.repair.hypotheses import Hypothesis, Queue, apart_share, everything, parse_all, rank
from trm_lsp.nets.repair.localise import hints
from trm_lsp.nets.repair.looking import observed, stubs_filled
from trm_lsp.nets.repair.orienting import orient
from trm_lsp.nets.repair.pairs import overlap
from trm_lsp.nets.repair.reading import Reading
from trm_lsp.nets.repair.survivors import believe_verdict, vouch
from trm_lsp.patch.edits import apply_all

DRAWN = 256
"""Hypotheses that are taken from a queue at once."""
ROUND = 1024
"""Tries of `resample` after which those that were cut short are tried again."""
TWO_EDITS = 1 / 3
"""How many of its tries are of two edits."""
FIRST_STEP = FIRST_TRIED + (Shape().T * Shape().n - 1 - FIRST_TRIED // FIRST_BATCHES) * CUT_BATCHES[0]
"""As many hypotheses as the net can try in its first supervision step: behind it, it observes in any case."""


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
        self._followed: set[tuple[Edit, ...]] = set()
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

    def follow(self, trial: Trial, others: Iterable[Trial]) -> None:
        """The others of a trial come next, once however often it is tried."""
        if trial.edits not in self._followed:
            self._followed.add(trial.edits)
            self._stage = itertools.chain(others, self._stage)

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
        kept = in_order_of_finding(z, _survivors(x, batch, self._line, z.tried))
        return z.model_copy(update={"survivors": kept, "tried": z.tried + len(batch)})


def in_order_of_finding(z: Reasoning, found: Iterable[Attempt]) -> tuple[Attempt, ...]:
    """The survivors with those that were found now: what is found again stays where it is, or refused."""
    unique = {attempt.key: attempt for attempt in z.survivors}
    for attempt in found:
        if f"y {attempt.key}" not in z.ruled_out:
            unique.setdefault(attempt.key, attempt)
    return tuple(unique.values())[:ATTEMPTS_KEPT]


def _survivors(x: X, batch: Sequence[Trial], line: Line, tried: int) -> list[Attempt]:
    """Those of a batch that pass, in its order; those that were cut short go back to the line.

    `tried`: how many came before them. Nothing but a whole answer is worth a
    process of its own to what builds on no partial fix.
    """
    cut = batch[0].cut
    longer, read = LongerLooks(x, cut, tried), Reading(x.baseline)
    screened = cut < len(PATIENCES)
    variants = [Variant({}, trial.edits, PATIENCES[cut] if screened else 1) for trial in batch]
    tier = Tier.SCREEN if screened else Tier.CONFIRM
    found: list[Attempt] = []
    with keeping(found):
        for trial, variant, verdict in zip(batch, variants, x.judge(variants, tier), strict=True):
            if read(verdict).cut:
                verdict = longer(variant, verdict)
            if verdict.tier is Tier.SCREEN and read(verdict).passed:
                (verdict,) = x.judge([variant], Tier.CONFIRM)
            if read(verdict).cut:
                line.put_off(trial)
                continue
            if others := list(_alike(x, trial, verdict)):
                line.follow(trial, others)
            if read(verdict).passed:
                found.append(_attempt(x, trial, verdict))
    return found


def _alike(x: X, trial: Trial, verdict: Verdict) -> Iterator[Trial]:
    """What does the same in the failing tests as a trial, one hypothesis in the stead of another."""
    for at, hypothesis in enumerate(trial.hypotheses):
        texts = {edit.path: x.texts[edit.path].text for edit in hypothesis.edits}
        for other in alike(hypothesis, verdict, texts):
            hypotheses = (*trial.hypotheses[:at], other, *trial.hypotheses[at + 1 :])
            yield Trial(hypotheses, trial.rank * other.prior / hypothesis.prior)


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
    """Single edits and pairs of them, the likeliest first; what a screen has cut short comes before the last pairs."""
    queue = BestFirst(x, merged=True)
    yield iter(queue.next, None)
    yield iter(queue.pairs.next, None)


def flat_singles(x: X, _seed: int) -> Stages:
    """As `flat`, but no pair comes before any single edit."""
    queue = BestFirst(x, merged=False)
    yield iter(queue.next, None)
    yield iter(queue.pairs.next, None)


class BestFirst:
    """The net's queue by rank, as nothing is learned; with pairs of what it has given, merged or behind it."""

    def __init__(self, x: X, *, merged: bool) -> None:
        self._merged = merged
        self._x, self._z = x, oriented(x)
        self._queue = with_stubs(x, self._z)
        self._share = apart_share(x.baseline)
        self._drawn: tuple[Hypothesis, ...] = ()
        self._position = 0
        """How many of what was drawn have been given."""
        self._given = 0
        """Trials in all."""
        self._looks_after: int | None = looks_after(self._z, self._queue)
        """After how many trials it observes; None when it has."""
        self.pairs = Pairs()

    def next(self) -> Trial | None:
        """The likeliest trial that is left; None when all that is left are pairs."""
        single = self._head()
        if single is None:
            return None
        self._given += 1
        pair = self.pairs.next(single.rank) if self._merged else None
        if pair is None:
            self._position += 1
            self.pairs.add(single)
        return pair or single

    def _head(self) -> Trial | None:
        """The likeliest single edit that is left."""
        if self._looks_after is not None and self._given >= self._looks_after:
            self._observe()
        if self._position == len(self._drawn):
            self._draw()
        if not self._drawn and self._looks_after is not None:
            self._observe()
            self._draw()
        if not self._drawn:
            return None
        hypothesis = self._drawn[self._position]
        return Trial((hypothesis,), rank(hypothesis, self._z))

    def _observe(self) -> None:
        self._put_back()
        self._queue = with_observed(self._x, self._z, self._queue)
        self._looks_after = None

    def _draw(self) -> None:
        self._put_back()
        self._drawn = self._queue.likeliest(self._z, DRAWN, share=self._share)

    def _put_back(self) -> None:
        """Only what was given is gone from the queue."""
        self._queue = self._queue.after(self._drawn[: self._position])
        self._drawn, self._position = (), 0


class Pairs:
    """Two at a time of single edits as these become known, the greatest product of ranks first; none that overlap.

    What is known is kept in few lists, each of falling rank. A single edit
    that comes to be known goes along each of them, as far as it is then, so
    each pair has one way to come up and a list need not be sorted again.
    """

    def __init__(self) -> None:
        self._known: list[Trial] = []
        self._falling: list[list[Trial]] = []
        self._ways: list[tuple[float, int, int, int, int]] = []
        """A heap: the product, negative; who goes; along which list, where it is, and where it ends."""

    def add(self, single: Trial) -> None:
        who = len(self._known)
        self._known.append(single)
        for which, others in enumerate(self._falling):
            heapq.heappush(self._ways, (-single.rank * others[0].rank, who, which, 0, len(others)))
        for others in self._falling:
            if others[-1].rank >= single.rank:
                others.append(single)
                return
        self._falling.append([single])

    def next(self, least: float = 0.0) -> Trial | None:
        """The likeliest pair that is left, if it is likelier than `least`."""
        while self._ways and -self._ways[0][0] > least:
            product, who, which, at, end = self._ways[0]
            single, others = self._known[who], self._falling[which]
            if at + 1 < end:
                heapq.heapreplace(self._ways, (-single.rank * others[at + 1].rank, who, which, at + 1, end))
            else:
                heapq.heappop(self._ways)
            if not overlap(single.edits, others[at].edits):
                return Trial((*others[at].hypotheses, *single.hypotheses), -product)
        return None


def exhaustive(x: X, _seed: int) -> Stages:
    """Every single edit of the suspect files, from the first line of the first file to the last."""
    z = oriented(x)
    sources = parse_all({path: z.memory.texts[path] for path in sorted(z.memory.texts)})
    places = {source.place(statement): 1.0 for source in sources for statement in source.statements}
    queue = everything(sources, places, hints(x, _failing(x)))
    besides: dict[str, list[Hypothesis]] = defaultdict(list)
    for hypothesis in (*stubs_filled(x, Candidate(), z), *observed(x, Candidate(), z)):
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
    queue = with_stubs(x, z)
    chance = random.Random(f"{seed} resample")
    first = looks_after(z, queue)
    lengths = [min(ROUND, first - begin) for begin in range(0, first, ROUND)]
    yield from _rounds(queue, z, chance, lengths)
    yield from _rounds(with_observed(x, z, queue), z, chance, itertools.repeat(ROUND))


def _rounds(queue: Queue, z: Reasoning, chance: random.Random, lengths: Iterable[int]) -> Stages:
    hypotheses = list(queue)
    weights = list(itertools.accumulate(rank(hypothesis, z) for hypothesis in hypotheses))
    if weights and weights[-1] > 0:
        draws = _draws(hypotheses, weights, chance)
        yield from (itertools.islice(draws, length) for length in lengths)


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


def with_stubs(x: X, z: Reasoning) -> Queue:
    """The typed edits and what stubs could give, at which the net looks before it tries anything."""
    return _joined(z, z.memory.queue, stubs_filled(x, Candidate(), z))


def looks_after(z: Reasoning, queue: Queue) -> int:
    """How many hypotheses the net would try before it observes: likely ones of the least cost, in its first step."""
    least = LEAST_SHARES[0] * max(z.suspicion.values(), default=0.0)
    count = 0
    while count < FIRST_STEP:
        drawn = queue.likeliest(z, DRAWN, bound=1, share=1.0)
        likely = [hypothesis for hypothesis in drawn if rank(hypothesis, z) >= least]
        count += len(likely)
        if len(likely) < DRAWN:
            break
        queue = queue.after(drawn)
    return min(count, FIRST_STEP)


def with_observed(x: X, z: Reasoning, queue: Queue) -> Queue:
    """The queue with all else that the net can propose on the unchanged text. Runs the failing tests."""
    return _joined(z, queue, observed(x, Candidate(), z))


def _joined(z: Reasoning, queue: Queue, hypotheses: Sequence[Hypothesis]) -> Queue:
    return queue.joined(hypotheses, z.memory.texts, z.families) if hypotheses else queue


def _failing(x: X) -> list[TestResult]:
    results = x.baseline.by_id
    return [results[test] for test in x.baseline.failing if test in results]


CONTROLS: dict[str, Callable[[], Net]] = {
    "flat": lambda: Control("flat", flat),
    "flat-singles": lambda: Control("flat-singles", flat_singles),
    "exhaustive": lambda: Control("exhaustive", exhaustive),
    "resample": lambda: Control("resample", resample),
}
ON_REQUEST = frozenset({"flat-singles"})
"""Controls that are run only where they are asked for."""
