from datetime import UTC, datetime, timedelta

import pytest

from agenda import BERLIN, LONDON, format_duration, parse_duration


@pytest.mark.parametrize(
    ("utc", "berlin"),
    [
        ((2024, 1, 15, 12), (2024, 1, 15, 13)),
        ((2024, 7, 15, 12), (2024, 7, 15, 14)),
        ((2024, 3, 31, 0, 59), (2024, 3, 31, 1, 59)),
        ((2024, 3, 31, 1), (2024, 3, 31, 3)),
        ((2024, 10, 27, 0, 59), (2024, 10, 27, 2, 59)),
        ((2024, 10, 27, 1), (2024, 10, 27, 2)),
        ((2023, 12, 31, 23, 30), (2024, 1, 1, 0, 30)),
    ],
)
def test_berlin(utc, berlin):
    local = datetime(*utc, tzinfo=UTC).astimezone(BERLIN)
    assert local.replace(tzinfo=None, fold=0) == datetime(*berlin)
    assert local.astimezone(UTC) == datetime(*utc, tzinfo=UTC)


def test_an_hour_that_comes_twice():
    first = datetime(2024, 10, 27, 2, 30, tzinfo=BERLIN)
    assert first.astimezone(UTC).hour == 0
    assert first.replace(fold=1).astimezone(UTC).hour == 1


def test_london_is_an_hour_behind_berlin():
    for month in (1, 7):
        moment = datetime(2024, month, 1, 12, tzinfo=LONDON)
        assert moment.astimezone(BERLIN).hour == 13


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("45m", 45), ("1h", 60), ("1h30m", 90), (" 1H 30M ", 90), ("2d 1h", 2940), ("0m", 0), ("30m 1h", 90)],
)
def test_durations_are_read(text, minutes):
    assert parse_duration(text) == timedelta(minutes=minutes)


@pytest.mark.parametrize("text", ["", "h", "12", "1h x", "1h 2h", "1.5h"])
def test_other_texts_are_not(text):
    with pytest.raises(ValueError):
        parse_duration(text)


@pytest.mark.parametrize(
    ("minutes", "text"),
    [(90, "1h 30m"), (60, "1h"), (0, "0m"), (1500, "1d 1h"), (1440, "1d"), (-90, "-1h 30m")],
)
def test_durations_are_written(minutes, text):
    assert format_duration(timedelta(minutes=minutes)) == text


def test_seconds_are_left_out():
    assert format_duration(timedelta(minutes=2, seconds=59)) == "2m"
