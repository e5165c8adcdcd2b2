"""Guards: special cases that are answered, skipped or refused at once."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator

from trm_lsp.core.state import Edit
from trm_lsp.nets.repair.families.base import Change, Family, Site
from trm_lsp.nets.repair.families.blocks import DEFINED, chained, shifted
from trm_lsp.nets.repair.families.kinds import COLLECTIONS, NUMBERS, can_be
from trm_lsp.nets.repair.source import is_docstring

ANSWERS = ("None", "0", "[]", "False", "True", "''", "-1", "1", "{}", "()", "set()", "0.0")


def tests(site: Site, names: tuple[str, ...]) -> Iterator[tuple[str, float]]:
    """What may be special about a value, with weights."""
    for position, name in enumerate(names):
        share, kinds = 1.0 if position < 2 else 0.7, site.kinds_of(name)
        yield f"not {name}", 0.7 * share
        yield f"{name} is None", 0.4 * share
        if can_be(kinds, COLLECTIONS):
            yield f"len({name}) < 2", 0.2 * share
            yield f"len({name}) == 1", 0.2 * share
        if can_be(kinds, NUMBERS):
            for test, weight in (
                ("< 0", 0.3),
                ("<= 0", 0.3),
                ("== 0", 0.2),
                ("< 2", 0.3),
                ("== 1", 0.3),
                ("<= 1", 0.3),
            ):
                yield f"{name} {test}", weight * share
    for one in names[:4]:
        for other in names[:4]:
            if one != other:
                yield f"{one} > {other}", 0.2
                yield f"{one} not in {other}", 0.2
                yield f"{one} in {other}", 0.2
                if one < other:
                    yield f"{one} == {other}", 0.25


def parameters(site: Site) -> tuple[str, ...]:
    function = site.statement.function
    if function is None:
        return ()
    return tuple(a.arg for a in function.args.args if a.arg not in {"self", "cls"})[:4]


def on_top(site: Site) -> bool:
    """Whether lines can be put before the first statement of a function: in `def f(a): return a` it has none."""
    return site.first_in_function and site.statement.node.col_offset == len(site.indent)


class Guard(Family):
    name, prior, cost = "guard", 0.25, 3
    reason = "a special case is not handled"

    def at_statement(self, site: Site) -> Iterator[Change]:
        """At the top of a function: answer at once when an argument is empty or missing."""
        if not on_top(site):
            return
        names = parameters(site)
        for test, weight in tests(site, names):
            for answer in (*self.answers(site), *self.arguments(site, names)):
                yield guarded(site, test, f"return {answer}", weight)

    def answers(self, site: Site) -> tuple[str, ...]:
        return ANSWERS

    def arguments(self, site: Site, names: tuple[str, ...]) -> tuple[str, ...]:
        return names


class SpecialCase(Guard):
    name, prior, cost = "special-case", 0.1, 3
    reason = "an answer that a test expects is given for an empty or missing argument"

    def answers(self, site: Site) -> tuple[str, ...]:
        return tuple(map(repr, [*site.hints.numbers[:4], *site.hints.strings[:4]]))

    def arguments(self, site: Site, names: tuple[str, ...]) -> tuple[str, ...]:
        return ()


class Refusal(Family):
    name, prior, cost = "refusal", 0.25, 3
    reason = "a bad argument is not refused"

    def at_statement(self, site: Site) -> Iterator[Change]:
        if not on_top(site):
            return
        raised = dict.fromkeys(site.hints.exceptions, 1.0) or {"ValueError": 0.3}
        names = parameters(site)
        for exception, share in raised.items():
            for test, weight in tests(site, names):
                yield guarded(site, test, f"raise {exception}({_message(test)})", weight * share)
            for name in names:
                for kind in ("int", "str", "list"):
                    test = f"not isinstance({name}, {kind})"
                    yield guarded(site, test, f"raise {exception}({_message(test)})", 0.2 * share)


def _message(test: str) -> str:
    return repr(f"{test}")


class Skip(Family):
    name, prior, cost = "skip", 0.2, 3
    reason = "a special case is not skipped, or does not end the work"

    def at_statement(self, site: Site) -> Iterator[Change]:
        """Before any other statement: leave it out, by what it uses."""
        statement = site.statement
        if statement.function is None or site.first_in_function or is_docstring(statement.node):
            return
        if not site.alone or chained(site.source, statement.node):
            return
        used = dict.fromkeys(n.id for n, _ in statement.nodes() if isinstance(n, ast.Name))
        known = site.local_names
        names = tuple(name for name in used if name in known)[:4]
        actions = ["continue", "break"] if statement.looped else []
        answers = [*("None", "0", "False", "True", "[]"), *names[:3]]
        for test, weight in tests(site, names):
            for action in actions:
                yield guarded(site, test, action, weight)
            for answer in answers:
                yield guarded(site, test, f"return {answer}", weight * (0.5 if actions else 0.8))
        for condition in site.conditions_here[:4]:
            for action in actions:
                yield guarded(site, condition, action, 0.4)


class Caught(Family):
    name, prior, cost = "caught", 0.25, 3
    reason = "an exception that the failing test ends with is not caught"

    def at_statement(self, site: Site) -> Iterator[Change]:
        """The statement in `try`, and something done instead where it raises."""
        node, source = site.statement.node, site.source
        if site.statement.function is None or is_docstring(node) or not site.alone or chained(source, node):
            return
        known = [name for name in site.hints.raised if hasattr(builtins, name) or name in source.module_names]
        start, end = source.whole_lines(node)
        lines = shifted(source, start, end, site.indent, site.indent + site.unit)
        if lines is None or isinstance(node, DEFINED):
            return
        indent, newline = site.indent, source.newline
        for name in known:
            for instead, weight in self._instead(site).items():
                handler = f"{indent}except {name}:{newline}{indent}{site.unit}{instead}{newline}"
                edit = Edit(source.path, start, end, f"{indent}try:{newline}{lines}{handler}")
                yield Change((edit,), f"`{site.head}`: `{instead}` where it raises `{name}`", weight)

    def _instead(self, site: Site) -> dict[str, float]:
        """What is done where the statement raises, with weights."""
        instead = {"continue": 1.0, "break": 0.5} if site.statement.looped else {}
        match site.statement.node:
            case ast.Assign(targets=[ast.Name(id=name)]):
                instead |= {f"{name} = {value}": 0.6 for value in ("None", "0", "[]", "''", "False")}
                instead |= {f"{name} = {other}": 0.4 for other in site.local_names[:4] if other != name}
            case _:
                instead["pass"] = 0.8
        answers = (*ANSWERS[:6], *parameters(site)[:2])
        return instead | {f"return {answer}": 0.7 if answer == "None" else 0.5 for answer in answers}


def guarded(site: Site, test: str, action: str, weight: float) -> Change:
    """`if test: action`, on two lines before the statement."""
    return site.before(f"if {test}:\n{site.unit}{action}", weight)


GUARDS: tuple[Family, ...] = (Guard(), SpecialCase(), Refusal(), Skip(), Caught())
