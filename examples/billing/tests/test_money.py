from __future__ import annotations

from fractions import Fraction

import pytest

from billing.money import EUR, JPY, USD, Currency, CurrencyMismatch, Money, round_half_up


def test_parse_reads_decimal_numbers() -> None:
    assert Money.parse("12.50") == Money(1250, EUR)
    assert Money.parse("-1,234.5", USD) == Money(-123450, USD)
    assert Money.parse("1500", JPY) == Money(1500, JPY)


@pytest.mark.parametrize(
    "text, currency", [("twelve", EUR), ("12.345", EUR), ("NaN", USD), ("1500.5", JPY)]
)
def test_parse_rejects_what_is_not_an_amount(text: str, currency: Currency) -> None:
    with pytest.raises(ValueError):
        Money.parse(text, currency)


def test_rounding_takes_halves_away_from_zero() -> None:
    values = [Fraction(1, 2), Fraction(-1, 2), Fraction(5, 2), Fraction(7, 3), Fraction(-8, 3)]
    assert [round_half_up(value) for value in values] == [1, -1, 3, 2, -3]
    assert Money(1050).percent(Fraction(5)) == Money(53)
    assert Money(-300).times(Fraction(1, 7)) == Money(-43)


def test_amounts_of_one_currency_add_subtract_and_compare() -> None:
    assert Money(1250) + Money(250) == Money(1500)
    assert Money(1250) - Money(1300) == -Money(50)
    assert max(Money(5), Money(9), Money(-20)) == Money(9)
    assert not Money(5) < Money(5)
    assert Money(-1) and not Money(0)


def test_amounts_of_different_currencies_do_not_mix() -> None:
    with pytest.raises(CurrencyMismatch):
        Money(100, EUR) + Money(100, USD)
    with pytest.raises(CurrencyMismatch):
        min(Money(100, EUR), Money(200, USD))


def test_split_loses_no_cent() -> None:
    assert Money(100).split([1, 1, 1]) == [Money(34), Money(33), Money(33)]
    assert Money(100).split([1, 5, 0]) == [Money(17), Money(83), Money(0)]
    assert Money(10).split([4, 2, 1]) == [Money(6), Money(3), Money(1)]
    with pytest.raises(ValueError):
        Money(100).split([0, 0])
