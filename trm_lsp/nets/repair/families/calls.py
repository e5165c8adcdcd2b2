"""Calls: what is called, with which arguments, around what."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import ClassVar

from trm_lsp.core.state import Edit
from trm_lsp.nets.repair.families.base import Change, Family, Site, stored
from trm_lsp.nets.repair.families.binding import Binds
from trm_lsp.nets.repair.families.kinds import BUILTIN_TYPES, COLLECTIONS, MAPPINGS, METHODS, NUMBERS, TEXTS, can_be
from trm_lsp.nets.repair.source import called, dotted

ALIKE = (
    ("min", "max"), ("any", "all"), ("sum", "len", "max", "min"), ("append", "extend", "add", "insert"),
    ("startswith", "endswith"), ("strip", "lstrip", "rstrip"), ("floor", "ceil", "trunc"), ("find", "rfind", "index"),
    ("keys", "values", "items"), ("upper", "lower", "swapcase", "title", "capitalize"), ("sorted", "reversed", "list"),
    ("isupper", "islower", "isalpha", "isdigit", "isalnum"), ("list", "tuple", "set"), ("int", "float", "round"),
    ("round", "floor", "ceil"), ("split", "rsplit", "splitlines"), ("remove", "discard", "pop"), ("pop", "popleft"),
    ("add", "update", "discard"), ("get", "pop", "setdefault"), ("union", "intersection", "difference"),
    ("ljust", "rjust", "center"), ("log", "log2", "log10"), ("isinstance", "issubclass"), ("append", "appendleft"),
    ("match", "search", "fullmatch", "findall"), ("partition", "rpartition", "split"),
    ("isdigit", "isnumeric", "isdecimal"),
    ("abs", "int", "round"), ("str", "repr"), ("heappush", "heappop"), ("nlargest", "nsmallest"), ("sum", "prod"),
    ("bisect_left", "bisect_right"), ("permutations", "combinations", "product"), ("copy", "deepcopy"),
    ("dumps", "dump"), ("loads", "load"), ("read", "readline", "readlines"), ("mean", "median"), ("sin", "cos", "tan"),
    ("add", "sub"), ("removeprefix", "removesuffix"), ("zip", "zip_longest"), ("casefold", "lower"), ("map", "filter"),
    ("issubset", "issuperset"), ("symmetric_difference", "difference", "union"), ("ord", "chr"), ("hex", "bin", "oct"),
)  # fmt: skip
GROUPS: dict[str, tuple[str, ...]] = {}
for _group in ALIKE:
    for _name in _group:
        GROUPS[_name] = tuple(dict.fromkeys([*GROUPS.get(_name, ()), *(other for other in _group if other != _name)]))
WRAPPERS = {
    "abs": 0.7, "len": 0.6, "int": 0.6, "str": 0.6, "sorted": 0.6, "float": 0.4, "set": 0.5, "list": 0.4, "sum": 0.4,
    "max": 0.3, "min": 0.3, "round": 0.5, "tuple": 0.3, "bool": 0.2, "reversed": 0.2, "ord": 0.2, "chr": 0.15,
}  # fmt: skip
MOST_CONVERTERS = 3
"""Of what is imported and called with one argument elsewhere, so many, the most frequent."""
WANTS = {
    "abs": NUMBERS, "round": NUMBERS, "chr": NUMBERS, "ord": TEXTS, "len": COLLECTIONS, "sorted": COLLECTIONS,
    "set": COLLECTIONS, "list": COLLECTIONS, "sum": COLLECTIONS, "max": COLLECTIONS, "min": COLLECTIONS,
    "tuple": COLLECTIONS, "reversed": COLLECTIONS, "int": NUMBERS | TEXTS, "float": NUMBERS | TEXTS,
}  # fmt: skip
ENDINGS = {
    "lower": 0.6, "upper": 0.6, "strip": 0.6, "copy": 0.4, "split": 0.3, "items": 0.4, "values": 0.3, "keys": 0.2,
    "rstrip": 0.3, "lstrip": 0.3, "title": 0.15, "capitalize": 0.2, "splitlines": 0.2, "casefold": 0.15,
    "isdigit": 0.15, "isalpha": 0.15, "pop": 0.1, "most_common": 0.1,
}  # fmt: skip


def unfit(kinds: frozenset[str], method: str) -> bool:
    """Whether a value of these types surely has no such method."""
    return bool(kinds) and kinds <= BUILTIN_TYPES.keys() and not any(method in METHODS[kind] for kind in kinds)


def is_callee(site: Site, node: ast.expr) -> bool:
    parent = site.parent(node)
    return isinstance(parent, ast.Call) and parent.func is node


class Callee(Family):
    name, prior = "callee", 0.7
    reason = "another function or method is meant"

    def at_expression(self, site: Site, node: ast.expr) -> Iterator[Change]:
        if not isinstance(node, ast.Call):
            return
        func, name = node.func, called(node.func)
        alike = GROUPS.get(name, ())
        if isinstance(func, ast.Attribute):
            kinds = site.kinds(func.value)
            for other in alike:
                if not unfit(kinds, other):
                    yield site.rename(func, other, 0.8)
            for other in site.source.inventory.attributes.get(dotted(func.value), ())[:40]:
                if other != name and other not in alike:
                    yield site.rename(func, other, 0.4)
        elif isinstance(func, ast.Name):
            for other in alike:
                yield site.swap(func, other, 0.8)
            count = len(node.args) + len(node.keywords)
            for other, (needs, takes) in site.source.functions.items():
                if other != name and needs <= count <= takes:
                    yield site.swap(func, other, 0.5)


class Method(Family):
    name, prior = "method", 0.35
    reason = "another method of the same built-in type is meant"

    def at_expression(self, site: Site, node: ast.expr) -> Iterator[Change]:
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            return
        name = node.func.attr
        kinds = site.kinds(node.func.value) & BUILTIN_TYPES.keys()
        if not kinds:
            # By the method that is called now: what else can such a value do?
            kinds = frozenset(kind for kind in ("str", "list", "dict", "set", "int", "float") if name in METHODS[kind])
        for kind in sorted(kinds):
            for other in METHODS[kind]:
                if other != name and other not in GROUPS.get(name, ()):
                    yield site.rename(node.func, other, 0.4 if len(kinds) == 1 else 0.3)


class Arguments(Family):
    name, prior = "arguments", 0.7
    reason = "arguments have changed places, or one is too many"

    def at_expression(self, site: Site, node: ast.expr) -> Iterator[Change]:
        if not isinstance(node, ast.Call):
            return
        shown = site.slot(node).shown
        plain = [argument for argument in node.args if not isinstance(argument, ast.Starred)]
        for i, one in enumerate(plain):
            for distance, other in enumerate(plain[i + 1 :]):
                a, b = site.slot(one), site.slot(other)
                if a.code != b.code:
                    edits = (
                        site.source.replace(one, a.fit(b.code, b.binds)),
                        site.source.replace(other, b.fit(a.code, a.binds)),
                    )
                    yield Change(edits, f"`{a.shown}` and `{b.shown}` swapped in `{shown}`", 0.5 if distance else 0.9)
        spans = [site.source.span(argument) for argument in _given(node)]
        if len(spans) > 1:
            ordered = sorted(spans)
            for argument in _given(node):
                start, end = site.source.span(argument)
                i = ordered.index((start, end))
                # Its comma goes with it: the one before it, for the first the one behind.
                cut = (ordered[i - 1][1], end) if i else (start, ordered[1][0])
                left_out = site.source.text[cut[0] : cut[1]]
                if left_out.count("(") == left_out.count(")"):
                    literal = isinstance(argument, ast.Constant)
                    what = f"`{site.source.text[start:end]}` left out of `{shown}`"
                    yield Change((Edit(site.source.path, *cut, ""),), what, 0.5 if literal else 0.3)


def _given(node: ast.Call) -> list[ast.expr | ast.keyword]:
    return [*node.args, *node.keywords]


class Argument(Family):
    name, prior, cost = "argument", 0.35, 2
    reason = "an argument is missing, or passed under another keyword"

    USUAL: ClassVar = {
        "split": ("' '", "','", "None, 1"), "strip": ("' '",), "rstrip": ("'\\n'", "'0'"), "lstrip": ("'0'",),
        "get": ("0", "None", "[]", "''", "1"), "pop": ("0", "-1", "None"), "round": ("2", "1", "0"), "int": ("2", "16"),
        "sum": ("0", "[]"), "max": ("default=0", "default=None", "0"), "min": ("default=0", "default=None", "0"),
        "next": ("None",), "getattr": ("None",), "sorted": ("reverse=True",), "zip": ("strict=True",),
        "enumerate": ("1", "start=1"), "range": ("1",), "open": ("encoding='utf-8'", "'w'"), "log": ("2", "10"),
        "dumps": ("sort_keys=True", "indent=2", "ensure_ascii=False"), "replace": ("1",), "splitlines": ("True",),
        "isclose": ("abs_tol=1e-9",), "pow": ("2",), "setdefault": ("[]",), "makedirs": ("exist_ok=True",),
        "mkdir": ("parents=True, exist_ok=True",), "defaultdict": ("int", "list", "set"), "accumulate": ("initial=0",),
        "isinstance": ("str", "int", "list", "dict", "tuple", "(list, tuple)", "type"), "issubclass": ("Exception",),
    }  # fmt: skip

    def at_expression(self, site: Site, node: ast.expr) -> Iterator[Change]:
        if not isinstance(node, ast.Call) or site.source.text[site.slot(node).end - 1] != ")":
            return
        name, inventory = called(node.func), site.source.inventory
        if name in {"isinstance", "issubclass"} and len(node.args) > 1:
            return
        if any(isinstance(argument, ast.GeneratorExp) and not site.slot(argument).enclosed for argument in node.args):
            return  # its brackets are the call's
        added = dict.fromkeys(self.USUAL.get(name, ()), 0.7)
        added |= dict.fromkeys((other for other in site.hints.missing if other in site.names(node)), 1.0)
        given = {keyword.arg for keyword in node.keywords}
        for keyword in inventory.keywords.get(name, ()):
            if keyword not in given:
                for value in (keyword, *("True", "False", "None")):
                    if value != keyword or keyword in site.names(node):
                        added.setdefault(f"{keyword}={value}", 0.6)
        if len(node.args) < 4 and not node.keywords:
            known = site.source.functions.get(name)
            if known is None or len(node.args) < known[1]:
                for other in site.names(node)[:8]:
                    added.setdefault(other, 0.7 if known else 0.25)
                for literal in ("0", "1", "None", "True", "False"):
                    added.setdefault(literal, 0.4 if known else 0.1)
        for code, weight in added.items():
            if code.split("=")[0] not in given:
                yield self._appended(site, node, code, weight)
        if node.args and name not in self.USUAL and len(node.args) < 3 and not node.keywords:
            for other in site.names(node)[:6]:
                yield self._prepended(site, node, other, 0.25)
        for passed in node.keywords:
            if passed.arg:
                start = site.source.span(passed)[0]
                for other in inventory.keywords.get(name, ()):
                    if other not in given:
                        edit = Edit(site.source.path, start, start + len(passed.arg), other)
                        yield Change((edit,), f"`{passed.arg}=` → `{other}=`", 0.6)

    def _appended(self, site: Site, node: ast.Call, code: str, weight: float) -> Change:
        every = _given(node)
        end = site.slot(node).end - 1
        text = site.source.text
        position = end
        while text[position - 1].isspace():
            position -= 1
        comma = ", " if every and text[position - 1] != "," else " " if every else ""
        if every and text[position:end]:
            comma = ", " if text[position - 1] != "," else " "
        edit = Edit(site.source.path, position, position, comma + code)
        return Change((edit,), f"`{code}` added to `{site.slot(node).shown}`", weight)

    def _prepended(self, site: Site, node: ast.Call, code: str, weight: float) -> Change:
        start = site.source.text.index("(", site.slot(node.func).end) + 1
        edit = Edit(site.source.path, start, start, f"{code}, ")
        return Change((edit,), f"`{code}` added to `{site.slot(node).shown}`", weight)


class Unwrap(Family):
    name, prior, cost = "unwrap", 0.6, 2
    reason = "a call is too much"

    def at_expression(self, site: Site, node: ast.expr) -> Iterator[Change]:
        if not isinstance(node, ast.Call) or isinstance(site.parent(node), ast.Expr):
            return
        for argument in node.args[:3]:
            if not isinstance(argument, ast.Starred | ast.GeneratorExp):
                yield site.put(node, argument, 0.6 if len(node.args) == 1 else 0.25)
        if isinstance(node.func, ast.Attribute) and not isinstance(node.func.value, ast.Constant):
            yield site.put(node, node.func.value, 0.6 if not node.args else 0.2)


class Wrap(Family):
    name, prior, cost = "wrap", 0.5, 2
    reason = "a call is missing around a value"

    def at_expression(self, site: Site, node: ast.expr) -> Iterator[Change]:
        if not wrappable(site, node):
            return
        kinds = site.kinds(node)
        slot = site.slot(node)
        code = slot.code
        inner = dotted(node.func) if isinstance(node, ast.Call) else ""
        # A value that is returned, compared or looped over is converted more often than an operand.
        place = 0.6 if isinstance(site.parent(node), ast.BinOp) else 1.0
        argument = f"({code})" if isinstance(node, ast.NamedExpr | ast.Yield) else code
        for wrapper, weight in WRAPPERS.items():
            if wrapper != inner and can_be(kinds, WANTS.get(wrapper, kinds)):
                yield site.swap(node, f"{wrapper}({argument})", weight * place)
        for other, (needs, takes) in site.source.functions.items():
            if needs <= 1 <= takes and other != inner:
                yield site.swap(node, f"{other}({argument})", 0.5 * place)
        inventory = site.source.inventory
        for other in dict.fromkeys((*inventory.idle, *inventory.converters[:MOST_CONVERTERS])):
            if other != inner and other not in WRAPPERS:
                yield site.swap(node, f"{other}({argument})", (0.7 if other in inventory.idle else 0.3) * place)
        owner = site.operand(node, Binds.ATOM)
        if isinstance(node, ast.Constant) and not isinstance(node.value, str):
            return
        for method, weight in ENDINGS.items():
            if not unfit(kinds, method):
                share = 0.5 if isinstance(node, ast.BinOp) else 1.0
                yield site.swap(node, f"{owner}.{method}()", weight * place * share)


def wrappable(site: Site, node: ast.expr) -> bool:
    """Whether a call around an expression can mean something."""
    if not isinstance(
        node, ast.Name | ast.Attribute | ast.Call | ast.BinOp | ast.Subscript | ast.IfExp | ast.List | ast.ListComp
        | ast.GeneratorExp | ast.Tuple | ast.JoinedStr,
    ) or stored(node):  # fmt: skip
        return False
    if isinstance(node, ast.Tuple | ast.GeneratorExp) and site.slot(node).binds is not Binds.ATOM:
        return False
    parent = site.parent(node)
    return not isinstance(parent, ast.Expr | ast.Attribute | ast.Starred) and not is_callee(site, node)


class Chained(Family):
    name, prior, cost = "chained", 0.4, 2
    reason = "calls that follow one another are in the wrong order"

    def at_expression(self, site: Site, node: ast.expr) -> Iterator[Change]:
        """Have the last call of a chain come earlier."""
        links: list[str] = []
        inner: ast.expr = node
        while isinstance(inner, ast.Call) and isinstance(inner.func, ast.Attribute):
            owner = inner.func.value
            links.insert(0, site.source.text[site.slot(owner).end : site.slot(inner).end])
            inner = owner
        start = site.source.text[site.slot(node).start : site.slot(node).end - sum(map(len, links))]
        for position in range(len(links) - 1):
            order = [*links[:position], links[-1], *links[position:-1]]
            if order != links:
                yield site.swap(node, f"{start}{''.join(order)}", 0.9 - 0.2 * (len(links) - 2 - position), Binds.ATOM)


class Bounded(Family):
    name, prior, cost = "bounded", 0.3, 2
    reason = "a value must not pass a bound"

    def at_expression(self, site: Site, node: ast.expr) -> Iterator[Change]:
        parent = site.parent(node)
        if not wrappable(site, node) or not can_be(site.kinds(node), NUMBERS):
            return
        if not isinstance(
            parent, ast.Return | ast.Assign | ast.AugAssign | ast.Call | ast.Slice | ast.Subscript | ast.keyword
        ):
            return
        code = site.slot(node).code
        bounds = [*namesakes(site, node), *site.names(node)[:6], "0", "1"]
        for bound in bounds:
            if bound != code and can_be(site.kinds_of(bound), NUMBERS):
                for function in ("max", "min"):
                    zero = bound == "0" and function == "max"
                    yield site.swap(node, f"{function}({code}, {bound})", 0.8 if zero else 0.5)


def namesakes(site: Site, node: ast.expr) -> Iterator[str]:
    """The same attribute of other objects, as the function has it, nearest first."""
    if not isinstance(node, ast.Attribute):
        return
    found: dict[str, None] = {}
    for statement in (site.statement, *site.statements_here[:10]):
        for other, _ in statement.nodes():
            if isinstance(other, ast.Attribute) and other.attr == node.attr and not stored(other):
                found[site.source.code(other)] = None
    yield from [code for code in found if code != site.slot(node).code and "\n" not in code][:4]


class CallIt(Family):
    name, prior, cost = "call-it", 0.6, 1
    reason = "a function is named where it should be called, or the other way round"

    def at_expression(self, site: Site, node: ast.expr) -> Iterator[Change]:
        if isinstance(node, ast.Call) and not node.keywords and len(node.args) < 2:
            if not isinstance(site.parent(node), ast.Expr | ast.Await) and not is_callee(site, node):
                weight = 0.4 if not node.args else 0.1
                yield site.swap(node, site.slot(node.func).code, weight, site.slot(node.func).binds)
            return
        if stored(node) or is_callee(site, node):
            return
        if isinstance(node, ast.Attribute):
            method = node.attr in site.source.inventory.called or node.attr in _KNOWN_METHODS
            if not unfit(site.kinds(node.value), node.attr):
                yield site.swap(node, f"{site.slot(node).code}()", 0.9 if method else 0.3)
        elif isinstance(node, ast.Name):
            function = node.id in site.source.functions or node.id in site.source.inventory.called
            if function or "function" in site.kinds(node):
                yield site.swap(node, f"{node.id}()", 0.8)
            elif not site.kinds(node) and isinstance(site.parent(node), ast.Return):
                yield site.swap(node, f"{node.id}()", 0.1)


_KNOWN_METHODS = frozenset(name for names in METHODS.values() for name in names)


class Await(Family):
    name, prior = "await", 0.85
    reason = "a coroutine is not awaited, or something else is"

    def at_expression(self, site: Site, node: ast.expr) -> Iterator[Change]:
        if isinstance(node, ast.Await):
            yield site.put(node, node.value, 0.5)
        elif (
            isinstance(node, ast.Call)
            and isinstance(site.statement.function, ast.AsyncFunctionDef)
            and not isinstance(site.statement.node, ast.AsyncFunctionDef)
            and not isinstance(site.parent(node), ast.Await)
        ):
            own = called(node.func) in site.source.coroutines
            weight = 1.0 if own or "coroutine" in site.kinds(node) else 0.3
            yield site.swap(node, f"await {site.slot(node).code}", weight, Binds.AWAIT)


class Lookup(Family):
    name, prior, cost = "lookup", 0.45, 2
    reason = "a key that may be missing is looked up as if it were there, or the other way round"

    def at_expression(self, site: Site, node: ast.expr) -> Iterator[Change]:
        if isinstance(node, ast.Subscript) and not isinstance(node.slice, ast.Slice) and not stored(node):
            if can_be(site.kinds(node.value), MAPPINGS):
                owner, index = site.operand(node.value, Binds.ATOM), site.slot(node.slice).code
                for default, weight in (
                    ("", 0.7),
                    (", 0", 0.7),
                    (", []", 0.4),
                    (", ''", 0.4),
                    (", False", 0.3),
                    (", 1", 0.2),
                ):
                    yield site.swap(node, f"{owner}.get({index}{default})", weight)
                for other in (*site.names(node)[:6], index):
                    yield site.swap(node, f"{owner}.get({index}, {other})", 0.3)
                yield site.swap(node, f"{owner}.setdefault({index}, [])", 0.3)
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in {"get", "pop", "setdefault"}
            and node.args
            and not isinstance(node.args[0], ast.Starred)
            and not isinstance(site.parent(node), ast.Expr)
        ):
            owner = site.operand(node.func.value, Binds.ATOM)
            yield site.swap(node, f"{owner}[{site.slot(node.args[0]).code}]", 0.6)


CALLS: tuple[Family, ...] = (
    Callee(), Method(), Arguments(), Argument(), Unwrap(), Wrap(), Chained(), Bounded(), CallIt(), Await(), Lookup(),
)  # fmt: skip
