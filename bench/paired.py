"""Two arms on the same tasks: how much one saves, and whether it solves more."""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Sequence
from typing import NamedTuple

RESAMPLES = 2000


class Estimate(NamedTuple):
    value: float
    low: float
    high: float
    """Both ends of the interval that holds 95 % of the resampled values."""


def median_ratio(pairs: Sequence[tuple[float, float]], seed: int) -> Estimate:
    """The median of first over second, on a logarithmic scale, with a bootstrap interval over the pairs.

    All figures must be above 0. Raises ValueError without pairs.
    """
    if not pairs:
        raise ValueError("no pairs to compare")
    logs = [math.log(one / other) for one, other in pairs]
    chance = random.Random(f"{seed} bootstrap")
    drawn = sorted(statistics.median(chance.choices(logs, k=len(logs))) for _ in range(RESAMPLES))
    low, high = drawn[int(0.025 * RESAMPLES)], drawn[int(0.975 * RESAMPLES) - 1]
    return Estimate(math.exp(statistics.median(logs)), math.exp(low), math.exp(high))


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
