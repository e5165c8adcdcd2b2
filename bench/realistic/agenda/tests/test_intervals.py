from datetime import UTC, datetime, timedelta

import pytest

from agenda import BERLIN, Interval, merge, subtract
from agenda.intervals import intersect, pieces


def at(hour, minute=0):
    return datetime(2024, 5, 6, hour, minute, tzinfo=UTC)


def span(start, end):
    return Interval(at(start), at(end))


def test_an_interval_needs_zones_and_a_direction():
    with pytest.raises(ValueError):
        Interval(datetime(2024, 5, 6), at(3))
    with pytest.raises(ValueError):
        span(3, 2)
    assert not span(3, 3)


def test_moments_are_compared_across_zones():
    assert Interval(datetime(2024, 5, 6, 10, tzinfo=BERLIN), at(9)) == span(8, 9)
    assert datetime(2024, 5, 6, 10, 30, tzinfo=BERLIN) in span(8, 9)
    assert datetime(2024, 5, 6, 11, 30, tzinfo=BERLIN) not in span(8, 9)


def test_the_start_belongs_to_it_and_the_end_does_not():
    assert at(8) in span(8, 9)
    assert at(9) not in span(8, 9)


def test_touching_is_not_overlapping():
    assert not span(8, 9).overlaps(span(9, 10))
    assert not span(9, 10).overlaps(span(8, 9))
    assert span(8, 10).overlaps(span(9, 11))
    assert span(8, 12).overlaps(span(9, 10))


def test_common_time():
    assert span(8, 10).common(span(9, 11)) == span(9, 10)
    assert span(8, 12).common(span(9, 10)) == span(9, 10)
    assert span(8, 9).common(span(9, 10)) is None


def test_merging_sorts_and_joins():
    assert merge([span(9, 10), span(12, 13), span(8, 9), span(11, 14)]) == [span(8, 10), span(11, 14)]


def test_an_interval_within_another_does_not_shorten_it():
    assert merge([span(8, 15), span(9, 10), span(12, 16)]) == [span(8, 16)]


def test_small_gaps_can_be_closed():
    parts = [span(8, 9), span(10, 11), span(13, 14)]
    assert merge(parts, timedelta(hours=1)) == [span(8, 11), span(13, 14)]
    assert merge(parts) == parts


def test_nothing_merges_to_nothing():
    assert merge([]) == []
    assert merge([span(9, 9)]) == []


@pytest.mark.parametrize(
    ("taken", "left"),
    [
        ([], [(8, 18)]),
        ([(10, 11)], [(8, 10), (11, 18)]),
        ([(14, 15), (10, 11), (10, 12)], [(8, 10), (12, 14), (15, 18)]),
        ([(6, 9)], [(9, 18)]),
        ([(17, 20)], [(8, 17)]),
        ([(6, 20)], []),
        ([(8, 18)], []),
        ([(3, 4), (20, 21)], [(8, 18)]),
    ],
)
def test_what_is_left(taken, left):
    assert subtract(span(8, 18), [span(*one) for one in taken]) == [span(*one) for one in left]


def test_time_in_both():
    first = [span(8, 12), span(14, 18)]
    assert intersect(first, [span(16, 20), span(11, 15)]) == [span(11, 12), span(14, 15), span(16, 18)]
    assert intersect(first, []) == []


def test_pieces_fit():
    hour = timedelta(hours=1)
    assert list(pieces(span(8, 10), hour)) == [span(8, 9), span(9, 10)]
    assert list(pieces(Interval(at(8), at(9, 59)), hour)) == [span(8, 9)]
    assert list(pieces(span(8, 10), 2 * hour, hour)) == [span(8, 10)]
    assert list(pieces(span(8, 11), 2 * hour, hour)) == [span(8, 10), span(9, 11)]
