"""Conditions on records. They combine with `&`, `|` and `~`.

>>> (field("age") >= 18)({"age": 20})
True
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from recordset.values import Record, compare, same, value_of


class Condition(ABC):
    """Something that is true of a record or not."""

    @abstractmethod
    def __call__(self, record: Record) -> bool:
        """Whether it is true of a record."""

    def __and__(self, other: Condition) -> Condition:
        return All((self, other))

    def __or__(self, other: Condition) -> Condition:
        return Some((self, other))

    def __invert__(self) -> Condition:
        return Not(self)

    def required(self) -> dict[str, Any]:
        """Fields that must have one value for the condition to be true, with that value."""
        return {}


@dataclass(frozen=True)
class All(Condition):
    """True if every part is."""

    parts: tuple[Condition, ...]

    def __call__(self, record: Record) -> bool:
        return all(part(record) for part in self.parts)

    def required(self) -> dict[str, Any]:
        needed: dict[str, Any] = {}
        for part in self.parts:
            needed.update(part.required())
        return needed


@dataclass(frozen=True)
class Some(Condition):
    """True if one part is."""

    parts: tuple[Condition, ...]

    def __call__(self, record: Record) -> bool:
        return any(part(record) for part in self.parts)


@dataclass(frozen=True)
class Not(Condition):
    """True if its inner condition is not."""

    inner: Condition

    def __call__(self, record: Record) -> bool:
        return not self.inner(record)


@dataclass(frozen=True)
class Compare(Condition):
    """A field against a value: `=`, `!=`, `<`, `<=`, `>`, `>=`. What has no order is not less and not more."""

    path: str
    sign: str
    value: Any

    def __call__(self, record: Record) -> bool:
        found = value_of(record, self.path)
        if self.sign == "=":
            return same(found, self.value)
        if self.sign == "!=":
            return not same(found, self.value)
        order = compare(found, self.value)
        if order is None:
            return False
        return {"<": order < 0, "<=": order <= 0, ">": order > 0, ">=": order >= 0}[self.sign]

    def required(self) -> dict[str, Any]:
        return {self.path: self.value} if self.sign == "=" else {}


@dataclass(frozen=True)
class Among(Condition):
    """A field has one of several values."""

    path: str
    values: tuple[Any, ...]

    def __call__(self, record: Record) -> bool:
        found = value_of(record, self.path)
        return any(same(found, value) for value in self.values)


@dataclass(frozen=True)
class Contains(Condition):
    """A text has a part, however capitalised; a list has an element."""

    path: str
    part: Any

    def __call__(self, record: Record) -> bool:
        found = value_of(record, self.path)
        if isinstance(found, str):
            return str(self.part).casefold() in found.casefold()
        if isinstance(found, list | tuple | set | frozenset):
            return any(same(one, self.part) for one in found)
        return False


class field:
    """A field, to be compared.

    >>> field("name").contains("a")({"name": "Ada"})
    True
    """

    def __init__(self, path: str) -> None:
        self.path = path

    def __eq__(self, value: object) -> Compare:  # type: ignore[override]
        return Compare(self.path, "=", value)

    def __ne__(self, value: object) -> Compare:  # type: ignore[override]
        return Compare(self.path, "!=", value)

    def __lt__(self, value: Any) -> Compare:
        return Compare(self.path, "<", value)

    def __le__(self, value: Any) -> Compare:
        return Compare(self.path, "<=", value)

    def __gt__(self, value: Any) -> Compare:
        return Compare(self.path, ">", value)

    def __ge__(self, value: Any) -> Compare:
        return Compare(self.path, ">=", value)

    __hash__ = object.__hash__

    def among(self, values: Iterable[Any]) -> Among:
        return Among(self.path, tuple(values))

    def contains(self, part: Any) -> Contains:
        return Contains(self.path, part)

    def between(self, low: Any, high: Any) -> Condition:
        """Not below the one and not above the other."""
        return All((self >= low, self <= high))
