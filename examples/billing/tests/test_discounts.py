from __future__ import annotations

from fractions import Fraction

import pytest

from billing.discounts import (
    BundleDiscount,
    FixedDiscount,
    PercentDiscount,
    VolumeDiscount,
    best_discount,
)
from billing.money import Money

TIERS = [(10, Fraction(5)), (100, Fraction(20)), (50, Fraction(10))]


def test_percent_discount_applies_to_the_whole_line() -> None:
    assert PercentDiscount(Fraction(10)).amount(Money(995), 3) == Money(299)
    assert PercentDiscount(Fraction(0)).amount(Money(995), 3) == Money(0)
    with pytest.raises(ValueError):
        PercentDiscount(Fraction(101))


def test_fixed_discount_counts_for_each_piece_up_to_the_price() -> None:
    assert FixedDiscount(Money(150)).amount(Money(1000), 4) == Money(600)
    assert FixedDiscount(Money(1500)).amount(Money(1000), 2) == Money(2000)
    assert FixedDiscount(Money(-100)).amount(Money(1000), 2) == Money(0)


@pytest.mark.parametrize("quantity, percent", [(9, 0), (60, 10), (500, 20)])
def test_volume_discount_uses_the_highest_tier(quantity: int, percent: int) -> None:
    assert VolumeDiscount(TIERS).percent_for(quantity) == percent


def test_volume_discount_at_the_first_piece_of_a_tier() -> None:
    assert VolumeDiscount(TIERS).amount(Money(200), 10) == Money(100)
    assert VolumeDiscount(TIERS).amount(Money(200), 100) == Money(4000)
    assert VolumeDiscount(TIERS).amount(Money(200), 99) == Money(1980)


def test_bundle_discount_gives_every_third_piece_away() -> None:
    bundle = BundleDiscount(3)
    assert [bundle.amount(Money(400), n).minor for n in (2, 3, 5, 6)] == [0, 400, 400, 800]
    assert BundleDiscount(2).amount(Money(400), 2) == Money(400)
    with pytest.raises(ValueError):
        BundleDiscount(1)


def test_best_discount_takes_off_the_most() -> None:
    discounts = [
        FixedDiscount(Money(300)),
        PercentDiscount(Fraction(5)),
        PercentDiscount(Fraction(10)),
    ]
    assert best_discount(discounts, Money(1000), 2) is discounts[0]
    assert best_discount(discounts, Money(9000), 2) is discounts[2]


def test_best_discount_prefers_the_first_of_equals_and_may_be_none() -> None:
    first, second = PercentDiscount(Fraction(10)), FixedDiscount(Money(100))
    assert best_discount([first, second], Money(1000), 3) is first
    assert best_discount([BundleDiscount(5)], Money(1000), 3) is None
