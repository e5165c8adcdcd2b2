from datetime import UTC, date, datetime, time, timedelta

import pytest

from agenda import BERLIN, LONDON, Calendar, Event, Interval, OfficeHours, common_slots

HOUR = timedelta(hours=1)


def at(hour, day=6, minute=0):
    return datetime(2024, 5, day, hour, minute, tzinfo=UTC)


MONDAY = Interval(at(0), at(0, 7))


def test_hours_are_those_of_the_zone():
    assert OfficeHours(zone=BERLIN).on(date(2024, 5, 6)) == Interval(at(7), at(15))
    assert OfficeHours(zone=LONDON).on(date(2024, 5, 6)) == Interval(at(8), at(16))


def test_weekends_and_holidays_are_closed():
    hours = OfficeHours(holidays=frozenset({date(2024, 5, 9)}))
    week = Interval(at(0), at(0, 13))
    assert [found.start.day for found in hours.within(week)] == [6, 7, 8, 10]


def test_night_shifts_end_on_the_next_day():
    hours = OfficeHours(time(22), time(6))
    assert hours.on(date(2024, 5, 6)) == Interval(at(22), at(6, 7))
    assert hours.within(Interval(at(0, 7), at(12, 7))) == [Interval(at(0, 7), at(6, 7))]


def test_hours_around_the_clock():
    assert OfficeHours(time(8), time(8)).on(date(2024, 5, 6)).length == 24 * HOUR


def test_hours_are_cut_to_the_window():
    assert OfficeHours().within(Interval(at(10), at(11))) == [Interval(at(10), at(11))]
    assert OfficeHours().within(Interval(at(17), at(23))) == []


def test_everybody_works_and_nobody_is_busy():
    calendar = Calendar(
        [
            Event("x", at(9), HOUR, people=frozenset({"ada"})),
            Event("y", at(11), 3 * HOUR, people=frozenset({"bob"})),
            Event("z", at(10), HOUR, people=frozenset({"eve"})),
        ]
    )
    people = {"ada": OfficeHours(zone=LONDON), "bob": OfficeHours(zone=BERLIN)}
    assert common_slots(calendar, people, HOUR, MONDAY) == [
        Interval(at(8), at(9)),
        Interval(at(10), at(11)),
        Interval(at(14), at(15)),
    ]
    assert common_slots(calendar, people, HOUR, MONDAY, limit=1) == [Interval(at(8), at(9))]


def test_slots_can_begin_at_every_step():
    found = common_slots(Calendar(), {"ada": OfficeHours(time(9), time(11))}, HOUR, MONDAY, HOUR / 2)
    assert [(slot.start.hour, slot.start.minute) for slot in found] == [(9, 0), (9, 30), (10, 0)]


def test_people_who_never_work_together_cannot_meet():
    people = {"ada": OfficeHours(time(9), time(12)), "bob": OfficeHours(time(12), time(15))}
    assert common_slots(Calendar(), people, HOUR, MONDAY) == []


def test_somebody_must_meet():
    with pytest.raises(ValueError):
        common_slots(Calendar(), {}, HOUR, MONDAY)
