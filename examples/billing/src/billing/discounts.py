"""Discounts that can be granted on one line of an invoice."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from fractions import Fraction

from billing.money import Money


class Discount(ABC):
    """A rule that takes something off the price of a line."""

    def amount(self, unit_price: Money, quantity: int) -> Money:
        """What is taken off: never below zero, never above the price."""
        price = unit_price.times(Fraction(quantity))
        zero = Money(0, price.currency)
        return max(zero, min(self.reduction(unit_price, quantity), price))

    @abstractmethod
    def reduction(self, unit_price: Money, quantity: int) -> Money:
        """The reduction the rule asks for, before it is limited."""


class PercentDiscount(Discount):
    """A percentage of the price of the line."""

    def __init__(self, percent: Fraction) -> None:
        if not 0 <= percent <= 100:
            raise ValueError("percent must be between 0 and 100")
        self.percent = percent

    def reduction(self, unit_price: Money, quantity: int) -> Money:
        return unit_price.times(Fraction(quantity)).percent(self.percent)


class FixedDiscount(Discount):
    """A fixed amount off each piece."""

    def __init__(self, per_unit: Money) -> None:
        self.per_unit = per_unit

    def reduction(self, unit_price: Money, quantity: int) -> Money:
        return self.per_unit.times(Fraction(quantity))


class VolumeDiscount(Discount):
    """A percentage that grows with the quantity.

    ``tiers`` are ``(minimum quantity, percent)`` pairs in any order; the
    highest minimum that is reached counts.
    """

    def __init__(self, tiers: Sequence[tuple[int, Fraction]]) -> None:
        self.tiers = sorted(tiers, reverse=True)

    def percent_for(self, quantity: int) -> Fraction:
        """The percentage granted for ``quantity`` pieces, perhaps zero."""
        for minimum, percent in self.tiers:
            if quantity >= minimum:
                return percent
        return Fraction(0)

    def reduction(self, unit_price: Money, quantity: int) -> Money:
        price = unit_price.times(Fraction(quantity))
        return price.percent(self.percent_for(quantity))


class BundleDiscount(Discount):
    """Every ``size``-th piece is free."""

    def __init__(self, size: int) -> None:
        if size < 2:
            raise ValueError("a bundle has at least two pieces")
        self.size = size

    def reduction(self, unit_price: Money, quantity: int) -> Money:
        return unit_price.times(Fraction(quantity // self.size))


def best_discount(
    discounts: Iterable[Discount], unit_price: Money, quantity: int
) -> Discount | None:
    """The discount that takes off the most; None if none takes anything.

    Of equally good ones the first is chosen.
    """
    best: Discount | None = None
    best_amount = Money(0, unit_price.currency)
    for discount in discounts:
        amount = discount.amount(unit_price, quantity)
        if amount > best_amount:
            best = discount
            best_amount = amount
    return best
