from __future__ import annotations

import unittest
from collections.abc import Callable
from datetime import date
from fractions import Fraction

from billing.dates import BusinessCalendar
from billing.invoice import Invoice
from billing.ledger import Ledger, Payment
from billing.money import Money
from billing.reminders import LateFeePolicy, reminders_due, stage_for


class LateFeeTest(unittest.TestCase):
    def setUp(self) -> None:
        self.policy = LateFeePolicy(annual_percent=Fraction(10))
        self.due = date(2024, 6, 7)

    def test_no_fee_within_the_days_of_grace(self) -> None:
        self.assertTrue(self.policy.in_grace(self.due, date(2024, 6, 12)))
        self.assertEqual(self.policy.fee(Money(9000000), self.due, date(2024, 6, 12)), Money(0))

    def test_grace_ends_after_the_last_business_day(self) -> None:
        self.assertFalse(self.policy.in_grace(self.due, date(2024, 6, 13)))

    def test_fee_is_at_least_the_minimum_unless_paid(self) -> None:
        fee = self.policy.fee(Money(10000), self.due, date(2024, 7, 7))
        self.assertEqual(fee, Money(500))
        self.assertEqual(self.policy.fee(Money(0), self.due, date(2024, 7, 7)), Money(0))

    def test_fee_is_interest_for_every_day_since_the_due_date(self) -> None:
        fee = self.policy.fee(Money(365000), self.due, date(2024, 7, 7))
        self.assertEqual(fee, Money(3000))


def test_stages_become_more_severe() -> None:
    assert [stage_for(days) for days in (0, 1, 14)] == [None, "reminder", "reminder"]
    assert [stage_for(days) for days in (15, 30, 90)] == [
        "second reminder",
        "final notice",
        "final notice",
    ]


def test_reminders_start_with_the_latest_payer(
    make_invoice: Callable[..., Invoice], working: BusinessCalendar
) -> None:
    ledger = Ledger()
    ledger.add_invoice(make_invoice("A-2", date(2024, 6, 3)))
    ledger.add_invoice(make_invoice("A-1", date(2024, 5, 20)))
    ledger.add_invoice(make_invoice("A-3", date(2024, 6, 4)))
    letters = reminders_due(ledger, LateFeePolicy(working=working), date(2024, 6, 4))
    assert [(r.number, r.stage, r.days_late) for r in letters] == [
        ("A-1", "second reminder", 15),
        ("A-2", "reminder", 1),
    ]
    assert {r.reply_by for r in letters} == {date(2024, 6, 12)}


def test_a_reminder_asks_for_the_open_balance_and_the_fee(
    make_invoice: Callable[..., Invoice],
) -> None:
    ledger = Ledger()
    ledger.add_invoice(make_invoice("A-1", date(2024, 5, 1)))
    ledger.apply(Payment(date(2024, 5, 10), Money(2500)))
    (letter,) = reminders_due(ledger, LateFeePolicy(), date(2024, 6, 4))
    assert (letter.balance, letter.fee) == (Money(7500), Money(500))
    assert letter.amount_due == Money(8000)
