"""Operators: comparisons, arithmetic, bits, assignments, terms."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import ClassVar

from trm_lsp.nets.repair.families.base import Change, Family, Site, stored
from trm_lsp.nets.repair.families.binding import OPERATORS as LEVELS
from trm_lsp.nets.repair.families.binding import SYMBOLS, Binds
from trm_lsp.nets.repair.families.kinds import NUMBERS, TEXTS, can_be, fit_together

COMPARISONS = {
    ast.Lt: r"<", ast.LtE: r"<=", ast.Gt: r">", ast.GtE: r">=", ast.Eq: r"==", ast.NotEq: r"!=",
    ast.Is: r"\bis\b", ast.IsNot: r"\bis\s+not\b", ast.In: r"\bin\b", ast.NotIn: r"\bnot\s+in\b",
}  # fmt: skip
INSTEAD = {
    ast.Lt: {"<=": 1.0, ">": 0.7, ">=": 0.6, "==": 0.3, "!=": 0.3, "in": 0.05},
    ast.LtE: {"<": 1.0, ">=": 0.7, ">": 0.6, "==": 0.3, "!=": 0.2},
    ast.Gt: {">=": 1.0, "<": 0.7, "<=": 0.6, "==": 0.3, "!=": 0.3},
    ast.GtE: {">": 1.0, "<=": 0.7, "<": 0.6, "==": 0.3, "!=": 0.2},
    ast.Eq: {"!=": 0.8, "<=": 0.5, ">=": 0.5, "<": 0.5, ">": 0.5, "in": 0.3, "is": 0.1, "not in": 0.1},
    ast.NotEq: {"==": 0.8, "<": 0.4, ">": 0.4, "<=": 0.2, ">=": 0.2, "not in": 0.3, "is not": 0.1, "in": 0.1},
    ast.Is: {"is not": 0.9, "==": 0.7, "!=": 0.2},
    ast.IsNot: {"is": 0.9, "!=": 0.7, "==": 0.2},
    ast.In: {"not in": 0.9, "==": 0.3, "!=": 0.1},
    ast.NotIn: {"in": 0.9, "!=": 0.3, "==": 0.1},
}
ARITHMETIC = {
    ast.Add: r"\+", ast.Sub: r"-", ast.Mult: r"(?<!\*)\*(?!\*)", ast.Div: r"(?<!/)/(?!/)", ast.FloorDiv: r"//",
    ast.Mod: r"%", ast.Pow: r"\*\*", ast.BitAnd: r"&", ast.BitOr: r"\|", ast.BitXor: r"\^", ast.LShift: "<<",
    ast.RShift: ">>", ast.MatMult: "@",
}  # fmt: skip
OTHERS = {
    ast.Add: {"-": 0.9, "*": 0.5, "|": 0.1, "%": 0.1, "//": 0.1, "/": 0.1},
    ast.Sub: {"+": 0.9, "%": 0.5, "//": 0.2, "*": 0.2, "/": 0.15, "^": 0.1},
    ast.Mult: {"/": 0.6, "**": 0.6, "+": 0.5, "//": 0.4, "-": 0.2, "%": 0.2},
    ast.Div: {"//": 0.9, "*": 0.6, "%": 0.4, "-": 0.2, "+": 0.1},
    ast.FloorDiv: {"/": 0.9, "%": 0.7, "*": 0.3, "-": 0.2, ">>": 0.1},
    ast.Mod: {"//": 0.8, "/": 0.4, "-": 0.2, "*": 0.2, "+": 0.1},
    ast.Pow: {"*": 0.8, "+": 0.1, "^": 0.1, "//": 0.1},
    ast.BitAnd: {"|": 0.8, "^": 0.5, "and": 0.4, "&~": 0.2, "-": 0.1, "%": 0.1},
    ast.BitOr: {"&": 0.8, "^": 0.5, "or": 0.4, "+": 0.2},
    ast.BitXor: {"&": 0.6, "|": 0.6, "**": 0.5, "-": 0.1},
    ast.LShift: {">>": 0.9, "*": 0.1},
    ast.RShift: {"<<": 0.9, "//": 0.2},
    ast.MatMult: {"*": 0.5},
}
ASSIGNED = ("+=", "-=", "*=", "//=", "/=", "%=", "|=", "&=", "**=", "^=")


class Comparison(Family):
    name, prior = "comparison", 0.92
    reason = "a comparison is at its boundary, turned round, or of the wrong kind"

    def at_expression(self, site: Site, node: ast.expr) -> Iterator[Change]:
        if not isinstance(node, ast.Compare):
            return
        shown = site.slot(node).shown
        operands = [node.left, *node.comparators]
        for left, op, right in zip(operands, node.ops, operands[1:], strict=False):
            for new, weight in INSTEAD[type(op)].items():
                edit = site.operator(left, right, COMPARISONS[type(op)], new)
                if edit:
                    yield Change((edit,), f"`{shown}` → `{site.code(left)} {new} {site.code(right)}`", weight)


class Chain(Family):
    name, prior = "chain", 0.6
    reason = "every bound of a chained comparison is open where it should be closed, or the other way round"

    def at_expression(self, site: Site, node: ast.expr) -> Iterator[Change]:
        if not isinstance(node, ast.Compare) or len(node.ops) < 2:
            return
        operands = [node.left, *node.comparators]
        for table, weight in ((CLOSED, 0.8), (TURNED, 0.6)):
            news = [table.get(type(op)) for op in node.ops]
            edits = [
                site.operator(left, right, COMPARISONS[type(op)], new)
                for left, op, right, new in zip(operands, node.ops, operands[1:], news, strict=False)
                if new
            ]
            if len(edits) == len(node.ops) and all(edits):
                new = " … ".join(str(new) for new in news)
                yield Change(tuple(e for e in edits if e), f"`{site.slot(node).shown}` with `{new}`", weight)


CLOSED = {ast.Lt: "<=", ast.LtE: "<", ast.Gt: ">=", ast.GtE: ">"}
TURNED = {ast.Lt: ">", ast.LtE: ">=", ast.Gt: "<", ast.GtE: "<=", ast.Eq: "!=", ast.NotEq: "=="}


class Arithmetic(Family):
    name, prior = "arithmetic", 0.7
    reason = "an arithmetic operator is another one"

    def at_expression(self, site: Site, node: ast.expr) -> Iterator[Change]:
        if not isinstance(node, ast.BinOp):
            return
        one, other = site.kinds(node.left), site.kinds(node.right)
        if one & TEXTS and isinstance(node.op, ast.Mod):
            return  # it fills in a text
        shown = site.slot(node).shown
        for new, weight in OTHERS[type(node.op)].items():
            if not new.isalpha() and not fit_together(one, other, new):
                continue
            edit = site.operator(node.left, node.right, ARITHMETIC[type(node.op)], new.replace("&~", "& ~"))
            if edit:
                yield Change((edit,), f"`{shown}` → `{site.code(node.left)} {new} {site.code(node.right)}`", weight)

    def at_statement(self, site: Site) -> Iterator[Change]:
        node = site.statement.node
        if isinstance(node, ast.AugAssign):
            for new, weight in OTHERS[type(node.op)].items():
                if new.isalpha() or new == "&~":
                    continue
                edit = site.operator(node.target, node.value, ARITHMETIC[type(node.op)] + "=", f"{new}=")
                if edit:
                    yield Change((edit,), f"`{site.head}` with `{new}=`", weight)


class Rounding(Family):
    name, prior, cost = "rounding", 0.35, 2
    reason = "a quotient is rounded the wrong way"

    def at_expression(self, site: Site, node: ast.expr) -> Iterator[Change]:
        if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.FloorDiv | ast.Div):
            return
        left, right = site.operand(node.left, Binds.PRODUCT), site.operand(node.right, Binds.SIGN)
        if site.slot(node.left).binds < Binds.SIGN and not left.startswith("("):
            negative = f"-({left})"
        else:
            negative = f"-{left}"
        yield site.swap(node, f"-({negative} // {right})", 0.5, Binds.SIGN)
        yield site.swap(node, f"int({left} / {right})", 0.3)
        yield site.swap(node, f"round({left} / {right})", 0.3)


class Grouping(Family):
    name, prior, cost = "grouping", 0.5, 2
    reason = "operations are grouped the wrong way: brackets are missing, or too many"

    def at_expression(self, site: Site, node: ast.expr) -> Iterator[Change]:
        match node:
            case ast.BinOp(left=left, right=right):
                yield from self._regrouped(site, node, left, right, LEVELS[type(node.op)])
            case ast.BoolOp(op=operator, values=values) if len(values) == 2:
                level = Binds.AND if isinstance(operator, ast.And) else Binds.OR
                yield from self._regrouped(site, node, values[0], values[1], level)
            case ast.UnaryOp(op=ast.Not(), operand=ast.Compare() | ast.BoolOp() as operand):
                first = operand.left if isinstance(operand, ast.Compare) else operand.values[0]
                bare = site.source.text[site.slot(operand).start - 1] == "("
                rest = site.source.text[site.slot(first).end : site.slot(operand).end]
                if bare:
                    tightness = Binds.AND if isinstance(operand, ast.BoolOp) else Binds.COMPARE
                    yield site.swap(node, f"not {site.code(first)}{rest}", 0.5, min(tightness, Binds.NOT))

    def _regrouped(self, site: Site, node: ast.expr, left: ast.expr, right: ast.expr, level: Binds) -> Iterator[Change]:
        text = site.source.text
        gap = text[site.slot(left).end : site.slot(right).start]
        if "\n" in gap:
            return
        operator = gap.strip("() ")
        inner_left, inner_right = _sides(left), _sides(right)
        if inner_left and ")" not in gap:
            # a * b + c → a * (b + c), and (a + b) * c → a + b * c below
            first, second = inner_left
            between = text[site.slot(first).end : site.slot(second).start]
            code = f"{site.code(first)}{between}({site.code(second)} {operator} {site.code(right)})"
            yield site.swap(node, code, 0.7, site.slot(left).binds)
        if inner_right and "(" not in gap:
            first, second = inner_right
            between = text[site.slot(first).end : site.slot(second).start]
            code = f"({site.code(left)} {operator} {site.code(first)}){between}{site.code(second)}"
            yield site.swap(node, code, 0.7, site.slot(right).binds)
        if (inner_left and ")" in gap) or (inner_right and "(" in gap):
            loosest = min(level, site.slot(left).binds, site.slot(right).binds)
            yield site.swap(node, f"{site.code(left)} {operator} {site.code(right)}", 0.7, loosest)


def _sides(node: ast.expr) -> tuple[ast.expr, ast.expr] | None:
    if isinstance(node, ast.BinOp):
        return node.left, node.right
    return (node.values[0], node.values[1]) if isinstance(node, ast.BoolOp) and len(node.values) == 2 else None


class Accumulate(Family):
    name, prior = "accumulate", 0.6
    reason = "a value is replaced where it should be added to, or the other way round"

    def at_statement(self, site: Site) -> Iterator[Change]:
        node = site.statement.node
        if isinstance(node, ast.AugAssign):
            edit = site.operator(node.target, node.value, ARITHMETIC[type(node.op)] + "=", "=")
            if edit:
                yield Change((edit,), f"`{site.head}` with `=`", 0.8)
        elif isinstance(node, ast.Assign) and len(node.targets) == 1:
            target = node.targets[0]
            if isinstance(target, ast.Name | ast.Attribute | ast.Subscript):
                for new, weight in zip(ASSIGNED, (0.8, 0.4, 0.3, *[0.1] * 7), strict=True):
                    edit = site.operator(target, node.value, "=", new)
                    if edit:
                        yield Change((edit,), f"`{site.head}` with `{new}`", weight)


class Sign(Family):
    name, prior = "sign", 0.5
    reason = "a sign is missing or too much"

    def at_expression(self, site: Site, node: ast.expr) -> Iterator[Change]:
        if isinstance(node, ast.UnaryOp) and not isinstance(node.op, ast.Not):
            yield site.put(node, node.operand, 0.8)
            operand = site.operand(node.operand, Binds.SIGN)
            if isinstance(node.op, ast.Invert):
                yield site.swap(node, f"not {operand}", 0.6, Binds.NOT)
                yield site.swap(node, f"-{operand}", 0.4, Binds.SIGN)
            return
        used = isinstance(
            site.parent(node),
            ast.Return | ast.Assign | ast.AugAssign | ast.Call | ast.BinOp | ast.Subscript | ast.Compare | ast.Lambda
            | ast.Tuple | ast.keyword | ast.Slice,
        )  # fmt: skip
        signed = isinstance(node, ast.Name | ast.Call | ast.Attribute | ast.Subscript | ast.BinOp)
        if used and signed and not stored(node) and can_be(site.kinds(node), NUMBERS) and not _called(site, node):
            code = site.operand(node, Binds.SIGN)
            yield site.swap(node, f"-{code}", 0.3, Binds.SIGN)


def _called(site: Site, node: ast.expr) -> bool:
    parent = site.parent(node)
    return isinstance(parent, ast.Call) and parent.func is node


class Operands(Family):
    name, prior = "operands", 0.6
    reason = "two operands have changed places"

    def at_expression(self, site: Site, node: ast.expr) -> Iterator[Change]:
        pairs: list[tuple[ast.expr, ast.expr, float]] = []
        if isinstance(node, ast.BinOp) and not isinstance(node.op, ast.Mult):
            pairs = [(node.left, node.right, 0.4 if isinstance(node.op, ast.Add) else 0.8)]
        elif isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.In | ast.NotIn):
            pairs = [(node.left, node.comparators[0], 0.8)]
        elif isinstance(node, ast.IfExp):
            pairs = [(node.body, node.orelse, 0.8)]
        elif isinstance(node, ast.BoolOp):
            pairs = [(a, b, 0.3) for a, b in zip(node.values, node.values[1:], strict=False)]
        elif isinstance(node, ast.Tuple) and 1 < len(node.elts) < 5:
            pairs = [(a, b, 0.5) for a, b in zip(node.elts, node.elts[1:], strict=False)]
        elif isinstance(node, ast.Subscript) and isinstance(node.value, ast.Subscript):
            pairs = [(node.value.slice, node.slice, 0.6)]
        elif isinstance(node, ast.Dict):
            pairs = [(key, value, 0.2) for key, value in zip(node.keys, node.values, strict=True) if key][:4]
        elif isinstance(node, ast.DictComp):
            pairs = [(node.key, node.value, 0.6)]
        for a, b, weight in pairs:
            one, other = site.slot(a), site.slot(b)
            if one.code != other.code and not isinstance(a, ast.Starred) and not isinstance(b, ast.Starred):
                edits = (
                    site.source.replace(a, one.fit(other.code, other.binds)),
                    site.source.replace(b, other.fit(one.code, one.binds)),
                )
                yield Change(edits, f"`{one.shown}` and `{other.shown}` swapped in `{site.slot(node).shown}`", weight)


class DropTerm(Family):
    name, prior, cost = "drop-term", 0.5, 2
    reason = "a term is too much"

    def at_expression(self, site: Site, node: ast.expr) -> Iterator[Change]:
        if isinstance(node, ast.BinOp):
            yield site.put(node, node.left, 0.8)
            yield site.put(node, node.right, 0.5)
        elif isinstance(node, ast.IfExp):
            yield site.put(node, node.body, 0.4)
            yield site.put(node, node.orelse, 0.4)


class Term(Family):
    name, prior, cost = "term", 0.4, 2
    reason = "a term is missing"

    SIGNS: ClassVar = {"+": 0.8, "-": 0.6, "*": 0.4, "//": 0.15, "%": 0.15, "/": 0.15}

    def at_expression(self, site: Site, node: ast.expr) -> Iterator[Change]:
        if not isinstance(node, ast.Name | ast.Attribute | ast.Call | ast.Subscript | ast.BinOp | ast.Constant):
            return
        parent = site.parent(node)
        if stored(node) or not isinstance(
            parent,
            ast.Assign | ast.AugAssign | ast.Return | ast.Compare | ast.Slice | ast.Call | ast.Subscript | ast.BinOp
            | ast.IfExp,
        ) or (isinstance(parent, ast.Subscript) and parent.value is node) or _called(site, node):  # fmt: skip
            return
        if isinstance(node, ast.Constant) and not isinstance(node.value, int | float | str):
            return
        kinds = site.kinds(node)
        code = site.slot(node).code
        share = 0.4 if isinstance(parent, ast.BinOp) or isinstance(node, ast.Constant) else 1.0
        for other in site.names(node)[:12]:
            if other == code:
                continue
            theirs = site.kinds_of(other)
            for operator, weight in self.SIGNS.items():
                if fit_together(kinds, theirs, operator):
                    level = SYMBOLS[operator]
                    yield site.swap(node, f"{site.operand(node, level)} {operator} {other}", weight * share, level)
                    if operator in "-/":
                        behind = site.operand(node, Binds(level + 1))
                        yield site.swap(node, f"{other} {operator} {behind}", weight * share * 0.5, level)


OPERATORS: tuple[Family, ...] = (
    Comparison(), Chain(), Arithmetic(), Rounding(), Grouping(), Accumulate(), Sign(), Operands(), DropTerm(), Term(),
)  # fmt: skip
