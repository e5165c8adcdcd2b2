"""The one question that rivals leave: at which input they differ, and a test for each answer."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Sequence
from typing import NamedTuple

from trm_lsp.core.behaviour import Did, Distinction, Kind
from trm_lsp.core.events import Hunk, OpenQuestion, PossibleAnswer
from trm_lsp.core.ports import X
from trm_lsp.core.state import Candidate, Reasoning
from trm_lsp.patch.diffs import unified
from trm_lsp.patch.positions import LineIndex, newline

NAME_LENGTH = 48


def open_question(x: X, y: Candidate, z: Reasoning) -> OpenQuestion | None:
    """What y and a rival of it do at one input; None when nothing is known that tells them apart."""
    found = z.doubts.distinction if z.doubts else None
    attempts = {attempt.key: attempt for attempt in z.survivors}
    if found is None or z.doubts is None or not found.did.keys() <= attempts.keys():
        return None
    # What one answer of a behaviour does, all of them do.
    same = next((group for group in z.doubts.behaviours if y.digest in group), (y.digest,))
    ours = next((key for key in found.did if key in same), None)
    if ours is None:
        return None
    (rival,) = (key for key in found.did if key != ours)
    one, other = found.did[ours], found.did[rival]
    base = {path: x.texts[path].text for path in (*y.touched, *attempts[rival].texts)}
    changes = [{path: y.texts[path] for path in y.touched}, attempts[rival].texts]
    return OpenQuestion(
        text=f"These two differ at {found.call}: {one.in_words} or {other.in_words}.",
        call=found.call,
        answers=tuple(
            PossibleAnswer(outcome=did.in_words, diff=unified(base, texts), test=_test(x, found, did))
            for did, texts in zip((one, other), changes, strict=True)
        ),
    )


# --- the test an answer amounts to --------------------------------------------------------------


class _Place(NamedTuple):
    """Where a test is added: after which line, and in a class of unittest or not."""

    line: int
    indent: str
    unittest: bool


def _test(x: X, found: Distinction, did: Did) -> Hunk | None:
    """A test that the call does this, added to the file of the failing test."""
    path = next((test.partition("::")[0] for test in x.baseline.failing), "")
    if not found.exact or path not in x.texts or not path.endswith(".py"):
        return None
    text = x.texts[path].text
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return None
    place = _place(tree, text, next(test for test in x.baseline.failing if test.startswith(path)))
    claim = _claim(found.call, did, unittest=place.unittest)
    if claim is None:
        return None
    needed = [line for line in found.imports if line not in _imported(tree)]
    if any("pytest." in line for line in claim) and "import pytest" not in _imported(tree):
        needed = ["import pytest", *needed]
    body = [*needed, *([""] if needed else []), *claim]
    head = f"def {_name(found.call, text)}({'self' if place.unittest else ''}):"
    lines = [place.indent + head, *(f"{place.indent}    {line}" if line else "" for line in body)]
    return _inserted(path, text, place, lines)


def _claim(call: str, did: Did, *, unittest: bool) -> list[str] | None:
    """Statements that hold when the call does this; None when that cannot be written down."""
    if did.kind is Kind.RAISES:
        name = did.in_words
        if not isinstance(getattr(builtins, name, None), type):
            return None
        return [f"with {'self.assertRaises' if unittest else 'pytest.raises'}({name}):", f"    {call}"]
    if did.kind is not Kind.GIVES or not did.exact:
        return None
    if unittest:
        return [f"self.assertEqual({call}, {did.shown})"]
    return [f"assert {call} {'is' if did.shown in {'None', 'True', 'False'} else '=='} {did.shown}"]


def _place(tree: ast.Module, text: str, test: str) -> _Place:
    """The end of the failing test's class where that is one of unittest, else the end of the file."""
    names = test.split("::")[1:]
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name in names and _of_unittest(node):
            indent = LineIndex(text).indent(node.body[0].lineno)
            return _Place(node.end_lineno or node.lineno, indent, unittest=True)
    return _Place(len(LineIndex(text).starts), "", unittest=False)


def _of_unittest(node: ast.ClassDef) -> bool:
    return any(ast.unparse(base).rpartition(".")[2].endswith("TestCase") for base in node.bases)


def _imported(tree: ast.Module) -> set[str]:
    """What a module imports, name by name, each as a line of its own."""
    found: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.Import):
            found.update(f"import {alias.name}" for alias in node.names if alias.asname is None)
        elif isinstance(node, ast.ImportFrom):
            found.update(f"from {node.module} import {alias.name}" for alias in node.names if alias.asname is None)
    return found


def _name(call: str, text: str) -> str:
    """A name that is not in the file: `test_mean_of_1_2`."""
    callee, _, rest = call.partition("(")
    said = f"test {callee} of {rest.replace('-', ' minus ').strip(' ()[]{}') or 'empty'}"
    name = re.sub(r"\W+", "_", said)[:NAME_LENGTH].strip("_").lower()
    taken = {name}.intersection(re.findall(r"def (\w+)", text))
    return name if not taken else next(n for i in range(2, 1000) if f"def {(n := f'{name}_{i}')}(" not in text)


def _inserted(path: str, text: str, place: _Place, lines: Sequence[str]) -> Hunk:
    index, end = LineIndex(text), newline(text)
    start = index.starts[place.line] if place.line < len(index.starts) else len(text)
    before = text[:start]
    gap = end * (1 if place.unittest else 2)
    if before and not before.endswith(("\n", "\r")):
        gap = end + gap
    return Hunk(
        path=path,
        start=start,
        end=start,
        before="",
        after=(gap if before else "") + end.join(lines) + end,
        first_line=index.line(start),
    )
