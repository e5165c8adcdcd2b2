"""Values: constants, off-by-one, strings, defaults, slices."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterator

from trm_lsp.nets.repair.families.base import Change, Family, Site


def _is_number(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool)


class OffByOne(Family):
    name, prior = "off-by-one", 0.8
    reason = "a bound, an index or a count is one too low or too high"

    def at_expression(self, site: Site, node: ast.expr) -> Iterator[Change]:
        if isinstance(node, ast.Constant) and type(node.value) is int:
            if isinstance(site.parent(node), ast.UnaryOp):
                return
            for new, weight in ((node.value + 1, 0.8), (node.value - 1, 0.8)):
                yield site.swap(node, str(new), weight)
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and _is_number(node.operand):
            value = -int(getattr(node.operand, "value", 0))
            yield site.swap(node, str(value + 1), 0.6)
            yield site.swap(node, str(value - 1), 0.6)
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub) and _is_one(node.right):
            yield site.swap(node, site.source.code(node.left), 0.9)
        elif self._counts(site, node):
            code = site.bracketed_operand(node)
            yield site.swap(node, f"{code} + 1", 0.6)
            yield site.swap(node, f"{code} - 1", 0.6)

    def _counts(self, site: Site, node: ast.expr) -> bool:
        """Whether an expression stands where a number is counted: a bound, an index, an operand, a result."""
        if not isinstance(node, ast.Name | ast.Call | ast.Attribute | ast.BinOp | ast.Subscript):
            return False
        if isinstance(getattr(node, "ctx", None), ast.Store | ast.Del):
            return False
        parent = site.parent(node)
        if isinstance(parent, ast.Call):
            return isinstance(parent.func, ast.Name) and parent.func.id == "range" and node in parent.args
        if isinstance(parent, ast.Subscript):
            return parent.slice is node
        if isinstance(parent, ast.BinOp):
            return isinstance(parent.op, ast.Div | ast.FloorDiv | ast.Mod | ast.Mult) and not isinstance(
                node, ast.BinOp
            )
        return isinstance(parent, ast.Slice | ast.Compare | ast.Return | ast.Assign)


def _is_one(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value == 1 and type(node.value) is int


class Number(Family):
    name, prior = "number", 0.55
    reason = "a number is another one"

    def at_expression(self, site: Site, node: ast.expr) -> Iterator[Change]:
        if not _is_number(node):
            return
        assert isinstance(node, ast.Constant)
        near: dict[float | int, float] = {0: 0.6, 1: 0.6, -1: 0.6, 2: 0.6, 10: 0.2, 100: 0.2}
        weights = dict.fromkeys(site.hints.numbers[:20], 0.15)
        weights |= dict.fromkeys(site.source.numbers, 0.4)
        for value, weight in {**weights, **near}.items():
            if value != node.value or type(value) is not type(node.value):
                yield site.swap(node, repr(value), weight)
        if isinstance(node.value, int) and node.value:
            doubled = ((node.value * 2, 0.2), (node.value * 10, 0.2), (node.value // 10, 0.2))
            for value, weight in (*doubled, (node.value + 2, 0.5), (node.value - 2, 0.5)):
                yield site.swap(node, repr(value), weight)


class Truth(Family):
    name, prior = "truth", 0.6
    reason = "a constant has the wrong truth or kind"

    def at_expression(self, site: Site, node: ast.expr) -> Iterator[Change]:
        if not isinstance(node, ast.Constant):
            return
        instead: dict[str, float] = {}
        if node.value is True or node.value is False:
            instead = {str(not node.value): 1.0, "None": 0.2}
        elif node.value is None:
            instead = {"0": 0.3, "False": 0.3, "[]": 0.3, "''": 0.3, "True": 0.2}
        for code, weight in instead.items():
            yield site.swap(node, code, weight)


class Text(Family):
    name, prior = "text", 0.6
    reason = "a string is misspelt, incomplete or another one"

    def at_expression(self, site: Site, node: ast.expr) -> Iterator[Change]:
        if not (isinstance(node, ast.Constant) and isinstance(node.value, str)):
            return
        if isinstance(site.parent(node), ast.JoinedStr | ast.FormattedValue | ast.Expr):
            return
        code = site.source.code(node)
        if len(code) < 2 or code[0] not in "'\"" or code[:3] in ('"""', "'''"):
            return
        value, quote = node.value, code[0]
        here = {c.value for c in ast.walk(site.source.tree) if isinstance(c, ast.Constant) and isinstance(c.value, str)}
        wanted: dict[str, float] = {}
        for other in [*site.hints.strings, *sorted(here)]:
            likeness = difflib.SequenceMatcher(None, value, other).ratio()
            if other != value and len(other) < 60:
                wanted[other] = max(wanted.get(other, 0.0), 0.15 + 0.7 * likeness if likeness > 0.5 else 0.15)
        for other, weight in ((value.lower(), 0.5), (value.upper(), 0.5), (value.strip(), 0.5), (value + " ", 0.2)):
            wanted.setdefault(other, weight)
        wanted.setdefault(value + value.upper(), 0.3 if value.islower() and len(value) > 1 else 0.05)
        if 1 < len(value) < 20:
            for i in range(len(value)):
                wanted.setdefault(value[:i] + value[i + 1 :], 0.25)
        for bracket in BRACKETS.get(value, ""):
            wanted[bracket] = 0.6
        wanted.setdefault("", 0.2)
        wanted.setdefault(" ", 0.15)
        for other, weight in wanted.items():
            if other != value:
                yield site.swap(node, quoted(other, quote), weight)


