"""The reasons beside an answer: where, why there, what was ruled out, what is not known."""

from __future__ import annotations

from fakes import FakeJudge, task_of, verdict

from trm_lsp.core.ports import X
from trm_lsp.core.state import Candidate, Commit, Reasoning
from trm_lsp.engine.explaining import explain

BASE = "def f(n):\n    m = n\n    return m - 1\n"
CHANGED = BASE.replace("m - 1", "m + 1")
PLACE, OTHER, THIRD = "m.py::f: return m - 1", "m.py::f: m = n", "m.py::<module>: K = 1"


def explained(z: Reasoning, outcome: str = "passed", failing: int = 1) -> tuple[str, ...]:
    x, y = x_and_y(outcome, failing)
    return explain(x, y, z)


def x_and_y(outcome: str, failing: int) -> tuple[X, Candidate]:
    judge = FakeJudge({"m.py": BASE}, lambda texts, tier: verdict(outcome))
    commit = Commit(family="arithmetic", edits=(), reason="`m - 1` → `m + 1`", place=PLACE)
    answer = verdict(outcome)
    y = Candidate(base={"m.py": BASE}, texts={"m.py": CHANGED}, commits=(commit,), verdict=answer)
    return task_of({"m.py": BASE}, judge, verdict(*["failed"] * failing)), y


def test_it_says_how_suspect_the_place_was() -> None:
    z = Reasoning(suspicion={OTHER: 0.9, PLACE: 0.5, THIRD: 0.1}, passing={PLACE: 2})
    assert (
        "One line was more suspect, of 3 statements that the failing tests reach; 2 passing tests also run it."
        in explained(z)
    )
    z = Reasoning(suspicion={PLACE: 0.5, THIRD: 0.1}, passing={PLACE: 1})
    assert (
        "No line was more suspect, of 2 statements that the failing tests reach; 1 passing test also runs it."
        in explained(z)
    )
    z = Reasoning(suspicion={OTHER: 0.9, THIRD: 0.6, PLACE: 0.5})
    assert "2 lines were more suspect, of 3 statements that the failing tests reach." in explained(z)


def test_a_place_that_was_never_suspected_is_not_explained() -> None:
    assert not any("suspect" in sentence for sentence in explained(Reasoning(suspicion={OTHER: 0.9})))


def test_it_says_what_was_ruled_out_and_where() -> None:
    z = Reasoning(
        tried=60,
        judged={"arithmetic": 20, "variable": 10, "comparison": 9, "number": 8, "branch": 8, "call": 4, "sign": 1},
        evidence={PLACE: (30, 30.0), OTHER: (10, 10.0), THIRD: (20, 20.0)},
    )
    said = explained(z)
    assert "60 candidates were judged, the likeliest first, most of them in f (m.py) and m.py." in said
    assert (
        "Ruled out: 10 of kind variable, 9 of kind comparison, 8 of kind branch, 8 of kind number and 2 other kinds."
        in said
    )


def test_what_nothing_was_tried_for_is_not_told_as_tried() -> None:
    assert not any("judged" in sentence or "Ruled" in sentence for sentence in explained(Reasoning()))


def test_an_answer_to_one_test_alone_says_so() -> None:
    last = "One failing test alone asks for it: what it should do elsewhere, only the tests that passed before say."
    assert explained(Reasoning())[-1] == last
    assert last not in explained(Reasoning(), failing=2)


def test_the_best_so_far_says_what_still_fails_and_claims_no_more() -> None:
    said = explained(Reasoning(tried=4), "failed")
    assert any("still fail with it" in sentence for sentence in said)
    assert not any("pass, and" in sentence or "only one" in sentence for sentence in said)
