"""Tests that say the most: a few failing ones that stand for many, and the passing ones nearest to them."""

from __future__ import annotations

import bisect
import itertools
import math
from collections.abc import Collection, Iterable, Iterator, Sequence

from trm_lsp.core.verdict import Outcome, TestResult

DEAR, DEAR_SECONDS = 5, 0.005
"""A test is dear that takes so many times as long as all quicker ones, and so many seconds at least."""


def witnesses(failing: Iterable[TestResult], most: int) -> tuple[str, ...]:
    """At most `most` ids of failing tests, in their order: as many functions and failures as can be, the quick first.

    Tests that did not end come last: they cost the most and say the least.
    """
    failing = list(failing)
    if len(failing) <= most:
        return tuple(result.id for result in failing)
    groups: dict[tuple[str, str], list[TestResult]] = {}
    for result in failing:
        groups.setdefault((result.id.partition("[")[0], result.signature), []).append(result)
    ordered = [sorted(group, key=_cost) for group in groups.values()]
    ordered.sort(key=lambda group: _cost(group[0]))
    chosen = {result.id for result in itertools.islice(_in_turn(ordered), most)}
    return tuple(result.id for result in failing if result.id in chosen)


def quick(failing: Iterable[TestResult]) -> list[TestResult]:
    """Of some failing tests, in their order, those that do not cost many times what all quicker ones do together.

    The quickest is always there. A test that did not end costs more than any that did.
    """
    failing = list(failing)
    chosen: dict[str, float] = {}
    for result in sorted(failing, key=lambda result: (result.outcome is Outcome.TIMEOUT, about(result.seconds))):
        seconds = about(result.seconds)
        if chosen and (result.outcome is Outcome.TIMEOUT or seconds > max(DEAR_SECONDS, DEAR * sum(chosen.values()))):
            break
        chosen[result.id] = seconds
    return [result for result in failing if result.id in chosen]


def about(seconds: float) -> float:
    """Seconds as a power of four, so that what is chosen by them seldom depends on how busy the machine was."""
    return 4.0 ** round(math.log(seconds, 4)) if seconds > 0 else 0.0


def nearest(results: Sequence[TestResult], failing: Collection[str]) -> list[TestResult]:
    """Passing tests, the nearest to the failing first: in the same class, the same file, then by tests between.

    Tests of one function are written one after the other. `results` are in the order they ran.
    """
    holders = {holder for test in failing for holder in _holders(test)}
    places = [at for at, result in enumerate(results) if result.id in failing]

    def far(at: int) -> tuple[int, int]:
        shared = next((depth for holder, depth in _holders(results[at].id).items() if holder in holders), 0)
        behind = bisect.bisect(places, at)
        return -shared, min((abs(at - place) for place in places[max(0, behind - 1) : behind + 1]), default=0)

    return [results[at] for at in sorted((at for at, r in enumerate(results) if r.passed), key=far)]


def _holders(test: str) -> dict[str, int]:
    """What a test is in, its parameters' function, its classes and its file, the innermost first; and how deep."""
    parts = test.partition("[")[0].split("::")
    inside = len(parts) if "[" in test else len(parts) - 1
    return {"::".join(parts[:depth]): depth for depth in range(inside, 0, -1)}


def _cost(result: TestResult) -> tuple[bool, float]:
    return result.outcome is Outcome.TIMEOUT, result.seconds


def _in_turn(groups: Iterable[list[TestResult]]) -> Iterator[TestResult]:
    """The first of each group, then the second of each."""
    for row in itertools.zip_longest(*groups):
        yield from (result for result in row if result is not None)
