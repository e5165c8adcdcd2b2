"""Late fees and the reminders sent to customers who pay late."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from billing.dates import BusinessCalendar, days_overdue
from billing.ledger import Ledger
from billing.money import Money

STAGES: tuple[tuple[int, str], ...] = (
    (1, "reminder"),
    (15, "second reminder"),
    (30, "final notice"),
)
DAYS_PER_YEAR = 365
REPLY_BUSINESS_DAYS = 5
MINIMUM_FEE = Money(500)


@dataclass(frozen=True)
class LateFeePolicy:
    """Yearly interest on overdue amounts, after a few days of grace."""

    annual_percent: Fraction = Fraction(9)
    grace_business_days: int = 3
    minimum: Money = MINIMUM_FEE
    working: BusinessCalendar = field(default_factory=BusinessCalendar)

    def in_grace(self, due: date, today: date) -> bool:
        """Whether so few business days have passed that no fee is asked."""
        passed = self.working.business_days_between(due, today)
        return passed <= self.grace_business_days

    def fee(self, balance: Money, due: date, today: date) -> Money:
        """Interest from the due date on, but at least the minimum fee."""
        if not balance or self.in_grace(due, today):
            return Money(0, balance.currency)
        days = days_overdue(due, today)
        interest = balance.percent(self.annual_percent * Fraction(days, DAYS_PER_YEAR))
        return max(interest, self.minimum)


@dataclass(frozen=True)
class Reminder:
    """One letter about one late invoice."""

    number: str
    stage: str
    days_late: int
    balance: Money
    fee: Money
    reply_by: date

    @property
    def amount_due(self) -> Money:
        """What the customer is asked to pay now."""
        return self.balance + self.fee


def stage_for(days_late: int) -> str | None:
    """The most severe stage that is reached; None if not late at all.

    >>> stage_for(15)
    'second reminder'
    """
    reached: str | None = None
    for first_day, stage in STAGES:
        if days_late >= first_day:
            reached = stage
    return reached


def reminders_due(ledger: Ledger, policy: LateFeePolicy, today: date) -> list[Reminder]:
    """The letters to send today, the latest payers first."""
    reminders: list[Reminder] = []
    for invoice in ledger.open_invoices():
        days_late = days_overdue(invoice.due, today)
        stage = stage_for(days_late)
        if stage is None:
            continue
        balance = ledger.balance_of(invoice.number)
        fee = policy.fee(balance, invoice.due, today)
        reply_by = policy.working.add_business_days(today, REPLY_BUSINESS_DAYS)
        reminders.append(Reminder(invoice.number, stage, days_late, balance, fee, reply_by))
    return sorted(reminders, key=lambda r: (-r.days_late, r.number))
