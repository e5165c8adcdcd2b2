"""Realistic bugs in packages of our own, to measure a repair by.

Each package has its code, the tests that whoever repairs it sees (`tests`), the tests that only judge (`hidden`), and
its bugs (`bugs.toml`): what a user would report, and the edits that put the bug into the correct code.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parent
VISIBLE, HIDDEN = "tests", "hidden"
KINDS = ("one edit", "two edits", "new code")
PATIENCE = 60.0
"""Seconds after which tests count as failed: a wrong answer may never end."""
_UNSET = ("PYTHONPATH", "PYTEST_ADDOPTS", "PYTEST_PLUGINS")
_NOT_LAID = ("__pycache__", ".*", "bugs.toml")


class Change(NamedTuple):
    """How a bug changes a file: a piece of the correct text that occurs once, and what the bug has in its place."""

    file: str
    old: str
    new: str


class Judgement(NamedTuple):
    """What the tests say of an answer."""

    plausible: bool
    """The visible tests pass."""
    correct: bool
    """The visible and the hidden tests pass."""


@dataclass(frozen=True)
class Bug:
    """A bug in one of the packages. Paths are relative to the folder in which the package is laid."""

    id: str
    package: str
    kind: str
    """What undoes it: one of `KINDS`."""
    shape: str
    """What went wrong, in a word or two; bugs of one shape resemble each other."""
    report: str
    """What a user would say."""
    changes: tuple[Change, ...]

    @cached_property
    def files(self) -> Mapping[str, str]:
        """The texts that the bug changes, by path, with the bug in. Raises ValueError for an edit that does not fit."""
        texts = {change.file: _text(self.package, change.file) for change in self.changes}
        for file, old, new in self.changes:
            if texts[file].count(old) != 1:
                raise ValueError(f"{self.package}/{self.id}: not exactly once in {file}: {old!r}")
            texts[file] = texts[file].replace(old, new)
        return texts

    @cached_property
    def undone(self) -> Mapping[str, str]:
        """The same files without the bug: one right answer, not the only one."""
        return {file: _text(self.package, file) for file in self.files}

    @cached_property
    def failing(self) -> tuple[str, ...]:
        """Ids of the visible tests that fail, in the order of their run. Runs them at the first use."""
        with tempfile.TemporaryDirectory() as folder:
            found = outcomes(lay(self, Path(folder)), Path(sys.executable), VISIBLE)
        return tuple(test for test, reason in found.items() if reason)


def packages() -> list[str]:
    """The names of the packages."""
    return sorted(path.parent.name for path in ROOT.glob("*/bugs.toml"))


def bugs(*names: str) -> list[Bug]:
    """The bugs of these packages, or of all, in a fixed order. Raises KeyError for an entry that lacks something."""
    return [_bug(name, entry) for name in names or packages() for entry in _entries(name)]


def lay(bug: Bug, folder: Path) -> Path:
    """Write the package with the bug and its visible tests into an empty folder; returns the folder."""
    lay_correct(bug.package, folder)
    for file, text in bug.files.items():
        (folder / file).write_text(text, encoding="utf-8")
    return folder


def lay_correct(package: str, folder: Path, *more: str) -> Path:
    """Write a package without a bug, and its visible tests, into a folder; `more` are further parts, as `hidden`."""
    shutil.copy(ROOT / package / "pyproject.toml", folder)
    for part in (package, VISIBLE, *more):
        shutil.copytree(ROOT / package / part, folder / part, ignore=shutil.ignore_patterns(*_NOT_LAID))
    return folder


def judge(folder: Path, bug: Bug, python: Path, seconds: float = PATIENCE) -> Judgement:
    """Judge the package as it lies in a folder, by our own copy of the tests; the folder is only read.

    Nothing but the package itself is taken from the folder: a test, a `conftest.py` or a setting that was changed
    there has no effect. `python` is an interpreter that has pytest.
    """
    with tempfile.TemporaryDirectory() as temporary:
        place = lay_correct(bug.package, Path(temporary), HIDDEN)
        shutil.rmtree(place / bug.package)
        shutil.copytree(folder / bug.package, place / bug.package, ignore=shutil.ignore_patterns(*_NOT_LAID))
        plausible = _passes(place, python, seconds, VISIBLE)
        return Judgement(plausible, plausible and _passes(place, python, seconds, VISIBLE, HIDDEN))


def outcomes(folder: Path, python: Path, *parts: str, seconds: float = PATIENCE) -> dict[str, str]:
    """Why each test of these parts failed, by its id, in the order of their run; empty for one that passed.

    A file that cannot be collected is a failure under its own name. Raises TimeoutExpired if the tests do not end.
    """
    with tempfile.TemporaryDirectory() as temporary:
        report = Path(temporary) / "report.xml"
        _pytest(folder, python, seconds, "-o", "junit_family=xunit1", f"--junitxml={report}", *parts)
        cases = list(ElementTree.parse(report).iter("testcase"))
    return {_id(case): _reason(case) for case in cases}


def _passes(folder: Path, python: Path, seconds: float, *parts: str) -> bool:
    try:
        return _pytest(folder, python, seconds, "--exitfirst", *parts) == 0
    except subprocess.TimeoutExpired:
        return False


def _pytest(folder: Path, python: Path, seconds: float, *arguments: str) -> int:
    """Run pytest in a folder; returns its exit code. The package is imported from the folder, without plugins."""
    environ = {name: value for name, value in os.environ.items() if name not in _UNSET}
    environ |= {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    command = [str(python), "-m", "pytest", "-q", "--tb=no", "-p", "no:cacheprovider", *arguments]
    done = subprocess.run(command, cwd=folder, env=environ, timeout=seconds, stdout=subprocess.DEVNULL)
    return done.returncode


def _id(case: ElementTree.Element) -> str:
    file = case.get("file")
    return f"{file}::{case.get('name')}" if file else case.get("name", "")


def _reason(case: ElementTree.Element) -> str:
    """The first line on why a test failed."""
    for kind in ("failure", "error", "skipped"):
        found = case.find(kind)
        if found is not None:
            return found.get("message", "").partition("\n")[0] or kind
    return ""


def _entries(package: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = tomllib.loads(_text(package, "bugs.toml"))["bug"]
    return found


def _bug(package: str, entry: Mapping[str, Any]) -> Bug:
    changes = tuple(Change(edit["file"], edit["old"], edit["new"]) for edit in entry["edits"])
    return Bug(entry["id"], package, entry["kind"], entry["shape"], entry["report"], changes)


def _text(package: str, file: str) -> str:
    return (ROOT / package / file).read_text(encoding="utf-8")
