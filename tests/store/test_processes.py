"""Several processes at one log, and what the operating system refuses."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from trm_lsp.core.events import AnyEvent
from trm_lsp.store import EventLog, StoreError

Happened = Callable[..., AnyEvent]
Process = Callable[..., "subprocess.Popen[str]"]

posix = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX users and limits")

WRITER = """
print("ready", flush=True)
sys.stdin.readline()
with EventLog(root, state=state, busy_seconds=60) as log:
    for seq in range(int(arguments[1])):
        log.append(notice(seq, run=arguments[0]))
    print(*log.notices, sep="\\n")
"""


def said(child: subprocess.Popen[str], line: str = "\n") -> list[str]:
    """Let the child go on, and return the lines it printed until its end."""
    output, _ = child.communicate(line)
    assert child.returncode == 0
    return output.splitlines()


def at_once(children: list[subprocess.Popen[str]]) -> list[list[str]]:
    """Let all go on as soon as all are ready; what each said."""
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
    for child in children:
        assert child.stdin is not None
        child.stdin.write("\n")
        child.stdin.flush()
    return [said(child) for child in children]


def test_two_processes_that_write_at_once_lose_nothing(root: Path, state: Path, process: Process) -> None:
    at_once([process(WRITER, root, state, run, 300) for run in ("run-1", "run-2")])
    with EventLog(root) as log:
        written = [(event.run.id, event.seq) for event in log.events()]
    assert sorted(written) == [(run, seq) for run in ("run-1", "run-2") for seq in range(300)]


def test_the_same_events_from_two_processes_are_there_once(root: Path, state: Path, process: Process) -> None:
    at_once([process(WRITER, root, state, "run-1", 100) for _ in range(2)])
    with EventLog(root) as log:
        assert [event.seq for event in log.events()] == list(range(100))


def test_of_two_processes_that_find_it_damaged_one_sets_it_aside(root: Path, state: Path, process: Process) -> None:
    EventLog(root).close()
    database = root / ".trm" / "trm.db"
    database.write_bytes(b"no database" * 1000)
    notices = at_once([process(WRITER, root, state, run, 50) for run in ("run-1", "run-2", "run-3")])
    assert len([line for lines in notices for line in lines if "damaged" in line]) == 1
    assert [file.name for file in database.parent.glob("*corrupt*")] == ["trm.db.corrupt-1"]
    with EventLog(root) as log:
        assert len(list(log.events())) == 150


def test_what_a_killed_process_appended_is_kept(root: Path, state: Path, process: Process) -> None:
    script = """
log = EventLog(root, state=state)
log.append(notice(0))
print("ready", flush=True)
sys.stdin.readline()
"""
    child = process(script, root, state)
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    child.kill()
    child.wait()
    with EventLog(root) as log:
        assert [event.seq for event in log.events()] == [0]
        assert log.notices == ()


def test_a_log_that_stays_locked_is_one_sentence(root: Path, happened: Happened) -> None:
    with EventLog(root, busy_seconds=0) as log, closing(sqlite3.connect(log.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match=r"Another program keeps .*trm\.db locked"):
            log.append(happened())
        other.execute("ROLLBACK")
        log.append(happened())
        assert list(log.events()) == [happened()]


def test_it_opens_and_reads_while_another_writes(log: EventLog, root: Path, happened: Happened) -> None:
    log.append(happened())
    with closing(sqlite3.connect(log.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with EventLog(root, busy_seconds=0) as second:
            assert list(second.events()) == [happened()]


@posix
def test_a_disk_that_takes_no_more_is_one_sentence_and_loses_nothing(root: Path, state: Path, process: Process) -> None:
    script = """
import resource
with EventLog(root, state=state) as log:
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (256 * 1024, hard))
    try:
        for seq in range(1000):
            log.append(notice(seq, message="x" * 4000))
    except StoreError as error:
        print(error)
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    assert [event.seq for event in log.events()] == list(range(seq))
    log.append(notice(seq))
"""
    (sentence,) = said(process(script, root, state))
    assert str(root / ".trm" / "trm.db") in sentence


@pytest.fixture
def anyones() -> Iterator[Path]:
    """A folder that every user of the machine can reach."""
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


AS_NOBODY = """
import os
with EventLog(state / "warm", state=state) as log:  # imports what is only readable before the change of user
    log.statistics()
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
with EventLog(root, state=state / "nobody") as log:
    log.append(notice(0))
    print(log.path)
    print(*log.notices, sep="\\n")
"""


@posix
@pytest.mark.parametrize("read_only", ["the workspace", "the folder of the log", "the log"])
def test_a_workspace_that_cannot_be_written_is_logged_in_the_users_folder(
    anyones: Path, process: Process, read_only: str
) -> None:
    root, state = anyones / "work", anyones / "state"
    for folder in (root, state / "warm", state / "nobody"):
        folder.mkdir(parents=True)
    (state / "nobody").chmod(0o777)
    if read_only != "the workspace":
        EventLog(root).close()
    if read_only == "the log":
        (root / ".trm").chmod(0o777)
        (root / ".trm" / "trm.db").chmod(0o444)
    else:
        for folder in (root / ".trm", root):
            if folder.exists():
                folder.chmod(0o555)
    database, notice = said(process(AS_NOBODY, root, state))
    root.chmod(0o755)
    assert Path(database).parent.parent == state / "nobody"
    assert (
        notice == f"{root / '.trm'} cannot be written (Permission denied): "
        f"the log is kept in {Path(database).parent} instead."
    )


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="needs a folder that not even root can write")
def test_neither_place_can_be_written(happened: Happened) -> None:
    with pytest.raises(StoreError, match=r"Neither /proc/\.trm \(.+\) nor /proc/state/\w+ \(.+\) can be written\."):
        EventLog(Path("/proc"), state=Path("/proc/state"))
