"""Editors on small projects that end with their test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from editor.harness import FULL
from end_to_end.real import SERVER, RealEditor
from projects import NO_PLUGINS, Files, make, root, temporary

__all__ = ["root", "temporary"]

Open = Callable[..., Awaitable[RealEditor]]


@pytest.fixture(autouse=True)
def state(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where what the user confirms is remembered: nowhere that outlives the test."""
    folder = tmp_path_factory.mktemp("state")
    monkeypatch.setenv("XDG_STATE_HOME", str(folder))
    return folder


@pytest_asyncio.fixture
async def opening(root) -> AsyncIterator[Open]:
    """Writes files, starts a server on them and opens those that are named."""
    editors: list[RealEditor] = []

    async def opened(files: Files, *open: str, encodings: list[str] | None = None, **settings: Any) -> RealEditor:
        make(root, files)
        editor = RealEditor(root, FULL, encodings)
        editors.append(editor)
        # A minute would do for every run here that has an end, but this machine may be busy.
        editor.settings = {"trm": {"budget": {"seconds": 600}, "test": {"env": [NO_PLUGINS]}, **settings}}
        await editor.start(*SERVER)
        for path in open:
            editor.open(path)
        return editor

    yield opened
    for editor in editors:
        if not editor.stopped and editor._server is not None and editor._server.returncode is None:
            assert await editor.leave() == 0
        await editor.stop()
        assert b"Traceback" not in editor.errors and b"never retrieved" not in editor.errors, editor.errors.decode()
