"""Systems that cannot fork, as Windows: forced here, where nothing else uses that path."""

from __future__ import annotations

from pathlib import Path

import pytest
from processes import of_tests
from projects import CALC, FIXED, copies, judging, make, outcomes, until, untouched, verdict

from trm_lsp.core.state import Variant
from trm_lsp.core.verdict import Tier
from trm_lsp.judging.environment import EnvironmentBroken


def yes(_question: object) -> bool:
    return True


def test_every_tier_is_answered_from_spare_processes(root: Path, temporary: Path) -> None:
    with untouched(make(root, CALC)):
        with judging(root, forks=False, ask=yes) as judge:
            assert judge.sandbox.level == "none"
            assert judge.baseline().failing == ("test_calc.py::test_sub",)
            for tier in Tier:
                assert [found.passed for found in judge([Variant({}), FIXED], tier)] == [False, True]
    assert copies(temporary) == []


def test_the_user_is_asked_first_and_a_no_ends_it(root: Path) -> None:
    with pytest.raises(EnvironmentBroken, match="without a sandbox was not confirmed"):
        with judging(make(root, CALC), forks=False):
            pass


def test_a_test_that_hangs_is_named_and_ended(root: Path, tmp_path: Path) -> None:
    make(root, {**CALC, "test_slow.py": "import time\n\n\ndef test_slow():\n    time.sleep(600)\n"})
    mark = f"MARK={tmp_path}"
    with judging(root, forks=False, ask=yes, env={"MARK": str(tmp_path)}, test={"idle": 1.5, "env": ["MARK"]}) as judge:
        assert outcomes(judge.baseline()) == {"test_sub": "failed", "test_slow": "timeout"}
    assert until(lambda: not of_tests(mark))


def test_another_command_runs_in_the_copy_and_its_output_is_read(root: Path) -> None:
    make(root, {"answer.txt": "41\n"})
    command = "grep -q 42 *.txt || { echo FAIL: no answer; exit 1; }"
    with judging(root, forks=False, ask=yes, command=command) as judge:
        (result,) = judge.baseline().results
        assert not result.passed and "FAIL: no answer" in result.message
        assert verdict(judge, Variant({"answer.txt": "42\n"}), Tier.COLD).passed
