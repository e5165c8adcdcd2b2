"""Real packages to judge mutants of: exact versions by hash, each with an environment of its own.

Everything that is fetched or made stays below `build/bench`.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parent.parent
BUILD = REPOSITORY / "build" / "bench"
SDISTS = (Path(__file__).with_name("sdists.txt"),)
WHEELS = (REPOSITORY / "requirements" / "dev.txt", Path(__file__).with_name("wheels.txt"))
PYTEST = ("pytest", "iniconfig", "packaging", "pluggy", "pygments")
"""pytest alone, with what it needs."""
_PIN = re.compile(r"^([A-Za-z0-9][\w.-]*)==([^\s\\]+)((?:\s*\\\n\s+--hash=sha256:[0-9a-f]{64})+)", re.MULTILINE)


@dataclass(frozen=True)
class Package:
    """A package whose mutants are judged."""

    name: str
    code: str
    """Folder of its importable code, relative to its tree."""
    tests: str
    """Folder of its tests, relative to its tree."""
    path: str = ""
    """What must be on sys.path, relative to its tree; empty: nothing but the tree itself."""
    needs: tuple[str, ...] = ()
    """What its tests import beside pytest."""

    @property
    def version(self) -> str:
        return pins(SDISTS)[self.name][0]

    @property
    def folder(self) -> Path:
        return BUILD / f"{self.name}-{self.version}"

    @property
    def tree(self) -> Path:
        """Its unpacked source distribution. The name of the folder is as neutral as a test may need."""
        return self.folder / "tree"

    @property
    def python(self) -> Path:
        """The interpreter of its environment."""
        return self.folder / "env" / "bin" / "python"

    def sources(self) -> list[str]:
        """Its Python files by path relative to the tree, tests aside."""
        found = (path.relative_to(self.tree).as_posix() for path in (self.tree / self.code).rglob("*.py"))
        return sorted(path for path in found if not path.startswith(f"{self.tests}/"))


PACKAGES = (
    # Its tests ask for its metadata, so it is installed; the code they import is the tree's, which comes first.
    Package("attrs", "src", "tests", "src", ("attrs", "cloudpickle", "hypothesis", "sortedcontainers")),
    Package("boltons", "boltons", "tests"),
    Package("cachetools", "src", "tests", "src"),
    Package("more-itertools", "more_itertools", "tests"),
    Package("toolz", "toolz", "toolz/tests"),
)


def fetch(package: Package) -> Package:
    """Have its tree and its environment in place.

    Raises CalledProcessError where pip cannot get them, or a hash is wrong.
    """
    if not package.tree.exists():
        unpack(download(package), package.tree)
    environment(package.folder / "env", (*PYTEST, *package.needs))
    return package


def download(package: Package) -> Path:
    """Its source distribution; pip verifies the hash."""
    folder = package.folder / "sdist"
    folder.mkdir(parents=True, exist_ok=True)
    wanted = folder / "requirements.txt"
    wanted.write_text(requirements([package.name], SDISTS), encoding="utf-8")
    pip("download", "--no-deps", "--no-binary", package.name, "--require-hashes", "-r", str(wanted), "-d", str(folder))
    (archive,) = folder.glob("*.tar.gz")
    return archive


def unpack(archive: Path, tree: Path) -> None:
    """Unpack the one folder of an archive as `tree`: whole, or not at all."""
    unfinished = tree.with_name(f"{tree.name}.part")
    shutil.rmtree(unfinished, ignore_errors=True)
    with tarfile.open(archive) as packed:
        packed.extractall(unfinished, filter="data")
    (top,) = unfinished.iterdir()
    top.rename(tree)
    unfinished.rmdir()


def environment(folder: Path, names: Sequence[str]) -> Path:
    """The interpreter of an environment with exactly these pins; it is made anew when they have changed."""
    wanted, made = requirements(names, WHEELS), folder / "requirements.txt"
    python = folder / "bin" / "python"
    if not made.exists() or made.read_text(encoding="utf-8") != wanted:
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
        asked = folder / "asked.txt"
        asked.write_text(wanted, encoding="utf-8")
        pip("--python", str(python), "install", "--no-deps", "--require-hashes", "-r", str(asked))
        asked.rename(made)
    return python


def requirements(names: Sequence[str], files: Sequence[Path]) -> str:
    """The text of a requirement file: each name as it is pinned. Raises KeyError for one that is not."""
    known = pins(files)
    return "".join(f"{name}=={known[name][0]}{known[name][1]}\n" for name in names)


def pins(files: Sequence[Path]) -> Mapping[str, tuple[str, str]]:
    """Version, and hashes as requirement files have them, by name."""
    text = "".join(file.read_text(encoding="utf-8") for file in files)
    return {name: (version, hashes) for name, version, hashes in _PIN.findall(text)}


def pip(*arguments: str) -> None:
    command = [sys.executable, "-m", "pip", "-qq", "--disable-pip-version-check", *arguments]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
