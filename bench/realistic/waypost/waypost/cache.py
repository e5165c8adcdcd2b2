"""A cache of limited size in which values grow old. Time is a function that is passed in."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

Clock = Callable[[], float]


@dataclass
class Stats:
    """What a cache has done so far."""

    hits: int = 0
    misses: int = 0
    evicted: int = 0
    expired: int = 0

    @property
    def ratio(self) -> float:
        """The share of hits, 0 before the first question."""
        asked = self.hits + self.misses
        return self.hits / asked if asked else 0.0


class Cache:
    """Values by key; the one not used for longest goes first when there is no room."""

    def __init__(self, clock: Clock, size: int = 100, ttl: float | None = None) -> None:
        if size < 1:
            raise ValueError(f"a cache needs room for one value at least, not {size}")
        self.clock = clock
        self.size = size
        self.ttl = ttl
        """Seconds until a value is too old, unless it is put with its own; None: never."""
        self.stats = Stats()
        self._entries: OrderedDict[Hashable, tuple[Any, float | None]] = OrderedDict()

    def put(self, key: Hashable, value: Any, ttl: float | None = None) -> None:
        """Keep a value, in the place of an older one of its key."""
        seconds = self.ttl if ttl is None else ttl
        until = None if seconds is None else self.clock() + seconds
        self._entries[key] = (value, until)
        self._entries.move_to_end(key)
        if len(self._entries) > self.size:
            self.purge()
        while len(self._entries) > self.size:
            self._entries.popitem(last=False)
            self.stats.evicted += 1

    def get(self, key: Hashable, default: Any = None) -> Any:
        """The value of a key, which counts as a use of it, or a default."""
        if key not in self:
            if self._entries.pop(key, None) is not None:
                self.stats.expired += 1
            self.stats.misses += 1
            return default
        self.stats.hits += 1
        self._entries.move_to_end(key)
        return self._entries[key][0]

    def get_or_make(self, key: Hashable, make: Callable[[], Any], ttl: float | None = None) -> Any:
        """The value of a key; if there is none, the one that is made now. None is a value."""
        missing = object()
        found = self.get(key, missing)
        if found is missing:
            found = make()
            self.put(key, found, ttl)
        return found

    def drop(self, key: Hashable) -> bool:
        """Forget a value. Whether there was one that is not too old."""
        there = key in self
        self._entries.pop(key, None)
        return there

    def purge(self) -> int:
        """Forget what is too old. Returns how many values that was."""
        now = self.clock()
        old = [key for key, (_, until) in self._entries.items() if until is not None and until <= now]
        for key in old:
            del self._entries[key]
        self.stats.expired += len(old)
        return len(old)

    def __contains__(self, key: object) -> bool:
        """Whether there is a value that is not too old; this is no use of it."""
        if key not in self._entries:
            return False
        until = self._entries[key][1]
        return until is None or self.clock() < until

    def __len__(self) -> int:
        return sum(key in self for key in self._entries)
