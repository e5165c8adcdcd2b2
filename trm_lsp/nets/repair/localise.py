"""Where the fault may be: the lines that failing tests reach and passing ones do not."""

from __future__ import annotations

import ast
import bisect
import itertools
import math
import re
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress

from trm_lsp.core.ports import Trace, X
from trm_lsp.core.state import PLACES_KEPT
from trm_lsp.core.verdict import TestResult
from trm_lsp.core.witnesses import nearest
from trm_lsp.nets.repair.families import Hints
from trm_lsp.nets.repair.families.imports import imports_of
from trm_lsp.nets.repair.source import Source
from trm_lsp.workspace.texts import UnreadableText

PASSING_TRACED = 200
"""Passing tests that are traced for contrast, at most."""
PASSING_SECONDS = 1.0
"""What these may have taken in the baseline, all together."""
DEFAULTS = 0.45
"""Suspicion of a function's head (its defaults run at import), as a part of its body's."""
AT_IMPORT = 0.15
"""Suspicion of module constants and class bodies, as a part of the file's highest."""
MENTIONED, UNKNOWN = 0.8, 0.3
"""Suspicion of a line that a failure names, and of one that nothing is known about."""
LINES_TAKEN = 2000
FILES_READ = 200
"""Files that are searched for the import of an unknown name."""
_RAISED = re.compile(r"(?:\w+\.)*([A-Z]\w*)(?::|$)")
_PLACE = re.compile(r"([\w./-]+\.py)\"?(?:, line |:)(\d+)")
_UNKNOWN = re.compile(
    r"name '(\w+)' is not defined|has no attribute '(\w+)'|unexpected keyword argument '(\w+)'"
    r"|cannot import name '(\w+)'|variable '(\w+)'"
)
_MISCALLED = re.compile(r"TypeError: (?:[\w<>]+\.)*([A-Za-z]\w*)\(\) (?:missing|takes|got)\b")
_MISSING = re.compile(r"missing \d+ required (?:positional|keyword-only) arguments?: (.+)")
_QUOTED = re.compile(r"'(\w+)'")
_BOUND = re.compile(r"<bound method (?:[\w<>]+\.)*(\w+) of |\b(\w+)=<boun")
"""A method where a value was wanted; unittest shortens what is long, and leaves the name of the field it is in."""
_METHOD = re.compile(r"TypeError: .*'method'")
_DEFINED = re.compile(r"\s*(?:async\s+)?def\s+(\w+)\b")

Lines = Mapping[tuple[str, int], float]


def spectrum(trace: Trace, failing: Iterable[str]) -> Lines:
    """Suspicion of each reached line: Ochiai's, times the share of the failing tests that reach it.

    Ochiai weighs failing runs through a line against all runs through it. The
    share is there because one fault explains every failure more often than not.
    """
    failed = [test for test in failing if test in trace.lines]
    reached: dict[tuple[str, int], list[int]] = {}
    for test, paths in trace.lines.items():
        if test not in failed and test not in trace.passed:
            continue
        for path, lines in paths.items():
            for line in lines:
                reached.setdefault((path, line), [0, 0])[0 if test in failed else 1] += 1
    count = len(failed)
    return {
        place: fails / count * fails / math.sqrt(count * (fails + passes))
        for place, (fails, passes) in reached.items()
        if fails
    }


def contrasting(x: X, failing: Iterable[TestResult]) -> list[str]:
    """Passing tests to be traced beside the failing ones, the nearest to them."""
    passing = nearest(x.baseline.results, {result.id for result in failing})
    spent = list(itertools.accumulate(result.seconds for result in passing))
    return [result.id for result in passing[: min(PASSING_TRACED, bisect.bisect(spent, PASSING_SECONDS))]]


def suspicious_lines(x: X, trace: Trace, failing: Iterable[TestResult]) -> Lines:
    """Suspicion of lines in editable files, the places of exceptions raised."""
    failing = list(failing)
    targets = [result.id for result in failing]
    lines = {place: value for place, value in spectrum(trace, targets).items() if place[0] in x.editable}
    for result in failing:
        for distance, (path, line) in enumerate(reversed(result.frames)):
            if path in x.editable:
                at = (path, line)
                lines[at] = min(1.0, lines.get(at, 0.3) + 0.4 / (1 + distance))
    for at, value in {**uncalled(x, failing), **miscalled(x, failing)}.items():
        lines[at] = max(value, lines.get(at, 0.0))
    if lines:
        return lines
    traced = any(target in trace.lines for target in targets)
    return mentioned(x, failing) or ({} if traced else everything(x))


