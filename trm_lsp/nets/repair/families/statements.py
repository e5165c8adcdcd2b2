"""Statements: removed, moved, inserted, ended."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from trm_lsp.core.state import Edit
from trm_lsp.nets.repair.families.base import Change, Family, Site

SIMPLE = (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Expr, ast.Return, ast.Break, ast.Continue, ast.Raise)


def _docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


class Jump(Family):
    name, prior = "jump", 0.6
    reason = "a loop is left where it should go on, or the other way round"

    def at_statement(self, site: Site) -> Iterator[Change]:
        node = site.statement.node
        if isinstance(node, ast.Break | ast.Continue):
            swap = "continue" if isinstance(node, ast.Break) else "break"
            old = site.source.code(node)
            yield Change((site.source.replace(node, swap),), f"`{old}` → `{swap}`", 1.0)
            yield Change((site.source.replace(node, "pass"),), f"`{old}` removed", 0.5)


class Move(Family):
    name, prior, cost = "move", 0.6, 2
    reason = "a statement stands one block too deep or too shallow"

    def at_statement(self, site: Site) -> Iterator[Change]:
        statement = site.statement
        node, block = statement.node, statement.block
        if not isinstance(node, SIMPLE) or _docstring(node) or node.lineno != (node.end_lineno or node.lineno):
            return
        yield from self._out(site)
        index = block.index(node)
        if index > 0:
            yield from self._into(site, block[index - 1])

    def _out(self, site: Site) -> Iterator[Change]:
        """The last statement of a block, moved behind the block."""
        statement, source = site.statement, site.source
        parent = statement.parent
        alone = len(statement.block) == 1
        if statement.block[-1] is not statement.node or alone or not isinstance(parent, ast.stmt):
            return
        if isinstance(parent, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            return
        start, end = source.whole_lines(statement.node)
        line = source.index.indent(parent.lineno) + source.text[start:end].lstrip(" \t")
        behind = source.whole_lines(parent)[1]
        what = f"`{source.code(statement.node)}` moved out of the block"
        if behind == end:
            yield Change((Edit(source.path, start, end, line),), what, 0.9)
        else:
            yield Change((Edit(source.path, start, end, ""), Edit(source.path, behind, behind, line)), what, 0.5)

    def _into(self, site: Site, before: ast.stmt) -> Iterator[Change]:
        """A statement that follows a block, moved to the end of the block."""
        source, node = site.source, site.statement.node
        body = getattr(before, "body", None)
        if not (isinstance(body, list) and isinstance(before, ast.If | ast.For | ast.While | ast.With)):
            return
        deepest = body
        start, end = source.whole_lines(node)
        what = f"`{source.code(node)}` moved into the block above"
        while deepest:
            last = deepest[-1]
            if not getattr(before, "orelse", None) and source.whole_lines(last)[1] == start:
                indent = source.index.indent(last.lineno)
                line = indent + source.text[start:end].lstrip(" \t")
                yield Change((Edit(source.path, start, end, line),), what, 0.8)
            deepest = last.body if isinstance(last, ast.If | ast.For | ast.While | ast.With) else []


class Swap(Family):
    name, prior, cost = "swap-lines", 0.45, 3
    reason = "two statements stand in the wrong order"

    def at_statement(self, site: Site) -> Iterator[Change]:
        node, block, source = site.statement.node, site.statement.block, site.source
        index = block.index(node)
        if index + 1 >= len(block) or _docstring(node):
            return
        following = block[index + 1]
        fixed = ast.Return | ast.Raise | ast.Break | ast.Continue
        defined = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
        if isinstance(node, fixed | defined) or isinstance(following, defined) or _docstring(following):
            return
        a, b = source.whole_lines(node), source.whole_lines(following)
        if a[1] <= b[0] and source.text[: b[1]].endswith(("\n", "\r")):
            between = source.text[a[1] : b[0]]
            new = source.text[b[0] : b[1]] + between + source.text[a[0] : a[1]]
            yield Change(
                (Edit(source.path, a[0], b[1], new),), f"`{_head(source.code(node))}` one statement later", 0.6
            )


class Remove(Family):
    name, prior, cost = "remove", 0.35, 3
    reason = "a statement is too much"

    def at_statement(self, site: Site) -> Iterator[Change]:
        node, block, source = site.statement.node, site.statement.block, site.source
        if _docstring(node) or isinstance(
            node,
            ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom | ast.Pass,
        ):
            return
        what = f"`{_head(source.code(node))}` removed"
        start, end = source.whole_lines(node)
        first, last = source.span(node)
        beside = source.text[start:first] + source.text[last:end].partition("#")[0]
        if beside.strip():
            return  # it shares its line with another statement
        if len(block) > 1:
            yield Change((Edit(source.path, start, end, ""),), what, 0.6)
        else:
            yield Change((source.replace(node, "pass"),), what, 0.4)
        if isinstance(node, ast.If) and not node.orelse:
            indent = source.index.indent(node.lineno)
            inner = source.index.indent(node.body[0].lineno)
            first = source.whole_lines(node.body[0])[0]
            if first > start:
                body = source.text[first:end].replace(inner, indent, 1)
                lines = body.replace(source.newline + inner, source.newline + indent)
                yield Change((Edit(source.path, start, end, lines),), f"always: {what}", 0.5)


class Guard(Family):
    name, prior, cost = "guard", 0.25, 3
    reason = "a special case is not handled"

    def answers(self, site: Site) -> Iterator[str]:
        yield from ("None", "0", "[]", "False", "True", "''")

    def at_statement(self, site: Site) -> Iterator[Change]:
        """At the top of a function: answer at once when an argument is empty or missing."""
        statement, source = site.statement, site.source
        function = statement.function
        if function is None or statement.parent is not function:
            return
        body = [node for node in function.body if not _docstring(node)]
        if not body or body[0] is not statement.node:
            return
        indent = source.index.indent(statement.node.lineno)
        start = source.index.starts[statement.node.lineno - 1]
        names = [argument.arg for argument in function.args.args if argument.arg not in {"self", "cls"}]
        for name in names[:4]:
            for test, weight in ((f"not {name}", 0.7), (f"{name} is None", 0.4), (f"len({name}) < 2", 0.2)):
                for answer in self.answers(site):
                    code = f"{indent}if {test}:{source.newline}{indent}    return {answer}{source.newline}"
                    edit = Edit(source.path, start, start, code)
                    yield Change((edit,), f"`if {test}: return {answer}` added", weight)


class SpecialCase(Guard):
    name, prior, cost = "special-case", 0.1, 3
    reason = "an answer that a test expects is given for an empty or missing argument"

    def answers(self, site: Site) -> Iterator[str]:
        yield from map(repr, [*site.hints.numbers[:4], *site.hints.strings[:4]])


class Step(Family):
    name, prior, cost = "step", 0.3, 3
    reason = "a step of the computation is missing"

    def at_statement(self, site: Site) -> Iterator[Change]:
        """Behind a simple statement in a block: count, collect, or leave the loop."""
        statement, source = site.statement, site.source
        node, function = statement.node, statement.function
        if function is None or not isinstance(node, ast.Assign | ast.AugAssign | ast.Expr) or _docstring(node):
            return
        end = source.whole_lines(node)[1]
        if not source.text[:end].endswith(("\n", "\r")):
            return
        indent = source.index.indent(node.lineno)
        inserted: dict[str, float] = {}
        for name in [n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]:
            inserted |= {f"{name} += 1": 0.4, f"{name} -= 1": 0.25}
        if isinstance(statement.parent, ast.If | ast.For | ast.While):
            inserted |= {"break": 0.4, "continue": 0.3}
        for other in ast.walk(function):
            simple = isinstance(other, SIMPLE) and other is not node and not _docstring(other)
            if isinstance(other, ast.stmt) and simple and "\n" not in source.code(other):
                inserted.setdefault(source.code(other), 0.15)
        if statement.block[-1] is node and statement.parent is function:
            inserted |= {f"return {name}": 0.8 for name in site.names() if name not in {"self", "cls"}}
        for code, weight in inserted.items():
            line = f"{indent}{code}{source.newline}"
            yield Change(
                (Edit(source.path, end, end, line),), f"`{code}` added after `{_head(source.code(node))}`", weight
            )


def _head(code: str) -> str:
    return code.splitlines()[0][:80]


STATEMENTS: tuple[Family, ...] = (Jump(), Move(), Swap(), Remove(), Guard(), SpecialCase(), Step())
