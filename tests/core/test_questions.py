"""What is asked of the user, in words and in keys."""

from __future__ import annotations

import pytest

from trm_lsp.core.consent import Question, command_question, refuse, unsandboxed_question


def test_a_question_says_what_is_run_where_and_why() -> None:
    question = command_question(
        "/shop", "npm test", why="package.json has a test script", details=["It stands for `jest`."]
    )
    assert question.text == 'Run "npm test" in /shop?'
    assert question.details == (
        "It was chosen because package.json has a test script.",
        "It stands for `jest`.",
        "It runs whenever you refine, and what it writes is thrown away; you are asked again when it changes.",
    )


@pytest.mark.parametrize(
    "other",
    [
        {"command": "make check"},
        {"python": "/usr/bin/python"},
        {"env": ["TOKEN"]},
        {"loosened": ["It may use the network."]},
        {"fingerprint": "0123"},
    ],
)
def test_what_would_be_run_is_the_key(other: dict[str, object]) -> None:
    known = {"root": "/shop", "command": "make test"}
    question, changed = command_question(**known), command_question(**{**known, **other})
    assert question.key != changed.key
    # Words are not.
    assert question.key == command_question(**known, why="Makefile has a target `test`").key


def test_no_two_parts_run_together_into_the_same_key() -> None:
    one = command_question("/shop", "pytest", env=["A", "B"])
    assert one.key != command_question("/shop", "pytest", env=["A,B"]).key
    assert one.key != command_question("/shop", "pytest", fingerprint="A", env=["B"]).key


def test_a_missing_sandbox_is_a_question_of_its_own_whatever_the_command() -> None:
    missing = ["They can reach the network."]
    question = unsandboxed_question("/shop", "make test", missing)
    assert question.text == "Run the tests of /shop without a sandbox?"
    assert question.details[1:] == tuple(missing)
    assert question.key == unsandboxed_question("/shop", "make check", missing).key
    assert question.key != unsandboxed_question("/shop", "make test", []).key
    assert question.refused.startswith("Running the tests without a sandbox was not confirmed")


@pytest.mark.parametrize("hidden", ["\x1b[2K\rpytest", "x\u202etset", "a\nb", "a\u00a0b", "a\u200bb"])
def test_nothing_in_a_command_can_hide_a_part_of_it(hidden: str) -> None:
    question = command_question("/shop", f"evil {hidden}", python=hidden)
    for sentence in (question.text, *question.details, question.refused):
        assert sentence.isprintable()
    assert question.command == f"evil {hidden}"


def test_a_question_comes_back_from_json_with_its_key() -> None:
    question = command_question("/späße 😀", 'make "test"', env=["A"])
    again = Question.model_validate_json(question.model_dump_json())
    assert (again, again.key) == (question, question.key)


def test_where_nobody_can_be_asked_the_answer_is_no() -> None:
    assert not refuse(command_question("/shop", "make test"))
