"""The embedded net in its loop: experiments with x, one decision without, and a judge that knows the answer."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import pytest
from fakes import FakeJudge, FakeTracer, Texts, meter, task_of, verdict

from trm_lsp.core.budget import Stopped
from trm_lsp.core.events import Shape
from trm_lsp.core.halting import HaltReason
from trm_lsp.core.ports import Slot, Values, X
from trm_lsp.core.recursion import Update, recursion
from trm_lsp.core.state import (
    ATTEMPTS_KEPT,
    PARTIAL_KEPT,
    PLACES_KEPT,
    RULED_OUT_KEPT,
    THOUGHTS_KEPT,
    Attempt,
    Candidate,
    Commit,
    Edit,
    Focus,
    Reasoning,
    Variant,
    detach,
)
from trm_lsp.core.supervision import Ended, Thought, deep_supervision
from trm_lsp.core.verdict import Outcome, TestResult, Tier, Verdict
from trm_lsp.learning import learn
from trm_lsp.nets.repair import RepairNet
from trm_lsp.nets.repair.experiments import CUT_BATCHES

Says = Callable[[Texts, Tier], Verdict]

TOTAL = """\
def total(items):
    result = 0
    for item in items:
        result += item
    return result - 1
"""
RIGHT = TOTAL.replace("result - 1", "result")
TWO = """\
def add(a, b):
    return a - b


def less(a, b):
    return a > b
"""


def only(*answers: str) -> Says:
    """A judge that lets these texts pass and no others."""
    return lambda texts, tier: verdict("passed" if texts["m.py"] in answers else "failed")


def both_parts(texts: Texts, tier: Tier) -> Verdict:
    """One test for each function of `TWO`."""
    text = texts["m.py"]
    return verdict(
        "passed" if "return a + b" in text else "failed",
        "passed" if "return a < b" in text else "failed",
        signatures=("assert -1 == 3", "assert False"),
    )


def x_of(text: str, says: Says) -> tuple[X, FakeJudge]:
    base = {"m.py": text}
    judge = FakeJudge(base, says)
    return task_of(base, judge, says(base, Tier.COLD)), judge


@dataclass
class Run:
    facts: list[object]
    judge: FakeJudge

    @property
    def end(self) -> Ended:
        assert isinstance(self.facts[-1], Ended)
        return self.facts[-1]

    @property
    def updates(self) -> list[Thought]:
        return [fact for fact in self.facts if isinstance(fact, Thought)]

    @property
    def answers(self) -> list[Thought]:
        return [fact for fact in self.updates if fact.update.i == 0]


def run(text: str, says: Says, *, seed: int = 0, shape: Shape | None = None) -> Run:
    x, judge = x_of(text, says)
    net = RepairNet()
    y, z = net.start(x, seed)
    facts = deep_supervision(net, x, y, z, shape=shape or Shape(), meter=meter(), learn=learn)
    return Run(list(facts), judge)


def thinking(x: X, steps: int, *, T: int = 2, n: int = 3) -> Iterator[Update]:
    """The net's updates over some steps, detached in between, with no verdicts but its own."""
    net = RepairNet()
    y, z = net.start(x, 0)
    for _ in range(steps):
        for update in recursion(net, x, y, z, T=T, n=n):
            yield update
            y, z = update.y, update.z
        y, z = detach(y, z)


# --- finding ------------------------------------------------------------------------------------