def behind_loops(sources: Iterable[Source], lines: Lines) -> Lines:
    """Statements that stand right behind a suspect loop and were not reached: of tests that did not end.

    The loop may lack just that statement.
    """
    found: dict[tuple[str, int], float] = {}
    for source in sources:
        for statement in source.statements:
            node, block = statement.node, statement.block
            at = block.index(node) + 1
            if isinstance(node, ast.While | ast.For) and (source.path, node.lineno) in lines and at < len(block):
                behind = source.path, block[at].lineno
                if behind not in lines:
                    found[behind] = lines[source.path, node.lineno]
    return found


def mentioned(x: X, failing: Iterable[TestResult]) -> dict[tuple[str, int], float]:
    """Lines that a failure's text names: what there is when nothing was traced, as at an import that fails."""
    found: dict[tuple[str, int], float] = {}
    for result in failing:
        for path, line in reversed(_PLACE.findall(result.message)):
            for known in x.editable:
                if path == known or path.endswith(f"/{known}"):
                    found.setdefault((known, int(line)), MENTIONED / (1 + len(found)))
    return found


def miscalled(x: X, failing: Iterable[TestResult]) -> dict[tuple[str, int], float]:
    """Heads of functions that were called with what they do not take: the call failed before it reached a line."""
    return _heads(x, {name for result in failing for name in _MISCALLED.findall(result.signature)})


def uncalled(x: X, failing: Iterable[TestResult]) -> dict[tuple[str, int], float]:
    """Heads of methods that were taken for what they return: where they should be properties, none of their lines ran.

    A failure shows such a method, or says that something is one; then it is an attribute of the function it came from.
    """
    names: set[str] = set()
    for result in failing:
        names.update(name for found in _BOUND.findall(result.signature) for name in found if name)
        if _METHOD.search(result.signature):
            path, line = next(((p, n) for p, n in reversed(result.frames) if p in x.editable), ("", 0))
            with suppress(KeyError, UnreadableText, SyntaxError, ValueError):
                names |= _attributes(x.texts[path].text, line)
    return _heads(x, names)


def _attributes(text: str, line: int) -> set[str]:
    """Attributes that are read, not called, in the innermost function around a line."""
    around = [
        node
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.lineno <= line <= (node.end_lineno or 0)
    ]
    inner = list(ast.walk(max(around, key=lambda node: node.lineno))) if around else []
    called = {id(node.func) for node in inner if isinstance(node, ast.Call)}
    return {node.attr for node in inner if isinstance(node, ast.Attribute) and id(node) not in called}


def _heads(x: X, names: Collection[str]) -> dict[tuple[str, int], float]:
    """Heads of functions of these names."""
    found: dict[tuple[str, int], float] = {}
    for path in sorted(x.editable)[:FILES_READ] if names else ():
        with suppress(KeyError, UnreadableText):
            for number, line in enumerate(x.texts[path].text.splitlines(), 1):
                if (head := _DEFINED.match(line)) and head[1] in names:
                    found[path, number] = MENTIONED
    return found


def everything(x: X) -> dict[tuple[str, int], float]:
    """Every line that may be changed, small files first: the last resort, for commands that cannot be traced."""
    texts: dict[str, str] = {}
    for path in x.editable:
        with suppress(KeyError, UnreadableText):
            texts[path] = x.texts[path].text
    found: dict[tuple[str, int], float] = {}
    for path, text in sorted(texts.items(), key=lambda item: (len(item[1]), item[0])):
        if len(found) < LINES_TAKEN:
            found.update({(path, line): UNKNOWN for line in range(1, text.count("\n") + 2)})
    return found


def reached_by(trace: Trace, tests: Iterable[str], path: str, first: int, last: int) -> tuple[str, ...]:
    """Those of `tests` that execute a line of `path` between `first` and `last`."""
    return tuple(
        test for test in tests if any(first <= line <= last for line in trace.lines.get(test, {}).get(path, ()))
    )


