"""Reservations: pieces that are still here but promised to somebody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from stockroom.errors import NotEnough, UnknownReservation
from stockroom.stock import Stock

HOLD_DAYS = 14


@dataclass(frozen=True)
class Reservation:
    """What is held for a customer, until the end of a day."""

    number: int
    customer: str
    lines: Mapping[str, int]
    until: date

    def is_over(self, today: date) -> bool:
        return today > self.until


class ReservationBook:
    """The open reservations on one stock."""

    def __init__(self, stock: Stock) -> None:
        self._stock = stock
        self._open: dict[int, Reservation] = {}
        self._reserved: Counter[str] = Counter()
        self._last_number = 0

    def reserved(self, sku: str) -> int:
        return self._reserved[self._stock.catalogue[sku].sku]

    def available(self, sku: str) -> int:
        """What can still be promised."""
        return self._stock.on_hand(sku) - self.reserved(sku)

    def reserve(self, customer: str, lines: Mapping[str, int], day: date, days: int = HOLD_DAYS) -> Reservation:
        """Hold every line, or none: raises NotEnough for the first that cannot be held.

        Numbers that mean the same item are added up.
        """
        wanted: Counter[str] = Counter()
        for sku, quantity in lines.items():
            if quantity <= 0:
                raise ValueError(f"{sku}: a reservation needs a positive quantity, not {quantity}")
            wanted[self._stock.catalogue[sku].sku] += quantity
        for sku, quantity in wanted.items():
            if quantity > self.available(sku):
                raise NotEnough(sku, quantity, self.available(sku))
        self._last_number += 1
        reservation = Reservation(self._last_number, customer, dict(wanted), day + timedelta(days=days))
        self._open[reservation.number] = reservation
        self._reserved.update(wanted)
        return reservation

    def release(self, number: int) -> Reservation:
        """Give up a reservation: its pieces can be promised again."""
        try:
            reservation = self._open.pop(number)
        except KeyError:
            raise UnknownReservation(number) from None
        self._reserved.subtract(reservation.lines)
        return reservation

    def fulfil(self, number: int, day: date) -> dict[str, list[tuple[str, int]]]:
        """Issue everything that was held, and close the reservation. Returns the picks by item.

        Raises NotEnough, and changes nothing, if a bin was found emptier than thought.
        """
        if number not in self._open:
            raise UnknownReservation(number)
        lines = self._open[number].lines
        for sku, quantity in lines.items():
            if quantity > self._stock.on_hand(sku):
                raise NotEnough(sku, quantity, self._stock.on_hand(sku))
        self.release(number)
        return {sku: self._stock.issue(sku, quantity, day) for sku, quantity in lines.items()}

    def expire(self, today: date) -> list[Reservation]:
        """Release what is over, the oldest first."""
        over = [reservation for reservation in self._open.values() if reservation.is_over(today)]
        return [self.release(found.number) for found in sorted(over, key=lambda found: (found.until, found.number))]

    def of(self, customer: str) -> list[Reservation]:
        """The open reservations of a customer, however the name is capitalised."""
        return [found for found in self._open.values() if found.customer.casefold() == customer.casefold()]

    def __len__(self) -> int:
        return len(self._open)
