"""A parsed source file: statements, expressions, what is in scope, and where everything stands."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from trm_lsp.core.state import Edit
from trm_lsp.patch.positions import LineIndex, newline

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_LINE_HEADS = (ast.If, ast.While, ast.For, ast.AsyncFor, ast.With, ast.AsyncWith, ast.Try, ast.FunctionDef)


@dataclass(frozen=True)
class Statement:
    """One statement: its node, its function, its block and its own expressions."""

    node: ast.stmt
    function: ast.FunctionDef | ast.AsyncFunctionDef | None
    qualname: str
    block: tuple[ast.stmt, ...]
    """The statements it stands among, itself included."""
    parent: ast.AST

    @property
    def lines(self) -> range:
        """The lines that are its own: of a compound statement, its head."""
        body = getattr(self.node, "body", None)
        last = self.node.end_lineno or self.node.lineno
        if isinstance(body, list) and body and isinstance(body[0], ast.stmt):
            last = max(self.node.lineno, body[0].lineno - 1)
        return range(self.node.lineno, last + 1)

    def expressions(self) -> Iterator[ast.expr]:
        """Every expression of the statement itself, outermost first, not of the statements inside it."""
        stack = [child for child in ast.iter_child_nodes(self.node) if not isinstance(child, ast.stmt)]
        while stack:
            node = stack.pop(0)
            if isinstance(node, ast.expr):
                yield node
            stack[:0] = [child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.stmt)]


class Source:
    """One file's text and syntax tree. Raises SyntaxError when it does not parse."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text
        self.tree = ast.parse(text)
        self.index = LineIndex(text)
        self.newline = newline(text)

    @cached_property
    def parents(self) -> dict[ast.AST, ast.AST]:
        return {child: node for node in ast.walk(self.tree) for child in ast.iter_child_nodes(node)}

    @cached_property
    def statements(self) -> tuple[Statement, ...]:
        """Every statement of the file, in source order."""
        return tuple(self._statements(self.tree, None, ""))

    def _statements(
        self, owner: ast.AST, function: ast.FunctionDef | ast.AsyncFunctionDef | None, qualname: str
    ) -> Iterator[Statement]:
        for block in _blocks(owner):
            for node in block:
                yield Statement(node, function, qualname, tuple(block), owner)
                inner, name = function, qualname
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    inner, name = node, f"{qualname}.{node.name}".lstrip(".")
                elif isinstance(node, ast.ClassDef):
                    name = f"{qualname}.{node.name}".lstrip(".")
                yield from self._statements(node, inner, name)

    def span(self, node: ast.expr | ast.stmt | ast.arg | ast.keyword | ast.excepthandler) -> tuple[int, int]:
        """The code points of a node, end excluded."""
        assert node.end_lineno is not None and node.end_col_offset is not None  # ast.parse sets both
        return (
            self.index.offset(node.lineno, node.col_offset),
            self.index.offset(node.end_lineno, node.end_col_offset),
        )

    def code(self, node: ast.expr | ast.stmt | ast.arg | ast.keyword) -> str:
        start, end = self.span(node)
        return self.text[start:end]

    def replace(self, node: ast.expr | ast.stmt, code: str) -> Edit:
        start, end = self.span(node)
        return Edit(self.path, start, end, code)

    def whole_lines(self, node: ast.stmt) -> tuple[int, int]:
        """The code points of the lines a statement stands on, the last line end included."""
        first = node.lineno
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.decorator_list:
            first = node.decorator_list[0].lineno
        last = node.end_lineno or node.lineno
        starts = self.index.starts
        return starts[first - 1], starts[last] if last < len(starts) else len(self.text)

    def place(self, statement: Statement) -> str:
        """A key for a statement that survives edits elsewhere in the file."""
        line = self.index.line_text(statement.node.lineno).strip()
        return f"{self.path}::{statement.qualname or '<module>'}: {line[:80]}"

    def locals_of(self, statement: Statement) -> tuple[str, ...]:
        """Names that can have a value where a statement stands; empty for the module.

        Parameters, and what is assigned above it, or anywhere in a loop around it.
        """
        if statement.function is None:
            return ()
        loops: list[range] = []
        node: ast.AST = statement.node
        while node is not statement.function:
            if isinstance(node, ast.For | ast.AsyncFor | ast.While):
                loops.append(range(node.lineno, (node.end_lineno or node.lineno) + 1))
            node = self.parents[node]
        first = statement.node.lineno
        found: dict[str, None] = {}
        for node in ast.walk(statement.function):
            if isinstance(node, ast.arg):
                found[node.arg] = None
            elif not (isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)):
                continue
            elif node.lineno <= first or any(node.lineno in loop for loop in loops):
                found[node.id] = None
        return tuple(found)

    @cached_property
    def module_names(self) -> tuple[str, ...]:
        """Functions, classes, constants and imports of the module."""
        found: dict[str, None] = {}
        for node in self.tree.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                found[node.name] = None
            elif isinstance(node, ast.Import | ast.ImportFrom):
                found.update({(alias.asname or alias.name.split(".")[0]): None for alias in node.names})
            else:
                names = (n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store))
                found.update(dict.fromkeys(names))
        return tuple(name for name in found if name not in {"annotations", "__all__"})

    @cached_property
    def numbers(self) -> tuple[float | int, ...]:
        """Number literals of the file."""
        values = (node.value for node in ast.walk(self.tree) if isinstance(node, ast.Constant))
        return tuple(dict.fromkeys(v for v in values if isinstance(v, int | float) and not isinstance(v, bool)))

    @cached_property
    def functions(self) -> dict[str, tuple[int, int]]:
        """Functions of the module by name: how many positional arguments they need and take."""
        found = {}
        for node in self.tree.body:
            if isinstance(node, ast.FunctionDef):
                takes = len(node.args.posonlyargs) + len(node.args.args)
                found[node.name] = (takes - len(node.args.defaults), takes)
        return found

    @cached_property
    def attributes(self) -> dict[str, tuple[str, ...]]:
        """Attribute names used or defined in the file, by the name or attribute they are taken from."""
        found: dict[str, dict[str, None]] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Attribute):
                found.setdefault(ast.unparse(node.value), {})[node.attr] = None
            elif isinstance(node, ast.ClassDef):
                members = found.setdefault("self", {})
                for item in node.body:
                    if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef) and not item.name.startswith("__"):
                        members[item.name] = None
                    elif isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name):
                        members[item.target.id] = None
        return {owner: tuple(names) for owner, names in found.items()}


def _blocks(owner: ast.AST) -> Iterator[list[ast.stmt]]:
    for field in ("body", "orelse", "finalbody"):
        block = getattr(owner, field, None)
        if isinstance(block, list) and block and isinstance(block[0], ast.stmt):
            yield block
    for handler in getattr(owner, "handlers", ()):
        yield handler.body
    for case in getattr(owner, "cases", ()):
        yield case.body
