"""What passes: the whole suite judges it once it may be the answer, and the likeliest kind of edit comes first."""

from __future__ import annotations

import pytest
from fakes import FakeJudge, task_of, verdict

from trm_lsp.core.ports import X
from trm_lsp.core.state import Attempt, Commit, Reasoning
from trm_lsp.core.verdict import TestResult, Tier, Verdict
from trm_lsp.nets.repair.survivors import VOUCHED_SECONDS, VOUCHED_TESTS, likeliest_first, vouch

BASE = "x = 1\n"


def survivor(text: str, *, prior: float = 0.5, rank: float = 0.5, tier: Tier = Tier.CONFIRM) -> Attempt:
    return Attempt(
        commit=Commit(family="number", edits=(), reason=f"it is {text.strip()}", prior=prior),
        parent="",
        base={"m.py": BASE},
        texts={"m.py": text},
        verdict=verdict("passed", tier=tier),
        rank=rank,
    )


ONE, TWO = survivor("x = 2\n"), survivor("x = 3\n")


def asked(judged: Verdict, *, broken: str = "") -> tuple[X, FakeJudge]:
    """A judge that gives this verdict, and refuses one text."""
    refused = verdict("passed", tier=Tier.SUITE, regressions=("test_old",))
    judge = FakeJudge({"m.py": BASE}, lambda texts, tier: refused if texts["m.py"] == broken else judged)
    return task_of({"m.py": BASE}, judge, verdict("failed")), judge


def suite(tests: int, seconds: float = 0.0) -> Verdict:
    many = tuple(TestResult(id=f"t.py::{number}", outcome="passed") for number in range(tests - 1))
    return verdict("passed", tier=Tier.SUITE, beside=many).model_copy(update={"cpu_seconds": seconds})


def test_the_likeliest_is_judged_by_the_suite_first_and_the_others_after_it() -> None:
    x, judge = asked(suite(10))
    z = Reasoning(survivors=(ONE, TWO))
    for _ in range(2):
        judged = vouch(x, z)
        assert judged is not None
        z = judged
    assert [texts["m.py"] for _, texts in judge.asked] == [ONE.texts["m.py"], TWO.texts["m.py"]]
    assert [attempt.verdict.tier for attempt in z.survivors] == [Tier.SUITE, Tier.SUITE]
    assert vouch(x, z) is None  # each once


@pytest.mark.parametrize(
    ("judged", "runs"),
    [
        (suite(VOUCHED_TESTS - 1), 2),
        (suite(VOUCHED_TESTS), 1),
        (suite(2, VOUCHED_SECONDS / 2), 2),
        (suite(2, VOUCHED_SECONDS), 1),
    ],
)
def test_where_suites_are_large_or_slow_the_likeliest_alone_is(judged: Verdict, runs: int) -> None:
    x, judge = asked(judged)
    z: Reasoning | None = Reasoning(survivors=(ONE, TWO))
    while z is not None:
        z = vouch(x, z)
    assert len(judge.asked) == runs


def test_what_the_suite_refuses_is_no_survivor_and_the_next_is_judged() -> None:
    x, _ = asked(suite(VOUCHED_TESTS), broken=ONE.texts["m.py"])
    z = vouch(x, Reasoning(survivors=(ONE, TWO)))
    assert z is not None and z.survivors == (TWO,)
    assert z.thoughts[-1] == "The whole suite refuses it is x = 2. It breaks test_old."
    assert f"y {ONE.key}" in z.ruled_out
    again = vouch(x, z)
    assert again is not None and again.survivors[0].verdict.tier is Tier.SUITE


def test_survivors_stand_by_kind_of_edit_before_place() -> None:
    likely, suspect = survivor("x = 4\n", prior=0.9, rank=0.2), survivor("x = 5\n", prior=0.5, rank=0.4)
    assert likeliest_first([suspect, likely]) == (likely, suspect)
    built = suspect.model_copy(update={"before": (suspect.commit,), "rank": 0.9})
    assert likeliest_first([built, ONE])[0] == ONE  # two unlikely edits are less likely than one of them
