"""The test command that is found by itself."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from projects import Files, make

from trm_lsp.judging import discovery
from trm_lsp.judging.discovery import discover

UNITTEST = "import unittest\n\n\nclass TestA(unittest.TestCase):\n    def test_a(self): ...\n"
PYTEST = "def test_a():\n    assert True\n"


def check(root: Path, files: Files, command: str, why: str, kind: str = "") -> None:
    found = discover(make(root, files))
    assert (found.command, found.why) == (command, why)
    assert found.kind == (kind or ("unittest" if "unittest" in command else "pytest"))


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({}, "nothing else was found"),
        ({"pytest.ini": ""}, "pytest.ini is here"),
        ({"pyproject.toml": "[tool.pytest.ini_options]\n"}, "pyproject.toml configures pytest"),
        ({"pyproject.toml": '[tool.pytest]\naddopts = ["-q"]\n'}, "pyproject.toml configures pytest"),
        ({"tox.ini": "[tox]\n\n[pytest]\n"}, "tox.ini configures pytest"),
        ({"setup.cfg": "[tool:pytest]\n"}, "setup.cfg configures pytest"),
        ({"tests/test_a.py": PYTEST}, "tests/test_a.py is written for pytest"),
        ({"a_test.py": "class TestA:\n    def test_a(self): ...\n"}, "a_test.py is written for pytest"),
        ({"tests/unit/test_a.py": "# later\n"}, "tests/unit/test_a.py is here"),
        ({"tests/test_a.py": UNITTEST, "tests/conftest.py": ""}, "tests/conftest.py is here"),
        ({"test_a.py": UNITTEST, "requirements-dev.txt": "x\npytest>=8 # y\n"}, "requirements-dev.txt asks for pytest"),
        (
            {"test_a.py": UNITTEST, "pyproject.toml": '[dependency-groups]\ndev = ["pytest"]\n'},
            "pyproject.toml asks for pytest",
        ),
        ({"test_a.py": UNITTEST, "setup.py": "setup(tests_require=['pytest-cov'])\n"}, "setup.py asks for pytest"),
    ],
)
def test_pytest(root: Path, files: Files, why: str) -> None:
    check(root, files, "python -m pytest", why)


@pytest.mark.parametrize(
    ("files", "command"),
    [
        ({"test_a.py": UNITTEST}, "python -m unittest"),
        ({"tests/__init__.py": "", "tests/test_a.py": UNITTEST}, "python -m unittest"),
        ({"tests/test_a.py": UNITTEST}, "python -m unittest discover -s tests"),
        ({"tests/a_test.py": UNITTEST}, "python -m unittest discover -s tests -p '*_test.py'"),
        ({"test_a.py": UNITTEST, "requirements.txt": "# pytest\nunpytest\n"}, "python -m unittest"),
    ],
)
def test_unittest_where_nothing_asks_for_pytest_and_the_command_finds_the_tests(
    root: Path, files: Files, command: str
) -> None:
    test = next(name for name in files if name.endswith(("test_a.py", "a_test.py")))
    check(root, files, command, f"{test} is a unittest")
    ran = subprocess.run(
        ["/bin/sh", "-c", command.replace("python", sys.executable, 1)],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert re.search(r"^Ran 1 test", ran.stderr, re.M) and ran.returncode == 0


NODE_FILE = "test/a.test.mjs is written for node's test runner"
SCRIPT = '{"scripts": {"test": "%s"}}'


@pytest.mark.parametrize(
    ("files", "command", "why", "kind"),
    [
        ({"package.json": SCRIPT % "node --test"}, "npm test", "package.json has a test script", "node:test"),
        (
            {"package.json": SCRIPT % "jest", "yarn.lock": ""},
            "yarn test",
            "package.json has a test script",
            "another command",
        ),
        (
            {"package.json": SCRIPT % "vitest", "pnpm-lock.yaml": ""},
            "pnpm test",
            "package.json has a test script",
            "another command",
        ),
        (
            {"package.json": "{}", "test/a.test.mjs": "import test from 'node:test';\n"},
            "node --test",
            NODE_FILE,
            "node:test",
        ),
        ({"go.mod": "module x\n"}, "go test ./...", "go.mod is here", "go test"),
        ({"Cargo.toml": "[package]\n"}, "cargo test", "Cargo.toml is here", "cargo test"),
        (
            {"Makefile": "all:\n\ntest: all\n\t./run\n"},
            "make test",
            "Makefile has a target named test",
            "another command",
        ),
        (
            {"makefile": ".PHONY: x\nlint test check:\n"},
            "make test",
            "makefile has a target named test",
            "another command",
        ),
    ],
)
def test_other_languages(root: Path, files: Files, command: str, why: str, kind: str) -> None:
    check(root, files, command, why, kind)


@pytest.mark.parametrize(
    "files",
    [
        {"package.json": '{"scripts": {"test": "echo \\"Error: no test specified\\" && exit 1"}}'},
        {"package.json": "{}", "a.test.js": "describe('jest', () => {});\n"},
        {"Makefile": "test := 1\nlatest: x\ncheck:\n\t@echo test:\n.PHONY: test\n"},
        {"GNUmakefile": "all:\n", "Makefile": "test:\n"},
        {"a/b/c/test_deep.py": PYTEST, "node_modules/test_a.py": PYTEST, ".hidden/test_b.py": PYTEST},
    ],
)
def test_what_only_looks_like_a_command_is_none(root: Path, files: Files) -> None:
    check(root, files, "python -m pytest", "nothing else was found")


def test_what_a_user_would_expect_comes_first(root: Path) -> None:
    everything: Files = {
        "pyproject.toml": "[tool.pytest.ini_options]\n",
        "test_a.py": UNITTEST,
        "package.json": SCRIPT % "node --test",
        "go.mod": "module x\n",
        "Cargo.toml": "[package]\n",
        "Makefile": "test:\n",
    }
    make(root, everything)
    found = []
    for name in everything:
        found.append(discover(root).command)
        (root / name).unlink()
    # Without a project file of Python a test file is a script that happens to be there.
    assert found == ["python -m pytest", "npm test", "npm test", "go test ./...", "cargo test", "make test"]
    make(root, {"test_a.py": UNITTEST, "setup.py": "", "go.mod": "module x\n"})
    assert discover(root).command == "python -m unittest"


# --- bad input --------------------------------------------------------------------------------------

FILES = [
    "pyproject.toml",
    "pytest.ini",
    "tox.ini",
    "setup.cfg",
    "setup.py",
    "requirements.txt",
    "package.json",
    "go.mod",
]
FILES += ["Cargo.toml", "Makefile", "tests/test_a.py"]


@pytest.mark.parametrize("name", FILES)
def test_anything_may_be_in_a_file_or_in_its_place(root: Path, name: str) -> None:
    path = make(root, {name: ""}) / name
    for data in (b"\xff\xfe\0{", b"[" * 200_000, b"a = {" * 50_000, b'{"scripts": []}', b"[tool]\npytest = 3\n", b"\0"):
        path.write_bytes(data)
        assert discover(root).command
    path.unlink()
    path.mkdir()
    assert discover(root).why == "nothing else was found"
    path.rmdir()
    os.mkfifo(path)  # nobody writes to it: reading would never end
    assert discover(root).command
    path.unlink()
    path.symlink_to(path)
    assert discover(root).why == "nothing else was found"


def test_a_root_that_is_not_there(root: Path) -> None:
    shutil.rmtree(root)
    assert discover(root).command == "python -m pytest"


def test_a_huge_file_is_no_configuration(root: Path) -> None:
    path = make(root, {"pyproject.toml": "[tool.pytest]\n"}) / "pyproject.toml"
    with path.open("ab") as file:
        file.truncate(1 << 33)
    assert discover(root).why == "nothing else was found"


def test_the_work_is_bounded_however_many_files_there_are(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(300):
        (root / f"data{number}").mkdir()
        (root / f"data{number}" / "x").touch()
    make(root, {"tests/test_a.py": PYTEST, "zeta/test_b.py": PYTEST})
    monkeypatch.setattr(discovery, "ENTRIES_SEEN", 310)
    seen = 0
    scandir = os.scandir

    def counted(path: Path) -> object:
        nonlocal seen
        seen += 1
        return scandir(path)

    monkeypatch.setattr(os, "scandir", counted)
    assert discover(root).why == "tests/test_a.py is written for pytest"
    assert seen < 20
