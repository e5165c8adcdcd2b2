"""A few failing tests that stand for many: what passes none of them need not meet the others."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator

from trm_lsp.core.verdict import Outcome, TestResult


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


def _cost(result: TestResult) -> tuple[bool, float]:
    return result.outcome is Outcome.TIMEOUT, result.seconds


def _in_turn(groups: Iterable[list[TestResult]]) -> Iterator[TestResult]:
    """The first of each group, then the second of each."""
    for row in itertools.zip_longest(*groups):
        yield from (result for result in row if result is not None)
