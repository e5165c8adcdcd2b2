"""What to order, and how long the stock will last."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from stockroom.items import Item, normal_sku
from stockroom.journal import Journal
from stockroom.reservations import ReservationBook
from stockroom.stock import Stock

USAGE_WINDOW = 28


@dataclass(frozen=True)
class Suggestion:
    """So many packs of an item should be ordered."""

    item: Item
    packs: int
    shortage: int
    """Pieces between what will be there and the point of reordering."""

    @property
    def pieces(self) -> int:
        return self.packs * self.item.pack


def suggestions(stock: Stock, book: ReservationBook, on_order: Mapping[str, int] | None = None) -> list[Suggestion]:
    """What to order now, the greatest shortage first.

    An item is due when what can be promised, and what is already on its way, is at or below its point of
    reordering. Whole packs are ordered, up to the target at least.
    """
    coming = {normal_sku(sku): pieces for sku, pieces in (on_order or {}).items()}
    found = []
    for item in stock.catalogue:
        expected = book.available(item.sku) + coming.get(item.sku, 0)
        if expected > item.reorder_at or item.target <= expected:
            continue
        packs = item.packs_for(item.target - expected)
        found.append(Suggestion(item, packs, item.reorder_at - expected))
    return sorted(found, key=lambda one: (-one.shortage, one.item.sku))


def daily_usage(journal: Journal, sku: str, today: date, window: int = USAGE_WINDOW) -> float:
    """Pieces issued a day, on average over the days before today."""
    first = today - timedelta(days=window)
    return journal.issued(sku, first, today - timedelta(days=1)) / window


def days_left(stock: Stock, sku: str, today: date, window: int = USAGE_WINDOW) -> int | None:
    """How many whole days the stock lasts at the usage of late; None if nothing is used."""
    sku = stock.catalogue[sku].sku
    usage = daily_usage(stock.journal, sku, today, window)
    if usage == 0:
        return None
    return int(stock.on_hand(sku) / usage)
