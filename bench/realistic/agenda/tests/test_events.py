import itertools
from datetime import UTC, date, datetime, timedelta

import pytest

from agenda import BERLIN, Daily, Event, Interval, Monthly, Weekly

HOUR = timedelta(hours=1)
MONDAY = date(2024, 5, 6)


def days(rule, first=MONDAY, count=5):
    return [f"{day:%m-%d}" for day in itertools.islice(rule.days(first), count)]


def test_daily():
    assert days(Daily()) == ["05-06", "05-07", "05-08", "05-09", "05-10"]
    assert days(Daily(every=10)) == ["05-06", "05-16", "05-26", "06-05", "06-15"]


def test_weekly_on_the_first_day_of_the_event():
    assert days(Weekly(every=2), count=3) == ["05-06", "05-20", "06-03"]
    assert days(Weekly(), date(2024, 5, 9), 2) == ["05-09", "05-16"]


def test_weekly_on_some_days():
    rule = Weekly(weekdays=frozenset({4, 1}))
    assert days(rule, date(2024, 5, 8)) == ["05-10", "05-14", "05-17", "05-21", "05-24"]


def test_every_second_week_counts_from_the_week_of_the_first_day():
    rule = Weekly(every=2, weekdays=frozenset({0, 4}))
    assert days(rule, date(2024, 5, 8)) == ["05-10", "05-20", "05-24", "06-03", "06-07"]


def test_monthly():
    assert days(Monthly(), date(2024, 10, 15)) == ["10-15", "11-15", "12-15", "01-15", "02-15"]


def test_monthly_on_the_last_day_of_short_months_only():
    assert days(Monthly(), date(2024, 1, 31)) == ["01-31", "02-29", "03-31", "04-30", "05-31"]


def test_every_third_month_across_years():
    found = list(itertools.islice(Monthly(every=3).days(date(2024, 11, 30)), 4))
    assert found == [date(2024, 11, 30), date(2025, 2, 28), date(2025, 5, 30), date(2025, 8, 30)]


def test_a_rule_ends_by_count_or_on_its_last_day():
    assert days(Daily(count=2)) == ["05-06", "05-07"]
    assert days(Daily(until=date(2024, 5, 8))) == ["05-06", "05-07", "05-08"]
    assert days(Daily(count=2, until=date(2024, 5, 8))) == ["05-06", "05-07"]


def test_a_rule_goes_on():
    with pytest.raises(ValueError):
        Daily(every=0)


def test_an_event_needs_a_zone_and_no_negative_length():
    with pytest.raises(ValueError):
        Event("x", datetime(2024, 5, 6), HOUR)
    with pytest.raises(ValueError):
        Event("x", datetime(2024, 5, 6, tzinfo=UTC), -HOUR)


def test_an_event_without_a_rule_takes_place_once():
    event = Event("x", datetime(2024, 5, 6, 10, tzinfo=BERLIN), HOUR)
    start = datetime(2024, 5, 6, 8, tzinfo=UTC)
    assert list(event.times()) == [Interval(start, start + HOUR)]


def test_nine_stays_nine_when_the_clocks_change():
    event = Event("x", datetime(2024, 3, 30, 9, tzinfo=BERLIN), HOUR, Daily(count=3))
    assert [time.start.hour for time in event.times()] == [8, 7, 7]


def test_days_that_are_left_out_still_count():
    event = Event("x", datetime(2024, 5, 6, 9, tzinfo=UTC), HOUR, Daily(count=3), frozenset({date(2024, 5, 7)}))
    assert [time.start.day for time in event.times()] == [6, 8]


def test_times_within_a_window():
    event = Event("x", datetime(2024, 5, 6, 23, tzinfo=UTC), 2 * HOUR, Daily())
    window = Interval(datetime(2024, 5, 8, tzinfo=UTC), datetime(2024, 5, 9, 23, tzinfo=UTC))
    assert [time.start.day for time in event.times_within(window)] == [7, 8]


def test_a_moment_lies_within_a_window():
    event = Event("x", datetime(2024, 5, 6, 12, tzinfo=UTC), timedelta(0))
    noon = datetime(2024, 5, 6, 12, tzinfo=UTC)
    assert len(list(event.times_within(Interval(noon, noon + HOUR)))) == 1
    assert len(list(event.times_within(Interval(noon - HOUR, noon)))) == 0


def test_december_is_a_month():
    assert days(Monthly(), date(2024, 12, 5), 2) == ["12-05", "01-05"]
    assert days(Monthly(every=6), date(2024, 6, 30), 3) == ["06-30", "12-30", "06-30"]


def test_a_weekly_event_keeps_its_hour_all_year():
    event = Event("x", datetime(2024, 6, 3, 18, 30, tzinfo=BERLIN), HOUR, Weekly(every=26, count=3))
    assert [(time.start.hour, time.start.minute) for time in event.times()] == [(16, 30), (17, 30), (16, 30)]
