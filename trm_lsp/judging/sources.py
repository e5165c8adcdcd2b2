"""The files a candidate may change."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Set

from trm_lsp.core.state import BaseText
from trm_lsp.workspace.texts import UnreadableText


class Sources(Set[str]):
    """Paths of Python files that may be changed; the workspace is walked only when all of them are asked for."""

    def __init__(self, texts: Mapping[str, BaseText], editable: Callable[[str], bool]) -> None:
        self._texts, self._editable = texts, editable

    def __contains__(self, path: object) -> bool:
        if not (isinstance(path, str) and path.endswith(".py") and self._editable(path)):
            return False
        try:
            return path in self._texts
        except UnreadableText:
            return True  # it is there, and whoever reads it is told

    def __iter__(self) -> Iterator[str]:
        return (path for path in self._texts if path.endswith(".py") and self._editable(path))

    def __len__(self) -> int:
        return sum(1 for _ in self)
