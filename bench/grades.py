"""Are the net's grades calibrated? How often an answer of each grade is right, beside what it should be taken for.

A grade is a word. What it is worth as a probability is fitted on some answers
and told of others, which had no part in it: fitted on the odd half of the
development set where there is one, otherwise on all answers but the one that
it is told of.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from bench.editor import Row
from bench.repairing import TRM
from bench.runs import Run
from bench.tasks import DEVELOPMENT, ODD
from trm_lsp.learning.interval import wilson


class Told(NamedTuple):
    """One answer and how likely it was said to be right, 0 to 1."""

    grade: str
    correct: bool
    stated: float
    """By its grade."""
    plain: float
    """Without a look at its grade, by the same answers."""


def calibration_rows(runs: Sequence[Run]) -> Iterator[Row]:
    """Grades beside hidden tests, which single ones do not have; only the net's, since those are what users read."""
    answers = [run for run in runs if run.arm == TRM and run.grade and not run.single]
    if len(answers) < 2:
        return
    told, how = predicted(answers)
    for grade in sorted({each.grade for each in told}):
        these = [each for each in told if each.grade == grade]
        stated = statistics.fmean(each.stated for each in these)
        yield Row(f"grade: {grade}", _share(these), "-", f"stated {100 * stated:.0f} %, {how}")
    scored = [(each.stated, each.correct) for each in told]
    plain = brier([(each.plain, each.correct) for each in told])
    yield Row("Brier score of the grades", f"{brier(scored):.3f}", "-", f"{plain:.3f} with one probability for all")


def predicted(answers: Sequence[Run]) -> tuple[list[Told], str]:
    """The answers of which something is told, and in words how that was fitted."""
    fitting = [run for run in answers if run.set == DEVELOPMENT and ODD in run.kinds]
    others = [run for run in answers if run not in fitting]
    if fitting and others:
        return [_told(run, fitting) for run in others], f"fitted on {len(fitting)} odd ones of the development set"
    return [_told(run, [o for o in answers if o is not run]) for run in answers], "fitted on all others, one left out"


def _told(run: Run, fitting: Sequence[Run]) -> Told:
    alike = [other for other in fitting if other.grade == run.grade]
    plain = probability(fitting)
    return Told(run.grade, run.correct, probability(alike) if alike else plain, plain)


def probability(answers: Sequence[Run]) -> float:
    """That one more answer like these is right, by Laplace's rule: never quite 0 or 1."""
    return (sum(run.correct for run in answers) + 1) / (len(answers) + 2)


def brier(said: Sequence[tuple[float, bool]]) -> float:
    """Mean squared distance of probabilities from what is so: 0 is best, 0.25 is what saying 50 % gives."""
    return statistics.fmean((stated - correct) ** 2 for stated, correct in said)


def _share(told: Sequence[Told]) -> str:
    right = sum(each.correct for each in told)
    low, high = wilson(right / len(told), len(told))
    return f"{100 * right / len(told):.0f} % right ({right} of {len(told)}; {100 * low:.0f}-{100 * high:.0f} %)"
