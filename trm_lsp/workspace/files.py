"""Which files of a workspace a test run needs, and a fingerprint of all of them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Iterator
from pathlib import Path

LEFT_OUT = frozenset(
    {".git", ".hg", ".svn", ".jj", ".trm", "node_modules", "__pycache__", ".mypy_cache", ".ruff_cache"}
    | {".pytest_cache", ".hypothesis", ".tox", ".nox", ".direnv", ".eggs"}
)
"""Folders no test run needs: version control, caches, environments made by tools."""


def is_environment(folder: str) -> bool:
    """Whether a folder is a virtual environment: it stays where it is and is used from there."""
    return os.path.exists(os.path.join(folder, "pyvenv.cfg")) or os.path.isdir(os.path.join(folder, "conda-meta"))


def files(root: Path, skipped: Collection[str] = ()) -> Iterator[str]:
    """Relative paths of the files (and links) to copy, folders that are left out skipped.

    Files that git ignores are kept, because tests need built and generated
    ones; what is left out are the folders that tools rebuild, and those in
    `skipped` (relative paths).
    """
    top = os.fspath(root)
    for folder, names, leaves in os.walk(top):
        links = [name for name in names if os.path.islink(os.path.join(folder, name))]
        entered = (name for name in names if name not in LEFT_OUT and name not in links)
        names[:] = sorted(
            name
            for name in entered
            if os.path.relpath(os.path.join(folder, name), top) not in skipped
            and not is_environment(os.path.join(folder, name))
        )
        for leaf in sorted([*leaves, *links]):
            if not leaf.endswith((".pyc", ".pyo")):
                yield os.path.relpath(os.path.join(folder, leaf), top)


def fingerprint(root: Path) -> str:
    """SHA-256 over every path, mode, link and content below `root`, `.trm` and `.git` aside.

    Equal before and after a run, it proves that the run wrote nothing.
    """
    sha = hashlib.sha256()
    top = os.fspath(root)
    for folder, names, leaves in os.walk(top):
        names[:] = sorted(name for name in names if name not in {".trm", ".git"})
        for name in sorted([*names, *leaves]):
            path = os.path.join(folder, name)
            status = os.lstat(path)
            sha.update(f"{os.path.relpath(path, top)}\0{status.st_mode}\0".encode("utf-8", "surrogateescape"))
            if os.path.islink(path):
                sha.update(os.fsencode(os.readlink(path)))
            elif os.path.isfile(path):
                with open(path, "rb") as file:
                    sha.update(hashlib.file_digest(file, "sha256").digest())
    return sha.hexdigest()
