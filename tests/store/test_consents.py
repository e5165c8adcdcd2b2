"""What the user confirmed is remembered for its root, in their own state folder, and nothing else counts as a yes."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from trm_lsp.core.consent import Question, command_question
from trm_lsp.store import StoreError
from trm_lsp.store.consents import Consents


@pytest.fixture
def consents(state: Path) -> Consents:
    return Consents(state)


@pytest.fixture
def question(root: Path) -> Question:
    return command_question(str(root), "make test")


def test_a_yes_is_remembered_by_every_process_until_it_is_forgotten(
    consents: Consents, question: Question, state: Path, root: Path
) -> None:
    assert not consents.given(question)
    consents.give(question)
    consents.give(question)
    assert Consents(state).given(question)
    assert consents.of(root) == [question]
    assert consents.forget(root) == 1
    assert not Consents(state).given(question)
    assert consents.of(root) == []
    assert consents.forget(root) == 0


def test_a_yes_is_for_one_question_in_one_root(consents: Consents, question: Question, tmp_path: Path) -> None:
    consents.give(question)
    assert not consents.given(command_question(question.root, "make check"))
    assert not consents.given(question.model_copy(update={"kind": "unsandboxed"}))
    assert not consents.given(question.model_copy(update={"root": str(tmp_path / "other")}))
    consents.forget(tmp_path / "other")
    assert consents.given(question)


def test_a_root_is_the_same_by_any_path(consents: Consents, question: Question, root: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(root)
    consents.give(question.model_copy(update={"root": str(tmp_path / "link")}))
    assert consents.given(question)
    assert consents.given(question.model_copy(update={"root": f"{root}/../{root.name}"}))


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"{}", b"yes"])
def test_a_damaged_file_is_no_yes_and_is_replaced_by_the_next(
    consents: Consents, question: Question, state: Path, root: Path, content: bytes
) -> None:
    consents.give(question)
    (file,) = state.rglob("*.json")
    file.write_bytes(content)
    assert not consents.given(question)
    assert consents.of(root) == []
    consents.give(question)
    assert consents.given(question)


def test_a_file_that_is_the_yes_to_another_question_is_no_yes(
    consents: Consents, question: Question, state: Path
) -> None:
    consents.give(question)
    (file,) = state.rglob("*.json")
    other = command_question(question.root, "make deploy")
    shutil.copy(file, file.with_name(f"{other.key}.json"))
    assert not consents.given(other)


def test_nothing_in_the_workspace_is_a_yes(question: Question, root: Path, tmp_path: Path) -> None:
    Consents(tmp_path / "author").give(question)
    shutil.copytree(tmp_path / "author", root / ".trm")
    inside = Consents(root / ".trm")
    assert not inside.given(question)
    with pytest.raises(StoreError, match="lies in the workspace"):
        inside.give(question)
    with pytest.raises(StoreError, match="lies in the workspace"):
        inside.of(root)


def test_a_link_does_not_hide_that_a_place_is_in_the_workspace(question: Question, root: Path, tmp_path: Path) -> None:
    (root / ".trm").mkdir()
    (tmp_path / "link").symlink_to(root / ".trm")
    with pytest.raises(StoreError, match="lies in the workspace"):
        Consents(tmp_path / "link").give(question)


def test_the_place_is_the_users_own_and_nobody_elses(
    question: Question, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "home"))
    Consents().give(question)
    (file,) = (tmp_path / "home").rglob("*.json")
    assert file.is_relative_to(tmp_path / "home" / "trm-lsp" / "consents")
    assert file.parent.stat().st_mode & 0o077 == 0
    assert sorted(file.parent.iterdir()) == [file]


# --- asking once ----------------------------------------------------------------------------------


class User:
    """Someone who is asked, and gives one answer."""

    def __init__(self, answer: bool) -> None:
        self.answer = answer
        self.asked: list[Question] = []

    def __call__(self, question: Question) -> bool:
        self.asked.append(question)
        return self.answer


def test_a_yes_is_asked_for_once(consents: Consents, question: Question) -> None:
    user = User(True)
    once = consents.asking_once(user)
    assert once(question) and once(question)
    assert user.asked == [question]


def test_a_no_is_not_remembered(consents: Consents, question: Question, state: Path) -> None:
    user = User(False)
    once = consents.asking_once(user)
    assert not once(question) and not once(question)
    assert user.asked == [question, question]
    assert list(state.rglob("*.json")) == []


def test_a_yes_that_cannot_be_remembered_counts_and_the_question_says_so(question: Question, tmp_path: Path) -> None:
    (tmp_path / "state").write_text("in the way")
    user = User(True)
    once = Consents(tmp_path / "state").asking_once(user)
    assert once(question) and once(question)
    assert [asked.details[-1] for asked in user.asked] == 2 * [
        f"Answers are not remembered, because {user_folder(tmp_path / 'state', question)} cannot be written "
        "(Not a directory)."
    ]
    assert {asked.key for asked in user.asked} == {question.key}


def user_folder(state: Path, question: Question) -> Path:
    """Where the yeses of a root would lie."""
    probe = Consents(state.with_name("probe"))
    probe.give(question)
    (file,) = state.with_name("probe").rglob("*.json")
    return state / file.parent.relative_to(state.with_name("probe"))


def test_a_yes_in_a_home_that_is_the_workspace_itself_is_not_remembered(root: Path) -> None:
    question = command_question(str(root), "make test")
    state, user = root / ".local" / "state", User(True)
    assert Consents(state).asking_once(user)(question)
    assert user.asked[0].details[-1] == (f"Answers are not remembered, because {state}/consents lies in the workspace.")
    assert not state.exists()


def test_two_processes_that_say_yes_and_forget_leave_whole_files_only(
    consents: Consents, question: Question, state: Path, root: Path
) -> None:
    code = (
        "import sys; from pathlib import Path; from trm_lsp.core.consent import command_question\n"
        "from trm_lsp.store.consents import Consents\n"
        "consents = Consents(Path(sys.argv[1])); print('ready', flush=True); sys.stdin.readline()\n"
        "for i in range(300):\n"
        "    consents.give(command_question(sys.argv[2], 'make test'))\n"
        "    if i % 50 == 49: consents.forget(Path(sys.argv[2]))\n"
        "consents.give(command_question(sys.argv[2], 'make test'))\n"
    )
    command = [sys.executable, "-c", code, str(state), str(root)]
    both = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    for process in both:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
    for process in both:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    while any(process.poll() is None for process in both):
        for file in state.rglob("*.json"):
            try:
                Question.model_validate_json(file.read_bytes())
            except FileNotFoundError:
                continue
    for process in both:
        process.communicate()
        assert process.returncode == 0
    assert consents.given(question)
    assert [file.suffix for file in state.rglob("*") if file.is_file()] == [".json"]
