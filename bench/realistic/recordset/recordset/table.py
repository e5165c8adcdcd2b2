"""Tables: records by key, with indexes on some fields."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from typing import Any

from recordset.conditions import Condition
from recordset.errors import DuplicateKey, UnknownKey
from recordset.values import Record, value_of


def _bucket(value: Any) -> Any:
    """The place of a value in an index: values that are the same have the same place."""
    return value.casefold() if isinstance(value, str) else value


class Index:
    """Keys of records by the value of a field."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._keys: dict[Any, set[Any]] = {}

    def add(self, key: Any, record: Record) -> None:
        self._keys.setdefault(_bucket(value_of(record, self.path)), set()).add(key)

    def discard(self, key: Any, record: Record) -> None:
        bucket = _bucket(value_of(record, self.path))
        keys = self._keys.get(bucket, set())
        keys.discard(key)
        if not keys:
            self._keys.pop(bucket, None)

    def find(self, value: Any) -> set[Any]:
        """The keys of the records that have the value: a set of the caller's own."""
        return set(self._keys.get(_bucket(value), ()))

    def __len__(self) -> int:
        return len(self._keys)


class Table:
    """Records, each known by the value of one field, in the order of their addition."""

    def __init__(self, key: str = "id", indexes: Iterable[str] = ()) -> None:
        self.key = key
        self._records: dict[Any, dict[str, Any]] = {}
        self._indexes = {path: Index(path) for path in indexes}

    def insert(self, record: Record) -> None:
        """Add a copy of a record. Raises UnknownKey if it has no key, DuplicateKey if it is taken."""
        key = record.get(self.key)
        if key is None:
            raise UnknownKey(self.key)
        if key in self._records:
            raise DuplicateKey(key)
        self._records[key] = copy.deepcopy(dict(record))
        for index in self._indexes.values():
            index.add(key, record)

    def insert_all(self, records: Iterable[Record]) -> int:
        """Add all records, or none if one of them cannot be added. Returns how many there were."""
        added = []
        try:
            for record in records:
                self.insert(record)
                added.append(record[self.key])
        except (UnknownKey, DuplicateKey):
            for key in added:
                self.delete(key)
            raise
        return len(added)

    def update(self, key: Any, **changes: Any) -> dict[str, Any]:
        """Change fields of a record, the key too. Returns a copy of it as it is now."""
        old = self._find(key)
        new = {**old, **copy.deepcopy(changes)}
        new_key = new[self.key]
        if new_key != key and new_key in self._records:
            raise DuplicateKey(new_key)
        for index in self._indexes.values():
            index.discard(key, old)
            index.add(new_key, new)
        if new_key == key:
            self._records[key] = new
        else:
            self._records = {
                new_key if one == key else one: new if one == key else r for one, r in self._records.items()
            }
        return copy.deepcopy(new)

    def delete(self, key: Any) -> None:
        record = self._find(key)
        del self._records[key]
        for index in self._indexes.values():
            index.discard(key, record)

    def add_index(self, path: str) -> None:
        """Index a field, if it is not yet."""
        if path in self._indexes:
            return
        index = self._indexes[path] = Index(path)
        for key, record in self._records.items():
            index.add(key, record)

    def candidates(self, condition: Condition | None) -> Iterator[dict[str, Any]]:
        """The records of which a condition may be true, as few as the indexes tell, in the order of the table."""
        keys: set[Any] | None = None
        for path, value in (condition.required() if condition else {}).items():
            if path in self._indexes:
                found = self._indexes[path].find(value)
                keys = found if keys is None else keys & found
        for key, record in list(self._records.items()):
            if keys is None or key in keys:
                yield record

    def __getitem__(self, key: Any) -> dict[str, Any]:
        return copy.deepcopy(self._find(key))

    def __contains__(self, key: object) -> bool:
        return key in self._records

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return (copy.deepcopy(record) for record in self.candidates(None))

    def _find(self, key: Any) -> dict[str, Any]:
        try:
            return self._records[key]
        except KeyError:
            raise UnknownKey(key) from None
