"""What a variant makes of the task's files: bytes for a run, changes for a comparison."""

from __future__ import annotations

from collections.abc import Mapping

from trm_lsp.core.state import BaseText, Variant
from trm_lsp.judging.screen import Candidate
from trm_lsp.patch.diffs import changed_lines, hunks
from trm_lsp.patch.edits import texts_of

CONFIGURATION = frozenset({"conftest.py", "pytest.ini", ".pytest.ini", "setup.cfg", "tox.ini", "pyproject.toml"})
"""Files that say which tests there are, and how they are run."""
FOLDERS = frozenset({"test", "tests"})
"""Folders of tests, with the data that they compare with."""


class Texts:
    """The task's texts, and which of them a candidate may change."""

    def __init__(self, base: Mapping[str, BaseText], test_files: frozenset[str], *, editable_tests: bool) -> None:
        """`test_files`: those that tests are in, whatever their names; `editable_tests`: the user said they may go."""
        self.base = base
        self.test_files = test_files
        self._editable_tests = editable_tests

    def data(self, variant: Variant) -> dict[str, bytes]:
        """The bytes of the files a variant changes; test files stay as the task has them unless allowed."""
        base = {path: self.base[path].text for path in {edit.path for edit in variant.edits}}
        return {
            path: self._encoded(self.base[path], text)
            for path, text in texts_of(variant, base).items()
            if self.editable(path)
        }

    def changes(self, variant: Variant) -> list[Candidate]:
        """What a variant changes in each file, as zygote/comparing.py takes it."""
        base = {path: self.base[path] for path in {*variant.texts, *(edit.path for edit in variant.edits)}}
        texts = texts_of(variant, {path: text.text for path, text in base.items()})
        return [
            [path, base[path].encoding, base[path].bom, [[h.start, h.end, h.after] for h in changed]]
            for path in sorted(texts)
            if (changed := list(hunks(path, base[path].text, texts[path])))
        ]

    def changed_lines(self, variant: Variant) -> dict[str, set[int]]:
        """Lines of the task's texts that a variant replaces, or stands beside, by path."""
        base = {path: self.base[path].text for path in {*variant.texts, *(edit.path for edit in variant.edits)}}
        return {path: changed_lines(base[path], text) for path, text in texts_of(variant, base).items()}

    def _encoded(self, base: BaseText, text: str) -> bytes:
        return base.model_copy(update={"text": text}).data

    def editable(self, path: str) -> bool:
        """Whether a candidate may change a file: not the tests and their configuration, unless the user said so."""
        *folders, name = path.split("/")
        if self._editable_tests:
            return True
        if path in self.test_files or name in CONFIGURATION or not FOLDERS.isdisjoint(folders):
            return False
        return not (name.endswith(".py") and (name.startswith("test_") or name.endswith("_test.py")))