def test_it_finds_and_commits_the_one_text_that_passes() -> None:
    done = run(TOTAL, only(RIGHT))
    assert done.end.decision.reason is HaltReason.PASSED
    assert done.end.best.texts == {"m.py": RIGHT}
    (commit,) = done.end.best.commits
    assert commit.reason and "m.py:5" in commit.reason
    assert 0 < done.end.best.confidence <= 1


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("def f(a):\n    if a > 3:\n        return 1\n    return 0\n", "    if a >= 3:\n"),
        ("def f(a, b):\n    return max(a, b)\n", "    return min(a, b)\n"),
        ("def f(a):\n    b = a\n    return a\n", "    return b\n"),
        ("def f(a):\r\n    return a[0]\r\n", "    if not a:\r\n        return None\r\n    return a[0]\r\n"),
        ("def f(ñ, ö):\n    return 'é😀' + ñ + ö\n", "    return 'é😀' + ñ - ö\n"),
    ],
)
def test_it_finds_repairs_of_different_kinds(text: str, right: str) -> None:
    def says(texts: Texts, tier: Tier) -> Verdict:
        return verdict("passed" if right in texts["m.py"] else "failed")

    assert run(text, says).end.decision.reason is HaltReason.PASSED


def test_a_partial_fix_and_a_second_edit_repair_two_mistakes() -> None:
    done = run(TWO, both_parts)
    assert done.end.decision.reason is HaltReason.PASSED
    assert len(done.end.best.commits) == 2
    assert both_parts(done.end.best.texts, Tier.COLD).passed


def test_of_partial_fixes_only_those_that_are_built_on_take_a_process_of_their_own() -> None:
    def says(texts: Texts, tier: Tier) -> Verdict:
        """Whatever is changed in the first function makes one test pass, and no second edit helps."""
        return verdict("passed" if "return a - b" not in texts["m.py"] else "failed", "failed")

    base = {"m.py": TWO}
    judge = FakeJudge(base, says)
    x = task_of(base, judge, says(base, Tier.COLD))
    built_on = {update.y.texts["m.py"] for update in thinking(x, 12) if update.y.commits}
    confirmed = {texts["m.py"] for tier, texts in judge.asked if tier is Tier.CONFIRM}
    helpful = {texts["m.py"] for tier, texts in judge.asked if len(says(texts, tier).failing) == 1}
    assert len(helpful) > 3 * len(confirmed) > 0
    assert built_on and built_on <= confirmed


def test_a_partial_fix_that_breaks_others_in_a_process_of_its_own_is_not_built_on() -> None:
    def says(texts: Texts, tier: Tier) -> Verdict:
        if "return a - b" in texts["m.py"]:
            return verdict("failed", "failed")
        if tier is Tier.SCREEN:
            return verdict("passed", "failed")
        return verdict("passed", "passed", regressions=("test_m.py::test_other",))

    x, judge = x_of(TWO, says)
    assert not any(update.y.commits for update in thinking(x, 12))
    assert Tier.CONFIRM in judge.tiers


def test_a_partial_fix_that_passes_all_in_a_process_of_its_own_is_the_answer() -> None:
    def says(texts: Texts, tier: Tier) -> Verdict:
        if "return a + b" not in texts["m.py"]:
            return verdict("failed", "failed")
        return verdict("passed", "failed" if tier is Tier.SCREEN else "passed")

    done = run(TWO, says)
    assert done.end.decision.reason is HaltReason.PASSED
    assert "return a + b" in done.end.best.texts["m.py"]


def test_after_a_commit_it_looks_again_where_the_fault_is() -> None:
    base = {"m.py": TWO}
    tracer = FakeTracer(base)
    judge = FakeJudge(base, both_parts)
    x = task_of(base, judge, both_parts(base, Tier.COLD), tracer=tracer)
    committed = next(update for update in thinking(x, 8) if len(update.y.commits) == 2)
    assert [len(variant.texts) for variant in tracer.asked[:2]] == [0, 1]
    assert committed.y.touched == ("m.py",)


def test_the_same_seed_repeats_the_run() -> None:
    one, other = run(TWO, both_parts, seed=3), run(TWO, both_parts, seed=3)
    assert one.judge.asked == other.judge.asked
    assert [fact.update.z for fact in one.updates] == [fact.update.z for fact in other.updates]
    assert one.end == other.end


def test_nothing_is_tried_twice() -> None:
    x, judge = x_of(TOTAL, only())
    list(thinking(x, 12))
    tried = Counter((tier, texts["m.py"]) for tier, texts in judge.asked)
    assert len(tried) > 100
    assert [text for (_, text), count in tried.items() if count > 1] == []


