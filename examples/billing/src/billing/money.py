"""Exact amounts of money, kept as a whole number of minor units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from functools import total_ordering


class CurrencyMismatch(ValueError):
    """Two amounts of different currencies were combined."""


@dataclass(frozen=True)
class Currency:
    """A currency: its ISO code, its sign and its number of decimal places."""

    code: str
    symbol: str
    digits: int = 2

    @property
    def scale(self) -> int:
        """How many minor units make one unit (100 cents in a euro)."""
        return int(10**self.digits)


EUR = Currency("EUR", "€")
USD = Currency("USD", "$")
JPY = Currency("JPY", "¥", 0)


def round_half_up(value: Fraction) -> int:
    """Round to the nearest integer, halves away from zero.

    >>> round_half_up(Fraction(5, 2)), round_half_up(Fraction(-5, 2))
    (3, -3)
    """
    magnitude = int(abs(value) + Fraction(1, 2))
    return -magnitude if value < 0 else magnitude


@total_ordering
@dataclass(frozen=True)
class Money:
    """An immutable amount; ``Money(1250)`` is 12.50 euros."""

    minor: int
    currency: Currency = EUR

    @classmethod
    def parse(cls, text: str, currency: Currency = EUR) -> Money:
        """Read a plain decimal number, thousands separators allowed.

        Raises ValueError for anything else, and for more decimal places
        than the currency has.

        >>> Money.parse("1,234.5").minor
        123450
        """
        try:
            scaled = Decimal(text.replace(",", "")) * currency.scale
        except InvalidOperation:
            raise ValueError(f"not an amount: {text!r}") from None
        if not scaled.is_finite() or scaled != int(scaled):
            raise ValueError(f"not an amount of {currency.code}: {text!r}")
        return cls(int(scaled), currency)

    def __add__(self, other: Money) -> Money:
        self._require_same_currency(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        self._require_same_currency(other)
        return Money(self.minor - other.minor, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def __lt__(self, other: Money) -> bool:
        self._require_same_currency(other)
        return self.minor < other.minor

    def __bool__(self) -> bool:
        return self.minor != 0

    def times(self, factor: Fraction) -> Money:
        """The amount multiplied by ``factor``, rounded half up."""
        return Money(round_half_up(self.minor * Fraction(factor)), self.currency)

    def percent(self, rate: Fraction) -> Money:
        """``rate`` percent of the amount, rounded half up."""
        return self.times(Fraction(rate) / 100)

    def split(self, weights: Sequence[int]) -> list[Money]:
        """Divide in proportion to ``weights`` without losing a minor unit.

        Left-over units go to the parts that were rounded down the most,
        earlier parts first.

        >>> [part.minor for part in Money(100).split([1, 1, 1])]
        [34, 33, 33]
        """
        total = sum(weights)
        if total <= 0 or min(weights) < 0:
            raise ValueError("weights must not be negative and not all zero")
        shares = [self.minor * weight // total for weight in weights]
        missing = self.minor - sum(shares)
        lost = [self.minor * weight % total for weight in weights]
        neediest = sorted(range(len(shares)), key=lambda i: lost[i], reverse=True)
        for index in neediest[:missing]:
            shares[index] += 1
        return [Money(share, self.currency) for share in shares]

    def _require_same_currency(self, other: Money) -> None:
        if self.currency != other.currency:
            raise CurrencyMismatch(f"{self.currency.code} and {other.currency.code}")
