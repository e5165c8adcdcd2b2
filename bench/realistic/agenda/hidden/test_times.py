import itertools
from datetime import UTC, date, datetime, timedelta

import pytest

from agenda import (
    BERLIN,
    LONDON,
    Daily,
    Event,
    Interval,
    Monthly,
    Weekly,
    format_duration,
    merge,
    parse_duration,
    subtract,
)
from agenda.intervals import intersect, pieces
from agenda.zones import last_sunday

HOUR = timedelta(hours=1)


def at(hour, minute=0):
    return datetime(2025, 2, 3, hour, minute, tzinfo=UTC)


def span(start, end):
    return Interval(at(start), at(end))


@pytest.mark.parametrize(
    ("year", "month", "day"), [(2023, 3, 26), (2023, 10, 29), (2025, 3, 30), (2022, 7, 31), (2021, 2, 28)]
)
def test_last_sundays(year, month, day):
    assert last_sunday(year, month) == day


@pytest.mark.parametrize(
    ("utc", "london"),
    [((2025, 3, 30, 0, 59), (0, 59)), ((2025, 3, 30, 1), (2, 0)), ((2025, 10, 26, 1), (1, 0)), ((2025, 6, 1), (1, 0))],
)
def test_london(utc, london):
    local = datetime(*utc, tzinfo=UTC).astimezone(LONDON)
    assert (local.hour, local.minute) == london
    assert local.astimezone(UTC) == datetime(*utc, tzinfo=UTC)


def test_intervals_are_kept_in_utc():
    one = Interval(datetime(2025, 7, 1, 9, tzinfo=BERLIN), datetime(2025, 7, 1, 9, tzinfo=LONDON))
    assert (one.length, one.start.tzinfo) == (HOUR, UTC)
    assert datetime(2025, 7, 1, 9, 30, tzinfo=BERLIN) in one
    assert datetime(2025, 7, 1, 9, tzinfo=LONDON) not in one


def test_intervals_that_touch_merge_but_do_not_overlap():
    assert merge([span(3, 4), span(1, 2), span(2, 3)]) == [span(1, 4)]
    assert not span(1, 2).overlaps(span(2, 3))
    assert span(1, 2).common(span(2, 3)) is None


def test_merging_keeps_the_latest_end():
    assert merge([span(1, 9), span(2, 3), span(4, 5), span(10, 11)]) == [span(1, 9), span(10, 11)]
    assert merge([span(1, 2), span(4, 5), span(7, 8)], 2 * HOUR) == [span(1, 8)]


@pytest.mark.parametrize(
    ("taken", "left"),
    [
        ([(5, 7), (5, 6)], [(2, 5), (7, 9)]),
        ([(0, 3), (8, 12)], [(3, 8)]),
        ([(2, 4), (4, 9)], []),
        ([(0, 2), (9, 10)], [(2, 9)]),
    ],
)
def test_subtracting(taken, left):
    assert subtract(span(2, 9), [span(*one) for one in taken]) == [span(*one) for one in left]


def test_intersecting_unsorted_times():
    assert intersect([span(6, 8), span(1, 4)], [span(3, 7), span(0, 2)]) == [span(1, 2), span(3, 4), span(6, 7)]


def test_pieces_by_steps():
    found = list(pieces(Interval(at(1), at(2, 30)), HOUR, HOUR / 4))
    assert [one.start.minute for one in found] == [0, 15, 30]
    assert all(one.length == HOUR for one in found)
    assert list(pieces(span(1, 2), 2 * HOUR)) == []


@pytest.mark.parametrize(("text", "minutes"), [("3d", 4320), ("10H", 600), ("1d2h3m", 1563), ("5 m", 5), ("90m", 90)])
def test_reading_durations(text, minutes):
    assert parse_duration(text) == timedelta(minutes=minutes)


@pytest.mark.parametrize("text", ["-1h", "1h,2m", "5m 5m", "1w"])
def test_wrong_durations(text):
    with pytest.raises(ValueError):
        parse_duration(text)


def test_writing_what_was_read():
    for text in ("2d 3h 4m", "5m", "23h 59m", "1d 1m"):
        assert format_duration(parse_duration(text)) == text
    assert format_duration(-parse_duration("2d 3h")) == "-2d 3h"
    assert format_duration(timedelta(seconds=59)) == "0m"


def test_weekly_rules_begin_within_their_first_week():
    rule = Weekly(every=3, weekdays=frozenset({6, 0}), count=4)
    assert list(rule.days(date(2025, 1, 1))) == [
        date(2025, 1, 5),
        date(2025, 1, 20),
        date(2025, 1, 26),
        date(2025, 2, 10),
    ]


def test_monthly_rules_come_back_to_their_day():
    days = itertools.islice(Monthly(every=1).days(date(2025, 12, 30)), 4)
    assert list(days) == [date(2025, 12, 30), date(2026, 1, 30), date(2026, 2, 28), date(2026, 3, 30)]
    assert list(Monthly(every=12, until=date(2028, 2, 29)).days(date(2024, 2, 29)))[-1] == date(2028, 2, 29)


def test_days_left_out_are_those_of_the_zone():
    late = Event("x", datetime(2025, 7, 1, 0, 30, tzinfo=BERLIN), HOUR, Daily(count=3), frozenset({date(2025, 7, 2)}))
    assert [time.start.day for time in late.times()] == [30, 2]


def test_wall_clocks_in_autumn():
    event = Event("x", datetime(2025, 10, 25, 18, tzinfo=LONDON), HOUR, Weekly(count=2))
    assert [time.start.hour for time in event.times()] == [17, 18]
    daily = Event("x", datetime(2025, 10, 25, 18, tzinfo=BERLIN), 8 * HOUR, Daily(count=2))
    assert [(time.start.hour, time.length) for time in daily.times()] == [(16, 8 * HOUR), (17, 8 * HOUR)]


def test_a_window_sees_what_began_before_it():
    event = Event("x", at(8), 30 * HOUR, Daily(every=2))
    window = Interval(datetime(2025, 2, 4, 13, tzinfo=UTC), datetime(2025, 2, 7, 8, tzinfo=UTC))
    assert [time.start.day for time in event.times_within(window)] == [3, 5]
    later = Interval(datetime(2025, 2, 4, 14, tzinfo=UTC), datetime(2025, 2, 7, 8, tzinfo=UTC))
    assert [time.start.day for time in event.times_within(later)] == [5]
