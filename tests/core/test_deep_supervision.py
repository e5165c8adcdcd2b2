"""Deep supervision: a verdict a step, learning from each, the best kept, and an end for a reason."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest
from fakes import BASE, CancelAt, FakeJudge, ScriptedNet, Texts, candidate, meter, task_of, verdict
from hypothesis import given
from hypothesis import strategies as st

from trm_lsp.core.budget import WORK_UNITS, Budget, Meter, Stopped
from trm_lsp.core.events import Shape
from trm_lsp.core.halting import HaltReason
from trm_lsp.core.ports import X
from trm_lsp.core.state import Attempt, Candidate, Commit, Reasoning
from trm_lsp.core.supervision import Carried, Ended, Judged, Learn, Thought, deep_supervision, judge
from trm_lsp.core.verdict import Tier, Verdict

FAILED = verdict("failed", "failed", "failed")
PASSED = verdict("passed", "passed", "passed")

# How many of three tests fail with an answer, and how many others break.
scores = st.tuples(st.integers(0, 3), st.integers(0, 2))


def scored(failing: int, broken: int) -> Verdict:
    outcomes = ["failed"] * failing + ["passed"] * (3 - failing)
    return verdict(*outcomes, regressions=tuple(f"test_other_{number}" for number in range(broken)))


@dataclass
class Outcome:
    """What a run did."""

    facts: list[Thought | Judged | Carried | Ended]
    net: ScriptedNet
    judge: FakeJudge
    learned: list[tuple[X, Candidate, Reasoning, Verdict]]
    x: X
    meter: Meter

    @property
    def end(self) -> Ended:
        *rest, end = self.facts
        assert isinstance(end, Ended) and not any(isinstance(fact, Ended) for fact in rest)
        return end

    @property
    def judged(self) -> list[Judged]:
        return [fact for fact in self.facts if isinstance(fact, Judged)]

    @property
    def carried(self) -> list[Carried]:
        return [fact for fact in self.facts if isinstance(fact, Carried)]


def run(
    net: ScriptedNet,
    says: Callable[[Texts, Tier], Verdict] = lambda texts, tier: FAILED,
    *,
    baseline: Verdict = FAILED,
    shape: Shape | None = None,
    budget: Budget | None = None,
    cancelled: Callable[[], bool] = lambda: False,
    patience: int = 3,
    learn: Learn = lambda x, y, z, verdict: z,
) -> Outcome:
    fake, counter = FakeJudge(BASE, says), meter(budget, cancelled)
    x = task_of(BASE, fake, baseline)
    x = X(x.task, x.task_type, x.baseline, x.texts, x.editable, counter.judging(fake), x.tracer)
    y, z = net.start(x, 7)
    learned: list[tuple[X, Candidate, Reasoning, Verdict]] = []
    facts = deep_supervision(
        net,
        x,
        y,
        z,
        shape=shape or Shape(T=1, n=1, N_sup=8),
        meter=counter,
        learn=lambda *lesson: learned.append(lesson) or learn(*lesson),
        patience=patience,
    )
    return Outcome(list(facts), net, fake, learned, x, counter)


def by_text(answers: dict[str, Verdict]) -> Callable[[Texts, Tier], Verdict]:
    return lambda texts, tier: answers[texts["m.py"]]


# --- a verdict a step ---------------------------------------------------------------------------


def test_every_step_is_judged_and_teaches_with_what_it_came_to() -> None:
    done = run(ScriptedNet(["one", "two", "three"]), shape=Shape(T=1, n=2, N_sup=3))
    assert [fact.y.texts["m.py"] for fact in done.judged] == ["one", "two", "three"]
    assert [(lesson[0] is done.x, lesson[1].texts["m.py"], lesson[3].passed) for lesson in done.learned] == [
        (True, "one", False),
        (True, "two", False),
        (True, "three", False),
    ]


def test_the_verdict_is_about_the_last_y_of_the_step_alone() -> None:
    done = run(ScriptedNet(["one", "two", "three"]), shape=Shape(T=3, n=1, N_sup=1))
    assert [texts["m.py"] for _, texts in done.judge.asked] == ["three"]


def test_the_target_tests_are_asked_first_and_the_cold_run_only_when_they_pass() -> None:
    done = run(ScriptedNet(["one", "two"]), by_text({"one": FAILED, "two": PASSED}))
    assert done.judge.tiers == [Tier.CONFIRM, Tier.CONFIRM, Tier.COLD]
    assert done.end.best.verdict is not None and done.end.best.verdict.tier is Tier.COLD


def test_what_only_the_cold_run_refuses_does_not_pass() -> None:
    done = run(
        ScriptedNet(["one"]),
        lambda texts, tier: FAILED if tier is Tier.COLD else PASSED,
        shape=Shape(T=1, n=1, N_sup=1),
    )
    assert done.judge.tiers == [Tier.CONFIRM, Tier.COLD]
    assert done.end.decision.reason is HaltReason.MAX_STEPS


def test_the_unchanged_text_has_the_verdict_of_the_baseline_and_is_not_run() -> None:
    done = run(ScriptedNet(), shape=Shape(T=1, n=1, N_sup=2))
    assert done.judge.asked == []
    assert [fact.verdict for fact in done.judged] == [FAILED, FAILED]


def test_a_y_that_was_judged_is_not_judged_again_and_teaches_once() -> None:
    done = run(ScriptedNet(["one"]), shape=Shape(T=2, n=1, N_sup=4))
    assert [texts["m.py"] for _, texts in done.judge.asked] == ["one"]
    assert len(done.judged) == 4
    assert [lesson[1].texts["m.py"] for lesson in done.learned] == ["one"]


def test_judging_alone_keeps_a_verdict_that_y_brings_along() -> None:
    fake = FakeJudge(BASE, lambda texts, tier: FAILED)
    known = candidate("one").model_copy(update={"verdict": PASSED})
    assert judge(task_of(BASE, fake, FAILED), known) == PASSED
    assert fake.asked == []


# --- the best so far ----------------------------------------------------------------------------


@given(st.lists(scores, min_size=1, max_size=12))
def test_the_best_so_far_never_gets_worse(sequence: list[tuple[int, int]]) -> None:
    answers = {f"answer {number}": scored(*score) for number, score in enumerate(sequence)}
    done = run(ScriptedNet(list(answers)), by_text(answers), shape=Shape(T=1, n=1, N_sup=len(sequence)), patience=100)
    best = [FAILED.score, *(fact.progress.best.verdict.score for fact in done.judged if fact.progress.best.verdict)]
    assert best == sorted(best)
    assert done.end.best.verdict is not None
    assert done.end.best.verdict.score == max([FAILED.score, *(fact.verdict.score for fact in done.judged)])


@given(st.lists(scores, min_size=1, max_size=8), st.integers(0, 60))
def test_a_cancel_at_any_moment_gives_the_best_so_far(sequence: list[tuple[int, int]], moment: int) -> None:
    answers = {f"answer {number}": scored(*score) for number, score in enumerate(sequence)}
    done = run(
        ScriptedNet(list(answers)),
        by_text(answers),
        shape=Shape(T=1, n=2, N_sup=len(sequence)),
        cancelled=CancelAt(moment),
        patience=100,
    )
    assert done.end.best.verdict is not None
    assert done.end.best.verdict.score == max([FAILED.score, *(fact.verdict.score for fact in done.judged)])
    assert done.end.decision.halt


@given(st.lists(scores, min_size=1, max_size=8), st.floats(1, 2000))
def test_a_budget_that_ends_at_any_moment_gives_the_best_so_far(sequence: list[tuple[int, int]], work: float) -> None:
    answers = {f"answer {number}": scored(*score) for number, score in enumerate(sequence)}
    done = run(
        ScriptedNet(list(answers)),
        by_text(answers),
        shape=Shape(T=1, n=1, N_sup=len(sequence)),
        budget=Budget(work=work),
        patience=100,
    )
    assert done.end.best.verdict is not None
    assert done.end.best.verdict.score == max([FAILED.score, *(fact.verdict.score for fact in done.judged)])


def test_an_equal_answer_does_not_take_the_place_of_the_best() -> None:
    half = scored(1, 0)
    done = run(ScriptedNet(["one", "two"]), by_text({"one": half, "two": half}), shape=Shape(T=1, n=1, N_sup=2))
    assert done.end.best.texts["m.py"] == "one"


# --- the end ------------------------------------------------------------------------------------


def confident(answer: str) -> ScriptedNet:
    return ScriptedNet([candidate(answer, confidence=0.95)])


@pytest.mark.parametrize(
    ("outcome", "reason", "confidence"),
    [
        (lambda: run(ScriptedNet(["one"]), by_text({"one": PASSED})), HaltReason.PASSED, 1.0),
        (lambda: run(ScriptedNet(["one"]), budget=Budget(work=1)), HaltReason.BUDGET, 1.0),
        (lambda: run(ScriptedNet(["one"]), cancelled=CancelAt(0)), HaltReason.CANCELLED, 1.0),
        (lambda: run(ScriptedNet([str(n) for n in range(3)]), shape=Shape(N_sup=1)), HaltReason.MAX_STEPS, 0.5),
        (lambda: run(ScriptedNet([str(n) for n in range(20)]), shape=Shape(T=1, N_sup=20)), HaltReason.STUCK, 0.5),
        (lambda: run(ScriptedNet(think=exhausted)), HaltReason.STUCK, 1.0),
        (lambda: run(confident("one"), lambda texts, tier: verdict(), baseline=verdict()), HaltReason.CONFIDENCE, 0.95),
    ],
    ids=["passed", "budget", "cancelled", "max steps", "stuck", "stuck and exhausted", "confidence"],
)
def test_every_end_has_its_reason_and_how_sure_it_is(
    outcome: Callable[[], Outcome], reason: HaltReason, confidence: float
) -> None:
    decision = outcome().end.decision
    assert (decision.halt, decision.reason, decision.confidence) == (True, reason, confidence)


def exhausted(x: X, y: Candidate, z: Reasoning) -> Reasoning:
    return z.model_copy(update={"exhausted": True})


def test_it_ends_in_the_step_that_passes() -> None:
    done = run(ScriptedNet(["one", "two", "three"]), by_text({"one": FAILED, "two": PASSED}))
    assert (done.end.step, done.end.best.texts["m.py"]) == (2, "two")


def test_a_confident_answer_does_not_end_a_run_that_has_tests() -> None:
    done = run(confident("one"), shape=Shape(T=1, n=1, N_sup=3))
    assert done.end.decision.reason is HaltReason.MAX_STEPS


def test_cancelled_before_anything_the_best_is_the_unchanged_text() -> None:
    done = run(ScriptedNet(["one"]), cancelled=CancelAt(0))
    assert (done.end.best.touched, done.end.best.verdict, len(done.net.calls)) == ((), FAILED, 1)


# --- survivors when the budget ends -------------------------------------------------------------


def survivor(text: str) -> Attempt:
    commit = Commit(family="comparison", edits=())
    return Attempt(commit=commit, parent="", base=BASE, texts={"m.py": text}, verdict=PASSED)


def first_survivor(y: Candidate, z: Reasoning) -> Candidate:
    """A y-update that commits survivors."""
    if not z.survivors or z.survivors[0].key == y.digest:
        return y
    return candidate(z.survivors[0].texts["m.py"])


def finds_survivors_then_overspends(spend: Callable[[], None], *texts: str) -> ScriptedNet:
    """A net whose second z-update finds survivors after a long experiment."""

    def think(x: X, y: Candidate, z: Reasoning) -> Reasoning:
        spend()
        return z.model_copy(update={"survivors": tuple(map(survivor, texts))})

    return ScriptedNet(think=think, answer=first_survivor)


def refused(x: X, y: Candidate, z: Reasoning, verdict: Verdict) -> Reasoning:
    """What a verdict must teach at least."""
    rest = tuple(one for one in z.survivors if verdict.passed or one.key != y.digest)
    return z.model_copy(update={"survivors": rest})


def overspent(
    says: Callable[[Texts, Tier], Verdict],
    cancelled: Callable[[], bool] = lambda: False,
    *,
    survivors: Sequence[str] = ("right",),
) -> Outcome:
    """A run whose budget ends in the middle of a cycle, with survivors that no verdict has seen."""
    spending: list[Meter] = []
    net = finds_survivors_then_overspends(lambda: spending[0].count(work=1000), *survivors)
    fake, counter = FakeJudge(BASE, says), meter(Budget(work=1000), cancelled)
    spending.append(counter)
    x = task_of(BASE, fake, FAILED)
    x = X(x.task, x.task_type, x.baseline, x.texts, x.editable, counter.judging(fake), x.tracer)
    y, z = net.start(x, 7)
    facts = deep_supervision(net, x, y, z, shape=Shape(), meter=counter, learn=refused)
    return Outcome(list(facts), net, fake, [], x, counter)


def test_a_survivor_gets_its_verdict_after_the_budget_ended() -> None:
    done = overspent(lambda texts, tier: PASSED)
    assert done.judge.tiers == [Tier.CONFIRM, Tier.COLD]
    assert (done.end.decision.reason, done.end.best.texts["m.py"]) == (HaltReason.PASSED, "right")


def test_a_survivor_that_its_verdict_refuses_leaves_the_budget_as_the_reason() -> None:
    done = overspent(lambda texts, tier: FAILED if tier is Tier.COLD else PASSED)
    assert (done.end.decision.reason, done.end.best.touched) == (HaltReason.BUDGET, ())


def cold_refuses(*texts: str) -> Callable[[Texts, Tier], Verdict]:
    return lambda asked, tier: FAILED if tier is Tier.COLD and asked["m.py"] in texts else PASSED


def cold_runs(done: Outcome) -> list[str]:
    return [texts["m.py"] for tier, texts in done.judge.asked if tier is Tier.COLD]


def test_after_the_budget_the_survivors_have_their_verdicts_in_order_until_one_passes() -> None:
    done = overspent(cold_refuses("one", "two"), survivors=("one", "two", "three", "four"))
    assert cold_runs(done) == ["one", "two", "three"]
    assert (done.end.decision.reason, done.end.best.texts["m.py"]) == (HaltReason.PASSED, "three")
    assert [one.texts["m.py"] for one in done.end.z.survivors] == ["three", "four"]


def test_where_every_survivor_is_refused_none_is_left() -> None:
    done = overspent(cold_refuses("one", "two"), survivors=("one", "two"))
    assert (done.end.decision.reason, done.end.best.touched, done.end.z.survivors) == (HaltReason.BUDGET, (), ())


def test_a_net_that_keeps_what_was_refused_ends_all_the_same() -> None:
    net = ScriptedNet(
        think=lambda x, y, z: z.model_copy(update={"survivors": (survivor("one"), survivor("two"))}),
        answer=first_survivor,
    )
    done = run(net, shape=Shape(T=1, n=1, N_sup=2))
    assert done.end.decision.reason is HaltReason.MAX_STEPS


def test_a_refused_answer_is_not_asked_for_again_when_the_budget_ends_right_after_it() -> None:
    """The net learns of a verdict in its next z-update; this one ends before it has thought."""

    def think(x: X, y: Candidate, z: Reasoning) -> Reasoning:
        if y.verdict is not None:
            raise Stopped("budget")
        return z.model_copy(update={"survivors": (survivor("one"), survivor("two"))})

    net = ScriptedNet(think=think, answer=first_survivor)
    done = run(net, cold_refuses("one"), shape=Shape(T=1, n=1, N_sup=8), learn=refused)
    assert cold_runs(done) == ["one", "two"]
    assert (done.end.decision.reason, done.end.best.texts["m.py"]) == (HaltReason.PASSED, "two")


def test_after_the_last_step_too_the_other_survivors_have_their_verdicts() -> None:
    def think(x: X, y: Candidate, z: Reasoning) -> Reasoning:
        return z.model_copy(update={"survivors": (survivor("one"), survivor("two"))})

    net = ScriptedNet(think=think, answer=first_survivor)
    done = run(net, cold_refuses("one"), shape=Shape(T=1, n=1, N_sup=1), learn=refused)
    assert (done.end.decision.reason, done.end.best.texts["m.py"]) == (HaltReason.PASSED, "two")


def test_a_fresh_start_keeps_the_survivors() -> None:
    def think(x: X, y: Candidate, z: Reasoning) -> Reasoning:
        return z.model_copy(update={"exhausted": True, "survivors": (survivor("late"),)})

    done = run(ScriptedNet(think=think), shape=Shape(T=1, n=1, N_sup=3), patience=1)
    fresh = next(fact for fact in done.carried if fact.z.seed == 8)
    assert [one.texts["m.py"] for one in fresh.z.survivors] == ["late"]


def test_a_cancel_leaves_the_survivors_that_no_verdict_has_seen() -> None:
    done = overspent(cold_refuses("one"), CancelAt(4), survivors=("one", "two"))
    assert done.end.decision.reason is HaltReason.CANCELLED
    assert [one.texts["m.py"] for one in done.end.z.survivors] == ["two"]


@pytest.mark.parametrize("moment", range(1, 3))
def test_a_cancel_during_the_last_verdict_still_ends_with_the_best_so_far(moment: int) -> None:
    done = overspent(lambda texts, tier: PASSED, CancelAt(moment))
    assert (done.end.decision.reason, done.end.best.verdict) == (HaltReason.CANCELLED, FAILED)


def test_without_a_survivor_nothing_runs_after_the_budget_ended() -> None:
    done = run(ScriptedNet(["one"]), budget=Budget(work=WORK_UNITS[Tier.CONFIRM]), shape=Shape(T=1, n=1))
    assert done.judge.tiers == [Tier.CONFIRM]
    assert done.end.decision.reason is HaltReason.BUDGET


# --- detach, restart ----------------------------------------------------------------------------


def remembering(x: X, y: Candidate, z: Reasoning) -> Reasoning:
    """Note in the thoughts whether the inner memory is still there, and have one."""
    return z.think("kept" if z.memory else "gone").model_copy(update={"memory": {"queue": [1, 2, 3]}})


def test_the_inner_memory_lasts_for_a_step_and_does_not_survive_the_detach() -> None:
    done = run(ScriptedNet(think=remembering), shape=Shape(T=2, n=2, N_sup=2))
    assert done.end.z.thoughts == ("gone", "kept", "kept", "kept") * 2
    assert [fact.z.memory for fact in done.carried] == [None]


def test_a_step_receives_what_the_last_one_carried() -> None:
    done = run(ScriptedNet(["one", "two"], think=remembering), shape=Shape(T=1, n=1, N_sup=2))
    (carried,) = done.carried
    _, y, z = [call for call in done.net.calls if len(call) == 3][1]
    assert (y, z) == (carried.y, carried.z)
    assert y.verdict == FAILED.model_copy(update={"tier": Tier.CONFIRM})


def test_stuck_it_starts_afresh_once_from_the_best_with_what_is_ruled_out() -> None:
    def think(x: X, y: Candidate, z: Reasoning) -> Reasoning:
        if z.tried:
            return z.model_copy(update={"exhausted": True})
        return z.model_copy(
            update={"tried": 1, "exhausted": True, "ruled_out": ("no such luck",), "errors": ("KeyError",), "bound": 3}
        )

    done = run(ScriptedNet(["half", "worse"], think=think), by_text({"half": scored(1, 0), "worse": scored(2, 0)}))
    assert done.net.seeds == [7, 8]
    restarted = next(fact for fact in done.carried if fact.z.seed == 8)
    assert restarted.y.texts["m.py"] == "half"
    assert (restarted.z.ruled_out, restarted.z.errors, restarted.z.bound) == (("no such luck",), ("KeyError",), 3)
    assert (restarted.z.tried, restarted.z.exhausted) == (1, False)
    assert done.end.decision.reason is HaltReason.STUCK


def test_a_step_that_still_has_something_to_try_is_not_stuck() -> None:
    done = run(ScriptedNet(), shape=Shape(T=1, n=1, N_sup=12), patience=1)
    assert (done.end.decision.reason, done.net.seeds) == (HaltReason.MAX_STEPS, [7])


# --- what it counts and tells -------------------------------------------------------------------


def test_every_call_of_the_net_is_told_and_counted() -> None:
    done = run(ScriptedNet(), shape=Shape(T=3, n=2, N_sup=2))
    thoughts = [fact for fact in done.facts if isinstance(fact, Thought)]
    assert [(fact.step, fact.update.cycle, fact.update.i) for fact in thoughts] == [
        (step, cycle, i) for step in (1, 2) for cycle in (1, 2, 3) for i in (1, 2, 0)
    ]
    assert (done.meter.spent.net_calls, done.meter.spent.y_updates) == (18, 6)


def test_a_thought_holds_what_was_before_it() -> None:
    done = run(ScriptedNet(["one"]), shape=Shape(T=1, n=1, N_sup=1))
    before, after = [fact for fact in done.facts if isinstance(fact, Thought)]
    assert (after.y_before.texts["m.py"], after.update.y.texts["m.py"]) == ("base\n", "one")
    assert after.z_before == before.update.z


def order_of(facts: Sequence[object]) -> str:
    return " ".join(type(fact).__name__ for fact in facts)


def test_the_facts_come_in_the_order_of_the_loop() -> None:
    done = run(ScriptedNet(), shape=Shape(T=1, n=1, N_sup=2))
    assert order_of(done.facts) == "Thought Thought Judged Carried Thought Thought Judged Ended"
