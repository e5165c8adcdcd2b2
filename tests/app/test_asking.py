"""`trm-lsp refine` runs what was typed or is plain; anything else is confirmed first, and remembered."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from projects import CALC, make, untouched

CHECK = f"{sys.executable} check.py"
PROJECT = {
    **CALC,
    "check.py": "import calc\n\nassert calc.sub(3, 2) == 1\n",
    "pyproject.toml": f'[tool.trm.test]\ncommand = "{CHECK}"\nenv = ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"]\n',
}
"""A repository that brings a test command of its own."""
REFUSED = (
    f"The test command `{CHECK}` was not confirmed, so nothing was run: confirm it when you are asked, or use "
    "`trm-lsp refine --yes`."
)
COMMAND = [str(Path(sys.executable).with_name("trm-lsp"))]


def trm(cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments], cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120
    )


class Terminal:
    """A `trm-lsp refine` whose stdin and stderr are a terminal."""

    def __init__(self, cwd: Path, *arguments: str) -> None:
        self._leader, follower = pty.openpty()
        self.process = subprocess.Popen(
            [*COMMAND, "refine", *arguments],
            cwd=cwd,
            stdin=follower,
            stdout=subprocess.DEVNULL,
            stderr=follower,
            start_new_session=True,
        )
        os.close(follower)
        self.shown = ""

    def read(self, until: str = "") -> str:
        """Everything that is shown up to some text, or to the end."""
        while not (until and until in self.shown) and select.select([self._leader], [], [], 60)[0]:
            try:
                data = os.read(self._leader, 1 << 16)
            except OSError:  # the other end is closed
                break
            self.shown += data.decode()
        return self.shown.replace("\r\n", "\n")

    def write(self, text: str) -> None:
        os.write(self._leader, text.encode())

    def end(self) -> int:
        """The exit code, everything read."""
        self.read()
        os.close(self._leader)
        return self.process.wait(10)


def test_without_a_terminal_a_command_from_a_file_is_exit_code_3_and_one_sentence(root: Path, state: Path) -> None:
    with untouched(make(root, PROJECT)):
        done = trm(root, "refine")
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == f"{REFUSED}\n"
    assert list(state.rglob("*.json")) == []


def test_yes_confirms_it_and_is_remembered_until_the_command_changes(root: Path) -> None:
    make(root, PROJECT)
    first = trm(root, "refine", "--yes", "--max-steps", "1")
    assert first.stderr.startswith(f"Running `{CHECK}` in an isolated copy of {root}\n")
    assert trm(root, "refine", "--max-steps", "1").returncode == first.returncode != 3
    text = PROJECT["pyproject.toml"].replace("check.py", "check.py --more")
    (root / "pyproject.toml").write_text(text)
    assert trm(root, "refine").returncode == 3


def test_a_command_that_was_typed_needs_no_yes(root: Path, state: Path) -> None:
    done = trm(make(root, PROJECT), "refine", "--command", "python -m pytest -q")
    assert done.returncode == 0
    assert list(state.rglob("*.json")) == []


def test_an_interpreter_from_a_file_is_confirmed_and_one_that_was_typed_is_not(root: Path) -> None:
    make(root, {**CALC, "pyproject.toml": '[tool.trm]\npython = "./evil"\n', "evil": "#!/bin/sh\ntouch ran\n"})
    (root / "evil").chmod(0o755)
    for typed in ([], ["--command", "pytest"]):
        assert trm(root, "refine", *typed).returncode == 3
    assert not (root / "ran").exists()
    for typed in ([], ["--command", "pytest"]):
        assert trm(root, "refine", "--python", sys.executable, *typed).returncode == 0


@pytest.mark.parametrize("typed", [[], ["--command", "pytest"]])
def test_a_sandbox_that_a_file_weakens_is_confirmed(root: Path, typed: list[str]) -> None:
    files = {**CALC, "pyproject.toml": "[tool.trm.sandbox]\nnetwork = true\n"}
    assert trm(make(root, files), "refine", *typed).returncode == 3
    assert trm(root, "refine", "--yes", *typed).returncode == 0
    assert trm(root, "refine", *typed).returncode == 0


@pytest.mark.parametrize("answer", ["y\n", "YES\n"])
def test_a_terminal_is_asked_once(root: Path, answer: str) -> None:
    make(root, PROJECT)
    terminal = Terminal(root, "--max-steps", "1")
    assert terminal.read(until="[y/N] ") == (
        "It may see PYTEST_DISABLE_PLUGIN_AUTOLOAD of your environment.\n"
        "It runs whenever you refine, and what it writes is thrown away; you are asked again when it changes.\n"
        f'Run "{CHECK}" in {root}? [y/N] '
    )
    terminal.write(answer)
    assert f"Running `{CHECK}` in an isolated copy of {root}\n" in terminal.read(until="baseline: ").replace("\r", "")
    code = terminal.end()
    again = Terminal(root, "--max-steps", "1")
    assert again.end() == code != 3
    assert "[y/N]" not in again.shown


@pytest.mark.parametrize("answer", ["\n", "n\n", "maybe\n", "\x04"], ids=["enter", "n", "maybe", "Ctrl-D"])
def test_anything_but_yes_is_no(root: Path, state: Path, answer: str) -> None:
    terminal = Terminal(make(root, PROJECT))
    terminal.read(until="[y/N] ")
    terminal.write(answer)
    assert terminal.end() == 3
    assert terminal.shown.endswith(f"{REFUSED}\r\n")
    assert "Running" not in terminal.shown
    assert list(state.rglob("*.json")) == []


def test_an_interrupt_at_the_question_is_130(root: Path, state: Path) -> None:
    terminal = Terminal(make(root, PROJECT))
    terminal.read(until="[y/N] ")
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.end() == 130
    assert terminal.shown.endswith("No answer yet: it was cancelled.\r\n")
    assert "Traceback" not in terminal.shown
    assert list(state.rglob("*.json")) == []


# --- trm-lsp consent --------------------------------------------------------------------------------


def test_what_was_confirmed_is_shown_and_forgotten(root: Path) -> None:
    make(root, PROJECT)
    assert trm(root, "consent").stdout == f"Nothing is confirmed for {root}.\n"
    trm(root, "refine", "--yes", "--max-steps", "1")
    shown = trm(root.parent, "consent", root.name)
    assert shown.returncode == 0
    assert shown.stdout.splitlines()[0] == f'Run "{CHECK}" in {root}? Yes.'
    assert trm(root, "consent", "--forget").stdout == f"Forgot 1 answer for {root}.\n"
    assert trm(root, "refine").returncode == 3
    assert trm(root, "consent", "--forget").stdout == f"Forgot 0 answers for {root}.\n"


def test_a_folder_that_is_gone_can_be_forgotten(root: Path) -> None:
    make(root, PROJECT)
    trm(root, "refine", "--yes", "--max-steps", "1")
    root.rename(root.with_name("moved"))
    assert trm(root.parent, "consent", "--forget", root.name).stdout == f"Forgot 1 answer for {root}.\n"


def test_a_state_folder_in_the_workspace_holds_no_consent(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(root / "state"))
    done = trm(make(root, PROJECT), "consent")
    assert (done.returncode, done.stdout) == (3, "")
    assert "lies in the workspace" in done.stderr
