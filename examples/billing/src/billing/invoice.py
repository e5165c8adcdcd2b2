"""Invoices, their lines and their totals."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from billing.dates import add_months
from billing.discounts import Discount
from billing.money import EUR, Currency, CurrencyMismatch, Money
from billing.taxes import TaxTable


@dataclass(frozen=True)
class LineItem:
    """So many pieces of one article at one price."""

    description: str
    unit_price: Money
    quantity: int = 1
    tax_code: str = "STD"
    discount: Discount | None = None

    def __post_init__(self) -> None:
        if self.quantity < 1:
            raise ValueError("quantity must be at least 1")

    @property
    def list_price(self) -> Money:
        """The price of all pieces before any discount."""
        return self.unit_price.times(Fraction(self.quantity))

    @property
    def savings(self) -> Money:
        """What the discount takes off the list price."""
        if self.discount is None:
            return Money(0, self.unit_price.currency)
        return self.discount.amount(self.unit_price, self.quantity)

    @property
    def net(self) -> Money:
        """The list price less the discount."""
        return self.list_price - self.savings


@dataclass
class Invoice:
    """A bill to one customer."""

    number: str
    customer: str
    issued: date
    due: date
    taxes: TaxTable
    currency: Currency = EUR
    lines: list[LineItem] = field(default_factory=list)

    def add_line(self, line: LineItem) -> None:
        """Append a line; CurrencyMismatch if it is in another currency."""
        if line.unit_price.currency != self.currency:
            raise CurrencyMismatch(f"invoice {self.number} is in {self.currency.code}")
        self.lines.append(line)

    def subtotal(self) -> Money:
        """The sum of the net amounts of the lines."""
        return sum((line.net for line in self.lines), Money(0, self.currency))

    def savings(self) -> Money:
        """What all discounts together take off the list prices."""
        return sum((line.savings for line in self.lines), Money(0, self.currency))

    def tax_by_code(self) -> dict[str, Money]:
        """The tax on the net amounts, for each tax code that occurs."""
        amounts = [(line.tax_code, line.net) for line in self.lines]
        return self.taxes.tax_by_code(amounts, self.currency)

    def tax_total(self) -> Money:
        """The tax of all codes together."""
        return sum(self.tax_by_code().values(), Money(0, self.currency))

    def total(self) -> Money:
        """What the customer has to pay."""
        return self.subtotal() + self.tax_total()

    def instalments(self, count: int) -> list[tuple[date, Money]]:
        """The total in ``count`` nearly equal monthly parts.

        The first part is due on the due date, and the parts add up to the
        total exactly.
        """
        if count < 1:
            raise ValueError("count must be at least 1")
        parts = self.total().split([1] * count)
        return [(add_months(self.due, n), part) for n, part in enumerate(parts)]
