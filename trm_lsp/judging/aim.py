"""What the baseline said of the tests, and what that makes of every later run."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from trm_lsp.core.state import Variant
from trm_lsp.core.verdict import Outcome, TestResult, Tier, Verdict, regressions
from trm_lsp.core.witnesses import about, nearest, quick, witnesses
from trm_lsp.judging.ids import below, selects
from trm_lsp.judging.runner import RunReport
from trm_lsp.judging.signatures import normalise

NOT_STARTED = 127
"""The exit code of a run that could not be prepared."""
QUICK_SECONDS = 0.5
"""Sibling tests that took less than this in all are run beside the targets in every confirm."""
NEAR, NEAR_SECONDS = 16, 0.1
"""Of slower ones so many are run, those nearest to the targets, that took no more than this in all."""
REMEMBERED = 64
"""Texts of which it is known how the targets stand there."""
CUT_SECONDS = 0.1
"""What a candidate costs in a screen that is cut short, about."""
SCREENED_SECONDS = 0.05
"""A screen runs so much of them for each candidate, the quickest ones: it only sifts what is then confirmed."""


@dataclass
class Aim:
    """The tests that should pass, and those that should go on passing."""

    targets: tuple[str, ...] = ()
    stood: Mapping[str, TestResult] = field(default_factory=dict)
    """What the baseline said of each target."""
    _stood_on: dict[frozenset[tuple[str, str]], tuple[TestResult, ...]] = field(default_factory=dict)
    """The same on other texts."""
    met: Counter[str] = field(default_factory=Counter)
    """How many candidates have met each target in a screen."""
    cut: Counter[str] = field(default_factory=Counter)
    """How many of them were cut short there, and the unchanged code was not."""
    beside: tuple[str, ...] = ()
    """What a confirm runs: ids or files."""
    expected: frozenset[str] = frozenset()
    """Tests that passed in the baseline of the targets."""
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    """What the baseline said of each test."""
    beside_screened: tuple[str, ...] = ()
    """What a screen runs beside the targets: ids of tests that passed."""
    skips: dict[str, int] = field(default_factory=dict)
    """How many subtests of each test the baseline skipped, where it skipped any."""
    order: tuple[str, ...] = ()
    """All tests in the order the user's command runs them; empty until that is known."""
    flaky: frozenset[str] = frozenset()
    """Tests that gave two verdicts on the same code: they never decide."""
    seconds: float = 0.0
    """What a confirm's tests took on the unchanged texts."""

    def point(self, failing: Sequence[TestResult], results: Sequence[TestResult]) -> None:
        """Remember the targets, what passes beside them, and what a confirm should run."""
        self.targets = tuple(result.id for result in failing)
        self.stood = {result.id: result for result in failing}
        self.expected = frozenset(result.id for result in results if result.passed)
        files = {target.split("::")[0] for target in self.targets}
        inside = [result for result in results if result.id.split("::")[0] in files]
        ended = [result for result in inside if result.outcome is not Outcome.TIMEOUT]
        self.seconds = sum(result.seconds for result in ended)
        if self.seconds >= QUICK_SECONDS:
            near = itertools.islice(_fitting(nearest(inside, set(self.targets)), NEAR_SECONDS), NEAR)
            # What hangs comes last: nothing behind it would be run.
            run = sorted((*failing, *near), key=lambda result: result.outcome is Outcome.TIMEOUT)
            self.beside = tuple(result.id for result in run)
            self.seconds = sum(result.seconds for result in run if result.outcome is not Outcome.TIMEOUT)
        elif len(ended) == len(inside):
            self.beside = tuple(sorted(files))
        else:
            # What hangs comes last: nothing behind it would be run.
            ordered = (*(r.id for r in ended if r.passed), *(r.id for r in ended if r.id in self.stood), *self.targets)
            self.beside = tuple(dict.fromkeys(ordered))
        passing = [result for result in ended if result.passed and selects(self.beside, result.id)]
        quickest = sorted(passing, key=lambda result: about(result.seconds))
        self.beside_screened = tuple(result.id for result in _fitting(quickest, SCREENED_SECONDS))

    @property
    def hung(self) -> tuple[str, ...]:
        """Tests that are known not to end on the unchanged code."""
        return tuple(test for test, outcome in self.outcomes.items() if outcome is Outcome.TIMEOUT)

    def took(self, targets: Sequence[str]) -> float:
        """Seconds of some targets in the baseline, those that hung left out."""
        results = (self.stood[target] for target in targets)
        return sum(result.seconds for result in results if result.outcome is not Outcome.TIMEOUT)

    def remember(self, texts: Mapping[str, str], verdict: Verdict) -> None:
        """Know what became of the targets on texts that others may be built on."""
        results = verdict.by_id
        if all(target in results and results[target].outcome is not Outcome.MISSING for target in self.targets):
            if len(self._stood_on) == REMEMBERED:
                del self._stood_on[next(iter(self._stood_on))]
            self._stood_on[frozenset(texts.items())] = tuple(results[target] for target in self.targets)

    def standing(self, texts: Mapping[str, str]) -> tuple[TestResult, ...]:
        """What became of each target on some texts; nothing where that is not known."""
        return self._stood_on.get(frozenset(texts.items()), ()) if texts else tuple(self.stood.values())

    def first_targets(self, variant: Variant, most: int) -> tuple[str, ...]:
        """The targets that a candidate meets first: a few quick ones of those that fail without its edits.

        Where it is not known which those are, all targets.
        """
        failing = [self._priced(result) for result in self.standing(variant.texts) if not result.passed]
        few = set(witnesses(failing, most))
        return tuple(result.id for result in quick(result for result in failing if result.id in few)) or self.targets

    def _priced(self, result: TestResult) -> TestResult:
        """A target with what it costs, on average, to let a candidate meet it."""
        share = self.cut[result.id] / max(1, self.met[result.id])
        return result.model_copy(update={"seconds": result.seconds + share * CUT_SECONDS}) if share else result

    def cut_short(self) -> tuple[TestResult, ...]:
        """The targets as they stand of what may be slow and right: it is put off."""
        return tuple(TestResult(id=target, outcome=Outcome.TIMEOUT) for target in self.targets)

    def _whole(self, result: TestResult) -> TestResult:
        """The result; one that passed and skipped more subtests than in the baseline was skipped."""
        less = result.passed and result.skips > self.skips.get(result.id, 0)
        return result.model_copy(update={"outcome": Outcome.SKIPPED}) if less else result

    def verdict(self, tier: Tier, report: RunReport, expected: frozenset[str]) -> Verdict:
        """What a run says of a candidate; `expected`: those of its tests that must pass beside the targets."""
        results = {**report.collect_errors, **{test: self._whole(r) for test, r in report.results.items()}}
        for target in self.targets:
            if target not in results:
                results[target] = _summed(target, report)
        broken = ""
        if report.leaks:
            broken = f"the tests imported {report.leaks[0]} from outside the copy"
        elif report.exit in {3, 4, NOT_STARTED} and not report.results:
            broken = normalise(report.output.strip().rpartition("\n")[2]) or "pytest could not run"
        return Verdict(
            tier=tier,
            results=tuple(results.values()),
            targets=self.targets,
            regressions=regressions(results.values(), sorted(expected)),
            broken=broken,
            output=report.output[-2000:] if broken else "",
            cpu_seconds=report.cpu,
        )


def _summed(target: str, report: RunReport) -> TestResult:
    """A target that is a whole file (it could not be collected in the baseline): all its tests must pass."""
    inside = [result for result in report.results.values() if below(result.id, target)]
    if inside and all(result.passed for result in inside) and target not in report.collect_errors:
        return TestResult(id=target, outcome=Outcome.PASSED)
    return TestResult(id=target, outcome=Outcome.MISSING)


def _fitting(results: Iterable[TestResult], seconds: float) -> Iterator[TestResult]:
    """Of the tests, in this order, those that take no more than some seconds in all; a slow one is left out alone."""
    for result in results:
        if about(result.seconds) <= seconds:
            seconds -= about(result.seconds)
            yield result


def passes(test: str, results: Mapping[str, TestResult]) -> bool:
    """Whether a test was run and passed."""
    return test in results and results[test].passed
