"""The workspace, the scenario of the fake engine, and editors that end with their test."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from editor.harness import FULL, PYTHON, SERVER, SUB, ZERO, Editor, failed

CALC = '''\
"""Arithmetic."""


def sub(a, b):
    return a + b


def untouched(a):
    return a
'''
TESTS = """\
from calc import sub


def test_sub():
    result = sub(3, 1)
    assert result == 2


class TestMore:
    def test_zero(self):
        assert sub(1, 1) == 0
"""


class Scene:
    """The workspace and what the fake engine will do in it."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "calc é"
        (self.root / "tests").mkdir(parents=True)
        (self.root / "calc.py").write_text(CALC, encoding="utf-8")
        (self.root / "tests" / "test_calc.py").write_text(TESTS, encoding="utf-8")
        self.scenario = folder / "scenario.json"
        os.mkfifo(folder / "go")
        self.go_pipe = folder / "go"
        self.play()

    def play(self, **scenario: Any) -> None:
        """What the engine does with the next task; by default it repairs `sub`."""
        defaults = {
            "baseline": [failed(SUB, 6), failed(ZERO, 11)],
            "replace": [["calc.py", "a + b", "a - b"]],
        }
        self.scenario.write_text(json.dumps({**defaults, **scenario}), encoding="utf-8")

    async def go(self) -> None:
        """Let a held engine go on."""
        await asyncio.to_thread(self.go_pipe.write_bytes, b"go")


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


Start = Callable[..., Awaitable[Editor]]


@pytest_asyncio.fixture
async def start(scene: Scene) -> AsyncIterator[Start]:
    """Starts editors on the scene's workspace."""
    editors: list[Editor] = []

    async def starting(
        capabilities: dict[str, Any] | None = None, encodings: list[str] | None = None, **more: Any
    ) -> Editor:
        editor = Editor(scene.root, FULL if capabilities is None else capabilities, encodings)
        editors.append(editor)
        settings = more.pop("settings", None)
        if settings is not None:
            editor.settings = {"trm": settings}
        await editor.start(PYTHON, str(SERVER), str(scene.scenario), **more)
        return editor

    yield starting
    for editor in editors:
        if not editor.stopped and editor._server is not None and editor._server.returncode is None:
            await editor.leave()
        await editor.stop()
        assert b"Traceback" not in editor.errors and b"never retrieved" not in editor.errors, editor.errors.decode()


@pytest_asyncio.fixture
async def editor(start: Start) -> Editor:
    """An editor that can do everything, with both files open."""
    editor = await start()
    editor.open("calc.py")
    editor.open("tests/test_calc.py")
    return editor
