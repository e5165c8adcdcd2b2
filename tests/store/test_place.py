from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from trm_lsp.core.events import AnyEvent
from trm_lsp.store import EventLog

Happened = Callable[..., AnyEvent]


def test_the_log_lies_in_the_workspace_and_out_of_git(log: EventLog, root: Path, state: Path) -> None:
    assert log.path == root / ".trm" / "trm.db"
    assert (root / ".trm" / ".gitignore").read_text(encoding="utf-8").split() == ["*"]
    assert log.notices == ()
    assert not state.exists()


def test_a_gitignore_that_is_there_is_left_alone(root: Path) -> None:
    (root / ".trm").mkdir()
    (root / ".trm" / ".gitignore").write_text("mine\n", encoding="utf-8")
    EventLog(root).close()
    assert (root / ".trm" / ".gitignore").read_text(encoding="utf-8") == "mine\n"


def test_when_a_file_is_in_the_way_the_log_goes_to_the_users_folder_and_says_so(
    root: Path, state: Path, happened: Happened
) -> None:
    (root / ".trm").write_text("in the way", encoding="utf-8")
    with EventLog(root, state=state) as log:
        log.append(happened())
        assert log.path.parent.parent == state
        assert log.notices == (
            f"{root / '.trm'} cannot be written (File exists): the log is kept in {log.path.parent} instead.",
        )
    with EventLog(root, state=state) as again:
        assert list(again.events()) == [happened()]


def test_each_workspace_has_a_place_of_its_own_there(root: Path, tmp_path: Path, state: Path) -> None:
    other = tmp_path / "other"
    for folder in (root, other):
        folder.mkdir(exist_ok=True)
        (folder / ".trm").touch()
    with EventLog(root, state=state) as one, EventLog(other, state=state) as two:
        assert one.path != two.path


def test_the_users_folder_is_the_platforms(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "home"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (root / ".trm").touch()
    with EventLog(root) as log:
        assert tmp_path / "home" in log.path.parents
        assert log.path.parent.parent.name == "trm-lsp"


def test_a_workspace_that_is_not_there_is_not_made(tmp_path: Path, state: Path) -> None:
    with EventLog(tmp_path / "gone", state=state) as log:
        assert log.path.parent.parent == state
    assert not (tmp_path / "gone").exists()
