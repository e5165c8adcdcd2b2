"""Lines and columns of a text, counted as Python's own parser counts them."""

from __future__ import annotations

import bisect
import re

_LINE_END = re.compile(r"\r\n|\r|\n")


class LineIndex:
    """Where each line of a text starts. Lines count from 1, offsets and columns in code points from 0."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.starts = [0, *(match.end() for match in _LINE_END.finditer(text))]

    def offset(self, line: int, utf8_column: int) -> int:
        """The offset of a syntax-tree position: `ast` gives columns in UTF-8 bytes."""
        start = self.starts[line - 1]
        content = self.text[start : start + utf8_column]
        if content.isascii():
            return start + utf8_column
        return start + len(content.encode("utf-8", "surrogatepass")[:utf8_column].decode("utf-8", "surrogatepass"))

    def line(self, offset: int) -> int:
        """The line that holds `offset`."""
        return bisect.bisect_right(self.starts, offset)

    def line_text(self, line: int) -> str:
        """The text of a line, without its line end."""
        end = self.starts[line] if line < len(self.starts) else len(self.text)
        return self.text[self.starts[line - 1] : end].rstrip("\r\n")

    def indent(self, line: int) -> str:
        content = self.line_text(line)
        return content[: len(content) - len(content.lstrip(" \t"))]


def newline(text: str) -> str:
    """The line end a text uses: that of its first line."""
    first = _LINE_END.search(text)
    return first.group() if first else "\n"
