"""Where tests run: over the workspace itself, each run in an overlay of its own, or in a private copy."""

from __future__ import annotations

import base64
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from trm_lsp.judging.environment import EnvironmentBroken

PREFIX, OWNER = "trm-", "owner"
CANDIDATE_TIME = 300_000_000
"""Modification times of candidates count up from here, in seconds: a year no source file has."""


class PrivateFolder:
    """A folder for one job in the temporary folder; it is removed at the end, by a later job if need be."""

    def __init__(self) -> None:
        sweep(Path(tempfile.gettempdir()))
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX)).resolve()
        (self.path / OWNER).write_text(str(os.getpid()))
        # As zygote/sandbox.py names them; what is mounted there is seen by the test process alone.
        folders = ("lower", "layer", "job/bytecode", "run/tmp", "run/home", "proc", "shared")
        for name in (*folders, "temporary/0", "temporary/1"):
            (self.path / name).mkdir(parents=True)
        self.home = self.path / "run" / "home"
        self.temporary = self.path / "run" / "tmp"
        self.bytecode = self.path / "job" / "bytecode"
        self.shared = self.path / "shared"

    def close(self) -> None:
        """Remove it. Safe to call twice."""
        with suppress(OSError):
            remove_folder(self.path)


def sweep(folder: Path) -> None:
    """Remove private folders whose owner was killed before it could."""
    for private in folder.glob(f"{PREFIX}*"):
        try:
            os.kill(int((private / OWNER).read_text()), 0)
        except ProcessLookupError:
            with suppress(OSError):
                remove_folder(private)
        except (OSError, ValueError):
            continue  # another user's, or being made just now


class Place(Protocol):
    """Where tests run. Whatever a run writes there is gone before the next one."""

    @property
    def work(self) -> Path:
        """The workspace as the tests see it."""

    @property
    def snapshot(self) -> Path:
        """The folder that has the workspace's files."""

    def read(self, path: str) -> bytes:
        """A file of the workspace as the tests see it before any change. Raises OSError."""

    isolation: str
    """As zygote/sandbox.py names it."""

    def lay(self, texts: Mapping[str, bytes]) -> None:
        """Put unsaved buffers over the workspace for every run from now on.

        Raises EnvironmentBroken for a path that leads out of the workspace.
        """

    def freeze(self, paths: Iterable[str]) -> None:
        """From now on these files stay as they are, whatever is saved in the editor."""

    def change(self, texts: Mapping[str, bytes]) -> dict[str, Any]:
        """What a request must say for a run with `texts` (by relative path) in place of the workspace's."""

    def close(self) -> None: ...


class OverlayPlace:
    """The workspace where it is: nothing is copied but what is laid over it."""

    isolation = "overlay"

    def __init__(self, root: Path, private: PrivateFolder) -> None:
        self.work = self.snapshot = root
        self._layer = private.path / "layer"
        self._laid: set[str] = set()
        self._moment = CANDIDATE_TIME

    def lay(self, texts: Mapping[str, bytes]) -> None:
        for path, data in texts.items():
            target = self._below(path)
            target.write_bytes(data)
            if (self.work / path).exists():
                target.chmod((self.work / path).stat().st_mode)
            self._moment += 1
            os.utime(target, (self._moment,) * 2)

    def freeze(self, paths: Iterable[str]) -> None:
        for path in paths:
            if path not in self._laid:
                with suppress(OSError, EnvironmentBroken):  # it is gone, or a link out of the workspace
                    shutil.copy2(self.work / path, self._below(path))

    def read(self, path: str) -> bytes:
        return ((self._layer if path in self._laid else self.work) / path).read_bytes()

    def _below(self, path: str) -> Path:
        if not (self.work / path).parent.resolve().is_relative_to(self.work):
            raise EnvironmentBroken(f"{path} lies outside the workspace: open the folder it is in as a workspace.")
        self._laid.add(path)
        folder = self._layer
        for name in Path(path).parent.parts:
            folder = folder / name
            if not folder.exists():
                folder.mkdir()
                original = self.work / folder.relative_to(self._layer)
                if original.is_dir():
                    shutil.copystat(original, folder)
        return self._layer / path

    def change(self, texts: Mapping[str, bytes]) -> dict[str, Any]:
        self._moment += 1
        files = {path: base64.b64encode(data).decode() for path, data in texts.items()}
        return {"cwd": str(self.work), "files": files, "moment": self._moment}

    def close(self) -> None:
        """Nothing is left to remove: mounts end with the processes that see them."""


def why_no_overlay(root: Path, private: PrivateFolder) -> str:
    """Why a workspace cannot be overlaid, as far as can be seen from outside; empty when it may be."""
    if sys.platform != "linux":
        return "there are overlays on Linux alone"
    if private.path.is_relative_to(root):
        return "the temporary folder lies in the workspace"
    if root.stat().st_uid != os.geteuid():
        return "the workspace belongs to another user"
    for mount in _mounts():
        if mount.startswith(f"{root}/"):
            return f"{mount} is mounted in the workspace"
    return ""


def _mounts() -> Iterator[str]:
    """Where file systems are mounted."""
    with suppress(OSError):
        for line in Path("/proc/self/mountinfo").read_bytes().splitlines():
            # Spaces and line ends are written in octal.
            yield os.fsdecode(re.sub(rb"\\(\d{3})", lambda octal: bytes([int(octal[1], 8)]), line.split()[4]))


def remove_folder(path: Path) -> None:
    """Remove a folder and what is below it, whatever permissions a test has taken away."""
    try:
        shutil.rmtree(path)
    except FileNotFoundError:
        return
    except PermissionError:
        os.chmod(path, 0o700)
        for folder, names, _ in os.walk(path):
            for name in names:
                below = os.path.join(folder, name)
                if not os.path.islink(below):
                    os.chmod(below, 0o700)
        shutil.rmtree(path)
