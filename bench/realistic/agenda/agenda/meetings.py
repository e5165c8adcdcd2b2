"""Finding a time at which several people can meet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from agenda.calendar import Calendar
from agenda.intervals import Interval, intersect, pieces

WORKING_DAYS = frozenset(range(5))


@dataclass(frozen=True)
class OfficeHours:
    """When somebody works, in their own zone. A day that ends at or before its opening goes on after midnight."""

    opens: time = time(9)
    closes: time = time(17)
    zone: tzinfo = UTC
    weekdays: frozenset[int] = WORKING_DAYS
    holidays: frozenset[date] = field(default_factory=frozenset)

    def is_open_on(self, day: date) -> bool:
        return day.weekday() in self.weekdays and day not in self.holidays

    def on(self, day: date) -> Interval | None:
        """The hours of one day, or None."""
        if not self.is_open_on(day):
            return None
        last = day if self.opens < self.closes else day + timedelta(days=1)
        return Interval(
            datetime.combine(day, self.opens, self.zone),
            datetime.combine(last, self.closes, self.zone),
        )

    def within(self, window: Interval) -> list[Interval]:
        """The hours within a window, cut to it."""
        day = window.start.astimezone(self.zone).date() - timedelta(days=1)
        last = window.end.astimezone(self.zone).date()
        found = []
        while day <= last:
            hours = self.on(day)
            inside = hours.common(window) if hours else None
            if inside:
                found.append(inside)
            day += timedelta(days=1)
        return found


def common_slots(
    calendar: Calendar,
    people: Mapping[str, OfficeHours],
    length: timedelta,
    window: Interval,
    step: timedelta | None = None,
    limit: int | None = None,
) -> list[Interval]:
    """The first times of a length at which everybody works and nobody is busy.

    Raises ValueError if nobody is to meet.
    """
    if not people:
        raise ValueError("nobody is to meet")
    common: Iterable[Interval] = [window]
    for person, hours in people.items():
        common = intersect(common, hours.within(window))
        common = intersect(common, calendar.free(window, person))
    found = [slot for interval in common for slot in pieces(interval, length, step)]
    return found[:limit]