def test_with_nothing_left_to_try_it_is_stuck_and_says_that_it_knows() -> None:
    decision = run(TOTAL, only()).end.decision
    assert (decision.reason, decision.confidence) == (HaltReason.STUCK, 1.0)


def test_code_that_no_test_reaches_is_not_changed() -> None:
    base = {"m.py": TWO}
    lines = {f"test_m.py::test_{number}": {"m.py": (2,)} for number in (0, 1)}
    judge = FakeJudge(base, lambda texts, tier: verdict("failed", "failed"))
    x = task_of(base, judge, verdict("failed", "failed"), tracer=FakeTracer(base, lines=lines))
    list(thinking(x, 4))
    assert judge.asked
    assert all("def less(a, b):\n    return a > b\n" in texts["m.py"] for _, texts in judge.asked)


def test_when_the_tests_reach_nothing_it_says_so_and_runs_nothing() -> None:
    base = {"m.py": TWO}
    judge = FakeJudge(base, both_parts)
    nowhere = FakeTracer(base, lines={f"test_m.py::test_{number}": {} for number in (0, 1)})
    x = task_of(base, judge, both_parts(base, Tier.COLD), tracer=nowhere)
    *_, last = thinking(x, 3)
    assert judge.asked == []
    assert last.z.exhausted and "reach no code" in last.z.thoughts[0]


def test_what_breaks_other_tests_is_no_partial_fix() -> None:
    def says(texts: Texts, tier: Tier) -> Verdict:
        said = both_parts(texts, tier)
        return said.model_copy(update={"regressions": ("test_old",)}) if said.score > (0, 0) else said

    x, _ = x_of(TWO, says)
    *_, last = thinking(x, 6)
    assert (last.z.partial, last.z.survivors, last.y.commits) == ((), (), ())


# --- the two kinds of update --------------------------------------------------------------------


def test_y_starts_as_the_text_in_focus_and_z_with_the_failures() -> None:
    x, _ = x_of(TWO, both_parts)
    y, z = RepairNet().start(x, 5)
    assert (y.touched, z.seed, z.errors) == ((), 5, ("assert -1 == 3", "assert False"))
    focus = Focus(path="m.py", first_line=1, last_line=2)
    x = X(x.task.model_copy(update={"focus": focus}), x.task_type, x.baseline, x.texts, x.editable, x.judge, x.tracer)
    y, _ = RepairNet().start(x, 5)
    assert (y.texts, y.touched) == ({"m.py": TWO}, ())


def test_an_update_of_y_runs_nothing() -> None:
    x, judge = x_of(TWO, both_parts)
    before = 0
    for update in thinking(x, 8):
        if update.i == 0:
            assert len(judge.asked) == before
        before = len(judge.asked)


def test_an_update_of_z_leaves_y_alone() -> None:
    for thought in run(TWO, both_parts).updates:
        if thought.update.i:
            assert thought.update.y is thought.y_before


def test_the_net_takes_x_y_z_or_y_z_and_nothing_else() -> None:
    x, _ = x_of(TWO, both_parts)
    y, z = RepairNet().start(x, 0)
    for wrong in [(z, y), (x, z, y), (x,), (y,)]:
        with pytest.raises(TypeError, match=r"\(x, y, z\) or \(y, z\)"):
            RepairNet()(*wrong)  # type: ignore[call-overload]


def test_with_nothing_to_learn_z_comes_back_as_it_was() -> None:
    done = run(TOTAL, only(RIGHT))
    x, judge = x_of(TOTAL, only(RIGHT))
    y = done.end.best.model_copy(update={"verdict": None})
    assert RepairNet()(x, y, done.end.z) is done.end.z
    assert judge.asked == []


def test_one_experiment_is_bounded() -> None:
    x, judge = x_of(TOTAL, only())
    before = 0
    for _ in thinking(x, 4):
        assert len(judge.asked) - before <= 3 * CUT_BATCHES[0]  # what looks good is asked thrice
        before = len(judge.asked)


