"""Partial fixes: which one is built on, and when that is given up."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from fakes import verdict

from trm_lsp.core.state import Attempt, Candidate, Commit, Reasoning
from trm_lsp.nets.repair.partial import ALIKE, below, credit, goes_back, is_left, most_promising, next_step, promise

BASE = "x = 1\n"
Z = Reasoning()


def partial(
    text: str, *, place: str = "m.py::f: x", prior: float = 0.5, fixed: float = 0.5, failure: str = "assert 1 == 2"
) -> Attempt:
    return Attempt(
        commit=Commit(family="number", edits=(), prior=prior, place=place),
        parent=Candidate().digest,
        base={"m.py": BASE},
        texts={"m.py": text},
        verdict=verdict("passed", "failed", signatures=("", failure)),
        rank=0.1,
        gain=max(fixed, 0.2),
        fixed=fixed,
    )


def built_on(attempt: Attempt) -> Candidate:
    return Candidate(base=attempt.base, texts=attempt.texts, commits=(attempt.commit,))


def left(values: Mapping[str, float], *attempts: Attempt, tried: int = 10_000) -> Reasoning:
    """Z without a queue: nothing is left on the y that it thinks about."""
    return Reasoning(partial=attempts, left=values, visited=dict.fromkeys(values, tried), exhausted=True)


def test_what_makes_a_test_pass_promises_more_than_what_only_comes_nearer_however_suspect_its_place_is() -> None:
    assert credit(prior=0.5, rank=0.05, gain=0.5, fixed=0.5) > credit(prior=0.5, rank=0.5, gain=0.5, fixed=0.0)


def test_the_more_tests_pass_the_more_it_promises() -> None:
    assert credit(0.5, 0.1, 0.9, 0.9) > credit(0.5, 0.1, 0.5, 0.5) > credit(0.4, 0.1, 0.5, 0.5)


def test_what_was_built_on_promises_what_is_left_there() -> None:
    one = partial("x = 2\n")
    assert promise(one, left({one.key: 0.03}, one)) == 0.03


def test_once_one_was_built_on_others_of_its_place_with_the_same_failures_promise_less() -> None:
    one, alike, other = partial("x = 2\n"), partial("x = 3\n"), partial("x = 4\n", place="m.py::g: x")
    unlike = partial("x = 5\n", failure="assert 1 == 3")
    z = left({one.key: 0.03}, one, alike, other, unlike)
    assert promise(alike, z) == pytest.approx(ALIKE * promise(other, z))
    assert promise(unlike, z) == promise(other, z)


def test_the_most_promising_are_remembered_first() -> None:
    likely, unlikely, old = partial("x = 2\n", prior=0.6), partial("x = 3\n"), partial("x = 4\n", prior=0.9)
    assert most_promising([unlikely, old, likely], left({old.key: 0.01})) == (likely, unlikely, old)


def test_the_next_step_is_the_most_promising_one_and_never_y_itself() -> None:
    one, other = partial("x = 2\n", prior=0.6), partial("x = 3\n", place="m.py::g: x")
    z = left({one.key: 0.0}, one, other)
    assert next_step(built_on(one), z) == other
    assert next_step(built_on(other), z) is None  # nothing is left on the other one


def test_where_nothing_is_left_y_is_taken_back() -> None:
    one = partial("x = 2\n")
    y = built_on(one)
    z = left({one.key: 0.0}, one)
    assert goes_back(y, z) and is_left(y, z)
    assert below(y).touched == () and not goes_back(below(y), z)


def test_a_survivor_is_not_left() -> None:
    one = partial("x = 2\n")
    z = left({one.key: 0.0}, one).model_copy(update={"survivors": (one,)})
    assert not is_left(built_on(one), z)
