"""Blocks: headings, paragraphs, lists, quotes and code."""

from __future__ import annotations

import re

from textmark.inline import parse_spans
from textmark.nodes import Block, CodeBlock, Document, Heading, Item, List, Paragraph, Quote

DEEPEST_HEADING = 6
TAB = 4
_HEADING = re.compile(r"(#+)\s+(.*?)\s*#*\s*$")
_ITEM = re.compile(r"(?P<indent> *)(?:(?P<bullet>[-*+])|(?P<number>\d+)[.)])\s+(?P<text>.*)")
_FENCE = "```"


def parse(text: str) -> Document:
    """Read a whole text. Every text can be read: what is no markup is prose."""
    return Document(_blocks(text.expandtabs(TAB).splitlines()))


def _blocks(lines: list[str]) -> list[Block]:
    blocks: list[Block] = []
    prose: list[str] = []
    at = 0

    def end_paragraph() -> None:
        if prose:
            blocks.append(Paragraph(parse_spans(" ".join(line.strip() for line in prose))))
            prose.clear()

    while at < len(lines):
        line = lines[at]
        if not line.strip():
            end_paragraph()
            at += 1
        elif line.startswith(_FENCE):
            end_paragraph()
            code, at = _code(lines, at)
            blocks.append(code)
        elif heading := _heading(line):
            end_paragraph()
            blocks.append(heading)
            at += 1
        elif line.startswith(">"):
            end_paragraph()
            quote, at = _quote(lines, at)
            blocks.append(quote)
        elif _ITEM.match(line) and not prose:
            found, at = _lists(lines, at)
            blocks.extend(found)
        else:
            prose.append(line)
            at += 1
    end_paragraph()
    return blocks


def _heading(line: str) -> Heading | None:
    match = _HEADING.match(line)
    if match is None or len(match[1]) > DEEPEST_HEADING:
        return None
    return Heading(len(match[1]), parse_spans(match[2]))


def _code(lines: list[str], at: int) -> tuple[CodeBlock, int]:
    """A block of code and where it ends: after its second fence, or with the text."""
    block = CodeBlock(language=lines[at][len(_FENCE) :].strip())
    at += 1
    while at < len(lines) and lines[at].rstrip() != _FENCE:
        block.lines.append(lines[at])
        at += 1
    return block, at + 1


def _quote(lines: list[str], at: int) -> tuple[Quote, int]:
    said = []
    while at < len(lines) and lines[at].startswith(">"):
        said.append(lines[at][1:].removeprefix(" "))
        at += 1
    return Quote(_blocks(said)), at


def _lists(lines: list[str], at: int) -> tuple[list[Block], int]:
    """The lists that begin at a line, and where they end: at the first line that continues none of them.

    An item that is indented more than the one before it begins a list below it.
    """
    tops: list[Block] = []
    stack: list[tuple[int, List]] = []
    while at < len(lines) and lines[at].strip():
        match = _ITEM.match(lines[at])
        if match is None:
            if not lines[at].startswith(" "):
                break
            item = stack[-1][1].items[-1]
            item.spans = (*item.spans, *parse_spans(" " + lines[at].strip()))
            at += 1
            continue
        indent, ordered = len(match["indent"]), match["number"] is not None
        while stack and (stack[-1][0] > indent or (stack[-1][0] == indent and stack[-1][1].ordered != ordered)):
            stack.pop()
        if not stack or stack[-1][0] < indent:
            started = List(ordered, int(match["number"] or 1))
            (stack[-1][1].items[-1].lists if stack else tops).append(started)
            stack.append((indent, started))
        stack[-1][1].items.append(Item(parse_spans(match["text"].rstrip())))
        at += 1
    return tops, at
