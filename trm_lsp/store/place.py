"""Where the log of a workspace lies."""

from __future__ import annotations

import errno
import hashlib
import os
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import NamedTuple

from platformdirs import user_state_path

from trm_lsp.store.errors import StoreError

FILE = "trm.db"


class Place(NamedTuple):
    database: Path
    notice: str = ""
    """One sentence when it is not in the workspace."""


def place(root: Path, state: Path | None = None) -> Place:
    """`<root>/.trm/trm.db`, or a folder of its own in the user's state folder when that cannot be written.

    `state` stands for the user's state folder of trm-lsp. Raises `StoreError`
    when neither can be written.
    """
    inside = root / ".trm"
    outside = (state or user_state_path("trm-lsp", appauthor=False)) / _name(root)
    try:
        inside.mkdir(exist_ok=True)
        _check_writable(inside)
        _keep_out_of_git(inside)
    except OSError as refused:
        try:
            outside.mkdir(parents=True, exist_ok=True)
            _check_writable(outside)
        except OSError as error:
            raise StoreError(
                f"Neither {inside} ({_reason(refused)}) nor {outside} ({_reason(error)}) can be written."
            ) from error
        notice = f"{inside} cannot be written ({_reason(refused)}): the log is kept in {outside} instead."
        return Place(outside / FILE, notice)
    return Place(inside / FILE)


def _name(root: Path) -> str:
    return hashlib.sha256(os.fsencode(root.resolve())).hexdigest()[:16]


def _check_writable(folder: Path) -> None:
    """Raise OSError unless files can be made in the folder and the database in it, if any, can be written."""
    with TemporaryFile(dir=folder):
        pass
    for file in (folder / FILE, *folder.glob(f"{FILE}-*")):
        # Never opened to find out: closing it would drop the locks this process holds on it.
        if file.exists() and not os.access(file, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(file))


def _keep_out_of_git(folder: Path) -> None:
    with suppress(FileExistsError), (folder / ".gitignore").open("x", encoding="utf-8") as ignore:
        ignore.write("*\n")


def _reason(error: OSError) -> str:
    return error.strerror or str(error)
