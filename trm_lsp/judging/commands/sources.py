"""Sources in files that a tool's output mentions, as seen from the folder it ran in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import unquote

_MENTION = re.compile(
    r"""(?:file://)?                      # node names modules by address
    (?P<path>(?:[A-Za-z]:)?[^\s:'"()<>\[\]`|]*[^\s:'"()<>\[\]`|./])
    :(?P<line>\d{1,7})\b""",
    re.VERBOSE,
)
_PYTHON = re.compile(r'File "(?P<path>[^"]+)", line (?P<line>\d+)')
MENTIONS_READ = 200
"""More places in one text than anyone looks at."""
_FOREIGN = frozenset({"node_modules", ".venv", "venv", "site-packages", "vendor"})


@dataclass(frozen=True)
class Sources:
    """Finds files of a folder in what is said about them."""

    folder: Path

    @cached_property
    def _real(self) -> Path:
        return self.folder.resolve()

    @cached_property
    def _known(self) -> dict[tuple[str, str], str]:
        """What was asked before: reports name few files many times."""
        return {}

    def relative(self, path: str, below: str = "") -> str:
        """The path from the folder, for a file of the user's in it; else empty. A relative one counts from `below`."""
        if (path, below) not in self._known:
            self._known[path, below] = self._look(path, below)
        return self._known[path, below]

    def _look(self, path: str, below: str) -> str:
        if path.startswith("file://"):
            path = unquote(path.removeprefix("file://"))
        try:
            found = (self._real / below / path).resolve()
            if not found.is_file() or not found.is_relative_to(self._real):
                return ""
        except (OSError, ValueError):  # whatever it is, it is no path
            return ""
        relative = found.relative_to(self._real)
        return "" if _FOREIGN.intersection(relative.parts) else relative.as_posix()

    def mentioned(self, text: str, below: str = "") -> tuple[tuple[str, int], ...]:
        """Sources of the user's files in a text (`path:line`, or as Python says it), in its order, each once."""
        found = ((self.relative(path, below), line) for path, line in _mentions(text))
        return tuple(dict.fromkeys((path, line) for path, line in found if path))


def _mentions(text: str) -> Iterable[tuple[str, int]]:
    def every() -> Iterator[tuple[str, int]]:
        for match in sorted((*_MENTION.finditer(text), *_PYTHON.finditer(text)), key=lambda match: match.start()):
            yield unquote(match["path"]) if "file://" in match[0] else match["path"], int(match["line"])

    return [mention for mention, _ in zip(every(), range(MENTIONS_READ), strict=False)]
