"""Controls can try on the unchanged text what the net can, each in an order of its own."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable, Iterator, Sequence

import pytest
from fakes import FakeJudge, Texts, meter, task_of, verdict

from bench.controls import (
    CONTROLS,
    FIRST_STEP,
    ROUND,
    BestFirst,
    Line,
    Pairs,
    Trial,
    exhaustive,
    flat,
    in_order_of_finding,
    looks_after,
    oriented,
    overlap,
    resample,
)
from trm_lsp.core.budget import Stopped
from trm_lsp.core.events import Shape
from trm_lsp.core.ports import Slot, Values, X
from trm_lsp.core.state import Attempt, Candidate, Commit, Edit, Reasoning, Variant
from trm_lsp.core.supervision import Thought, deep_supervision
from trm_lsp.core.verdict import Outcome, TestResult, Tier, Verdict
from trm_lsp.nets.repair import RepairNet
from trm_lsp.nets.repair.experiments import LEAST_SHARES, LONGER, LOOKED_LONGER
from trm_lsp.nets.repair.hypotheses import Hypothesis, rank
from trm_lsp.nets.repair.looking import observed
from trm_lsp.nets.repair.orienting import orient
from trm_lsp.patch.edits import apply_all

TEXT = """\
def area(width, height):
    return width


def unrelated():
    return 0
