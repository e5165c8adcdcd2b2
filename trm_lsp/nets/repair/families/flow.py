"""Flow: jumps, branches, loops, results."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from trm_lsp.core.state import Edit
from trm_lsp.nets.repair.families.base import Change, Family, Site
from trm_lsp.nets.repair.source import called, is_docstring


class Jump(Family):
    name, prior = "jump", 0.6
    reason = "a loop is left where it should go on, or the other way round"

    def at_statement(self, site: Site) -> Iterator[Change]:
        node = site.statement.node
        words = {ast.Break: "break", ast.Continue: "continue", ast.Pass: "pass"}
        own = words.get(type(node))
        if own is None:
            return
        looped = site.statement.looped
        instead: dict[str, float] = {"pass": 0.5}
        if looped:
            instead |= {"break": 1.0 if own == "continue" else 0.5, "continue": 1.0 if own == "break" else 0.5}
        if site.statement.function is not None:
            instead |= {"return": 0.3, "return True": 0.3, "return False": 0.3, "return None": 0.2}
            instead |= {f"return {name}": 0.25 for name in site.local_names[:6]}
        if own == "pass":
            instead |= {"raise": 0.4}
        for code, weight in instead.items():
            if code != own:
                yield Change((site.source.replace(node, code),), f"`{own}` → `{code}`", weight)


class Branch(Family):
    name, prior = "branch", 0.6
    reason = "a branch excludes another one, or fails to; a loop runs once, or a decision again and again"

    def at_statement(self, site: Site) -> Iterator[Change]:
        node, source = site.statement.node, site.source
        if not isinstance(node, ast.If | ast.While):
            return
        start = source.span(node)[0]
        keyword = re.match(r"elif|if|while", source.text[start:])
        if keyword is None:
            return
        word = keyword.group()
        instead: dict[str, float] = {}
        if word == "elif" and not node.orelse:
            instead = {"if": 1.0}
        elif word == "if":
            before = self._before(site)
            if isinstance(before, ast.If) and not self._has_else(before):
                instead["elif"] = 1.0
            if not node.orelse:
                instead["while"] = 0.6
        elif word == "while" and not _jumps(node):
            instead["if"] = 0.6
        for other, weight in instead.items():
            edit = Edit(source.path, start, start + len(word), other)
            yield Change((edit,), f"`{site.head}` with `{other}`", weight)
        if word == "elif" and node.orelse:
            # The first `else` or `elif` after it goes with it, and so does what they mean.
            yield Change((Edit(source.path, start, start + 4, "if"),), f"`{site.head}` with `if`", 0.9)

    def _before(self, site: Site) -> ast.stmt | None:
        block = site.statement.block
        index = block.index(site.statement.node)
        return block[index - 1] if index else None

    def _has_else(self, node: ast.If) -> bool:
        while len(node.orelse) == 1 and isinstance(node.orelse[0], ast.If):
            node = node.orelse[0]
        return bool(node.orelse)


def _jumps(node: ast.AST) -> bool:
    return any(isinstance(inner, ast.Break | ast.Continue) for inner in ast.walk(node))


class Result(Family):
    name, prior, cost = "result", 0.6, 2
    reason = "a value is computed and not returned, raised or kept, or the other way round"

    def at_statement(self, site: Site) -> Iterator[Change]:
        node, source = site.statement.node, site.source
        start, end = source.span(node)
        inside = site.statement.function is not None
        match node:
            case ast.Expr(value=value) if not is_docstring(node) and not isinstance(value, ast.Yield | ast.YieldFrom):
                code = source.code(value)
                made = called(value.func) if isinstance(value, ast.Call) else ""
                if inside and not isinstance(value, ast.Await):
                    yield self._prefixed(site, start, "return ", 0.7)
                if made[:1].isupper():
                    yield self._prefixed(site, start, "raise ", 1.0)
                if isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute):
                    # Methods of immutable values give a new one.
                    owner = source.code(value.func.value)
                    if "\n" not in owner and "(" not in owner:
                        yield self._prefixed(site, start, f"{owner} = ", 0.8)
                if isinstance(value, ast.Call) and made == "print" and len(value.args) == 1 and inside:
                    argument = source.code(value.args[0])
                    yield Change(
                        (Edit(source.path, start, end, f"return {argument}"),), f"`{site.head}` → `return`", 0.6
                    )
                if inside:
                    for name in site.local_names[:6]:
                        yield self._prefixed(site, start, f"{name} = ", 0.3)
                if isinstance(value, ast.Compare) and len(value.ops) == 1 and isinstance(value.ops[0], ast.Eq):
                    edit = site.operator(value.left, value.comparators[0], "==", "=")
                    if edit and isinstance(value.left, ast.Name | ast.Attribute | ast.Subscript):
                        yield Change((edit,), f"`{code}` with `=`", 1.0)
            case ast.Return(value=ast.expr() as value):
                code = source.text[start + len("return") : end].strip()
                generates = any(
                    isinstance(s.node, ast.Expr) and isinstance(s.node.value, ast.Yield) for s in site.statements_here
                )
                yield Change(
                    (Edit(source.path, start, start + 6, "yield"),),
                    f"`{site.head}` → `yield`",
                    0.7 if generates else 0.2,
                )
                if isinstance(value, ast.Call):
                    yield Change((Edit(source.path, start, end, code),), f"`{site.head}` without `return`", 0.3)
                    if called(value.func).endswith(("Error", "Exception")):
                        yield Change((Edit(source.path, start, start + 6, "raise"),), f"`{site.head}` → `raise`", 1.0)
                if isinstance(value, ast.Name):
                    for name in site.local_names[:5]:
                        if name != value.id:
                            yield Change((Edit(source.path, start, end, f"return {value.id}, {name}"),),
                                         f"`{name}` returned as well", 0.3)  # fmt: skip
            case ast.Return():
                for name in site.local_names[:8]:
                    yield Change((Edit(source.path, start, end, f"return {name}"),), f"`return` → `return {name}`", 0.7)
                for answer in ("None", "True", "False", "0", "[]", "''"):
                    yield Change(
                        (Edit(source.path, start, end, f"return {answer}"),), f"`return` → `return {answer}`", 0.4
                    )
            case ast.Expr(value=ast.Yield(value=ast.expr() as value)):
                at = source.span(value)[0]
                yield Change((Edit(source.path, at, at, "from "),), f"`{site.head}` → `yield from`", 0.9)
                yield Change((Edit(source.path, start, start + 5, "return"),), f"`{site.head}` → `return`", 0.4)
            case ast.Expr(value=ast.YieldFrom(value=value)):
                at = source.span(value)[0]
                yield Change((Edit(source.path, start + 5, at, " "),), f"`{site.head}` → `yield`", 0.9)
            case ast.Raise(exc=ast.expr() as value):
                if inside:
                    yield Change((Edit(source.path, start, start + 5, "return"),), f"`{site.head}` → `return`", 0.3)
                if isinstance(site.statement.parent, ast.ExceptHandler) and node.cause is None:
                    yield Change((Edit(source.path, start, end, "raise"),), f"`{site.head}` → `raise`", 0.3)
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if inside:
                weight = 0.5 if site.statement.block[-1] is node else 0.25
                code = source.code(value)
                yield (
                    Change(
                        (Edit(source.path, start, source.span(value)[0], "return "),), f"`{name} =` → `return`", weight
                    )
                    if (source.text[: source.span(value)[0]].rstrip(" ").endswith("="))
                    else site.behind(f"return {name}", 0.0)
                )

    def _prefixed(self, site: Site, start: int, prefix: str, weight: float) -> Change:
        edit = Edit(site.source.path, start, start, prefix)
        return Change((edit,), f"`{site.head}` → `{prefix}{site.head}`", weight)


FLOW: tuple[Family, ...] = (Jump(), Branch(), Result())
