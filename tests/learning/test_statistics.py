from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trm_lsp.core.events import AnyEvent
from trm_lsp.core.halting import HaltReason
from trm_lsp.core.verdict import Verdict
from trm_lsp.learning import TEACHING, Statistics, observe

Happened = Callable[..., AnyEvent]
Judged = Callable[..., Verdict]
TYPE = "fix/assertion"

same_fixtures = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # they only make values


def check(*events: AnyEvent) -> Statistics:
    return reduce(observe, events, Statistics())


def solved_run(happened: Happened, verdict: Judged, **run: str) -> list[AnyEvent]:
    return [
        happened("baseline", verdict=verdict(failing=3), **run),
        happened("step", verdict=verdict(failing=0), **run),
        happened("halted", depth=1, skills=("compare",), **run),
    ]


def test_a_solved_run_teaches_its_task_type(happened: Happened) -> None:
    known = check(happened("halted", depth=2)).task_types[TYPE]
    assert (known.runs, known.solved) == (1, 1)
    assert known.success.value == pytest.approx(1)
    assert known.depth.value == pytest.approx(2)


def test_a_failed_run_lowers_success_and_says_nothing_of_depth(happened: Happened) -> None:
    known = check(happened("halted", depth=2), happened("halted", decision="stuck", depth=9)).task_types[TYPE]
    assert (known.runs, known.solved) == (2, 1)
    assert known.success.value == pytest.approx(0.495, abs=0.001)
    assert known.depth.value == pytest.approx(2)


def test_the_newer_run_weighs_more(happened: Happened) -> None:
    solved, failed = happened("halted", depth=1), happened("halted", decision="budget", depth=1)
    improving = check(failed, solved).task_types[TYPE].success.value
    worsening = check(solved, failed).task_types[TYPE].success.value
    assert worsening < 0.5 < improving


@pytest.mark.parametrize("reason", ["broken", "nothing to refine", "confidence"])
def test_a_run_without_a_word_from_the_tests_teaches_nothing(happened: Happened, reason: str) -> None:
    assert check(happened("halted", decision=reason, depth=1)).task_types == {}


@pytest.mark.parametrize(
    ("reason", "runs", "cut_short"), [("cancelled", 0, 1), ("budget", 1, 1), ("max steps", 1, 1), ("stuck", 1, 0)]
)
def test_a_run_cut_short_is_counted_beside_the_depths(
    happened: Happened, reason: str, runs: int, cut_short: int
) -> None:
    known = check(happened("halted", decision=reason, depth=4)).task_types[TYPE]
    (depth,) = known.depths
    assert (known.runs, depth.cut_short, depth.steps.count) == (runs, cut_short, 0)


def test_a_run_cancelled_before_its_first_step_cuts_nothing_short(happened: Happened) -> None:
    (depth,) = check(happened("halted", decision="cancelled", depth=0)).task_types[TYPE].depths
    assert depth.cut_short == 0


def test_depth_is_kept_apart_for_each_net_and_shape(happened: Happened) -> None:
    stats = check(
        happened("halted", depth=1),
        happened("halted", depth=3, T=1, n=1),
        happened("halted", depth=5, net="model"),
        happened("halted", depth=1),
    )
    depths = stats.task_types[TYPE].depths
    assert {(depth.net, depth.T, depth.n): (depth.steps.count, round(depth.steps.value, 6)) for depth in depths} == {
        ("repair", 3, 6): (2, 1.0),
        ("repair", 1, 1): (1, 3.0),
        ("model", 3, 6): (1, 5.0),
    }


def test_task_types_are_kept_apart(happened: Happened) -> None:
    stats = check(happened("halted", task_type="fix/import"), happened("halted", decision="stuck"))
    assert {name: known.solved for name, known in stats.task_types.items()} == {"fix/import": 1, TYPE: 0}


@pytest.mark.parametrize(
    ("best", "failing", "confidence"),
    [(True, 0, 1.0), (True, 2, 1.0), (True, 3, 0.0), (False, 0, 0.0), (False, 2, 0.0)],
)
def test_a_skill_succeeds_when_the_best_y_passes_or_fails_fewer_tests(
    happened: Happened, verdict: Judged, best: bool, failing: int, confidence: float
) -> None:
    baseline = happened("baseline", verdict=verdict(failing=3))
    skill = check(baseline, happened("step", verdict=verdict(failing=failing), best=best)).skills["compare"]
    assert skill.uses == 1
    assert skill.confidence.value == pytest.approx(confidence)


def test_fewer_is_measured_against_the_baseline_not_the_targets(happened: Happened, verdict: Judged) -> None:
    baseline = happened("baseline", verdict=verdict(failing=2))
    skill = check(baseline, happened("step", verdict=verdict(failing=2))).skills["compare"]
    assert skill.confidence.value == pytest.approx(0)


