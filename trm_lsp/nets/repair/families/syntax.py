"""Syntax: where a file does not parse, what the parser misses."""

from __future__ import annotations

import ast
import builtins
import difflib
import keyword
import re
from collections.abc import Iterator

from trm_lsp.core.state import Edit
from trm_lsp.nets.repair.families.base import Change, Family, shorten
from trm_lsp.nets.repair.source import Broken

_HEAD = re.compile(r"\s*(if|elif|else|for|while|def|class|try|except|finally|with|async|match|case)\b")
_WORD = re.compile(r"[A-Za-z_]\w*")
_PAIRS = {"(": ")", "[": "]", "{": "}"}
ELSEWHERE = {
    "&&": ("and", 0.9), "||": ("or", 0.9), "!": ("not ", 0.6), "else if": ("elif", 1.0), "elseif": ("elif", 1.0),
    "++": (" += 1", 0.9), "--": (" -= 1", 0.9), "=<": ("<=", 0.9), "=>": (">=", 0.9), "<>": ("!=", 0.9),
    "===": ("==", 0.9), "!==": ("!=", 0.9), "=!": ("!=", 0.9), "true": ("True", 0.5), "false": ("False", 0.5),
    "null": ("None", 0.6), "->": (":", 0.2), "function ": ("def ", 0.8), "catch": ("except", 0.8),
    "“": ('"', 0.9), "”": ('"', 0.9), "‘": ("'", 0.9), "’": ("'", 0.9),
}  # fmt: skip
"""What other languages, and word processors, write where Python writes something else."""
BETWEEN = {", ": 0.7, ": ": 0.5, " = ": 0.4, " in ": 0.4, "": 0.3, " + ": 0.2, ".": 0.2}
"""What may be missing between two words."""
LINES_ABOVE = 3
"""The parser often stops below the mistake."""


class Syntax(Family):
    name, prior, cost = "syntax", 0.99, 1
    reason = "the file does not parse"


SYNTAX = Syntax()


def repairs(source: Broken) -> Iterator[Change]:
    """Small edits near where the parser stopped, after which the file parses."""
    text = source.text
    seen: set[tuple[int, int, str]] = set()
    for start, end, new, weight in _tried(source):
        if (start, end, new) in seen or text[start:end] == new:
            continue
        seen.add((start, end, new))
        try:
            ast.parse(text[:start] + new + text[end:])
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        line = source.index.line_text(source.index.line(start)).strip()
        what = f"`{text[start:end]}` → `{shorten(new)}` in `{shorten(line)}`"
        yield Change((Edit(source.path, start, end, new),), what, weight)


def _tried(source: Broken) -> Iterator[tuple[int, int, str, float]]:
    """Start, end, new text and weight; nearest to the parser's own place first."""
    index, text = source.index, source.text
    stopped = source.line
    lines = list(range(stopped, max(0, stopped - LINES_ABOVE - 1), -1))
    lines += [line for line in (stopped + 1,) if line <= len(index.starts)]
    opened = _opened(source)
    if opened and opened not in lines:
        lines.append(opened)
    for distance, line in enumerate(lines):
        share = 1.0 / (1 + distance)
        for start, end, new, weight in _on_line(source, line, index.starts[line - 1], index.line_text(line)):
            yield start, end, new, weight * share
    last = len(text.rstrip())
    for closing in (")", "]", "}"):
        yield last, last, closing, 0.3


def _opened(source: Broken) -> int | None:
    """The line of a bracket that was never closed, where the parser names it."""
    found = re.search(r"on line (\d+)", source.error.msg or "")
    return int(found.group(1)) if found else None


