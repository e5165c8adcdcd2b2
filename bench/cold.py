"""The truth that verdicts are compared with: `python -m pytest` in a fresh process, on a plain copy of the files.

Nothing of `trm_lsp` is used here. What has been run once is remembered below `build/bench`.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import resource
import shutil
import signal
import subprocess
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from bench.packages import BUILD, Package

LEAST_SECONDS, TIMES = 10.0, 5.0
"""A run may take this long, and this many times longer than the original text took, before it is endless."""
MEMORY = 4 << 30
"""Bytes of address space a run may ask for: some mutants fill lists without end."""


class Said(NamedTuple):
    """What one cold run said."""

    passed: Mapping[str, bool]
    """Whether a test passed, by its id; skipped is not passed. Empty when the run did not end."""
    ended: bool
    seconds: float


class Copy:
    """A folder to run a package's tests in, as its users do."""

    def __init__(self, package: Package, folder: Path) -> None:
        """Make it below `folder`, which must not lie in another project."""
        self.package = package
        self.root = folder / "cold" / package.name
        self._folder = folder
        self._report = folder / f"{package.name}.xml"
        # Bytecode of the original alone: candidates have other times than it, and leave none.
        self._caches = folder / "bytecode"
        self.fresh({})
        self._start(["--collect-only", "-q"], {"PYTHONDONTWRITEBYTECODE": ""}).wait()

    def fresh(self, texts: Mapping[str, str]) -> None:
        """Put the original there, with these texts in place of its own."""
        shutil.rmtree(self.root, ignore_errors=True)
        shutil.copytree(self.package.tree, self.root, symlinks=True)
        write(self.root, texts)

    def run(self, texts: Mapping[str, str], tests: Sequence[str], limit: float = 3600.0) -> Said:
        """Run tests (none named: as the plain command does) on the original with these texts."""
        self.fresh(texts)
        self._report.unlink(missing_ok=True)
        began = time.monotonic()
        options = ["-q", "-p", "no:cacheprovider", "--rootdir=.", "-o", "junit_family=xunit1"]
        process = self._start([*options, f"--junitxml={self._report}", *tests], {})
        try:
            process.wait(limit)
        except subprocess.TimeoutExpired:
            return Said({}, False, limit)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        return Said(self._outcomes(), True, time.monotonic() - began)

    def _start(self, arguments: Sequence[str], environ: Mapping[str, str]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [str(self.package.python), "-m", "pytest", *arguments],
            cwd=self.root,
            env={**environment(self.package, self.root), "PYTHONPYCACHEPREFIX": str(self._caches), **environ},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=_limit_memory,
        )

    def _outcomes(self) -> dict[str, bool]:
        """Empty where pytest could not even begin."""
        if not self._report.exists():
            return {}
        found: dict[str, bool] = {}
        for test, passed in outcomes(self._report.read_text(encoding="utf-8")):
            found[test] = found.get(test, True) and passed  # a test is there once for each of its subtests
        return found


def outcomes(report: str) -> Iterator[tuple[str, bool]]:
    """Test ids and whether they passed, from a JUnit report; files that were not collected have no id."""
    for case in ElementTree.fromstring(report).iter("testcase"):
        file, name, place = (case.get(about, "") for about in ("file", "name", "classname"))
        if file and place:
            inside = place.removeprefix(file.removesuffix(".py").replace("/", ".")).split(".")
            bad = any(part.tag in {"failure", "error", "skipped"} for part in case)
            yield "::".join([file, *(part for part in inside if part), name]), not bad


def environment(package: Package, root: Path) -> dict[str, str]:
    """The variables that a package's tests are run with, its files being in `root`."""
    found = {"PATH": os.defpath, "LANG": "C.UTF-8", "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}
    return {**found, "PYTHONPATH": str(root / package.path)} if package.path else found


def write(root: Path, texts: Mapping[str, str]) -> None:
    for path, text in texts.items():
        (root / path).write_text(text, encoding="utf-8", newline="")


def _limit_memory() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


class Truth:
    """Cold runs of one package, remembered."""

    def __init__(self, package: Package, folder: Path, memory: Path = BUILD / "parity.jsonl") -> None:
        self.package = package
        self.ran = 0
        """How many were not remembered."""
        self._folder, self._memory = folder, memory
        self._copy: Copy | None = None
        self._known = dict(_remembered(memory))
        pins = (package.folder / "env" / "requirements.txt").read_text(encoding="utf-8")
        self._about = [package.name, package.version, os.path.realpath(package.python), pins]

    def __call__(self, texts: Mapping[str, str], tests: Sequence[str]) -> Said:
        """What a cold run says of the original with these texts (see Copy.run)."""
        key = digest([*self._about, sorted(texts.items()), sorted(tests)])
        if key not in self._known:
            self._known[key] = said = self.again(texts, tests)
            line = json.dumps({"key": key, "package": self.package.name, **said._asdict()})
            with self._memory.open("a", encoding="utf-8") as file:
                file.write(f"{line}\n")
        return self._known[key]

    def again(self, texts: Mapping[str, str], tests: Sequence[str]) -> Said:
        """The same, whatever is remembered."""
        # The original has no limit, and is always known before any candidate.
        limit = LEAST_SECONDS + TIMES * self({}, tests).seconds if texts else 3600.0
        if self._copy is None:
            self._copy = Copy(self.package, self._folder)
        self.ran += 1
        return self._copy.run(texts, tests, limit)


def _remembered(memory: Path) -> Iterator[tuple[str, Said]]:
    with contextlib.suppress(FileNotFoundError):
        for line in memory.read_text(encoding="utf-8").splitlines():
            with contextlib.suppress(ValueError):  # the last line of a run that was killed
                found = json.loads(line)
                yield found["key"], Said(found["passed"], found["ended"], found["seconds"])


def digest(parts: Iterable[object]) -> str:
    return hashlib.sha256(json.dumps(list(parts)).encode()).hexdigest()[:24]
