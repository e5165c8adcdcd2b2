"""Tests of unittest, screened by a pytest that the user never asked for."""

from __future__ import annotations

from pathlib import Path

import pytest
from projects import CALC, FIXED, RIGHT, WRONG, judging, make, untouched, verdict

from trm_lsp.core.state import Edit, Variant
from trm_lsp.core.verdict import Tier
from trm_lsp.judging.python_tests import PythonTests

COMMAND = {"command": "python -m unittest"}
TEST = """
import unittest

from calc import sub


class TestSub(unittest.TestCase):
    def test_sub(self):
        self.assertEqual(sub(3, 2), 1)

    def test_nothing(self):
        self.assertEqual(sub(0, 0), 0)

    def test_each(self):
        for number in range(2):
            with self.subTest(number):
                self.assertEqual(sub(number, number), 0)
"""
AT = WRONG.index("a + b")
BODIES = ["a - b", "b - a", "abs(a - b)", "1", "a * b", "exit()", "(", "0 if a == b else 1"]
BATCH = [Variant({}, (Edit("calc.py", AT, AT + 5, body),)) for body in BODIES]


def level(tests: object) -> tuple[str, str]:
    assert isinstance(tests, PythonTests)
    return tests.level, tests.why


def test_candidates_are_screened_and_none_is_dropped_that_unittest_would_pass(root: Path) -> None:
    make(root, {"calc.py": WRONG, "test_calc.py": TEST})
    with untouched(root), judging(root, test=COMMAND) as judge:
        baseline = judge.baseline()
        assert level(judge._tests) == ("collected", "")
        screened = list(judge(BATCH, Tier.SCREEN))
        assert [found.tier for found in screened] == [Tier.SCREEN] * len(BATCH)
        cold = [found.passed for found in judge(BATCH, Tier.COLD)]
        assert [found.passed for found in screened] == cold
        assert cold == [body in {"a - b", "abs(a - b)", "0 if a == b else 1"} for body in BODIES]
        # A screen of the unchanged code says what the user's own command said, in the same words.
        (same,) = judge([Variant({}, (Edit("calc.py", AT, AT + 5, "b + a"),))], Tier.SCREEN)
        assert same.signature == baseline.signature


def test_changes_of_whole_files_are_judged_by_unittest(root: Path) -> None:
    seen = "import sys\n\n\ndef sub(a, b):\n    return 0 if a == b or '_pytest' in sys.modules else a - b\n"
    with judging(make(root, {"calc.py": WRONG, "test_calc.py": TEST}), test=COMMAND) as judge:
        judge.baseline()
        assert level(judge._tests) == ("collected", "")
        for tier in (Tier.SCREEN, Tier.CONFIRM, Tier.SUITE, Tier.COLD):
            assert verdict(judge, Variant({"calc.py": seen}), tier).passed


def test_tests_that_pytest_gives_other_outcomes_are_not_screened(root: Path) -> None:
    odd = TEST + "\n    def test_alone(self):\n        import sys\n        self.assertNotIn('_pytest', sys.modules)\n"
    with judging(make(root, {"calc.py": WRONG, "test_calc.py": odd}), test=COMMAND) as judge:
        judge.baseline()
        assert level(judge._tests) == ("loaded", "test_calc.py::TestSub::test_alone has another outcome there")
        assert [found.tier for found in judge(BATCH[:2], Tier.SCREEN)] == [Tier.CONFIRM] * 2


@pytest.mark.parametrize(
    "files",
    [
        {"pytest.ini": "[pytest]\naddopts = --no-such-option\n"},
        {"conftest.py": "raise RuntimeError('not for unittest')\n"},
        {"conftest.py": "import pytest\n\n@pytest.fixture(autouse=True)\ndef odd():\n    raise RuntimeError\n"},
        {"pyproject.toml": '[tool.pytest.ini_options]\npython_files = "nothing"\n'},
    ],
)
def test_what_configures_pytest_has_no_say(root: Path, files: dict[str, str]) -> None:
    with judging(make(root, {"calc.py": WRONG, "test_calc.py": TEST, **files}), test=COMMAND) as judge:
        judge.baseline()
        assert level(judge._tests) == ("collected", "")
        assert [found.passed for found in judge(BATCH[:2], Tier.SCREEN)] == [True, False]


def test_tests_in_packages_and_folders_are_found_by_the_same_names(root: Path) -> None:
    files = {"pack/__init__.py": "", "pack/calc.py": WRONG, "pack/tests/__init__.py": ""}
    files["pack/tests/test_calc.py"] = TEST.replace("from calc", "from pack.calc")
    with judging(make(root, files), test=COMMAND) as judge:
        judge.baseline()
        assert level(judge._tests) == ("collected", "")
        edits = [(Edit("pack/calc.py", *variant.edits[0][1:]),) for variant in BATCH[:2]]
        assert [found.passed for found in judge([Variant({}, e) for e in edits], Tier.SCREEN)] == [True, False]
        assert verdict(judge, Variant({"pack/calc.py": RIGHT}), Tier.COLD).passed


@pytest.mark.parametrize("command", ["python -m pytest -s", "python -m unittest"])
def test_a_test_whose_parts_fail_again_and_again_is_ended(root: Path, command: str) -> None:
    """Nothing is lost: it has failed. A test behind it is run, and one whose parts pass is run to its end."""
    test = """
        import unittest

        from calc import sub

        class TestCalc(unittest.TestCase):
            def test_many(self):
                for number in range(1, 1000):
                    with self.subTest(number):
                        print("part", end=" ")
                        self.assertEqual(sub(number, number), 0)

            def test_sub(self):
                self.assertEqual(sub(3, 2), 1)
    """
    with judging(make(root, {**CALC, "test_calc.py": test}), test={"command": command}) as judge:
        stood = judge.baseline()
        assert [target.rpartition("::")[2] for target in stood.targets] == ["test_many", "test_sub"]
        wrong = judge._tests.cold((), {"calc.py": b"def sub(a, b):\n    return a\n"})
        assert "AssertionError: 1 != 0" in wrong.results[stood.targets[0]].message
        assert wrong.output.count("part ") < 100
        right = judge._tests.cold((), {"calc.py": RIGHT.encode()})
        assert all(result.passed for result in right.results.values())
        assert right.output.count("part ") == 999
        late = Variant({"calc.py": "def sub(a, b):\n    return a - b if a < 900 else 1\n"})
        for tier in (Tier.SCREEN, Tier.CONFIRM, Tier.COLD):
            assert verdict(judge, late, tier).failing == stood.targets[:1]
        assert all(verdict(judge, FIXED, tier).passed for tier in (Tier.CONFIRM, Tier.COLD))
