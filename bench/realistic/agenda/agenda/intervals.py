"""Intervals of time: the start belongs to them, the end does not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from agenda.zones import in_utc


@dataclass(frozen=True, order=True)
class Interval:
    """From a moment up to another, both kept in UTC."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        object.__setattr__(self, "start", in_utc(self.start))
        object.__setattr__(self, "end", in_utc(self.end))
        if self.end < self.start:
            raise ValueError(f"an interval cannot end at {self.end}, before it starts at {self.start}")

    @property
    def length(self) -> timedelta:
        return self.end - self.start

    def __bool__(self) -> bool:
        return self.start < self.end

    def __contains__(self, moment: datetime) -> bool:
        return self.start <= in_utc(moment) < self.end

    def overlaps(self, other: Interval) -> bool:
        """Whether some time belongs to both; intervals that only touch do not overlap."""
        return self.start < other.end and other.start < self.end

    def common(self, other: Interval) -> Interval | None:
        """The time that belongs to both, or None."""
        if not self.overlaps(other):
            return None
        return Interval(max(self.start, other.start), min(self.end, other.end))


def merge(intervals: Iterable[Interval], gap: timedelta = timedelta(0)) -> list[Interval]:
    """The same time in as few intervals as possible, in order; those at most `gap` apart become one."""
    merged: list[Interval] = []
    for interval in sorted(filter(None, intervals)):
        if merged and interval.start - merged[-1].end <= gap:
            merged[-1] = Interval(merged[-1].start, max(merged[-1].end, interval.end))
        else:
            merged.append(interval)
    return merged


def subtract(whole: Interval, taken: Iterable[Interval]) -> list[Interval]:
    """What is left of an interval, in order."""
    left = []
    start = whole.start
    for interval in merge(taken):
        if not interval.overlaps(whole):
            continue
        if start < interval.start:
            left.append(Interval(start, interval.start))
        start = max(start, interval.end)
    if start < whole.end:
        left.append(Interval(start, whole.end))
    return left


def intersect(first: Iterable[Interval], second: Iterable[Interval]) -> list[Interval]:
    """The time that belongs to both, in order."""
    others = merge(second)
    return [found for one in merge(first) for other in others if (found := one.common(other))]


def pieces(interval: Interval, length: timedelta, step: timedelta | None = None) -> Iterator[Interval]:
    """The intervals of a length that fit, each beginning a step (by default its length) after the one before."""
    step = step or length
    start = interval.start
    while start + length <= interval.end:
        yield Interval(start, start + length)
        start += step
