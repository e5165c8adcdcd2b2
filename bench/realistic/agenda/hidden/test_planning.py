from datetime import UTC, date, datetime, time, timedelta

import pytest

from agenda import BERLIN, Calendar, Event, Interval, OfficeHours, Weekly, common_slots

HOUR = timedelta(hours=1)


def at(hour, day=3):
    return datetime(2025, 2, day, hour, tzinfo=UTC)


def event(title, start, end, *people, **more):
    return Event(title, at(start), timedelta(hours=end - start), people=frozenset(people), **more)


MONDAY = Interval(at(0), at(0, 4))
MONTH = Interval(at(0), datetime(2025, 3, 3, tzinfo=UTC))


@pytest.fixture
def calendar():
    return Calendar(
        [
            event("Zoo", 8, 12, "kim"),
            event("course", 9, 11, "kim", "lee", rule=Weekly()),
            event("Art", 9, 11, "lee"),
            event("Bar", 11, 13, "lee", "max"),
        ]
    )


def titles(occurrences):
    return [occurrence.title for occurrence in occurrences]


def test_ties_are_broken_by_end_and_title(calendar):
    calendar.add(event("nap", 9, 10, "max"))
    assert titles(calendar.between(MONDAY)) == ["Zoo", "nap", "Art", "course", "Bar"]
    assert titles(calendar.between(MONTH)) == ["Zoo", "nap", "Art", "course", "Bar", "course", "course", "course"]


def test_pairs_of_conflicts(calendar):
    found = {tuple(titles(pair)) for pair in calendar.conflicts(MONTH)}
    assert found == {("Zoo", "course"), ("Art", "course")}


def test_a_moment_conflicts_with_what_goes_on_but_not_with_what_begins_or_ends_there(calendar):
    calendar.add(event("bell", 11, 11, "lee", "kim"))
    pairs = [tuple(titles(pair)) for pair in calendar.conflicts(MONDAY)]
    assert [pair for pair in pairs if "bell" in pair] == [("Zoo", "bell")]


def test_cancelled_days_add_up(calendar):
    for day in (10, 17):
        calendar.cancel("COURSE", date(2025, 2, day))
    assert [found.time.start.day for found in calendar.between(MONTH, "kim")] == [3, 3, 24]
    assert calendar["course"].except_on == {date(2025, 2, 10), date(2025, 2, 17)}


def test_renaming_keeps_all_else_and_fails_whole(calendar):
    calendar.rename("bar", "Bistro ")
    assert calendar["bistro"].people == {"lee", "max"}
    with pytest.raises(ValueError):
        calendar.rename("zoo", " ART")
    with pytest.raises(KeyError):
        calendar.rename("none", "other")
    assert (calendar["zoo"].title, calendar["art"].title, len(calendar)) == ("Zoo", "Art", 4)
    calendar.rename("zoo", "ZOO")
    assert calendar["zoo"].title == "ZOO"


def test_busy_and_free_add_up_to_the_window(calendar):
    window = Interval(at(10), at(16))
    for person in ("kim", "lee", "max", None):
        times = [*calendar.busy(window, person), *calendar.free(window, person)]
        assert sum((found.length for found in times), timedelta()) == 6 * HOUR
    assert calendar.free(window, "lee", 3 * HOUR) == [Interval(at(13), at(16))]
    assert calendar.free(window, "lee", 4 * HOUR) == []


def test_hours_of_a_month(calendar):
    assert list(calendar.hours(MONTH).items()) == [("kim", 10 * HOUR), ("lee", 10 * HOUR), ("max", 2 * HOUR)]


def test_a_window_in_another_zone_sees_the_right_days():
    hours = OfficeHours(time(0), time(2), BERLIN)
    assert hours.within(Interval(at(23), at(0, 4))) == [Interval(at(23), at(0, 4))]
    assert hours.within(Interval(at(22), at(2, 4))) == [Interval(at(23), at(1, 4))]


def test_a_shift_after_a_working_day_is_still_of_that_day():
    hours = OfficeHours(time(20), time(4))
    saturday = Interval(at(0, 8), at(0, 9))
    assert hours.within(saturday) == [Interval(at(0, 8), at(4, 8))]
    assert hours.within(Interval(at(0, 9), at(0, 10))) == []


def test_slots_over_several_days(calendar):
    people = {"kim": OfficeHours(time(10), time(13)), "max": OfficeHours(time(8), time(14), BERLIN)}
    window = Interval(at(0), at(0, 6))
    found = common_slots(calendar, people, HOUR, window)
    assert [(slot.start.day, slot.start.hour) for slot in found] == [
        (4, 10),
        (4, 11),
        (4, 12),
        (5, 10),
        (5, 11),
        (5, 12),
    ]
    assert common_slots(calendar, people, 2 * HOUR, window, limit=1) == [Interval(at(10, 4), at(12, 4))]
    assert common_slots(calendar, people, 2 * HOUR, window, HOUR) == [
        Interval(at(10, 4), at(12, 4)),
        Interval(at(11, 4), at(13, 4)),
        Interval(at(10, 5), at(12, 5)),
        Interval(at(11, 5), at(13, 5)),
    ]
