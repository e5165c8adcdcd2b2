"""What can be refined at a place: tests and functions, read from the syntax tree alone. Nothing is run."""

from __future__ import annotations

import ast
import os
import warnings
from collections.abc import Iterator
from fnmatch import fnmatch
from typing import NamedTuple

from trm_lsp.editor import lines as counting

REPAIRS = 8
"""Broken lines that are blanked out at most to read a file that never parsed."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


class Target(NamedTuple):
    """A function of a file; lines count from 1, decorators and both ends included."""

    name: str
    """With its classes: `Invoice.total`."""
    first_line: int
    last_line: int
    def_line: int
    node_id: str
    """What follows the path in its pytest id: `TestTotal::test_empty`. Empty: it is no test."""


class Outline(NamedTuple):
    """The functions of one text, in the order of the file."""

    text: str
    targets: tuple[Target, ...] = ()

    def at(self, line: int) -> Target | None:
        """The test that holds a line (from 1), else the innermost function that does."""
        holding = [target for target in self.targets if target.first_line <= line <= target.last_line]
        return min(holding, key=lambda t: (not t.node_id, t.last_line - t.first_line), default=None)

    def tests_between(self, first: int, last: int) -> list[Target]:
        """The tests that a selection of lines touches."""
        return [t for t in self.targets if t.node_id and t.first_line <= last and first <= t.last_line]

    def test(self, test: str) -> Target | None:
        """The function of a test id; parameters in brackets do not matter."""
        node_id = test.partition("::")[2].partition("[")[0]
        return next((target for target in self.targets if target.node_id == node_id), None) if node_id else None


class Outlines:
    """Outlines by file. A text that does not parse has that of the last text that did."""

    def __init__(self) -> None:
        self._parsed: dict[str, Outline] = {}
        self._latest: dict[str, Outline] = {}

    def of(self, path: str, text: str) -> Outline:
        latest = self._latest.get(path)
        if latest is None or latest.text != text:
            latest = self._latest[path] = self._outline(path, text)
        return latest

    def _outline(self, path: str, text: str) -> Outline:
        tree = _parse(text)
        if tree is not None:
            self._parsed[path] = Outline(text, tuple(_targets(tree, tests=is_test_file(path))))
            return self._parsed[path]
        if path in self._parsed:
            return _moved(self._parsed[path], text)
        mended = _parse_mended(text)
        return Outline(text, tuple(_targets(mended, tests=is_test_file(path))) if mended else ())

    def forget(self, path: str) -> None:
        self._parsed.pop(path, None)
        self._latest.pop(path, None)


def is_test_file(path: str) -> bool:
    """Whether pytest would look for tests in a file, by its usual names."""
    name = os.path.basename(path)
    return fnmatch(name, "test_*.py") or fnmatch(name, "*_test.py") or name == "tests.py"


def _parse(text: str) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an odd escape in the user's text is not our news
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _parse_mended(text: str) -> ast.Module | None:
    """Parse a text whose broken lines are replaced by `pass`, as long as there are few."""
    lines = counting.split(text)
    for _ in range(REPAIRS):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return ast.parse("".join(lines))
        except SyntaxError as error:
            if not error.lineno or error.lineno > len(lines):
                return None
            broken = lines[error.lineno - 1]
            mended = f"{broken[: len(broken) - len(broken.lstrip())]}pass\n"
            if mended == broken:
                return None
            lines[error.lineno - 1] = mended
        except (ValueError, RecursionError, MemoryError):
            return None
    return None


def _targets(tree: ast.Module, *, tests: bool) -> Iterator[Target]:
    yield from _below(tree, (), collected=tests)


def _below(node: ast.AST, outer: tuple[str, ...], *, collected: bool) -> Iterator[Target]:
    """Functions below `node`; `collected` is whether pytest collects tests right here."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Function):
            path = (*outer, child.name)
            test = collected and child.name.startswith("test")
            yield _target(child, path, "::".join(path) if test else "")
            yield from _below(child, path, collected=False)
        elif isinstance(child, ast.ClassDef):
            yield from _below(child, (*outer, child.name), collected=collected and _holds_tests(child))
        elif isinstance(child, ast.stmt | ast.excepthandler | ast.match_case):
            yield from _below(child, outer, collected=collected)


def _holds_tests(node: ast.ClassDef) -> bool:
    """A class named Test..., or one that derives from some TestCase."""
    bases = [ast.unparse(base).rpartition(".")[2] for base in node.bases]
    return node.name.startswith("Test") or any(base.endswith("TestCase") for base in bases)


def _target(node: Function, path: tuple[str, ...], node_id: str) -> Target:
    first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    return Target(".".join(path), first, node.end_lineno or node.lineno, node.lineno, node_id)


def _moved(outline: Outline, text: str) -> Outline:
    """An outline where its lines are in another text; edited lines stay where they were."""
    moved = counting.Moved(counting.split(outline.text), counting.split(text))

    def line(number: int) -> int:
        found = moved.line(number - 1)
        return number if found is None else found + 1

    return Outline(
        text,
        tuple(
            target._replace(
                first_line=line(target.first_line),
                last_line=line(target.last_line),
                def_line=line(target.def_line),
            )
            for target in outline.targets
        ),
    )
