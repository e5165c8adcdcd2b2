"""Lines and offsets of a text as the Language Server Protocol counts them.

Lines end at LF, CRLF or CR alone: `str.splitlines`, which pygls uses, ends
them at form feeds and Unicode separators too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)")
_OTHER_ENDS = re.compile("[\v\f\x1c-\x1e\x85\u2028\u2029]")


def split(text: str) -> list[str]:
    """Lines with their ends; the last one has none, and may be empty."""
    lines: list[str] = _LINE.findall(text) if _OTHER_ENDS.search(text) else text.splitlines(keepends=True)
    if lines and not lines[-1].endswith(("\r", "\n")):
        return lines
    return [*lines, text[sum(map(len, lines)) :]]


def content(line: str) -> str:
    """A line without its end."""
    return line.rstrip("\r\n")


def units(text: str, encoding: str) -> int:
    """How many code units `text` has in a position encoding (`utf-8`, `utf-16` or `utf-32`)."""
    if encoding == "utf-32" or text.isascii():
        return len(text)
    if encoding == "utf-8":
        return len(text.encode("utf-8", "surrogatepass"))
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def column(line: str, character: int, encoding: str) -> int:
    """The code point column of a client's `character`; past the end of the line it is the end."""
    text = content(line)
    if encoding == "utf-32" or text.isascii():
        return min(character, len(text))
    seen = 0
    for index, letter in enumerate(text):
        if seen >= character:
            return index
        seen += units(letter, encoding)
    return len(text)


def offset(lines: Sequence[str], line: int, character: int, encoding: str) -> int:
    """The code point offset of a client's position; past the end of the text it is the end."""
    if line >= len(lines):
        return sum(map(len, lines))
    return sum(map(len, lines[:line])) + column(lines[line], character, encoding)


def position(lines: Sequence[str], at: int, encoding: str) -> tuple[int, int]:
    """The client's (line, character) of a code point offset."""
    for number, line in enumerate(lines):
        if at < len(line) or number == len(lines) - 1:
            return number, units(content(line)[:at], encoding)
        at -= len(line)
    return 0, 0


class Moved:
    """Where the lines of one text are in another: those before and after what was edited."""

    def __init__(self, before: Sequence[str], after: Sequence[str]) -> None:
        shared = min(len(before), len(after))
        self._head = next((i for i in range(shared) if before[i] != after[i]), shared)
        tail = next((i for i in range(shared) if before[-1 - i] != after[-1 - i]), shared)
        self._tail = len(before) - tail
        self._shift = len(after) - len(before)

    def line(self, line: int) -> int | None:
        """Where a line (from 0) is now; None when it was edited itself."""
        if line < self._head:
            return line
        return line + self._shift if line >= self._tail else None
