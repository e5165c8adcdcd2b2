"""Grades, the reasons beside them, and the one question that rivals leave."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from fakes import FakeJudge, task_of, verdict
from projects import end, make, settings, task

from trm_lsp.core.behaviour import Did, Distinction, Doubts, Kind
from trm_lsp.core.events import Halted, Hunk, OpenQuestion, load_event
from trm_lsp.core.ports import X
from trm_lsp.core.state import Attempt, Candidate, Commit, Reasoning
from trm_lsp.engine.explaining import explain
from trm_lsp.engine.grading import behaviours, grade, special_cased
from trm_lsp.engine.question import open_question
from trm_lsp.engine.refine import refine

SHARES = """
    def shares(total, people):
        if people == 0:
            return 0
        return total // (people + 1)
"""
SHARES_TEST = """
    from shares import shares


    def test_two():
        assert shares(6, 2) == 3


    def test_none():
        assert shares(6, 0) == 0
"""


def refined(root: Path, files: dict[str, str]) -> Halted:
    make(root, files)
    return end(list(refine(task(root), settings(), ask=lambda question: True)))


# --- end to end ---------------------------------------------------------------------------------


def test_rivals_are_told_with_the_input_where_they_differ(root: Path) -> None:
    last = refined(root, {"shares.py": SHARES, "test_shares.py": SHARES_TEST})
    assert last.solved and last.proposal is not None
    question = last.proposal.question
    assert last.proposal.grade == "rivals" and question is not None
    one, other = question.answers
    assert question.text == f"These two differ at {question.call}: {one.outcome} or {other.outcome}."
    assert (one.diff, one.outcome != other.outcome) == (last.proposal.diff, True)
    assert other.diff.startswith("--- a/shares.py") and other.diff != one.diff
    assert any(question.text in sentence for sentence in last.proposal.why)
    again = load_event(last.model_dump_json())
    assert isinstance(again, Halted) and again == last


@pytest.mark.parametrize(
    "test",
    [
        SHARES_TEST,
        """
        import unittest

        import shares


        class TestShares(unittest.TestCase):
            def test_two(self):
                self.assertEqual(shares.shares(6, 2), 3)

            def test_none(self):
                self.assertEqual(shares.shares(6, 0), 0)


        if __name__ == "__main__":
            unittest.main()
        """,
    ],
    ids=["pytest", "unittest"],
)
def test_an_answer_becomes_a_test_that_tells_the_two_apart(root: Path, test: str) -> None:
    last = refined(root, {"shares.py": SHARES, "test_shares.py": test, "pytest.ini": "[pytest]"})
    assert last.proposal is not None and last.proposal.question is not None
    before = (root / "test_shares.py").read_text()
    (root / "shares.py").write_text(last.proposal.texts["shares.py"])
    passed = []
    for answer in last.proposal.question.answers:
        assert answer.test is not None
        (root / "test_shares.py").write_text(with_hunk(before, answer.test))
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_shares.py"]
        ran = subprocess.run(command, cwd=root, capture_output=True, text=True)
        passed.append((ran.returncode, "3 passed" in ran.stdout or "1 failed, 2 passed" in ran.stdout))
    assert passed == [(0, True), (1, True)]


def test_an_answer_that_nothing_differs_from_is_unique_however_many_texts_pass(root: Path) -> None:
    body = "def largest(xs):\n    best = 0\n    for x in xs:\n        best = x if x < best else best\n    return best\n"
    test = (
        "from m import largest\n\ndef test_largest():\n    assert largest([3, 1]) == 3\n    assert largest([]) == 0\n"
    )
    last = refined(root, {"m.py": body, "test_m.py": test})
    assert last.proposal is not None and last.z is not None
    assert len(last.z.survivors) > 1
    assert (last.proposal.grade, last.proposal.question) == ("unique", None)
    assert any("and they do the same in" in sentence for sentence in last.proposal.why)


# --- grades -------------------------------------------------------------------------------------

TEXT = "def f(n, kind):\n    return n\n"
TESTS = {"test_m.py": 'from m import f\n\ndef test_0():\n    assert f(17, "a") == 42\n\ndef test_1():\n    f(3, "b")\n'}


def x_and_y(text: str, base: str = TEXT, family: str = "comparison") -> tuple[X, Candidate]:
    judge = FakeJudge({"m.py": base}, lambda texts, tier: verdict("passed"))
    x = task_of({"m.py": base}, judge, verdict("failed"), tests=TESTS)
    commit = Commit(family=family, edits=(), reason="for a test")
    return x, Candidate(base={"m.py": base}, texts={"m.py": text}, commits=(commit,), verdict=verdict("passed"))


@pytest.mark.parametrize(
    ("condition", "special"),
    [
        ("n == 17", True),
        ("n in (16, 17)", True),
        ('kind == "a"', True),
        ('kind == "b"', False),
        ("n == 3", False),
        ("n == 0", False),
        ("n is None", False),
        ("n > 17", False),
        ("n + 1 == 17", False),
    ],
)
def test_who_asks_for_a_literal_of_the_failing_test_alone_special_cases_it(condition: str, special: bool) -> None:
    x, y = x_and_y(TEXT.replace("    return n", f"    if {condition}:\n        return 42\n    return n"))
    assert special_cased(x, y) is special
    assert grade(x, y, Reasoning()) == ("special-cases the tests" if special else "unique")


@pytest.mark.parametrize(("given", "special"), [("42", True), ("17", True), ("n + 42", False), ("3", False)])
def test_who_gives_a_literal_of_the_failing_test_whatever_is_asked_special_cases_it(given: str, special: bool) -> None:
    x, y = x_and_y(TEXT.replace("return n", f"return {given}"))
    assert special_cased(x, y) is special


def test_a_literal_that_the_code_had_before_is_no_special_case() -> None:
    base = TEXT.replace("return n", "return n if n == 17 else 17")
    x, y = x_and_y(base.replace("n if n == 17", "42 if n == 17"), base)
    assert not special_cased(x, y)
    x, y = x_and_y(base.replace("n == 17", "n != 17"), base)
    assert not special_cased(x, y)


def attempt(text: str, rank: float = 0.5) -> Attempt:
    return Attempt(
        commit=Commit(family="comparison", edits=(), reason=f"it is `{text.splitlines()[-1].strip()}`"),
        parent="",
        base={"m.py": TEXT},
        texts={"m.py": text},
        verdict=verdict("passed"),
        rank=rank,
    )


A, B, C = (attempt(TEXT.replace("return n", f"return n + {number}")) for number in (1, 2, 3))


def doubted(*groups: tuple[Attempt, ...], distinction: Distinction | None = None) -> Reasoning:
    keys = tuple(tuple(one.key for one in group) for group in groups)
    doubts = Doubts(
        keys=tuple(key for group in keys for key in group),
        behaviours=keys,
        inputs=12,
        near=4,
        moved={A.key: 0, B.key: 2},
        distinction=distinction,
    )
    return Reasoning(survivors=tuple(one for group in groups for one in group), doubts=doubts, tried=100)


def test_the_grade_counts_behaviours_and_not_texts() -> None:
    x, y = x_and_y(A.texts["m.py"])
    assert grade(x, y, doubted((A, B))) == "unique"
    assert grade(x, y, doubted((A,), (B,))) == "rivals"
    assert grade(x, y, Reasoning(survivors=(A, B))) == "rivals"  # never compared
    assert grade(x, y.model_copy(update={"verdict": verdict("failed")}), doubted((A,))) == "not confirmed"
    assert grade(*x_and_y(A.texts["m.py"], family="special-case"), doubted((A,))) == "special-cases the tests"


def test_an_answer_that_the_verdict_refused_is_no_rival() -> None:
    _, y = x_and_y(B.texts["m.py"])
    z = doubted((A,), (B, C)).model_copy(update={"survivors": (B, C)})
    assert behaviours(y, z) == ((B.key, C.key),)


@pytest.mark.parametrize(
    ("z", "said"),
    [
        (doubted((A,)), "It is the only one of 100 candidates that passes; what was not tried is not known."),
        (doubted((A, B)), "2 of 100 candidates pass, and they do the same in 12 calls they were compared by."),
        (
            doubted((A,), (B, C)),
            "3 of 100 candidates pass, and they show 2 behaviours in 12 calls they were compared by.",
        ),
        (doubted((A,), (B, C)), "This passes as well: it is `return n + 2`."),
        (
            Reasoning(survivors=(A, B), tried=100),
            "2 of 100 candidates pass, and whether they differ is not known.",
        ),
        (
            doubted((A,)),
            "It changes none of 4 calls of passing tests or like them: that tells what it may break, not whether it is "
            "complete.",
        ),
    ],
)
def test_the_reasons_say_what_else_passes(z: Reasoning, said: str) -> None:
    x, y = x_and_y(A.texts["m.py"])
    assert said in explain(x, y, z)


def test_a_docstring_that_the_answer_contradicts_is_told() -> None:
    x, y = x_and_y(A.texts["m.py"])
    z = doubted((A,))
    assert z.doubts is not None
    said = z.doubts.model_copy(update={"contradicts": {A.key: "the docstring says that `f(1)` gives 1, it gives 2"}})
    reasons = explain(x, y, z.model_copy(update={"doubts": said}))
    assert "But the docstring says that `f(1)` gives 1, it gives 2." in reasons


# --- the question -------------------------------------------------------------------------------


def question(
    one: Did, other: Did, *, exact: bool = True, answer: Attempt = A, group: tuple[Attempt, ...] = (A,)
) -> OpenQuestion:
    x, y = x_and_y(answer.texts["m.py"])
    found = Distinction(call="f([], 'é')", did={A.key: one, B.key: other}, exact=exact, imports=("from m import f",))
    asked = open_question(x, y, doubted(group, (B,), distinction=found))
    assert asked is not None
    return asked


def with_hunk(text: str, hunk: Hunk) -> str:
    return text[: hunk.start] + hunk.after + text[hunk.end :]


def added(asked: OpenQuestion, number: int) -> str:
    """The last lines of the test file with an answer's test."""
    hunk = asked.answers[number].test
    assert hunk is not None
    text = with_hunk(TESTS["test_m.py"], hunk)
    ast.parse(text)
    return text.removeprefix(TESTS["test_m.py"])


