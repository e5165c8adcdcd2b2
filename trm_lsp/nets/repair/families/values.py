"""Values: constants, off-by-one, initial values."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import ClassVar

from trm_lsp.nets.repair.families.base import Change, Family, Site, stored
from trm_lsp.nets.repair.families.binding import Binds
from trm_lsp.nets.repair.families.kinds import NUMBERS, can_be


def _is_number(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool)


def signed(number: int | float) -> Binds:
    """How tightly the literal of a number binds."""
    return Binds.SIGN if number < 0 else Binds.ATOM


class OffByOne(Family):
    name, prior = "off-by-one", 0.8
    reason = "a bound, an index or a count is one too low or too high"

    def at_expression(self, site: Site, node: ast.expr) -> Iterator[Change]:
        if isinstance(node, ast.Constant) and type(node.value) is int:
            if isinstance(site.parent(node), ast.UnaryOp):
                return
            for new in (node.value + 1, node.value - 1):
                yield site.swap(node, str(new), 0.8, signed(new))
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and _is_number(node.operand):
            value = -int(getattr(node.operand, "value", 0))
            for new in (value + 1, value - 1):
                yield site.swap(node, str(new), 0.6, signed(new))
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub) and _is_one(node.right):
            yield site.put(node, node.left, 0.9)
            other = "-" if isinstance(node.op, ast.Add) else "+"
            yield site.swap(node, f"{site.operand(node.left, Binds.SUM)} {other} 1", 0.5, Binds.SUM)
        elif self._counts(site, node) and can_be(site.kinds(node), NUMBERS):
            code = site.operand(node, Binds.SUM)
            yield site.swap(node, f"{code} + 1", 0.6, Binds.SUM)
            yield site.swap(node, f"{code} - 1", 0.6, Binds.SUM)

    def _counts(self, site: Site, node: ast.expr) -> bool:
        """Whether an expression stands where a number is counted: a bound, an index, an operand, a result."""
        if not isinstance(node, ast.Name | ast.Call | ast.Attribute | ast.BinOp | ast.Subscript) or stored(node):
            return False
        parent = site.parent(node)
        if isinstance(parent, ast.Call):
            return node in parent.args
        if isinstance(parent, ast.Subscript):
            return parent.slice is node
        if isinstance(parent, ast.BinOp):
            return not isinstance(node, ast.BinOp)
        return isinstance(
            parent,
            ast.Slice | ast.Compare | ast.Return | ast.Assign | ast.AugAssign | ast.IfExp | ast.keyword | ast.Lambda
            | ast.ListComp | ast.GeneratorExp,
        )  # fmt: skip


def _is_one(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value == 1 and type(node.value) is int


class Number(Family):
    name, prior = "number", 0.55
    reason = "a number is another one"

    def at_expression(self, site: Site, node: ast.expr) -> Iterator[Change]:
        if not _is_number(node):
            return
        assert isinstance(node, ast.Constant) and isinstance(node.value, int | float)
        weights: dict[str, float] = {}
        described = site.source.docstring_values(site.statement.function)[0] if site.statement.function else ()
        for numbers, weight in (
            ((0, 1, -1, 2), 0.6), (site.source.inventory.numbers[:30], 0.4), (described[:10], 0.25), ((10, 100), 0.2),
            (site.hints.numbers[:20], 0.15), ((60, 24, 1000, 1024, 26, 255, 256, 97, 65, 48), 0.1),
        ):  # fmt: skip
            for number in numbers:
                weights.setdefault(repr(number), weight)
        value = node.value
        if isinstance(value, int) and value:
            near = ((value + 2, 0.5), (value - 2, 0.5), (value * 2, 0.2), (value * 10, 0.2), (value // 10, 0.2))
            for number, weight in near:
                weights.setdefault(repr(number), weight)
        elif isinstance(value, float):
            for number in (
                value / 10,
                value * 10,
                value / 100,
                value * 100,
                1 - value,
                1 + value,
                value * 2,
                value / 2,
            ):
                weights.setdefault(repr(round(number, 12)), 0.3)
        for code, weight in weights.items():
            if code not in {repr(value), "inf", "nan"}:
                yield site.swap(node, code, weight, Binds.SIGN if code[0] == "-" else Binds.ATOM)


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
            instead = {"0": 0.3, "False": 0.3, "[]": 0.3, "''": 0.3, "True": 0.2, "{}": 0.2, "1": 0.1}
        for code, weight in instead.items():
            yield site.swap(node, code, weight)


class Initial(Family):
    name, prior, cost = "initial", 0.5, 2
    reason = "a variable, a default or an answer begins as the wrong value"

    VALUES: ClassVar = {
        "0": 0.7, "1": 0.7, "None": 0.5, "[]": 0.6, "-1": 0.5, "''": 0.5, "{}": 0.5, "set()": 0.5, "True": 0.4,
        "False": 0.4, "float('inf')": 0.5, "float('-inf')": 0.5, "0.0": 0.3, "()": 0.2, "[[]]": 0.15,
    }  # fmt: skip

    def at_expression(self, site: Site, node: ast.expr) -> Iterator[Change]:
        parent = site.parent(node)
        if isinstance(parent, ast.Assign | ast.Return | ast.AnnAssign) and parent.value is node:
            begins = self._plain(node) or (isinstance(parent, ast.Return) and isinstance(node, ast.Name))
        elif isinstance(parent, ast.arguments):
            begins = self._plain(node)
        elif isinstance(parent, ast.Call):
            begins = self._plain(node) and node in parent.args[1:]
        elif isinstance(parent, ast.IfExp):
            begins = self._plain(node)
        else:
            begins = False
        if not begins:
            return
        own = site.slot(node).code
        for code, weight in self.VALUES.items():
            if code != own:
                yield site.swap(node, code, weight, Binds.SIGN if code[0] == "-" else Binds.ATOM)
        if isinstance(parent, ast.Assign):
            for name in site.names(node)[:6]:
                yield site.swap(node, f"{name}[0]", 0.3)
                yield site.swap(node, f"len({name})", 0.25)
                yield site.swap(node, name, 0.3)

    def _plain(self, node: ast.expr) -> bool:
        match node:
            case ast.Constant() | ast.UnaryOp(operand=ast.Constant()):
                return True
            case ast.List(elts=elements) | ast.Tuple(elts=elements):
                return len(elements) < 2
            case ast.Dict(keys=[]):
                return True
            case ast.Call(func=ast.Name(id="set" | "list" | "dict" | "float"), args=arguments):
                return all(isinstance(argument, ast.Constant) for argument in arguments)
        return False


VALUES: tuple[Family, ...] = (OffByOne(), Number(), Truth(), Initial())
