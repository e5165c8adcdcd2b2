"""The one exception of the store, and where SQLite's become it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class StoreError(Exception):
    """The log cannot be read or written. Its text is one sentence for the user."""


def primary(error: Exception) -> int | None:
    """SQLite's primary result code; None when the error is Python's own."""
    code: int | None = getattr(error, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF


@contextmanager
def told(database: Path) -> Iterator[None]:
    """Raise `StoreError` for what SQLite or the disk refuses inside."""
    try:
        yield
    except (sqlite3.Error, OSError, OverflowError) as error:  # OverflowError: a number of more than 64 bits
        raise StoreError(_sentence(database, error)) from error


def _sentence(database: Path, error: Exception) -> str:
    match primary(error):
        case sqlite3.SQLITE_FULL:
            return f"The disk is full: {database} takes no more events."
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return f"Another program keeps {database} locked: close it, or try again."
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return f"{database} is damaged ({error}): it is set aside when it is opened again."
        case _:
            return f"{database} cannot be used ({error})."
