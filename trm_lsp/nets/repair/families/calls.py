"""Calls: what is called, with which arguments, around what."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from trm_lsp.nets.repair.families.base import Change, Family, Site

ALIKE = (
    ("min", "max"), ("any", "all"), ("sum", "len", "max", "min"), ("append", "extend", "add", "insert"),
    ("startswith", "endswith"), ("strip", "lstrip", "rstrip"), ("floor", "ceil", "trunc"), ("find", "rfind", "index"),
    ("keys", "values", "items"), ("upper", "lower", "swapcase", "title", "capitalize"), ("sorted", "reversed", "list"),
    ("isupper", "islower", "isalpha", "isdigit", "isalnum"), ("list", "tuple", "set"), ("int", "float", "round"),
    ("round", "floor", "ceil"), ("split", "rsplit", "splitlines"), ("remove", "discard", "pop"), ("pop", "popleft"),
    ("add", "update", "discard"), ("get", "pop", "setdefault"), ("union", "intersection", "difference"),
    ("ljust", "rjust", "center"), ("log", "log2", "log10"), ("isinstance", "issubclass"),
)  # fmt: skip
WRAPPERS = {
    "abs": 0.7, "len": 0.6, "int": 0.6, "str": 0.6, "sorted": 0.6, "float": 0.4, "set": 0.5, "list": 0.4, "sum": 0.4,
    "max": 0.3, "min": 0.3, "round": 0.5, "tuple": 0.3, "bool": 0.2, "reversed": 0.2, "ord": 0.2, "chr": 0.15,
}  # fmt: skip
METHODS = {"lower()": 0.6, "upper()": 0.6, "strip()": 0.6, "copy()": 0.4, "split()": 0.3, "items()": 0.4,
           "values()": 0.3, "keys()": 0.2}  # fmt: skip


class Callee(Family):
    name, prior = "callee", 0.7
    reason = "another function or method is meant"

    def at_expression(self, site: Site, node: ast.expr) -> Iterator[Change]:
        if not isinstance(node, ast.Call):
            return
        func = node.func
        name = func.id if isinstance(func, ast.Name) else func.attr if isinstance(func, ast.Attribute) else ""
        alike = dict.fromkeys(other for group in ALIKE if name in group for other in group if other != name)
        prefix = f"{site.source.code(func.value)}." if isinstance(func, ast.Attribute) else ""
        for other in alike:
            yield site.swap(func, prefix + other, 0.8)
        if isinstance(func, ast.Name):
            count = len(node.args) + len(node.keywords)
            for other, (needs, takes) in site.source.functions.items():
                if other != name and needs <= count <= takes:
                    yield site.swap(func, other, 0.5)
        elif isinstance(func, ast.Attribute):
            for other in site.source.attributes.get(site.source.code(func.value), ()):
                if other != name and other not in alike:
                    yield site.swap(func, prefix + other, 0.4)


class Arguments(Family):
    name, prior = "arguments", 0.7
    reason = "arguments have changed places, or one is too many"

    def at_expression(self, site: Site, node: ast.expr) -> Iterator[Change]:
        if not isinstance(node, ast.Call):
            return
        codes = [site.source.code(argument) for argument in node.args]
        for i in range(len(codes)):
            for k in range(i + 1, len(codes)):
                if codes[i] != codes[k]:
                    edits = (site.source.replace(node.args[i], codes[k]), site.source.replace(node.args[k], codes[i]))
                    shown = f"`{codes[i]}` and `{codes[k]}` swapped in `{site.source.code(node)}`"
                    yield Change(edits, shown, 0.9 if k == i + 1 else 0.5)
        every = [*codes, *(site.source.code(keyword) for keyword in node.keywords)]
        if len(every) > 1:
            for i in range(len(every)):
                rest = ", ".join(every[:i] + every[i + 1 :])
                literal = i < len(codes) and isinstance(node.args[i], ast.Constant)
                yield site.swap(node, f"{site.source.code(node.func)}({rest})", 0.5 if literal else 0.3)


class Unwrap(Family):
    name, prior, cost = "unwrap", 0.6, 2
    reason = "a call is too much"

    def at_expression(self, site: Site, node: ast.expr) -> Iterator[Change]:
        if not isinstance(node, ast.Call) or isinstance(site.parent(node), ast.Expr):
            return
        if len(node.args) == 1 and not isinstance(node.args[0], ast.Starred | ast.GeneratorExp):
            yield site.swap(node, site.source.code(node.args[0]), 0.6)
        if isinstance(node.func, ast.Attribute) and not isinstance(node.func.value, ast.Constant):
            yield site.swap(node, site.source.code(node.func.value), 0.6 if not node.args else 0.2)


class Wrap(Family):
    name, prior, cost = "wrap", 0.5, 2
    reason = "a call is missing around a value"

    def at_expression(self, site: Site, node: ast.expr) -> Iterator[Change]:
        if not isinstance(node, ast.Name | ast.Attribute | ast.Call | ast.BinOp | ast.Subscript):
            return
        if isinstance(getattr(node, "ctx", None), ast.Store | ast.Del):
            return
        parent = site.parent(node)
        if isinstance(parent, ast.Expr | ast.Attribute | ast.keyword) or (
            isinstance(parent, ast.Call) and parent.func is node
        ):
            return
        code = site.source.code(node)
        inner = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""
        # A value that is returned, compared or looped over is converted more often than an operand.
        place = 0.6 if isinstance(parent, ast.BinOp) else 1.0
        for wrapper, weight in WRAPPERS.items():
            if wrapper != inner:
                yield site.swap(node, f"{wrapper}({code})", weight * place)
        for other, (needs, takes) in site.source.functions.items():
            if needs <= 1 <= takes:
                yield site.swap(node, f"{other}({code})", 0.5 * place)
        if not isinstance(node, ast.BinOp):
            for method, weight in METHODS.items():
                yield site.swap(node, f"{code}.{method}", weight * place)


class Order(Family):
    name, prior, cost = "order", 0.7, 2
    reason = "something is sorted by the wrong key, in the wrong direction, or not at all"

    SORTERS = ("sorted", "sort", "min", "max")

    def at_expression(self, site: Site, node: ast.expr) -> Iterator[Change]:
        if isinstance(node, ast.Call):
            func = node.func
            name = func.id if isinstance(func, ast.Name) else func.attr if isinstance(func, ast.Attribute) else ""
            if name in self.SORTERS:
                yield from self._options(site, node, name)
        elif isinstance(node, ast.Name | ast.Call) and isinstance(site.parent(node), ast.Return):
            code = site.source.code(node)
            for option, weight in (("reverse=True", 0.4), ("key=len", 0.4), ("key=str", 0.1)):
                yield site.swap(node, f"sorted({code}, {option})", weight)
        if isinstance(node, ast.Lambda) and isinstance(site.parent(node), ast.keyword):
            yield from self._ties(site, node)

    def _options(self, site: Site, node: ast.Call, name: str) -> Iterator[Change]:
        given = {keyword.arg for keyword in node.keywords}
        arguments = [site.source.code(argument) for argument in node.args]
        arguments += [site.source.code(keyword) for keyword in node.keywords]
        called = site.source.code(node.func)
        options = {"reverse=True": 0.7, "key=len": 0.3, "key=str": 0.2, "key=abs": 0.2}
        for option, weight in options.items():
            if option.split("=")[0] not in given and not (name in {"min", "max"} and option.startswith("reverse")):
                yield site.swap(node, f"{called}({', '.join([*arguments, option])})", weight)
        for keyword in node.keywords:
            rest = [code for code in arguments if code != site.source.code(keyword)]
            yield site.swap(node, f"{called}({', '.join(rest)})", 0.4)

    def _ties(self, site: Site, node: ast.Lambda) -> Iterator[Change]:
        """Sort by another attribute first, or break ties by one."""
        body = node.body
        if not (isinstance(body, ast.Attribute) and isinstance(body.value, ast.Name)):
            return
        owner = body.value.id
        names = {n for names in site.source.attributes.values() for n in names} - {body.attr}
        likely = site.source.attributes.get(owner, ())
        for other in sorted(names, key=lambda n: (n not in likely, n)):
            first = 0.6 if other in likely else 0.45
            yield site.swap(body, f"({owner}.{other}, {owner}.{body.attr})", first)
            yield site.swap(body, f"({owner}.{body.attr}, {owner}.{other})", first * 0.8)


CALLS: tuple[Family, ...] = (Callee(), Arguments(), Unwrap(), Wrap(), Order())
