"""The outline of a text: its headings, each with an anchor of its own."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field

from textmark.nodes import Document, Heading, plain


def slug(title: str) -> str:
    """What a title is called in an address.

    >>> slug("Crème brûlée, twice!")
    'creme-brulee-twice'
    """
    letters = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", letters).strip("-") or "section"


class Anchors:
    """Gives every title an anchor that no other has."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def take(self, title: str) -> str:
        base = found = slug(title)
        number = 1
        while found in self._taken:
            number += 1
            found = f"{base}-{number}"
        self._taken.add(found)
        return found


@dataclass
class Entry:
    """A heading in the outline, and those below it."""

    title: str
    anchor: str
    level: int
    below: list[Entry] = field(default_factory=list)


class Outline:
    """The headings of a document, as a tree."""

    def __init__(self, document: Document) -> None:
        self.entries: list[Entry] = []
        anchors = Anchors()
        path: list[Entry] = []
        for heading in headings(document):
            title = plain(heading.spans)
            entry = Entry(title, anchors.take(title), heading.level)
            while path and path[-1].level >= entry.level:
                path.pop()
            (path[-1].below if path else self.entries).append(entry)
            path.append(entry)

    def lines(self, deepest: int = 6) -> list[str]:
        """The outline as an indented list, without headings below a level."""
        return list(self._lines(self.entries, 0, deepest))

    def _lines(self, entries: list[Entry], depth: int, deepest: int) -> Iterator[str]:
        for entry in entries:
            if entry.level <= deepest:
                yield f"{'  ' * depth}- {entry.title} (#{entry.anchor})"
                yield from self._lines(entry.below, depth + 1, deepest)


def headings(document: Document) -> Iterator[Heading]:
    """Every heading of a document in the order of the text, quoted ones aside."""
    return (block for block in document.blocks if isinstance(block, Heading))
