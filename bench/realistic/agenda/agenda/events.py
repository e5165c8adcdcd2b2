"""Events, and the rules by which they repeat. Rules count in the event's own zone: nine stays nine in summer."""

from __future__ import annotations

import calendar
import itertools
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from agenda.intervals import Interval
from agenda.zones import aware

WEEK = 7


@dataclass(frozen=True)
class Rule(ABC):
    """The days on which an event happens again."""

    every: int = 1
    count: int | None = None
    """How many times in all, days that are left out included."""
    until: date | None = None
    """The last day, included."""

    def __post_init__(self) -> None:
        if self.every < 1:
            raise ValueError(f"an event repeats every 1 or more, not {self.every}")

    def days(self, first: date) -> Iterator[date]:
        """The days of the rule from the first one; without count and until they never end."""
        days = itertools.islice(self._days(first), self.count)
        return itertools.takewhile(lambda day: self.until is None or day <= self.until, days)

    @abstractmethod
    def _days(self, first: date) -> Iterator[date]:
        """The days without an end."""


@dataclass(frozen=True)
class Daily(Rule):
    """Every so many days."""

    def _days(self, first: date) -> Iterator[date]:
        for number in itertools.count():
            yield first + timedelta(days=number * self.every)


@dataclass(frozen=True)
class Weekly(Rule):
    """On some days of every so many weeks; Monday is 0. Without days it is the day of the first event."""

    weekdays: frozenset[int] = frozenset()

    def _days(self, first: date) -> Iterator[date]:
        weekdays = sorted(self.weekdays) or [first.weekday()]
        monday = first - timedelta(days=first.weekday())
        for number in itertools.count():
            for weekday in weekdays:
                day = monday + timedelta(days=number * self.every * WEEK + weekday)
                if day >= first:
                    yield day


@dataclass(frozen=True)
class Monthly(Rule):
    """On the same day of every so many months; on the last one where a month is too short."""

    def _days(self, first: date) -> Iterator[date]:
        for number in itertools.count():
            years, month = divmod(first.month - 1 + number * self.every, 12)
            year, month = first.year + years, month + 1
            yield date(year, month, min(first.day, calendar.monthrange(year, month)[1]))


@dataclass(frozen=True)
class Event:
    """Something that takes place, once or by a rule."""

    title: str
    start: datetime
    length: timedelta
    rule: Rule | None = None
    except_on: frozenset[date] = frozenset()
    """Days, in the zone of the event, on which it does not take place."""
    people: frozenset[str] = field(default_factory=frozenset)

    def __post_init__(self) -> None:
        aware(self.start)
        if self.length < timedelta(0):
            raise ValueError(f"{self.title}: no event takes {self.length}")

    def times(self) -> Iterator[Interval]:
        """When it takes place, in order; perhaps without an end."""
        first = self.start.date()
        for day in self.rule.days(first) if self.rule else [first]:
            if day in self.except_on:
                continue
            start = datetime.combine(day, self.start.timetz()).astimezone(UTC)
            yield Interval(start, start + self.length)

    def times_within(self, window: Interval) -> Iterator[Interval]:
        """When it takes place, as far as some of it lies within a window."""
        for time in self.times():
            if time.start >= window.end:
                return
            if time.overlaps(window) or (not time and time.start in window):
                yield time
