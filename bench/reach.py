"""Which tests of a package reach which of its functions: one run of its suite, remembered."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from bench.cold import digest, environment
from bench.packages import Package

PLUGIN = Path(__file__).parent / "plugin"


class Reached(NamedTuple):
    """What one test did."""

    seconds: float
    places: frozenset[tuple[str, int]]
    """Path and first line of every function it entered."""


def reached(package: Package, folder: Path) -> Mapping[str, Reached]:
    """By test id. The first time, the package's whole suite runs in a copy below `folder`."""
    pins = (package.folder / "env" / "requirements.txt").read_text(encoding="utf-8")
    known = package.folder / f"reached-{digest([pins, (PLUGIN / 'reached.py').read_text()])}.json"
    if not known.exists():
        _observe(package, folder / "reach" / package.name, known)
    return dict(_read(known))


def _observe(package: Package, root: Path, result: Path) -> None:
    shutil.copytree(package.tree, root, symlinks=True)
    environ = environment(package, root)
    unfinished = result.with_suffix(".part")
    environ["PYTHONPATH"] = ":".join(filter(None, [environ.get("PYTHONPATH"), str(PLUGIN)]))
    environ["REACHED"] = str(unfinished)
    subprocess.run(
        [str(package.python), "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir=.", "-p", "reached"],
        cwd=root,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        check=False,  # a package may have tests that fail here
    )
    unfinished.rename(result)


def _read(file: Path) -> Iterator[tuple[str, Reached]]:
    for test, (seconds, places) in json.loads(file.read_text(encoding="utf-8")).items():
        yield test, Reached(seconds, frozenset((path, line) for path, line in places))
