"""The journal: every move of stock, in the order in which it happened."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Move:
    """So many pieces from one bin to another; no source is a receipt, no target an issue."""

    number: int
    day: date
    sku: str
    quantity: int
    source: str | None = None
    target: str | None = None
    note: str = ""

    @property
    def is_issue(self) -> bool:
        return self.source is not None and self.target is None

    @property
    def is_receipt(self) -> bool:
        return self.source is None and self.target is not None

    def effect_on(self, location: str | None = None) -> int:
        """What the move adds to a bin, or to the whole stockroom."""
        effect = 0
        if self.target is not None and location in (None, self.target):
            effect += self.quantity
        if self.source is not None and location in (None, self.source):
            effect -= self.quantity
        return effect


class Journal:
    """Moves are only ever added."""

    def __init__(self) -> None:
        self._moves: list[Move] = []

    def record(
        self,
        day: date,
        sku: str,
        quantity: int,
        source: str | None = None,
        target: str | None = None,
        note: str = "",
    ) -> Move:
        """Write a move down. Raises ValueError for one that moves nothing or goes nowhere."""
        if quantity <= 0:
            raise ValueError(f"a move needs a positive quantity, not {quantity}")
        if source == target:
            raise ValueError("a move needs two different places")
        move = Move(len(self._moves) + 1, day, sku, quantity, source, target, note)
        self._moves.append(move)
        return move

    def __len__(self) -> int:
        return len(self._moves)

    def __iter__(self) -> Iterator[Move]:
        return iter(self._moves)

    def of(self, sku: str, first: date | None = None, last: date | None = None) -> Iterator[Move]:
        """The moves of an item from the first to the last day, both included."""
        for move in self._moves:
            if move.sku != sku:
                continue
            if first is not None and move.day < first:
                continue
            if last is not None and move.day > last:
                continue
            yield move

    def balance(self, sku: str, location: str | None = None, on: date | None = None) -> int:
        """What there was of an item at the end of a day (or is now), in a bin or in all."""
        return sum(move.effect_on(location) for move in self.of(sku, last=on))

    def issued(self, sku: str, first: date, last: date) -> int:
        """How many pieces left the stockroom in these days, both included."""
        return sum(move.quantity for move in self.of(sku, first, last) if move.is_issue)
