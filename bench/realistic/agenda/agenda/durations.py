"""Durations as people write them."""

from __future__ import annotations

import re
from datetime import timedelta

_PART = re.compile(r"(\d+)\s*([dhm])")
_UNITS = {"d": timedelta(days=1), "h": timedelta(hours=1), "m": timedelta(minutes=1)}


def parse_duration(text: str) -> timedelta:
    """Read a duration. Raises ValueError for anything else.

    >>> parse_duration("1h 30m")
    datetime.timedelta(seconds=5400)
    """
    text = text.strip().lower()
    parts = _PART.findall(text)
    if not parts or _PART.sub("", text).strip():
        raise ValueError(f"no duration: {text!r}")
    units = [unit for _, unit in parts]
    if len(set(units)) < len(units):
        raise ValueError(f"a unit comes twice: {text!r}")
    return sum((int(number) * _UNITS[unit] for number, unit in parts), timedelta())


def format_duration(duration: timedelta) -> str:
    """Write a duration; seconds are left out.

    >>> format_duration(timedelta(minutes=90))
    '1h 30m'
    """
    if duration < timedelta():
        return f"-{format_duration(-duration)}"
    minutes = int(duration.total_seconds()) // 60
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [f"{number}{unit}" for number, unit in ((days, "d"), (hours, "h"), (minutes, "m")) if number]
    return " ".join(parts) or "0m"
