"""Functions: defaults, parameters, decorators, what they share with the code around them."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator

from trm_lsp.core.state import Edit
from trm_lsp.nets.repair.families.base import Change, Family, Site
from trm_lsp.nets.repair.source import is_docstring


class MutableDefault(Family):
    name, prior, cost = "mutable-default", 0.9, 2
    reason = "a default is one object that all calls share"

    def at_statement(self, site: Site) -> Iterator[Change]:
        node, source = site.statement.node, site.source
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            return
        for name, default in _defaults(node):
            mutable = isinstance(default, ast.List | ast.Dict | ast.Set | ast.ListComp | ast.DictComp)
            if not mutable and not (isinstance(default, ast.Call) and not default.args and not default.keywords):
                continue
            body = [statement for statement in node.body if not is_docstring(statement)]
            if not body or body[0].lineno == node.lineno:
                continue
            code, indent = source.code(default), source.index.indent(body[0].lineno)
            unit = indent.removeprefix(source.index.indent(node.lineno)) or "    "
            at = source.whole_lines(body[0])[0]
            lines = f"{indent}if {name} is None:{source.newline}{indent}{unit}{name} = {code}{source.newline}"
            edits = (source.replace(default, "None"), Edit(source.path, at, at, lines))
            yield Change(edits, f"`{name}={code}` → a new one for each call", 1.0)


def _defaults(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[tuple[str, ast.expr]]:
    arguments = [*node.args.posonlyargs, *node.args.args]
    with_default = arguments[len(arguments) - len(node.args.defaults) :]
    yield from ((a.arg, default) for a, default in zip(with_default, node.args.defaults, strict=True))
    pairs = zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
    yield from ((a.arg, default) for a, default in pairs if default is not None)


class Parameter(Family):
    name, prior, cost = "parameter", 0.4, 2
    reason = "a parameter has no default, has changed places, or `self` is missing"

    def at_statement(self, site: Site) -> Iterator[Change]:
        node, source = site.statement.node, site.source
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            return
        arguments = [*node.args.posonlyargs, *node.args.args]
        for one, other in itertools.pairwise(arguments):
            plain = one.annotation is None and other.annotation is None
            if plain and one.arg not in {"self", "cls"} and not node.args.defaults:
                edits = tuple(Edit(source.path, *source.span(a), b.arg) for a, b in ((one, other), (other, one)))
                yield Change(edits, f"parameters `{one.arg}` and `{other.arg}` swapped", 0.3)
        bare = len(arguments) - len(node.args.defaults)
        if bare and arguments[bare - 1].arg not in {"self", "cls"}:
            last = arguments[bare - 1]
            end = source.span(last)[1]
            equals = " = " if last.annotation else "="
            for value, weight in (
                ("None", 0.7),
                ("0", 0.4),
                ("''", 0.3),
                ("False", 0.4),
                ("()", 0.3),
                ("1", 0.3),
                ("True", 0.3),
            ):
                edit = Edit(source.path, end, end, equals + value)
                yield Change((edit,), f"`{last.arg}` gets the default `{value}`", weight)
        decorated = {source.code(d) for d in node.decorator_list}
        opening = source.text.find("(", source.span(node)[0])
        if isinstance(site.statement.parent, ast.ClassDef) and opening > 0:
            first = arguments[0].arg if arguments else ""
            if first not in {"self", "cls", "mcs"} and "staticmethod" not in decorated:
                code = "cls" if "classmethod" in decorated else "self"
                edit = Edit(source.path, opening + 1, opening + 1, f"{code}, " if _takes(node) else code)
                yield Change((edit,), f"`{code}` added to the parameters of `{node.name}`", 1.0)
        if arguments and not node.args.vararg and not node.args.kwonlyargs and not node.args.kwarg:
            for name in site.hints.undefined:
                if name.isidentifier() and name not in {argument.arg for argument in arguments}:
                    end = source.span(node.args.defaults[-1] if node.args.defaults else arguments[-1])[1]
                    edit = Edit(source.path, end, end, f", {name}=None")
                    yield Change((edit,), f"`{name}=None` added to the parameters of `{node.name}`", 0.5)


def _takes(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    every = node.args
    return bool(every.posonlyargs or every.args or every.kwonlyargs or every.vararg or every.kwarg)


class Decorator(Family):
    name, prior, cost = "decorator", 0.4, 2
    reason = "a function lacks a decorator or `async`, or has one too many"

    def at_statement(self, site: Site) -> Iterator[Change]:
        node, source = site.statement.node, site.source
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            return
        index = source.index
        for decorator in node.decorator_list:
            start = index.starts[decorator.lineno - 1]
            end = index.starts[decorator.end_lineno or decorator.lineno]
            if source.text[start:end].strip() == f"@{source.code(decorator)}":
                yield Change((Edit(source.path, start, end, ""),), f"`@{source.code(decorator)}` removed", 0.5)
        start = index.starts[node.lineno - 1]
        indent = index.indent(node.lineno)
        decorated = {source.code(decorator) for decorator in node.decorator_list}
        added: dict[str, float] = {}
        if isinstance(node, ast.ClassDef):
            if "dataclass" in source.inventory.imports:
                added["dataclass"] = 0.8
        elif isinstance(site.statement.parent, ast.ClassDef):
            count, first = len(node.args.args), node.args.args[0].arg if node.args.args else ""
            if first == "self" and count == 1:
                added["property"] = 0.8
            if first == "cls":
                added["classmethod"] = 1.0
            if first not in {"self", "cls"}:
                added["staticmethod"] = 0.9
        if not isinstance(node, ast.ClassDef):
            method = isinstance(site.statement.parent, ast.ClassDef)
            for code in source.decorators(methods=method):
                added.setdefault(code, 0.5)
        for code, weight in added.items():
            if not any(code in known for known in decorated):
                line = f"{indent}@{code}{source.newline}"
                yield Change((Edit(source.path, start, start, line),), f"`@{code}` added to `{node.name}`", weight)
        at = start + len(indent)
        if isinstance(node, ast.AsyncFunctionDef):
            if not any(isinstance(inner, ast.Await | ast.AsyncFor | ast.AsyncWith) for inner in ast.walk(node)):
                length = source.text.index("def", at) - at
                yield Change((Edit(source.path, at, at + length, ""),), f"`{node.name}` without `async`", 0.5)
        elif isinstance(node, ast.FunctionDef) and "async" in source.text:
            yield Change((Edit(source.path, at, at, "async "),), f"`{node.name}` with `async`", 0.3)


class Shared(Family):
    name, prior, cost = "shared", 0.7, 3
    reason = "a function means a variable around it, or the class it extends, and does not say so"

    def at_statement(self, site: Site) -> Iterator[Change]:
        statement, source = site.statement, site.source
        function = statement.function
        if function is None or not site.first_in_function or not site.alone:
            return
        own = dict(reversed(source.bindings(function)))
        outer = [s.node for s in statement.around if isinstance(s.node, ast.FunctionDef | ast.AsyncFunctionDef)][1:]
        declared = any(isinstance(node, ast.Global | ast.Nonlocal) for node in function.body)
        for name, line in own.items():
            if not line or declared:
                continue
            if any(name in dict(source.bindings(scope)) for scope in outer):
                yield site.before(f"nonlocal {name}", 0.9)
            elif name in source.module_names:
                yield site.before(f"global {name}", 0.9)
        owner = next((s.node for s in statement.around if s.node is not function), None)
        if not isinstance(owner, ast.ClassDef) or not owner.bases or function.name != "__init__":
            return
        if not any(isinstance(node, ast.Name) and node.id == "super" for node in ast.walk(function)):
            names = [argument.arg for argument in function.args.args[1:]]
            yield site.before("super().__init__()", 0.7)
            for count in range(1, min(3, len(names)) + 1):
                yield site.before(f"super().__init__({', '.join(names[:count])})", 0.6)


FUNCTIONS: tuple[Family, ...] = (MutableDefault(), Parameter(), Decorator(), Shared())
