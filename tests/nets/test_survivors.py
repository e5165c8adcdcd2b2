"""What passes: the whole suite judges it once it may be the answer, and the likeliest kind of edit comes first."""

from __future__ import annotations

import math

import pytest
from fakes import FakeJudge, task_of, verdict
from hypothesis import given
from hypothesis import strategies as st

from trm_lsp.core.ports import X
from trm_lsp.core.state import Attempt, Candidate, Commit, Edit, Reasoning
from trm_lsp.core.verdict import TestResult, Tier, Verdict
from trm_lsp.nets.repair.net import answer
from trm_lsp.nets.repair.survivors import VOUCHED_SECONDS, VOUCHED_TESTS, likeliest_first, shrink, vouch
from trm_lsp.patch.edits import apply_all

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


# --- without what is not needed -----------------------------------------------------------------

LINES = "".join(f"line {number}\n" for number in range(6))
PRIORS = {"wrap": 0.5, "guard": 0.25, "number": 0.125}


def built(*steps: tuple[str, dict[int, str]]) -> Attempt:
    """A survivor of several commits, each with the new text of some lines of the text before it."""
    text, commits = LINES, []
    for number, (family, lines) in enumerate(steps, 1):
        starts = [0]
        for line in text.splitlines(keepends=True):
            starts.append(starts[-1] + len(line))
        edits = tuple(
            Edit("m.py", starts[at], starts[at + 1], new) for at, new in lines.items() if at + 1 < len(starts)
        )
        reason = f"step {number}"
        commits.append(Commit(family=family, edits=edits, reason=reason, place=f"m.py::{family}", prior=PRIORS[family]))
        text = apply_all({"m.py": text}, edits)["m.py"]
    *before, last = commits
    return Attempt(
        commit=last,
        parent="of the others",
        base={"m.py": LINES},
        texts={"m.py": text},
        verdict=verdict("passed", tier=Tier.CONFIRM),
        before=tuple(before),
    )


def shrunk(attempt: Attempt, needed: set[str], *, ruled_out: tuple[str, ...] = ()) -> Attempt:
    """What is left of a survivor where the tests ask for these lines alone."""

    def says(texts: dict[str, str], tier: Tier) -> Verdict:
        return verdict("passed" if needed <= set(texts["m.py"].splitlines()) else "failed", tier=tier)

    x = task_of({"m.py": LINES}, FakeJudge({"m.py": LINES}, says), verdict("failed"))
    z: Reasoning | None = Reasoning(survivors=(attempt,), ruled_out=ruled_out)
    while z is not None:
        (attempt,) = z.survivors
        z = shrink(x, z)
    return attempt


def made(y: Candidate) -> dict[str, str]:
    """The texts that y's commits give, one after the other, on the task's."""
    texts = dict(y.base)
    for commit in y.commits:
        texts = apply_all(texts, commit.edits)
    return texts


NEW_LINES = st.dictionaries(st.integers(0, 5), st.sampled_from(["new\n", "", "line 1\n", "a\nb\n"]), min_size=1)
STEPS = st.lists(st.tuples(st.sampled_from(sorted(PRIORS)), NEW_LINES), min_size=1, max_size=3)


@given(STEPS, st.sets(st.sampled_from(["new", "a", "b", "line 3"])))
def test_the_commits_of_an_answer_give_its_texts_whatever_was_left_out(
    steps: list[tuple[str, dict[int, str]]], needed: set[str]
) -> None:
    y = answer(Candidate(), Reasoning(survivors=(shrunk(built(*steps), needed),)))
    assert made(y) == y.texts


@pytest.mark.parametrize(
    ("needed", "left"),
    [({"one"}, "wrap"), ({"two"}, "guard"), ({"three"}, "number"), ({"one", "three"}, "wrap number")],
)
def test_what_is_left_is_of_the_commit_that_made_it(needed: set[str], left: str) -> None:
    grown = built(("wrap", {0: "one\nmore\n"}), ("guard", {3: "two\n"}), ("number", {5: "three\n"}))
    rest = shrunk(grown, needed)
    reasons = dict(zip(PRIORS, ("step 1", "step 2", "step 3"), strict=True))
    families = left.split()
    assert (rest.before, rest.parent) == ((), Candidate().digest)
    assert (rest.commit.family, rest.commit.place) == (families[-1], f"m.py::{families[-1]}")
    assert rest.commit.reason == "; ".join(reasons[family] for family in families)
    assert rest.commit.prior == math.prod(PRIORS[family] for family in families)


def test_a_commit_that_is_left_in_part_is_told_by_what_is_left() -> None:
    rest = shrunk(built(("wrap", {0: "one\n", 3: "two\n"})), {"two"})
    assert (rest.commit.reason, rest.commit.prior) == ("`line 3` → `two` at m.py:4", PRIORS["wrap"])


def test_a_line_that_two_commits_made_is_of_both() -> None:
    rest = shrunk(built(("wrap", {0: "one\n", 4: "two\n"}), ("guard", {0: "other\n"})), {"other"})
    assert (rest.commit.family, rest.commit.prior) == ("guard", PRIORS["wrap"] * PRIORS["guard"])


def test_an_answer_that_was_refused_does_not_come_back_as_a_part_of_another() -> None:
    both, one = built(("wrap", {0: "one\n", 3: "two\n"})), built(("wrap", {0: "one\n"}))
    assert shrunk(both, {"one"}).key == one.key
    assert shrunk(both, {"one"}, ruled_out=(f"y {one.key}",)).key == both.key


def test_what_is_left_does_not_stand_beside_itself() -> None:
    both, one = built(("wrap", {0: "one\n", 3: "two\n"})), built(("wrap", {0: "one\n"}))
    judge = FakeJudge({"m.py": LINES}, lambda texts, tier: verdict("passed" if "one" in texts["m.py"] else "failed"))
    z = shrink(task_of({"m.py": LINES}, judge, verdict("failed")), Reasoning(survivors=(both, one)))
    assert z is not None and [attempt.key for attempt in z.survivors] == [one.key]