BRACKETS = {"(": ")[{", ")": "(]}", "[": "](", "]": "[)", "{": "}(", "}": "{)", "<": ">", ">": "<"}


def quoted(value: str, quote: str) -> str:
    """A string literal in the quotes of its surroundings, where that is possible without escapes."""
    if quote in value or "\\" in value or not value.isprintable():
        return repr(value)
    return f"{quote}{value}{quote}"


class Slice(Family):
    name, prior, cost = "slice", 0.35, 2
    reason = "a part of a sequence is taken that is too short, too long, or the wrong way round"

    def at_expression(self, site: Site, node: ast.expr) -> Iterator[Change]:
        if isinstance(node, ast.Slice):
            yield from self._other_bounds(site, node)
        elif isinstance(node, ast.Name | ast.Attribute | ast.Call) and self._sequence(site, node):
            code = site.source.code(node)
            for part, weight in (("[1:]", 0.5), ("[:-1]", 0.5), ("[::-1]", 0.5)):
                yield site.swap(node, code + part, weight)
            for name in site.names()[:6]:
                if name != code:
                    yield site.swap(node, f"{code}[:{name}]", 0.3)
                    yield site.swap(node, f"{code}[{name}:]", 0.2)

    def _sequence(self, site: Site, node: ast.expr) -> bool:
        if isinstance(getattr(node, "ctx", None), ast.Store | ast.Del):
            return False
        parent = site.parent(node)
        looped = isinstance(parent, ast.For | ast.comprehension) and parent.iter is node
        return looped or isinstance(parent, ast.Return) or (isinstance(parent, ast.Call) and node in parent.args)

    def _other_bounds(self, site: Site, node: ast.Slice) -> Iterator[Change]:
        lower = site.source.code(node.lower) if node.lower else ""
        upper = site.source.code(node.upper) if node.upper else ""
        step = f":{site.source.code(node.step)}" if node.step else ""
        shown = f"{lower}:{upper}{step}"
        options = {f"{upper}:{lower}{step}": 0.7, f":{upper}{step}": 0.5, f"{lower}:{step}": 0.5}
        for bound in (lower, upper):
            if bound:
                options |= {f"{lower}:{bound} + 1{step}": 0.4, f"{bound} + 1:{upper}{step}": 0.4}
        if not upper:
            options |= {f"{lower}:-1{step}": 0.4}
        if not lower:
            options |= {f"1:{upper}{step}": 0.4}
        for new, weight in options.items():
            if new != shown and new != ":":
                yield Change((site.source.replace(node, new),), f"`[{shown}]` → `[{new}]`", weight)


VALUES: tuple[Family, ...] = (OffByOne(), Number(), Truth(), Text(), Slice())
