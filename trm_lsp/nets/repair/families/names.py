"""Names: variables, attributes, exceptions, misspellings."""

from __future__ import annotations

import ast
import builtins
import difflib
from collections.abc import Iterable, Iterator

from trm_lsp.nets.repair.families.base import Change, Family, Site, stored
from trm_lsp.nets.repair.families.kinds import BUILTIN_TYPES, METHODS
from trm_lsp.nets.repair.source import dotted

USUAL_EXCEPTIONS = (
    "ValueError", "TypeError", "KeyError", "IndexError", "AttributeError", "RuntimeError", "LookupError",
    "NotImplementedError", "ZeroDivisionError", "StopIteration", "OSError", "FileNotFoundError", "Exception",
)  # fmt: skip
BUILTINS = tuple(name for name in dir(builtins) if not name.startswith("_"))
ALL_METHODS = tuple(sorted({name for names in METHODS.values() for name in names}))


def closest(name: str, known: Iterable[str]) -> Iterator[tuple[str, float]]:
    """Names spelt much like one, with their likeness."""
    for other in difflib.get_close_matches(name, sorted(set(known) - {name}), n=5, cutoff=0.5):
        yield other, difflib.SequenceMatcher(None, name, other).ratio()


class Misspelling(Family):
    name, prior = "misspelling", 0.97
    reason = "a name is unknown where it is used, and another one is spelt much like it"

    def at_expression(self, site: Site, node: ast.expr) -> Iterator[Change]:
        source = site.source
        if isinstance(node, ast.Name):
            unknown = node.id in site.hints.undefined or node.id in source.inventory.unknown
            if unknown and not stored(node):
                for other, weight in closest(node.id, [*site.names(node), *source.module_names, *BUILTINS]):
                    yield site.swap(node, other, weight)
                if node.id in source.inventory.attributes.get("self", ()) and "self" in source.locals_of(
                    site.statement
                ):
                    yield site.swap(node, f"self.{node.id}", 0.9)
        elif isinstance(node, ast.Attribute):
            kinds = site.kinds(node.value)
            typed = kinds and kinds <= BUILTIN_TYPES.keys()
            methods = {name for kind in kinds for name in METHODS.get(kind, ())} if typed else set(ALL_METHODS)
            impossible = typed and node.attr not in {name for kind in kinds for name in dir(BUILTIN_TYPES[kind])}
            if node.attr in site.hints.undefined or impossible:
                for other, weight in closest(node.attr, [*source.inventory.attribute_names, *methods]):
                    yield site.rename(node, other, weight)
        elif isinstance(node, ast.Call):
            for keyword in node.keywords:
                if keyword.arg and keyword.arg in site.hints.undefined:
                    taken = {name for names in source.inventory.keywords.values() for name in names}
                    for other, weight in closest(keyword.arg, taken):
                        start = source.span(keyword)[0]
                        edit = site.source.replace(node, other)._replace(start=start, end=start + len(keyword.arg))
                        yield Change((edit,), f"`{keyword.arg}=` → `{other}=`", weight)


class Variable(Family):
    name, prior = "variable", 0.55
    reason = "another variable is meant"

    def at_expression(self, site: Site, node: ast.expr) -> Iterator[Change]:
        if not isinstance(node, ast.Name) or isinstance(node.ctx, ast.Del):
            return
        parent = site.parent(node)
        if isinstance(parent, ast.Call) and parent.func is node:
            return  # another callee: see calls.py
        if stored(node) and isinstance(parent, ast.comprehension | ast.NamedExpr):
            return
        for other in site.names(node):
            if other != node.id:
                yield site.swap(node, other, 0.4 if stored(node) else 0.9)
        if not stored(node) and node.id not in {"self", "cls"}:
            for other in site.source.module_variables:
                if other != node.id:
                    yield site.swap(node, other, 0.3 if other.isupper() else 0.2)


class Attribute(Family):
    name, prior = "attribute", 0.55
    reason = "another attribute of the same object is meant"

    def at_expression(self, site: Site, node: ast.expr) -> Iterator[Change]:
        if not isinstance(node, ast.Attribute):
            return
        parent = site.parent(node)
        if isinstance(parent, ast.Call) and parent.func is node:
            return
        owner = dotted(node.value)
        inventory = site.source.inventory
        same_owner = inventory.attributes.get(owner, ())
        for other in same_owner[:40]:
            if other != node.attr:
                yield site.rename(node, other, 0.9)
        for other in inventory.attribute_names[:40]:
            if other != node.attr and other not in same_owner:
                yield site.rename(node, other, 0.3)


class Owner(Family):
    name, prior, cost = "owner", 0.35, 2
    reason = "an attribute of another object is meant"

    def at_expression(self, site: Site, node: ast.expr) -> Iterator[Change]:
        if not isinstance(node, ast.Attribute):
            return
        attributes = site.source.inventory.attributes
        own = site.slot(node.value).code
        for owner, names in attributes.items():
            if (
                owner != own
                and node.attr in names
                and not (owner == "self" and isinstance(site.statement.node, ast.FunctionDef))
            ):
                root = owner.split(".")[0]
                if root in ("self", *site.local_names, *site.source.module_names):
                    yield site.swap(node.value, owner, 0.6)


class AttributeOf(Family):
    name, prior, cost = "attribute-of", 0.3, 2
    reason = "the value itself is used where one of its attributes is meant, or the other way round"

    def at_expression(self, site: Site, node: ast.expr) -> Iterator[Change]:
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
            parent = site.parent(node)
            if not (isinstance(parent, ast.Call) and parent.func is node):
                yield site.put(node, node.value, 0.3)
            return
        if not isinstance(node, ast.Name) or isinstance(node.ctx, ast.Del):
            return
        attributes = site.source.inventory.attributes
        parent = site.parent(node)
        if not stored(node) and not isinstance(parent, ast.Attribute | ast.Call):
            for other in attributes.get(node.id, ())[:20]:
                yield site.swap(node, f"{node.id}.{other}", 0.4)
        if node.id in attributes.get("self", ()) and not isinstance(parent, ast.arg):
            yield site.swap(node, f"self.{node.id}", 0.9)


class Raised(Family):
    name, prior = "exception", 0.8
    reason = "another exception is meant"

    def at_expression(self, site: Site, node: ast.expr) -> Iterator[Change]:
        if not isinstance(node, ast.Name) or not node.id[:1].isupper():
            return
        parent, statement = site.parent(node), site.statement.node
        raised = isinstance(statement, ast.Raise) and (
            statement.exc is node or (isinstance(parent, ast.Call) and parent.func is node)
        )
        listed = isinstance(parent, ast.Tuple) and isinstance(site.parent(parent), ast.ExceptHandler)
        if not raised and not isinstance(parent, ast.ExceptHandler) and not listed:
            return
        own = (name for name in site.source.module_names if name.endswith(("Error", "Exception")))
        for other in dict.fromkeys([*site.hints.exceptions, *own, *USUAL_EXCEPTIONS]):
            if other != node.id:
                named = other in site.hints.exceptions or other in site.hints.raised
                weight = 1.0 if named else 0.8 if node.id in site.source.inventory.unknown else 0.4
                yield site.swap(node, other, weight)
                if isinstance(parent, ast.ExceptHandler):
                    yield site.swap(node, f"({node.id}, {other})", weight * 0.7)


NAMES: tuple[Family, ...] = (Misspelling(), Variable(), Attribute(), Owner(), AttributeOf(), Raised())
