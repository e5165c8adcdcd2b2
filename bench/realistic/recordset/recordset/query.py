"""Lazy queries: nothing is looked up before the records are asked for, and then anew each time."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from recordset.aggregates import Aggregate
from recordset.conditions import Condition
from recordset.language import parse
from recordset.table import Table
from recordset.values import order_key, value_of

DESCENDING = "-"


@dataclass(frozen=True)
class Query:
    """Records of a table: which, in what order, how many. Every method gives a new query."""

    table: Table
    condition: Condition | None = None
    order: tuple[str, ...] = ()
    skipped: int = 0
    most: int | None = None

    def where(self, condition: Condition | str) -> Query:
        """Only records of which the condition is true too."""
        added = parse(condition) if isinstance(condition, str) else condition
        return replace(self, condition=self.condition & added if self.condition else added)

    def order_by(self, *paths: str) -> Query:
        """In the order of these fields, the first one first; a minus before a field turns it round.

        Records without the value come last in both directions.
        """
        return replace(self, order=paths)

    def skip(self, number: int) -> Query:
        """Without so many more at the beginning."""
        left = None if self.most is None else max(self.most - number, 0)
        return replace(self, skipped=self.skipped + number, most=left)

    def limit(self, number: int) -> Query:
        """No more than so many."""
        return replace(self, most=number if self.most is None else min(self.most, number))

    def page(self, number: int, size: int) -> Query:
        """The records of a page; pages are counted from 1. Raises ValueError for a page before the first."""
        if number < 1:
            raise ValueError(f"there is no page {number}")
        return self.skip((number - 1) * size).limit(size)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        found = self._ordered(self._matching()) if self.order else self._matching()
        stop = None if self.most is None else self.skipped + self.most
        return (copy.deepcopy(record) for record in islice(found, self.skipped, stop))

    def first(self) -> dict[str, Any] | None:
        """The first record, or None."""
        return next(iter(self), None)

    def count(self) -> int:
        return sum(1 for _ in self)

    def values(self, path: str) -> list[Any]:
        """One field of all records."""
        return [value_of(record, path) for record in self]

    def select(self, *paths: str, **renamed: str) -> Iterator[dict[str, Any]]:
        """Only these fields of each record, perhaps under other names."""
        for record in self:
            yield {name: value_of(record, path) for name, path in {**{p: p for p in paths}, **renamed}.items()}

    def group_by(self, path: str, **aggregates: Aggregate) -> list[dict[str, Any]]:
        """A record for each value of a field, in order: the value and what the aggregates say of its records.

        Texts that are the same but for capitals are one group, under the first of them.
        """
        groups: dict[Any, tuple[Any, list[Any]]] = {}
        for record in self:
            value = value_of(record, path)
            groups.setdefault(order_key(value), (value, []))[1].append(record)
        return [
            {path: value, **{name: aggregate(records) for name, aggregate in aggregates.items()}}
            for _, (value, records) in sorted(groups.items(), key=lambda group: group[0])
        ]

    def join(self, other: Query, on: str, to: str, name: str, outer: bool = False) -> Iterator[dict[str, Any]]:
        """Each record with each one of the other query that it refers to, as the field `name`.

        The value of `on` must be that of `to`; None refers to nothing. With `outer`, records that refer to nothing
        are kept, with None.
        """
        by_value: dict[Any, list[dict[str, Any]]] = {}
        for record in other:
            by_value.setdefault(order_key(value_of(record, to)), []).append(record)
        for record in self:
            value = value_of(record, on)
            found = by_value.get(order_key(value), []) if value is not None else []
            for match in found:
                yield {**record, name: copy.deepcopy(match)}
            if outer and not found:
                yield {**record, name: None}

    def delete(self) -> int:
        """Delete the records from the table. Returns how many there were."""
        keys = self.values(self.table.key)
        for key in keys:
            self.table.delete(key)
        return len(keys)

    def _matching(self) -> Iterator[dict[str, Any]]:
        for record in self.table.candidates(self.condition):
            if self.condition is None or self.condition(record):
                yield record

    def _ordered(self, records: Iterator[dict[str, Any]]) -> list[dict[str, Any]]:
        ordered = list(records)
        for path in reversed(self.order):
            name = path.removeprefix(DESCENDING)
            having = [record for record in ordered if value_of(record, name) is not None]
            without = [record for record in ordered if value_of(record, name) is None]
            having.sort(key=lambda record: order_key(value_of(record, name)), reverse=path.startswith(DESCENDING))
            ordered = having + without
        return ordered
