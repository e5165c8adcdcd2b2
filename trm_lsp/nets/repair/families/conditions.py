"""Conditions: mixed up, the wrong way round, too many, missing, or asking for the wrong thing."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from trm_lsp.nets.repair.families.base import Change, Family, Site, stored
from trm_lsp.nets.repair.families.binding import Binds
from trm_lsp.nets.repair.families.kinds import COLLECTIONS, NUMBERS, can_be


def tested(site: Site, node: ast.expr) -> bool:
    """Whether an expression decides something."""
    parent = site.parent(node)
    if isinstance(parent, ast.If | ast.While | ast.IfExp | ast.Assert):
        return parent.test is node
    if isinstance(parent, ast.comprehension):
        return node in parent.ifs
    return isinstance(parent, ast.BoolOp) or (isinstance(parent, ast.UnaryOp) and isinstance(parent.op, ast.Not))


class Logic(Family):
    name, prior = "logic", 0.7
    reason = "`and` and `or` are mixed up"

    def at_expression(self, site: Site, node: ast.expr) -> Iterator[Change]:
        if not isinstance(node, ast.BoolOp):
            return
        shown = site.slot(node).shown
        old, new = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
        gaps = [site.operator(a, b, rf"\b{old}\b", new) for a, b in zip(node.values, node.values[1:], strict=False)]
        edits = tuple(edit for edit in gaps if edit)
        if edits and len(edits) == len(gaps):
            yield Change(edits, f"`{old}` → `{new}` in `{shown}`", 0.9)
        if len(edits) > 1:
            for edit in edits:
                yield Change((edit,), f"one `{old}` → `{new}` in `{shown}`", 0.4)


class DropCondition(Family):
    name, prior, cost = "drop-condition", 0.5, 2
    reason = "one condition is too many"

    def at_expression(self, site: Site, node: ast.expr) -> Iterator[Change]:
        if isinstance(node, ast.BoolOp):
            values = node.values
            level = Binds.AND if isinstance(node.op, ast.And) else Binds.OR
            word = " and " if isinstance(node.op, ast.And) else " or "
            for i in range(len(values)):
                others = [value for value in values if value is not values[i]]
                if len(others) == 1:
                    yield site.put(node, others[0], 0.8)
                else:
                    rest = word.join(site.operand(other, Binds(level + 1)) for other in others)
                    yield site.swap(node, rest, 0.8, level)
        elif isinstance(node, ast.Compare) and len(node.ops) > 1:
            text, operands = site.source.text, [node.left, *node.comparators]
            first, last = site.slot(operands[-2]).start, site.slot(operands[-2]).end
            yield site.swap(node, text[site.slot(node).start : last], 0.5, Binds.COMPARE)
            yield site.swap(node, text[site.slot(operands[1]).start : site.slot(node).end], 0.5, Binds.COMPARE)
            if len(operands) == 3 and first < last:
                front = text[site.slot(node.left).start : last]
                yield site.swap(node, f"{front} or {text[first : site.slot(node).end]}", 0.1, Binds.OR)
        elif isinstance(node, ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp):
            for generator in node.generators:
                for condition in generator.ifs:
                    start, end = site.slot(condition).start, site.slot(condition).end
                    head = site.source.text[:start]
                    at = head.rindex("if")
                    if head[at:].strip() == "if":
                        edit = site.source.replace(condition, "")._replace(start=len(head[:at].rstrip()), end=end)
                        yield Change((edit,), f"`if {site.slot(condition).shown}` removed", 0.6)


class Negation(Family):
    name, prior = "negation", 0.75
    reason = "a condition is the wrong way round"

    def at_expression(self, site: Site, node: ast.expr) -> Iterator[Change]:
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            yield site.put(node, node.operand, 1.0)
            return
        parent = site.parent(node)
        answered = isinstance(parent, ast.Return | ast.Lambda | ast.Assign) and isinstance(
            node, ast.Compare | ast.BoolOp | ast.Call | ast.Name | ast.Attribute
        )
        passed = isinstance(parent, ast.Call) and node in parent.args and isinstance(node, ast.Compare | ast.BoolOp)
        filtered = isinstance(parent, ast.GeneratorExp | ast.ListComp) and parent.elt is node
        if not stored(node) and (tested(site, node) or answered or passed or filtered):
            weight = 0.8 if tested(site, node) else 0.5 if isinstance(parent, ast.Return) else 0.3
            code = site.slot(node).code
            simple = isinstance(node, ast.Name | ast.Call | ast.Attribute | ast.Subscript | ast.Constant)
            yield site.swap(node, f"not {code}" if simple else f"not ({code})", weight, Binds.NOT)


class TruthTest(Family):
    name, prior, cost = "truth-test", 0.5, 2
    reason = "missing, empty and zero are mixed up"

    def at_expression(self, site: Site, node: ast.expr) -> Iterator[Change]:
        match node:
            case ast.Compare(left=left, ops=[ast.Is()], comparators=[ast.Constant(value=None)]):
                yield site.swap(node, f"not {site.operand(left, Binds.NOT)}", 0.8, Binds.NOT)
            case ast.Compare(left=left, ops=[ast.IsNot()], comparators=[ast.Constant(value=None)]):
                yield site.put(node, left, 0.8)
            case ast.Compare(left=left, ops=[ast.Eq() | ast.NotEq() | ast.Gt()]) if len(node.comparators) == 1:
                yield site.put(node, left, 0.3)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                code = site.operand(operand, Binds.BITOR)
                yield site.swap(node, f"{code} is None", 0.8, Binds.COMPARE)
                yield from self._counted(
                    site, node, operand, (("== 0", 0.4), ("== 1", 0.2), ("< 0", 0.2), ("<= 0", 0.2))
                )
            case ast.BoolOp(op=ast.Or(), values=[ast.Name() | ast.Attribute() as first, second]) if not tested(
                site, node
            ):
                code, other = site.slot(first).code, site.operand(second, Binds.OR)
                yield site.swap(node, f"{code} if {code} is not None else {other}", 0.8, Binds.TEST)
            case ast.Name() | ast.Attribute() | ast.Call() | ast.Subscript() | ast.NamedExpr() if tested(site, node):
                code = site.operand(node, Binds.BITOR)
                yield site.swap(node, f"{code} is not None", 0.8, Binds.COMPARE)
                yield site.swap(node, f"{code} is None", 0.3, Binds.COMPARE)
                yield from self._counted(site, node, node, (("> 0", 0.4), ("== 0", 0.2), ("> 1", 0.3), ("== 1", 0.2)))
            case ast.BinOp() if tested(site, node):
                for test, weight in (("== 0", 0.5), ("!= 0", 0.3), ("> 0", 0.2), ("== 1", 0.2)):
                    yield site.swap(node, f"{site.slot(node).code} {test}", weight, Binds.COMPARE)

    def _counted(
        self, site: Site, node: ast.expr, operand: ast.expr, tests: tuple[tuple[str, float], ...]
    ) -> Iterator[Change]:
        kinds, code = site.kinds(operand), site.operand(operand, Binds.BITOR)
        for test, weight in tests:
            if can_be(kinds, NUMBERS):
                yield site.swap(node, f"{code} {test}", weight, Binds.COMPARE)
            if can_be(kinds, COLLECTIONS) and "< 0" not in test:
                yield site.swap(node, f"len({site.slot(operand).code}) {test}", weight * 0.7, Binds.COMPARE)


class Choice(Family):
    name, prior, cost = "choice", 0.4, 2
    reason = "a comparison lacks one of several values, or a type"

    def at_expression(self, site: Site, node: ast.expr) -> Iterator[Change]:
        match node:
            case ast.Compare(left=left, ops=[ast.Eq() | ast.NotEq() as op], comparators=[ast.Constant(value=value)]):
                word = "in" if isinstance(op, ast.Eq) else "not in"
                own = site.slot(node.comparators[0]).code
                for other in self._others(site, value):
                    code = f"{site.operand(left, Binds.BITOR)} {word} ({own}, {other})"
                    yield site.swap(node, code, 0.5, Binds.COMPARE)
            case ast.Tuple() | ast.List() | ast.Set() if self._listed(site, node):
                kept = [site.slot(element).code for element in node.elts]
                if len(kept) > 1 and "\n" not in site.slot(node).code:
                    opening, closing = site.slot(node).code[0], site.slot(node).code[-1]
                    for i in range(len(kept)):
                        rest = ", ".join(kept[:i] + kept[i + 1 :])
                        rest += "," if len(kept) == 2 and opening == "(" else ""
                        yield site.swap(node, f"{opening}{rest}{closing}", 0.4)
                    last = node.elts[-1]
                    if isinstance(last, ast.Constant):
                        for other in self._others(site, last.value):
                            if other not in kept:
                                yield site.swap(node, f"{opening}{', '.join([*kept, other])}{closing}", 0.5)
            case ast.Call(func=ast.Name(id="isinstance"), args=[_, ast.Name(id=kind) as named]):
                for other in ("int", "float", "str", "list", "tuple", "dict", "bool", "bytes"):
                    if other != kind:
                        yield site.swap(named, f"({kind}, {other})", 0.5)

    def _listed(self, site: Site, node: ast.expr) -> bool:
        parent = site.parent(node)
        return site.slot(node).code[:1] in "([{" and isinstance(parent, ast.Compare | ast.Call | ast.Assign)

    def _others(self, site: Site, value: object) -> list[str]:
        if isinstance(value, str):
            texts = dict.fromkeys((*site.source.inventory.strings[:12], *site.hints.strings[:8]))
            return [repr(text) for text in texts if text != value and len(text) < 30]
        if isinstance(value, int | float):
            numbers = (*site.source.inventory.numbers[:8], *site.hints.numbers[:6], 0, 1, -1, 2)
            return [repr(number) for number in dict.fromkeys(numbers) if number != value]
        return []


class Condition(Family):
    name, prior, cost = "condition", 0.22, 2
    reason = "a condition is missing"

    def at_expression(self, site: Site, node: ast.expr) -> Iterator[Change]:
        parent = site.parent(node)
        decides = isinstance(parent, ast.If | ast.While | ast.IfExp | ast.Assert) and parent.test is node
        decides = decides or (isinstance(parent, ast.comprehension) and node in parent.ifs)
        answers = isinstance(parent, ast.Return | ast.Lambda) and isinstance(
            node, ast.Compare | ast.BoolOp | ast.UnaryOp
        )
        if decides or answers:
            conjunct, disjunct = site.operand(node, Binds.NOT), site.operand(node, Binds.AND)
            for condition, weight, tightness in self._conditions(site, node):
                bare = condition if tightness >= Binds.NOT else f"({condition})"
                yield site.swap(node, f"{conjunct} and {bare}", weight, Binds.AND)
                yield site.swap(node, f"{disjunct} or {condition}", weight * 0.8, Binds.OR)
                yield site.swap(node, f"{bare} and {conjunct}", weight * 0.9, Binds.AND)
                yield site.swap(node, f"{condition} or {disjunct}", weight * 0.6, Binds.OR)
        elif isinstance(node, ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp):
            yield from self._filters(site, node)

    def _filters(
        self, site: Site, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp
    ) -> Iterator[Change]:
        """A comprehension takes only some."""
        generator = node.generators[-1]
        if generator.ifs or isinstance(generator.iter, ast.GeneratorExp):
            return
        end = site.slot(generator.iter).end
        end += (
            len(site.source.text[end:]) - len(site.source.text[end:].lstrip(")"))
            if site.slot(generator.iter).enclosed
            else 0
        )
        inner = getattr(node, "elt", None) or getattr(node, "value", None)
        for condition, weight, tightness in self._conditions(site, inner):
            if tightness >= Binds.OR and not site.slot(generator.iter).enclosed:
                edit = site.source.replace(generator.iter, f" if {condition}")._replace(start=end, end=end)
                yield Change((edit,), f"` if {condition}` added to `{site.slot(node).shown}`", weight)

    def _conditions(self, site: Site, node: ast.AST | None) -> Iterator[tuple[str, float, Binds]]:
        names = site.names(node)[:8]
        for code in site.conditions_here:
            yield code, 0.6, Binds.OR
            yield f"not ({code})", 0.2, Binds.NOT
        for name in names:
            kinds = site.kinds_of(name)
            yield name, 0.8, Binds.ATOM
            yield f"not {name}", 0.6, Binds.NOT
            yield f"{name} is not None", 0.7, Binds.COMPARE
            yield f"{name} is None", 0.5, Binds.COMPARE
            if can_be(kinds, NUMBERS):
                for test, weight in (
                    (" > 0", 0.5),
                    (" < 0", 0.3),
                    (" == 0", 0.4),
                    (" != 0", 0.4),
                    (" > 1", 0.3),
                    (" == 1", 0.2),
                ):
                    yield name + test, weight, Binds.COMPARE
            if can_be(kinds, COLLECTIONS):
                yield f"len({name}) > 1", 0.25, Binds.COMPARE
                yield f"len({name}) == 1", 0.15, Binds.COMPARE
        for attribute in site.source.inventory.attributes.get("self", ())[:6] if "self." in site.source.text else ():
            yield f"self.{attribute}", 0.3, Binds.ATOM
            yield f"not self.{attribute}", 0.3, Binds.NOT
        for one in names[:6]:
            for other in names[:6]:
                if one != other:
                    yield f"{one} not in {other}", 0.3, Binds.COMPARE
                    yield f"{one} in {other}", 0.25, Binds.COMPARE
                    yield f"{one} < {other}", 0.25, Binds.COMPARE
                    yield f"{one} <= {other}", 0.2, Binds.COMPARE
                    if one < other:
                        yield f"{one} != {other}", 0.3, Binds.COMPARE
                        yield f"{one} == {other}", 0.25, Binds.COMPARE
                    yield f"{one} < len({other})", 0.25, Binds.COMPARE


CONDITIONS: tuple[Family, ...] = (Logic(), DropCondition(), Negation(), TruthTest(), Choice(), Condition())
