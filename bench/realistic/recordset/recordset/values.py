"""Values of records: how they are found, compared and ordered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Record = Mapping[str, Any]


def value_of(record: Record, path: str) -> Any:
    """The value of a field, or None; dots lead into records within records.

    >>> value_of({"a": {"b": 1}}, "a.b")
    1
    """
    found: Any = record
    for name in path.split("."):
        if not isinstance(found, Mapping):
            return None
        found = found.get(name)
    return found


def same(one: Any, other: Any) -> bool:
    """Whether values are equal; texts are, however they are capitalised."""
    if isinstance(one, str) and isinstance(other, str):
        return one.casefold() == other.casefold()
    return bool(one == other)


def compare(one: Any, other: Any) -> int | None:
    """-1, 0 or 1; None for values that have no order, None itself among them."""
    if one is None or other is None:
        return None
    if isinstance(one, str) and isinstance(other, str):
        one, other = one.casefold(), other.casefold()
    try:
        return int(one > other) - int(one < other)
    except TypeError:
        return None


def order_key(value: Any) -> tuple[int, Any]:
    """A key that sorts values of every kind: numbers, then texts, then the others by their text, then None."""
    if value is None:
        return (3, "")
    if isinstance(value, bool | int | float):
        return (0, value)
    if isinstance(value, str):
        return (1, value.casefold())
    return (2, str(value))