"""
BASE = {"m.py": TEXT}
UNTYPED, ALIKE = "width * height - width * 0", "height * width + width * 0"
"""Two texts of one behaviour that no family of typed edits proposes."""


class FakeObserver:
    """Says of every slot that this one behaviour would be another there."""

    def __init__(self) -> None:
        self.asked = self.stubs = 0
        """How often, and how often of stubs."""

    def __call__(
        self, variant: Variant, slots: Sequence[Slot], *_: object, stubs: bool = False, **__: object
    ) -> tuple[Values, ...]:
        self.asked += 1
        self.stubs += stubs
        return tuple(Values(slot=slot, classes=((UNTYPED, ALIKE),)) for slot in slots)


def x_of(*right: str, base: Texts = BASE) -> tuple[X, FakeObserver]:
    """A task in which these texts pass, and its observer."""
    observer = FakeObserver()

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
    first = net_looks_after(x)
    observer.asked = 0
    trials = next(flat(x, 0))
    before = list(itertools.islice(trials, first))
    assert observer.asked == 0
    after = next(trials)
    assert observer.asked == LOOKS
    assert texts_of(hypotheses(before)) <= typed
    singles = (trial for trial in [*before, after, *trials] if len(trial.hypotheses) == 1)
    assert texts_of(hypotheses(singles)) == typed | besides


def net_looks_after(x: X) -> int:
    z = oriented(x)
    return looks_after(z, z.memory.queue)


def test_the_net_observes_no_later_than_the_controls_do() -> None:
    x, observer = x_of()
    z = oriented(x)
    likely = [h for h in z.memory.queue if h.cost == 1 and rank(h, z) >= LEAST_SHARES[0] * max(z.suspicion.values())]
    net, tried = RepairNet(), 0
    for fact in deep_supervision(net, x, *net.start(x, 0), shape=Shape(), meter=meter(), learn=lambda _x, _y, z, _v: z):
        if observer.asked:
            break
        tried = fact.update.z.tried if isinstance(fact, Thought) else tried
    assert 0 < tried <= net_looks_after(x) == len(likely) < FIRST_STEP


@pytest.mark.parametrize("name", CONTROLS)
def test_stubs_are_looked_at_before_anything_is_tried(name: str) -> None:
    base = {"m.py": "def area(width, height):\n    raise NotImplementedError\n"}
    x, observer = x_of(base=base)
    asked: list[int] = []

    def watching(batch: Sequence[Variant], tier: Tier) -> Iterator[Verdict]:
        asked.append(observer.stubs)
        return x.judge(batch, tier)

    watched = X(**{**vars(x), "judge": watching})
    net = CONTROLS[name]()
    net(watched, *net.start(watched, 0))
    assert asked[0] == 1


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
    first = net_looks_after(x)
    observer.asked = 0
    rounds = resample(x, 0)
    before = [list(next(rounds)) for _ in range(-(-first // ROUND))]
    assert observer.asked == 0 and sum(map(len, before)) == first
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


@pytest.mark.parametrize("name", CONTROLS)
def test_only_what_leaves_no_target_failing_takes_a_process_of_its_own(name: str) -> None:
    right = TEXT.replace("return width", f"return {UNTYPED}")

    def says(texts: Texts, _tier: Tier) -> Verdict:
        half = texts["m.py"] != TEXT  # every edit makes one of two failing tests pass
        return verdict("passed" if half else "failed", "passed" if texts["m.py"] == right else "failed")

    judge = FakeJudge(BASE, says)
    x, _ = x_of()
    x = X(**{**vars(x), "judge": judge, "baseline": says(BASE, Tier.COLD)})
    net = CONTROLS[name]()
    y, z = net.start(x, 0)
    while not z.survivors and z.tried < 100_000:
        z = net(x, y, z)
    assert z.survivors and {texts["m.py"] for tier, texts in judge.asked if tier is not Tier.SCREEN} == {right}


@pytest.mark.parametrize("name", CONTROLS)
def test_others_of_a_behaviour_are_tried_where_it_satisfies_the_targets_and_breaks_another_test(name: str) -> None:
    harmful, right = (TEXT.replace("return width", f"return {text}") for text in (UNTYPED, ALIKE))

    def says(texts: Texts, tier: Tier) -> Verdict:
        broken = ("test_old",) if texts["m.py"] == harmful else ()
        return verdict("passed" if texts["m.py"] in (harmful, right) else "failed", regressions=broken)

    x, _ = x_of()
    x = X(**{**vars(x), "judge": FakeJudge(BASE, says)})
    net = CONTROLS[name]()
    y, z = net.start(x, 0)
    while not z.survivors and not z.exhausted and z.tried < 100_000:
        z = net(x, y, z)
    assert [attempt.texts["m.py"] for attempt in z.survivors] == [right]


@pytest.mark.parametrize("arm", ["trm", *CONTROLS])
def test_the_first_that_are_cut_short_are_looked_at_for_longer_at_once(arm: str) -> None:
    asked: list[int] = []

    def cutting(batch: Sequence[Variant], tier: Tier) -> Iterator[Verdict]:
        for variant in batch:
            asked.append(variant.patience)
            yield verdict("timeout", tier=tier)

    x, _ = x_of()
    x = X(**{**vars(x), "judge": cutting})
    net = RepairNet() if arm == "trm" else CONTROLS[arm]()
    y, z = net.start(x, 0)
    while not z.tried:
        z = net(x, y, z)
    assert [patience for patience in asked if patience == LONGER] == [LONGER] * LOOKED_LONGER
    assert asked[1] == LONGER


def test_slow_tests_leave_the_flat_queue_more_that_takes_a_process_of_its_own() -> None:
    base = {"m.py": "LIMIT = 3 + 4\n\n\ndef area(width, height):\n    return width - height + 1\n"}

    def outside(seconds: float) -> int:
        """How many of the first trials change what runs when modules are imported."""
        slow = TestResult(id="test_m.py::test_0", outcome=Outcome.FAILED, seconds=seconds)
        x, _ = x_of(base=base)
        x = X(**{**vars(x), "baseline": x.baseline.model_copy(update={"results": (slow,)})})
        first = [trial for trial in itertools.islice(flat_trials(x), 24) if len(trial.hypotheses) == 1]
        return sum(trial.edits[0].start < len("LIMIT = 3 + 4") for trial in first)

    assert outside(0.0) < outside(10.0)


def flat_trials(x: X) -> Iterator[Trial]:
    return itertools.chain.from_iterable(flat(x, 0))


def test_survivors_stay_in_the_order_of_their_finding() -> None:
    first, second, refused = (attempt(text) for text in ("a", "b", "c"))
    z = Reasoning(survivors=(first,), ruled_out=(f"y {refused.key}",))
    assert in_order_of_finding(z, [second, first, refused]) == (first, second)
    vouched = first.model_copy(update={"verdict": verdict("passed", tier=Tier.SUITE)})
    assert in_order_of_finding(z.model_copy(update={"survivors": (vouched,)}), [first]) == (vouched,)


def attempt(text: str) -> Attempt:
    edits = (Edit("m.py", 0, len(TEXT), text),)
    return Attempt(
        commit=Commit(family="f", edits=edits),
        parent=Candidate().digest,
        base=BASE,
        texts={"m.py": text},
        verdict=verdict("passed", tier=Tier.CONFIRM),
    )


# In which order


def trial(start: int, end: int, rank: float) -> Trial:
    return Trial((Hypothesis((Edit("a.py", start, end, "x"),), "f", "w", "p", 1, 1, rank),), rank)


@pytest.mark.parametrize("falling", [True, False], ids=["best first", "in any order"])
def test_pairs_come_once_each_the_likeliest_first_and_never_overlap(falling: bool) -> None:
    chance = random.Random(0)
    spans = [(start, start + chance.randrange(4)) for start in chance.choices(range(30), k=25)]
    singles = [trial(*span, chance.random()) for span in spans]
    pairs = Pairs()
    for single in sorted(singles, key=lambda one: -one.rank) if falling else singles:
        pairs.add(single)
    found = list(iter(pairs.next, None))
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


def test_the_flat_queue_is_one_by_rank_of_single_edits_and_pairs() -> None:
    x, _ = x_of()
    first = net_looks_after(x)
    queue = BestFirst(x, merged=True)
    trials = list(iter(queue.next, None))
    ranks = [trial.rank for trial in trials]
    assert ranks[:first] == sorted(ranks[:first], reverse=True)
    assert ranks[first:] == sorted(ranks[first:], reverse=True)
    assert len(trials[-1].hypotheses) == 1  # behind it there are pairs alone
    besides = closure(x)[1]
    paired = (hypothesis for trial in trials for hypothesis in trial.hypotheses if len(trial.hypotheses) == 2)
    assert texts_of(paired) & besides
    assert queue.pairs.next() is not None


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
