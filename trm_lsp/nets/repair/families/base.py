"""What a family gets and gives."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, NamedTuple

from trm_lsp.core.state import Edit
from trm_lsp.nets.repair.families.binding import Binds, asked, binds, torn
from trm_lsp.nets.repair.families.kinds import kinds_by_form
from trm_lsp.nets.repair.source import Source, Statement, is_docstring

Kinds = Mapping[tuple[int, int], tuple[str, ...]]
"""Names of the types seen at run time, by the span (code points) of an expression."""
LONGEST_SHOWN = 80


@dataclass(frozen=True)
class Hints:
    """What the failing tests talk about."""

    strings: tuple[str, ...] = ()
    numbers: tuple[float | int, ...] = ()
    exceptions: tuple[str, ...] = ()
    """Names after `pytest.raises(` and `assertRaises(`."""
    undefined: tuple[str, ...] = ()
    """Names that a failure says are unknown: variables, attributes, keywords."""
    missing: tuple[str, ...] = ()
    """Parameters that a failure says were given nothing."""
    raised: tuple[str, ...] = ()
    """Names of the exceptions that the tests ended with, where no assertion failed."""
    imports: tuple[tuple[str, str, str], ...] = ()
    """How the workspace imports unknown names: the name, the statement, and the file where that stands."""


class Change(NamedTuple):
    """One typed edit: what it does in words, and how likely within its family (0 to 1)."""

    edits: tuple[Edit, ...]
    what: str
    weight: float


class Slot(NamedTuple):
    """Where an expression stands, and what may stand there."""

    start: int
    end: int
    code: str
    shown: str
    binds: Binds
    asked: Binds
    enclosed: bool
    """Whether brackets stand directly around it: line ends do no harm there."""
    outside: Binds | None
    """How tightly code must bind in place of those brackets; None where they are a call's, or are none."""
    before: str
    """The character before it: a keyword may touch an expression that begins with a bracket."""
    after: str

    def fit(self, code: str, tightness: Binds) -> str:
        """`code` as it can stand here."""
        if tightness < self.asked or (not self.enclosed and torn(code)):
            return f"({code})"
        return spaced(self.before, code, self.after)


