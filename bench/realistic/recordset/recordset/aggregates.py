"""What can be said of the records of a group in one value. Records without a value do not count."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from recordset.values import Record, order_key, value_of

Aggregate = Callable[[list[Record]], Any]


def _values(records: Iterable[Record], path: str) -> list[Any]:
    return [value for record in records if (value := value_of(record, path)) is not None]


def count(path: str | None = None) -> Aggregate:
    """How many records, or how many that have a value."""
    return lambda records: len(records) if path is None else len(_values(records, path))


def total(path: str) -> Aggregate:
    """The sum, 0 for none."""
    return lambda records: sum(_values(records, path))


def average(path: str) -> Aggregate:
    """The mean, None for none."""

    def mean(records: list[Record]) -> float | None:
        values = _values(records, path)
        return sum(values) / len(values) if values else None

    return mean


def least(path: str) -> Aggregate:
    """The first value in order, None for none."""
    return lambda records: min(_values(records, path), key=order_key, default=None)


def greatest(path: str) -> Aggregate:
    """The last value in order, None for none."""
    return lambda records: max(_values(records, path), key=order_key, default=None)


def distinct(path: str) -> Aggregate:
    """The different values, in order."""

    def different(records: list[Record]) -> list[Any]:
        return sorted(set(_values(records, path)), key=order_key)

    return different