def test_a_value_is_claimed_as_one_and_an_exception_as_one() -> None:
    asked = question(Did(Kind.GIVES, "0", exact=True), Did(Kind.RAISES, "IndexError: pop from empty list"))
    assert asked.text == "These two differ at f([], 'é'): 0 or IndexError."
    assert added(asked, 0) == "\n\ndef test_f_of_é():\n    assert f([], 'é') == 0\n"
    assert added(asked, 1) == (
        "\n\ndef test_f_of_é():\n    import pytest\n\n    with pytest.raises(IndexError):\n        f([], 'é')\n"
    )


def test_none_and_truth_are_claimed_by_identity() -> None:
    asked = question(Did(Kind.GIVES, "None", exact=True), Did(Kind.GIVES, "True", exact=True))
    assert ["is None" in added(asked, 0), "is True" in added(asked, 1)] == [True, True]


@pytest.mark.parametrize(
    "did",
    [Did(Kind.ENDLESS), Did(Kind.GIVES, "None", left="xs = [1]"), Did(Kind.RAISES, "OwnError: of theirs")],
    ids=["no end in sight", "changed arguments", "an exception of their own"],
)
def test_what_cannot_be_written_down_is_asked_without_a_test(did: Did) -> None:
    asked = question(Did(Kind.GIVES, "0", exact=True), did)
    assert [answer.test is None for answer in asked.answers] == [False, True]
    assert asked.text.endswith(f"0 or {did.in_words}.")