def test_a_restart_from_the_resume_point_goes_on_as_if_nothing_had_happened() -> None:
    x, _ = x_of(TWO, both_parts)
    net = RepairNet()
    y, z = detach(*net.start(x, 0))
    first = list(recursion(net, x, y, z, T=1, n=2))[-1]
    resumed = [list(recursion(RepairNet(), x, *detach(first.y, first.z), T=2, n=3))[-1] for _ in range(2)]
    assert (resumed[0].y, resumed[0].z) == (resumed[1].y, resumed[1].z)


# --- refused, taken back, made smaller ----------------------------------------------------------


def refused_cold(texts: Texts, tier: Tier) -> Verdict:
    """`RIGHT` passes everything but the cold run; adding one instead passes that too."""
    text = texts["m.py"]
    passes = text == RIGHT.replace("return result", "return result + 1") or (text == RIGHT and tier is not Tier.COLD)
    return verdict("passed" if passes else "failed")


def passes_but_not_cold(texts: Texts, tier: Tier) -> Verdict:
    return verdict("passed" if texts["m.py"] == RIGHT and tier is not Tier.COLD else "failed")


def test_a_survivor_that_the_verdict_refused_is_taken_back() -> None:
    done = run(TOTAL, passes_but_not_cold)
    texts = [list(thought.update.y.texts.values()) for thought in done.answers]
    refused = texts.index([RIGHT])
    assert [TOTAL] in texts[refused:]
    assert any("refused the answer" in thought for thought in done.end.z.thoughts)


def test_a_refused_survivor_of_two_edits_is_not_thought_about() -> None:
    def says(texts: Texts, tier: Tier) -> Verdict:
        found = both_parts(texts, tier)
        harm = ("test_m.py::test_other",) if tier is Tier.COLD and found.passed else ()
        return found.model_copy(update={"regressions": harm})

    done = run(TWO, says, shape=Shape(N_sup=6))
    assert done.end.decision.reason is not HaltReason.PASSED
    assert any(thought.update.y.verdict and thought.update.y.verdict.regressions for thought in done.updates)


def test_after_a_refused_survivor_it_finds_another() -> None:
    done = run(TOTAL, refused_cold)
    assert done.end.decision.reason is HaltReason.PASSED
    assert done.end.best.texts["m.py"] == RIGHT.replace("return result", "return result + 1")


def test_a_refused_survivor_is_not_committed_again() -> None:
    done = run(TOTAL, passes_but_not_cold)
    assert [tier for tier, texts in done.judge.asked if texts["m.py"] == RIGHT].count(Tier.COLD) == 1


def test_a_refused_survivor_does_not_keep_a_rarer_repair_from_being_found() -> None:
    rare = TOTAL.replace("    result = 0\n", "    if not items:\n        return None\n    result = 0\n")

    def says(texts: Texts, tier: Tier) -> Verdict:
        text = texts["m.py"]
        return verdict("passed" if text == rare or (text == RIGHT and tier is not Tier.COLD) else "failed")

    assert run(TOTAL, says).end.best.texts["m.py"] == rare


def attempt(base: str, text: str, *edits: Edit) -> Attempt:
    commit = Commit(family="comparison", edits=edits, reason="for a test")
    return Attempt(
        commit=commit,
        parent=Candidate().digest,
        base={"m.py": base},
        texts={"m.py": text},
        verdict=verdict("passed"),
        rank=0.9,
    )


def test_a_part_of_a_survivor_that_is_not_needed_is_left_out() -> None:
    lines = TWO.replace("return a - b", "return a + b")
    both = lines.replace("return a > b", "return a < b")
    x, _ = x_of(TWO, lambda texts, tier: verdict("passed" if "a + b" in texts["m.py"] else "failed"))
    net = RepairNet()
    y, z = net.start(x, 0)
    z = z.model_copy(update={"survivors": (attempt(TWO, both),)})
    for _ in range(4):
        z = net(x, y, z)
    assert z.survivors[0].texts == {"m.py": lines}
    assert net(y, z).texts == {"m.py": lines}


