from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from billing.invoice import Invoice
from billing.ledger import Ledger, Payment, UnknownInvoice, bucket_for
from billing.money import Money

PAID_ON = date(2024, 6, 3)


@pytest.fixture
def ledger(make_invoice: Callable[..., Invoice]) -> Ledger:
    """Two open invoices of 100.00 and 40.00 euros, the first due first."""
    made = Ledger()
    made.add_invoice(make_invoice("A-1", date(2024, 4, 1), 10000))
    made.add_invoice(make_invoice("A-2", date(2024, 5, 20), 4000))
    return made


def test_unknown_and_repeated_numbers_and_empty_payments_are_errors(
    ledger: Ledger, make_invoice: Callable[..., Invoice]
) -> None:
    with pytest.raises(UnknownInvoice):
        ledger.balance_of("A-9")
    with pytest.raises(ValueError):
        ledger.add_invoice(make_invoice("A-1", date(2024, 7, 1)))
    with pytest.raises(ValueError):
        ledger.apply(Payment(PAID_ON, Money(0)))


def test_a_payment_goes_to_the_oldest_invoice_first(ledger: Ledger) -> None:
    used = ledger.apply(Payment(PAID_ON, Money(6000)))
    assert used == {"A-1": Money(6000)}
    assert ledger.balance_of("A-1") == Money(4000)
    assert ledger.balance_of("A-2") == Money(4000)


def test_a_payment_can_cover_several_invoices(ledger: Ledger) -> None:
    used = ledger.apply(Payment(PAID_ON, Money(11000)))
    assert used == {"A-1": Money(10000), "A-2": Money(1000)}
    assert ledger.outstanding() == Money(3000)
    assert ledger.credit == Money(0)


def test_a_payment_goes_to_the_invoice_it_names(ledger: Ledger) -> None:
    used = ledger.apply(Payment(PAID_ON, Money(4500), "A-2"))
    assert used == {"A-2": Money(4000), "A-1": Money(500)}


def test_what_is_paid_too_much_adds_up_as_credit(ledger: Ledger) -> None:
    assert ledger.outstanding() == Money(14000)
    for minor in (15000, 250, 50):
        ledger.apply(Payment(PAID_ON, Money(minor)))
    assert ledger.outstanding() == Money(0)
    assert ledger.credit == Money(1300)


def test_open_invoices_are_listed_by_due_date(
    ledger: Ledger, make_invoice: Callable[..., Invoice]
) -> None:
    ledger.add_invoice(make_invoice("A-3", date(2024, 3, 1)))
    ledger.add_invoice(make_invoice("A-0", date(2024, 5, 20)))
    ledger.apply(Payment(PAID_ON, Money(10000), "A-1"))
    assert [i.number for i in ledger.open_invoices()] == ["A-3", "A-0", "A-2"]


def test_a_customer_history_from_first_payment_to_credit(
    make_invoice: Callable[..., Invoice],
) -> None:
    ledger = Ledger()
    ledger.apply(Payment(PAID_ON, Money(700)))
    ledger.add_invoice(make_invoice("B-1", date(2024, 6, 30), 2000))
    ledger.add_invoice(make_invoice("B-2", date(2024, 6, 10), 3000))
    assert ledger.apply(Payment(PAID_ON, Money(3500))) == {"B-2": Money(3000), "B-1": Money(500)}
    ledger.apply(Payment(PAID_ON, Money(1600)))
    assert ledger.credit == Money(800)


def test_aging_sorts_balances_into_buckets(ledger: Ledger) -> None:
    assert ledger.aging(date(2024, 5, 20)) == {
        "current": Money(4000),
        "1-30": Money(0),
        "31-60": Money(10000),
        "over 60": Money(0),
    }


def test_buckets_end_on_their_last_day() -> None:
    names = [bucket_for(days) for days in (0, 1, 30, 31, 60, 61)]
    assert names == ["current", "1-30", "1-30", "31-60", "31-60", "over 60"]