def test_without_a_baseline_all_targets_count_as_failing_before(happened: Happened, verdict: Judged) -> None:
    skill = check(happened("step", verdict=verdict(failing=2))).skills["compare"]
    assert skill.confidence.value == pytest.approx(1)


def test_a_y_carried_on_unchanged_is_not_judged_twice(happened: Happened, verdict: Judged) -> None:
    once = happened("step", verdict=verdict(failing=1))
    again = happened("step", verdict=verdict(failing=1), best=False)
    assert check(once, again, again) == check(once)


def test_every_skill_of_a_y_is_credited_once(happened: Happened, verdict: Judged) -> None:
    stats = check(happened("step", verdict=verdict(failing=0), skills=("compare", "guard", "compare")))
    assert {name: skill.uses for name, skill in stats.skills.items()} == {"compare": 1, "guard": 1}


def test_discarding_a_passing_y_is_evidence_against_its_skills(happened: Happened, verdict: Judged) -> None:
    kept = check(*solved_run(happened, verdict))
    discarded = observe(kept, happened("decided"))
    assert kept.skills["compare"].confidence.value == pytest.approx(1)
    assert discarded.skills["compare"].confidence.value == pytest.approx(0.487, abs=0.001)
    assert discarded.skills["compare"].uses == 1


def test_applying_it_is_not(happened: Happened, verdict: Judged) -> None:
    kept = check(*solved_run(happened, verdict))
    assert observe(kept, happened("decided", decision="applied")).skills == kept.skills


def test_only_the_first_decision_counts(happened: Happened, verdict: Judged) -> None:
    applied = check(*solved_run(happened, verdict), happened("decided", decision="applied"))
    assert observe(applied, happened("decided")) == applied


def test_discarding_the_best_of_an_unsolved_run_says_nothing(happened: Happened) -> None:
    unsolved = check(happened("halted", decision="budget", skills=("compare",)))
    assert observe(unsolved, happened("decided")) == unsolved


def test_runs_whose_events_mingle_do_not_mix(happened: Happened, verdict: Judged) -> None:
    one, two = solved_run(happened, verdict, run="run-1"), solved_run(happened, verdict, run="run-2")
    mingled = [event for pair in zip(one, two, strict=True) for event in pair]
    assert check(*mingled) == check(*one, *two)


def test_nothing_is_remembered_of_a_run_once_it_is_over(happened: Happened, verdict: Judged) -> None:
    run = solved_run(happened, verdict)
    assert check(*run, happened("decided")).open == {}
    assert check(run[0], happened("halted", decision="stuck")).open == {}


@pytest.mark.parametrize("kind", ["run started", "z", "y", "detached", "notice"])
def test_other_events_leave_the_statistics_as_they_are(happened: Happened, verdict: Judged, kind: str) -> None:
    before = check(*solved_run(happened, verdict))
    assert kind not in TEACHING
    assert observe(before, happened(kind)) is before


def test_an_unchanged_y_teaches_no_skill(happened: Happened, verdict: Judged) -> None:
    assert check(happened("step", verdict=verdict(failing=3), skills=())) == Statistics()


def test_the_decays_are_arguments(happened: Happened, verdict: Judged) -> None:
    stats = reduce(observe, solved_run(happened, verdict), Statistics(decay=0.5, skills_decay=0.25))
    known = stats.task_types[TYPE]
    assert {known.success.decay, known.depth.decay, known.depths[0].steps.decay} == {0.5}
    assert stats.skills["compare"].confidence.decay == 0.25


@same_fixtures
@given(st.lists(st.tuples(st.sampled_from(HaltReason), st.integers(0, 16)), max_size=20))
def test_whatever_the_ends_the_counts_agree(happened: Happened, ends: Sequence[tuple[HaltReason, int]]) -> None:
    stats = check(*(happened("halted", decision=reason, depth=depth) for reason, depth in ends))
    for known in stats.task_types.values():
        assert known.solved <= known.runs == known.success.count
        assert known.solved == known.depth.count == sum(depth.steps.count for depth in known.depths)


@same_fixtures
@given(st.integers(1, 60), st.integers(1, 16))
def test_runs_that_all_end_alike_are_read_exactly(happened: Happened, count: int, depth: int) -> None:
    known = check(*[happened("halted", depth=depth)] * count).task_types[TYPE]
    assert known.success.value == pytest.approx(1)
    assert known.depth.value == pytest.approx(depth)


def test_it_comes_back_from_json_as_it_was(happened: Happened, verdict: Judged) -> None:
    stats = check(*solved_run(happened, verdict))
    assert Statistics.model_validate_json(stats.model_dump_json()) == stats
