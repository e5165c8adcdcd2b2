"""How far a rate can be trusted, for display."""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

Z_95 = 1.959964
"""Standard deviations of a normal distribution that hold 95 % of it."""


class Interval(NamedTuple):
    low: float
    high: float


def wilson(rate: float, samples: float, z: float = Z_95) -> Interval:
    """Wilson's score interval of a success rate, 0 to 1; without samples it is everything.

    `samples` may be a fraction, such as the effective samples of an `Ema`; the
    interval is then an approximation.
    """
    if samples <= 0:
        return Interval(0.0, 1.0)
    rate = min(1.0, max(0.0, rate))
    scale = 1 + z * z / samples
    centre = (rate + z * z / (2 * samples)) / scale
    reach = z / scale * sqrt(rate * (1 - rate) / samples + z * z / (4 * samples * samples))
    return Interval(max(0.0, centre - reach), min(1.0, centre + reach))
