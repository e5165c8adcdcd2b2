"""Opens the database: one process at a time, damaged files set aside, newer ones refused, older ones migrated."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from itertools import count
from pathlib import Path
from typing import NamedTuple

from trm_lsp.store.errors import primary, told
from trm_lsp.store.migrating import migrate, refuse_newer
from trm_lsp.store.place import FILE

SUFFIXES = ("-wal", "-shm", "-journal", "")
"""A database and its companions; these go aside first, for one left behind would be replayed into the new database."""


class Opened(NamedTuple):
    connection: sqlite3.Connection
    notice: str = ""
    """One sentence when a damaged file was set aside."""


def open_database(path: Path, busy_seconds: float) -> Opened:
    """A migrated database at `path`. Raises `StoreError`."""
    with told(path), _alone(path.parent, busy_seconds):
        damage = _damage(path, busy_seconds)
        notice = _set_aside(path, damage) if damage else ""
        with ExitStack() as unless_opened:
            connection = unless_opened.enter_context(closing(_connect(path, busy_seconds)))
            refuse_newer(connection, path)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            migrate(connection)
            unless_opened.pop_all()
    return Opened(connection, notice)


def _connect(path: Path, busy_seconds: float) -> sqlite3.Connection:
    """A connection without implicit transactions: each begins where it is written, and as a writer."""
    connection = sqlite3.connect(path, timeout=busy_seconds, isolation_level=None)
    # The file may have come with a stranger's repository: its schema may call nothing with side effects.
    connection.execute("PRAGMA trusted_schema = OFF")
    return connection


@contextmanager
def _alone(folder: Path, busy_seconds: float) -> Iterator[None]:
    """Open in one process at a time: two that find damage must not set aside each other's new file."""
    with closing(_connect(folder / f"{FILE}-lock", busy_seconds)) as lock:
        lock.execute("BEGIN EXCLUSIVE")
        yield


def _damage(path: Path, busy_seconds: float) -> str:
    """What is wrong with the file; empty when it is sound or not there yet."""
    if _size(path) == 0:
        # SQLite would delete the write-ahead log of an empty database, with the events in it.
        return "it is empty beside its write-ahead log" if _size(_companion(path, "-wal")) else ""
    with closing(_connect(path, busy_seconds)) as connection:
        try:
            (answer,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        except sqlite3.DatabaseError as error:
            if primary(error) not in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
                raise
            return str(error)
    return "" if answer == "ok" else " ".join(str(answer).split())


def _set_aside(path: Path, damage: str) -> str:
    """Rename the file and its companions, and say so in one sentence."""
    names = (path.with_name(f"{path.name}.corrupt-{number}") for number in count(1))
    aside = next(name for name in names if not any(_companion(name, suffix).exists() for suffix in SUFFIXES))
    for suffix in SUFFIXES:
        file = _companion(path, suffix)
        if file.exists():
            file.rename(_companion(aside, suffix))
    return f"{path} was damaged ({damage}): it is kept as {aside.name}, and a new log is started."


def _companion(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
