"""Where many tests fail, a candidate meets a few of them first, and all of them before it may pass."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest
from projects import judging, make

from trm_lsp.core.state import Edit, Variant
from trm_lsp.core.verdict import Tier, Verdict
from trm_lsp.judging import aim
from trm_lsp.judging.judge import WITNESSES_APART, TestJudge
from trm_lsp.judging.screener import WITNESSES

CODE = """
    def double(n):
        return n
"""
TEST = """
    import pytest

    from code_ import double

    @pytest.mark.parametrize("n", range(1, 31))
    def test_double(n):
        assert double(n) == 2 * n

    def test_zero():
        assert double(0) == 0
"""
TARGETS = 30


@pytest.fixture
def project(root: Path) -> Path:
    return make(root, {"code_.py": textwrap.dedent(CODE), "test_code.py": textwrap.dedent(TEST)})


def screened(judge: TestJudge, *bodies: str, base: str = "") -> list[Verdict]:
    text = base or judge.texts["code_.py"].text
    at = text.index("return n") + len("return ")
    texts = {"code_.py": base} if base else {}
    return list(judge([Variant(texts, (Edit("code_.py", at, at + 1, body),)) for body in bodies], Tier.SCREEN))


def few(judge: TestJudge) -> list[str]:
    """The numbers in the tests that are met first."""
    (refused,) = screened(judge, "n - 1")
    return [result.id.partition("[")[2].rstrip("]") for result in refused.results[:WITNESSES]]


def test_what_passes_none_of_a_few_stands_as_before_with_the_others(project: Path) -> None:
    with judging(project) as judge:
        stood = judge.baseline().by_id
        (refused,) = screened(judge, "n - 1")
    assert refused.tier is Tier.SCREEN and len(refused.failing) == TARGETS
    untried = [result for result in refused.results if result == stood[result.id]]
    assert len(untried) == TARGETS - WITNESSES


def test_what_passes_some_meets_all_of_them_and_what_stands_beside(project: Path) -> None:
    with judging(project) as judge:
        judge.baseline()
        first, *_ = few(judge)
        right, one, harmful = screened(judge, "n * 2", f"n * 2 if n == {first} else n", "n * 2 if n else 1")
    assert not right.failing and not right.regressions
    assert len(one.failing) == TARGETS - 1
    assert not harmful.failing and harmful.regressions == ("test_code.py::test_zero",)


def test_a_candidate_that_pleases_the_few_alone_is_no_survivor(project: Path) -> None:
    with judging(project) as judge:
        judge.baseline()
        (special,) = screened(judge, f"n * 2 if n in ({', '.join(few(judge))}) else n")
    assert len(special.failing) == TARGETS - WITNESSES


SLOW = """

    def test_slow():
        assert all(double(0) == 0 for _ in range(800000))
"""


def test_a_slow_test_beside_the_targets_is_left_to_a_process_of_its_own(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aim, "SCREENED_SECONDS", 0.01)
    test = textwrap.dedent(TEST) + textwrap.dedent(SLOW)
    with judging(make(root, {"code_.py": textwrap.dedent(CODE), "test_code.py": test})) as judge:
        judge.baseline()
        (harmful,) = screened(judge, "n * 2 if n else 1")
        assert harmful.regressions == ("test_code.py::test_zero",)
        at = judge.texts["code_.py"].text.index("return n") + len("return ")
        variant = Variant({}, (Edit("code_.py", at, at + 1, "n * 2 if n else 1"),))
        (confirmed,) = judge([variant], Tier.CONFIRM)
    assert confirmed.regressions == ("test_code.py::test_slow", "test_code.py::test_zero")


def test_on_a_text_whose_failures_are_known_some_of_those_are_met_first(project: Path) -> None:
    with judging(project) as judge:
        judge.baseline()
        base = judge.texts["code_.py"].text.replace("return n", "return n if n > 9 else n + n")
        (before,) = judge([Variant({"code_.py": base})], Tier.CONFIRM)
        assert len(before.failing) == TARGETS - 9
        at = base.index("return n") + len("return ")
        right, refused = judge(
            [Variant({"code_.py": base}, (Edit("code_.py", at, at + 1, body),)) for body in ("2 * n", "n - 1")],
            Tier.SCREEN,
        )
    assert right.passed and right.tier is Tier.SCREEN
    assert refused.failing == before.failing and len(refused.results) == TARGETS
    assert {result.id for result in refused.results[:WITNESSES]} <= set(before.failing)


def test_on_a_text_that_was_changed_before_all_are_run(project: Path) -> None:
    with judging(project) as judge:
        stood = judge.baseline().by_id
        (found,) = screened(judge, "n + 3", base="def double(n):\n    n = n + 0\n    return n\n")
    assert len(found.failing) == TARGETS - 1  # the third passes
    assert not [result for result in found.results if result == stood[result.id]]


def test_what_cannot_be_screened_meets_fewer_still(project: Path) -> None:
    with judging(project) as judge:
        stood = judge.baseline().by_id
        text = judge.texts["code_.py"].text
        whole = [
            (Edit("code_.py", 0, len(text), f"K = 1\n\n\ndef double(n):\n    return n {sign} 2\n"),) for sign in "-*"
        ]
        refused, right = judge([Variant({}, edits) for edits in whole], Tier.SCREEN)
    assert refused.brief and refused.provisional and len(refused.failing) == TARGETS
    untried = [result for result in refused.results if result == stood[result.id] and not result.passed]
    assert len(untried) == TARGETS - WITNESSES_APART
    assert right.tier is Tier.CONFIRM and right.passed and not right.provisional
