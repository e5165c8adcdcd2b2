"""A source file: statements, expressions, what is in scope, and where everything stands."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from trm_lsp.core.state import Edit
from trm_lsp.patch.positions import LineIndex, newline

K = TypeVar("K")
FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef
_NESTED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_ALWAYS_KNOWN = {*dir(builtins), "__file__", "__name__", "__doc__", "__package__", "__spec__", "__path__", "__class__"}
INGREDIENTS = (
    ast.BinOp, ast.Call, ast.Subscript, ast.Compare, ast.BoolOp, ast.UnaryOp, ast.IfExp, ast.Attribute, ast.ListComp,
)  # fmt: skip
LONGEST_INGREDIENT = 60
_QUOTED_OR_NUMBER = re.compile(r"'([^'\n]{1,30})'|\"([^\"\n]{1,30})\"|(?<![\w.])(-?\d+(?:\.\d+)?)(?![\w.])")


@dataclass(frozen=True, eq=False)
class Statement:
    """One statement: its node, its function, its block and its own expressions."""

    node: ast.stmt
    function: FunctionNode | None
    qualname: str
    block: tuple[ast.stmt, ...]
    """The statements it stands among, itself included."""
    parent: ast.AST
    outer: Statement | None = None
    """The statement it stands in; None at the top of the file."""

    @property
    def lines(self) -> range:
        """The lines that are its own: of a compound statement, its head."""
        body = getattr(self.node, "body", None)
        last = self.node.end_lineno or self.node.lineno
        if isinstance(body, list) and body and isinstance(body[0], ast.stmt):
            last = max(self.node.lineno, body[0].lineno - 1)
        return range(self.node.lineno, last + 1)

    @property
    def around(self) -> Iterator[Statement]:
        """The statements it stands in, innermost first."""
        outer = self.outer
        while outer is not None:
            yield outer
            outer = outer.outer

    @property
    def looped(self) -> bool:
        """Whether `break` and `continue` mean something where it stands."""
        for outer in self.around:
            if isinstance(outer.node, _NESTED):
                return False
            if isinstance(outer.node, ast.For | ast.AsyncFor | ast.While):
                return True
        return False

    def expressions(self) -> Iterator[ast.expr]:
        """Every expression of the statement itself, outermost first, not of the statements inside it."""
        for node, _ in self.nodes():
            if isinstance(node, ast.expr):
                yield node

    def nodes(self) -> Iterator[tuple[ast.AST, ast.AST]]:
        """Every node of the statement itself with its parent, in source order, not of the statements inside it."""
        stack: list[tuple[ast.AST, ast.AST]] = [(self.node, self.parent)]
        while stack:
            node, parent = stack.pop()
            if node is not self.node:
                yield node, parent
            inner = [(child, node) for child in ast.iter_child_nodes(node) if not isinstance(child, ast.stmt)]
            stack.extend(reversed(inner))


class Source:
    """One file's text and syntax tree. Raises SyntaxError when it does not parse."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text
        self.tree = ast.parse(text)
        self.index = LineIndex(text)
        self.newline = newline(text)
        self._ascii = text.isascii()
        self._ingredients: dict[FunctionNode | None, dict[str, tuple[ast.expr, bool]]] = {}
        self._bindings: dict[ast.AST, tuple[tuple[str, int], ...]] = {}

    @cached_property
    def statements(self) -> tuple[Statement, ...]:
        """Every statement of the file, in source order."""
        return tuple(self._statements(self.tree, None, "", None))

    def _statements(
        self, owner: ast.AST, function: FunctionNode | None, qualname: str, outer: Statement | None
    ) -> Iterator[Statement]:
        for block in _blocks(owner):
            shared = tuple(block)
            for node in block:
                statement = Statement(node, function, qualname, shared, owner, outer)
                yield statement
                inner, name = function, qualname
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    inner, name = node, f"{qualname}.{node.name}".lstrip(".")
                elif isinstance(node, ast.ClassDef):
                    name = f"{qualname}.{node.name}".lstrip(".")
                yield from self._statements(node, inner, name, statement)

    def offset(self, line: int, utf8_column: int) -> int:
        return self.index.starts[line - 1] + utf8_column if self._ascii else self.index.offset(line, utf8_column)

    def span(self, node: ast.expr | ast.stmt | ast.arg | ast.keyword | ast.excepthandler) -> tuple[int, int]:
        """The code points of a node, end excluded."""
        assert node.end_lineno is not None and node.end_col_offset is not None  # ast.parse sets both
        return self.offset(node.lineno, node.col_offset), self.offset(node.end_lineno, node.end_col_offset)

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

    def alone(self, node: ast.stmt) -> bool:
        """Whether a statement has its lines to itself, the last one ended: comments do not count."""
        start, end = self.whole_lines(node)
        first, last = self.span(node)
        beside = self.text[start:first] + self.text[last:end].partition("#")[0]
        return (not beside.strip() or _decorated(node)) and self.text[:end].endswith(("\n", "\r"))

    def place(self, statement: Statement) -> str:
        """A key for a statement that survives edits elsewhere in the file."""
        line = self.index.line_text(statement.node.lineno).strip()
        return f"{self.path}::{statement.qualname or '<module>'}: {line[:80]}"

    def locals_of(self, statement: Statement) -> tuple[str, ...]:
        """Names that can have a value where a statement stands, the nearest function's first.

        Parameters, and what is assigned above it, or anywhere in a loop around
        it; of functions around its own, everything. Empty for the module.
        """
        if statement.function is None:
            return ()
        found: dict[str, None] = {}
        first = statement.node.lineno
        for outer in (statement, *statement.around):
            node = outer.node
            if isinstance(node, ast.For | ast.AsyncFor | ast.While) and outer is not statement:
                first = max(first, node.end_lineno or node.lineno)
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and outer is not statement:
                found.update({name: None for name, line in self.bindings(node) if line <= first})
                first = len(self.index.starts)
        return tuple(found)

    def bindings(self, scope: ast.AST) -> tuple[tuple[str, int], ...]:
        """Names that a function or the module gives a value itself, each with the line; parameters with line 0."""
        known = self._bindings.get(scope)
        if known is None:
            known = self._bindings[scope] = tuple(_bindings(scope))
        return known

    @cached_property
    def module_names(self) -> tuple[str, ...]:
        """Functions, classes, constants and imports of the module."""
        names = dict.fromkeys(name for name, _ in self.bindings(self.tree))
        return tuple(name for name in names if name not in {"annotations", "__all__"})

    @cached_property
    def module_variables(self) -> tuple[str, ...]:
        """Names that the module itself assigns: constants and the like."""
        defined = {node.name for node in self.tree.body if isinstance(node, FunctionNode | ast.ClassDef)}
        return tuple(n for n in self.module_names if n not in defined and n not in self.inventory.imports)

    @cached_property
    def inventory(self) -> Inventory:
        return Inventory(self.tree)

    @cached_property
    def functions(self) -> dict[str, tuple[int, int]]:
        """Functions of the module by name: how many positional arguments they need and take."""
        found = {}
        for node in self.tree.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                takes = len(node.args.posonlyargs) + len(node.args.args)
                found[node.name] = (takes - len(node.args.defaults), takes)
        return found

    @cached_property
    def coroutines(self) -> frozenset[str]:
        """Names of the file's `async` functions and methods."""
        return frozenset(s.node.name for s in self.statements if isinstance(s.node, ast.AsyncFunctionDef))

    def decorators(self, *, methods: bool) -> tuple[str, ...]:
        """Decorators of the file's methods, or of its other functions, by their code; a property's own aside."""
        return self._decorators[methods]

    @cached_property
    def _decorators(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        found: tuple[dict[str, None], dict[str, None]] = ({}, {})
        parts = ("setter", "deleter", "getter")
        own = {f"{name}.{part}" for name in self.inventory.attributes for part in parts}
        for statement in self.statements:
            node = statement.node
            if isinstance(node, FunctionNode):
                codes = [self.code(d) for d in node.decorator_list if d.lineno == d.end_lineno]
                found[isinstance(statement.parent, ast.ClassDef)].update({c: None for c in codes if c not in own})
        return tuple(found[0]), tuple(found[1])

    def ingredients(self, statement: Statement) -> dict[str, tuple[ast.expr, bool]]:
        """Short expressions of a statement's function (the module outside of one) by their code, most compound.

        Each with its node and whether it is a condition.
        """
        known = self._ingredients.get(statement.function)
        if known is None:
            known = self._ingredients[statement.function] = {}
            for other in self.statements:
                if other.function is statement.function and not isinstance(other.node, FunctionNode | ast.ClassDef):
                    for node in other.expressions():
                        if isinstance(node, INGREDIENTS) and node.lineno == node.end_lineno:
                            code = self.code(node)
                            if len(code) <= LONGEST_INGREDIENT:
                                known.setdefault(code, (node, isinstance(node, ast.Compare | ast.BoolOp)))
        return known

    def docstring_values(self, function: FunctionNode) -> tuple[tuple[int | float, ...], tuple[str, ...]]:
        """Numbers and quoted strings in a function's docstring."""
        numbers: dict[int | float, None] = {}
        strings: dict[str, None] = {}
        for one, two, number in _QUOTED_OR_NUMBER.findall(ast.get_docstring(function) or ""):
            if number:
                numbers[float(number) if "." in number else int(number)] = None
            else:
                strings[one or two] = None
        return tuple(numbers), tuple(strings)


class Broken(Source):
    """A file that does not parse: one place, the line where the parser stopped."""

    def __init__(self, path: str, text: str, error: SyntaxError) -> None:
        super().__init__(path, "")
        self.text = text
        self.error = error
        self.index = LineIndex(text)
        self.newline = newline(text)
        self.line = min(max(1, error.lineno or 1), len(self.index.starts))

    @cached_property
    def statements(self) -> tuple[Statement, ...]:
        """One statement that stands for the whole file: whatever a failure names in it is this place."""
        node = ast.Pass(lineno=1, col_offset=0, end_lineno=len(self.index.starts), end_col_offset=0)
        return (Statement(node, None, "<syntax>", (node,), self.tree),)

    def place(self, statement: Statement) -> str:
        return f"{self.path}::{statement.qualname}: {self.index.line_text(self.line).strip()[:80]}"


class Inventory:
    """What occurs in a file, most frequent first: gathered in one walk."""

    def __init__(self, tree: ast.Module) -> None:
        attributes: dict[str, dict[str, int]] = {}
        names: dict[str, int] = {}
        numbers: dict[tuple[type, int | float], int] = {}
        strings: dict[str, int] = {}
        used: dict[str, None] = {}
        bound: set[str] = set()
        calls: set[str] = set()
        alone: dict[str, int] = {}
        taken_from: list[str] = []
        self.keywords: dict[str, dict[str, None]] = {}
        """Keyword arguments by the name of what is called with them, or defined to take them."""
        self.imports: dict[str, str] = {}
        """Import statements by the name they give a value."""
        self.wild = False
        """Whether names may come from `import *`, `exec` or `globals()`."""
        for node in ast.walk(tree):
            match node:
                case ast.Attribute(value=value, attr=attr):
                    names[attr] = names.get(attr, 0) + 1
                    owner = dotted(value)
                    if owner:
                        counts = attributes.setdefault(owner, {})
                        counts[attr] = counts.get(attr, 0) + 1
                case ast.Name(id=name, ctx=context):
                    if isinstance(context, ast.Load):
                        used[name] = None
                    else:
                        bound.add(name)
                case ast.Constant(value=str() as value):
                    strings[value] = strings.get(value, 0) + 1
                case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
                    numbers[type(value), value] = numbers.get((type(value), value), 0) + 1
                case ast.arg(arg=name):
                    bound.add(name)
                case ast.Call(func=func, args=args, keywords=keywords):
                    calls.add(called(func))
                    if len(args) == 1 and not keywords and dotted(func):
                        alone[dotted(func)] = alone.get(dotted(func), 0) + 1
                    taken = self.keywords.setdefault(called(func), {})
                    taken.update({keyword.arg: None for keyword in keywords if keyword.arg})
                case ast.FunctionDef() | ast.AsyncFunctionDef():
                    bound.add(node.name)
                    arguments = [*node.args.args, *node.args.kwonlyargs]
                    taken = self.keywords.setdefault(node.name, {})
                    taken.update({a.arg: None for a in arguments if a.arg not in {"self", "cls"}})
                case ast.ClassDef():
                    bound.add(node.name)
                    members = attributes.setdefault("self", {})
                    for member in _members(node):
                        members.setdefault(member, 0)
                        names.setdefault(member, 0)
                case ast.Import() | ast.ImportFrom():
                    for alias in node.names:
                        name = alias.asname or alias.name.split(".")[0]
                        bound.add(name)
                        self.wild |= alias.name == "*"
                        self.imports[name] = ast.unparse(type(node)(**{**vars(node), "names": [alias]}))
                        if isinstance(node, ast.ImportFrom) and node.module != "__future__":
                            taken_from.append(name)
                case ast.ExceptHandler(name=str() as name) | ast.MatchAs(name=str() as name):
                    bound.add(name)
                case ast.MatchStar(name=str() as name) | ast.MatchMapping(rest=str() as name):
                    bound.add(name)
                case ast.Global(names=listed) | ast.Nonlocal(names=listed):
                    bound.update(listed)
        self.wild |= bool({"exec", "globals"} & used.keys())
        self.attributes = {owner: _by_count(counts) for owner, counts in attributes.items()}
        """Attribute names used or defined in the file, by the name or attribute they are taken from."""
        self.attribute_names = _by_count(names)
        self.called = frozenset(calls)
        """Names of functions and methods that the file calls."""
        self.used = frozenset(used)
        self.converters = tuple(name for name in _by_count(alone) if name.partition(".")[0] in self.imports)
        """What is imported and called with one argument, as it is written."""
        self.idle = tuple(name for name in taken_from if name not in used)
        """What is imported by name and not used."""
        self.numbers = tuple(value for _, value in _by_count(numbers))
        self.strings = _by_count(strings)
        self.unknown = frozenset() if self.wild else frozenset(used.keys() - bound - _ALWAYS_KNOWN)
        """Names that are used and have no value anywhere in the file."""


def dotted(node: ast.expr) -> str:
    """`a.b.c` of names and attributes alone, else the empty string."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""


def called(func: ast.expr) -> str:
    """The name of what is called, without what it is taken from."""
    return func.id if isinstance(func, ast.Name) else func.attr if isinstance(func, ast.Attribute) else ""


def is_docstring(node: ast.AST) -> bool:
    """Whether a statement is a constant and nothing else: a docstring, `...`."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _by_count(counts: dict[K, int]) -> tuple[K, ...]:
    return tuple(sorted(counts, key=lambda key: -counts[key]))


def _members(node: ast.ClassDef) -> Iterator[str]:
    for item in node.body:
        if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef) and not item.name.startswith("__"):
            yield item.name
        elif isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name):
            yield item.target.id


def _decorated(node: ast.stmt) -> bool:
    return bool(getattr(node, "decorator_list", None))


def _blocks(owner: ast.AST) -> Iterator[list[ast.stmt]]:
    for field in ("body", "orelse", "finalbody"):
        block = getattr(owner, field, None)
        if isinstance(block, list) and block and isinstance(block[0], ast.stmt):
            yield block
    for handler in getattr(owner, "handlers", ()):
        yield handler.body
    for case in getattr(owner, "cases", ()):
        yield case.body


def _bindings(scope: ast.AST) -> Iterator[tuple[str, int]]:
    if isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef):
        every = scope.args
        listed = [*every.posonlyargs, *every.args, *every.kwonlyargs, every.vararg, every.kwarg]
        yield from ((argument.arg, 0) for argument in listed if argument)
    stack = list(reversed(getattr(scope, "body", ())))
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id, node.lineno
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name, node.lineno
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield from ((alias.asname or alias.name.split(".")[0], node.lineno) for alias in node.names)
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
            yield node.name, getattr(node, "lineno", 0)
        if not isinstance(node, (*_NESTED, *_COMPREHENSIONS)):
            stack.extend(reversed(list(ast.iter_child_nodes(node))))
