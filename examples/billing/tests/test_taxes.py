from __future__ import annotations

from fractions import Fraction

import pytest

from billing.money import EUR, Money
from billing.taxes import TaxRate, TaxTable, UnknownTaxCode


def test_tax_is_added_to_the_net_amount() -> None:
    assert TaxRate("STD", Fraction(19)).tax_on(Money(10000)) == Money(1900)
    assert TaxRate("RED", Fraction(11, 2)).tax_on(Money(999)) == Money(55)


def test_split_gross_adds_up() -> None:
    standard = TaxRate("STD", Fraction(19))
    assert standard.split_gross(Money(11900)) == (Money(10000), Money(1900))
    assert standard.split_gross(Money(1000)) == (Money(840), Money(160))


def test_rates_are_found_in_lower_case(taxes: TaxTable) -> None:
    assert taxes.rate_for("red").percent == 7


def test_rates_are_found_by_their_own_code_only(taxes: TaxTable) -> None:
    assert taxes.rate_for("STD").percent == 19
    assert taxes.rate_for("RED").percent == 7
    with pytest.raises(UnknownTaxCode):
        taxes.rate_for("LUXURY")
    with pytest.raises(ValueError):
        taxes.add(TaxRate("std", Fraction(20)))


def test_tax_is_rounded_once_per_rate(taxes: TaxTable) -> None:
    amounts = [("STD", Money(103)), ("RED", Money(500)), ("STD", Money(103))]
    assert taxes.tax_by_code(amounts, EUR) == {"RED": Money(35), "STD": Money(39)}


def test_codes_in_either_case_belong_together(taxes: TaxTable) -> None:
    amounts = [("std", Money(1000)), ("STD", Money(2000))]
    assert taxes.tax_by_code(amounts, EUR) == {"STD": Money(570)}
