"""What customers owe: open invoices, payments and credit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from billing.dates import days_overdue
from billing.invoice import Invoice
from billing.money import EUR, Currency, Money

AGING_BUCKETS: tuple[tuple[int, str], ...] = (
    (0, "current"),
    (30, "1-30"),
    (60, "31-60"),
)
OLDEST_BUCKET = "over 60"


class UnknownInvoice(KeyError):
    """The ledger has no invoice with this number."""


@dataclass(frozen=True)
class Payment:
    """Money received, perhaps with the number of the invoice it is for."""

    received: date
    amount: Money
    reference: str | None = None


class Ledger:
    """The invoices of one customer and what has been paid on them."""

    def __init__(self, currency: Currency = EUR) -> None:
        self.credit = Money(0, currency)
        self._zero = Money(0, currency)
        self._invoices: dict[str, Invoice] = {}
        self._paid: dict[str, Money] = {}

    def add_invoice(self, invoice: Invoice) -> None:
        """Enter an invoice; a number can be entered only once."""
        if invoice.number in self._invoices:
            raise ValueError(f"invoice {invoice.number} is already entered")
        self._invoices[invoice.number] = invoice
        self._paid[invoice.number] = self._zero

    def balance_of(self, number: str) -> Money:
        """What is still to be paid on one invoice."""
        if number not in self._invoices:
            raise UnknownInvoice(number)
        return self._invoices[number].total() - self._paid[number]

    def open_invoices(self) -> list[Invoice]:
        """The invoices not yet fully paid, those due first at the front."""
        unpaid = [i for i in self._invoices.values() if self.balance_of(i.number)]
        return sorted(unpaid, key=lambda invoice: (invoice.due, invoice.number))

    def outstanding(self) -> Money:
        """The sum of the balances of all open invoices."""
        balances = [self.balance_of(i.number) for i in self.open_invoices()]
        return sum(balances, self._zero)

    def apply(self, payment: Payment) -> dict[str, Money]:
        """Use a payment up and tell how much went to which invoice.

        The invoice it refers to comes first, then the others by due date.
        What is left when everything is paid becomes credit.
        """
        if payment.amount <= self._zero:
            raise ValueError("a payment must be positive")
        used: dict[str, Money] = {}
        remaining = payment.amount
        queue = self.open_invoices()
        queue.sort(key=lambda invoice: invoice.number != payment.reference)
        for invoice in queue:
            share = min(remaining, self.balance_of(invoice.number))
            if not share:
                break
            self._paid[invoice.number] += share
            used[invoice.number] = share
            remaining -= share
        self.credit += remaining
        return used

    def aging(self, today: date) -> dict[str, Money]:
        """Open balances by how many days they are overdue."""
        result = {name: self._zero for _, name in AGING_BUCKETS}
        result[OLDEST_BUCKET] = self._zero
        for invoice in self.open_invoices():
            bucket = bucket_for(days_overdue(invoice.due, today))
            result[bucket] += self.balance_of(invoice.number)
        return result


def bucket_for(days: int) -> str:
    """The name of the aging bucket for so many days overdue.

    >>> bucket_for(30), bucket_for(31)
    ('1-30', '31-60')
    """
    for limit, name in AGING_BUCKETS:
        if days <= limit:
            return name
    return OLDEST_BUCKET
