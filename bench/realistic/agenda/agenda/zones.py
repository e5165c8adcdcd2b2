"""Time zones with European summer time, for machines without a time zone database."""

from __future__ import annotations

import calendar
from datetime import UTC, datetime, timedelta, tzinfo

HOUR = timedelta(hours=1)
NOTHING = timedelta(0)
CHANGE_HOUR = 1
"""The hour in UTC at which all of Europe changes its clocks."""


def last_sunday(year: int, month: int) -> int:
    """The day of the last Sunday of a month.

    >>> last_sunday(2024, 3)
    31
    """
    days = calendar.monthrange(year, month)[1]
    weekday = calendar.weekday(year, month, days)
    return days - (weekday + 1) % 7


class SummerZone(tzinfo):
    """So many hours from UTC in winter, one more in summer."""

    def __init__(self, name: str, hours: int) -> None:
        self.name = name
        self.winter = timedelta(hours=hours)

    def utcoffset(self, moment: datetime | None) -> timedelta:
        return self.winter + self.dst(moment)

    def dst(self, moment: datetime | None) -> timedelta:
        """An hour in summer. A time that the clocks skip counts as winter; one that comes twice follows `fold`."""
        if moment is None:
            return NOTHING
        utc = moment.replace(tzinfo=None) - self.winter - (NOTHING if moment.fold else HOUR)
        start, end = self._summer(utc.year)
        return HOUR if start <= utc < end else NOTHING

    def fromutc(self, moment: datetime) -> datetime:
        utc = moment.replace(tzinfo=None)
        start, end = self._summer(utc.year)
        if start <= utc < end:
            return moment + self.winter + HOUR
        return (moment + self.winter).replace(fold=int(end <= utc < end + HOUR))

    def tzname(self, moment: datetime | None) -> str:
        return self.name

    def _summer(self, year: int) -> tuple[datetime, datetime]:
        """When summer begins and ends, in UTC."""
        return (
            datetime(year, 3, last_sunday(year, 3), CHANGE_HOUR),
            datetime(year, 10, last_sunday(year, 10), CHANGE_HOUR),
        )

    def __repr__(self) -> str:
        return self.name


LONDON = SummerZone("London", 0)
BERLIN = SummerZone("Berlin", 1)


def aware(moment: datetime) -> datetime:
    """The moment itself. Raises ValueError if it does not say in which zone it is."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment} has no time zone")
    return moment


def in_utc(moment: datetime) -> datetime:
    return aware(moment).astimezone(UTC)
