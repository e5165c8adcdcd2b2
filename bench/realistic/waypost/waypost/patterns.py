"""Patterns of paths: `/users/<int:id>/files/<path:name>`."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

from waypost.errors import BadPattern

_PLACE = re.compile(r"<(?:(\w+):)?(\w+)>")


@dataclass(frozen=True)
class Kind:
    """What may stand in a place of a pattern."""

    regex: str
    convert: Callable[[str], Any] = unquote
    keep: str = ""
    """Characters that are not quoted in a path that is built."""
    weight: int = 1
    """How special it is: a pattern of special places is tried before one of general ones."""


KINDS = {
    "str": Kind(r"[^/]+"),
    "int": Kind(r"-?\d+", int, weight=2),
    "hex": Kind(r"[0-9a-fA-F]+", lambda text: int(text, 16), weight=2),
    "path": Kind(r".+?", keep="/", weight=0),
}
FIXED = 3
"""How special a fixed part is."""


class Pattern:
    """A path with places for values. A slash at the end of a path does not count."""

    def __init__(self, text: str) -> None:
        if not text.startswith("/"):
            raise BadPattern(f"{text!r} does not begin with a slash")
        self.text = text.rstrip("/") or "/"
        self.kinds: dict[str, Kind] = {}
        regex = ""
        end = 0
        for match in _PLACE.finditer(self.text):
            kind, name = match[1] or "str", match[2]
            if kind not in KINDS:
                raise BadPattern(f"{text!r}: there is no kind {kind!r}")
            if name in self.kinds:
                raise BadPattern(f"{text!r}: {name!r} comes twice")
            self.kinds[name] = KINDS[kind]
            regex += re.escape(self.text[end : match.start()]) + f"(?P<{name}>{KINDS[kind].regex})"
            end = match.end()
        regex += re.escape(self.text[end:])
        self._regex = re.compile(regex)

    @property
    def weights(self) -> tuple[int, ...]:
        """How special each part is, the first one first: the greater tuple is tried first."""
        return tuple(self._weight(part) for part in self.text.strip("/").split("/"))

    def _weight(self, part: str) -> int:
        match = _PLACE.search(part)
        return self.kinds[match[2]].weight if match else FIXED

    def match(self, path: str) -> dict[str, Any] | None:
        """The values in a path, or None if it is another one."""
        found = self._regex.fullmatch(path.rstrip("/") or "/")
        if found is None:
            return None
        return {name: self.kinds[name].convert(text) for name, text in found.groupdict().items()}

    def build(self, **values: Any) -> str:
        """The path of values. Raises BadPattern if one is missing, left over or of another kind."""
        if set(values) != set(self.kinds):
            raise BadPattern(f"{self.text} needs {sorted(self.kinds)}, not {sorted(values)}")

        def fill(match: re.Match[str]) -> str:
            kind = self.kinds[match[2]]
            value = values[match[2]]
            text = format(value, "x") if kind is KINDS["hex"] else quote(str(value), safe=kind.keep)
            if not re.fullmatch(kind.regex, text):
                raise BadPattern(f"{self.text}: {value!r} is no {match[2]}")
            return text

        return _PLACE.sub(fill, self.text)
