"""What is taken from the net for an ablation is gone in that run, and back after it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from projects import NO_PLUGINS, make

from bench.ablations import ABLATIONS, ablated
from bench.controls import ON_REQUEST
from bench.repairing import ALL_ARMS, ARMS, TRM, run
from trm_lsp.nets.repair import net, partial, reading
from trm_lsp.nets.repair.experiments import KINDS

PLAIN = {"pyproject.toml": f'[tool.trm.test]\nenv = ["{NO_PLUGINS}"]\n'}
TWO_EDITS = {
    **PLAIN,
    "calc.py": "def add(a, b):\n    return a - b\n\n\ndef multiply(a, b):\n    return a // b\n",
    "test_calc.py": """
        from calc import add, multiply

        def test_sum():
            assert add(5, 3) == 8

        def test_product():
            assert multiply(5, 3) == 15
    """,
}
HIDING = {
    **PLAIN,
    "calc.py": "def f(a):\n    return (a - 1) * (a - 1) + a % 3\n",
    "test_calc.py": """
        from calc import f

        def test_f():
            assert [f(a) for a in range(6)] == [1, 5, 11, 16, 26, 38]
    """,
}
STUB = {
    **PLAIN,
    "calc.py": "def spread(low, high):\n    raise NotImplementedError\n",
    "test_calc.py": """
        from calc import spread

        def test_spread():
            assert spread(2, 9) == 79

        def test_none():
            assert spread(4, 4) == 12
    """,
}


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of projects."""
    monkeypatch.setenv(NO_PLUGINS, "1")
    return tmp_path


def solved(root: Path, files: dict[str, str], arm: str) -> bool:
    place = make(root / arm, files)
    return run(place, ["test_calc.py"], Path(sys.executable), arm, seconds=60, seed=0, work=20_000).solved


@pytest.mark.parametrize("name", ABLATIONS)
def test_every_ablation_puts_back_what_it_took(name: str) -> None:
    def parts() -> list[object]:
        return [net.observation, partial.DEEPEST, reading.Reading._evidence, [kind.prior for kind in KINDS]]

    before = parts()
    with ablated(name):
        pass
    assert parts() == before


def test_an_arm_that_is_no_ablation_takes_nothing() -> None:
    assert ARMS[0] == TRM and set(ALL_ARMS) - set(ARMS) == {*ABLATIONS, *ON_REQUEST}
    with ablated(TRM):
        assert net.observation.__module__ == "trm_lsp.nets.repair.looking"


def test_a_bug_of_two_edits_needs_partial_fixes(root: Path) -> None:
    assert [solved(root, TWO_EDITS, arm) for arm in (TRM, "without-deepening")] == [True, False]


def test_pairs_are_tried_unless_they_are_taken_away(root: Path) -> None:
    assert solved(root, HIDING, "without-deepening")
    with ablated("without-pairs"):
        assert not solved(root, HIDING, "without-deepening")


def test_a_stub_needs_the_values_that_are_seen(root: Path) -> None:
    assert [solved(root, STUB, arm) for arm in (TRM, "without-values")] == [True, False]
