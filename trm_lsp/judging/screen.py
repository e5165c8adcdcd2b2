"""The screen: many candidates in one fork, where that is as good as a process for each."""

from __future__ import annotations

import signal
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from trm_lsp.core.state import BaseText, Variant
from trm_lsp.core.verdict import Outcome, TestResult
from trm_lsp.judging.runner import RunReport, ScreenedTest
from trm_lsp.judging.signatures import normalise

Candidate = list[Any]
"""`[path, encoding, bom, [[start, end, text], …]]`, as zygote/screening.py takes it."""
Outcomes = tuple[TestResult, ...]

SMALLEST = 4
"""A disturbed batch is screened again in halves, down to this many; then each has a process of its own."""
TIMERS = {int(signal.SIGVTALRM), int(signal.SIGPROF), int(signal.SIGXCPU), int(signal.SIGKILL), int(signal.SIGALRM)}
"""Signals that end a candidate whose time is over."""


def candidate(variant: Variant, texts: Mapping[str, BaseText]) -> Candidate | None:
    """A variant as the screener takes it; None when it changes more than one file."""
    edits = variant.edits
    if not edits:
        return None
    path = edits[0].path
    if len(edits) > 1 and any(edit.path != path for edit in edits):
        return None
    base = texts[path]
    return [path, base.encoding, base.bom, [[edit.start, edit.end, edit.text] for edit in edits]]


class Answer(NamedTuple):
    """What a screen says of a candidate."""

    outcomes: Outcomes
    """In the order the tests ran."""
    tentative: bool
    """Its failure is no refusal: its function had run while modules were imported."""
    base: Mapping[str, ScreenedTest]
    """What the unchanged code came to in the same process."""


def screen(candidates: Sequence[Candidate], run: Callable[[Sequence[Candidate]], RunReport]) -> list[Answer | None]:
    """What is found of each candidate, None for one that must be confirmed instead.

    `run` screens candidates in one fork, which answers for those that the
    unchanged code has shown to be undisturbed. A candidate that ends the fork
    is answered for itself, and those without an answer get another.
    """
    found: list[Answer | None] = [None] * len(candidates)
    results = _Results()
    pending = list(range(len(candidates)))
    while pending:
        part = [candidates[number] for number in pending]
        report = run(part)
        if not report.base:
            return found
        for position in report.screened:
            found[pending[position]] = results.of(report, position)
        rest = [position for position in range(len(part)) if position not in report.screened]
        disturbed, ending = bool(rest), report.candidate
        if ending is not None and ending in rest:
            rest.remove(ending)
            answer = found[pending[ending]] = _ended(report, ending)
            disturbed = not _cut_short(answer) and any(position < ending for position in rest)
            if disturbed:  # one before it may have brought its end about
                (alone,) = screen([part[ending]], run)
                found[pending[ending]], disturbed = alone, alone is None or alone.outcomes != answer.outcomes
        pending = [pending[position] for position in rest]
        if disturbed:
            again = _in_halves([candidates[number] for number in pending], run)
            for number, one in zip(pending, again, strict=True):
                found[number] = one
            break
    return found


def _in_halves(part: Sequence[Candidate], run: Callable[[Sequence[Candidate]], RunReport]) -> list[Answer | None]:
    """Screen what was disturbed again in parts, so that one bad candidate spoils few others."""
    if len(part) <= SMALLEST:
        return [None for _ in part]
    middle = len(part) // 2
    return [*screen(part[:middle], run), *screen(part[middle:], run)]


class _Results:
    """Test results by what was reported: most candidates of a batch fail alike, and each answer is made once."""

    def __init__(self) -> None:
        self._whole: dict[int, tuple[Any, Outcomes]] = {}
        self._single: dict[tuple[str, str, str, int], TestResult] = {}

    def of(self, report: RunReport, number: int) -> Answer | None:
        outcomes = report.screened.get(number)
        if outcomes is None:
            return None
        return Answer(self._made(outcomes), number in report.tentative, report.base or {})

    def _made(self, outcomes: Mapping[str, ScreenedTest]) -> Outcomes:
        known = self._whole.get(id(outcomes))
        if known is None:
            made = tuple(self._result(test, *found) for test, found in outcomes.items())
            known = self._whole[id(outcomes)] = (outcomes, made)  # kept, so that its id stays its own
        return known[1]

    def _result(self, test: str, outcome: str, error: str, line: int) -> TestResult:
        key = test, outcome, error, line
        if key not in self._single:
            frames = ((test.split("::")[0], line),) if line else ()
            self._single[key] = TestResult(id=test, outcome=Outcome(outcome), signature=normalise(error), frames=frames)
        return self._single[key]


def _cut_short(answer: Answer) -> bool:
    return any(result.outcome is Outcome.TIMEOUT for result in answer.outcomes)


def _ended(report: RunReport, number: int) -> Answer:
    """The candidate that ended the fork: it ran too long, or it ended its own process."""
    timed_out = report.ended is not None or report.signal in TIMERS
    outcome = Outcome.TIMEOUT if timed_out else Outcome.ERROR
    text = "the test did not end in time" if timed_out else "the test ended its own process"
    base = report.base or {}
    outcomes = tuple(TestResult(id=test, outcome=outcome, signature=text) for test in base)
    return Answer(outcomes, number in report.tentative, base)
