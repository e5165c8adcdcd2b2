"""The log of a workspace: every event of every run, appended once and never changed."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pydantic import ValidationError
from pydantic_core import PydanticSerializationError

from trm_lsp.core.events import SCHEMA, AnyEvent, Detached, Event, load_event
from trm_lsp.core.ports import Store
from trm_lsp.core.verdict import Frozen
from trm_lsp.learning.statistics import TEACHING, Statistics, observe
from trm_lsp.store.errors import StoreError, told
from trm_lsp.store.opening import open_database
from trm_lsp.store.place import place

BUSY_SECONDS = 5.0
"""How long to wait for another process that writes."""


class EventLog(Store):
    """The log of the workspace at `root`. Many processes may have it open; each uses it from one thread.

    `state` stands for the user's state folder of trm-lsp, where the log goes
    when the workspace cannot be written. Every method raises `StoreError` when
    the database cannot be used.
    """

    def __init__(self, root: Path, *, state: Path | None = None, busy_seconds: float = BUSY_SECONDS) -> None:
        self.path, moved = place(root, state)
        self._connection, damaged = open_database(self.path, busy_seconds)
        self._opening = tuple(notice for notice in (moved, damaged) if notice)
        self._unread = 0

    @property
    def notices(self) -> tuple[str, ...]:
        """What the user should know of this log, a sentence each."""
        if not self._unread:
            return self._opening
        events = "1 event is" if self._unread == 1 else f"{self._unread} events are"
        unread = f"{events} left out of the statistics: this version of trm-lsp cannot read what {self.path} says."
        return (*self._opening, unread)

    def append(self, event: Frozen) -> None:
        """Write the event; the same event again changes nothing.

        What was appended survives a kill; a power cut may take the last few.
        Raises `StoreError` also for another event under the same run and
        number, and for what a database cannot hold: text with a lone
        surrogate, a seed of more than 64 bits.
        """
        row = _row(event)
        with self._writing() as connection:
            known = connection.execute("SELECT body FROM events WHERE run = :run AND seq = :seq", row).fetchone()
            if known is None:
                places = ", ".join(f":{column}" for column in row)
                connection.execute(f"INSERT INTO events ({', '.join(row)}) VALUES ({places})", row)
            elif known != (row["body"],):
                raise StoreError(
                    f"Event {row['seq']} of run {row['run']} is in {self.path} already, and is another one."
                )

    def next_seq(self, run_id: str) -> int:
        """The number for one more event of a run, such as what the user decided after it ended."""
        with told(self.path):
            rows = self._connection.execute("SELECT COALESCE(MAX(seq) + 1, 0) FROM events WHERE run = ?", (run_id,))
            return int(rows.fetchone()[0])

    def events(self, *kinds: str) -> Iterator[AnyEvent]:
        """The events of these kinds (none: all) in the order of appending, without those we cannot read."""
        return (event for event in self._read(kinds) if event is not None)

    def statistics(self, decay: float = 0.98, skills_decay: float = 0.95) -> Statistics:
        """What the log teaches. What this version cannot read is left out, and counted in `notices`."""
        stats, self._unread = Statistics(decay=decay, skills_decay=skills_decay), 0
        for event in self._read(TEACHING):
            if event is None:
                self._unread += 1
            else:
                stats = observe(stats, event)
        return stats

    def last_detached(self, run_id: str) -> Detached | None:
        """Where to resume a run: its last detach; None when it has none that we can read."""
        query = "SELECT schema_version, body FROM events WHERE run = ? AND event = 'detached' ORDER BY seq DESC LIMIT 1"
        with told(self.path):
            row = self._connection.execute(query, (run_id,)).fetchone()
        event = None if row is None else _event(*row)
        return event if isinstance(event, Detached) else None

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that is a writer from its start: one that becomes a writer later fails in spite of waiting."""
        with told(self.path), self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            yield self._connection

    def _read(self, kinds: tuple[str, ...]) -> Iterator[AnyEvent | None]:
        wanted = f"WHERE event IN ({', '.join('?' * len(kinds))})" if kinds else ""
        with told(self.path):
            query = f"SELECT schema_version, body FROM events {wanted} ORDER BY id"
            for schema, body in self._connection.execute(query, kinds):
                yield _event(schema, body)


def _event(schema: int, body: str) -> AnyEvent | None:
    """The event of one row; None when it is newer than we are, or does not read as an event."""
    if schema > SCHEMA:
        return None
    try:
        return load_event(body)
    except ValidationError:
        return None


def _row(event: Frozen) -> dict[str, Any]:
    """The event as column names and values. Raises `StoreError` for text that is no UTF-8."""
    if not isinstance(event, Event):
        raise TypeError(f"{type(event).__name__} is not an event")
    run = event.run
    own = event.model_dump(include={"event", "best", "decision", "solved", "depth"})
    try:
        body = event.model_dump_json()
    except PydanticSerializationError as error:
        raise StoreError(
            f"Event {event.seq} of run {run.id} cannot be written: its text is not valid Unicode."
        ) from error
    return {
        "run": run.id,
        "seq": event.seq,
        "event": own["event"],
        "time": event.time,
        "root": run.root,
        "task_type": run.task_type,
        "net": run.net,
        "arm": run.arm,
        "seed": run.seed,
        **run.shape.model_dump(),
        "step": event.step,
        **event.spent.model_dump(),
        **event.counts.model_dump(),
        "skills": json.dumps(event.skills),
        "halt": event.halt,
        **{column: own.get(column) for column in ("best", "decision", "solved", "depth")},
        "schema_version": run.schema_version,
        "product_version": run.version,
        "body": body,
    }
