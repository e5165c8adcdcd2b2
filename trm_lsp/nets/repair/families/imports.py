"""Imports: missing, misspelt, or from the wrong module."""

from __future__ import annotations

import ast
import sys
from collections.abc import Collection, Iterator, Mapping

from trm_lsp.core.state import Edit
from trm_lsp.nets.repair.families.base import Change, Family, Site, stored
from trm_lsp.nets.repair.families.names import closest
from trm_lsp.nets.repair.source import FunctionNode, Inventory, Source, is_docstring

FROM = {
    "collections": "defaultdict Counter deque OrderedDict namedtuple ChainMap",
    "collections.abc": "Iterable Iterator Mapping Sequence Callable Generator Hashable MutableMapping",
    "functools": "reduce partial lru_cache cache wraps cmp_to_key total_ordering singledispatch cached_property",
    "itertools": "product permutations combinations chain groupby count cycle repeat accumulate zip_longest islice "
    "takewhile dropwhile starmap tee combinations_with_replacement pairwise",
    "math": "sqrt ceil floor gcd pi log log2 log10 sin cos tan factorial isclose inf nan prod hypot comb isqrt lcm exp",
    "operator": "itemgetter attrgetter methodcaller mul add",
    "datetime": "datetime timedelta date timezone",
    "dataclasses": "dataclass field asdict replace astuple",
    "typing": "Any Optional List Dict Tuple Set Union NamedTuple TypeVar Generic Protocol cast overload",
    "pathlib": "Path PurePath",
    "enum": "Enum IntEnum Flag auto StrEnum",
    "abc": "ABC abstractmethod",
    "copy": "deepcopy copy",
    "heapq": "heappush heappop heapify nlargest nsmallest heappushpop heapreplace",
    "bisect": "bisect_left bisect_right insort bisect",
    "contextlib": "contextmanager suppress closing ExitStack redirect_stdout",
    "decimal": "Decimal ROUND_HALF_UP ROUND_HALF_EVEN",
    "fractions": "Fraction",
    "io": "StringIO BytesIO",
    "statistics": "mean median stdev mode",
    "string": "ascii_lowercase ascii_uppercase ascii_letters digits punctuation",
    "threading": "Lock RLock Thread Event",
    "time": "sleep monotonic perf_counter",
    "types": "SimpleNamespace MappingProxyType",
    "uuid": "uuid4 UUID",
}
MODULE_OF = {name: module for module, names in FROM.items() for name in names.split()}
"""The module of the standard library that has a name people import from there."""


def _top(source: Source) -> int:
    """The offset where an import can be added: behind the imports and the docstring at the file's beginning."""
    position = 0
    for node in source.tree.body:
        if not (isinstance(node, ast.Import | ast.ImportFrom) or is_docstring(node)):
            break
        position = source.whole_lines(node)[1]
    return position


def imports_of(names: Collection[str], texts: Mapping[str, str]) -> tuple[tuple[str, str, str], ...]:
    """How files of a workspace import names, or where they define them: the name, a statement, the file it is from.

    `texts`: by path relative to the root. What does not parse says nothing.
    """
    found: dict[tuple[str, str], str] = {}
    for path, text in texts.items():
        if not any(name in text for name in names):
            continue
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError):
            continue
        inventory = Inventory(tree)
        defined = {node.name for node in tree.body if isinstance(node, FunctionNode | ast.ClassDef)}
        for name in names:
            if name in inventory.imports:
                found.setdefault((name, inventory.imports[name]), path)
            elif name in defined:
                found.setdefault((name, f"from {_module(path)} import {name}"), path)
    return tuple((name, code, path) for (name, code), path in found.items())


def _module(path: str) -> str:
    """The dotted name under which a file is imported."""
    parts = path.removesuffix(".py").removesuffix("/__init__").split("/")
    return ".".join(parts[1:] if parts[0] == "src" and len(parts) > 1 else parts)


