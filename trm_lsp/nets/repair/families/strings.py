"""Strings: misspelt, in the wrong case, with a character too many or too few, not filled in."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from trm_lsp.core.state import Edit
from trm_lsp.nets.repair.families.base import Change, Family, Site
from trm_lsp.nets.repair.families.names import closest

BRACKETS = {"(": ")[{", ")": "(]}", "[": "](", "]": "[)", "{": "}(", "}": "{)", "<": ">", ">": "<"}
SEPARATORS = " ,;:.-_/\n\t"
_PREFIX = re.compile(r"[A-Za-z]*")
LONGEST = 60
SHORTEST_NAME = 3
"""Characters of a string that may be a misspelt name; shorter ones are like too many."""


def plain_literal(site: Site, node: ast.AST) -> bool:
    """Whether a node is a string on one line, in one piece, without prefix, that says something."""
    if not (isinstance(node, ast.Constant) and isinstance(node.value, str)):
        return False
    if isinstance(site.parent(node), ast.JoinedStr | ast.FormattedValue | ast.Expr):
        return False
    code = site.slot(node).code
    return code[:1] in ("'", '"') and code[:3] not in ('"""', "'''") and "\n" not in code and _in_one_piece(code)


def _in_one_piece(code: str) -> bool:
    """Whether a literal is not several ones side by side."""
    quote, position = code[0], 1
    while position < len(code) and code[position] != quote:
        position += 2 if code[position] == "\\" else 1
    return position == len(code) - 1


class Text(Family):
    name, prior = "text", 0.6
    reason = "a string is misspelt, incomplete or another one"

    def at_expression(self, site: Site, node: ast.expr) -> Iterator[Change]:
        if not plain_literal(site, node):
            return
        assert isinstance(node, ast.Constant) and isinstance(node.value, str)
        value = node.value
        wanted: dict[str, float] = {}
        described = site.source.docstring_values(site.statement.function)[1] if site.statement.function else ()
        for other in (*site.hints.strings[:40], *described[:20], *site.source.inventory.strings[:60]):
            if len(other) < LONGEST:
                alike = likeness(value, other)
                wanted.setdefault(other, 0.15 + 0.7 * alike if alike > 0.5 else 0.15)
        for name, alike in _names_like(value, site, node):
            wanted[name] = max(alike, wanted.get(name, 0.0))
        changed_case = ((value.lower(), 0.5), (value.upper(), 0.5), (value.capitalize(), 0.4), (value.title(), 0.3))
        stripped = ((value.strip(), 0.5), (value.rstrip(), 0.4), (value.lstrip(), 0.4))
        for other, weight in (*changed_case, *stripped, (value + " ", 0.2), (" " + value, 0.2), (value + "\n", 0.15)):
            wanted.setdefault(other, weight)
        wanted.setdefault(value + value.upper(), 0.3 if value.islower() and len(value) > 1 else 0.05)
        for bracket in BRACKETS.get(value, ""):
            wanted[bracket] = 0.6
        for separator in SEPARATORS if value in SEPARATORS or len(value) < 3 else "":
            wanted.setdefault(separator, 0.25)
        wanted.setdefault("", 0.2)
        wanted.setdefault(" ", 0.15)
        quote = site.slot(node).code[0]
        for other, weight in wanted.items():
            if other != value:
                yield site.swap(node, quoted(other, quote), weight)


def _names_like(value: str, site: Site, node: ast.AST) -> Iterator[tuple[str, float]]:
    """Names that a string means, as `getattr` takes them, where it is none itself."""
    known = {*site.source.inventory.attribute_names, *site.source.module_names, *site.names(node)}
    if value.isidentifier() and len(value) >= SHORTEST_NAME and value not in known:
        yield from closest(value, known)


class Character(Family):
    name, prior, cost = "character", 0.2, 2
    reason = "a string has a character too many, too few, or a wrong one"

    def at_expression(self, site: Site, node: ast.expr) -> Iterator[Change]:
        if not plain_literal(site, node):
            return
        assert isinstance(node, ast.Constant) and isinstance(node.value, str)
        value, quote = node.value, site.slot(node).code[0]
        if not 1 <= len(value) <= 24:
            return
        expected = [c for text in site.hints.strings[:12] for c in text[:40] if c.isprintable()]
        characters = list(dict.fromkeys([*expected, " ", ",", ".", "s"]))[:14]
        wanted: dict[str, float] = {}
        for i in range(len(value)):
            wanted.setdefault(value[:i] + value[i + 1 :], 1.0)
            wanted.setdefault(value[:i] + value[i].swapcase() + value[i + 1 :], 0.8)
            wanted.setdefault(value[:i] + value[i + 1 : i + 2] + value[i] + value[i + 2 :], 0.5)
        for character in characters:
            for i in range(len(value) + 1):
                at_end = i in (0, len(value))
                wanted.setdefault(value[:i] + character + value[i:], 0.7 if at_end else 0.3)
                if i < len(value):
                    wanted.setdefault(value[:i] + character + value[i + 1 :], 0.4)
        for other, weight in wanted.items():
            if other != value:
                yield site.swap(node, quoted(other, quote), weight)


