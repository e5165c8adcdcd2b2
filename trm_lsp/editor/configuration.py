"""The settings of each root: the editor's, then pyproject.toml, then the defaults."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lsprotocol import types

from trm_lsp.editor.client import WARNING, Client
from trm_lsp.editor.refused import Refused
from trm_lsp.editor.roots import Root
from trm_lsp.settings import Settings, load, pyproject_values

SECTION = "trm"
ANSWER_SECONDS = 5.0
"""How long an editor may take to answer what its settings are, before a run starts without them."""


class Configuration:
    """Asks the editor when it can be asked, and keeps what it pushed when it cannot."""

    def __init__(self, client: Client, pushed: Any = None) -> None:
        self._client = client
        self._pushed = _section(pushed)
        self._said: set[str] = set()

    def push(self, settings: Any) -> None:
        """What a client without workspace/configuration sends when its settings change."""
        self._pushed = _section(settings)

    async def settings(self, root: Root) -> Settings:
        """The settings of a root, read anew; each problem is shown once."""
        editor = await self._editor_values(root)
        pyproject, problems = pyproject_values(Path(root.path))
        loaded = load(("your editor's settings", editor), (str(Path(root.path) / "pyproject.toml"), pyproject))
        for problem in (*problems, *loaded.problems):
            if problem not in self._said:
                self._said.add(problem)
                self._client.show(problem, WARNING)
        return loaded.settings

    async def _editor_values(self, root: Root) -> Mapping[str, Any]:
        if not self._client.can("workspace.configuration"):
            return self._pushed
        item = types.ConfigurationItem(scope_uri=root.uri, section=SECTION)
        try:
            answer = await self._client.ask(
                types.WORKSPACE_CONFIGURATION, types.ConfigurationParams(items=[item]), seconds=ANSWER_SECONDS
            )
        except Refused as refused:
            self._client.show(f"{refused} The run uses pyproject.toml and the defaults.", WARNING)
            return {}
        values = answer[0] if answer else None
        return values if isinstance(values, Mapping) else {}


def _section(settings: Any) -> Mapping[str, Any]:
    """The `trm` section of pushed settings; some clients send the section itself."""
    if not isinstance(settings, Mapping):
        return {}
    section = settings.get(SECTION, {})
    return section if isinstance(section, Mapping) else {}
