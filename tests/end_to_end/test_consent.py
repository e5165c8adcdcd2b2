"""Nobody's tests are run before they have said so, once, and what a repository ships says nothing."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from end_to_end.real import TEST, RealEditor, watch
from lsprotocol import types
from projects import CALC, NO_PLUGINS, Files

RUNS: Files = {**CALC, "conftest.py": "import os, pathlib\n\npathlib.Path(os.environ['RAN']).touch()\n"}
"""A project that leaves a mark when any of it is run."""
SETTINGS = {"test": {"env": [NO_PLUGINS, "RAN"]}, "sandbox": {"level": "none"}}
"""With which the mark can be left outside of the copy."""
PYPROJECT = f'[tool.trm]\ntest.env = ["{NO_PLUGINS}", "RAN"]\nsandbox.level = "none"\n'
NOT_CONFIRMED = (
    "The test command `python -m pytest` was not confirmed, so nothing was run: confirm it when you are asked, or use "
    "`trm-lsp refine --yes`."
)


@pytest.fixture
def ran(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RAN", str(tmp_path / "ran"))
    return tmp_path / "ran"


def questions(editor: RealEditor) -> list[str]:
    return [params.message for params in editor.all(types.WINDOW_SHOW_MESSAGE_REQUEST)]


def nobody(_params: Any) -> None:
    """A user who closes the message, or an editor that shows none."""


async def test_the_command_and_the_interpreter_are_shown_and_confirmed_once(opening, root, ran) -> None:
    editor = await opening(RUNS, **SETTINGS)
    for _ in range(2):
        await editor.refined()
    assert questions(editor) == [
        f'Run "python -m pytest" in {root}? It was chosen because conftest.py is here. The interpreter is '
        f"{sys.executable}. It may see {NO_PLUGINS}, RAN of your environment. It is held back less than it could be: "
        "trm.sandbox.level is `none`. It runs whenever you refine, and what it writes is thrown away; you are asked "
        "again when it changes."
    ]
    assert ran.exists()
    another = await opening(RUNS, **SETTINGS)
    await another.refined()
    assert questions(another) == []
    editor.settings = {"trm": {**SETTINGS, "test": {**SETTINGS["test"], "command": "pytest -x"}}}
    await editor.refined()
    assert questions(editor)[1:] and questions(editor)[1].startswith('Run "pytest -x" in ')


async def test_without_a_yes_nothing_is_run_and_nothing_remembered(opening, ran, state) -> None:
    editor = await opening({**RUNS, ".trm/consents/x.json": "yes"}, **SETTINGS)
    editor.answer = nobody
    for _ in range(2):
        await editor.refined(end="failed")
    assert len(questions(editor)) == 2
    assert editor.messages == 2 * [NOT_CONFIRMED]
    assert not ran.exists()
    assert list(state.rglob("*.json")) == []


async def test_the_command_line_confirms_for_an_editor_that_cannot_ask(opening, root, ran) -> None:
    editor = await opening({**RUNS, "pyproject.toml": PYPROJECT}, **SETTINGS)
    editor.answer = nobody
    await editor.refined(end="failed")
    command = [sys.executable, "-P", "-m", "trm_lsp.app.cli", "refine", "--yes", "--root", str(root), TEST]
    subprocess.run(command, cwd=root, check=True, capture_output=True)
    await editor.refined()
    assert len(questions(editor)) == 1


async def test_a_cancel_at_the_question_ends_the_run_before_it_began(opening, ran) -> None:
    editor = await opening(RUNS, **SETTINGS)
    undecided = asyncio.get_running_loop().create_future()
    editor.answer = lambda params: undecided
    job = (await editor.refine("test_calc.py", tests=[TEST]))["job"]
    await editor.until(types.WINDOW_SHOW_MESSAGE_REQUEST)
    engine = editor.engine
    await editor.command("trm.cancel", {"job": job})
    assert (await editor.state("cancelled")).tooltip == "No answer yet: it was cancelled."
    assert engine.is_running(), "it was not killed for it"
    assert not ran.exists()
    undecided.set_result(types.MessageActionItem(title="Run it"))
    editor.answer = nobody
    await editor.refined(end="failed")  # a yes that comes too late is not remembered


async def test_an_engine_that_is_killed_at_the_question_is_one_sentence(opening, ran) -> None:
    editor = await opening(RUNS, **SETTINGS)
    undecided = asyncio.get_running_loop().create_future()
    editor.answer = lambda params: undecided
    await editor.refine("test_calc.py", tests=[TEST])
    await editor.until(types.WINDOW_SHOW_MESSAGE_REQUEST)
    (engine,) = watch([editor.engine])
    editor.engine.kill()
    await editor.state("failed")
    assert engine.gone_within(2.0)
    await editor.message("The engine ended by SIGKILL")
    undecided.set_result(types.MessageActionItem(title="Run it"))
    editor.answer = lambda params: params.actions[0]
    await editor.refined()
    assert ran.exists()
