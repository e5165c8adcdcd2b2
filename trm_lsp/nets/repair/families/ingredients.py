"""Ingredients: an expression from elsewhere in the code where another one stands."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from trm_lsp.nets.repair.families.base import Change, Family, Site, stored
from trm_lsp.nets.repair.families.binding import Binds, binds
from trm_lsp.nets.repair.families.calls import is_callee

MOST = 60
"""How many expressions of the function are tried at one place, the nearest."""


class Value(Family):
    name, prior, cost = "value", 0.3, 2
    reason = "a variable is meant where something is computed, or a constant stands"

    def at_expression(self, site: Site, node: ast.expr) -> Iterator[Change]:
        if isinstance(node, ast.Name) or not replaceable(site, node):
            return
        own = site.slot(node).code
        for name in site.names(node)[:12]:
            if name != own:
                yield site.swap(node, name, 0.6)
        if isinstance(node, ast.Name | ast.Call | ast.BinOp | ast.Subscript | ast.Attribute):
            for code, weight in (
                ("0", 0.3),
                ("1", 0.3),
                ("None", 0.2),
                ("[]", 0.15),
                ("''", 0.15),
                ("True", 0.1),
                ("False", 0.1),
            ):
                yield site.swap(node, code, weight)


class Constant(Family):
    name, prior, cost = "constant", 0.2, 2
    reason = "a constant is meant where a variable stands"

    def at_expression(self, site: Site, node: ast.expr) -> Iterator[Change]:
        if not isinstance(node, ast.Name) or not replaceable(site, node):
            return
        parent = site.parent(node)
        if isinstance(parent, ast.Attribute) or (isinstance(parent, ast.Subscript) and parent.value is node):
            return
        numbers = dict.fromkeys([0, 1, -1, 2, *site.source.inventory.numbers[:8]])
        for number in numbers:
            code = repr(number)
            yield site.swap(node, code, 0.4, Binds.SIGN if code.startswith("-") else Binds.ATOM)
        for code in ("None", "True", "False", "''", "[]"):
            yield site.swap(node, code, 0.3)


class Ingredient(Family):
    name, prior, cost = "ingredient", 0.15, 2
    reason = "an expression from elsewhere in the function is meant"

    def at_expression(self, site: Site, node: ast.expr) -> Iterator[Change]:
        if not replaceable(site, node):
            return
        own = site.slot(node).code
        decides = isinstance(node, ast.Compare | ast.BoolOp)
        near = list(site.source.ingredients(site.statement).items())
        if len(near) > MOST:
            near = sorted(near, key=lambda item: abs(item[1][0].lineno - node.lineno))[:MOST]
        for code, (other, condition) in near:
            if code != own and condition == decides and not isinstance(other, ast.Slice):
                yield site.swap(node, code, 0.8, binds(other, code))


def replaceable(site: Site, node: ast.expr) -> bool:
    """Whether any other value can stand in place of an expression."""
    parent = site.parent(node)
    if stored(node) or is_callee(site, node) or isinstance(node, ast.Slice | ast.Starred | ast.Lambda | ast.JoinedStr):
        return False
    if isinstance(parent, ast.Expr | ast.JoinedStr | ast.FormattedValue | ast.Starred | ast.Await | ast.ExceptHandler):
        return False
    if isinstance(parent, ast.Attribute) or (isinstance(parent, ast.Subscript) and parent.value is node):
        return isinstance(node, ast.Name)
    return not isinstance(node, ast.Yield | ast.YieldFrom | ast.Await | ast.NamedExpr) and not isinstance(
        site.statement.node, ast.Import | ast.ImportFrom | ast.ClassDef | ast.Delete | ast.Global | ast.Nonlocal
    )


INGREDIENTS: tuple[Family, ...] = (Value(), Constant(), Ingredient())
