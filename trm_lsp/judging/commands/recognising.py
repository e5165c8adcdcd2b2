"""Which tool a command line is for."""

from __future__ import annotations

from pathlib import Path

from trm_lsp.judging.commands import cargo, go, node
from trm_lsp.judging.commands.other import AnyCommand
from trm_lsp.judging.commands.tool import TestTool


def recognise(command: str, root: Path) -> TestTool:
    """The tool that a command line of the workspace at `root` runs its tests with, as far as we know it."""
    known: TestTool | None = (
        node.recognise(command, root) or go.recognise(command, root) or cargo.recognise(command, root)
    )
    return known or AnyCommand(command)
