"""The fixtures of small projects, and a state folder of the test's own."""

from __future__ import annotations

from pathlib import Path

import pytest
from projects import root, temporary

__all__ = ["root", "temporary"]


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where what the user confirms is remembered."""
    folder = tmp_path / "state"
    monkeypatch.setenv("XDG_STATE_HOME", str(folder))
    return folder
