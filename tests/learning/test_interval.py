from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trm_lsp.learning import wilson

rates = st.floats(0, 1)
samples = st.floats(0.1, 1e6)


@pytest.mark.parametrize(
    ("successes", "tries", "interval"),
    [(1, 1, (0.21, 1.0)), (3, 5, (0.23, 0.88)), (0, 1, (0.0, 0.79)), (87, 100, (0.79, 0.92))],
)
def test_it_is_wilsons(successes: int, tries: int, interval: tuple[float, float]) -> None:
    low, high = wilson(successes / tries, tries)
    assert (round(low, 2), round(high, 2)) == interval


def test_without_samples_anything_is_possible() -> None:
    assert wilson(0.5, 0) == (0.0, 1.0)


@given(rates, samples)
def test_it_holds_the_rate_and_stays_a_rate(rate: float, samples: float) -> None:
    low, high = wilson(rate, samples)
    assert 0 <= low <= rate + 1e-9
    assert rate - 1e-9 <= high <= 1


@given(rates, samples)
def test_more_samples_never_widen_it(rate: float, samples: float) -> None:
    few, many = wilson(rate, samples), wilson(rate, 2 * samples)
    assert many.high - many.low <= few.high - few.low + 1e-9


def test_a_rate_that_rounding_moved_out_of_range_is_taken_as_its_end() -> None:
    assert wilson(1 + 1e-12, 5) == wilson(1, 5)
