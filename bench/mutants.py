"""One-token mutations of source ranges: every operator, comparison, constant and name, nothing filtered.

What does not compile, never ends or changes nothing stays in: a judge meets all of that.
"""

from __future__ import annotations

import ast
import io
import keyword
import random
import tokenize
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from trm_lsp.core.state import Edit

_KINDS = (
    ("+", "-", "*", "/", "//", "%", "**"),
    ("+=", "-=", "*=", "/=", "//=", "%=", "**="),
    ("&", "|", "^", "<<", ">>"),
    ("&=", "|=", "^=", "<<=", ">>="),
    ("<", "<=", "==", "!=", ">=", ">"),
    ("and", "or"),
    ("in", "not in"),
    ("is", "is not"),
    ("not", ""),
    ("True", "False", "None"),
    ("break", "continue", "pass"),
    ("return", "yield"),
    ("if", "while"),
    ("any", "all"),
    ("min", "max"),
)
"""Tokens of which each may stand for any other of its row."""


class Range(NamedTuple):
    """A piece of a source text, by code points; the gaps belong to other ranges."""

    name: str
    first_line: int
    last_line: int
    """Lines count from 1, both ends included."""
    start: int
    end: int
    gaps: tuple[tuple[int, int], ...] = ()
    body: int = 0
    """Where a function's first statement begins."""

    def __contains__(self, offset: object) -> bool:
        assert isinstance(offset, int)
        return self.start <= offset < self.end and not any(start <= offset < end for start, end in self.gaps)


def ranges(text: str) -> list[Range]:
    """The outermost functions of a text, and as the last one what lies outside of all (named `<module>`)."""
    starts = line_starts(text)

    def offset(line: int) -> int:
        return starts[line - 1] if line <= len(starts) else len(text)

    found = []
    for name, node in _outermost(ast.parse(text).body, ""):
        first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
        last = node.end_lineno or node.lineno
        body = offset(node.body[0].lineno)
        found.append(Range(name, first, last, offset(first), offset(last + 1), body=body))
    gaps = tuple((function.start, function.end) for function in found)
    return [*found, Range("<module>", 1, len(starts), 0, len(text), gaps)]


def mutations(path: str, text: str, within: Range) -> list[Edit]:
    """Every one-token mutation within a range of a text that can be tokenized, in the order of the text."""
    starts = line_starts(text)
    tokens = [
        (token, starts[token.start[0] - 1] + token.start[1])
        for token in tokenize.generate_tokens(io.StringIO(text, newline="").readline)
        if token.type in {tokenize.OP, tokenize.NAME, tokenize.NUMBER, tokenize.STRING}
    ]
    here = [(token, start) for token, start in tokens if start in within]
    names = sorted({token.string for token, _ in here if _is_name(token)})
    return [
        Edit(path, start, start + len(token.string), other) for token, start in here for other in _others(token, names)
    ]


def draw(edits: Sequence[Edit], count: int, chance: random.Random) -> list[Edit]:
    """So many of them, or all, in an order by chance."""
    return chance.sample(edits, min(count, len(edits)))


def line_starts(text: str) -> list[int]:
    """The offset of each line of a text; lines end as Python's tokenizer reads them."""
    found = [0]
    for line in io.StringIO(text, newline=""):
        found.append(found[-1] + len(line))
    return found[:-1] or [0]


def _outermost(body: Sequence[ast.stmt], prefix: str) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield prefix + node.name, node
        elif isinstance(node, ast.ClassDef):
            yield from _outermost(node.body, f"{prefix}{node.name}.")
        else:
            for field in ("body", "orelse", "finalbody"):
                yield from _outermost(getattr(node, field, []), prefix)
            for handler in getattr(node, "handlers", []):
                yield from _outermost(handler.body, prefix)


def _is_name(token: tokenize.TokenInfo) -> bool:
    return token.type == tokenize.NAME and not keyword.iskeyword(token.string)


def _others(token: tokenize.TokenInfo, names: Sequence[str]) -> list[str]:
    """What may stand in the place of a token."""
    old = token.string
    found = [other for kind in _KINDS if old in kind for other in kind]
    if token.type == tokenize.NUMBER:
        found += ["0", "1", f"({old} + 1)", f"({old} - 1)", f"-{old}"]
    elif token.type == tokenize.STRING:
        found += ['""', f'({old} + " ")']
    elif _is_name(token):
        found += names
    return [other for other in dict.fromkeys(found) if other != old]
