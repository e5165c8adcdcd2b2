"""Damaged, newer and older databases."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trm_lsp.core.events import AnyEvent
from trm_lsp.store import EventLog, StoreError

Happened = Callable[..., AnyEvent]


def schema(database: Path) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(database)) as reader:
        version = reader.execute("PRAGMA user_version").fetchall()
        return [*version, *reader.execute("SELECT type, name, sql FROM sqlite_master ORDER BY name")]


def damage(data: bytes, how: str) -> bytes:
    return {
        "garbage": b"this is no database" * 500,
        "cut off": data[: len(data) // 2],
        "overwritten": data[:4096] + b"\xff" * (len(data) - 4096),
        "header alone": data[:50],
    }[how]


@settings(max_examples=5, deadline=None)
@given(st.integers(1, 4))
def test_migrating_again_equals_migrating_once(tmp_path_factory: pytest.TempPathFactory, times: int) -> None:
    root = tmp_path_factory.mktemp("work")
    database = root / ".trm" / "trm.db"
    EventLog(root).close()
    once = schema(database)
    for _ in range(times):
        EventLog(root).close()
    assert schema(database) == once
    assert once[0] == (1,)


def test_a_migration_that_fails_leaves_nothing_behind(root: Path) -> None:
    database = root / ".trm" / "trm.db"
    database.parent.mkdir()
    with closing(sqlite3.connect(database)) as other, other:
        other.execute("CREATE VIEW task_types AS SELECT 1")
    before = schema(database)
    with pytest.raises(StoreError, match="task_types already exists"):
        EventLog(root)
    assert schema(database) == before


def test_readers_are_not_kept_waiting_by_the_writer(log: EventLog) -> None:
    with closing(sqlite3.connect(log.path)) as reader:
        assert reader.execute("PRAGMA journal_mode").fetchone() == ("wal",)


@pytest.mark.parametrize("how", ["garbage", "cut off", "overwritten", "header alone"])
def test_a_damaged_log_is_set_aside_and_named(root: Path, happened: Happened, how: str) -> None:
    with EventLog(root) as log:
        for seq in range(100):
            log.append(happened(seq=seq))
    damaged = damage(log.path.read_bytes(), how)
    log.path.write_bytes(damaged)
    with EventLog(root) as fresh:
        (notice,) = fresh.notices
        assert notice.startswith(f"{fresh.path} was damaged (")
        assert notice.endswith("): it is kept as trm.db.corrupt-1, and a new log is started.")
        assert list(fresh.events()) == []
        fresh.append(happened())
    assert (root / ".trm" / "trm.db.corrupt-1").read_bytes() == damaged
    with EventLog(root) as again:
        assert again.notices == ()
        assert list(again.events()) == [happened()]


def test_what_was_set_aside_is_never_overwritten(root: Path) -> None:
    for kept in range(3):
        EventLog(root).close()
        (root / ".trm" / "trm.db").write_bytes(b"no database %d" % kept * 100)
    EventLog(root).close()
    aside = sorted((root / ".trm").glob("trm.db.corrupt-*"))
    assert [(file.name, file.read_bytes()[:13]) for file in aside] == [
        (f"trm.db.corrupt-{kept + 1}", b"no database %d" % kept) for kept in range(3)
    ]


@pytest.mark.parametrize("left", [b"", b"no database" * 500])
def test_what_only_the_write_ahead_log_held_is_set_aside_too(root: Path, happened: Happened, left: bytes) -> None:
    with EventLog(root) as log:
        log.append(happened())
    with EventLog(root) as log:
        log.append(happened(seq=1, message="Only in the write-ahead log."))
        wal = Path(f"{log.path}-wal").read_bytes()
    log.path.write_bytes(left)
    Path(f"{log.path}-wal").write_bytes(wal)
    with EventLog(root) as fresh:
        assert "kept as trm.db.corrupt-1" in fresh.notices[0]
        assert list(fresh.events()) == []
    kept = b"".join(file.read_bytes() for file in (root / ".trm").glob("trm.db.corrupt-1*"))
    assert b"Only in the write-ahead log." in kept


def test_a_database_that_its_write_ahead_log_repairs_is_not_set_aside(root: Path, happened: Happened) -> None:
    with EventLog(root) as log:
        log.append(happened())
        wal = Path(f"{log.path}-wal").read_bytes()
    log.path.write_bytes(b"no database" * 500)
    Path(f"{log.path}-wal").write_bytes(wal)
    with EventLog(root) as repaired:
        assert list(repaired.events()) == [happened()]
        assert repaired.notices == ()


def test_a_log_of_a_newer_version_is_refused_and_left_untouched(root: Path, happened: Happened) -> None:
    with EventLog(root) as log:
        log.append(happened())
    with closing(sqlite3.connect(log.path)) as newer:
        newer.execute("PRAGMA user_version = 99")
    before = {file.name: file.read_bytes() for file in log.path.parent.iterdir()}
    with pytest.raises(StoreError) as refused:
        EventLog(root)
    assert str(refused.value) == (
        f"{log.path} was written by a newer trm-lsp (version 99 of the log, this one knows 1): "
        "update trm-lsp, or move the file away."
    )
    assert {file.name: file.read_bytes() for file in log.path.parent.iterdir()} == before
