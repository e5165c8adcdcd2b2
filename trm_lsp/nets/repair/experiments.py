"""One experiment: choose a batch of edits, have it judged, and believe accordingly."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from trm_lsp.core.budget import Stopped
from trm_lsp.core.ports import X
from trm_lsp.core.state import (
    PARTIAL_KEPT,
    RULED_OUT_KEPT,
    VISITED_KEPT,
    Attempt,
    Candidate,
    Commit,
    Reasoning,
    Variant,
)
from trm_lsp.core.verdict import Tier, Verdict
from trm_lsp.nets.repair.families import FAMILIES, Family
from trm_lsp.nets.repair.hypotheses import Hypothesis, apart_share, function_of, key, rank
from trm_lsp.nets.repair.insertion import INSERTIONS
from trm_lsp.nets.repair.orienting import LARGEST_BOUND, Inner
from trm_lsp.nets.repair.pairs import Pair
from trm_lsp.nets.repair.partial import credit, most_promising, promise
from trm_lsp.nets.repair.reading import Reading, Said
from trm_lsp.nets.repair.stubs import Stub
from trm_lsp.nets.repair.survivors import likeliest_first
from trm_lsp.nets.repair.synthesis import Synthesis, others
from trm_lsp.patch.edits import apply_all

CUT_BATCHES = (256, 16, 4)
"""Hypotheses in one experiment, by how often a screen has cut them short."""
FIRST_BATCHES, FIRST_TRIED = 64, 256
"""Hypotheses in one experiment on a new y, and how many are tried so: an answer near at hand is found at once."""
PROCESSES = 16
"""Candidates of one experiment that may need a process of their own: then it ends early."""
PATIENCES = (1, 10)
"""How many times as long as usual a screen lets them run; those that were cut more often are confirmed."""
LOOKED_LONGER, LONGER = 2, 20
"""Of each of the first experiments: likely candidates that are cut short and screened again at once, and how many times
as long. A test that fails at its beginning says little of how long it takes to pass."""
ERRORS_KEPT = 64
LEAST_SHARES = (0.15, 0.03, 0.0)
"""By the cost bound: what rank a hypothesis needs, beside the highest suspicion; others wait for the next bound."""
RIVAL_SHARE = 0.4
"""After a survivor, only hypotheses at least this likely beside it are worth an experiment."""
KINDS: tuple[type[Family] | Family, ...] = (*FAMILIES, Synthesis, *INSERTIONS, Stub, Pair)
REASONS = {family.name: family.reason for family in KINDS}


class Nearer(NamedTuple):
    """An edit with which the tests are nearer to passing: perhaps a partial fix."""

    hypothesis: Hypothesis
    verdict: Verdict
    likely: float
    """Its rank."""
    gain: float
    fixed: float

    @property
    def worth(self) -> float:
        return credit(self.hypothesis.prior, self.likely, self.gain, self.fixed)


def choose(y: Candidate, z: Reasoning) -> tuple[Hypothesis, ...]:
    """The likeliest hypotheses within the cost bound; after a survivor only its serious rivals."""
    inner: Inner = z.memory
    least = RIVAL_SHARE * max((attempt.rank for attempt in z.survivors), default=0.0)
    least = max(least, LEAST_SHARES[z.bound - 1] * max(z.suspicion.values(), default=0.0))
    drawn = inner.queue.likeliest(z, CUT_BATCHES[0], z.bound, apart_share(inner.standing))
    likeliest = [h for h in drawn if rank(h, z) >= least and rank(h, z) > 0]
    cut = min((h.cut for h in likeliest), default=0)
    if cut and (z.bound < LARGEST_BOUND or y.commits):
        return ()  # what is slow waits until nothing else is left on the unchanged text
    most = FIRST_BATCHES if z.visited.get(y.digest, 0) < FIRST_TRIED else CUT_BATCHES[cut]
    return tuple(h for h in likeliest if h.cut == cut)[: min(most, CUT_BATCHES[cut])]


def experiment(x: X, y: Candidate, z: Reasoning, batch: Sequence[Hypothesis]) -> Reasoning:
    """Judge a batch of edits on y and believe accordingly."""
    return Experiment(x, y, z, batch).run()


class Experiment:
    """A batch of edits on y, and what their verdicts teach, one by one."""

    def __init__(self, x: X, y: Candidate, z: Reasoning, batch: Sequence[Hypothesis]) -> None:
        self._x, self._y, self._z, self._batch = x, y, z, batch
        self._inner: Inner = z.memory
        self._read = Reading(self._inner.standing)
        self._times_cut = batch[0].cut
        self._screened = self._times_cut < len(PATIENCES)
        self._longer = LongerLooks(x, self._times_cut, z.visited.get(y.digest, 0))
        self._processes = 0
        """Candidates so far that took a process of their own."""
        self._tried: list[Hypothesis] = []
        self._cut: list[Hypothesis] = []
        self._survivors: list[Attempt] = []
        self._nearer: list[Nearer] = []
        self._alike: list[Hypothesis] = []
        """Others of the behaviour of those that satisfy the targets."""
        self._signatures: dict[str, None] = dict.fromkeys(z.errors)
        self._evidence, self._apart = dict(z.evidence), dict(z.apart)

    def run(self) -> Reasoning:
        """Z after the batch, or after what may be judged of it now. Raises Stopped where no survivor would be lost."""
        base = {path: self._y.texts[path] for path in self._y.touched}
        patience = PATIENCES[self._times_cut] if self._screened else 1
        variants = [Variant(base, hypothesis.edits, patience) for hypothesis in self._batch]
        tier = Tier.SCREEN if self._screened else Tier.CONFIRM
        with keeping(self._survivors):
            for hypothesis, variant, verdict in zip(self._batch, variants, self._x.judge(variants, tier), strict=False):
                self._count(hypothesis, verdict)
                self._learn(hypothesis, self._looked_at(variant, verdict))
                if self._processes >= PROCESSES:
                    break  # what is left of the batch waits for what these have taught
        return self._reasoning()

    def _count(self, hypothesis: Hypothesis, verdict: Verdict) -> None:
        """Remember which functions a screen can judge."""
        alone = verdict.tier is not Tier.SCREEN
        self._processes += alone
        if self._screened:
            here = function_of(hypothesis.place)
            before, judged = self._apart.get(here, (0, 0))
            self._apart[here] = (before + alone, judged + (not alone))

    def _looked_at(self, variant: Variant, verdict: Verdict) -> Verdict:
        """The verdict after a longer look, where it was cut short, and by a process of its own, where it may be all.

        What only brings the targets nearer is confirmed once it is to be built on (`settle`).
        """
        said = self._read(verdict)
        if said.cut:
            verdict = self._longer(variant, verdict)
            said = self._read(verdict)
        return confirmed(self._x, variant, verdict) if said.satisfies or (said.cut and said.fewer) else verdict

    def _learn(self, hypothesis: Hypothesis, verdict: Verdict) -> None:
        said = self._read(verdict)
        self._tried.append(hypothesis)
        if said.cut:
            self._cut.append(hypothesis)
            if verdict.tentative:
                self._believe(hypothesis, said)
            return
        self._alike += alike(hypothesis, verdict, self._inner.texts)
        likely = rank(hypothesis, self._z)
        if said.passed:
            self._survivors.append(_attempt(self._x, self._y, Nearer(hypothesis, verdict, likely, said.gain, 1.0)))
            self._survivors[-1:] = self._alone(hypothesis) or self._survivors[-1:]
        elif said.gain > 0 and hypothesis.family != Pair.name:  # what one of them does has been seen
            self._nearer.append(Nearer(hypothesis, verdict, likely, said.gain, said.fixed))
        self._believe(hypothesis, said)

    def _alone(self, hypothesis: Hypothesis) -> list[Attempt]:
        """What a survivor is made of that passes without the rest of it."""
        base = {path: self._y.texts[path] for path in self._y.touched}
        found = []
        for part in hypothesis.parts:
            (verdict,) = self._x.judge([Variant(base, part.edits)], Tier.CONFIRM)
            if verdict.passed:
                found.append(_attempt(self._x, self._y, Nearer(part, verdict, rank(part, self._z), 1.0, 1.0)))
        return found

    def _believe(self, hypothesis: Hypothesis, said: Said) -> None:
        """What a failure says of the place of an edit."""
        self._signatures[said.signature] = None
        if hypothesis.family == Pair.name:
            return  # it is about more places than one, and each edit has spoken for its own
        count, total = self._evidence.get(hypothesis.place, (0, 0.0))
        self._evidence[hypothesis.place] = (count + 1, total + said.evidence)

    def _reasoning(self) -> Reasoning:
        z, y, inner, tried = self._z, self._y, self._inner, self._tried
        partial = _promising(self._x, y, z, self._nearer)
        cut = set(self._cut)
        known = {*(h.edits for h in cut), *(attempt.commit.edits for attempt in self._survivors)}
        out = (key(y.digest, h.edits) for h in tried if h.edits not in known)
        return z.model_copy(
            update={
                "evidence": self._evidence,
                "apart": self._apart,
                "ruled_out": (*z.ruled_out, *out)[-RULED_OUT_KEPT:],
                "survivors": likeliest_first([*z.survivors, *self._survivors]),
                "partial": most_promising([*z.partial, *partial], z),
                "visited": _counted(z.visited, y.digest, len(tried)),
                "errors": tuple(self._signatures)[:ERRORS_KEPT],
                "tried": z.tried + len(tried),
                "judged": Counter(z.judged) + Counter(h.family for h in tried if h not in cut),
                "memory": inner._replace(queue=inner.queue.after(tried, self._cut).beside(self._alike)),
            }
        ).think(_tried(tried, self._survivors, partial))


class LongerLooks:
    """The verdicts after a longer look at the first few of a batch that are cut short, where little was tried yet."""

    def __init__(self, x: X, times_cut: int, tried: int) -> None:
        """`tried`: how many hypotheses were tried on this y before the batch."""
        self._x = x
        self._left = LOOKED_LONGER if not times_cut and tried < FIRST_TRIED else 0

    def __call__(self, variant: Variant, verdict: Verdict) -> Verdict:
        """The verdict on a variant that was cut short; the same one where it is not looked at again."""
        if self._left and verdict.tier is Tier.SCREEN:
            self._left -= 1
            (verdict,) = self._x.judge([variant._replace(patience=LONGER)], Tier.SCREEN)
        return verdict


def alike(hypothesis: Hypothesis, verdict: Verdict, texts: Mapping[str, str]) -> Iterator[Hypothesis]:
    """Others of the behaviour of a hypothesis that satisfies the targets: what tells them apart are the other tests."""
    if hypothesis.rest and not verdict.failing:
        yield from others(hypothesis, texts)


@contextmanager
def keeping(survivors: Sequence[Attempt]) -> Iterator[None]:
    """End early, without an error, where survivors would be lost by the end of the run."""
    try:
        yield
    except Stopped:
        if not survivors:
            raise


def confirmed(x: X, variant: Variant, verdict: Verdict) -> Verdict:
    """The verdict on a screened variant by a process of its own."""
    if verdict.tier is Tier.SCREEN and not verdict.regressions:
        (verdict,) = x.judge([variant], Tier.CONFIRM)
    return verdict


def _promising(x: X, y: Candidate, z: Reasoning, nearer: Sequence[Nearer]) -> list[Attempt]:
    """Those of the edits that bring the tests nearer which z would remember, the most promising first."""
    least = promise(z.partial[-1], z) if len(z.partial) == PARTIAL_KEPT else 0.0
    here = z.promised.get(y.digest, 1.0) if y.commits else 1.0
    order = sorted(nearer, key=lambda edit: -edit.worth)[:PARTIAL_KEPT]
    return [_attempt(x, y, edit) for edit in order if here * edit.worth > least]


def _tried(tried: Sequence[Hypothesis], survivors: Sequence[Attempt], partial: Sequence[Attempt]) -> str:
    kinds = ", ".join(dict.fromkeys(h.family for h in tried))
    where = ", ".join(dict.fromkeys(f"{h.edits[0].path}:{h.line}" for h in tried))
    tests = f"Tried {len(tried)} edits ({kinds}) at {where}"
    if survivors:
        return f"{tests}: {survivors[0].commit.reason} passes everything it was shown."
    if partial:
        return f"{tests}: {partial[0].commit.reason} leaves {len(partial[0].verdict.failing)} failing."
    return f"{tests}: none passes."


def _attempt(x: X, y: Candidate, edit: Nearer) -> Attempt:
    hypothesis = edit.hypothesis
    paths = {*y.touched, *(edit.path for edit in hypothesis.edits)}
    before = {path: y.texts[path] if path in y.texts else x.texts[path].text for path in paths}
    where = f"{hypothesis.edits[0].path}:{hypothesis.line}"
    return Attempt(
        commit=Commit(
            family=hypothesis.family,
            edits=hypothesis.edits,
            reason=f"{hypothesis.what} at {where} ({REASONS[hypothesis.family]})",
            place=hypothesis.place,
            prior=hypothesis.prior,
        ),
        parent=y.digest,
        base={path: x.texts[path].text for path in paths},
        texts=apply_all(before, hypothesis.edits),
        verdict=edit.verdict,
        rank=edit.likely,
        gain=edit.gain,
        fixed=edit.fixed,
        before=y.commits,
    )


def _counted(visited: Mapping[str, int], digest: str, count: int) -> dict[str, int]:
    kept = dict(list(visited.items())[-VISITED_KEPT:])
    return {**kept, digest: kept.pop(digest, 0) + count}