def test_a_call_that_cannot_be_typed_is_asked_without_tests() -> None:
    asked = question(Did(Kind.GIVES, "0", exact=True), Did(Kind.GIVES, "1", exact=True), exact=False)
    assert [answer.test for answer in asked.answers] == [None, None]


def test_what_one_answer_of_a_behaviour_does_is_what_the_proposal_does() -> None:
    zero, one = Did(Kind.GIVES, "0", exact=True), Did(Kind.GIVES, "1", exact=True)
    assert question(zero, one, answer=C, group=(A, C)).answers[0].outcome == "0"
    x, y = x_and_y(B.texts["m.py"])
    found = Distinction(call="f(1)", did={A.key: zero, B.key: one})
    asked = open_question(x, y, doubted((A,), (B,), distinction=found))
    assert asked is not None and [answer.outcome for answer in asked.answers] == ["1", "0"]


def test_without_a_distinction_nothing_is_asked() -> None:
    x, y = x_and_y(A.texts["m.py"])
    assert open_question(x, y, Reasoning(survivors=(A, B))) is None
    assert open_question(x, y, doubted((A, B))) is None
    found = Distinction(call="f(1)", did={A.key: Did(Kind.ENDLESS), B.key: Did(Kind.GIVES, "1")})
    gone = doubted((A,), (B,), distinction=found).model_copy(update={"survivors": (A,)})
    assert open_question(x, y, gone) is None
