"""Plain text for people: amounts, invoice statements, aging reports."""

from __future__ import annotations

from datetime import date

from billing.invoice import Invoice, LineItem
from billing.ledger import Ledger
from billing.money import Money
from billing.reminders import Reminder

WIDTH = 40


def format_money(amount: Money) -> str:
    """The amount with its sign, currency sign and thousands separators.

    >>> format_money(Money(-123456))
    '-€1,234.56'
    """
    currency = amount.currency
    sign = "-" if amount.minor < 0 else ""
    units, minor = divmod(abs(amount.minor), currency.scale)
    text = f"{sign}{currency.symbol}{units:,}"
    if currency.digits:
        text += "." + str(minor).zfill(currency.digits)
    return text


def row(label: str, value: str, width: int = WIDTH) -> str:
    """A label on the left, dots, and a value on the right.

    A label that does not fit is cut off with an ellipsis.

    >>> row("Total", "€5.00", 16)
    'Total .... €5.00'
    """
    room = width - len(value) - 4
    if len(label) > room:
        label = label[: room - 1].rstrip() + "…"
    dots = "." * (width - len(label) - len(value) - 2)
    return f"{label} {dots} {value}"


def line_label(line: LineItem) -> str:
    """The description, with the quantity in front if it is not one."""
    description = " ".join(line.description.split())
    if line.quantity == 1:
        return description
    return f"{line.quantity} × {description}"


def statement(invoice: Invoice, width: int = WIDTH) -> str:
    """The invoice as text: its lines, the tax per code and the total."""
    output: list[str] = [f"Invoice {invoice.number} for {invoice.customer}"]
    for line in invoice.lines:
        output.append(row(line_label(line), format_money(line.list_price), width))
        if line.savings:
            output.append(row("  discount", format_money(-line.savings), width))
    output.append(row("Subtotal", format_money(invoice.subtotal()), width))
    for code, tax in invoice.tax_by_code().items():
        output.append(row(f"Tax {code}", format_money(tax), width))
    output.append(row("Total", format_money(invoice.total()), width))
    output.append(f"Due on {invoice.due}")
    return "\n".join(output)


def aging_report(ledger: Ledger, today: date) -> str:
    """The aging buckets that are not empty, the sum and any credit."""
    output: list[str] = []
    for bucket, amount in ledger.aging(today).items():
        if amount:
            output.append(row(bucket, format_money(amount)))
    output.append(row("Outstanding", format_money(ledger.outstanding())))
    if ledger.credit:
        output.append(row("Credit", format_money(-ledger.credit)))
    return "\n".join(output)


def reminder_text(reminder: Reminder) -> str:
    """The one sentence that goes into a reminder letter."""
    text = (
        f"{reminder.stage.capitalize()}: invoice {reminder.number}"
        f" is {reminder.days_late} days late, please pay"
        f" {format_money(reminder.amount_due)} by {reminder.reply_by}"
    )
    if reminder.fee:
        text += f" (including a late fee of {format_money(reminder.fee)})"
    return text + "."
