"""The isolated copy: a pristine snapshot, and a working copy that is put back before every run."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from trm_lsp.judging.environment import EnvironmentBroken
from trm_lsp.judging.places import CANDIDATE_TIME, PREFIX, PrivateFolder, remove_folder
from trm_lsp.workspace.files import files

Stamp = tuple[int, int, int]


def ignored_folders(root: Path) -> frozenset[str]:
    """Folders that git ignores as a whole (build output, data); none where there is no git."""
    command = ["git", "ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--directory"]
    try:
        listed = subprocess.run(command, cwd=root, capture_output=True, stdin=subprocess.DEVNULL, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return frozenset()
    return frozenset(os.fsdecode(name)[:-1] for name in listed.split(b"\0") if name.endswith(b"/"))


class IsolatedCopy:
    """A copy of a workspace below a private folder, where the system has no overlays.

    `change` gives a working copy that equals the snapshot but for the texts
    named; whatever a test run created, changed or deleted there is undone.
    """

    isolation = "copy"

    def __init__(
        self,
        root: Path,
        private: PrivateFolder,
        keep_ignored: tuple[str, ...] = (),
        check: Callable[[], None] = lambda: None,
    ) -> None:
        """Copy `root`; `check` is called for every file and raises when the copy is not wanted any more."""
        self._folder = private.path
        self.snapshot = self._folder / "pristine"
        # The name of the folder may matter to a test: it is the user's.
        self.work = self._folder / "work" / (root.name or "root")
        self._writes = 0
        self._stamps: dict[str, Stamp] = {}
        try:
            self._snapshot(root, keep_ignored, check)
            self._restore()
        except BaseException:
            self.close()
            raise

    def _snapshot(self, root: Path, keep_ignored: tuple[str, ...], check: Callable[[], None]) -> None:
        skipped = ignored_folders(root) - set(keep_ignored)
        if self._folder.is_relative_to(root):  # the temporary folder is in the workspace: no copy of copies
            skipped |= {os.path.relpath(copy, root) for copy in self._folder.parent.glob(f"{PREFIX}*")}
        self.snapshot.mkdir()
        for name in files(root, skipped):
            check()
            # What has gone meanwhile, or what we may not read, the tests cannot need.
            with suppress(FileNotFoundError, PermissionError):
                _copy(root / name, self.snapshot / name, root)
        for name, status in list(_walk(self.snapshot)):
            if stat.S_ISDIR(status.st_mode):
                with suppress(OSError):
                    # Its owner may write in it whatever the user's mode is: it is put back before each run.
                    (self.snapshot / name).chmod(stat.S_IMODE((root / name).stat().st_mode) | stat.S_IRWXU)

    def lay(self, texts: Mapping[str, bytes]) -> None:
        """Put unsaved buffers into the snapshot itself: from now on they are the truth.

        Raises EnvironmentBroken for a path that leads out of the workspace.
        """
        for path, data in texts.items():
            _write(self.snapshot, path, data)
        self._restore()

    def freeze(self, paths: Iterable[str]) -> None:
        """Everything is, from the start."""

    def read(self, path: str) -> bytes:
        return (self.snapshot / path).read_bytes()

    def change(self, texts: Mapping[str, bytes]) -> dict[str, Any]:
        """Put the working copy back and write `texts` (by relative path) into it."""
        self._restore()
        for path, data in texts.items():
            _write(self.work, path, data)
            # Bytecode is told apart by seconds and size: no two candidates share a second.
            self._writes += 1
            os.utime(self.work / path, (CANDIDATE_TIME + self._writes,) * 2)
        return {"cwd": str(self.work), "files": {}, "moment": 0}

    def _restore(self) -> None:
        """Make the working copy equal the snapshot."""
        try:
            self._mend()
        except OSError:  # a test has locked a folder, for instance
            remove_folder(self.work)
            self._mend()

    def _mend(self) -> None:
        """Undo the differences, looking at sizes and times alone."""
        self.work.mkdir(parents=True, exist_ok=True)
        present = dict(_walk(self.work))
        wanted = dict(_walk(self.snapshot))
        for name in sorted(present.keys() - wanted.keys(), reverse=True):
            _remove(self.work / name)
        for name, status in wanted.items():
            target = self.work / name
            if stat.S_ISDIR(status.st_mode):
                if name in present and not stat.S_ISDIR(present[name].st_mode):
                    _remove(target)  # a link in its place would lead what follows out of the copy
                target.mkdir(parents=True, exist_ok=True)
                if stat.S_IMODE(target.stat().st_mode) != stat.S_IMODE(status.st_mode):
                    target.chmod(stat.S_IMODE(status.st_mode))
            elif name not in present or self._stamps.get(name) != _stamp(present[name]) or _newer(status, target):
                _remove(target)
                _copy(self.snapshot / name, target, self.snapshot)
                self._stamps[name] = _stamp(os.lstat(target))

    def close(self) -> None:
        """Remove the copy. Safe to call twice."""
        for folder in (self.snapshot, self.work.parent):
            with suppress(OSError):
                remove_folder(folder)


def _newer(pristine: os.stat_result, target: Path) -> bool:
    return pristine.st_size != os.lstat(target).st_size or pristine.st_mtime_ns != os.lstat(target).st_mtime_ns


def _stamp(status: os.stat_result) -> Stamp:
    """What changes when a file does; the change time cannot be set back by a program."""
    return status.st_ino, status.st_size, status.st_ctime_ns


def _walk(top: Path) -> Iterator[tuple[str, os.stat_result]]:
    """Relative paths and states of everything below `top`, parents first; nothing when it is gone."""
    stack = [""]
    while stack:
        below = stack.pop()
        try:
            entries = list(os.scandir(top / below))
        except OSError:
            continue
        for entry in entries:
            name = os.path.join(below, entry.name)
            status = entry.stat(follow_symlinks=False)
            yield name, status
            if stat.S_ISDIR(status.st_mode):
                stack.append(name)


def _copy(source: Path, target: Path, root: Path) -> None:
    """Copy a file or link. A link leads to the same place inside `root`, and to the very place outside of it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_symlink():
        goal = os.readlink(source)
        place = os.path.normpath(source.parent / goal)
        inside = Path(place).is_relative_to(root)
        if inside == os.path.isabs(goal):
            goal = os.path.relpath(place, source.parent) if inside else place
        os.symlink(goal, target)
    elif source.is_file():  # a socket or a pipe is nothing a test could need
        shutil.copy2(source, target)


def _remove(path: Path) -> None:
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.is_dir():
        remove_folder(path)
    elif os.path.lexists(path):
        os.unlink(path)


def _write(folder: Path, name: str, data: bytes) -> None:
    path = folder / name
    if not path.parent.resolve().is_relative_to(folder):
        raise EnvironmentBroken(f"{name} lies outside the workspace: open the folder it is in as a workspace.")
    mode = None
    if path.is_symlink():
        path.unlink()  # never write through a link: it may lead out of the copy
    elif path.exists():
        mode = stat.S_IMODE(path.stat().st_mode)
        path.chmod(mode | stat.S_IWUSR)  # the user's may be read-only
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    if mode is not None:
        path.chmod(mode)
