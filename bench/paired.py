"""Two arms on the same tasks: how much one saves, and whether it solves more."""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Callable, Sequence
from typing import NamedTuple

RESAMPLES = 2000


class Estimate(NamedTuple):
    value: float
    low: float
    high: float
    """Both ends of the interval that holds 95 % of the resampled values."""


Pairs = Sequence[tuple[float, float]]
"""What two arms needed for each task; all figures are above 0."""


def geometric_mean(pairs: Pairs) -> float:
    """The mean ratio of first over second, on a logarithmic scale: twice as much here makes up for half there."""
    return math.exp(statistics.fmean(math.log(one / other) for one, other in pairs))


def median(pairs: Pairs) -> float:
    """The ratio of first over second of the middle task."""
    return math.exp(statistics.median(math.log(one / other) for one, other in pairs))


def of_totals(pairs: Pairs) -> float:
    """All of first over all of second: the dearest tasks decide."""
    return sum(one for one, _ in pairs) / sum(other for _, other in pairs)


def estimate(ratio: Callable[[Pairs], float], groups: Sequence[Pairs], seed: int) -> Estimate:
    """A ratio over all tasks with a bootstrap interval. Raises ValueError without pairs.

    Tasks of one group resemble each other: whole groups are resampled where
    there are several, and single tasks where there is one.
    """
    groups = [group for group in groups if group]
    if not groups:
        raise ValueError("no pairs to compare")
    units = groups if len(groups) > 1 else [[pair] for pair in groups[0]]
    chance = random.Random(f"{seed} bootstrap")
    drawn = sorted(ratio(_together(chance.choices(units, k=len(units)))) for _ in range(RESAMPLES))
    return Estimate(ratio(_together(units)), drawn[int(0.025 * RESAMPLES)], drawn[int(0.975 * RESAMPLES) - 1])


def _together(groups: Sequence[Pairs]) -> Pairs:
    return [pair for group in groups for pair in group]


def mcnemar(first: int, second: int) -> float:
    """Two-sided exact p-value; `first` and `second` are the tasks that only the one or only the other solves."""
    count = first + second
    tail: float = sum(math.comb(count, k) for k in range(min(first, second) + 1)) / 2.0**count
    return min(1.0, 2 * tail)


def e_value(first: int, second: int) -> float:
    """Evidence that two arms are not alike: their likelihood averaged over all chances, against one half.

    B(first + 1, second + 1) * 2^(first + second). 1 says nothing, 20 is strong:
    it takes 8 tasks without one on the other side. It stays valid when one
    stops to look; which arm is better, the counts say.
    """
    beta = math.factorial(first) * math.factorial(second) / math.factorial(first + second + 1)
    return beta * 2.0 ** (first + second)
