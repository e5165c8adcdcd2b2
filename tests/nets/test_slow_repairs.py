"""Repairs with which the tests run for long, where they failed at their beginning: found in real runs."""

from __future__ import annotations

from pathlib import Path

import pytest
from projects import end, make, settings, task, untouched

from trm_lsp.engine.refine import refine
from trm_lsp.nets.repair.experiments import FIRST_TRIED

SCALED = """
    def scaled(items, factor):
        total = 0
        for item in items:
            total += item - factor
        return total
"""
SCALED_TEST = """
    from calc import scaled

    def test_scaled():
        assert scaled([], 2) == 0
        assert scaled([3], 2) == 6
        assert scaled(range({turns}), 2) == {turns} * ({turns} - 1)
"""


@pytest.mark.parametrize("turns", [100, 8000], ids=["within the usual limits", "cut short at first"])
def test_a_repair_with_which_the_test_runs_for_long_is_found_as_soon_as_another(root: Path, turns: int) -> None:
    test = SCALED_TEST.replace("{turns}", str(turns))
    with untouched(make(root, {"calc.py": SCALED, "test_calc.py": test})):
        knobs = settings(budget={"work": 4000, "seconds": 3600})
        halted = end(list(refine(task(root, "test_calc.py"), knobs, ask=lambda _: True)))
    assert halted.solved and halted.proposal is not None
    assert "item * factor" in halted.proposal.texts["calc.py"]
    assert halted.z.tried <= FIRST_TRIED
