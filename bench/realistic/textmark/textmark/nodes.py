"""What a text consists of: blocks below each other, spans beside each other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Text:
    """Characters that mean themselves."""

    text: str


@dataclass(frozen=True)
class Code:
    """A piece of code within a line."""

    text: str


@dataclass(frozen=True)
class Emphasis:
    """A stressed piece of a line; strong if stressed twice."""

    spans: tuple[Span, ...]
    strong: bool = False


@dataclass(frozen=True)
class Link:
    """A piece of a line that leads elsewhere."""

    spans: tuple[Span, ...]
    target: str


Span = Text | Code | Emphasis | Link


def plain(spans: tuple[Span, ...]) -> str:
    """The characters of spans, without what they look like."""
    return "".join(span.text if isinstance(span, Text | Code) else plain(span.spans) for span in spans)


@dataclass
class Block:
    """Something that stands on lines of its own."""

    def walk(self) -> Iterator[Block]:
        """The block and all within it, in the order of the text."""
        yield self
        for child in self.children():
            yield from child.walk()

    def children(self) -> list[Block]:
        return []


@dataclass
class Heading(Block):
    """A title; level 1 is the highest."""

    level: int
    spans: tuple[Span, ...]


@dataclass
class Paragraph(Block):
    """Lines of prose, joined."""

    spans: tuple[Span, ...]


@dataclass
class CodeBlock(Block):
    """Lines of code, kept as they are."""

    lines: list[str] = field(default_factory=list)
    language: str = ""


@dataclass
class Quote(Block):
    """Blocks that somebody else has said."""

    blocks: list[Block] = field(default_factory=list)

    def children(self) -> list[Block]:
        return self.blocks


@dataclass
class Item(Block):
    """A line of a list, and the lists below it."""

    spans: tuple[Span, ...]
    lists: list[Block] = field(default_factory=list)

    def children(self) -> list[Block]:
        return self.lists


@dataclass
class List(Block):
    """Items, numbered from `start` if the list is ordered."""

    ordered: bool
    start: int = 1
    items: list[Item] = field(default_factory=list)

    def children(self) -> list[Block]:
        return list(self.items)


@dataclass
class Document(Block):
    """A whole text."""

    blocks: list[Block] = field(default_factory=list)

    def children(self) -> list[Block]:
        return self.blocks
