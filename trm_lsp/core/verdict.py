"""What the tests said about a candidate."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """A value: it never changes, serialises to JSON, and comes back equal."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Tier(StrEnum):
    """How thoroughly a candidate is judged, cheapest first."""

    SCREEN = "screen"
    """The targets, and for what makes more of them pass the tests beside them, swapped in memory: a filter."""
    CONFIRM = "confirm"
    """The targets and the tests beside them, run by the user's test runner in a process of their own."""
    SUITE = "suite"
    """Every test that could have been broken."""
    COLD = "cold"
    """The user's own command in a fresh process: the word "passes"."""


class Outcome(StrEnum):
    """What became of one test. Only PASSED counts as passed."""

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    TIMEOUT = "timeout"
    MISSING = "missing"
    SKIPPED = "skipped"


class TestResult(Frozen):
    """One test's outcome; `signature` is its failure with everything volatile removed."""

    __test__ = False  # it is not a test class, whatever pytest thinks of its name

    id: str
    outcome: Outcome
    signature: str = ""
    message: str = ""
    path: str = ""
    """File where it failed, relative to the root; empty when unknown."""
    line: int = 0
    """Line of the failure, counted from 1; 0 when unknown."""
    frames: tuple[tuple[str, int], ...] = ()
    """The traceback's places inside the workspace, outermost first."""
    seconds: float = 0.0
    skips: int = 0
    """How many of its subtests were skipped."""

    @property
    def passed(self) -> bool:
        return self.outcome is Outcome.PASSED


class Counts(Frozen):
    """How many tests a verdict saw, by what they mean for the task."""

    targets: int = 0
    failing: int = 0
    """Target tests that do not pass."""
    regressions: int = 0
    """Tests that passed in the baseline and do not pass now."""
    passed: int = 0
    total: int = 0


class Verdict(Frozen):
    """The judgement of one candidate by one tier.

    `passed` is: every target test passes, and no test that passed in the
    baseline fails. Skipped, deselected and vanished tests count as not passed.
    """

    tier: Tier
    results: tuple[TestResult, ...] = ()
    targets: tuple[str, ...] = ()
    regressions: tuple[str, ...] = ()
    broken: str = ""
    """One sentence when the tests could not be run at all; then nothing passed."""
    output: str = ""
    """The tail of what the run printed, for the user to read when it is broken."""
    cpu_seconds: float = 0.0
    brief: bool = False
    """A confirm in place of a screen: as short as one, and of the target tests alone."""
    tentative: bool = False
    """A screen of code that had already run while modules were imported: what fails may be right."""

    @property
    def by_id(self) -> Mapping[str, TestResult]:
        return {result.id: result for result in self.results}

    @property
    def failing(self) -> tuple[str, ...]:
        """Target tests that do not pass, in the order of the targets."""
        passed = {result.id for result in self.results if result.outcome is Outcome.PASSED}
        return tuple([test for test in self.targets if test not in passed])

    @property
    def passed(self) -> bool:
        return bool(self.targets) and not self.broken and not self.failing and not self.regressions

    @property
    def cut(self) -> bool:
        """Whether it was cut short or failed tentatively, and nothing else speaks against it: put off, not refused."""
        if not self.provisional:
            return False
        if self.tentative:
            return not self.passed
        failing = set(self.failing)
        bad = [result.outcome for result in self.results if result.id in failing]
        return bool(bad) and all(outcome is Outcome.TIMEOUT for outcome in bad)

    @property
    def provisional(self) -> bool:
        """Whether it is a filter's word: enough to refuse, too little to build on."""
        return self.tier is Tier.SCREEN or self.brief

    @property
    def counts(self) -> Counts:
        return Counts(
            targets=len(self.targets),
            failing=len(self.failing),
            regressions=len(self.regressions),
            passed=sum(result.passed for result in self.results),
            total=len(self.results),
        )

    @property
    def signature(self) -> str:
        """The normalised failures of the targets as one line; empty when they pass."""
        results = self.by_id
        shown = (
            f"{test}: {results[test].signature or results[test].outcome}"
            if test in results
            else f"{test}: {Outcome.MISSING}"
            for test in self.failing
        )
        broke = (f"{test}: no longer passes" for test in self.regressions)
        return self.broken or " | ".join((*shown, *broke))

    @property
    def score(self) -> tuple[int, int]:
        """Sorts verdicts on the same targets: a better candidate has a greater score."""
        if self.broken:
            return (-1_000_000, 0)
        return (len(self.targets) - len(self.failing) - len(self.regressions), -len(self.regressions))


def regressions(results: Iterable[TestResult], expected: Iterable[str]) -> tuple[str, ...]:
    """Those of the `expected` tests (all passed in the baseline) that did not pass now."""
    passed = {result.id for result in results if result.passed}
    return tuple(test for test in expected if test not in passed)
