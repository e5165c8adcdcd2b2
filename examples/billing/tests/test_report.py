from __future__ import annotations

from collections.abc import Callable
from datetime import date
from fractions import Fraction

import pytest

from billing.discounts import PercentDiscount
from billing.invoice import Invoice, LineItem
from billing.ledger import Ledger, Payment
from billing.money import JPY, Money
from billing.reminders import Reminder
from billing.report import (
    aging_report,
    format_money,
    line_label,
    reminder_text,
    row,
    statement,
)
from billing.taxes import TaxTable


@pytest.mark.parametrize(
    "amount, text",
    [
        (Money(5), "€0.05"),
        (Money(123456789), "€1,234,567.89"),
        (Money(-150), "-€1.50"),
        (Money(12000, JPY), "¥12,000"),
    ],
    ids=["cents", "thousands", "negative", "yen"],
)
def test_format_money(amount: Money, text: str) -> None:
    assert format_money(amount) == text


def test_row_fills_the_width_with_dots() -> None:
    assert row("Total", "€5.00", 16) == "Total .... €5.00"
    assert row("Notebook 12", "€5.00", 20) == "Notebook 12 .. €5.00"
    assert len(row("Subtotal", "€1,000.00")) == 40


def test_row_cuts_off_a_long_label() -> None:
    assert row("Mechanical keyboard", "€5.00", 20) == "Mechanical… .. €5.00"
    assert row("Fountain pens", "€5.00", 20) == "Fountain p… .. €5.00"


def test_line_label_shows_the_quantity_if_not_one() -> None:
    assert line_label(LineItem("Desk  lamp ", Money(100))) == "Desk lamp"
    assert line_label(LineItem("Desk lamp", Money(100), 3)) == "3 × Desk lamp"


def test_statement_lists_lines_tax_and_total(taxes: TaxTable) -> None:
    invoice = Invoice("A-1", "Ada", date(2024, 5, 2), date(2024, 6, 3), taxes)
    invoice.add_line(LineItem("Chair", Money(25000), 4, discount=PercentDiscount(Fraction(5))))
    invoice.add_line(LineItem("Atlas", Money(2000), tax_code="red"))
    assert statement(invoice, 30).splitlines() == [
        "Invoice A-1 for Ada",
        "4 × Chair .......... €1,000.00",
        "  discount ........... -€50.00",
        "Atlas ................. €20.00",
        "Subtotal ............. €970.00",
        "Tax RED ................ €1.40",
        "Tax STD .............. €180.50",
        "Total .............. €1,151.90",
        "Due on 2024-06-03",
    ]


def test_aging_report_leaves_empty_buckets_out(make_invoice: Callable[..., Invoice]) -> None:
    ledger = Ledger()
    ledger.add_invoice(make_invoice("A-1", date(2024, 5, 20), 7000))
    ledger.add_invoice(make_invoice("A-2", date(2024, 1, 8), 120000))
    assert aging_report(ledger, date(2024, 6, 3)).splitlines() == [
        "1-30 ............................ €70.00",
        "over 60 ...................... €1,200.00",
        "Outstanding .................. €1,270.00",
    ]


def test_aging_report_shows_credit(make_invoice: Callable[..., Invoice]) -> None:
    ledger = Ledger()
    ledger.add_invoice(make_invoice("A-1", date(2024, 5, 20), 7000))
    ledger.apply(Payment(date(2024, 6, 3), Money(8000)))
    assert aging_report(ledger, date(2024, 6, 3)).splitlines() == [
        "Outstanding ...................... €0.00",
        "Credit ......................... -€10.00",
    ]


def test_reminder_text_mentions_a_fee_only_if_there_is_one() -> None:
    reply_by = date(2024, 6, 11)
    free = Reminder("A-1", "reminder", 2, Money(7500), Money(0), reply_by)
    assert reminder_text(free) == (
        "Reminder: invoice A-1 is 2 days late, please pay €75.00 by 2024-06-11."
    )
    late = Reminder("A-1", "final notice", 34, Money(7500), Money(500), reply_by)
    assert reminder_text(late) == (
        "Final notice: invoice A-1 is 34 days late, please pay €80.00 by 2024-06-11"
        " (including a late fee of €5.00)."
    )
