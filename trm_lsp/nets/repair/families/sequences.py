"""Sequences: parts, indices, ranges, order, comprehensions."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from trm_lsp.nets.repair.families.base import Change, Family, Site, stored
from trm_lsp.nets.repair.families.binding import Binds
from trm_lsp.nets.repair.families.calls import is_callee
from trm_lsp.nets.repair.families.kinds import COLLECTIONS, MAPPINGS, SEQUENCES, can_be
from trm_lsp.nets.repair.source import called


class Slice(Family):
    name, prior, cost = "slice", 0.35, 2
    reason = "a part of a sequence is taken that is too short, too long, or the wrong way round"

    def at_expression(self, site: Site, node: ast.expr) -> Iterator[Change]:
        if isinstance(node, ast.Slice):
            yield from self._other_bounds(site, node)
        elif isinstance(node, ast.Name | ast.Attribute | ast.Call) and self._sequence(site, node):
            if not can_be(site.kinds(node), SEQUENCES):
                return
            code = site.operand(node, Binds.ATOM)
            for part, weight in (("[1:]", 0.5), ("[:-1]", 0.5), ("[::-1]", 0.5), ("[::2]", 0.2), ("[1::2]", 0.2)):
                yield site.swap(node, code + part, weight)
            for name in site.names(node)[:6]:
                if name != code:
                    for part, weight in ((f"[:{name}]", 0.3), (f"[{name}:]", 0.25), (f"[{name} + 1:]", 0.2)):
                        yield site.swap(node, code + part, weight)

    def _sequence(self, site: Site, node: ast.expr) -> bool:
        parent = site.parent(node)
        if stored(node):
            return False
        if isinstance(parent, ast.For | ast.comprehension):
            return parent.iter is node
        if isinstance(parent, ast.Call):
            return node in parent.args
        return isinstance(parent, ast.Return | ast.Assign | ast.Compare | ast.BinOp | ast.AugAssign)

    def _other_bounds(self, site: Site, node: ast.Slice) -> Iterator[Change]:
        lower = site.operand(node.lower, Binds.SUM) if node.lower else ""
        upper = site.operand(node.upper, Binds.SUM) if node.upper else ""
        step = f":{site.slot(node.step).code}" if node.step else ""
        shown = site.slot(node).code
        options = {f"{upper}:{lower}{step}": 0.7, f":{upper}{step}": 0.5, f"{lower}:{step}": 0.5}
        for bound in (lower, upper):
            if bound:
                options |= {f"{lower}:{bound} + 1{step}": 0.4, f"{bound} + 1:{upper}{step}": 0.4}
                options |= {f"{lower}:{bound} - 1{step}": 0.3, f"{bound} - 1:{upper}{step}": 0.3}
                options |= {f"-{bound}:{step}" if not bound.startswith("-") else f"{bound[1:]}:{step}": 0.3}
        if upper and lower:
            options |= {f"{lower}:{lower} + {upper}{step}": 0.5}
        if not upper:
            options |= {f"{lower}:-1{step}": 0.4}
        if not lower:
            options |= {f"1:{upper}{step}": 0.4}
        options |= {f"{lower}:{upper}:-1": 0.2, f"{lower}:{upper}:2": 0.2}
        if step:
            options |= {f"{lower}:{upper}": 0.4}
        for name in site.names(node)[:6]:
            options.setdefault(f"{lower}:{name}{step}", 0.25)
            options.setdefault(f"{name}:{upper}{step}", 0.25)
        for new, weight in options.items():
            if new != shown:
                whole = ":" if new in (":", "::") else new
                yield Change((site.source.replace(node, whole),), f"`[{shown}]` → `[{whole}]`", weight)


class Index(Family):
    name, prior, cost = "index", 0.4, 2
    reason = "another element is meant, or a sequence where one of its elements is"

    def at_expression(self, site: Site, node: ast.expr) -> Iterator[Change]:
        if isinstance(node, ast.Subscript) and not stored(node):
            yield site.put(node, node.value, 0.4)
            index = site.slot(node.slice)
            if isinstance(node.slice, ast.Slice):
                for part, weight in ((node.slice.lower, 0.4), (node.slice.upper, 0.3)):
                    if part:
                        yield Change(
                            (site.source.replace(node.slice, site.slot(part).code),),
                            f"`[{index.shown}]` → `[{site.slot(part).shown}]`",
                            weight,
                        )
                return
            for new, weight in (("0", 0.5), ("-1", 0.5), (f"-{site.operand(node.slice, Binds.SIGN)}", 0.3)):
                if new != index.code and not index.code.startswith("-"):
                    yield Change((site.source.replace(node.slice, new),), f"`[{index.shown}]` → `[{new}]`", weight)
            if can_be(site.kinds(node.value), SEQUENCES):
                bound = site.operand(node.slice, Binds.SUM)
                for new, weight in ((f":{index.code}", 0.35), (f"{index.code}:", 0.35), (f":{bound} + 1", 0.25)):
                    yield Change((site.source.replace(node.slice, new),), f"`[{index.shown}]` → `[{new}]`", weight)
                around = site.slot(node.value).code
                length = f"len({around})"
                if "\n" not in around:
                    yield site.swap(
                        node.slice, f"{site.operand(node.slice, Binds.PRODUCT)} % {length}", 0.3, Binds.PRODUCT
                    )
        elif isinstance(node, ast.Name | ast.Attribute | ast.Call) and not stored(node) and not is_callee(site, node):
            parent = site.parent(node)
            if isinstance(parent, ast.Expr | ast.Attribute | ast.Starred) or not can_be(site.kinds(node), COLLECTIONS):
                return
            if isinstance(parent, ast.Subscript) and parent.value is node and isinstance(node, ast.Call):
                return
            code = site.operand(node, Binds.ATOM)
            for index_code, weight in (("0", 0.5), ("-1", 0.4), ("1", 0.3)):
                yield site.swap(node, f"{code}[{index_code}]", weight)
            for name in site.names(node)[:6]:
                if name != code:
                    yield site.swap(node, f"{code}[{name}]", 0.4)


class Range(Family):
    name, prior, cost = "range", 0.6, 2
    reason = "a range begins, ends or counts wrongly"

    def at_expression(self, site: Site, node: ast.expr) -> Iterator[Change]:
        match node:
            case ast.Call(func=ast.Name(id="range"), args=[end], keywords=[]):
                code, bound = site.slot(end).code, site.operand(end, Binds.SUM)
                for new, weight in (
                    (f"1, {code}", 0.7), (f"1, {bound} + 1", 0.8), (f"0, {code}, 2", 0.3), (f"2, {code}", 0.4),
                    (f"2, {bound} + 1", 0.4), (f"len({code})", 0.7), (f"{bound} - 1, -1, -1", 0.6),
                    (f"{code}, 0, -1", 0.4), (f"-1, {code}", 0.1),
                ):  # fmt: skip
                    yield site.swap(node, f"range({new})", weight)
                for name in site.names(node)[:6]:
                    if name != code:
                        for new in (f"{name}, {code}", f"{name} + 1, {code}", f"{code}, {name}", f"{bound} - {name}"):
                            yield site.swap(node, f"range({new})", 0.4)
                for square in (f"int({site.operand(end, Binds.POWER)} ** 0.5) + 1", f"{bound} // 2 + 1"):
                    yield site.swap(node, f"range({square})", 0.15)
            case ast.Call(func=ast.Name(id="range"), args=[start, end, *rest], keywords=[]) if len(rest) < 2:
                first, last = site.slot(start).code, site.slot(end).code
                step = f", {site.slot(rest[0]).code}" if rest else ""
                yield site.swap(node, f"range({last})", 0.5)
                yield (
                    site.swap(node, f"range({first}, {last})", 0.5 if rest else 0.0)
                    if rest
                    else site.swap(node, f"range({first}, {last}, 2)", 0.3)
                )
                yield site.swap(node, f"range({last}, {first}, -1)", 0.4)
                yield site.swap(
                    node, f"range({site.operand(end, Binds.SUM)} - 1, {site.operand(start, Binds.SUM)} - 1, -1)", 0.4
                )
                if rest:
                    negative = site.operand(rest[0], Binds.SIGN)
                    flipped = negative[1:] if negative.startswith("-") else f"-{negative}"
                    yield site.swap(node, f"range({first}, {last}, {flipped})", 0.6)
                for name in site.names(node)[:6]:
                    for new in (f"{name}, {last}{step}", f"{name} + 1, {last}{step}", f"{first}, {name}{step}"):
                        yield site.swap(node, f"range({new})", 0.35)
                    yield site.swap(node, f"range({first}, {name} + 1{step})", 0.3)
                    if not rest:
                        yield site.swap(node, f"range({first}, {last}, {name})", 0.3)


class Iterated(Family):
    name, prior, cost = "iterated", 0.5, 2
    reason = "a loop goes over the wrong view of a collection, or the wrong way"

    def at_expression(self, site: Site, node: ast.expr) -> Iterator[Change]:
        parent = site.parent(node)
        if not isinstance(parent, ast.For | ast.comprehension) or parent.iter is not node:
            return
        code, kinds = site.slot(node).code, site.kinds(node)
        if isinstance(node, ast.Call):
            name = called(node.func)
            if name in {"enumerate", "reversed", "sorted"} and node.args:
                yield site.put(node, node.args[0], 0.5)
            if name == "enumerate" and len(node.args) == 1 and not node.keywords:
                yield site.swap(node, f"{code[:-1]}, 1)", 0.7)
            if name == "zip" and len(node.args) == 2:
                one, other = (site.slot(argument).code for argument in node.args)
                yield site.swap(node, f"zip({one}, {other}[1:])", 0.4)
        owner = site.operand(node, Binds.ATOM)
        if can_be(kinds, MAPPINGS) and not isinstance(node, ast.Call):
            for view, weight in (("items", 0.7), ("values", 0.6), ("keys", 0.3)):
                yield site.swap(node, f"{owner}.{view}()", weight)
        pair = isinstance(parent.target, ast.Tuple) and len(parent.target.elts) == 2
        for wrapper, weight in (("enumerate", 0.8 if pair else 0.1), ("reversed", 0.5), ("sorted", 0.5), ("set", 0.3)):
            if called(getattr(node, "func", node)) != wrapper:
                yield site.swap(node, f"{wrapper}({code})", weight)
        yield site.swap(node, f"range(len({code}))", 0.5)
        yield site.swap(node, f"range({code})", 0.5)


class Order(Family):
    name, prior, cost = "order", 0.7, 2
    reason = "something is sorted by the wrong key, in the wrong direction, or not at all"

    SORTERS = ("sorted", "sort", "min", "max", "nlargest", "nsmallest", "groupby")

    def at_expression(self, site: Site, node: ast.expr) -> Iterator[Change]:
        parent = site.parent(node)
        if isinstance(node, ast.Call) and called(node.func) in self.SORTERS:
            yield from self._options(site, node, called(node.func))
        answer = isinstance(node, ast.Name | ast.Call | ast.ListComp) and isinstance(parent, ast.Return)
        if answer and can_be(site.kinds(node), COLLECTIONS):
            code = site.slot(node).code
            for option, weight in (("reverse=True", 0.4), ("key=len", 0.4), ("key=str", 0.1)):
                yield site.swap(node, f"sorted({code}, {option})", weight)
        if isinstance(node, ast.Lambda) and isinstance(parent, ast.keyword) and parent.arg == "key":
            yield from self._keys(site, node)
        match node:
            case ast.Subscript(
                value=ast.Call(func=ast.Name(id="sorted")) as call, slice=ast.Slice(step=ast.UnaryOp(op=ast.USub()))
            ):
                # What is turned round afterwards has its equals turned round as well.
                yield site.swap(node, f"{site.slot(call).code[:-1].rstrip().rstrip(',')}, reverse=True)", 0.5)

    def _options(self, site: Site, node: ast.Call, name: str) -> Iterator[Change]:
        given = {keyword.arg for keyword in node.keywords}
        if len(node.args) == 1 and isinstance(node.args[0], ast.GeneratorExp) and not given:
            return
        arguments = [site.source.code(argument) for argument in node.args]
        arguments += [site.source.code(keyword) for keyword in node.keywords]
        function = site.slot(node.func).code
        options = {
            "reverse=True": 0.7, "key=len": 0.3, "key=str": 0.2, "key=abs": 0.2, "key=str.lower": 0.2,
            "key=lambda item: item[1]": 0.4, "key=lambda item: item[0]": 0.25, "key=lambda item: -item": 0.2,
            "key=lambda item: (item[1], item[0])": 0.3, "key=lambda item: (-item[1], item[0])": 0.3,
            "key=lambda item: (len(item), item)": 0.3,
        }  # fmt: skip
        for option, weight in options.items():
            keyword_name = option.split("=")[0]
            if keyword_name not in given and not (name not in {"sorted", "sort"} and keyword_name == "reverse"):
                yield site.swap(node, f"{function}({', '.join([*arguments, option])})", weight)
        for keyword in node.keywords:
            rest = [code for code in arguments if code != site.source.code(keyword)]
            yield site.swap(node, f"{function}({', '.join(rest)})", 0.4)
            if keyword.arg == "reverse":
                yield from self._one_way_each(site, node, keyword)
            if keyword.arg == "key":
                for key in ("len", "str", "abs", "int", "str.lower", "float"):
                    if site.slot(keyword.value).code != key:
                        yield site.swap(keyword.value, key, 0.3)

    def _one_way_each(self, site: Site, node: ast.Call, reverse: ast.keyword) -> Iterator[Change]:
        """Have one part of a key go down and the others up, in place of all of them down."""
        text, function = site.source.text, site.slot(node.func).code
        arguments = [site.source.code(argument) for argument in node.args]
        for keyword in node.keywords:
            match keyword.value:
                case ast.Lambda(body=ast.Tuple(elts=parts)):
                    start, end = site.slot(keyword.value).start, site.slot(keyword.value).end
                    for part in parts:
                        at = site.slot(part)
                        turned = f"-{site.operand(part, Binds.SIGN)}"
                        key = f"key={text[start : at.start]}{turned}{text[at.end : end]}"
                        others = [site.source.code(k) for k in node.keywords if k not in (keyword, reverse)]
                        yield site.swap(node, f"{function}({', '.join([*arguments, *others, key])})", 0.6)

    def _keys(self, site: Site, node: ast.Lambda) -> Iterator[Change]:
        """Sort by more, by less, or the other way round."""
        body = node.body
        own = site.slot(body).code
        names = [argument.arg for argument in node.args.args]
        if not isinstance(body, ast.Tuple):
            yield site.swap(body, f"-{site.operand(body, Binds.SIGN)}", 0.5, Binds.SIGN)
            for name in names[:1]:
                if own != name:
                    yield site.swap(body, f"({own}, {name})", 0.5)
                for other in (f"{name}[0]", f"{name}[1]", f"len({name})", f"{name}[-1]"):
                    if other != own:
                        yield site.swap(body, other, 0.3)
                        yield site.swap(body, f"({own}, {other})", 0.4)
                        yield site.swap(body, f"({other}, {own})", 0.25)
                        yield site.swap(body, f"(-{site.operand(body, Binds.SIGN)}, {other})", 0.35)
        else:
            codes = [site.slot(element).code for element in body.elts]
            for i, element in enumerate(body.elts):
                sign = site.operand(element, Binds.SIGN)
                turned = sign[1:] if sign.startswith("-") else f"-{sign}"
                yield site.swap(element, turned, 0.6, Binds.SIGN)
                if len(codes) == 2:
                    yield site.swap(body, codes[1 - i], 0.4, Binds.TEST)
        if isinstance(body, ast.Attribute) and isinstance(body.value, ast.Name):
            owner, inventory = body.value.id, site.source.inventory
            likely = inventory.attributes.get(owner, ())
            for other in (*likely, *(name for name in inventory.attribute_names[:40] if name not in likely)):
                if other != body.attr:
                    first = 0.6 if other in likely else 0.45
                    yield site.swap(body, f"({owner}.{other}, {owner}.{body.attr})", first)
                    yield site.swap(body, f"({owner}.{body.attr}, {owner}.{other})", first * 0.8)


class Comprehension(Family):
    name, prior, cost = "comprehension", 0.45, 2
    reason = "a comprehension gathers into the wrong kind of collection, or the wrong thing"

    def at_expression(self, site: Site, node: ast.expr) -> Iterator[Change]:
        match node:
            case ast.ListComp() | ast.SetComp():
                inner = site.slot(node).code[1:-1]
                for opening, closing, weight in (("[", "]", 0.6), ("{", "}", 0.6), ("(", ")", 0.3)):
                    if not site.slot(node).code.startswith(opening):
                        yield site.swap(node, f"{opening}{inner}{closing}", weight)
            case ast.IfExp() if isinstance(parent := site.parent(node), ast.ListComp | ast.GeneratorExp | ast.SetComp):
                # [a if c else b for …] → [a for … if c]
                if parent.elt is node and len(parent.generators) == 1 and not parent.generators[0].ifs:
                    whole = site.slot(parent)
                    rest = site.source.text[site.slot(node).end : whole.end - 1]
                    start = site.slot(node).start
                    kept = f"{site.slot(node.body).code}{rest} if {site.slot(node.test).code}"
                    edit = site.source.replace(node, kept)._replace(
                        start=start, end=start + len(site.slot(node).code) + len(rest)
                    )
                    if not site.slot(node).enclosed:
                        yield Change(
                            (edit,), f"`{site.slot(node).shown}` → only if `{site.slot(node.test).shown}`", 0.6
                        )


SEQUENCE_FAMILIES: tuple[Family, ...] = (Slice(), Index(), Range(), Iterated(), Order(), Comprehension())