def test_a_survivor_whose_parts_are_all_needed_stays_whole() -> None:
    both = TWO.replace("return a - b", "return a + b").replace("return a > b", "return a < b")
    x, _ = x_of(TWO, only(both))
    net = RepairNet()
    y, z = net.start(x, 0)
    z = z.model_copy(update={"survivors": (attempt(TWO, both),)})
    for _ in range(4):
        z = net(x, y, z)
    assert z.survivors[0].texts == {"m.py": both}
    assert any("Every part of the answer is needed" in thought for thought in z.thoughts)


def test_the_suite_is_asked_before_anything_counts_as_a_survivor() -> None:
    def says(texts: Texts, tier: Tier) -> Verdict:
        broken = ("test_old",) if tier is Tier.SUITE else ()
        return verdict("passed" if texts["m.py"] == RIGHT else "failed", regressions=broken)

    x, judge = x_of(TOTAL, says)
    *_, last = thinking(x, 12)
    assert (Tier.SUITE, {"m.py": RIGHT}) in judge.asked
    assert (last.z.survivors, last.y.commits) == ((), ())


def test_a_survivor_is_not_lost_when_the_run_must_end_behind_it() -> None:
    x, judge = x_of(TOTAL, only(RIGHT))

    def stopping(batch: Sequence[Variant], tier: Tier) -> Iterator[Verdict]:
        for judged in judge(batch, tier):
            yield judged
            if judged.passed and tier is Tier.SCREEN:
                raise Stopped("budget")

    net = RepairNet()
    y, z = net.start(x, 0)
    z = net(x, y, z)  # where to look
    z = net(dataclasses.replace(x, judge=stopping), y, z)
    assert [attempt.texts for attempt in z.survivors] == [{"m.py": RIGHT}]


def test_a_partial_fix_that_leads_nowhere_is_taken_back() -> None:
    def says(texts: Texts, tier: Tier) -> Verdict:
        return verdict("passed" if "return a + b" in texts["m.py"] else "failed", "failed")

    done = run(TWO, says)
    committed = [bool(thought.update.y.commits) for thought in done.answers]
    assert True in committed
    assert False in committed[committed.index(True) :]
    assert "return a + b" in done.end.best.texts["m.py"]


# --- bounds -------------------------------------------------------------------------------------


def bounded(z: Reasoning) -> None:
    assert len(z.thoughts) <= THOUGHTS_KEPT
    assert len(z.suspicion) <= PLACES_KEPT
    assert len(z.partial) <= PARTIAL_KEPT and len(z.survivors) <= ATTEMPTS_KEPT
    assert len(z.ruled_out) <= RULED_OUT_KEPT
    assert len(z.errors) <= 100 and len(z.hypotheses) <= 100


class EverythingElse:
    """A judge for which every candidate fails, or half fails, in a way of its own."""

    def __init__(self, outcomes: list[str]) -> None:
        self._outcomes, self._count = outcomes, 0

    def __call__(self, texts: Texts, tier: Tier) -> Verdict:
        self._count += 1
        changing = self._outcomes[self._count % len(self._outcomes)]
        return verdict("failed", changing, signatures=(f"failure {self._count}", f"other {self._count}"))


@pytest.mark.parametrize("outcomes", [["failed"], ["failed", "failed", "passed"], ["passed", "timeout"]])
def test_z_stays_bounded_whatever_the_tests_say(outcomes: list[str]) -> None:
    done = run(TOTAL, EverythingElse(outcomes), shape=Shape(N_sup=10))
    for thought in done.updates:
        bounded(thought.update.z)


def test_many_survivors_are_cut_to_the_best() -> None:
    done = run(
        TOTAL, lambda texts, tier: verdict("failed" if tier is Tier.COLD or texts["m.py"] == TOTAL else "passed")
    )
    for thought in done.updates:
        bounded(thought.update.z)
    assert any(len(thought.update.z.survivors) > 1 for thought in done.updates)


