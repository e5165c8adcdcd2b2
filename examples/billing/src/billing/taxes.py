"""Sales tax rates and the arithmetic of net, tax and gross."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from billing.money import Currency, Money


class UnknownTaxCode(KeyError):
    """A line refers to a tax code the table does not have."""


@dataclass(frozen=True)
class TaxRate:
    """A named rate; ``percent`` is 19 for nineteen percent."""

    code: str
    percent: Fraction

    def tax_on(self, net: Money) -> Money:
        """The tax to add to a net amount."""
        return net.percent(self.percent)

    def split_gross(self, gross: Money) -> tuple[Money, Money]:
        """Take the tax out of a gross amount: ``(net, tax)``.

        The two always add up to ``gross``.

        >>> net, tax = TaxRate("STD", Fraction(19)).split_gross(Money(11900))
        >>> net.minor, tax.minor
        (10000, 1900)
        """
        net = gross.times(Fraction(100) / (100 + self.percent))
        return net, gross - net


class TaxTable:
    """The tax rates in force, found by code in upper or lower case."""

    def __init__(self, rates: Iterable[TaxRate] = ()) -> None:
        self._rates: dict[str, TaxRate] = {}
        for rate in rates:
            self.add(rate)

    def add(self, rate: TaxRate) -> None:
        """Add a rate; a second rate with the same code is a ValueError."""
        key = rate.code.upper()
        if key in self._rates:
            raise ValueError(f"tax code {key} is already defined")
        self._rates[key] = rate

    def rate_for(self, code: str) -> TaxRate:
        """The rate called ``code``; UnknownTaxCode if there is none."""
        key = code.upper()
        if key not in self._rates:
            raise UnknownTaxCode(key)
        return self._rates[key]

    def tax_by_code(
        self, amounts: Iterable[tuple[str, Money]], currency: Currency
    ) -> dict[str, Money]:
        """The tax per rate for ``(code, net amount)`` pairs.

        The nets of one rate are added up first and the tax is rounded once
        per rate, as it is printed on an invoice.
        """
        nets: dict[str, Money] = {}
        for code, net in amounts:
            key = self.rate_for(code).code
            nets[key] = nets.get(key, Money(0, currency)) + net
        return {key: self.rate_for(key).tax_on(nets[key]) for key in sorted(nets)}
