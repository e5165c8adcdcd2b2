"""Blocks: statements moved in, out, up and down, removed, repeated."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from trm_lsp.core.state import Edit
from trm_lsp.nets.repair.families.base import Change, Family, Site, shorten
from trm_lsp.nets.repair.source import Source, is_docstring

SIMPLE = (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Expr, ast.Return, ast.Break, ast.Continue, ast.Raise)
DEFINED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
HEADS = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith)
MOST_LINES = 40
"""Blocks longer than this are not shifted as a whole."""
MOST_MOVED = 5
"""Statements that are put in an `else` together, at most."""
MOST_REMOVED = 4
"""Statements that are removed together, at most."""


def shifted(source: Source, start: int, end: int, old: str, new: str) -> str | None:
    """The lines from `start` to `end` with another indentation; None when a line has less than the old one."""
    lines = source.text[start:end].splitlines(keepends=True)
    if len(lines) > MOST_LINES:
        return None
    moved: list[str] = []
    for line in lines:
        if line.startswith(old):
            moved.append(new + line[len(old) :])
        elif not line.strip():
            moved.append(line)
        else:
            return None
    return "".join(moved)


def chained(source: Source, node: ast.stmt) -> bool:
    """Whether a statement is an `elif`: nothing can stand before it, and it cannot move."""
    return isinstance(node, ast.If) and source.text.startswith("elif", source.span(node)[0])


def _multiline_text(node: ast.stmt) -> bool:
    """Whether a string goes over several lines: shifting them would change it."""
    return any(
        isinstance(inner, ast.Constant | ast.JoinedStr) and (inner.end_lineno or inner.lineno) > inner.lineno
        for inner in ast.walk(node)
    )


class Move(Family):
    name, prior, cost = "move", 0.6, 2
    reason = "a statement stands one block too deep or too shallow"

    def at_statement(self, site: Site) -> Iterator[Change]:
        statement = site.statement
        node, block = statement.node, statement.block
        if is_docstring(node) or isinstance(node, DEFINED) or not site.alone or _multiline_text(node):
            return
        if chained(site.source, node):
            return
        yield from self._out(site)
        index = block.index(node)
        if index > 0:
            yield from self._into(site, block[index - 1])

    def _out(self, site: Site) -> Iterator[Change]:
        """The last statements of a block, from this one on, moved behind the block."""
        statement, source = site.statement, site.source
        parent, block = statement.parent, statement.block
        if isinstance(parent, DEFINED) or not isinstance(parent, ast.stmt) or block[0] is statement.node:
            return
        start, end = source.whole_lines(statement.node)[0], source.whole_lines(block[-1])[1]
        outer = source.index.indent(parent.lineno)
        lines = shifted(source, start, end, site.indent, outer)
        if lines is None or not source.text[:end].endswith(("\n", "\r")):
            return
        last = block[-1] is statement.node
        many = "" if last else " and what follows in the block"
        behind = source.whole_lines(parent)[1]
        what = f"`{site.head}`{many} moved out of the block"
        if behind == end:
            yield Change((Edit(source.path, start, end, lines),), what, 0.9 if last else 0.5)
        elif last:
            yield Change((Edit(source.path, start, end, ""), Edit(source.path, behind, behind, lines)), what, 0.5)
        above = source.whole_lines(parent)[0]
        if last and not chained(source, parent):
            yield Change((Edit(source.path, above, above, lines), Edit(source.path, start, end, "")),
                         f"`{site.head}` moved before the block", 0.4)  # fmt: skip

    def _into(self, site: Site, before: ast.stmt) -> Iterator[Change]:
        """A statement that follows a block, moved to the end of the block."""
        source, node = site.source, site.statement.node
        start, end = source.whole_lines(node)
        deepest = _last_block(before)
        while deepest:
            last = deepest[-1]
            indent = source.index.indent(last.lineno)
            if len(indent) > len(site.indent) and _alone_before(source, last, start):
                lines = shifted(source, start, end, site.indent, indent)
                if lines is not None:
                    yield Change(
                        (Edit(source.path, start, end, lines),), f"`{site.head}` moved into the block above", 0.8
                    )
            deepest = _last_block(last)


def _alone_before(source: Source, last: ast.stmt, start: int) -> bool:
    between = source.text[source.whole_lines(last)[1] : start]
    return all(not line.strip() or line.strip().startswith("#") for line in between.splitlines())


def _last_block(node: ast.stmt) -> list[ast.stmt]:
    """The statements at the end of a compound statement."""
    if not isinstance(node, (*HEADS, ast.Try)):
        return []
    for field in ("finalbody", "orelse"):
        if getattr(node, field, None):
            return list(getattr(node, field))
    handlers = getattr(node, "handlers", None)
    return list(handlers[-1].body) if handlers else list(node.body)


class Take(Family):
    name, prior, cost = "take", 0.4, 3
    reason = "the statement below belongs into the block, or one from the block's beginning before it"

    def at_statement(self, site: Site) -> Iterator[Change]:
        statement, source = site.statement, site.source
        node, block = statement.node, statement.block
        index = block.index(node)
        if (
            not site.alone
            or isinstance(node, (*HEADS, *DEFINED, ast.Try))
            or is_docstring(node)
            or _multiline_text(node)
        ):
            return
        start, end = source.whole_lines(node)
        if index + 1 < len(block) and isinstance(block[index + 1], HEADS):
            following = block[index + 1]
            first = following.body[0]  # type: ignore[attr-defined]
            if first.lineno > following.lineno:
                at = source.whole_lines(first)[0]
                lines = shifted(source, start, end, site.indent, source.index.indent(first.lineno))
                if lines is not None and at >= end:
                    edits = (Edit(source.path, start, end, ""), Edit(source.path, at, at, lines))
                    yield Change(edits, f"`{site.head}` moved into the block below", 0.5)
        parent = statement.parent
        if len(block) > 1 and isinstance(parent, HEADS) and parent.body[0] is node and not chained(source, parent):
            above = source.whole_lines(parent)[0]
            lines = shifted(source, start, end, site.indent, source.index.indent(parent.lineno))
            if lines is not None and above < start:
                edits = (Edit(source.path, above, above, lines), Edit(source.path, start, end, ""))
                yield Change(edits, f"`{site.head}` moved before the block", 0.5)


class Otherwise(Family):
    name, prior, cost = "otherwise", 0.5, 2
    reason = "what is done after a branch is meant for when the branch is not taken"

    def at_statement(self, site: Site) -> Iterator[Change]:
        """The statement behind an `if`, and those that follow it, put in its `else`."""
        statement, source = site.statement, site.source
        block = statement.block
        index = block.index(statement.node)
        before = block[index - 1] if index else None
        if not isinstance(before, ast.If) or _decides(before) or not site.alone or not source.alone(before):
            return
        start = source.whole_lines(statement.node)[0]
        rest = block[index : index + MOST_MOVED]
        for count, last in enumerate(rest, 1):
            if isinstance(last, DEFINED) or _multiline_text(last) or not source.alone(last):
                return
            end = source.whole_lines(last)[1]
            lines = shifted(source, start, end, site.indent, site.indent + site.unit)
            if lines is None:
                return
            many = f" and {count - 1} more" if count > 1 else ""
            code = f"{site.indent}else:{source.newline}{lines}"
            weight = 0.9 if last is block[-1] else 0.6 if count == 1 else 0.4
            yield Change((Edit(source.path, start, end, code),), f"`{site.head}`{many} moved into an `else`", weight)


def _decides(node: ast.If) -> bool:
    """Whether an `if` has an `else`, or its body always leaves: then what follows is its `else` already."""
    while True:
        if isinstance(node.body[-1], ast.Return | ast.Raise | ast.Break | ast.Continue) and not node.orelse:
            return True
        match node.orelse:
            case []:
                return False
            case [ast.If() as node]:
                continue
            case _:
                return True


class SwapLines(Family):
    name, prior, cost = "swap-lines", 0.45, 3
    reason = "two statements stand in the wrong order"

    def at_statement(self, site: Site) -> Iterator[Change]:
        node, block, source = site.statement.node, site.statement.block, site.source
        index = block.index(node)
        if index + 1 >= len(block) or is_docstring(node):
            return
        following = block[index + 1]
        fixed = (ast.Return, ast.Raise, ast.Break, ast.Continue, ast.Import, ast.ImportFrom)
        if isinstance(node, (*fixed, *DEFINED)):
            return
        if isinstance(following, DEFINED) or is_docstring(following):
            return
        if chained(source, node):
            return
        a, b = source.whole_lines(node), source.whole_lines(following)
        if a[1] <= b[0] and source.alone(node) and source.alone(following):
            between = source.text[a[1] : b[0]]
            new = source.text[b[0] : b[1]] + between + source.text[a[0] : a[1]]
            yield Change((Edit(source.path, a[0], b[1], new),), f"`{site.head}` one statement later", 0.6)


class Remove(Family):
    name, prior, cost = "remove", 0.35, 3
    reason = "a statement is too much"

    def at_statement(self, site: Site) -> Iterator[Change]:
        node, block, source = site.statement.node, site.statement.block, site.source
        if is_docstring(node) or isinstance(node, (*DEFINED, ast.Import, ast.ImportFrom, ast.Pass)):
            return
        start, end = source.whole_lines(node)
        first, last = source.span(node)
        beside = source.text[start:first] + source.text[last:end].partition("#")[0]
        if beside.strip():
            return  # it shares its line with another statement
        what = f"`{site.head}` removed"
        if chained(source, node):
            yield from self._without_branch(site, what)
            return
        if len(block) > 1:
            yield Change((Edit(source.path, start, end, ""),), what, 0.6)
        else:
            yield Change((source.replace(node, "pass"),), what, 0.4)
        if isinstance(node, (*HEADS, ast.Try)) and node.body[0].lineno > node.lineno:
            yield from self._bare(site, what)
        if isinstance(node, (*HEADS, ast.Try)):
            yield from self._without_else(site)

    def _bare(self, site: Site, what: str) -> Iterator[Change]:
        """The body without its head; only the head's own block is kept."""
        source, node = site.source, site.statement.node
        body = list(node.body)  # type: ignore[attr-defined]
        start, end = source.whole_lines(node)
        first, last = source.whole_lines(body[0])[0], source.whole_lines(body[-1])[1]
        inner = source.index.indent(body[0].lineno)
        lines = shifted(source, first, last, inner, site.indent)
        if lines is not None and not _multiline_text(node):
            yield Change((Edit(source.path, start, end, lines),), f"always: {what}", 0.5)
        orelse = getattr(node, "orelse", None)
        if isinstance(node, ast.If) and orelse and not chained(source, orelse[0]):
            first, last = source.whole_lines(orelse[0])[0], source.whole_lines(orelse[-1])[1]
            lines = shifted(source, first, last, source.index.indent(orelse[0].lineno), site.indent)
            if lines is not None and orelse[0].lineno > body[-1].lineno and not _multiline_text(node):
                yield Change((Edit(source.path, start, end, lines),), f"never: {what}", 0.4)

    def _without_else(self, site: Site) -> Iterator[Change]:
        """The block without `else`, or with what stands there always done."""
        source, node = site.source, site.statement.node
        orelse = getattr(node, "orelse", None)
        if not orelse or chained(source, orelse[0]):
            return
        before = getattr(node, "handlers", None)
        body_end = source.whole_lines((before[-1].body if before else node.body)[-1])[1]  # type: ignore[attr-defined]
        first, last = source.whole_lines(orelse[0])[0], source.whole_lines(orelse[-1])[1]
        if first <= body_end or "else" not in source.text[body_end:first] or getattr(node, "finalbody", None):
            return
        yield Change((Edit(source.path, body_end, last, ""),), f"`else` of `{site.head}` removed", 0.5)
        lines = shifted(source, first, last, source.index.indent(orelse[0].lineno), site.indent)
        if lines is not None and not _multiline_text(node):
            yield Change((Edit(source.path, body_end, last, lines),), f"`else` of `{site.head}` is done always", 0.6)

    def _without_branch(self, site: Site, what: str) -> Iterator[Change]:
        source, node = site.source, site.statement.node
        start = source.whole_lines(node)[0]
        end = source.whole_lines(node.body[-1])[1]  # type: ignore[attr-defined]
        if source.text[:end].endswith(("\n", "\r")):
            yield Change((Edit(source.path, start, end, ""),), what, 0.6)


