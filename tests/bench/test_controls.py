"""Controls can try on the unchanged text what the net can, each in an order of its own."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable, Iterator, Sequence

import pytest
from fakes import FakeJudge, Texts, task_of, verdict

from bench.controls import CONTROLS, FIRST_STEP, ROUND, Line, Trial, exhaustive, flat, overlap, pairs, resample
from trm_lsp.core.budget import Stopped
from trm_lsp.core.ports import Slot, Values, X
from trm_lsp.core.state import Candidate, Edit, Reasoning, Variant
from trm_lsp.core.verdict import Tier, Verdict
from trm_lsp.nets.repair.hypotheses import Hypothesis
from trm_lsp.nets.repair.looking import observed
from trm_lsp.nets.repair.orienting import orient
from trm_lsp.patch.edits import apply_all

TEXT = """\
def area(width, height):
    return width


def unrelated():
    return 0
"""
UNTYPED, ALIKE = "width * height - width * 0", "height * width + width * 0"
"""Two texts of one behaviour that no family of typed edits proposes."""


class FakeObserver:
    """Says of every slot that this one behaviour would be another there."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, variant: Variant, slots: Sequence[Slot], *_: object, **__: object) -> tuple[Values, ...]:
        self.asked += 1
        return tuple(Values(slot=slot, classes=((UNTYPED, ALIKE),)) for slot in slots)


def x_of(*right: str) -> tuple[X, FakeObserver]:
    """A task in which these texts pass, and its observer."""
    base, observer = {"m.py": TEXT}, FakeObserver()

    def says(texts: Texts, tier: Tier) -> Verdict:
        return verdict("passed" if texts["m.py"] in right else "failed")

    x = task_of(base, FakeJudge(base, says), says(base, Tier.COLD))
    return X(**{**vars(x), "observer": observer}), observer


def texts_of(hypotheses: Iterable[Hypothesis]) -> set[str]:
    return {apply_all({"m.py": TEXT}, hypothesis.edits)["m.py"] for hypothesis in hypotheses}


def closure(x: X) -> tuple[set[str], set[str]]:
    """Texts that the net can propose for the unchanged one: by typed edits, and by what it observes."""
    z = orient(x, Candidate(), Reasoning())
    return texts_of(z.memory.queue), texts_of(observed(x, Candidate(), z))


def hypotheses(trials: Iterable[Trial]) -> Iterator[Hypothesis]:
    return (hypothesis for trial in trials for hypothesis in trial.hypotheses)


# What is proposed

LOOKS = 2
"""How often the net looks at the unchanged text: at its expressions, and between its statements."""


def test_the_flat_queue_proposes_what_the_net_can_and_observes_when_the_net_would() -> None:
    x, observer = x_of()
    typed, besides = closure(x)
    observer.asked = 0
    singles = next(flat(x, 0))
    first = list(itertools.islice(singles, len(typed)))
    assert observer.asked == 0 and len(typed) < FIRST_STEP
    assert texts_of(hypotheses(first)) == typed
    assert texts_of(hypotheses(singles)) == besides - typed
    assert observer.asked == LOOKS


def test_the_exhaustive_line_proposes_what_the_net_can_in_source_order() -> None:
    x, _ = x_of()
    typed, besides = closure(x)
    (stage,) = exhaustive(x, 0)
    trials = list(stage)
    assert texts_of(hypotheses(trials)) >= typed | besides
    places = [place for place, _ in itertools.groupby(hypotheses(trials), key=lambda hypothesis: hypothesis.place)]
    assert len(places) == len(set(places))
    for _, here in itertools.groupby(hypotheses(trials), key=lambda hypothesis: hypothesis.place):
        edits = [hypothesis.edits for hypothesis in here]
        assert edits == sorted(set(edits))


