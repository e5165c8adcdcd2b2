"""What a run may spend, what it has spent, and the judge that counts.

A work unit is about one CPU millisecond of the reference machine. The weights
are fixed, not measured at run time, so that a seed and a budget in work units
reproduce a run on any machine.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

from trm_lsp.core.behaviour import Comparison
from trm_lsp.core.ports import Clock, Comparer, Judge, Observer, Slot, Trace, Tracer, Values, effort
from trm_lsp.core.state import Variant
from trm_lsp.core.verdict import Frozen, Tier, Verdict

WORK_UNITS = {Tier.SCREEN: 3.0, Tier.CONFIRM: 40.0, Tier.SUITE: 60.0, Tier.COLD: 200.0}
"""Work units of one judged candidate."""
TRACE_UNITS = 300.0
"""Work units of one traced run."""
OBSERVE_UNITS, SLOT_UNITS = 40.0, 25.0
"""Work units of one observed run, and of each slot in it; more where expressions are larger."""
COMPARE_UNITS, TEXT_UNITS = 60.0, 15.0
"""Work units of one comparison, and of each text in it."""


class Budget(Frozen):
    """Limits of one run; None is no limit. A budget that ends gives the best y so far."""

    seconds: float | None = None
    work: float | None = None


class Spent(Frozen):
    """What a run has used up."""

    seconds: float = 0.0
    cpu_seconds: float = 0.0
    work: float = 0.0
    net_calls: int = 0
    y_updates: int = 0
    screened: int = 0
    confirmed: int = 0
    cold: int = 0
    tokens: int = 0
    money: float = 0.0


class Stopped(Exception):
    """The run must end now, with the best y so far. `reason` is a halt reason."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Meter:
    """Counts what a run spends and stops it when it may not go on."""

    def __init__(self, budget: Budget, clock: Clock, cancelled: Callable[[], bool]) -> None:
        self._budget = budget
        self._clock = clock
        self._cancelled = cancelled
        self._started = clock.elapsed()
        self._cpu_started = clock.cpu()
        self._counts: defaultdict[str, float] = defaultdict(int)
        """Counters by their names in `Spent`; a verdict costs microseconds, so this must not cost more."""

    @property
    def spent(self) -> Spent:
        return Spent().model_copy(
            update={
                **self._counts,
                "seconds": self._clock.elapsed() - self._started,
                "cpu_seconds": self._counts["cpu_seconds"] + self._clock.cpu() - self._cpu_started,
            }
        )

    @property
    def fraction(self) -> float:
        """How much of the tightest limit is used up, 0 to 1; 0 without limits."""
        spent, parts = self.spent, [0.0]
        if self._budget.seconds:
            parts.append(spent.seconds / self._budget.seconds)
        if self._budget.work:
            parts.append(spent.work / self._budget.work)
        return min(1.0, max(parts))

    def check(self) -> None:
        """Raise `Stopped` when the run was cancelled or its budget is spent."""
        if self._cancelled():
            raise Stopped("cancelled")
        seconds, work = self._budget.seconds, self._budget.work
        if seconds is not None and self._clock.elapsed() - self._started >= seconds:
            raise Stopped("budget")
        if work is not None and self._counts["work"] >= work:
            raise Stopped("budget")

    def forgive(self) -> None:
        """Lift the limits for what must still be done; a cancel is never lifted."""
        self._budget = Budget()

    def count(self, **amounts: float) -> None:
        """Add to the counters named."""
        for name, amount in amounts.items():
            self._counts[name] += amount

    def judging(self, judge: Judge) -> Judge:
        """The same judge, every verdict counted, stopped when the run must stop."""
        counter = {Tier.SCREEN: "screened", Tier.CONFIRM: "confirmed", Tier.SUITE: "confirmed", Tier.COLD: "cold"}

        def judged(batch: Sequence[Variant], tier: Tier) -> Iterator[Verdict]:
            self.check()
            for left, verdict in zip(range(len(batch) - 1, -1, -1), judge(batch, tier), strict=True):
                # The tests run in processes that are not this one's children.
                self.count(
                    **{counter[verdict.tier]: 1, "work": WORK_UNITS[verdict.tier], "cpu_seconds": verdict.cpu_seconds}
                )
                yield verdict
                # Screened verdicts come all at once: stopping between them would only lose what is known.
                if left and verdict.tier is not Tier.SCREEN:
                    self.check()

        return judged

    def tracing(self, tracer: Tracer) -> Tracer:
        """The same tracer, counted."""

        def traced(variant: Variant, tests: Sequence[str]) -> Trace:
            self.check()
            trace = tracer(variant, tests)
            self.count(work=TRACE_UNITS)
            return trace

        return traced

    def observing(self, observer: Observer) -> Observer:
        """The same observer, counted."""

        def observed(
            variant: Variant,
            slots: Sequence[Slot],
            tests: Sequence[str],
            *,
            atoms: Sequence[str] = (),
            size: int = 3,
            most: int = 2000,
            stubs: bool = False,
        ) -> tuple[Values, ...]:
            self.check()
            values = observer(variant, slots, tests, atoms=atoms, size=size, most=most, stubs=stubs)
            self.count(work=OBSERVE_UNITS + SLOT_UNITS * len(slots) * effort(size))
            return values

        return observed

    def comparing(self, comparer: Comparer) -> Comparer:
        """The same comparer, counted."""

        def compared(
            variants: Sequence[Variant], failing: Sequence[str], passing: Sequence[str], *, seed: int = 0
        ) -> Comparison:
            self.check()
            found = comparer(variants, failing, passing, seed=seed)
            self.count(work=COMPARE_UNITS + TEXT_UNITS * len(variants))
            return found

        return compared
