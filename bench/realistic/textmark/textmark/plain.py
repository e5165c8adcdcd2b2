"""Nodes written as plain text, in lines of a given width."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from textmark.nodes import Block, CodeBlock, Document, Emphasis, Heading, Link, List, Paragraph, Quote, Span, Text

UNDERLINES = {1: "=", 2: "-"}


def wrap(text: str, width: int, first: str = "", later: str = "") -> list[str]:
    """Lines of whole words, each of `width` characters at most, unless a word alone is longer.

    The first line begins with `first`, the others with `later`.
    """
    lines = []
    line, prefix = "", first
    for word in text.split():
        longer = f"{line} {word}" if line else word
        if line and len(prefix) + len(longer) > width:
            lines.append(prefix + line)
            line, prefix = word, later
        else:
            line = longer
    lines.append(prefix + line)
    return [line.rstrip() for line in lines]


class PlainWriter:
    """Writes a document, blocks apart by an empty line; links become numbered notes at the end."""

    def __init__(self, width: int = 72) -> None:
        self.width = width
        self._notes: list[str] = []

    def write(self, document: Document) -> str:
        self._notes = []
        parts = ["\n".join(self._block(block, self.width)) for block in document.blocks]
        if self._notes:
            parts.append("\n".join(f"[{number}] {target}" for number, target in enumerate(self._notes, 1)))
        return "\n\n".join(parts)

    def _block(self, block: Block, width: int) -> list[str]:
        match block:
            case Heading(level, spans):
                lines = wrap(self._text(spans), width)
                sign = UNDERLINES.get(level)
                return [*lines, sign * max(map(len, lines))] if sign else lines
            case Paragraph(spans):
                return wrap(self._text(spans), width)
            case CodeBlock(lines, _):
                return [f"    {line}".rstrip() for line in lines]
            case Quote(blocks):
                return [f"> {line}".rstrip() for line in self._quoted(blocks, width - 2)]
            case List():
                return list(self._list(block, width))
        raise TypeError(f"no block: {block!r}")

    def _quoted(self, blocks: Iterable[Block], width: int) -> Iterator[str]:
        for number, block in enumerate(blocks):
            if number:
                yield ""
            yield from self._block(block, width)

    def _list(self, block: List, width: int) -> Iterator[str]:
        last = block.start + len(block.items) - 1
        for number, item in enumerate(block.items, block.start):
            sign = f"{number}.".rjust(len(str(last)) + 1) if block.ordered else "-"
            indent = " " * (len(sign) + 1)
            yield from wrap(self._text(item.spans), width, f"{sign} ", indent)
            for below in item.lists:
                for line in self._block(below, width - len(indent)):
                    yield indent + line

    def _text(self, spans: Iterable[Span]) -> str:
        return "".join(map(self._span, spans))

    def _span(self, span: Span) -> str:
        match span:
            case Text(text):
                return text
            case Emphasis(spans, strong):
                text = self._text(spans)
                return text.upper() if strong else f"*{text}*"
            case Link(spans, target):
                return f"{self._text(spans)} [{self._note(target)}]"
        return f"'{span.text}'"

    def _note(self, target: str) -> int:
        """The number of a link's note; links to the same place share one."""
        if target not in self._notes:
            self._notes.append(target)
        return self._notes.index(target) + 1
