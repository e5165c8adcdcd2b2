from __future__ import annotations

from collections.abc import Callable
from datetime import date
from fractions import Fraction

import pytest

from billing import Invoice, LineItem, Money
from billing.dates import BusinessCalendar
from billing.taxes import TaxRate, TaxTable


@pytest.fixture
def taxes() -> TaxTable:
    return TaxTable(
        [
            TaxRate("STD", Fraction(19)),
            TaxRate("RED", Fraction(7)),
            TaxRate("ZERO", Fraction(0)),
        ]
    )


@pytest.fixture
def working() -> BusinessCalendar:
    """A calendar with one holiday, Thursday 6 June 2024."""
    return BusinessCalendar(frozenset([date(2024, 6, 6)]))


@pytest.fixture
def make_invoice(taxes: TaxTable) -> Callable[..., Invoice]:
    """Make an invoice with one untaxed line of the given amount."""

    def make(number: str, due: date, minor: int = 10000) -> Invoice:
        invoice = Invoice(number, "Ada", date(2024, 1, 2), due, taxes)
        invoice.add_line(LineItem("Service", Money(minor), tax_code="ZERO"))
        return invoice

    return make
