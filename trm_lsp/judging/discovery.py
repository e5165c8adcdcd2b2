"""The test command of a workspace, found by what lies in it. Files are read, nothing is run."""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from trm_lsp.judging.commands.reading import read, read_json
from trm_lsp.judging.commands.recognising import recognise

PYTEST = "python -m pytest"
CONFIGURATION_BYTES = 1 << 20
"""A larger file is no configuration."""
TEST_BYTES = 1 << 18
LEVELS = 2
"""Folders below the root in which test files are looked for."""
ENTRIES_SEEN = 5000
"""Files and folders that are looked at for it, however many there are."""
TESTS_READ = 20
"""Test files that are opened to see what they are written for."""

_NOT_SEARCHED = frozenset(
    {"node_modules", "venv", "env", "site-packages", "build", "dist", "target", "vendor", "__pycache__"}
)
_LIKELY = ("tests", "test", "src")
_PYTHON_PROJECT = (
    "pyproject.toml",
    "setup.py",
    "setup.cfg",
    "tox.ini",
    "Pipfile",
    "requirements.txt",
    "environment.yml",
)
_TEST_FILE = re.compile(r"test_.*\.py|.*_test\.py")
_NODE_TEST_FILE = re.compile(r".*[._-]test\.[cm]?[jt]s|test\.[cm]?js")
_ASKS_FOR_PYTEST = re.compile(r"""(?:^|["'\s,])pytest(?:-[a-z]\w*)?(?=$|["'\s,;=<>!~\[])""", re.MULTILINE)
_NEEDS_PYTEST = re.compile(r"^(?:import|from) pytest\b|^(?:async )?def test|^class Test\w*(?:\(\))?:", re.MULTILINE)
_IS_UNITTEST = re.compile(r"^(?:import|from) unittest\b", re.MULTILINE)
_TEST_TARGET = re.compile(r"^(?:[^\s:#=]+[ \t]+)*test(?:[ \t]+[^\s:=]+)*[ \t]*::?(?![:=])", re.MULTILINE)
_NO_TEST_YET = "no test specified"
"""What npm puts into a new package.json."""


@dataclass(frozen=True)
class Discovered:
    """A test command, and why it should be the one."""

    command: str
    why: str
    """A short clause for the user: `pyproject.toml configures pytest`."""
    kind: str
    """`pytest`, `unittest`, or what `commands.recognising` calls it."""


def discover(root: Path) -> Discovered:
    """The command that a user of this workspace would run its tests with; never raises, always answers."""
    configured = _pytest_configured(root)
    if configured:
        return Discovered(PYTEST, configured, "pytest")
    tests = _Tests(root)
    python = _python(root, tests)
    if python and any((root / name).is_file() for name in _PYTHON_PROJECT):
        return python
    other = _node(root, tests) or _go(root) or _cargo(root) or _make(root)
    return other or python or Discovered(PYTEST, "nothing else was found", "pytest")


def stands_for(command: str, root: Path) -> str:
    """What a command line does not show of what it runs: the scripts or the Makefile behind it; empty for others."""
    words = command.split()
    if words and words[0] in {"npm", "yarn", "pnpm", "npx"}:
        package = read_json(root / "package.json")
        scripts = package.get("scripts") if isinstance(package, dict) else None
        return json.dumps(scripts) if isinstance(scripts, dict) else ""
    if words and os.path.basename(words[0]) in {"make", "gmake"}:
        return next((text for name in ("GNUmakefile", "makefile", "Makefile") if (text := _text(root / name))), "")
    return ""


def _text(path: Path) -> str:
    return read(path, CONFIGURATION_BYTES)


def _pytest_configured(root: Path) -> str:
    """Which file configures pytest, as a clause; empty when none does."""
    for name in ("pytest.toml", ".pytest.toml", "pytest.ini", ".pytest.ini"):
        if (root / name).is_file():
            return f"{name} is here"
    project = _toml(root / "pyproject.toml")
    tool = project.get("tool")
    if isinstance(tool, dict) and isinstance(tool.get("pytest"), dict):
        return "pyproject.toml configures pytest"
    for name, section in (("tox.ini", "[pytest]"), ("setup.cfg", "[tool:pytest]")):
        if section in map(str.strip, _text(root / name).splitlines()):
            return f"{name} configures pytest"
    return ""


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(_text(path))
    except (ValueError, RecursionError):
        return {}


# --- Python -------------------------------------------------------------------------------------