class Site:
    """Where a family is asked: a statement, and in `expressions` one of its expressions."""

    def __init__(self, source: Source, statement: Statement, hints: Hints, kinds: Kinds | None = None) -> None:
        self.source = source
        self.statement = statement
        self.hints = hints
        self._kinds: Kinds = kinds or {}
        self._slots: dict[ast.AST, Slot] = {}

    @cached_property
    def _parents(self) -> dict[ast.AST, ast.AST]:
        return dict(self.statement.nodes())

    def parent(self, node: ast.AST) -> ast.AST:
        return self._parents[node]

    @cached_property
    def expressions(self) -> tuple[ast.expr, ...]:
        """The expressions of the statement that can be edited: not annotations, nothing whose place is unsure."""
        return tuple(node for node in self.statement.expressions() if not self._annotation(node) and self._sure(node))

    def _annotation(self, node: ast.expr) -> bool:
        """Whether an expression is (part of) a type annotation: no test can tell it from another."""
        child: ast.AST = node
        while isinstance(child, ast.expr | ast.arg | ast.arguments):
            parent = self.parent(child)
            if isinstance(parent, ast.arg | ast.AnnAssign) and parent.annotation is child:
                return True
            if isinstance(parent, ast.FunctionDef | ast.AsyncFunctionDef) and parent.returns is child:
                return True
            child = parent
        return False

    def _sure(self, node: ast.expr) -> bool:
        """Older parsers misplace what stands in f-strings: there the text must say what the tree says."""
        if self.quote(node) is None:
            return True
        if isinstance(node, ast.Constant | ast.JoinedStr):
            return False  # the literal parts: see strings.py
        try:
            return ast.dump(ast.parse(f"({self.source.code(node)}\n)", mode="eval").body) == ast.dump(node)
        except (SyntaxError, ValueError, IndexError):
            return False

    def quote(self, node: ast.AST) -> str | None:
        """The quotes of the f-string around an expression; None outside of one."""
        outermost = None
        while isinstance(node := self.parent(node), ast.expr | ast.comprehension | ast.keyword):
            if isinstance(node, ast.JoinedStr):
                outermost = node
        if outermost is None:
            return None
        return '"' if '"' in self.source.code(outermost)[:4] else "'"

    # --- what stands there ----------------------------------------------------------------------

    def slot(self, node: ast.expr) -> Slot:
        known = self._slots.get(node)
        if known is None:
            known = self._slots[node] = self._slot(node)
        return known

    def _slot(self, node: ast.expr) -> Slot:
        text = self.source.text
        start, end = self.source.span(node)
        code, before, after = text[start:end], text[start - 1 : start], text[end : end + 1]
        enclosed = before == "(" and after == ")"
        parent = self.parent(node)
        level = outside = asked(parent, node)
        if enclosed:
            level = Binds.TEST
        theirs = isinstance(parent, ast.ClassDef) or (isinstance(parent, ast.Call) and parent.func is not node)
        if isinstance(node, ast.GeneratorExp) and isinstance(parent, ast.Call) and not enclosed:
            alone = len(parent.args) == 1 and not parent.keywords
            level = Binds.ALWAYS if alone else level
        return Slot(
            start,
            end,
            code,
            shorten(code),
            binds(node, code),
            level,
            enclosed,
            None if theirs or not enclosed else outside,
            before,
            after,
        )

    def code(self, node: ast.expr) -> str:
        return self.slot(node).code

    def kinds(self, node: ast.expr) -> frozenset[str]:
        """Names of the types an expression can have; empty when nothing is known."""
        if self._kinds:
            slot = self.slot(node)
            seen = self._kinds.get((slot.start, slot.end))
            if seen:
                return frozenset(seen)
        return kinds_by_form(node)

    def kinds_of(self, name: str) -> frozenset[str]:
        """Names of the types a variable has had anywhere in the statement's function."""
        return self._kinds_by_name.get(name, frozenset())

    @cached_property
    def _kinds_by_name(self) -> dict[str, frozenset[str]]:
        if not self._kinds or self.statement.function is None:
            return {}
        text = self.source.text
        first, last = self.source.span(self.statement.function)
        found: dict[str, frozenset[str]] = {}
        for (start, end), seen in self._kinds.items():
            if first <= start and end <= last and text[start:end].isidentifier():
                name = text[start:end]
                found[name] = found.get(name, frozenset()) | frozenset(seen)
        return found

    @cached_property
    def local_names(self) -> tuple[str, ...]:
        """Local names that can have a value at the site, without `self` and `cls`."""
        return tuple(name for name in self.source.locals_of(self.statement) if name not in {"self", "cls"})

    def names(self, node: ast.AST | None = None) -> tuple[str, ...]:
        """Names that can have a value at an expression, nearest first; what a comprehension around it binds as well."""
        bound: dict[str, None] = {}
        while isinstance(node := self._parents.get(node) if node else None, ast.expr | ast.comprehension | ast.keyword):
            if isinstance(node, ast.Lambda):
                bound.update({argument.arg: None for argument in node.args.args})
            for generator in getattr(node, "generators", ()):
                bound.update({n.id: None for n in ast.walk(generator.target) if isinstance(n, ast.Name)})
        if not bound:
            return self.local_names
        return tuple(dict.fromkeys([*bound, *self.local_names]))

    @cached_property
    def unread(self) -> frozenset[str]:
        """Names that are bound for the statement and never read: perhaps what they were meant for is missing."""
        scopes = [node for node, _ in self.statement.nodes() if hasattr(node, "generators")]
        if self.statement.function is not None:
            scopes.append(self.statement.function)
        return frozenset(name for scope in scopes for name in never_read(scope))

    @cached_property
    def statements_here(self) -> tuple[Statement, ...]:
        """The statements of the same function (of the module outside of one), nearest first, the site's own aside."""
        function, line = self.statement.function, self.statement.node.lineno
        same = (s for s in self.source.statements if s.function is function and s is not self.statement)
        return tuple(sorted(same, key=lambda s: abs(s.node.lineno - line)))

    @cached_property
    def conditions_here(self) -> tuple[str, ...]:
        """Conditions of the same function, nearest first: what `if` and `while` ask, and parts of it."""
        found: dict[str, None] = {}
        for other in self.statements_here[:60]:
            test = getattr(other.node, "test", None)
            if isinstance(test, ast.expr):
                for part in test.values if isinstance(test, ast.BoolOp) else [test]:
                    found[self.source.code(part)] = None
        return tuple(code for code in found if "\n" not in code and len(code) < LONGEST_SHOWN)[:8]

    @property
    def last_line(self) -> int:
        return self.statement.node.end_lineno or self.statement.node.lineno

    @cached_property
    def indent(self) -> str:
        return self.source.index.indent(self.statement.node.lineno)

    @cached_property
    def unit(self) -> str:
        """One level of indentation, as the file has it: that of the nearest block."""
        for outer in self.statement.around:
            inner, own = self.indent, self.source.index.indent(outer.node.lineno)
            if inner.startswith(own) and len(inner) > len(own) and isinstance(self.statement.parent, ast.AST):
                body = getattr(outer.node, "body", None)
                if body and isinstance(body[0], ast.stmt) and body[0].lineno > outer.node.lineno:
                    return self.source.index.indent(body[0].lineno)[len(own) :] or "    "
        return "    "

    @cached_property
    def alone(self) -> bool:
        return self.source.alone(self.statement.node)

    @cached_property
    def first_in_function(self) -> bool:
        """Whether it is the first statement of its function, the docstring aside."""
        statement = self.statement
        if statement.function is None or statement.parent is not statement.function:
            return False
        return next((node for node in statement.block if not is_docstring(node)), None) is statement.node

    # --- changes --------------------------------------------------------------------------------

    def swap(self, node: ast.expr, code: str, weight: float, tightness: Binds = Binds.ATOM) -> Change:
        """Replace an expression by code that binds so tightly, in brackets where it would be torn apart."""
        slot = self.slot(node)
        what = f"`{slot.shown}` → `{shorten(code)}`"
        start, end, new = slot.start, slot.end, slot.fit(code, tightness)
        if slot.outside is not None and tightness >= slot.outside and not torn(code):
            # Brackets that are needed no more go with what they held.
            start, end = start - 1, end + 1
            text = self.source.text
            new = spaced(text[start - 1 : start], code, text[end : end + 1])
        return Change((Edit(self.source.path, start, end, new),), what, weight)

    def rename(self, node: ast.Attribute, other: str, weight: float) -> Change:
        """Another attribute of the same object: its name alone is replaced."""
        end = self.slot(node).end
        edit = Edit(self.source.path, end - len(node.attr), end, other)
        return Change((edit,), f"`{self.slot(node).shown}` → `.{other}`", weight)

    def put(self, node: ast.expr, other: ast.expr, weight: float) -> Change:
        """Replace an expression by the code of another one of the statement."""
        slot = self.slot(other)
        return self.swap(node, slot.code, weight, slot.binds)

    def operand(self, node: ast.expr, least: Binds) -> str:
        """The code of `node` as it can stand in an operation that asks for `least`."""
        slot = self.slot(node)
        return f"({slot.code})" if slot.binds < least or torn(slot.code) else slot.code

    def operator(self, left: ast.expr, right: ast.expr, pattern: str, new: str) -> Edit | None:
        """Replace the operator between two operands; None when it cannot be found for sure."""
        start, end = self.slot(left).end, self.slot(right).start
        found = list(re.finditer(pattern, self.source.text[start:end]))
        if len(found) != 1:
            return None
        first, last = start + found[0].start(), start + found[0].end()
        text = self.source.text
        return Edit(self.source.path, first, last, spaced(text[first - 1 : first], new, text[last : last + 1]))

    def before(self, code: str, weight: float) -> Change:
        """A new line (or lines, joined by line ends) before the statement."""
        start = self.source.whole_lines(self.statement.node)[0]
        return Change((self._lines(start, code),), f"`{shorten(code)}` added before `{self.head}`", weight)

    def behind(self, code: str, weight: float) -> Change:
        """A new line (or lines, joined by line ends) after the statement."""
        end = self.source.whole_lines(self.statement.node)[1]
        return Change((self._lines(end, code),), f"`{shorten(code)}` added after `{self.head}`", weight)

    def _lines(self, at: int, code: str) -> Edit:
        newline = self.source.newline
        return Edit(self.source.path, at, at, "".join(f"{self.indent}{line}{newline}" for line in code.split("\n")))

    @cached_property
    def head(self) -> str:
        """The statement's first line, to be shown."""
        return self.source.index.line_text(self.statement.node.lineno).strip()[:LONGEST_SHOWN]