class MissingImport(Family):
    name, prior = "missing-import", 0.96
    reason = "a name is used that is never imported"

    def at_expression(self, site: Site, node: ast.expr) -> Iterator[Change]:
        if not isinstance(node, ast.Name) or stored(node):
            return
        name, source = node.id, site.source
        if name not in source.inventory.unknown and name not in site.hints.undefined:
            return
        used_as_module = isinstance(site.parent(node), ast.Attribute)
        statements: dict[str, float] = {}
        if name in sys.stdlib_module_names:
            statements[f"import {name}"] = 1.0 if used_as_module else 0.5
        if name in MODULE_OF:
            statements[f"from {MODULE_OF[name]} import {name}"] = 0.5 if used_as_module and statements else 1.0
        for imported, code, path in site.hints.imports:
            # A relative import means the same only in the same folder.
            near = path.rpartition("/")[0] == source.path.rpartition("/")[0]
            if imported == name and path != source.path and (near or not code.startswith("from .")):
                statements.setdefault(code, 1.0 if near else 0.9)
        position = _top(source)
        ended = not position or source.text[:position].endswith(("\n", "\r"))
        for code, weight in statements.items():
            text = f"{code}{source.newline}" if ended else f"{source.newline}{code}"
            yield Change((Edit(source.path, position, position, text),), f"`{code}` added", weight)


class WrongImport(Family):
    name, prior = "wrong-import", 0.9
    reason = "an import names the wrong module, or something that the module does not have"

    def at_statement(self, site: Site) -> Iterator[Change]:
        node, source = site.statement.node, site.source
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name not in sys.stdlib_module_names:
                    for other, weight in closest(alias.name, sys.stdlib_module_names):
                        yield self._renamed(site, alias, alias.name, other, weight)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            text = source.code(node)
            for alias in node.names:
                home = MODULE_OF.get(alias.name)
                if home and home != node.module:
                    if len(node.names) == 1:
                        yield self._module(site, node, home, 1.0)
                    else:
                        start = source.whole_lines(node)[0]
                        rest = [ast.unparse(a) for a in node.names if a is not alias]
                        code = f"from {home} import {ast.unparse(alias)}"
                        kept = f"from {node.module} import {', '.join(rest)}"
                        if source.alone(node) and "\n" not in text:
                            both = f"{kept}{source.newline}{site.indent}{code}"
                            edit = Edit(source.path, start + len(site.indent), source.span(node)[1], both)
                            yield Change((edit,), f"`{alias.name}` imported from {home}", 0.9)
                known = FROM.get(node.module, "").split()
                if alias.name not in known:
                    for other, weight in closest(alias.name, [*known, *source.inventory.unknown]):
                        yield self._renamed(site, alias, alias.name, other, weight)
            if node.module.split(".")[0] not in sys.stdlib_module_names:
                for other, weight in closest(node.module, sys.stdlib_module_names):
                    yield self._module(site, node, other, weight)
                start = source.span(node)[0] + text.index(node.module)
                edit = Edit(source.path, start, start, ".")
                yield Change((edit,), f"`{node.module}` → `.{node.module}`", 0.4)
        elif isinstance(node, ast.ImportFrom) and node.level:
            start = source.span(node)[0] + source.code(node).index(".")
            yield Change((Edit(source.path, start, start, "."),), f"`{site.head}` from one package higher", 0.4)
            if node.module:
                edit = Edit(source.path, start, start + node.level, "." * (node.level - 1))
                yield Change((edit,), f"`{site.head}` with one dot less", 0.4)

    def _renamed(self, site: Site, alias: ast.alias, old: str, new: str, weight: float) -> Change:
        start = site.source.offset(alias.lineno, alias.col_offset)
        # Where the old name is used in the file it stays the same.
        code = new if alias.asname or old in site.hints.undefined or "." in old else f"{new} as {old}"
        if old not in site.source.inventory.used:
            code = new
        return Change((Edit(site.source.path, start, start + len(old), code),), f"`{old}` → `{code}`", weight)

    def _module(self, site: Site, node: ast.ImportFrom, new: str, weight: float) -> Change:
        assert node.module is not None
        start, end = site.source.span(node)
        at = site.source.text.index(node.module, start, end)
        edit = Edit(site.source.path, at, at + len(node.module), new)
        return Change((edit,), f"`from {node.module}` → `from {new}`", weight)


IMPORTS: tuple[Family, ...] = (MissingImport(), WrongImport())
