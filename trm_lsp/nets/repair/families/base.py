"""What a family gets and gives."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from trm_lsp.core.state import Edit
from trm_lsp.nets.repair.source import Source, Statement


@dataclass(frozen=True)
class Hints:
    """What the failing tests talk about."""

    strings: tuple[str, ...] = ()
    numbers: tuple[float | int, ...] = ()
    exceptions: tuple[str, ...] = ()
    """Names after `pytest.raises(` and `assertRaises(`."""
    undefined: tuple[str, ...] = ()
    """Names that a failure says are unknown: variables, attributes, keywords."""


class Change(NamedTuple):
    """One typed edit: what it does in words, and how likely within its family (0 to 1)."""

    edits: tuple[Edit, ...]
    what: str
    weight: float


@dataclass(frozen=True)
class Site:
    """Where a family is asked: a statement, and in `expressions` one of its expressions."""

    source: Source
    statement: Statement
    hints: Hints

    def parent(self, node: ast.AST) -> ast.AST:
        return self.source.parents[node]

    def names(self) -> tuple[str, ...]:
        """Local names that can have a value at the site."""
        return self.source.locals_of(self.statement)

    def swap(self, node: ast.expr, code: str, weight: float) -> Change:
        """Replace an expression, in brackets where its surroundings would tear the new one apart."""
        code = self.bracketed(node, code)
        return Change((self.source.replace(node, code),), f"`{self.source.code(node)}` → `{code}`", weight)

    def bracketed(self, node: ast.expr, code: str) -> str:
        """`code` as it can stand in place of `node`."""
        # In brackets, because the expression may span lines.
        inner = ast.parse(f"({code}\n)", mode="eval").body
        if "\n" in code and not isinstance(inner, _ENCLOSED):
            return f"({code})"
        if isinstance(inner, _ATOMS):
            return code
        parent = self.parent(node)
        if isinstance(parent, ast.Compare) and isinstance(inner, ast.BinOp | ast.UnaryOp):
            return code if not isinstance(getattr(inner, "op", None), ast.Not) else f"({code})"
        if isinstance(parent, _TIGHT) or (isinstance(parent, ast.Subscript) and parent.value is node):
            return f"({code})"
        if isinstance(parent, ast.Call) and parent.func is node:
            return f"({code})"
        return code

    def bracketed_operand(self, node: ast.expr) -> str:
        """The code of `node` as it can stand beside a `+` or `-`."""
        code = self.source.code(node)
        loose = isinstance(node, ast.BoolOp | ast.Compare | ast.IfExp | ast.Lambda | ast.NamedExpr)
        loose = loose or (isinstance(node, ast.BinOp) and isinstance(node.op, _BITWISE))
        return f"({code})" if loose else code

    def operator(self, left: ast.expr, right: ast.expr | ast.comprehension, pattern: str, new: str) -> Edit | None:
        """Replace the operator between two operands; None when it cannot be found for sure."""
        assert isinstance(right, ast.expr)
        start, end = self.source.span(left)[1], self.source.span(right)[0]
        found = list(re.finditer(pattern, self.source.text[start:end]))
        if len(found) != 1:
            return None
        return Edit(self.source.path, start + found[0].start(), start + found[0].end(), new)


_ENCLOSED = (ast.List, ast.Dict, ast.Set, ast.Tuple, ast.ListComp, ast.SetComp, ast.DictComp)
_ATOMS = (ast.Name, ast.Constant, ast.Call, ast.Attribute, ast.Subscript, ast.List, ast.Dict, ast.Set, ast.ListComp)
_TIGHT = (ast.BinOp, ast.UnaryOp, ast.Compare, ast.BoolOp, ast.Attribute, ast.Await, ast.Starred, ast.IfExp)


_BITWISE = (ast.BitAnd, ast.BitOr, ast.BitXor, ast.LShift, ast.RShift)


class Family:
    """A kind of edit.

    `prior` is how often a passing edit of this kind is the right one, by
    experience; `cost` is the bound from which it is tried: 1 tokens, 2
    expressions, 3 statements; `reason` says what mistake it repairs.
    """

    name: ClassVar[str]
    prior: ClassVar[float]
    cost: ClassVar[int] = 1
    reason: ClassVar[str]

    def at_expression(self, site: Site, node: ast.expr) -> Iterator[Change]:
        """Changes of one expression."""
        yield from ()

    def at_statement(self, site: Site) -> Iterator[Change]:
        """Changes of the statement as a whole."""
        yield from ()
