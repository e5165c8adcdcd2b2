"""Stock: what lies in which bin now."""

from __future__ import annotations

from datetime import date

from stockroom.errors import NotEnough
from stockroom.items import Catalogue
from stockroom.journal import Journal


class Stock:
    """Pieces by item and bin. Every change is also in the journal."""

    def __init__(self, catalogue: Catalogue, journal: Journal | None = None) -> None:
        self.catalogue = catalogue
        self.journal = journal if journal is not None else Journal()
        self._bins: dict[str, dict[str, int]] = {}

    def on_hand(self, sku: str, location: str | None = None) -> int:
        """How many pieces there are, in one bin or in all of them."""
        bins = self._bins.get(self.catalogue[sku].sku, {})
        return sum(bins.values()) if location is None else bins.get(location, 0)

    def bins(self, sku: str) -> dict[str, int]:
        """The bins that hold an item: a copy, in alphabetical order, without empty ones."""
        return dict(sorted(self._bins.get(self.catalogue[sku].sku, {}).items()))

    def receive(self, sku: str, quantity: int, location: str, day: date) -> None:
        """Put pieces that have arrived into a bin."""
        sku = self.catalogue[sku].sku
        self.journal.record(day, sku, quantity, target=location)
        self._change(sku, location, quantity)

    def issue(self, sku: str, quantity: int, day: date, location: str | None = None) -> list[tuple[str, int]]:
        """Take pieces out: from one bin, or from the emptiest bins first, so that bins become free.

        Returns what was taken from where. Raises NotEnough, and changes nothing, if there is less than that.
        """
        sku = self.catalogue[sku].sku
        if quantity > self.on_hand(sku, location):
            raise NotEnough(sku, quantity, self.on_hand(sku, location))
        picks = [(location, quantity)] if location is not None else self._picks(sku, quantity)
        for source, pieces in picks:
            self.journal.record(day, sku, pieces, source=source)
            self._change(sku, source, -pieces)
        return picks

    def transfer(self, sku: str, quantity: int, source: str, target: str, day: date) -> None:
        """Move pieces from one bin to another."""
        sku = self.catalogue[sku].sku
        if quantity > self.on_hand(sku, source):
            raise NotEnough(sku, quantity, self.on_hand(sku, source))
        self.journal.record(day, sku, quantity, source, target)
        self._change(sku, source, -quantity)
        self._change(sku, target, quantity)

    def count(self, sku: str, location: str, found: int, day: date) -> int:
        """Correct a bin to what was found in it. Returns the difference, below zero for a loss."""
        sku = self.catalogue[sku].sku
        difference = found - self.on_hand(sku, location)
        if difference > 0:
            self.journal.record(day, sku, difference, target=location, note="count")
        elif difference < 0:
            self.journal.record(day, sku, -difference, source=location, note="count")
        self._change(sku, location, difference)
        return difference

    def _picks(self, sku: str, quantity: int) -> list[tuple[str, int]]:
        picks = []
        for location, pieces in sorted(self._bins.get(sku, {}).items(), key=lambda pair: (pair[1], pair[0])):
            if quantity == 0:
                break
            taken = min(pieces, quantity)
            picks.append((location, taken))
            quantity -= taken
        return picks

    def _change(self, sku: str, location: str, by: int) -> None:
        bins = self._bins.setdefault(sku, {})
        bins[location] = bins.get(location, 0) + by
        if bins[location] == 0:
            del bins[location]
