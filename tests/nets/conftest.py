"""What tests of the net share: a workspace, and a state folder of the test's own."""

from __future__ import annotations

from pathlib import Path

import pytest
from projects import root

__all__ = ["root"]


@pytest.fixture(autouse=True)
def state(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where what the user confirms is remembered."""
    folder = tmp_path_factory.mktemp("state")
    monkeypatch.setenv("XDG_STATE_HOME", str(folder))
    return folder
