from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from functools import reduce
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trm_lsp.core.budget import Spent
from trm_lsp.core.events import SCHEMA, AnyEvent, Event, Run, Shape
from trm_lsp.core.halting import HaltReason
from trm_lsp.core.ports import Store
from trm_lsp.core.state import Candidate, Focus, Reasoning
from trm_lsp.core.verdict import Counts
from trm_lsp.learning import Statistics, observe
from trm_lsp.store import EventLog, StoreError

Happened = Callable[..., AnyEvent]

many_roots = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)


def rows(log: EventLog, query: str) -> list[dict[str, object]]:
    """What a reader with nothing but SQLite sees."""
    with closing(sqlite3.connect(log.path)) as reader:
        reader.row_factory = sqlite3.Row
        return [dict(row) for row in reader.execute(query)]


def test_it_is_the_store_that_the_loop_asks_for(log: EventLog) -> None:
    store: Store = log
    assert store is log


def test_what_is_appended_is_read_back_in_order(log: EventLog, happened: Happened) -> None:
    written = [happened("run started", 0), happened("notice", 1), happened("halted", 2)]
    for event in written:
        log.append(event)
    assert list(log.events()) == written
    assert list(log.events("halted", "run started")) == [written[0], written[2]]


def test_it_survives_a_restart(log: EventLog, root: Path, happened: Happened) -> None:
    log.append(happened())
    log.close()
    with EventLog(root) as again:
        assert list(again.events()) == [happened()]
        assert again.notices == ()


@many_roots
@given(seqs=st.lists(st.integers(0, 5), max_size=15))
def test_appending_twice_equals_once(
    seqs: list[int], happened: Happened, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with EventLog(tmp_path_factory.mktemp("work")) as log:
        for seq in seqs:
            log.append(happened(seq=seq))
        assert list(log.events()) == [happened(seq=seq) for seq in dict.fromkeys(seqs)]


def test_another_event_under_the_same_number_is_refused(log: EventLog, happened: Happened) -> None:
    log.append(happened(message="One."))
    with pytest.raises(StoreError, match=r"Event 0 of run run-1 is in .* already"):
        log.append(happened(message="Two."))
    assert list(log.events()) == [happened(message="One.")]


def test_the_next_number_of_a_run_is_after_its_last(log: EventLog, happened: Happened) -> None:
    log.append(happened(seq=4))
    log.append(happened(seq=7, run="run-2"))
    assert [log.next_seq(run) for run in ("run-1", "run-2", "run-3")] == [5, 8, 0]


def test_every_field_that_all_events_carry_has_a_column(log: EventLog) -> None:
    names = {*Event.model_fields, *Run.model_fields, *Shape.model_fields, *Spent.model_fields, *Counts.model_fields}
    renamed = (names - {"spent", "counts", "shape", "id", "version"}) | {"id", "event", "product_version", "body"}
    columns = {str(row["name"]) for row in rows(log, "PRAGMA table_info(events)")}
    assert columns - {"best", "decision", "solved", "depth"} == renamed


def test_the_columns_hold_what_the_event_says(log: EventLog, happened: Happened) -> None:
    log.append(
        happened(
            "halted",
            8,
            seed=5,
            step=3,
            spent=Spent(seconds=1.5, cpu_seconds=2.5, work=300.25, net_calls=21, screened=1000, confirmed=4, cold=2),
            counts=Counts(targets=3, failing=1, regressions=0, passed=9, total=10),
            skills=("compare", "guard"),
            halt="passed",
            depth=3,
        )
    )
    (row,) = rows(log, "SELECT * FROM events")
    body = row.pop("body")
    assert body == next(log.events()).model_dump_json()
    shown = " ".join(f"{column}={value}" for column, value in row.items())
    assert shown == (
        "id=1 run=run-1 seq=8 event=halted time=108.0 root=/srv task_type=fix/assertion net=repair arm=trm "
        "seed=5 T=3 n=6 N_sup=64 step=3 seconds=1.5 cpu_seconds=2.5 work=300.25 net_calls=21 y_updates=0 "
        "screened=1000 confirmed=4 cold=2 tokens=0 money=0.0 targets=3 failing=1 regressions=0 passed=9 total=10 "
        'skills=["compare", "guard"] halt=passed best=None decision=passed solved=1 depth=3 '
        f"schema_version={SCHEMA} product_version=0.1.0"
    )


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE events SET time = 0",
        "DELETE FROM events",
        "INSERT OR REPLACE INTO events SELECT * FROM events",
        "UPDATE OR REPLACE events SET id = id",
    ],
)
def test_what_is_written_stays_written(log: EventLog, happened: Happened, statement: str) -> None:
    log.append(happened())
    with closing(sqlite3.connect(log.path)) as other, pytest.raises(sqlite3.IntegrityError, match="append-only"):
        other.execute(statement)
    assert list(log.events()) == [happened()]


def test_the_statistics_are_those_of_the_events_in_order(log: EventLog, happened: Happened) -> None:
    written = [
        happened("run started", 0),
        happened("step", 1, skills=("compare",)),
        happened("halted", 2, depth=1, skills=("compare",)),
        happened("halted", 0, run="run-2", decision="budget", depth=16),
        happened("decided", 3, decision="discarded"),
    ]
    for event in written:
        log.append(event)
    assert log.statistics() == reduce(observe, written, Statistics())
    assert log.statistics(0.9, 0.8) == reduce(observe, written, Statistics(decay=0.9, skills_decay=0.8))
    assert log.notices == ()


