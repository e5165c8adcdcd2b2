"""Operators: comparisons, arithmetic, logic."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from trm_lsp.nets.repair.families.base import Change, Family, Site

COMPARISONS = {
    ast.Lt: r"<", ast.LtE: r"<=", ast.Gt: r">", ast.GtE: r">=", ast.Eq: r"==", ast.NotEq: r"!=",
    ast.Is: r"\bis\b", ast.IsNot: r"\bis\s+not\b", ast.In: r"\bin\b", ast.NotIn: r"\bnot\s+in\b",
}  # fmt: skip
INSTEAD = {
    ast.Lt: {"<=": 1.0, ">": 0.7, ">=": 0.6, "==": 0.3, "!=": 0.3},
    ast.LtE: {"<": 1.0, ">=": 0.7, ">": 0.6, "==": 0.3, "!=": 0.2},
    ast.Gt: {">=": 1.0, "<": 0.7, "<=": 0.6, "==": 0.3, "!=": 0.3},
    ast.GtE: {">": 1.0, "<=": 0.7, "<": 0.6, "==": 0.3, "!=": 0.2},
    ast.Eq: {"!=": 0.8, "<=": 0.5, ">=": 0.5, "<": 0.5, ">": 0.5, "in": 0.2},
    ast.NotEq: {"==": 0.8, "<": 0.4, ">": 0.4, "<=": 0.2, ">=": 0.2},
    ast.Is: {"is not": 0.9},
    ast.IsNot: {"is": 0.9},
    ast.In: {"not in": 0.9, "==": 0.2},
    ast.NotIn: {"in": 0.9},
}
ARITHMETIC = {
    ast.Add: r"\+", ast.Sub: r"-", ast.Mult: r"(?<!\*)\*(?!\*)", ast.Div: r"(?<!/)/(?!/)", ast.FloorDiv: r"//",
    ast.Mod: r"%", ast.Pow: r"\*\*", ast.BitAnd: r"&", ast.BitOr: r"\|", ast.BitXor: r"\^", ast.LShift: "<<",
    ast.RShift: ">>",
}  # fmt: skip
OTHERS = {
    ast.Add: {"-": 0.9, "*": 0.5},
    ast.Sub: {"+": 0.9, "%": 0.5, "//": 0.2, "*": 0.2},
    ast.Mult: {"/": 0.6, "**": 0.6, "+": 0.5, "//": 0.4},
    ast.Div: {"//": 0.9, "*": 0.6, "%": 0.4},
    ast.FloorDiv: {"/": 0.9, "%": 0.7, "*": 0.3},
    ast.Mod: {"//": 0.8, "/": 0.4},
    ast.Pow: {"*": 0.8},
    ast.BitAnd: {"|": 0.8, "^": 0.5},
    ast.BitOr: {"&": 0.8, "^": 0.5},
    ast.BitXor: {"&": 0.6, "|": 0.6},
    ast.LShift: {">>": 0.9},
    ast.RShift: {"<<": 0.9},
}


class Comparison(Family):
    name, prior = "comparison", 0.92
    reason = "a comparison is at its boundary, turned round, or of the wrong kind"

    def at_expression(self, site: Site, node: ast.expr) -> Iterator[Change]:
        if not isinstance(node, ast.Compare):
            return
        operands = [node.left, *node.comparators]
        for left, op, right in zip(operands, node.ops, operands[1:], strict=False):
            for new, weight in INSTEAD[type(op)].items():
                edit = site.operator(left, right, COMPARISONS[type(op)], new)
                if edit:
                    shown = f"{site.source.code(left)} {new} {site.source.code(right)}"
                    yield Change((edit,), f"`{site.source.code(node)}` → `{shown}`", weight)


class Arithmetic(Family):
    name, prior = "arithmetic", 0.7
    reason = "an arithmetic operator is another one"

    def at_expression(self, site: Site, node: ast.expr) -> Iterator[Change]:
        if isinstance(node, ast.BinOp):
            for new, weight in OTHERS.get(type(node.op), {}).items():
                edit = site.operator(node.left, node.right, ARITHMETIC[type(node.op)], new)
                if edit:
                    shown = f"{site.source.code(node.left)} {new} {site.source.code(node.right)}"
                    yield Change((edit,), f"`{site.source.code(node)}` → `{shown}`", weight)

    def at_statement(self, site: Site) -> Iterator[Change]:
        node = site.statement.node
        if isinstance(node, ast.AugAssign):
            for new, weight in OTHERS.get(type(node.op), {}).items():
                edit = site.operator(node.target, node.value, ARITHMETIC[type(node.op)] + "=", f"{new}=")
                if edit:
                    yield Change((edit,), f"`{site.source.code(node)}` with `{new}=`", weight)


class Accumulate(Family):
    name, prior = "accumulate", 0.6
    reason = "a value is replaced where it should be added to, or the other way round"

    def at_statement(self, site: Site) -> Iterator[Change]:
        node = site.statement.node
        if isinstance(node, ast.AugAssign):
            edit = site.operator(node.target, node.value, ARITHMETIC[type(node.op)] + "=", "=")
            if edit:
                yield Change((edit,), f"`{site.source.code(node)}` with `=`", 0.8)
        elif isinstance(node, ast.Assign) and len(node.targets) == 1:
            target = node.targets[0]
            if isinstance(target, ast.Name | ast.Attribute | ast.Subscript):
                for new, weight in (("+=", 0.8), ("-=", 0.4), ("*=", 0.3)):
                    edit = site.operator(target, node.value, "=", new)
                    if edit:
                        yield Change((edit,), f"`{site.source.code(node)}` with `{new}`", weight)


class Logic(Family):
    name, prior = "logic", 0.7
    reason = "`and` and `or` are mixed up, or one condition is too many"

    def at_expression(self, site: Site, node: ast.expr) -> Iterator[Change]:
        if not isinstance(node, ast.BoolOp):
            return
        old, new = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
        gaps = [site.operator(a, b, rf"\b{old}\b", new) for a, b in zip(node.values, node.values[1:], strict=False)]
        edits = tuple(edit for edit in gaps if edit)
        if len(edits) == len(gaps):
            yield Change(edits, f"`{old}` → `{new}` in `{site.source.code(node)}`", 0.9)
        if len(edits) > 1:
            for edit in edits:
                yield Change((edit,), f"one `{old}` → `{new}` in `{site.source.code(node)}`", 0.4)
        for i in range(len(node.values)):
            others = [value for k, value in enumerate(node.values) if k != i]
            rest = [site.source.code(other) for other in others]
            if len(others) > 1:
                rest = [
                    f"({code})" if isinstance(o, ast.BoolOp) else code for o, code in zip(others, rest, strict=True)
                ]
            yield site.swap(node, f" {old} ".join(rest), 0.5)


class Negation(Family):
    name, prior = "negation", 0.75
    reason = "a condition is the wrong way round"

    def at_expression(self, site: Site, node: ast.expr) -> Iterator[Change]:
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            yield site.swap(node, site.source.code(node.operand), 1.0)
            return
        parent = site.parent(node)
        tested = isinstance(parent, ast.If | ast.While | ast.IfExp | ast.Assert) and parent.test is node
        chosen = isinstance(parent, ast.BoolOp) or (isinstance(parent, ast.comprehension) and node in parent.ifs)
        returned = isinstance(parent, ast.Return) and isinstance(node, ast.Compare | ast.BoolOp | ast.Call | ast.Name)
        if tested or chosen or returned:
            code = site.source.code(node)
            simple = isinstance(node, ast.Name | ast.Call | ast.Attribute | ast.Subscript | ast.Constant)
            yield site.swap(node, f"not {code}" if simple else f"not ({code})", 0.5 if returned else 0.8)


class Sign(Family):
    name, prior = "sign", 0.5
    reason = "a sign is missing or too much"

    def at_expression(self, site: Site, node: ast.expr) -> Iterator[Change]:
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            yield site.swap(node, site.source.code(node.operand), 0.8)
            return
        used = isinstance(site.parent(node), ast.Return | ast.Assign | ast.Call | ast.BinOp | ast.Subscript)
        stored = isinstance(getattr(node, "ctx", None), ast.Store)
        if used and not stored and isinstance(node, ast.Name | ast.Call | ast.Attribute):
            yield site.swap(node, f"-{site.source.code(node)}", 0.3)


class Operands(Family):
    name, prior = "operands", 0.6
    reason = "two operands have changed places"

    def at_expression(self, site: Site, node: ast.expr) -> Iterator[Change]:
        pairs: list[tuple[ast.expr, ast.expr]] = []
        if isinstance(node, ast.BinOp) and not isinstance(node.op, ast.Mult):
            pairs = [(node.left, node.right)]
        elif isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.In | ast.NotIn):
            pairs = [(node.left, node.comparators[0])]
        for a, b in pairs:
            one, other = site.source.code(a), site.source.code(b)
            if one != other:
                edits = (
                    site.source.replace(a, site.bracketed(a, other)),
                    site.source.replace(b, site.bracketed(b, one)),
                )
                weight = 0.4 if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add) else 0.8
                yield Change(edits, f"`{one}` and `{other}` swapped in `{site.source.code(node)}`", weight)


class DropTerm(Family):
    name, prior, cost = "drop-term", 0.5, 2
    reason = "a term is too much"

    def at_expression(self, site: Site, node: ast.expr) -> Iterator[Change]:
        if isinstance(node, ast.BinOp):
            yield site.swap(node, site.source.code(node.left), 0.8)
            yield site.swap(node, site.source.code(node.right), 0.5)
        elif isinstance(node, ast.IfExp):
            yield site.swap(node, site.source.code(node.body), 0.4)
            yield site.swap(node, site.source.code(node.orelse), 0.4)


class Term(Family):
    name, prior, cost = "term", 0.4, 2
    reason = "a term is missing"

    def at_expression(self, site: Site, node: ast.expr) -> Iterator[Change]:
        if not isinstance(node, ast.Name | ast.Attribute | ast.Call | ast.Subscript | ast.BinOp):
            return
        parent = site.parent(node)
        if isinstance(getattr(node, "ctx", None), ast.Store | ast.Del):
            return
        if not isinstance(parent, ast.Assign | ast.AugAssign | ast.Return | ast.Compare | ast.Slice | ast.Call):
            return
        if isinstance(parent, ast.Call) and parent.func is node:
            return
        code = site.bracketed_operand(node)
        for other in site.names():
            if other not in {code, "self", "cls"}:
                for operator, weight in (("+", 0.8), ("-", 0.6), ("*", 0.4)):
                    sum_times = operator == "*" and isinstance(node, ast.BinOp)
                    left = f"({code})" if sum_times and not code.startswith("(") else code
                    yield site.swap(node, f"{left} {operator} {other}", weight)


OPERATORS: tuple[Family, ...] = (
    Comparison(), Arithmetic(), Accumulate(), Logic(), Negation(), Sign(), Operands(), DropTerm(), Term(),
)  # fmt: skip