def _python(root: Path, tests: _Tests) -> Discovered | None:
    """Pytest or unittest, by what asks for pytest and what the tests are written for."""
    if not tests.python:
        return None
    asking = _asks_for_pytest(root)
    if asking:
        return Discovered(PYTEST, f"{asking} asks for pytest", "pytest")
    if tests.conftest:
        return Discovered(PYTEST, f"{tests.conftest} is here", "pytest")
    unittests = 0
    for path in tests.python[:TESTS_READ]:
        text = read(root / path, TEST_BYTES)
        if _NEEDS_PYTEST.search(text):
            return Discovered(PYTEST, f"{path} is written for pytest", "pytest")
        unittests += bool(_IS_UNITTEST.search(text))
    if unittests:
        return Discovered(_unittest(root, tests.python), f"{tests.python[0]} is a unittest", "unittest")
    return Discovered(PYTEST, f"{tests.python[0]} is here", "pytest")


def _asks_for_pytest(root: Path) -> str:
    """The file that names pytest among what has to be installed."""
    names = [
        *_PYTHON_PROJECT,
        "dev-requirements.txt",
        "requirements-dev.txt",
        "requirements-test.txt",
        "test-requirements.txt",
    ]
    below = ["requirements/dev.txt", "requirements/test.txt", "requirements/tests.txt", "requirements/dev.in"]
    for name in [*names, *below]:
        lines = (line.partition("#")[0] for line in _text(root / name).splitlines())
        if _ASKS_FOR_PYTEST.search("\n".join(lines)):
            return name
    return ""


def _unittest(root: Path, tests: list[str]) -> str:
    """The command under which unittest finds the tests: it goes into packages alone, and knows one pattern of names."""
    command = "python -m unittest"
    folder = os.path.dirname(tests[0])
    start = "" if not folder or (root / folder / "__init__.py").is_file() else f" -s {folder}"
    pattern = "" if any(os.path.basename(test).startswith("test") for test in tests) else " -p '*_test.py'"
    return f"{command} discover{start}{pattern}" if start or pattern else command


class _Tests:
    """Test files of the workspace, near its root."""

    def __init__(self, root: Path) -> None:
        self.python: list[str] = []
        self.node: list[str] = []
        self.conftest = ""
        for path, is_file in islice(_near(root), ENTRIES_SEEN):
            name = os.path.basename(path)
            if not is_file:
                continue
            if _TEST_FILE.fullmatch(name):
                self.python.append(path)
            elif _NODE_TEST_FILE.fullmatch(name):
                self.node.append(path)
            elif name == "conftest.py":
                self.conftest = self.conftest or path


def _near(root: Path) -> Iterator[tuple[str, bool]]:
    """Paths at the root and up to LEVELS folders below it, and whether each is a file; likely folders first."""
    folders = [("", 0)]
    while folders:
        folder, level = folders.pop(0)
        inside: list[str] = []
        try:
            with os.scandir(root / folder) as entries:
                for entry in islice(entries, ENTRIES_SEEN):
                    path = os.path.join(folder, entry.name).replace(os.sep, "/")
                    if level < LEVELS and entry.is_dir(follow_symlinks=False) and _searched(entry.name):
                        inside.append(path)
                    yield path, entry.is_file()
        except OSError:
            continue
        folders += [(path, level + 1) for path in sorted(inside, key=_likelihood)]


def _searched(folder: str) -> bool:
    return not folder.startswith((".", "__")) and folder not in _NOT_SEARCHED


def _likelihood(path: str) -> tuple[int, str]:
    name = os.path.basename(path)
    return (_LIKELY.index(name) if name in _LIKELY else len(_LIKELY), path)


# --- other languages ----------------------------------------------------------------------------


def _node(root: Path, tests: _Tests) -> Discovered | None:
    scripts = read_json(root / "package.json").get("scripts")
    script = scripts.get("test") if isinstance(scripts, dict) else None
    if isinstance(script, str) and script.strip() and _NO_TEST_YET not in script:
        manager = "pnpm" if (root / "pnpm-lock.yaml").is_file() else "yarn" if (root / "yarn.lock").is_file() else "npm"
        return _known(f"{manager} test", "package.json has a test script", root)
    for path in tests.node[:TESTS_READ]:
        if re.search(r"""["']node:test["']""", read(root / path, TEST_BYTES)):
            return _known("node --test", f"{path} is written for node's test runner", root)
    return None


def _go(root: Path) -> Discovered | None:
    return _known("go test ./...", "go.mod is here", root) if (root / "go.mod").is_file() else None


def _cargo(root: Path) -> Discovered | None:
    return _known("cargo test", "Cargo.toml is here", root) if (root / "Cargo.toml").is_file() else None


def _make(root: Path) -> Discovered | None:
    for name in ("GNUmakefile", "makefile", "Makefile"):  # in the order that make looks for them
        if (root / name).is_file():
            found = _TEST_TARGET.search(_text(root / name))
            return _known("make test", f"{name} has a target named test", root) if found else None
    return None


def _known(command: str, why: str, root: Path) -> Discovered:
    return Discovered(command, why, recognise(command, root).kind)
