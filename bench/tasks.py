"""What repair is measured with: every set of bugs in one shape, each bug laid in a folder and judged apart from us."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from bench import injected, large, realistic
from bench.packages import PACKAGES, fetch
from bench.suite import Suite

DEVELOPMENT, ONE, TWO, OWN, LARGE = "development", "injected one edit", "injected two edits", "own", "large"
SETS = (DEVELOPMENT, ONE, TWO, OWN, LARGE)
ODD, EVEN = "odd", "even"
JUDGED_SECONDS = 600.0
"""How long the development set's own program may judge one answer."""


class Laid(NamedTuple):
    """A bug as a repair finds it."""

    root: Path
    tests: tuple[str, ...]
    """Failing tests that are shown; none named: all that fail are."""
    python: Path
    """The interpreter that runs them."""
    environ: Mapping[str, str] = {}
    """Variables that they need."""


class Judged(NamedTuple):
    """What an answer is worth."""

    plausible: bool
    """The tests that were shown pass."""
    correct: bool
    """And so do those that were not."""


@dataclass(frozen=True)
class Task:
    """One bug of one set."""

    id: str
    set: str
    """One of `SETS`."""
    kinds: tuple[str, ...]
    """What it is counted under besides: `odd` or `even`; source and package; what undoes it."""
    lay: Callable[[Path], Laid] = field(repr=False)
    """Makes the workspace in an empty folder."""
    judge: Callable[[Path], Judged] = field(repr=False)
    """Judges the workspace at its root, as it now stands; the hidden tests come from elsewhere."""
    digest: str
    """Of the texts, the tests that are shown, and what judges: another task of the same name has another one."""
    single: bool = False
    """Nothing is hidden, so an answer can be plausible and no more."""


def digest_of(*parts: object) -> str:
    """A digest of anything that JSON can hold, and of bytes."""
    shown = (part.hex() if isinstance(part, bytes) else json.dumps(part, sort_keys=True) for part in parts)
    return hashlib.sha256("\0".join(shown).encode()).hexdigest()[:16]


# The development set


def development(folder: Path, python: Path) -> list[Task]:
    """The bugs of a folder with `humanevalfix-dev.jsonl`, and `tasks.py` that judges them.

    Each is `odd` or `even` by the SHA-256 of its id: the even ones are measured and never looked at.
    """
    file, program = folder / "humanevalfix-dev.jsonl", folder / "tasks.py"
    lines = file.read_text(encoding="utf-8").splitlines()
    judges = program.read_bytes()
    return [_development(json.loads(line), file, program, judges, python) for line in lines if line.strip()]


def _development(entry: Mapping[str, Any], file: Path, program: Path, judges: bytes, python: Path) -> Task:
    name = str(entry["id"])

    def lay(folder: Path) -> Laid:
        for path, text in entry["files"].items():
            target = folder / name / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8", newline="")
        return Laid(folder / name, tuple(entry["tests"]), python)

    def judge(root: Path) -> Judged:
        out = root.parents[name.count("/")]
        command = [sys.executable, str(program), "judge", str(file), str(out), name]
        environ = {"PATH": os.defpath, "LANG": "C.UTF-8"}
        ran = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=JUDGED_SECONDS, check=True)
        said = json.loads(ran.stdout.splitlines()[0])
        return Judged(bool(said["plausible"]), bool(said["correct"]))

    return Task(name, DEVELOPMENT, (parity(name),), lay, judge, digest_of(entry, judges))


def parity(name: str) -> str:
    """Whether the SHA-256 of an id is an odd number."""
    return ODD if int(hashlib.sha256(name.encode()).hexdigest(), 16) % 2 else EVEN


# Injected bugs


def injections(seed: int, size: injected.Size, place: Path) -> list[Task]:
    """Bugs of one and of two edits in packages of the registry; those that judge work below `place`, one at a time.

    Raises CalledProcessError where a package cannot be fetched.
    """
    suites = {package.name: Suite(fetch(package), place) for package in PACKAGES}
    judging = {name: threading.Lock() for name in suites}
    return [_injected(bug, suites[bug.package], judging[bug.package]) for bug in injected.draw(seed, size)]


def _injected(bug: injected.Bug, suite: Suite, judging: threading.Lock) -> Task:
    package = suite.package

    def lay(folder: Path) -> Laid:
        injected.lay(bug, folder, package)
        # CI has hypothesis draw the same examples in every run, as it did when the bug was drawn.
        path = {"PYTHONPATH": str(folder / package.path)} if package.path else {}
        return Laid(folder, bug.shown, package.python, {"CI": "1", **path})

    def judge(root: Path) -> Judged:
        with judging:  # all answers for a package are judged in the same folder
            return Judged(*injected.judge(bug, root, suite))

    digest = digest_of(vars(bug) | {"files": dict(bug.files)}, package.version)
    return Task(bug.id, ONE if bug.edits == 1 else TWO, (bug.source, bug.package), lay, judge, digest, bug.single)


# Our own


def own(python: Path) -> list[Task]:
    """The realistic bugs in packages of our own."""
    return [_own(bug, python) for bug in realistic.bugs()]


def _own(bug: realistic.Bug, python: Path) -> Task:
    def lay(folder: Path) -> Laid:
        return Laid(realistic.lay(bug, folder), bug.failing, python)

    def judge(root: Path) -> Judged:
        return Judged(*realistic.judge(root, bug, python))

    # Its tests and what judges are files of ours: they make the version of what is measured.
    return Task(f"{bug.package}/{bug.id}", OWN, (bug.kind,), lay, judge, digest_of(bug.changes))


def one_large(seed: int, size: large.Size, python: Path) -> Task:
    """A package of many lines and tests with one bug; it is not said which test fails."""

    def lay(folder: Path) -> Laid:
        return Laid(large.lay(folder, seed, size), (), python)

    def judge(root: Path) -> Judged:
        command = [str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        environ = {"PATH": os.defpath, "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}
        passes = subprocess.run(command, cwd=root, env=environ, stdout=subprocess.DEVNULL).returncode == 0
        return Judged(passes, passes)

    name = f"{size.lines:,} lines, {size.tests:,} tests"
    return Task(name, LARGE, (), lay, judge, digest_of(size, seed), single=True)


def by_set(tasks: Sequence[Task]) -> dict[str, list[Task]]:
    """The tasks of each set that has any, in the order of `SETS`."""
    return {name: found for name in SETS if (found := [task for task in tasks if task.set == name])}
