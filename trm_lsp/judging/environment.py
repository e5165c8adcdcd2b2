"""The user's interpreter, their test command, and what of the environment a test may see."""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from trm_lsp.judging.commands import unittest

_ALLOWED = re.compile(r"PATH|LANG|LC_\w+|TZ|TMPDIR|VIRTUAL_ENV|PYTHON\w*|CI|SYSTEMROOT|TERM")
HASH_SEEDS = 1 << 32
_PYTHON = re.compile(r"python(\d+(\.\d+)*)?(\.exe)?")


class EnvironmentBroken(Exception):
    """The tests cannot be run here; the message is one sentence for the user."""


@dataclass(frozen=True)
class TestCommand:
    """The user's test command, understood as far as we can run parts of it."""

    __test__ = False

    shown: str
    """As the user would type it."""
    runner: Literal["pytest", "unittest", ""]
    """The Python test runner it is, so that parts of it can be run; empty for any other program."""
    module: bool = True
    """`python -m pytest`, which puts the working directory on sys.path."""
    options: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    python: str = ""
    """The interpreter the command names by a path, if it does."""
    unreadable: str = ""
    """Why it cannot be split into words."""


def parse_command(command: str, root: Path) -> TestCommand:
    """Understand a command line; anything that is not plainly pytest is run as it is."""
    if not command.strip():
        return TestCommand(shown="python -m pytest", runner="pytest")
    try:
        words = shlex.split(command)
    except ValueError as error:
        return TestCommand(shown=command, runner="", unreadable=str(error))
    python, rest = "", words
    name = os.path.basename(words[0])
    if _PYTHON.fullmatch(name) and words[1:3] == ["-m", "pytest"]:
        module, rest = True, words[3:]
        python = words[0] if os.path.dirname(words[0]) else ""
    elif name in {"pytest", "py.test"}:
        module, rest = False, words[1:]
    elif understood := unittest.parse(words):
        python = understood.python if os.path.dirname(understood.python) else ""
        return TestCommand(shown=command, runner="unittest", options=understood.arguments, python=python)
    else:
        return TestCommand(shown=command, runner="")
    paths = tuple(word for word in rest if not word.startswith("-") and (root / word.split("::")[0]).exists())
    options = tuple(word for word in rest if word not in paths)
    return TestCommand(shown=command, runner="pytest", module=module, options=options, paths=paths, python=python)


def named_files(command: str, root: Path) -> Iterator[str]:
    """Files of the workspace that a command line names, relative to the root: its scripts are tests."""
    try:
        words = shlex.split(command)
    except ValueError:
        return
    for word in words:
        path = root / word
        if path.is_file() and path.resolve().is_relative_to(root):
            yield path.resolve().relative_to(root).as_posix()


def find_python(root: Path, setting: str, command: TestCommand, environ: Mapping[str, str]) -> str:
    """The interpreter that runs the tests: the setting, the command's, the workspace's .venv, VIRTUAL_ENV, our own."""
    folders = [root / ".venv"]
    if environ.get("VIRTUAL_ENV"):
        folders.append(Path(environ["VIRTUAL_ENV"]))
    for named in (setting, command.python):
        if named:
            # A bare name is looked up on PATH; a relative path counts from the root.
            return str(root / named) if os.path.dirname(named) else named
    for folder in folders:
        for python in (folder / "bin" / "python", folder / "Scripts" / "python.exe"):
            if python.exists():
                return str(python)
    return sys.executable


def allowed(
    environ: Mapping[str, str], names: Iterable[str], *, home: Path, temporary: Path, root: Path, work: Path, seed: int
) -> dict[str, str]:
    """The variables a test may see: an allow-list and the names the user added.

    HOME and the temporary folder are private. What PYTHONPATH names inside
    `root` it names inside `work`. The hash seed is fixed, unless the user has
    fixed it.
    """
    extra = set(names)
    kept = {name: value for name, value in environ.items() if _ALLOWED.fullmatch(name) or name in extra}
    if kept.get("PYTHONPATH") and work != root:
        kept["PYTHONPATH"] = os.pathsep.join(_moved(p, root, work) for p in kept["PYTHONPATH"].split(os.pathsep) if p)
    return {
        "HOME": str(home),
        "PYTHONHASHSEED": str(seed % HASH_SEEDS),
        **kept,
        "TMPDIR": str(temporary),
        # Bytecode is never written: neither into the user's tree, nor stale for a candidate of the same size.
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _moved(path: str, root: Path, copy: Path) -> str:
    """A path of PYTHONPATH; a relative one counts from the root."""
    place = (root / path).resolve()
    moved = copy / place.relative_to(root) if place.is_relative_to(root) else place
    return str(moved if os.path.exists(moved) else place)  # a path may lead where we may not look
