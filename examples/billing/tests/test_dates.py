from __future__ import annotations

from datetime import date

import pytest

from billing.dates import BusinessCalendar, add_months, days_overdue, due_date


def test_weekends_and_holidays_are_not_business_days(working: BusinessCalendar) -> None:
    days = [date(2024, 6, day) for day in range(1, 9)]
    assert [day.day for day in days if working.is_business_day(day)] == [3, 4, 5, 7]
    assert working.roll_forward(date(2024, 6, 5)) == date(2024, 6, 5)
    assert working.roll_forward(date(2024, 6, 6)) == date(2024, 6, 7)
    assert working.roll_forward(date(2024, 6, 8)) == date(2024, 6, 10)


def test_add_business_days_skips_closed_days(working: BusinessCalendar) -> None:
    assert working.add_business_days(date(2024, 6, 5), 1) == date(2024, 6, 7)
    assert working.add_business_days(date(2024, 6, 5), 3) == date(2024, 6, 11)
    assert working.add_business_days(date(2024, 6, 8), 0) == date(2024, 6, 8)
    with pytest.raises(ValueError):
        working.add_business_days(date(2024, 6, 5), -1)


def test_business_days_between_counts_the_last_day(working: BusinessCalendar) -> None:
    assert working.business_days_between(date(2024, 6, 3), date(2024, 6, 4)) == 1
    assert working.business_days_between(date(2024, 6, 3), date(2024, 6, 10)) == 4
    assert working.business_days_between(date(2024, 6, 7), date(2024, 6, 9)) == 0
    assert working.business_days_between(date(2024, 6, 7), date(2024, 6, 3)) == 0


def test_add_months_stays_within_a_short_month() -> None:
    assert add_months(date(2024, 1, 31), 1) == date(2024, 2, 29)
    assert add_months(date(2023, 1, 31), 3) == date(2023, 4, 30)
    assert add_months(date(2024, 5, 15), 0) == date(2024, 5, 15)


def test_add_months_continues_in_the_next_year() -> None:
    assert add_months(date(2024, 11, 30), 1) == date(2024, 12, 30)
    assert add_months(date(2024, 11, 30), 3) == date(2025, 2, 28)


def test_due_date_counts_from_the_day_of_issue(working: BusinessCalendar) -> None:
    assert due_date(date(2024, 5, 10), "net 14", working) == date(2024, 5, 24)
    assert due_date(date(2024, 5, 10), "Net 27", working) == date(2024, 6, 7)


def test_due_date_counts_from_the_end_of_the_month(working: BusinessCalendar) -> None:
    assert due_date(date(2024, 2, 10), "eom", working) == date(2024, 2, 29)
    assert due_date(date(2024, 5, 10), " EOM 10", working) == date(2024, 6, 10)


def test_due_date_rejects_unknown_terms(working: BusinessCalendar) -> None:
    for terms in ("net", "later 5", "net soon"):
        with pytest.raises(ValueError):
            due_date(date(2024, 5, 10), terms, working)


def test_days_overdue_is_never_negative() -> None:
    assert days_overdue(date(2024, 5, 30), date(2024, 6, 3)) == 4
    assert days_overdue(date(2024, 5, 30), date(2024, 5, 30)) == 0
    assert days_overdue(date(2024, 5, 30), date(2024, 5, 1)) == 0
