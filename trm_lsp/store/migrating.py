"""Numbered migrations: `migrations/0001_events.sql` makes version 1 of the database, and so on."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

from trm_lsp.store.errors import StoreError


def migrate(connection: sqlite3.Connection) -> None:
    """Apply what the database lacks, each migration in a transaction of its own.

    The caller keeps other processes from migrating at the same time.
    """
    for number, script in _migrations():
        if number > _version(connection):
            with connection:
                connection.execute("BEGIN IMMEDIATE")
                for statement in _statements(script):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {number}")


def refuse_newer(connection: sqlite3.Connection, path: Path) -> None:
    """Raise `StoreError` when a newer trm-lsp has migrated the database; nothing is written."""
    found, known = _version(connection), max(number for number, _ in _migrations())
    if found > known:
        raise StoreError(
            f"{path} was written by a newer trm-lsp (version {found} of the log, this one knows {known}): "
            "update trm-lsp, or move the file away."
        )


def _version(connection: sqlite3.Connection) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)


def _migrations() -> list[tuple[int, str]]:
    """Number and script of every migration, in order."""
    scripts = (files("trm_lsp.store") / "migrations").iterdir()
    return sorted(
        (int(script.name.partition("_")[0]), script.read_text(encoding="utf-8"))
        for script in scripts
        if script.name.endswith(".sql")
    )


def _statements(script: str) -> Iterator[str]:
    """The statements of a script, one by one: `executescript` would commit our transaction first."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
