"""Missing statements that the file itself says how to write: names that are never bound, steps taken elsewhere."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator

from trm_lsp.nets.repair.families.base import Change, Family, Site
from trm_lsp.nets.repair.families.blocks import SIMPLE, chained
from trm_lsp.nets.repair.families.names import BUILTINS
from trm_lsp.nets.repair.source import FunctionNode, Source, Statement, is_docstring

LONGEST = 100
"""Statements longer than this are not written again elsewhere."""
MOST_RENAMED = 4
"""Variables that may stand for one that a copied statement reads and that is unknown where it is copied to."""
MOST_COPIED = 40
"""Statements of other functions that may be repeated at one place, the nearest."""
_LEAVES = (ast.Return, ast.Break, ast.Continue)


class Binding(Family):
    name, prior = "binding", 0.9
    reason = "a variable is read that is never given a value"

    def at_statement(self, site: Site) -> Iterator[Change]:
        """Before the first statement of a block that reads it: as the file binds it elsewhere, or plainly."""
        statement, source = site.statement, site.source
        if statement.function is None or not site.alone or chained(source, statement.node):
            return
        unbound = _unbound(source, statement)
        here = unbound & _read(statement.node)
        if not here or any(here & _read(node) for node in statement.block[: statement.block.index(statement.node)]):
            return
        for other in source.statements:
            if isinstance(other.node, ast.Assign) and _brief(source, other.node):
                bound = _bound(other.node)
                if bound & here and bound <= unbound:
                    for code, share in _adapted(site, other.node, _known(source, statement)):
                        yield site.before(code, share)
        if len(here) == 1:
            (name,) = here
            for value in (*site.local_names[:8], "None", "0", "[]", "{}", "''", "False", "set()"):
                yield site.before(f"{name} = {value}", 0.3)


class Transplant(Family):
    name, prior, cost = "transplant", 0.3, 3
    reason = "a step is missing that is taken elsewhere in the class, or in the file"

    def at_statement(self, site: Site) -> Iterator[Change]:
        """Calls and settings of other functions, where everything they read is known, or all but one variable."""
        statement, node = site.statement, site.statement.node
        if statement.function is None or is_docstring(node) or not site.alone or chained(site.source, node):
            return
        for code, weight in self._steps(site).items():
            yield site.before(code, weight)
            if statement.block[-1] is node and isinstance(node, SIMPLE) and not isinstance(node, (*_LEAVES, ast.Raise)):
                yield site.behind(code, weight)

    def _steps(self, site: Site) -> dict[str, float]:
        source, statement = site.source, site.statement
        known, line = _known(source, statement), statement.node.lineno
        order = sorted(_kin(source, statement), key=lambda other: abs(other.node.lineno - line))
        found: dict[str, float] = {}
        for other in order[:MOST_COPIED]:
            for code, share in _adapted(site, other.node, known):
                found.setdefault(code, 0.6 * share)
            for code in _given_others(site, other.node, known):
                found.setdefault(code, 0.35)
        return found


def _kin(source: Source, statement: Statement) -> Iterator[Statement]:
    """Calls and settings of something's data in the other methods of the class, or functions of the file."""
    home = statement.qualname.rpartition(".")[0]
    for other in source.statements:
        if other.function in (None, statement.function) or other.qualname.rpartition(".")[0] != home:
            continue
        node = other.node
        does = isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
        sets = isinstance(node, ast.Assign | ast.AugAssign) and not _bound(node)
        if (does or sets) and _brief(source, node):
            yield other


def _adapted(site: Site, node: ast.stmt, known: frozenset[str]) -> Iterator[tuple[str, float]]:
    """A statement's code as it can stand at the site, with weights: one unknown variable becomes a known one."""
    code, unknown = site.source.code(node), _read(node) - known
    if not unknown:
        yield code, 1.0
    elif len(unknown) == 1:
        (name,) = unknown
        for number, other in enumerate(site.local_names[:MOST_RENAMED]):
            yield re.sub(rf"(?<![\w.]){re.escape(name)}(?!\w)", other, code), 0.9 - 0.1 * number


def _given_others(site: Site, node: ast.stmt, known: frozenset[str]) -> Iterator[str]:
    """A call with one of its arguments a variable of the site."""
    if not isinstance(node, ast.Expr) or not isinstance(node.value, ast.Call):
        return
    start = site.source.span(node)[0]
    code = site.source.code(node)
    arguments = node.value.args
    for argument in arguments:
        rest = [other for other in (node.value.func, *arguments) if other is not argument]
        if isinstance(argument, ast.Starred) or any(_read(other) - known for other in rest):
            continue
        first, last = site.source.span(argument)
        for other in site.local_names[:MOST_RENAMED]:
            yield f"{code[: first - start]}{other}{code[last - start :]}"


def _brief(source: Source, node: ast.stmt) -> bool:
    return node.lineno == node.end_lineno and len(source.code(node)) <= LONGEST


def _known(source: Source, statement: Statement) -> frozenset[str]:
    """Names that have a value at a statement, or can have one."""
    return frozenset((*source.locals_of(statement), *source.module_names, *BUILTINS))


def _unbound(source: Source, statement: Statement) -> frozenset[str]:
    """Names that a statement's function reads and that nothing around them gives a value."""
    assert statement.function is not None
    if source.inventory.wild:
        return frozenset()
    scopes = [o.node for o in statement.around if isinstance(o.node, FunctionNode)]
    bound = {name for scope in scopes for name, _ in source.bindings(scope)}
    return _free(statement.function) - bound - frozenset((*source.module_names, *BUILTINS)) - _DUNDERS


_DUNDERS = frozenset({"__class__", "__file__", "__name__", "__doc__", "__package__", "__spec__", "__path__"})


@functools.lru_cache(maxsize=2048)
def _free(node: ast.AST) -> frozenset[str]:
    """Names that are read in a node and bound nowhere in it: what its comprehensions and functions bind is not."""
    bound: set[str | None] = set()
    for inner in ast.walk(node):
        match inner:
            case ast.arg(arg=name):
                bound.add(name)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                bound.add(name)
            case ast.ExceptHandler(name=name) | ast.MatchAs(name=name) | ast.MatchStar(name=name):
                bound.add(name)
            case ast.MatchMapping(rest=name):
                bound.add(name)
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                bound.update(alias.asname or alias.name.split(".")[0] for alias in aliases)
            case ast.Global(names=names) | ast.Nonlocal(names=names):
                bound.update(names)
    return _read(node) - bound - _bound(node)


@functools.lru_cache(maxsize=4096)
def _read(node: ast.AST) -> frozenset[str]:
    return frozenset(n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load))


@functools.lru_cache(maxsize=4096)
def _bound(node: ast.AST) -> frozenset[str]:
    return frozenset(n.id for n in ast.walk(node) if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load))


MISSING: tuple[Family, ...] = (Binding(), Transplant())
