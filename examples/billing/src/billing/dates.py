"""Business days, month arithmetic and due dates."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, timedelta

SATURDAY = 5


@dataclass(frozen=True)
class BusinessCalendar:
    """Working days are Monday to Friday, except the given holidays."""

    holidays: frozenset[date] = frozenset()

    def is_business_day(self, day: date) -> bool:
        """Whether the office is open on ``day``."""
        return day.weekday() < SATURDAY and day not in self.holidays

    def roll_forward(self, day: date) -> date:
        """``day`` itself if it is a business day, else the next one.

        >>> BusinessCalendar().roll_forward(date(2024, 6, 1))
        datetime.date(2024, 6, 3)
        """
        while not self.is_business_day(day):
            day += timedelta(days=1)
        return day

    def add_business_days(self, day: date, count: int) -> date:
        """The ``count``-th business day after ``day``."""
        if count < 0:
            raise ValueError("count must not be negative")
        for _ in range(count):
            day = self.roll_forward(day + timedelta(days=1))
        return day

    def business_days_between(self, start: date, end: date) -> int:
        """Business days after ``start`` up to and including ``end``.

        Zero when ``end`` is not later than ``start``.
        """
        length = (end - start).days
        days = (start + timedelta(days=n) for n in range(1, length + 1))
        return sum(1 for day in days if self.is_business_day(day))


def add_months(day: date, months: int) -> date:
    """The same day ``months`` later, or the last day of a shorter month.

    >>> add_months(date(2024, 1, 31), 1)
    datetime.date(2024, 2, 29)
    """
    years, month_index = divmod(day.month - 1 + months, 12)
    year = day.year + years
    last = calendar.monthrange(year, month_index + 1)[1]
    return date(year, month_index + 1, min(day.day, last))


def end_of_month(day: date) -> date:
    """The last day of the month that contains ``day``."""
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def due_date(issued: date, terms: str, working: BusinessCalendar) -> date:
    """When an invoice is due; never on a day the office is closed.

    ``terms`` is ``"net N"`` (N days after issue), ``"eom"`` (end of the
    month of issue) or ``"eom N"`` (N days after the end of that month).
    """
    kind, _, number = terms.strip().lower().partition(" ")
    if kind not in ("net", "eom") or (kind == "net" and not number):
        raise ValueError(f"unknown payment terms: {terms!r}")
    start = end_of_month(issued) if kind == "eom" else issued
    return working.roll_forward(start + timedelta(days=int(number or 0)))


def days_overdue(due: date, today: date) -> int:
    """Calendar days since ``due``; zero while the invoice is not late."""
    return max((today - due).days, 0)
