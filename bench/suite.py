"""Which tests of a package fail once some of its texts are others: fresh processes, on a copy, remembered.

Unlike the runs of bench/cold.py, these survive tests that never end: each
test has its own limit, and a process that hangs or dies loses one test.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import shutil
import signal
import subprocess
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from bench.cold import digest, environment, write
from bench.packages import BUILD, Package
from bench.reach import PLUGIN, Reached, reached

LEAST_SECONDS, TIMES = 3.0, 1.0
"""A test may use this much CPU, and as many times what it took in the original under a profiler besides."""
UNKNOWN_SECONDS = 60.0
"""What a test may use whose time is not known."""
IDLE = 10.0
"""A process that says nothing for so many seconds, and as many as its longest test took under a profiler, hangs."""
ENDLESS, HUNG = 20, 5
"""Tests that may use up their time, and hang or kill their process, until a run is given up."""
MEMORY = 2 << 30
"""Bytes of address space: some mistakes fill lists without end."""
BASELINES = 3
"""Runs of the original in which a test must pass to be sound."""


class Failing(NamedTuple):
    """What one run of chosen tests said."""

    tests: tuple[str, ...]
    """Those that do not pass, sorted."""
    missing: int = 0
    """How many could not even be begun: their module cannot be imported, as a rule."""
    endless: bool = False
    """Too many never end: nothing is known of the rest."""


class Suite:
    """The tests of one package."""

    def __init__(self, package: Package, folder: Path, memory: Path = BUILD / "injected.jsonl") -> None:
        """Runs take place below `folder`, which must not lie in another project."""
        self.package = package
        self.ran = 0
        """How many runs were not remembered."""
        self._root = folder / "suite" / package.name
        self._folder, self._memory = folder, memory
        # Of the original alone: other texts have other times than it, and leave none.
        self._bytecode = folder / "bytecode" / package.name
        self._known = dict(_remembered(memory))
        pins = (package.folder / "env" / "requirements.txt").read_text(encoding="utf-8")
        self._about = [package.name, package.version, os.path.realpath(package.python), pins]
        self.reach: Mapping[str, Reached] = reached(package, folder)
        self.sound = self._sound()
        """Tests that pass whenever the original is run, in the order of the suite."""

    def __call__(self, texts: Mapping[str, str], tests: Collection[str] = (), again: int = 0) -> Failing:
        """Run sound tests (none named: all of them) with these texts instead of the package's own.

        Another number for `again` is another run, and remembered apart.
        """
        chosen = [test for test in self.sound if test in tests] if tests else list(self.sound)
        key = digest([*self._about, sorted(texts.items()), chosen, *([again] if again else [])])
        if key not in self._known:
            self._remember(key, list(self._failing(texts, chosen)))
        failing, missing, endless = self._known[key]
        return Failing(tuple(failing), missing, endless)

    def original(self, path: str) -> str:
        return (self.package.tree / path).read_bytes().decode("utf-8")

    def _failing(self, texts: Mapping[str, str], chosen: Sequence[str]) -> Failing:
        self._fresh(texts)
        passed: dict[str, bool] = {}
        hung = 0
        while remaining := [test for test in chosen if test not in passed]:
            told = self._told(remaining)
            passed.update((test, good) for test, good in told.items() if good is not None)
            unfinished = [test for test, good in told.items() if good is None]
            hung += len(unfinished)
            if hung > HUNG or "" in told:
                return Failing((), endless=True)
            passed.update(dict.fromkeys(unfinished, False))
            if not unfinished:
                break
        failing = tuple(sorted(test for test in chosen if not passed.get(test, False)))
        return Failing(failing, sum(test not in passed for test in chosen))

    def _sound(self) -> tuple[str, ...]:
        """Measured: whatever fails, is skipped or changes its mind in the original is set aside."""
        key = digest([*self._about, "sound", BASELINES])
        if key not in self._known:
            runs = []
            for _ in range(BASELINES):
                self._fresh({})
                runs.append(self._told(()))
            self._remember(key, [test for test in runs[0] if all(run.get(test) for run in runs)])
        return tuple(self._known[key])

    def _fresh(self, texts: Mapping[str, str]) -> None:
        shutil.rmtree(self._root, ignore_errors=True)
        shutil.copytree(self.package.tree, self._root, symlinks=True)
        if not self._bytecode.exists():
            self._start(["--collect-only"], {"PYTHONDONTWRITEBYTECODE": ""}).wait()
        write(self._root, texts)

    def _told(self, tests: Sequence[str]) -> dict[str, bool | None]:
        """By test: whether it passed; None for one that has begun and did not end, as for "" if they were too many."""
        self.ran += 1
        asked, told = self._folder / "asked.json", self._folder / "told.jsonl"
        limits = {test: LEAST_SECONDS + TIMES * did.seconds for test, did in self.reach.items()}
        wanted = {"tests": list(tests), "seconds": {**limits, "": UNKNOWN_SECONDS}, "endless": ENDLESS}
        asked.write_text(json.dumps(wanted), encoding="utf-8")
        told.write_text("", encoding="utf-8")
        idle = IDLE + max(did.seconds for test, did in self.reach.items() if not tests or test in tests)
        self._run([*OPTIONS, *dict.fromkeys(test.partition("::")[0] for test in tests)], asked, told, idle)
        return _outcomes(told.read_text(encoding="utf-8"))

    def _run(self, arguments: Sequence[str], asked: Path, told: Path, idle: float) -> None:
        path = ":".join(filter(None, [environment(self.package, self._root).get("PYTHONPATH"), str(PLUGIN)]))
        # CI has hypothesis draw the same examples in every run.
        told_to = {"PYTHONPATH": path, "LIMITED": str(asked), "TOLD": str(told), "CI": "1"}
        _watch(self._start(arguments, told_to), told, idle)

    def _start(self, arguments: Sequence[str], environ: Mapping[str, str]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [str(self.package.python), "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir=.", *arguments],
            cwd=self._root,
            env={**environment(self.package, self._root), "PYTHONPYCACHEPREFIX": str(self._bytecode), **environ},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=_limit_memory,
        )

    def _remember(self, key: str, said: list[Any]) -> None:
        self._known[key] = said
        self._memory.parent.mkdir(parents=True, exist_ok=True)
        with self._memory.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"key": key, "package": self.package.name, "said": said}) + "\n")


OPTIONS = ("-p", "limited", "--continue-on-collection-errors")


def _watch(process: subprocess.Popen[bytes], told: Path, idle: float) -> None:
    """Wait for a process; end it with all it started when it is done, or tells nothing any more."""
    size = -1
    try:
        while size != told.stat().st_size:
            size = told.stat().st_size
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(idle)
                break
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _outcomes(told: str) -> dict[str, bool | None]:
    found: dict[str, bool | None] = {}
    for line in told.splitlines():
        with contextlib.suppress(ValueError):  # a process that was killed may leave half a line
            test, *passed = json.loads(line)
            found[test] = passed[0] if passed else None
    return found


def _remembered(memory: Path) -> Iterator[tuple[str, list[Any]]]:
    with contextlib.suppress(FileNotFoundError):
        for line in memory.read_text(encoding="utf-8").splitlines():
            with contextlib.suppress(ValueError):  # the last line of a run that was killed
                found = json.loads(line)
                yield found["key"], found["said"]


def _limit_memory() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