class RemoveSeveral(Family):
    name, prior, cost = "remove-several", 0.4, 2
    reason = "several statements do something that must not be done"

    def at_statement(self, site: Site) -> Iterator[Change]:
        """The statement and those that follow it in its block, up to four."""
        node, block, source = site.statement.node, site.statement.block, site.source
        index = block.index(node)
        if site.statement.function is None or chained(source, node):
            return
        last = node
        for count, following in enumerate(block[index : index + MOST_REMOVED], 1):
            if isinstance(following, DEFINED) or is_docstring(following) or not source.alone(following):
                return
            last = following
            if count > 1:
                what = f"`{site.head}` and {count - 1} more removed"
                if len(block) > count:
                    edit = Edit(source.path, source.whole_lines(node)[0], source.whole_lines(last)[1], "")
                else:
                    edit = Edit(source.path, source.span(node)[0], source.span(last)[1], "pass")
                yield Change((edit,), what, 2.0 / count)


class Echo(Family):
    name, prior, cost = "echo", 0.2, 3
    reason = "what is done with one variable must be done with another one as well"

    def at_statement(self, site: Site) -> Iterator[Change]:
        node, source = site.statement.node, site.source
        if not isinstance(node, ast.Assign | ast.AugAssign | ast.Expr) or is_docstring(node) or not site.alone:
            return
        code = source.code(node)
        if "\n" in code or "\r" in code:
            return
        used = dict.fromkeys(n.id for n in ast.walk(node) if isinstance(n, ast.Name))
        for name in used:
            for other in site.local_names[:10]:
                if other != name and name not in {"self", "cls"} and name in site.local_names:
                    yield site.behind(re.sub(rf"(?<![\w.]){re.escape(name)}(?!\w)", other, code), 0.6)
        yield site.behind(code, 0.2)


