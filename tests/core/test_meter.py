"""What a run spends, counted in work units by tier, and when it must stop."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from fakes import BASE, CancelAt, FakeClock, FakeJudge, FakeTracer, candidate, meter, verdict
from hypothesis import given
from hypothesis import strategies as st

from trm_lsp.core.budget import TRACE_UNITS, WORK_UNITS, Budget, Meter, Spent, Stopped
from trm_lsp.core.state import Variant
from trm_lsp.core.verdict import Tier

tiers = st.sampled_from(list(Tier))
ONE = [candidate("one").variant]


def judging(counter: Meter, cpu_seconds: float = 0.0) -> Callable[[list[Variant], Tier], object]:
    fake = FakeJudge(BASE, lambda texts, tier: verdict("failed", cpu_seconds=cpu_seconds))
    judged = counter.judging(fake)
    return lambda batch, tier: list(judged(batch, tier))


@given(st.lists(st.tuples(tiers, st.integers(0, 4)), max_size=8))
def test_work_is_the_sum_of_the_judged_candidates_by_tier(asked: list[tuple[Tier, int]]) -> None:
    counter = meter()
    for tier, size in asked:
        judging(counter)(ONE * size, tier)
    assert counter.spent.work == pytest.approx(sum(WORK_UNITS[tier] * size for tier, size in asked))


def test_each_tier_has_its_counter_and_the_cpu_of_the_tests_is_added() -> None:
    counter = meter()
    for tier in Tier:
        judging(counter, cpu_seconds=0.5)(ONE, tier)
    spent = counter.spent
    assert (spent.screened, spent.confirmed, spent.cold, spent.cpu_seconds) == (1, 2, 1, 2.0)


def test_a_cheaper_tier_costs_less() -> None:
    costs = [WORK_UNITS[tier] for tier in Tier]
    assert costs == sorted(costs) and len(set(costs)) == len(costs)


def test_a_verdict_is_counted_by_the_tier_that_gave_it() -> None:
    counter = meter()
    answers_cold = FakeJudge(BASE, lambda texts, tier: verdict("failed"))

    def stronger(batch: list[Variant], tier: Tier) -> object:
        return answers_cold(batch, Tier.COLD)

    list(counter.judging(stronger)(ONE, Tier.SCREEN))  # type: ignore[arg-type]
    assert (counter.spent.screened, counter.spent.cold, counter.spent.work) == (0, 1, WORK_UNITS[Tier.COLD])


def test_a_traced_run_costs_work_too() -> None:
    counter = meter()
    counter.tracing(FakeTracer(BASE))(ONE[0], ["test"])
    assert counter.spent.work == TRACE_UNITS


def test_a_verdict_that_nobody_asks_for_is_not_counted() -> None:
    counter = meter()
    fake = FakeJudge(BASE, lambda texts, tier: verdict("failed"))
    verdicts = counter.judging(fake)(ONE * 5, Tier.CONFIRM)
    next(verdicts)
    assert (counter.spent.confirmed, len(fake.asked)) == (1, 1)


# --- limits -------------------------------------------------------------------------------------


def stops(counter: Meter, reason: str | None) -> None:
    if reason is None:
        counter.check()
        return
    with pytest.raises(Stopped) as stop:
        counter.check()
    assert stop.value.reason == reason


@pytest.mark.parametrize(("work", "reason"), [(99.9, None), (100.0, "budget"), (500.0, "budget")])
def test_a_budget_of_work_stops_the_run_when_it_is_spent(work: float, reason: str | None) -> None:
    counter = meter(Budget(work=100))
    counter.count(work=work)
    stops(counter, reason)


@pytest.mark.parametrize(("seconds", "reason"), [(9.9, None), (10.0, "budget")])
def test_a_budget_of_seconds_counts_from_the_start_of_the_run(seconds: float, reason: str | None) -> None:
    clock = FakeClock()
    clock.pass_by(1000)
    counter = Meter(Budget(seconds=10), clock, lambda: False)
    clock.pass_by(seconds)
    stops(counter, reason)
    assert (counter.spent.seconds, counter.spent.cpu_seconds) == (pytest.approx(seconds), pytest.approx(seconds / 2))


def test_without_limits_only_a_cancel_stops_the_run() -> None:
    counter = meter(cancelled=CancelAt(1))
    counter.count(work=1e12)
    stops(counter, None)
    stops(counter, "cancelled")


def test_a_cancel_is_said_before_a_spent_budget() -> None:
    counter = meter(Budget(work=1), lambda: True)
    counter.count(work=2)
    stops(counter, "cancelled")


def test_forgiving_lifts_the_budget_but_never_a_cancel() -> None:
    cancelled = False
    counter = Meter(Budget(work=1, seconds=1), FakeClock(), lambda: cancelled)
    counter.count(work=2)
    stops(counter, "budget")
    counter.forgive()
    stops(counter, None)
    cancelled = True
    stops(counter, "cancelled")


def test_a_batch_ends_with_the_candidate_that_spends_the_budget() -> None:
    counter = meter(Budget(work=2.5 * WORK_UNITS[Tier.CONFIRM]))
    fake = FakeJudge(BASE, lambda texts, tier: verdict("failed"))
    with pytest.raises(Stopped, match="budget"):
        list(counter.judging(fake)(ONE * 8, Tier.CONFIRM))
    assert (len(fake.asked), counter.spent.confirmed) == (3, 3)


def test_a_stopped_run_starts_no_tests() -> None:
    counter = meter(cancelled=lambda: True)
    fake, tracer = FakeJudge(BASE, lambda texts, tier: verdict("failed")), FakeTracer(BASE)
    with pytest.raises(Stopped):
        list(counter.judging(fake)(ONE, Tier.COLD))
    with pytest.raises(Stopped):
        counter.tracing(tracer)(ONE[0], [])
    assert (fake.asked, tracer.asked, counter.spent) == ([], [], Spent())


@pytest.mark.parametrize(
    ("budget", "fraction"),
    [(Budget(), 0.0), (Budget(work=200), 0.25), (Budget(work=200, seconds=10), 0.5), (Budget(work=20), 1.0)],
    ids=["no limits", "work", "the tightest", "overspent"],
)
def test_the_fraction_is_that_of_the_tightest_limit(budget: Budget, fraction: float) -> None:
    clock = FakeClock()
    counter = Meter(budget, clock, lambda: False)
    clock.pass_by(5)
    counter.count(work=50)
    assert counter.fraction == fraction