def test_long_files_do_not_make_z_long() -> None:
    text = "def f(a):\n" + "".join(f"    pass  # {number}\n" for number in range(PLACES_KEPT + 100)) + "    a()\n"
    base = {"m.py": text}
    judge = FakeJudge(base, lambda texts, tier: verdict("failed"))
    x = task_of(base, judge, verdict("failed"))
    net = RepairNet()
    y, z = net.start(x, 0)
    z = net(x, y, z)
    bounded(z)
    assert len(z.suspicion) == PLACES_KEPT


def test_the_failures_of_the_baseline_are_not_forgotten() -> None:
    done = run(TOTAL, EverythingElse(["failed"]), shape=Shape(N_sup=10))
    assert done.updates[0].update.z.errors[0] in done.end.z.errors


def test_a_failing_test_beside_the_targets_does_not_stop_it() -> None:
    beside = (TestResult(id="test_m.py::test_old", outcome=Outcome.FAILED),)

    def says(texts: Texts, tier: Tier) -> Verdict:
        return verdict("passed" if texts["m.py"] == RIGHT else "failed", beside=beside)

    assert run(TOTAL, says).end.decision.reason is HaltReason.PASSED


# --- from step to step --------------------------------------------------------------------------


SEEN = "items[0] + items[1] + items[2]"
"""What no typed edit gives, and only what was observed proposes."""


def watching(says: Says) -> tuple[X, FakeJudge, list[Sequence[Slot]]]:
    """X whose observer proposes many expressions for each slot, `SEEN` as the last of one; and what it was asked."""
    x, judge = x_of(TOTAL, says)
    asked: list[Sequence[Slot]] = []

    def observer(_: Variant, slots: Sequence[Slot], tests: Sequence[str], **more: object) -> tuple[Values, ...]:
        asked.append(slots)
        many = [(f"{number}j",) for number in range(40)]
        return tuple(Values(slot=slot, evaluations=1, classes=(*many, (SEEN,))) for slot in slots)

    return dataclasses.replace(x, observer=observer), judge, asked


def test_what_was_observed_is_still_to_be_tried_in_later_steps() -> None:
    x, _, asked = watching(lambda texts, tier: verdict("passed" if f"return {SEEN}" in texts["m.py"] else "failed"))
    found = [update.y.texts["m.py"] for update in thinking(x, 40, T=1, n=2) if update.y.touched]
    assert found and f"return {SEEN}" in found[-1]
    assert len(asked) == 2  # expressions once, and places between statements once


def test_a_net_that_remembers_nothing_looks_again() -> None:
    x, _, asked = watching(lambda texts, tier: verdict("failed"))
    *_, last = thinking(x, 3, T=1, n=6)
    looks = len(asked)
    assert looks and last.z.observed
    for update in recursion(RepairNet(), x, *detach(last.y, last.z), T=1, n=6):
        assert update.y.digest == last.y.digest
    assert len(asked) > looks


def test_what_was_cut_short_is_not_asked_for_again_in_the_next_step() -> None:
    def says(texts: Texts, tier: Tier) -> Verdict:
        slow = "range" in texts["m.py"] or "result = 1" in texts["m.py"]
        return verdict("timeout" if slow else "failed")

    x, judge = x_of(TOTAL, says)
    list(thinking(x, 6, T=1, n=4))
    tried = Counter(texts["m.py"] for tier, texts in judge.asked if tier is Tier.SCREEN)
    slow = [count for text, count in tried.items() if "result = 1" in text]
    assert slow and max(slow) <= 3  # once as usual, once more of the likeliest, once when nothing else was left


def test_a_new_run_of_the_same_net_begins_with_nothing_remembered() -> None:
    x, judge = x_of(TOTAL, only())
    net = RepairNet()
    asked = []
    for _ in range(2):
        y, z = net.start(x, 0)
        before = len(judge.asked)
        list(recursion(net, x, y, z, T=1, n=4))
        asked.append(judge.asked[before:])
    assert asked[0] == asked[1]
