"""Names: variables, attributes, exceptions, misspellings."""

from __future__ import annotations

import ast
import builtins
import difflib
from collections.abc import Iterator

from trm_lsp.nets.repair.families.base import Change, Family, Site

USUAL_EXCEPTIONS = ("ValueError", "TypeError", "KeyError", "IndexError", "AttributeError", "RuntimeError")


class Misspelling(Family):
    name, prior = "misspelling", 0.97
    reason = "a name is unknown where it is used, and another one is spelt much like it"

    def at_expression(self, site: Site, node: ast.expr) -> Iterator[Change]:
        if isinstance(node, ast.Name) and node.id in site.hints.undefined:
            known = {*site.names(), *site.source.module_names, *dir(builtins)} - {node.id}
            for other in difflib.get_close_matches(node.id, sorted(known), n=5, cutoff=0.5):
                yield site.swap(node, other, difflib.SequenceMatcher(None, node.id, other).ratio())
        elif isinstance(node, ast.Attribute) and node.attr in site.hints.undefined:
            known = {name for names in site.source.attributes.values() for name in names} - {node.attr}
            for other in difflib.get_close_matches(node.attr, sorted(known), n=5, cutoff=0.5):
                code = f"{site.source.code(node.value)}.{other}"
                yield site.swap(node, code, difflib.SequenceMatcher(None, node.attr, other).ratio())


class Variable(Family):
    name, prior = "variable", 0.55
    reason = "another variable is meant"

    def at_expression(self, site: Site, node: ast.expr) -> Iterator[Change]:
        if not isinstance(node, ast.Name) or isinstance(node.ctx, ast.Del):
            return
        parent = site.parent(node)
        if isinstance(parent, ast.Call) and parent.func is node:
            return  # another callee: see calls.py
        here = site.names()
        stored = isinstance(node.ctx, ast.Store)
        if stored and not isinstance(parent, ast.AugAssign | ast.Assign):
            return
        for other in here:
            if other not in {node.id, "self", "cls"}:
                yield site.swap(node, other, 0.4 if stored else 0.9)
        if not stored and node.id not in {"self", "cls"}:
            for other in site.source.module_names:
                if other.isupper() and other != node.id:
                    yield site.swap(node, other, 0.3)


class Attribute(Family):
    name, prior = "attribute", 0.55
    reason = "another attribute of the same object is meant"

    def at_expression(self, site: Site, node: ast.expr) -> Iterator[Change]:
        if not isinstance(node, ast.Attribute):
            return
        parent = site.parent(node)
        if isinstance(parent, ast.Call) and parent.func is node:
            return
        owner = site.source.code(node.value)
        attributes = site.source.attributes
        same_owner = attributes.get(owner, ())
        same_file = sorted({name for names in attributes.values() for name in names})
        for other in same_owner:
            if other != node.attr:
                yield site.swap(node, f"{owner}.{other}", 0.9)
        for other in same_file:
            if other != node.attr and other not in same_owner:
                yield site.swap(node, f"{owner}.{other}", 0.3)


class Wrapped(Family):
    name, prior, cost = "attribute-of", 0.3, 2
    reason = "the value itself is used where one of its attributes is meant, or the other way round"

    def at_expression(self, site: Site, node: ast.expr) -> Iterator[Change]:
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
            parent = site.parent(node)
            if not (isinstance(parent, ast.Call) and parent.func is node):
                yield site.swap(node, site.source.code(node.value), 0.3)
            return
        loaded = isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
        if isinstance(node, ast.Name) and loaded and not isinstance(site.parent(node), ast.Attribute | ast.Call):
            for other in site.source.attributes.get(node.id, ()):
                yield site.swap(node, f"{node.id}.{other}", 0.4)
            if node.id in site.source.attributes.get("self", ()):
                yield site.swap(node, f"self.{node.id}", 0.9)


class Raised(Family):
    name, prior = "exception", 0.8
    reason = "another exception is meant"

    def at_expression(self, site: Site, node: ast.expr) -> Iterator[Change]:
        if not isinstance(node, ast.Name) or not node.id[:1].isupper():
            return
        parent = site.parent(node)
        raised = isinstance(site.statement.node, ast.Raise) and (
            site.statement.node.exc is node or (isinstance(parent, ast.Call) and parent.func is node)
        )
        caught = isinstance(parent, ast.ExceptHandler)
        if raised or caught:
            for other in dict.fromkeys([*site.hints.exceptions, *USUAL_EXCEPTIONS]):
                if other != node.id:
                    yield site.swap(node, other, 1.0 if other in site.hints.exceptions else 0.4)


NAMES: tuple[Family, ...] = (Misspelling(), Variable(), Attribute(), Wrapped(), Raised())
