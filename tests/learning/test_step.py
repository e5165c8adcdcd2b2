"""A step's verdict teaches which kinds of edits to try earlier."""

from __future__ import annotations

from fakes import FakeJudge, task_of
from hypothesis import given
from hypothesis import strategies as st

from trm_lsp.core.state import Candidate, Commit, Reasoning
from trm_lsp.core.verdict import Outcome, TestResult, Tier, Verdict
from trm_lsp.learning import learn
from trm_lsp.learning.step import HIGHEST, LOWEST

RED = Verdict(tier=Tier.COLD, results=(TestResult(id="t", outcome=Outcome.FAILED),), targets=("t",))
GREEN = Verdict(tier=Tier.COLD, results=(TestResult(id="t", outcome=Outcome.PASSED),), targets=("t",))
BASE = {"m.py": "a"}
X = task_of(BASE, FakeJudge(BASE, lambda texts, tier: RED), RED)


def made_of(*families: str) -> Candidate:
    return Candidate(commits=tuple(Commit(family=family, edits=()) for family in families))


def test_a_family_that_helped_is_tried_earlier() -> None:
    assert learn(X, made_of("compare"), Reasoning(), GREEN).families["compare"] > 1


def test_a_family_that_did_not_help_is_tried_later() -> None:
    assert learn(X, made_of("compare"), Reasoning(), RED).families["compare"] < 1


def test_an_answer_without_commits_teaches_nothing() -> None:
    z = Reasoning(families={"wrap": 2.0})
    assert learn(X, Candidate(), z, RED) == z


@given(st.lists(st.booleans(), max_size=60))
def test_a_weight_stays_within_its_bounds(outcomes: list[bool]) -> None:
    z = Reasoning()
    for passed in outcomes:
        z = learn(X, made_of("wrap"), z, GREEN if passed else RED)
    assert LOWEST <= z.families.get("wrap", 1.0) <= HIGHEST