class Filled(Family):
    name, prior = "filled", 0.9
    reason = "a string names variables in braces and does not fill them in, or fills in what is meant literally"

    def at_expression(self, site: Site, node: ast.expr) -> Iterator[Change]:
        code = site.slot(node).code
        if plain_literal(site, node) and re.search(r"\{[A-Za-z_][^{}]*\}", code):
            parent = site.parent(node)
            if not (isinstance(parent, ast.Attribute) and parent.attr in {"format", "format_map"}):
                yield site.swap(node, f"f{code}", 0.9)
        elif isinstance(node, ast.JoinedStr) and code[:1] in "fF" and code[1:2] in ("'", '"'):
            yield site.swap(node, code[1:], 0.2)


class FilledText(Family):
    name, prior = "filled-text", 0.4
    reason = "what stands between the braces of an f-string, or how they show a value, is wrong"

    def at_expression(self, site: Site, node: ast.expr) -> Iterator[Change]:
        code = site.slot(node).code
        if not isinstance(node, ast.JoinedStr) or "\n" in code or not 4 < len(code) < 120:
            return
        prefix = _PREFIX.match(code)
        quote = code[prefix.end() : prefix.end() + 1] if prefix else ""
        if not quote or code.count(quote) != 2:
            return  # several pieces, or three quotes
        depth, start = 0, site.slot(node).start
        for i in range(code.index(quote) + 1, len(code) - 1):
            character = code[i]
            if character in "{}":
                depth += 1 if character == "{" else -1
                if character == "}" and depth == 0 and code[i - 2 : i - 1] != "!":
                    for new, weight in (("!r}", 0.4), ("!s}", 0.1), (":.2f}", 0.2), ("} ", 0.3), (".}", 0.0)):
                        if weight:
                            yield self._at(site, code, start, i, 1, new, weight)
                continue
            if depth:
                if character == "!" and code[i + 2 : i + 3] in ("}", ":"):
                    yield self._at(site, code, start, i, 2, "", 0.5)
                elif character.isdigit() and re.search(r":[^{}]*$", code[:i]):
                    for digit in (int(character) + 1, int(character) - 1, 0, 2):
                        if 0 <= digit <= 9 and str(digit) != character:
                            yield self._at(site, code, start, i, 1, str(digit), 0.6)
                elif character in "<>^" and re.search(r":[^{}]*$", code[:i]):
                    for other in "<>^".replace(character, ""):
                        yield self._at(site, code, start, i, 1, other, 0.6)
            elif character != "\\" and code[i - 1] != "\\":
                yield self._at(site, code, start, i, 1, "", 0.5)
                if character.isalpha():
                    yield self._at(site, code, start, i, 1, character.swapcase(), 0.4)
                else:
                    for other in SEPARATORS[:8]:
                        if other != character:
                            yield self._at(site, code, start, i, 1, other, 0.3)
                    yield self._at(site, code, start, i, 1, character * 2, 0.2)

    def _at(self, site: Site, code: str, start: int, i: int, length: int, new: str, weight: float) -> Change:
        edit = Edit(site.source.path, start + i, start + i + length, new)
        return Change((edit,), f"`{code}` → `{code[:i]}{new}{code[i + length :]}`", weight)


def likeness(one: str, other: str) -> float:
    """How much of two strings is the same at their beginnings and ends, case aside: 0 to 1."""
    if not one or not other:
        return 0.0
    one, other = one.lower(), other.lower()
    shorter = min(len(one), len(other))
    front = 0
    while front < shorter and one[front] == other[front]:
        front += 1
    back = 0
    while back < shorter - front and one[-1 - back] == other[-1 - back]:
        back += 1
    return (front + back) / max(len(one), len(other))


def quoted(value: str, quote: str) -> str:
    """A string literal in the quotes of its surroundings, where that is possible without escapes."""
    if quote in value or "\\" in value or not value.isprintable():
        return repr(value)
    return f"{quote}{value}{quote}"


STRINGS: tuple[Family, ...] = (Text(), Character(), Filled(), FilledText())
