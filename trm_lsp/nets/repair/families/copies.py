"""Aliases where copies are meant, and the other way round."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from trm_lsp.nets.repair.families.base import Change, Family, Site, stored
from trm_lsp.nets.repair.families.binding import Binds
from trm_lsp.nets.repair.families.kinds import COLLECTIONS, MAPPINGS, SEQUENCES, can_be


class Copy(Family):
    name, prior, cost = "copy", 0.5, 2
    reason = "two names share one object that changes, where each should have its own"

    def at_expression(self, site: Site, node: ast.expr) -> Iterator[Change]:
        if not isinstance(node, ast.Name | ast.Attribute | ast.Subscript | ast.List) or stored(node):
            return
        kinds = site.kinds(node)
        if not self._kept(site, node) or not can_be(kinds, COLLECTIONS):
            return
        code, owner = site.slot(node).code, site.operand(node, Binds.ATOM)
        if can_be(kinds, SEQUENCES):
            yield site.swap(node, f"list({code})", 0.9)
            yield site.swap(node, f"{owner}[:]", 0.7)
        if can_be(kinds, MAPPINGS):
            yield site.swap(node, f"dict({code})", 0.7)
        yield site.swap(node, f"{owner}.copy()", 0.7)
        yield site.swap(node, f"set({code})", 0.3)
        for name, statement in site.source.inventory.imports.items():
            if statement.endswith((" deepcopy", "import copy")) or statement.startswith("from copy"):
                yield site.swap(
                    node, f"{name}.deepcopy({code})" if statement == "import copy" else f"{name}({code})", 0.9
                )

    def _kept(self, site: Site, node: ast.expr) -> bool:
        """Whether the value is kept, handed out, or walked over while it may change."""
        parent = site.parent(node)
        if isinstance(parent, ast.For | ast.comprehension):
            return parent.iter is node
        if isinstance(parent, ast.BinOp):
            return isinstance(node, ast.List) is False and isinstance(parent.op, ast.Mult)
        if isinstance(parent, ast.Call):
            return node in parent.args
        return isinstance(
            parent, ast.Assign | ast.AnnAssign | ast.Return | ast.List | ast.Tuple | ast.Dict | ast.keyword | ast.Yield
        ) and not isinstance(node, ast.List)


class Repeat(Family):
    name, prior, cost = "repeat", 0.85, 2
    reason = "one inner list is repeated, so that every row is the same object"

    def at_expression(self, site: Site, node: ast.expr) -> Iterator[Change]:
        match node:
            case ast.BinOp(left=ast.List(elts=[inner]), op=ast.Mult(), right=count):
                if isinstance(inner, ast.List | ast.BinOp | ast.Dict | ast.Set | ast.Call | ast.ListComp):
                    yield site.swap(node, f"[{site.slot(inner).code} for _ in range({site.slot(count).code})]", 0.9)
            case ast.Call(func=ast.Attribute(value=ast.Name(id="dict"), attr="fromkeys"), args=[keys, value]):
                yield site.swap(
                    node, f"{{key: {site.slot(value).code} for key in {site.operand(keys, Binds.OR)}}}", 0.7
                )


COPIES: tuple[Family, ...] = (Copy(), Repeat())
