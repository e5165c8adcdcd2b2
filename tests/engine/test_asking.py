"""Nothing of the user is run before they have allowed it."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from projects import CALC, NO_PLUGINS, copies, end, make, settings, task

from trm_lsp.core.consent import Question
from trm_lsp.core.events import RunStarted
from trm_lsp.core.halting import HaltReason
from trm_lsp.engine.clock import SystemClock
from trm_lsp.engine.refine import refine
from trm_lsp.store.consents import Consents

RUNS = {**CALC, "conftest.py": "import os, pathlib\n\npathlib.Path(os.environ['RAN']).touch()\n"}
"""A project that leaves a mark when any of it is run."""


@pytest.fixture
def ran(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], bool]:
    monkeypatch.setenv("RAN", str(tmp_path / "ran"))
    return (tmp_path / "ran").exists


def knobs(**values: Any) -> Any:
    """Settings with which the mark can be left outside of the copy."""
    test = dict(values.pop("test", {}))
    return settings(test={**test, "env": ["RAN"]}, sandbox={"level": "none"}, **values)


class User:
    """Someone who is asked, and gives one answer."""

    def __init__(self, answer: bool) -> None:
        self.answer = answer
        self.asked: list[Question] = []

    def __call__(self, question: Question) -> bool:
        self.asked.append(question)
        return self.answer


def test_a_yes_is_asked_for_before_anything_is_run(root: Path, ran: Any) -> None:
    user = User(True)
    events = refine(task(make(root, RUNS)), knobs(), ask=user)
    assert isinstance(next(events), RunStarted)
    assert not ran()
    (question,) = user.asked
    assert question.text == f'Run "python -m pytest" in {root}?'
    assert question.details == (
        "It was chosen because conftest.py is here.",
        f"The interpreter is {sys.executable}.",
        f"It may see {NO_PLUGINS}, RAN of your environment.",
        "It is held back less than it could be: trm.sandbox.level is `none`.",
        "It runs whenever you refine, and what it writes is thrown away; you are asked again when it changes.",
    )
    assert end(list(events)).solved
    assert ran()
    assert len(user.asked) == 1


@pytest.mark.parametrize("ask", [{}, {"ask": User(False)}], ids=["nobody can be asked", "the answer is no"])
def test_without_a_yes_nothing_is_run_and_one_sentence_says_how_to_allow_it(
    root: Path, temporary: Path, ran: Any, ask: Any
) -> None:
    make(root, {**RUNS, "Makefile": "test:\n\ttouch $(RAN)\n"})
    first, last = refine(task(root), knobs(test={"command": "make test"}), **ask)
    assert isinstance(first, RunStarted) and first.command == "make test"
    assert end([last]).decision is HaltReason.BROKEN
    assert end([last]).summary == (
        "The test command `make test` was not confirmed, so nothing was run: confirm it when you are asked, or use "
        "`trm-lsp refine --yes`."
    )
    assert not ran()
    assert copies(temporary) == []


def test_a_command_that_was_typed_is_allowed(root: Path) -> None:
    user = User(False)
    assert end(list(refine(task(make(root, CALC), command="pytest -x"), settings(), ask=user))).solved
    assert user.asked == []


def test_a_command_that_was_typed_does_not_allow_an_interpreter_that_a_file_names(root: Path) -> None:
    make(root, {**CALC, "evil": "#!/bin/sh\ntouch ran\n"})
    (root / "evil").chmod(0o755)
    user = User(False)
    last = end(list(refine(task(root, command="pytest -x"), settings(python="./evil"), ask=user)))
    assert last.decision is HaltReason.BROKEN
    assert [question.details[0] for question in user.asked] == [f"The interpreter is {root}/evil."]
    assert not (root / "ran").exists()


@pytest.mark.parametrize(
    ("sandbox", "said"),
    [
        ({"level": "none"}, "It is held back less than it could be: trm.sandbox.level is `none`."),
        ({"level": "landlock"}, "It is held back less than it could be: trm.sandbox.level is `landlock`."),
        ({"network": True}, "It may use the network: trm.sandbox.network allows it."),
    ],
)
def test_a_command_that_was_typed_does_not_allow_a_weaker_sandbox(root: Path, sandbox: Any, said: str) -> None:
    user = User(False)
    last = end(list(refine(task(make(root, CALC), command="pytest -x"), settings(sandbox=sandbox), ask=user)))
    assert last.decision is HaltReason.BROKEN
    assert [question.details[-2] for question in user.asked] == [said]


@pytest.mark.parametrize(
    "other",
    [
        {"test": {"command": "pytest -x"}},
        {"python": "/usr/bin/python3"},
        {"test": {"env": ["AWS_SECRET_ACCESS_KEY"]}},
        {"sandbox": {"level": "none"}},
        {"sandbox": {"network": True}},
    ],
    ids=["command", "interpreter", "environment", "sandbox", "network"],
)
def test_what_changes_is_another_question(root: Path, other: Any) -> None:
    make(root, CALC)
    user = User(False)
    for values in ({}, {}, other):
        list(refine(task(root), settings(**values), ask=user))
    one, same, changed = (question.key for question in user.asked)
    assert one == same != changed


def test_a_command_that_cannot_be_read_is_not_asked_about(root: Path) -> None:
    user = User(True)
    last = end(list(refine(task(make(root, CALC)), settings(test={"command": "pytest '"}), ask=user)))
    assert "cannot be read" in last.summary
    assert user.asked == []


@pytest.mark.parametrize("answer", [True, False])
def test_a_cancel_during_the_question_ends_the_run_as_cancelled(root: Path, ran: Any, answer: bool) -> None:
    user = User(answer)
    _, last = refine(task(make(root, RUNS)), knobs(), ask=user, cancelled=lambda: bool(user.asked))
    assert end([last]).decision is HaltReason.CANCELLED
    assert not ran()


def test_the_time_the_user_takes_is_not_the_budgets(root: Path) -> None:
    clock = Slow()

    def ask(_question: Question) -> bool:
        clock.late += 10_000
        return True

    last = end(list(refine(task(make(root, CALC)), settings(), clock=clock, ask=ask)))
    assert last.solved
    assert last.spent.seconds < 5_000


class Slow(SystemClock):
    """The real clock, and what is added to it."""

    late = 0.0

    def elapsed(self) -> float:
        return super().elapsed() + self.late


def test_a_workspace_cannot_allow_itself(root: Path, state: Path, ran: Any, tmp_path: Path) -> None:
    """Whatever a repository ships in its .trm folder, someone who clones it is asked."""
    make(root, RUNS)
    author = User(True)
    list(refine(task(root), knobs(), ask=Consents(tmp_path / "author").asking_once(author)))
    (tmp_path / "ran").unlink()
    shipped = root / ".trm"
    for place in (shipped, shipped / "trm-lsp", shipped / "state" / "trm-lsp"):
        shutil.copytree(tmp_path / "author", place, dirs_exist_ok=True)
    assert Consents(tmp_path / "author").given(author.asked[0])  # it is the real thing

    user = User(False)
    last = end(list(refine(task(root), knobs(), ask=Consents().asking_once(user))))
    assert user.asked == author.asked
    assert last.decision is HaltReason.BROKEN
    assert not ran()
    # Nor does it when the state folder is told to be there.
    assert not any(Consents(folder.parent).given(user.asked[0]) for folder in shipped.rglob("consents"))
