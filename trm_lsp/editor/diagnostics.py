"""Failing tests where the user sees them: published after a baseline, cleared when they pass."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping
from functools import cache
from typing import NamedTuple

from lsprotocol import types
from pygls.workspace import Workspace

from trm_lsp.core.verdict import Outcome, TestResult, Verdict
from trm_lsp.editor import lines as counting
from trm_lsp.editor import to_lsp
from trm_lsp.editor.buffers import Text, text_of
from trm_lsp.editor.client import Client
from trm_lsp.editor.roots import Root
from trm_lsp.editor.targets import Outlines

MESSAGE_LINES = 6
MESSAGE_LENGTH = 600

_FAILING = frozenset({Outcome.FAILED, Outcome.ERROR, Outcome.TIMEOUT})

Texts = Callable[[str], Text | None]


class Failing(NamedTuple):
    """A failing test."""

    result: TestResult
    text: str | None
    """Its file as the run saw it; None when it was not open."""
    named: bool
    """Whether the syntax tree has a function for it; when that goes, so does the test."""


class Shown(NamedTuple):
    """A failing test as published, and the text its range counts in."""

    result: TestResult
    diagnostic: types.Diagnostic
    text: str


class Failures:
    """The failing tests of every root."""

    def __init__(self, client: Client, workspace: Workspace, outlines: Outlines) -> None:
        self._client = client
        self._workspace = workspace
        self._outlines = outlines
        self._failing: dict[Root, dict[str, Failing]] = {}
        self._shown: dict[Root, dict[str, list[Shown]]] = {}

    def take(self, root: Root, verdict: Verdict, seen: Mapping[str, str]) -> None:
        """Learn from a verdict, and publish. `seen` are the texts the run saw, as far as they are known."""
        texts = self._texts(root)
        failing = self._failing.setdefault(root, {})
        for test, known in list(failing.items()):
            if known.named and not self._has(test, texts):
                del failing[test]
        for result in verdict.results:
            path = _file(result.id)
            if path != result.id:
                failing.pop(path, None)  # a file that could not be collected, and now it can
            if result.outcome in _FAILING:
                failing[result.id] = Failing(result, seen.get(path), self._has(result.id, texts))
            else:
                failing.pop(result.id, None)
        self._publish(root)

    def between(self, root: Root, path: str, first: int, last: int) -> list[Shown]:
        """What is shown in a file on lines (from 0), followed through edits since."""
        shown = self._shown.get(root, {}).get(path, [])
        text = text_of(self._workspace, root, path) if shown else None
        if text is None:
            return []
        return [
            test
            for test in shown
            if first <= _line_after(test.text, text.base.text, test.diagnostic.range.start.line) <= last
        ]

    def result(self, root: Root, test: str) -> TestResult | None:
        """How a test failed, if it did."""
        failing = self._failing.get(root, {}).get(test)
        return failing.result if failing else None

    def forget(self, root: Root) -> None:
        """The root is closed: nothing of it is shown any more."""
        self._failing.pop(root, None)
        self._publish(root)

    def _texts(self, root: Root) -> Texts:
        return cache(lambda path: text_of(self._workspace, root, path))

    def _has(self, test: str, texts: Texts) -> bool:
        text = texts(_file(test))
        return text is not None and self._outlines.of(text.uri, text.base.text).test(test) is not None

    def _publish(self, root: Root) -> None:
        texts = self._texts(root)
        before, now = self._shown.get(root, {}), dict[str, list[Shown]]()
        for failing in self._failing.get(root, {}).values():
            for path in (_file(failing.result.id), failing.result.path):
                text = texts(path) if path else None
                if text is not None:
                    diagnostic = self._diagnostic(failing, path, text, texts)
                    now.setdefault(path, []).append(Shown(failing.result, diagnostic, text.base.text))
                    break
        self._shown[root] = now
        for path in sorted({*before, *now}):
            text = texts(path)
            uri = text.uri if text else root.uri_of(path)
            self._client.publish(uri, [shown.diagnostic for shown in now.get(path, [])])

    def _diagnostic(self, failing: Failing, path: str, text: Text, texts: Texts) -> types.Diagnostic:
        result = failing.result
        line = self._line(failing, path, text)
        at = to_lsp.range_of_line(counting.split(text.shown), line, self._client.encoding)
        return to_lsp.diagnostic(at, result.id, _message(result), self._elsewhere(result, path, texts))

    def _line(self, failing: Failing, path: str, text: Text) -> int:
        """The line (from 0) a failure is shown at: where it failed in this file, else its test's def."""
        result = failing.result
        lines = [line for file, line in (*result.frames, (result.path, result.line)) if file == path and line]
        if lines:
            line = lines[-1] - 1
            return line if failing.text is None else _line_after(failing.text, text.base.text, line)
        target = self._outlines.of(text.uri, text.base.text).test(result.id)
        return target.def_line - 1 if target else 0

    def _elsewhere(self, result: TestResult, path: str, texts: Texts) -> to_lsp.Place | None:
        """The place of a failure that is not in the file it is shown in."""
        if not result.path or result.path == path or not result.line:
            return None
        text = texts(result.path)
        if text is None or not self._client.can("text_document.publish_diagnostics.related_information"):
            return None
        at = to_lsp.range_of_line(counting.split(text.shown), result.line - 1, self._client.encoding)
        return to_lsp.Place(text.uri, at, "it failed here")


def _file(test: str) -> str:
    return test.partition("::")[0]


def _line_after(before: str, after: str, line: int) -> int:
    """Where a line is after edits; an edited line stays where it was."""
    if before == after:
        return line
    moved = counting.Moved(counting.split(before), counting.split(after)).line(line)
    return line if moved is None else moved


def said(result: TestResult) -> str:
    """What a failure says: of pytest's report the lines marked `E`, for the code around them is in the editor."""
    marked = [line[1:] for line in result.message.splitlines() if line.startswith("E ")]
    said = textwrap.dedent("\n".join(marked)) or result.message or result.signature
    return said.strip() or f"the test ended as: {result.outcome}"


def _message(result: TestResult) -> str:
    """The first lines of a failure."""
    return "\n".join(said(result).splitlines()[:MESSAGE_LINES])[:MESSAGE_LENGTH]