def passing_places(sources: Iterable[Source], trace: Trace) -> dict[str, int]:
    """Places to the number of traced passing tests that reach them."""
    reached: dict[tuple[str, int], int] = {}
    for test in trace.passed:
        for path, lines in trace.lines.get(test, {}).items():
            for line in lines:
                reached[path, line] = reached.get((path, line), 0) + 1
    found: dict[str, int] = {}
    for source in sources:
        for statement in source.statements:
            count = max((reached.get((source.path, line), 0) for line in statement.lines), default=0)
            if count:
                place = source.place(statement)
                found[place] = max(found.get(place, 0), count)
    return dict(sorted(found.items(), key=lambda item: -item[1])[:PLACES_KEPT])


def contrasted(places: Mapping[str, float], passing: Mapping[str, int], failing: int) -> dict[str, float]:
    """Suspicion by failing tests alone, made less by the passing tests that were traced on another y."""
    return {place: value * math.sqrt(failing / (failing + passing.get(place, 0))) for place, value in places.items()}


def suspicion(sources: Iterable[Source], lines: Lines) -> dict[str, float]:
    """Places with their suspicion; what runs at import only inherits a little of what it serves."""
    found: dict[str, float] = {}
    for source in sources:
        values = {line: value for (path, line), value in lines.items() if path == source.path}
        reached = {s: max((values.get(line, 0.0) for line in s.lines), default=0.0) for s in source.statements}
        inside: dict[ast.AST | None, float] = {}
        for statement, value in reached.items():
            inside[statement.function] = max(inside.get(statement.function, 0.0), value)
        highest = max(inside.values(), default=0.0)
        for statement, value in reached.items():
            node = statement.node
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                value = max(value, DEFAULTS * inside.get(node, 0.0))
            elif statement.function is None and not isinstance(node, ast.Import | ast.ImportFrom | ast.ClassDef):
                value = max(value, AT_IMPORT * highest)
            if value > 0:
                place = source.place(statement)
                found[place] = max(found.get(place, 0.0), value)
    return dict(sorted(found.items(), key=lambda item: -item[1])[:PLACES_KEPT])


def hints(x: X, failing: Iterable[TestResult]) -> Hints:
    """What the failing tests name: literals, expected exceptions, unknown names."""
    strings: dict[str, None] = {}
    numbers: dict[float | int, None] = {}
    exceptions: dict[str, None] = {}
    undefined: dict[str, None] = {}
    missing: dict[str, None] = {}
    raised: dict[str, None] = {}
    for result in failing:
        if (error := _RAISED.match(result.signature)) and error[1] != "AssertionError":
            raised[error[1]] = None
        for groups in _UNKNOWN.findall(result.signature):
            undefined.update({name: None for name in groups if name})
        for listed in _MISSING.findall(result.signature):
            missing.update(dict.fromkeys(_QUOTED.findall(listed)))
        for node in _test_nodes(x, result.id):
            if isinstance(node, ast.Constant):
                if isinstance(node.value, str) and node.value:
                    strings[node.value] = None
                elif isinstance(node.value, int | float) and not isinstance(node.value, bool):
                    numbers[node.value] = None
            elif isinstance(node, ast.Call) and _callee(node) in {"raises", "assertRaises", "assertRaisesRegex"}:
                exceptions.update({n.id: None for n in node.args[:1] if isinstance(n, ast.Name)})
    return Hints(
        tuple(strings),
        tuple(numbers),
        tuple(exceptions),
        tuple(undefined),
        tuple(missing),
        tuple(raised),
        _imports(x, undefined),
    )


def _imports(x: X, names: Collection[str]) -> tuple[tuple[str, str, str], ...]:
    """How the workspace imports these names."""
    texts: dict[str, str] = {}
    for path in sorted(x.editable) if names else ():
        if path.endswith(".py") and len(texts) < FILES_READ:
            with suppress(KeyError, UnreadableText):
                texts[path] = x.texts[path].text
    return imports_of(names, texts)


def _callee(node: ast.Call) -> str:
    func = node.func
    return func.id if isinstance(func, ast.Name) else func.attr if isinstance(func, ast.Attribute) else ""


def _test_nodes(x: X, test: str) -> Iterable[ast.AST]:
    """The syntax tree of a test function (of the whole file when it has none)."""
    path, *names = test.split("[")[0].split("::")
    try:
        tree: ast.AST = ast.parse(x.texts[path].text)
    except (KeyError, SyntaxError, ValueError):
        return ()
    for name in names:
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.name == name:
                tree = node
                break
    return ast.walk(tree)
