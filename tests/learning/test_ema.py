from __future__ import annotations

from fractions import Fraction
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from trm_lsp.learning import Ema

decays = st.floats(0.5, 0.999)
rates = st.floats(0, 1)


def check(samples: list[float], *, decay: float, start: float = 0.5) -> Ema:
    return reduce(Ema.observe, samples, Ema.new(decay, start))


@given(st.floats(-1e6, 1e6), st.integers(1, 300), decays, rates)
def test_the_ema_of_a_constant_is_the_constant(constant: float, count: int, decay: float, start: float) -> None:
    assert check([constant] * count, decay=decay, start=start).value == pytest.approx(constant, rel=1e-9, abs=1e-9)


@given(st.lists(rates, min_size=1, max_size=40), decays, rates)
def test_the_value_is_the_exact_weighted_mean_of_the_samples(samples: list[float], decay: float, start: float) -> None:
    weights = [Fraction(decay) ** age for age in reversed(range(len(samples)))]
    mean = sum(weight * Fraction(sample) for weight, sample in zip(weights, samples, strict=True)) / sum(weights)
    assert check(samples, decay=decay, start=start).value == pytest.approx(float(mean), abs=1e-9)


@given(st.lists(rates, min_size=1, max_size=40), decays)
def test_the_effective_samples_are_those_of_the_weights(samples: list[float], decay: float) -> None:
    weights = [Fraction(decay) ** age for age in range(len(samples))]
    kish = sum(weights) ** 2 / sum(weight**2 for weight in weights)
    assert check(samples, decay=decay).effective_samples == pytest.approx(float(kish), rel=1e-9)


@given(st.lists(rates, max_size=40), decays)
def test_the_value_stays_among_the_samples_and_the_start(samples: list[float], decay: float) -> None:
    value = check(samples, decay=decay).value
    assert min([*samples, 0.5]) - 1e-9 <= value <= max([*samples, 0.5]) + 1e-9


def test_ten_successes_read_as_success_though_the_stored_value_hardly_moved() -> None:
    ema = check([1.0] * 10, decay=0.999)
    assert (round(ema.stored, 3), round(ema.value, 9)) == (0.505, 1.0)


@pytest.mark.parametrize(("decay", "limit"), [(0.9, 19), (0.95, 39), (0.98, 99), (0.999, 1999)])
def test_the_effective_samples_grow_to_the_limit_of_the_decay(decay: float, limit: int) -> None:
    assert Ema(decay=decay, count=100_000).effective_samples == pytest.approx(limit)


def test_without_samples_it_knows_nothing() -> None:
    ema = Ema.new(0.98)
    assert (ema.value, ema.effective_samples) == (0.5, 0.0)


@pytest.mark.parametrize("decay", [0.0, 1.0, -0.1, 1.1])
def test_a_decay_that_never_or_always_forgets_is_refused(decay: float) -> None:
    with pytest.raises(ValidationError):
        Ema.new(decay)


@given(st.lists(rates, max_size=10), decays)
def test_it_comes_back_from_json_as_it_was(samples: list[float], decay: float) -> None:
    ema = check(samples, decay=decay)
    assert Ema.model_validate_json(ema.model_dump_json()) == ema
