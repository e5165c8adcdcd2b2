from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest

from billing.discounts import PercentDiscount
from billing.invoice import Invoice, LineItem
from billing.money import USD, CurrencyMismatch, Money
from billing.taxes import TaxTable


@pytest.fixture
def invoice(taxes: TaxTable) -> Invoice:
    made = Invoice("A-1", "Ada", date(2024, 5, 2), date(2024, 6, 3), taxes)
    made.add_line(LineItem("Paper", Money(450), 10))
    made.add_line(LineItem("Atlas", Money(2000), tax_code="RED"))
    return made


def test_a_line_multiplies_price_and_quantity() -> None:
    assert LineItem("Pen", Money(120), 3).list_price == Money(360)
    assert LineItem("Pen", Money(120), 3).net == Money(360)
    with pytest.raises(ValueError):
        LineItem("Pen", Money(120), 0)


def test_a_line_takes_its_discount_off() -> None:
    line = LineItem("Pen", Money(120), 5, discount=PercentDiscount(Fraction(25)))
    assert (line.list_price, line.savings, line.net) == (Money(600), Money(150), Money(450))


def test_a_line_in_another_currency_is_refused(invoice: Invoice) -> None:
    with pytest.raises(CurrencyMismatch):
        invoice.add_line(LineItem("Pen", Money(120, USD)))
    assert len(invoice.lines) == 2


def test_totals_without_discounts(invoice: Invoice) -> None:
    assert invoice.subtotal() == Money(6500)
    assert invoice.tax_by_code() == {"RED": Money(140), "STD": Money(855)}
    assert invoice.tax_total() == Money(995)
    assert invoice.total() == Money(7495)
    assert invoice.savings() == Money(0)


def test_discounts_lower_the_subtotal_and_the_tax(invoice: Invoice) -> None:
    invoice.add_line(LineItem("Desk", Money(10000), 2, discount=PercentDiscount(Fraction(10))))
    assert invoice.savings() == Money(2000)
    assert invoice.subtotal() == Money(24500)
    assert invoice.tax_by_code() == {"RED": Money(140), "STD": Money(4275)}


def test_instalments_start_on_the_due_date(invoice: Invoice) -> None:
    assert invoice.instalments(2) == [
        (date(2024, 6, 3), Money(3748)),
        (date(2024, 7, 3), Money(3747)),
    ]


def test_instalments_continue_in_the_next_year(invoice: Invoice) -> None:
    invoice.due = date(2024, 11, 30)
    days = [day for day, _ in invoice.instalments(4)]
    assert days == [
        date(2024, 11, 30),
        date(2024, 12, 30),
        date(2025, 1, 30),
        date(2025, 2, 28),
    ]
    assert invoice.instalments(1) == [(invoice.due, Money(7495))]
    with pytest.raises(ValueError):
        invoice.instalments(0)