def _on_line(source: Broken, line: int, start: int, content: str) -> Iterator[tuple[int, int, str, float]]:
    code = _without_comment(content)
    end = start + len(code.rstrip())
    indent = content[: len(content) - len(content.lstrip(" \t"))]
    if _HEAD.match(code) and not code.rstrip().endswith(":"):
        yield end, end, ":", 1.0
        for closing in (")", "]", "}"):
            yield end, end, f"{closing}:", 0.8
    if code.rstrip().endswith(":"):
        for closing in (")", "]", "}"):
            yield end - 1, end - 1, closing, 0.8
        if not _HEAD.match(code):
            yield end - 1, end, "", 0.7
    for closing in (")", "]", "}", ",", "'", '"', '"""', "'''", ":", "))", "])"):
        yield end, end, closing, 0.6
    yield from _indented(source, line, start, indent)
    for i, character in enumerate(code):
        at = start + i
        if character in "()[]{},:'\"=;" or character in "!<>&|+-*/.?":
            yield at, at + 1, "", 0.5
        if character in ")]}" or character in "([{":
            for other in ")]}" if character in ")]}" else "([{":
                yield at, at + 1, other, 0.5
            yield at, at, character, 0.2
        if character == "=":
            yield at, at + 1, "==", 0.9
            yield at, at + 1, ":", 0.3
        if character == ":":
            yield at, at + 1, "=", 0.2
            yield at, at + 1, ",", 0.2
        if character == ";":
            yield at, at + 1, ":", 0.6
            yield at, at + 1, ",", 0.4
        if character == ".":
            yield at, at + 1, ",", 0.3
        if character in "'\"":
            yield at, at + 1, "'" if character == '"' else '"', 0.4
            yield at, at, "\\", 0.3
        if character in " \t" and 0 < i < len(code) - 1:
            for new, weight in BETWEEN.items():
                yield at, at + 1, new, weight
    for old, (new, weight) in ELSEWHERE.items():
        for found in re.finditer(re.escape(old), code):
            yield start + found.start(), start + found.end(), new, weight
    yield from _words(start, code)


def _indented(source: Broken, line: int, start: int, indent: str) -> Iterator[tuple[int, int, str, float]]:
    """The line as deep as another one near it, or one level deeper."""
    index = source.index
    wanted: dict[str, float] = {}
    for other in range(max(1, line - 6), min(len(index.starts), line + 3) + 1):
        content = index.line_text(other)
        if content.strip() and other != line:
            beside = content[: len(content) - len(content.lstrip(" \t"))]
            wanted[beside] = 0.9 / (1 + abs(other - line))
            if _without_comment(content).rstrip().endswith(":") and other < line:
                wanted[f"{beside}    "] = 0.9
    for deep, weight in wanted.items():
        yield start, start + len(indent), deep, weight
    if "\t" in indent:
        yield start, start + len(indent), indent.expandtabs(4), 0.8
        yield start, start + len(indent), indent.expandtabs(8), 0.6
    above = line - 1
    if above >= 1 and _without_comment(index.line_text(above)).rstrip().endswith(":"):
        # A block without a statement.
        head = index.line_text(above)
        deeper = head[: len(head) - len(head.lstrip(" \t"))] + "    "
        yield start, start, f"{deeper}pass{source.newline}", 0.3


def _words(start: int, code: str) -> Iterator[tuple[int, int, str, float]]:
    """Misspelt keywords: two words side by side are no Python, unless one of them is a keyword."""
    for found in _WORD.finditer(code):
        word = found.group()
        if word in keyword.kwlist:
            yield start + found.start(), start + found.end() + (code[found.end() : found.end() + 1] == " "), "", 0.3
            yield start + found.start(), start + found.end(), f"{word}_", 0.4
        elif word not in dir(builtins):
            for other in difflib.get_close_matches(word, keyword.kwlist, n=2, cutoff=0.6):
                yield start + found.start(), start + found.end(), other, 0.8
    for keyword_glued in re.finditer(r"\b(def|class|return|import|from|if|elif|while|for|not|raise|in)(?=\w)", code):
        yield start + keyword_glued.end(), start + keyword_glued.end(), " ", 0.6


def _without_comment(content: str) -> str:
    """A line up to its comment; a `#` inside quotes does not begin one."""
    quote = ""
    for i, character in enumerate(content):
        if quote:
            quote = "" if character == quote and content[i - 1] != "\\" else quote
        elif character in "'\"":
            quote = character
        elif character == "#":
            return content[:i]
    return content