def test_events_of_a_newer_version_are_left_out_and_counted(log: EventLog, happened: Happened) -> None:
    log.append(happened("halted", 0, depth=1))
    log.append(happened("halted", 1, run="run-2", schema_version=SCHEMA + 1))
    assert log.statistics().task_types["fix/assertion"].runs == 1
    (notice,) = log.notices
    assert notice.startswith("1 event is left out of the statistics")
    log.statistics()
    assert log.notices == (notice,)


def test_events_that_are_none_are_left_out_and_counted(log: EventLog, happened: Happened) -> None:
    log.append(happened("halted", 0, depth=1))
    copy = "INSERT INTO events SELECT {} FROM events WHERE id = 1"
    columns = [str(row["name"]) for row in rows(log, "PRAGMA table_info(events)")]
    with closing(sqlite3.connect(log.path)) as other, other:
        for number, body in [(2, "{}"), (3, "no JSON")]:
            values = {"id": str(number), "seq": str(number), "body": f"'{body}'"}
            other.execute(copy.format(", ".join(values.get(column, column) for column in columns)))
    assert log.statistics().task_types["fix/assertion"].runs == 1
    assert log.notices[0].startswith("2 events are left out of the statistics")


def test_a_run_resumes_at_its_last_detach(log: EventLog, happened: Happened) -> None:
    y = Candidate(base={"a.py": "x = 1\n"}, texts={"a.py": "x = 2\n"}, confidence=0.5)
    z = Reasoning(seed=3, suspicion={"a.py:f:1": 0.75}, thoughts=("I changed x.",))
    log.append(happened("detached", 1, step=1))
    log.append(happened("detached", 2, step=2, y=y, z=z))
    log.append(happened("notice", 3))
    log.append(happened("detached", 9, run="run-2"))
    last = log.last_detached("run-1")
    assert last is not None
    assert (last.step, last.y, last.z) == (2, y, z)


def test_a_run_without_a_detach_has_no_point_to_resume(log: EventLog, happened: Happened) -> None:
    log.append(happened("notice"))
    log.append(happened("detached", 0, run="run-2", schema_version=SCHEMA + 1))
    assert [log.last_detached(run) for run in ("run-1", "run-2", "run-3")] == [None, None, None]


def test_the_view_of_runs_has_one_row_a_run(log: EventLog, happened: Happened) -> None:
    for event in [
        happened("run started", 0, task_type="fix"),
        happened("step", 1, spent=Spent(work=40.0, seconds=1.0)),
        happened("halted", 2, depth=1, spent=Spent(work=240.0, seconds=2.0)),
        happened("decided", 3, task_type="fix"),
        happened("run started", 0, run="run-2"),
    ]:
        log.append(event)
    query = (
        "SELECT run, started, task_type, net, arm, solved, halt, depth, decided, work, seconds FROM runs ORDER BY run"
    )
    known = {"started": 100.0, "task_type": "fix/assertion", "net": "repair", "arm": "trm"}
    ended = {"solved": 1, "halt": "passed", "depth": 1, "decided": "applied", "work": 240.0, "seconds": 2.0}
    running = {"solved": None, "halt": None, "depth": None, "decided": None, "work": 0.0, "seconds": 0.0}
    assert rows(log, query) == [{"run": "run-1", **known, **ended}, {"run": "run-2", **known, **running}]


def test_the_view_of_steps_has_one_row_a_judged_step(log: EventLog, happened: Happened) -> None:
    log.append(happened("step", 1, step=1, skills=("compare",), counts=Counts(targets=3, failing=2)))
    log.append(happened("step", 2, step=2, best=False, counts=Counts(targets=3, failing=2)))
    log.append(happened("detached", 3, step=2))
    assert rows(log, "SELECT step, best, skills, targets, best_failing FROM steps") == [
        {"step": 1, "best": 1, "skills": '["compare"]', "targets": 3, "best_failing": 2},
        {"step": 2, "best": 0, "skills": "[]", "targets": 3, "best_failing": 2},
    ]


@many_roots
@given(ends=st.lists(st.tuples(st.sampled_from(HaltReason), st.sampled_from(["fix/import", "fix/timeout"]))))
def test_the_view_of_task_types_counts_as_the_statistics_do(
    ends: list[tuple[HaltReason, str]], happened: Happened, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with EventLog(tmp_path_factory.mktemp("work")) as log:
        for number, (reason, task_type) in enumerate(ends):
            log.append(happened("halted", run=f"run-{number}", decision=reason, task_type=task_type, depth=2))
        counted = {row["task_type"]: (row["runs"], row["solved"]) for row in rows(log, "SELECT * FROM task_types")}
        known = log.statistics().task_types
        assert counted == {name: (one.runs, one.solved) for name, one in known.items() if one.runs}


def test_text_that_is_not_unicode_is_refused_in_one_sentence(log: EventLog, happened: Happened) -> None:
    with pytest.raises(StoreError, match=r"Event 0 of run run-1 cannot be written: its text is not valid Unicode\."):
        log.append(happened(message="half a pair: \ud800"))


def test_a_number_too_large_for_a_database_is_refused_in_one_sentence(log: EventLog, happened: Happened) -> None:
    with pytest.raises(StoreError, match="cannot be used"):
        log.append(happened(seed=2**64))
    log.append(happened())


def test_only_events_are_appended(log: EventLog) -> None:
    with pytest.raises(TypeError, match="Focus is not an event"):
        log.append(Focus(path="a.py", first_line=1, last_line=1))


def test_a_closed_log_says_so(log: EventLog, happened: Happened) -> None:
    log.close()
    log.close()
    with pytest.raises(StoreError, match="closed"):
        log.append(happened())