def test_draws_come_from_what_the_net_can_propose_once_it_would_have_observed() -> None:
    x, observer = x_of()
    typed, besides = closure(x)
    observer.asked = 0
    rounds = resample(x, 0)
    before = [list(next(rounds)) for _ in range(FIRST_STEP // ROUND)]
    assert observer.asked == 0
    assert texts_of(hypotheses(itertools.chain(*before))) <= typed
    after = texts_of(hypotheses(next(rounds)))
    assert after & besides and after <= typed | besides
    assert observer.asked == LOOKS


@pytest.mark.parametrize("name", CONTROLS)
def test_when_a_hypothesis_passes_what_does_the_same_is_tried_next(name: str) -> None:
    right = [TEXT.replace("return width", f"return {text}") for text in (UNTYPED, ALIKE)]
    x, _ = x_of(*right)
    net = CONTROLS[name]()
    y, z = net.start(x, 0)
    while len(z.survivors) < 2 and not z.exhausted and z.tried < 100_000:
        z = net(x, y, z)
    assert {attempt.texts["m.py"] for attempt in z.survivors} == set(right)
    assert net(y, z).texts == z.survivors[0].texts


@pytest.mark.parametrize("name", CONTROLS)
def test_the_whole_suite_judges_an_answer_as_it_does_the_nets(name: str) -> None:
    harmful, right = (TEXT.replace("return width", f"return {text}") for text in (UNTYPED, ALIKE))
    base = {"m.py": TEXT}

    def says(texts: Texts, tier: Tier) -> Verdict:
        broken = ("test_old",) if tier is Tier.SUITE and texts["m.py"] == harmful else ()
        return verdict("passed" if texts["m.py"] in (harmful, right) else "failed", tier=tier, regressions=broken)

    x, _ = x_of()
    x = X(**{**vars(x), "judge": FakeJudge(base, says)})
    net = CONTROLS[name]()
    y, z = net.start(x, 0)
    while not (z.survivors and z.survivors[0].verdict.tier is Tier.SUITE) and z.tried < 100_000:
        z = net(x, y, z)
    assert net(y, z).texts == {"m.py": right}


@pytest.mark.parametrize("name", CONTROLS)
def test_a_survivor_is_not_lost_when_the_run_must_end_behind_it(name: str) -> None:
    right = TEXT.replace("return width", f"return {UNTYPED}")
    x, _ = x_of(right)

    def stopping(batch: Sequence[Variant], tier: Tier) -> Iterator[Verdict]:
        for judged in x.judge(batch, tier):
            yield judged
            if judged.passed and tier is Tier.SCREEN:
                raise Stopped("budget")

    stopped, net = X(**{**vars(x), "judge": stopping}), CONTROLS[name]()
    y, z = net.start(stopped, 0)
    while not z.survivors and z.tried < 100_000:
        z = net(stopped, y, z)
    assert z.survivors[0].texts == {"m.py": right}


# In which order


def trial(start: int, end: int, rank: float) -> Trial:
    return Trial((Hypothesis((Edit("a.py", start, end, "x"),), "f", "w", "p", 1, 1, rank),), rank)


def test_pairs_come_once_each_the_likeliest_first_and_never_overlap() -> None:
    chance = random.Random(0)
    spans = [(start, start + chance.randrange(4)) for start in chance.choices(range(30), k=25)]
    singles = sorted((trial(*span, chance.random()) for span in spans), key=lambda one: -one.rank)
    found = list(pairs(singles))
    ranks = [pair.rank for pair in found]
    assert ranks == sorted(ranks, reverse=True)
    assert not any(overlap(pair.hypotheses[0].edits, pair.hypotheses[1].edits) for pair in found)
    possible = [
        frozenset((id(a.hypotheses[0]), id(b.hypotheses[0])))
        for i, a in enumerate(singles)
        for b in singles[i + 1 :]
        if not overlap(a.edits, b.edits)
    ]
    assert sorted(map(sorted, possible)) == sorted(sorted(map(id, pair.hypotheses)) for pair in found)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [((0, 2), (2, 4), False), ((0, 3), (2, 4), True), ((1, 1), (1, 1), True), ((1, 1), (1, 2), False)],
)
def test_edits_overlap_where_they_cannot_both_be_made(
    one: tuple[int, int], other: tuple[int, int], expected: bool
) -> None:
    assert overlap(trial(*one, 1).edits, trial(*other, 1).edits) is expected


def test_what_was_cut_short_comes_last_in_its_stage() -> None:
    first, second, third = (trial(number, number, 1.0) for number in range(3))
    line = Line(iter([iter([first, second]), iter([third])]))
    assert line.batch() == [first, second]
    line.put_off(first)
    assert line.batch() == [first._replace(cut=1)]
    assert line.batch() == [third]
    assert line.batch() == []
