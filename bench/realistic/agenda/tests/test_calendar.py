from datetime import UTC, date, datetime, timedelta

import pytest

from agenda import Calendar, Daily, Event, Interval

HOUR = timedelta(hours=1)


def at(hour, day=6):
    return datetime(2024, 5, day, hour, tzinfo=UTC)


def event(title, start, end, *people, **more):
    return Event(title, at(start), timedelta(hours=end - start), people=frozenset(people), **more)


DAY = Interval(at(0), at(0, 7))
WEEK = Interval(at(0), at(0, 13))


@pytest.fixture
def calendar():
    return Calendar(
        [
            event("Review", 14, 16, "ada", "bob"),
            event("Stand-up", 9, 10, "ada", "bob", "eve", rule=Daily()),
            event("Call", 9, 12, "bob"),
            event("Lunch", 12, 13, "ada"),
        ]
    )


def titles(occurrences):
    return [occurrence.title for occurrence in occurrences]


def test_what_happens_comes_in_order_of_time_end_and_title(calendar):
    calendar.add(event("audit", 9, 10, "eve"))
    assert titles(calendar.between(DAY)) == ["audit", "Stand-up", "Call", "Lunch", "Review"]


def test_what_happens_to_one_person(calendar):
    assert titles(calendar.between(DAY, "ada")) == ["Stand-up", "Lunch", "Review"]
    assert titles(calendar.between(DAY, "zoe")) == []


def test_what_repeats_happens_again(calendar):
    assert titles(calendar.between(Interval(at(0, 7), at(0, 9)))) == ["Stand-up", "Stand-up"]


def test_titles_are_known_however_they_are_typed(calendar):
    assert calendar[" review "].title == "Review"
    with pytest.raises(ValueError):
        calendar.add(event("REVIEW", 1, 2))
    assert calendar.remove("stand-UP").title == "Stand-up"
    with pytest.raises(KeyError):
        calendar.remove("Stand-up")
    assert len(calendar) == 3


def test_one_day_can_be_cancelled(calendar):
    calendar.cancel("stand-up", date(2024, 5, 7))
    calendar.cancel("Stand-up", date(2024, 5, 9))
    found = calendar.between(WEEK, "eve")
    assert [occurrence.time.start.day for occurrence in found] == [6, 8, 10, 11, 12]


def test_an_event_can_be_renamed(calendar):
    calendar.rename("call", " Phone ")
    assert calendar["phone"].title == "Phone"
    with pytest.raises(KeyError):
        calendar["call"]


def test_a_title_that_is_taken_is_not_given_twice(calendar):
    with pytest.raises(ValueError):
        calendar.rename("Call", "lunch")
    assert calendar["call"].title == "Call"
    calendar.rename("call", "CALL")
    assert calendar["call"].title == "CALL"


def test_conflicts_share_time_and_people(calendar):
    calendar.add(event("Dentist", 15, 17, "ada"))
    calendar.add(event("Workshop", 15, 17, "eve"))
    assert [titles(pair) for pair in calendar.conflicts(DAY)] == [["Stand-up", "Call"], ["Review", "Dentist"]]


def test_a_long_event_conflicts_with_all_it_covers(calendar):
    calendar.add(event("Trip", 8, 18, "ada"))
    assert [titles(pair)[1] for pair in calendar.conflicts(DAY) if pair[0].title == "Trip"] == [
        "Stand-up",
        "Lunch",
        "Review",
    ]


def test_events_one_after_the_other_do_not_conflict(calendar):
    calendar.add(event("Walk", 13, 14, "ada"))
    assert [titles(pair) for pair in calendar.conflicts(DAY)] == [["Stand-up", "Call"]]


def test_busy_time_is_joined_and_cut(calendar):
    assert calendar.busy(DAY, "bob") == [Interval(at(9), at(12)), Interval(at(14), at(16))]
    assert calendar.busy(Interval(at(11), at(15)), "bob") == [Interval(at(11), at(12)), Interval(at(14), at(15))]


def test_free_time_is_what_is_left(calendar):
    window = Interval(at(9), at(18))
    assert calendar.free(window, "ada") == [
        Interval(at(10), at(12)),
        Interval(at(13), at(14)),
        Interval(at(16), at(18)),
    ]
    assert calendar.free(window, "ada", 2 * HOUR) == [Interval(at(10), at(12)), Interval(at(16), at(18))]
    assert calendar.free(window, "zoe") == [window]


def test_hours_count_time_once_and_the_busiest_first(calendar):
    assert list(calendar.hours(DAY).items()) == [("bob", 5 * HOUR), ("ada", 4 * HOUR), ("eve", HOUR)]


def test_people_who_are_equally_busy_come_by_name():
    calendar = Calendar([event("x", 9, 10, "bob"), event("y", 11, 12, "ada")])
    assert list(calendar.hours(DAY)) == ["ada", "bob"]


def test_cancelled_days_stay_cancelled(calendar):
    for day in (7, 8, 7):
        calendar.cancel("Stand-up", date(2024, 5, day))
    assert calendar["stand-up"].except_on == {date(2024, 5, 7), date(2024, 5, 8)}


def test_nothing_is_lost_when_a_title_is_taken(calendar):
    before = titles(calendar.between(DAY))
    with pytest.raises(ValueError):
        calendar.rename("Review", " STAND-up ")
    assert len(calendar) == 4
    assert titles(calendar.between(DAY)) == before


def test_several_people_who_are_equally_busy_come_by_name():
    calendar = Calendar([event("x", 9, 11, "eve", "bob", "ada"), event("y", 12, 13, "zoe")])
    assert list(calendar.hours(DAY)) == ["ada", "bob", "eve", "zoe"]
