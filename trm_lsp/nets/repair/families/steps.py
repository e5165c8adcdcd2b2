"""Steps: small statements that are missing."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from trm_lsp.nets.repair.families.base import Change, Family, Site
from trm_lsp.nets.repair.families.blocks import SIMPLE, chained
from trm_lsp.nets.repair.families.kinds import COLLECTIONS, NUMBERS, TEXTS, can_be
from trm_lsp.nets.repair.source import is_docstring

COPIED = (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Expr, ast.Return, ast.Raise)
MOST_COPIED = 25
"""Statements of the same function that may be repeated elsewhere, the nearest."""
MOST_SET = 12
"""Variables that may be set anew, those that are bound nearest."""
MOST_PAIRED = 6
"""Variables of which one may change another, the nearest: of all pairs there would be more than anything else."""


class Step(Family):
    name, prior, cost = "step", 0.3, 3
    reason = "a step of the computation is missing"

    def at_statement(self, site: Site) -> Iterator[Change]:
        """Behind a simple statement, and before the first of a block: count, collect, convert, leave."""
        statement = site.statement
        node, function = statement.node, statement.function
        if function is None or is_docstring(node) or not site.alone:
            return
        if chained(site.source, node):
            return
        inserted = self._inserted(site)
        if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign | ast.Expr) or not isinstance(node, SIMPLE):
            for code, weight in inserted.items():
                if not (code.startswith(("break", "continue")) and statement.block[-1] is not node):
                    yield site.behind(code, weight)
        if statement.block[0] is node or site.first_in_function:
            for code, weight in inserted.items():
                if not code.startswith(("return ", "break", "continue")):
                    yield site.before(code, weight * 0.9)

    def _inserted(self, site: Site) -> dict[str, float]:
        """The statements that could be missing, with weights."""
        statement, source = site.statement, site.source
        assert statement.function is not None
        inserted: dict[str, float] = {}
        bound = [
            (abs(line - statement.node.lineno), name) for name, line in source.bindings(statement.function) if line
        ]
        for name in list(dict.fromkeys(name for _, name in sorted(bound)))[:MOST_SET]:
            if can_be(site.kinds_of(name), NUMBERS):
                inserted |= {f"{name} += 1": 0.4, f"{name} -= 1": 0.25}
            inserted |= {f"{name} = 0": 0.2, f"{name} = []": 0.2, f"{name} = None": 0.12, f"{name} = not {name}": 0.08}
            inserted |= {f"{name} = ''": 0.12, f"{name} = True": 0.12, f"{name} = False": 0.12, f"{name} = 1": 0.1}
        inside = isinstance(statement.parent, ast.If | ast.For | ast.While)
        if inside and statement.looped:
            inserted |= {"break": 0.4, "continue": 0.3}
        names = site.local_names[:8]
        paired = names[:MOST_PAIRED]
        for name in names:
            kinds = site.kinds_of(name)
            if can_be(kinds, TEXTS):
                for method, weight in (("strip", 0.25), ("lower", 0.25), ("upper", 0.1)):
                    inserted[f"{name} = {name}.{method}()"] = weight
            if can_be(kinds, COLLECTIONS):
                for function, weight in (("sorted", 0.25), ("list", 0.15), ("set", 0.12)):
                    inserted[f"{name} = {function}({name})"] = weight
                inserted |= {f"{name}.sort()": 0.2, f"{name}.reverse()": 0.12, f"{name}.pop()": 0.2}
            if can_be(kinds, NUMBERS):
                inserted |= {f"{name} = abs({name})": 0.2, f"{name} = int({name})": 0.1}
            for other in paired if name in paired else ():
                if other != name:
                    if can_be(kinds, COLLECTIONS):
                        inserted |= {f"{name}.append({other})": 0.3, f"{name}.add({other})": 0.25}
                        inserted[f"{name}.remove({other})"] = 0.1
                    inserted |= {f"{name} = {other}": 0.2, f"{name} += {other}": 0.2, f"{name} -= {other}": 0.12}
            if name in source.inventory.attributes.get("self", ()) and "self" in source.locals_of(statement):
                inserted[f"self.{name} = {name}"] = 0.5
        for other_statement in site.statements_here[:MOST_COPIED]:
            copied = other_statement.node
            if isinstance(copied, COPIED) and not is_docstring(copied):
                code = source.code(copied)
                if "\n" not in code and "\r" not in code:
                    inserted.setdefault(code, 0.15)
        last = statement.block[-1] is statement.node
        if last:
            at_end = statement.parent is statement.function
            inserted |= {f"return {name}": 0.8 if at_end else 0.3 for name in site.local_names[:12]}
            inserted |= {f"return {answer}": 0.3 if at_end else 0.2 for answer in ("True", "False", "None", "0", "[]")}
            if at_end:
                inserted["return self"] = 0.1
        return inserted


class Reset(Family):
    name, prior, cost = "reset", 0.35, 2
    reason = "what an object remembers is not forgotten when it should be"

    def at_statement(self, site: Site) -> Iterator[Change]:
        """What `__init__` sets is set anew: first in a block, behind a simple statement."""
        statement, node = site.statement, site.statement.node
        function = statement.function
        if function is None or function.name == "__init__" or is_docstring(node) or chained(site.source, node):
            return
        if not site.alone or "self" not in site.source.locals_of(statement):
            return
        kept = isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign | ast.Expr)
        for code, weight in self._settings(site).items():
            if code == site.source.code(node):
                continue
            if kept:
                yield site.behind(code, weight)
            if site.first_in_function or not kept:
                yield site.before(code, weight * 0.8)

    def _settings(self, site: Site) -> dict[str, float]:
        """What `__init__` of the class around sets that depends on nothing, as `self.name = []`."""
        owner = next((s.node for s in site.statement.around if isinstance(s.node, ast.ClassDef)), None)
        found: dict[str, float] = {}
        for method in owner.body if owner else ():
            if isinstance(method, ast.FunctionDef) and method.name == "__init__":
                for node in ast.walk(method):
                    match node:
                        case ast.Assign(targets=[ast.Attribute() as target], value=value) if _depends_on_nothing(value):
                            found[self._set(site, target, value)] = 0.7
                        case ast.AnnAssign(target=ast.Attribute() as target, value=ast.expr() as value):
                            if _depends_on_nothing(value):
                                found[self._set(site, target, value)] = 0.7
        return {code: 1.0 if code.endswith(" None") else weight for code, weight in found.items()}

    def _set(self, site: Site, target: ast.expr, value: ast.expr) -> str:
        return f"{site.source.code(target)} = {site.source.code(value)}"


def _depends_on_nothing(value: ast.expr) -> bool:
    """Whether a value is written on one line and made of no names but that of what makes it: `set()`."""
    if isinstance(value, ast.Call):
        return not value.args and not value.keywords and isinstance(value.func, ast.Name | ast.Attribute)
    names = any(isinstance(part, ast.Name | ast.Attribute) for part in ast.walk(value))
    return not names and value.lineno == value.end_lineno


STEPS: tuple[Family, ...] = (Step(), Reset())