@functools.lru_cache(maxsize=512)
def never_read(scope: ast.AST) -> frozenset[str]:
    """Parameters and variables of a function or comprehension that nothing in it reads."""
    bound: set[str] = set()
    read: set[str] = set()
    for node in ast.walk(scope):
        if isinstance(node, ast.arg):
            bound.add(node.arg)
        elif isinstance(node, ast.Name):
            (read if isinstance(node.ctx, ast.Load) else bound).add(node.id)
        elif isinstance(node, ast.Global | ast.Nonlocal):
            read.update(node.names)
    return frozenset(name for name in bound - read if not name.startswith("_") and name not in {"self", "cls"})


def shorten(code: str) -> str:
    """Code to be shown in a sentence: one line, not too long."""
    line = "; ".join(part.strip() for part in code.split("\n")) if "\n" in code else code
    return line if len(line) <= LONGEST_SHOWN else f"{line[: LONGEST_SHOWN - 1]}…"


def stored(node: ast.AST) -> bool:
    """Whether an expression is assigned to or deleted."""
    return isinstance(getattr(node, "ctx", None), ast.Store | ast.Del)


def spaced(before: str, code: str, after: str) -> str:
    """Code between two characters, with a space where it would run into them."""
    if _touches(before, code[:1]):
        code = f" {code}"
    return f"{code} " if _touches(code[-1:], after) else code


def _touches(one: str, other: str) -> bool:
    return bool(one and other) and (one.isalnum() or one == "_") and (other.isalnum() or other in "_'\"")


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
