"""Invoices, payments and reminders for a small business."""

from __future__ import annotations

from billing.invoice import Invoice, LineItem
from billing.ledger import Ledger, Payment
from billing.money import EUR, JPY, USD, Currency, Money

__all__ = [
    "EUR",
    "JPY",
    "USD",
    "Currency",
    "Invoice",
    "Ledger",
    "LineItem",
    "Money",
    "Payment",
]
