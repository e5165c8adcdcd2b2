"""The screen: many candidates in one fork, where that is as good as a process for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from trm_lsp.core.state import BaseText, Variant
from trm_lsp.core.verdict import Outcome, TestResult
from trm_lsp.judging.runner import RunReport
from trm_lsp.judging.signatures import normalise

Candidate = list[Any]
"""`[path, encoding, bom, [[start, end, text], …]]`, as zygote/screening.py takes it."""
Outcomes = tuple[TestResult, ...]

SMALLEST = 4
"""A disturbed batch is screened again in halves, down to this many; then each has a process of its own."""


def candidate(variant: Variant, texts: Mapping[str, BaseText]) -> Candidate | None:
    """A variant as the screener takes it; None when it changes more than one file."""
    paths = {edit.path for edit in variant.edits}
    if len(paths) != 1:
        return None
    base = texts[paths.pop()]
    return [base.path, base.encoding, base.bom, [[edit.start, edit.end, edit.text] for edit in variant.edits]]


def screen(candidates: Sequence[Candidate], run: Callable[[Sequence[Candidate]], RunReport]) -> list[Outcomes | None]:
    """Outcomes of each candidate, None for one that must be confirmed instead.

    `run` screens candidates in one fork. A candidate that ends the fork is
    answered for itself, and those behind it get another.
    """
    found: list[Outcomes | None] = []
    while len(found) < len(candidates):
        part = candidates[len(found) :]
        report = run(part)
        if report.base is None:
            return [*found, *(None for _ in part)]
        answered: list[Outcomes | None] = []
        for number in range(len(part)):
            if number not in report.screened:
                break
            answered.append(_results(report.screened[number]))
        if len(answered) == len(part):
            return [*found, *(answered if report.clean else _in_halves(part, run))]
        # Nothing has shown that those before the one that ended it were undisturbed, so only refusals count.
        found += [None if outcomes is None or _passes(outcomes) else outcomes for outcomes in answered]
        found.append(_ended(report))
    return found


def _in_halves(part: Sequence[Candidate], run: Callable[[Sequence[Candidate]], RunReport]) -> list[Outcomes | None]:
    """Screen a disturbed batch again in parts, so that one bad candidate spoils few others."""
    if len(part) <= SMALLEST:
        return [None for _ in part]
    middle = len(part) // 2
    return [*screen(part[:middle], run), *screen(part[middle:], run)]


def _results(outcomes: Mapping[str, Sequence[str]] | None) -> Outcomes | None:
    if outcomes is None:
        return None
    return tuple(
        TestResult(id=test, outcome=Outcome(outcome), signature=normalise(error))
        for test, (outcome, error) in outcomes.items()
    )


def _passes(outcomes: Outcomes) -> bool:
    return all(result.passed for result in outcomes)


def _ended(report: RunReport) -> Outcomes | None:
    """The candidate that ended the fork: it ran too long, or it ended its own process."""
    if report.candidate is None or not report.base:
        return None
    timed_out = report.ended is not None or report.signal is not None
    outcome = Outcome.TIMEOUT if timed_out else Outcome.ERROR
    text = "the test did not end in time" if timed_out else "the test ended its own process"
    return tuple(TestResult(id=test, outcome=outcome, signature=text) for test in report.base)
