"""Tests that hang on the unchanged code: waited for once, and known afterwards."""

from __future__ import annotations

from pathlib import Path

import pytest
from projects import judging, make, outcomes, verdict

from trm_lsp.core.state import Edit, Variant
from trm_lsp.core.verdict import Outcome, Tier
from trm_lsp.judging.environment import EnvironmentBroken
from trm_lsp.judging.python_tests import PythonTests

CODE = """\
def digits(number):
    found = []
    while number > 0:
        found.append(number % 10)
        number = number // 1
    return found[::-1]


def double(number):
    return number + 2
"""
TEST = """\
from code_ import digits, double


def test_none():
    assert digits(0) == []


def test_many():
    assert digits(123) == [1, 2, 3]


def test_more():
    assert digits(98765) == [9, 8, 7, 6, 5]


def test_double():
    assert double(3) == 6
"""
MANY = """\
import pytest
from code_ import digits


@pytest.mark.parametrize("number", range(6))
def test_many(number):
    assert digits(12) == [1, 2]
"""
LIMITS = {"idle": 1.0}


def changed(old: str, new: str) -> Variant:
    at = CODE.index(old)
    return Variant({}, (Edit("code_.py", at, at + len(old), new),))


ENDS = changed("// 1", "// 10")


def project(root: Path) -> Path:
    return make(root, {"code_.py": CODE, "test_code.py": TEST})


MANY_ALONE = "test_code.py::test_many"


@pytest.mark.parametrize("asked", [("test_code.py::test_none", MANY_ALONE), (MANY_ALONE,)])
def test_tests_are_collected_though_some_of_them_hang(root: Path, asked: tuple[str, ...]) -> None:
    with judging(project(root), *asked, test=LIMITS) as judge:
        baseline = judge.baseline()
        assert outcomes(baseline)["test_many"] == "timeout"
        assert isinstance(judge._tests, PythonTests)
        assert judge._tests.level == "collected"
        screened = list(judge([ENDS, changed("% 10", "% 9"), changed("[::-1]", "")], Tier.SCREEN))
        assert [found.by_id["test_code.py::test_many"].outcome for found in screened] == [
            Outcome.PASSED,
            Outcome.TIMEOUT,
            Outcome.TIMEOUT,
        ]


def test_what_hangs_is_met_by_candidates_with_which_the_quick_pass(root: Path) -> None:
    doubled = changed("number + 2", "number * 2")
    with judging(project(root), test=LIMITS) as judge:
        judge.baseline()
        ends, doubles, both = judge([ENDS, doubled, Variant({}, (*ENDS.edits, *doubled.edits))], Tier.SCREEN)
        assert len(ends.failing) == 3  # nobody waited for what hangs
        assert doubles.failing == ("test_code.py::test_many", "test_code.py::test_more")
        assert both.passed
        # On a text where nothing else fails, what hangs is all that a candidate can meet.
        mended = Variant({"code_.py": CODE.replace("number + 2", "number * 2")})
        assert len(verdict(judge, mended).failing) == 2
        (found,) = judge([Variant(mended.texts, ENDS.edits)], Tier.SCREEN)
        assert found.passed


def test_a_collection_is_proved_where_nothing_ends(root: Path) -> None:
    test = "from code_ import digits\n\n\ndef test_many():\n    assert digits(3) == [3]\n"
    with judging(make(root, {"code_.py": CODE, "test_code.py": test}), test=LIMITS) as judge:
        assert outcomes(judge.baseline()) == {"test_many": "timeout"}
        assert isinstance(judge._tests, PythonTests)
        assert judge._tests.level == "collected"
        assert next(judge([ENDS], Tier.SCREEN)).passed


def test_a_neighbour_that_hangs_does_not_hold_up_a_candidate(root: Path) -> None:
    fixed = changed("number + 2", "number * 2")
    with judging(project(root), "test_code.py::test_double", test=LIMITS) as judge:
        assert judge.baseline().failing == ("test_code.py::test_double",)
        found = verdict(judge, fixed)
        assert found.passed
        assert set(outcomes(found)) == {"test_none", "test_double"}
        assert verdict(judge, changed("number + 2", "number * 2 if number else digits(1)")).passed
        (broken,) = judge([Variant({}, (*changed("found = []", "found = [0]").edits, *fixed.edits))], Tier.CONFIRM)
        assert broken.regressions == ("test_code.py::test_none",)


def test_each_test_that_hangs_is_traced(root: Path) -> None:
    with judging(project(root), test=LIMITS) as judge:
        judge.baseline()
        tests = [f"test_code.py::{name}" for name in ("test_many", "test_none", "test_more", "test_double")]
        trace = judge.trace(Variant({}), tests)
        assert {test: trace.lines[test]["code_.py"] for test in tests} == {
            tests[0]: (2, 3, 4, 5),
            tests[1]: (2, 3, 6),
            tests[2]: (2, 3, 4, 5),
            tests[3]: (10,),
        }
        assert trace.passed == {tests[1]}


def test_what_stands_behind_many_tests_that_hang_is_a_target_all_the_same(root: Path) -> None:
    ids = tuple(f"test_code.py::test_many[{number}]" for number in range(6))
    with judging(make(root, {"code_.py": CODE, "test_code.py": MANY}), *ids, test=LIMITS) as judge:
        baseline = judge.baseline()
        assert set(baseline.failing) == set(ids)
        assert {result.outcome for result in baseline.results} == {Outcome.TIMEOUT}
        assert "was not reached" in baseline.by_id[ids[-1]].message
        assert verdict(judge, ENDS).passed


def test_a_name_that_pytest_does_not_know_is_refused_behind_tests_that_hang_as_well(root: Path) -> None:
    make(root, {"code_.py": CODE, "test_code.py": MANY})
    with judging(root, "test_code.py::test_many[0]", "test_code.py::test_none", test=LIMITS) as judge:
        with pytest.raises(EnvironmentBroken, match=r"does not know test_code\.py::test_none"):
            judge.baseline()
