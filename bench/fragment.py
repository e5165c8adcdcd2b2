"""One function of a file, parsed alone: where its nodes lie in the text, what is in scope, what statements it has."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

from bench.mutants import Range, line_starts, ranges
from trm_lsp.core.state import Edit

MODULE = "<module>"
"""The range of a text that is no function."""
_INDENTED = "if 1:\n"
"""Makes a module of a function that is indented, without touching strings that span lines."""


class Block(NamedTuple):
    """Statements one below the other."""

    owner: ast.AST
    field: str
    statements: list[ast.stmt]


class Fragment:
    """An outermost function of a file, decorators included; offsets are those of its own module, `module`.

    Raises SyntaxError for a text that is no module.
    """

    def __init__(self, path: str, text: str, within: Range, siblings: Mapping[str, Sequence[str]] | None = None):
        self.path, self.within = path, within
        self.module = module_of(text[within.start : within.end])
        self.added = len(self.module) - (within.end - within.start)
        """How much stands before the function to make a module of it."""
        self.shift = within.start - self.added
        """What to add to an offset here for one in the file."""
        self.siblings = siblings or {}
        """By the name before a dot: the attributes that its class, or else its file, takes of it."""
        self._starts = line_starts(self.module)
        self._lines = self.module.encode().splitlines(keepends=True)
        self.tree = ast.parse(self.module)
        self.function = next(n for n in ast.walk(self.tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))
        self.parents = {child: node for node in ast.walk(self.tree) for child in ast.iter_child_nodes(node)}

    @property
    def name(self) -> str:
        """Dotted from the module on."""
        return self.within.name

    def span(self, node: ast.AST) -> tuple[int, int]:
        """Where a statement, an expression, an argument or a handler lies; brackets around it are not its own."""
        assert isinstance(node, ast.stmt | ast.expr | ast.arg | ast.keyword | ast.excepthandler)
        assert node.end_lineno is not None and node.end_col_offset is not None
        return self._offset(node.lineno, node.col_offset), self._offset(node.end_lineno, node.end_col_offset)

    def code(self, node: ast.AST) -> str:
        start, end = self.span(node)
        return self.module[start:end]

    def line(self, number: int) -> int:
        """The offset of a line, counted from 1; the end of the text for lines after the last."""
        return self._starts[number - 1] if number <= len(self._starts) else len(self.module)

    def indent(self, statement: ast.stmt) -> str:
        start, _ = self.span(statement)
        return self.module[self.line(statement.lineno) : start]

    def lines(self, statements: Sequence[ast.stmt]) -> tuple[int, int]:
        """From the first line of statements to the end of their last."""
        first, last = statements[0], statements[-1]
        decorators = getattr(first, "decorator_list", [])
        return self.line(min([first.lineno, *(d.lineno for d in decorators)])), self.line((last.end_lineno or 0) + 1)

    @cached_property
    def body(self) -> list[ast.AST]:
        """All nodes of what the function does: neither its decorators nor annotations nor docstrings."""
        left_out = {id(node) for hint in self._unused() for node in ast.walk(hint)}
        inside = [self.function.args, *self.function.body]
        return [node for top in inside for node in ast.walk(top) if id(node) not in left_out]

    @cached_property
    def blocks(self) -> list[Block]:
        """Every block within the function, its own first."""
        return [
            Block(node, field, statements)
            for node in ast.walk(self.function)
            for field in ("body", "orelse", "finalbody")
            if isinstance(statements := getattr(node, field, None), list) and statements
        ]

    @cached_property
    def variables(self) -> list[str]:
        """Names that the function binds: its parameters and what it assigns, sorted."""
        found = {node.arg for node in self.body if isinstance(node, ast.arg)}
        found |= {node.id for node in self.body if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
        return sorted(found)

    def edit(self, start: int, end: int, text: str) -> Edit:
        """Of the file, by offsets here."""
        return Edit(self.path, start + self.shift, end + self.shift, text)

    def after(self, edit: Edit) -> str:
        """The module with an edit of the file, which must lie in it."""
        return self.module[: edit.start - self.shift] + edit.text + self.module[edit.end - self.shift :]

    def statement(self, start: int, end: int) -> ast.stmt:
        """The innermost statement that holds a range of the file, white space around it aside."""
        there = self.module[start - self.shift : end - self.shift]
        start += len(there) - len(there.lstrip()) - self.shift
        end = start + len(there.strip())
        found: ast.stmt = self.function
        for node in ast.walk(self.function):  # outer ones first
            if isinstance(node, ast.stmt) and self.span(node)[0] <= start and end <= self.span(node)[1]:
                found = node
        return found

    def _unused(self) -> Iterator[ast.AST]:
        for node in ast.walk(self.function):
            if isinstance(node, ast.arg | ast.AnnAssign) and node.annotation:
                yield node.annotation
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield from [*node.decorator_list, *([node.returns] if node.returns else [])]
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                yield node

    def _offset(self, line: int, column: int) -> int:
        """`column` counts bytes, as the parser does."""
        return self._starts[line - 1] + len(self._lines[line - 1][:column].decode())


def fragments(path: str, text: str) -> list[Fragment]:
    """The outermost functions of a file."""
    tree = ast.parse(text)
    classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    known: dict[ast.AST, dict[str, list[str]]] = {}
    found = []
    for within in ranges(text):
        if within.name != MODULE:
            around = [c for c in classes if c.lineno < within.first_line and within.last_line <= (c.end_lineno or 0)]
            owner: ast.AST = around[-1] if around else tree
            siblings = known.setdefault(owner, attributes(owner))
            found.append(Fragment(path, text, within, siblings))
    return found


def attributes(tree: ast.AST) -> dict[str, list[str]]:
    """By the name before a dot: the attributes taken of it, sorted; of `self`, whatever its class defines as well."""
    found: dict[str, set[str]] = defaultdict(set)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            found[node.value.id].add(node.attr)
    if isinstance(tree, ast.ClassDef):
        found["self"].update(n.name for n in tree.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))
    return {name: sorted(names) for name, names in found.items()}


def module_of(code: str) -> str:
    """A function's lines as a module of their own."""
    return _INDENTED + code if code[:1].isspace() else code