class Inside(Family):
    name, prior, cost = "inside", 0.2, 3
    reason = "a statement is done always where it should depend on something"

    def at_statement(self, site: Site) -> Iterator[Change]:
        node = site.statement.node
        if not isinstance(node, SIMPLE) or is_docstring(node) or not site.alone or site.statement.function is None:
            return
        used = [n.id for n in ast.walk(node) if isinstance(n, ast.Name)]
        names = [name for name in dict.fromkeys([*used, *site.local_names]) if name in site.local_names][:8]
        conditions = dict.fromkeys(site.conditions_here, 0.6)
        for name in names:
            conditions |= {name: 0.7, f"not {name}": 0.4, f"{name} is not None": 0.5, f"{name} > 0": 0.3}
        for one in names[:5]:
            for other in names[:5]:
                if one != other:
                    conditions |= {f"{one} not in {other}": 0.35, f"{one} < {other}": 0.25}
                    if one < other:
                        conditions |= {f"{one} != {other}": 0.3}
        changes = (only_if(site, condition, weight) for condition, weight in conditions.items())
        yield from (change for change in changes if change)


def only_if(site: Site, condition: str, weight: float) -> Change | None:
    """The statement under a condition; None where its lines cannot be shifted."""
    node, source = site.statement.node, site.source
    start, end = source.whole_lines(node)
    lines = shifted(source, start, end, site.indent, site.indent + site.unit)
    if lines is None or _multiline_text(node):
        return None
    code = f"{site.indent}if {condition}:{source.newline}{lines}"
    what = f"`{shorten(source.code(node))}` only if `{condition}`"
    return Change((Edit(source.path, start, end, code),), what, weight)


BLOCKS: tuple[Family, ...] = (Move(), Take(), Otherwise(), SwapLines(), Remove(), RemoveSeveral(), Echo(), Inside())
