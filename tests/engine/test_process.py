"""python -m trm_lsp.engine over its real wire."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from processes import of_tests
from projects import CALC, NO_PLUGINS, copies, gone, make, settings, task, until

from trm_lsp import __version__
from trm_lsp.core.consent import command_question
from trm_lsp.core.events import Decided, Halted, RunStarted
from trm_lsp.core.halting import HaltReason
from trm_lsp.engine import wire
from trm_lsp.store import EventLog
from trm_lsp.store.consents import Consents

QUESTION = partial(command_question, command="python -m pytest", python=sys.executable, env=(NO_PLUGINS,))
"""What is asked before the tests of a root are run."""
HANGS = """
    import subprocess, time

    def test_hangs():
        subprocess.Popen(["sleep", "600"], start_new_session=True)
        time.sleep(600)
"""
HANGING = 4
"""Processes of a run that hangs there: two that serve (one outside the namespaces), the test, and what it started."""


class Engine:
    """An engine process, and the lines it says."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "trm_lsp.engine"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,  # a line kept in a buffer of ours would not wake the selector
        )
        assert self.process.stdin is not None and self.process.stdout is not None
        self.requests, self.answers = self.process.stdin, self.process.stdout
        self.lines: list[bytes] = []

    def ask(self, request: Any) -> None:
        self.requests.write(wire.dump(request))
        self.requests.flush()

    def refine(self, request: wire.Refine) -> None:
        """Ask for a run, and confirm what is asked before it."""
        self.ask(request)
        asked = self.line()
        assert isinstance(asked, wire.Ask)
        self.ask(wire.Consent(id=asked.id, key=asked.question.key, yes=True))

    def line(self, seconds: float = 30) -> Any:
        """The next line, as an answer."""
        with selectors.DefaultSelector() as selector:
            selector.register(self.answers, selectors.EVENT_READ)
            assert selector.select(seconds), "the engine says nothing"
        self.lines.append(self.answers.readline())
        return wire.load_answer(self.lines[-1])

    def until_reply(self) -> tuple[list[Any], wire.Reply]:
        events = []
        while not isinstance(answer := self.line(), wire.Reply):
            assert isinstance(answer, wire.Said)
            events.append(answer.event)
        return events, answer


@pytest.fixture
def pids(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[int]]:
    monkeypatch.setenv("MARK", str(tmp_path))
    return lambda: of_tests(f"MARK={tmp_path}")


@pytest.fixture
def engine(temporary: Path, pids: Any) -> Iterator[Engine]:
    engine = Engine()
    assert engine.line() == wire.Hello(version=__version__)
    yield engine
    engine.process.kill()
    engine.process.wait()
    engine.answers.close()


def hanging(root: Path) -> wire.Refine:
    make(root, {"test_hangs.py": HANGS})
    return wire.Refine(task=task(root), settings=settings(test={"env": ["MARK"]}))


def test_statistics_do_not_wait_for_the_end_of_a_run(root: Path, engine: Engine, pids: Any) -> None:
    engine.refine(hanging(root))
    assert until(lambda: len(pids()) == HANGING)
    engine.ask(wire.Statistics(root=str(root), settings=settings()))
    events, reply = engine.until_reply()
    assert (reply.id, reply.error) == ("statistics", "")
    assert not any(isinstance(event, Halted) for event in events)
    engine.ask(wire.Cancel(id="task"))
    events, reply = engine.until_reply()
    assert (reply.id, events[-1].decision) == ("task", HaltReason.CANCELLED)


def test_a_refinement_over_the_wire(root: Path, engine: Engine) -> None:
    engine.refine(wire.Refine(task=task(make(root, CALC)), settings=settings()))
    events, reply = engine.until_reply()
    assert reply == wire.Reply(id="task")
    assert isinstance(events[0], RunStarted)
    assert isinstance(events[-1], Halted) and events[-1].solved
    engine.ask(wire.Statistics(root=str(root), settings=settings()))
    assert "fix/assertion" in engine.line().text
    decided = Decided(run=events[-1].run, seq=0, time=0.0, decision="applied", files=("calc.py",))
    engine.ask(wire.Remember(decided=decided))
    assert engine.line() == wire.Reply(id="remember")
    with EventLog(root) as log:
        assert [(event.event, event.seq) for event in log.events("decided")] == [("decided", events[-1].seq + 1)]


def test_every_line_is_one_json_object_and_nothing_else_is_on_stdout(root: Path, engine: Engine) -> None:
    make(root, {**CALC, "conftest.py": "print('noise')\n"})
    engine.refine(wire.Refine(task=task(root), settings=settings()))
    engine.until_reply()
    engine.requests.close()
    assert engine.answers.read() == b""
    says = [json.loads(line)["say"] for line in engine.lines]
    assert says[:2] == ["hello", "ask"] and says[-1] == "reply"
    assert set(says[2:-1]) == {"event"}


def test_a_line_that_is_no_request_is_passed_over(root: Path, engine: Engine) -> None:
    engine.requests.write(b"nonsense\n\xff\n{}\n")
    engine.ask(wire.Statistics(root=str(root), settings=settings()))
    assert engine.line().id == "statistics"


def test_a_cancel_ends_the_run_and_the_next_request_is_served(
    root: Path, engine: Engine, pids: Any, temporary: Path
) -> None:
    engine.refine(hanging(root))
    assert until(lambda: len(pids()) == HANGING)
    running = pids()
    started = time.monotonic()
    engine.ask(wire.Cancel(id="task"))
    events, _ = engine.until_reply()
    assert time.monotonic() - started < 1.5
    assert events[-1].decision is HaltReason.CANCELLED
    assert gone(*running, seconds=1)
    assert copies(temporary) == []
    engine.ask(wire.Statistics(root=str(root), settings=settings()))
    assert engine.line().id == "statistics"


@pytest.mark.parametrize("how", ["end of file", "SIGTERM", "SIGKILL"])
def test_however_the_engine_ends_everything_below_it_ends(
    root: Path, engine: Engine, pids: Any, how: str, temporary: Path
) -> None:
    engine.refine(hanging(root))
    assert until(lambda: len(pids()) == HANGING)
    running = pids()
    started = time.monotonic()
    if how == "end of file":
        engine.requests.close()
    else:
        engine.process.send_signal(getattr(signal, how))
    engine.process.wait(5)
    assert gone(*running, seconds=2)
    assert time.monotonic() - started < 2
    if how != "SIGKILL":
        assert copies(temporary) == []


def test_an_idle_engine_ends_at_the_end_of_file(engine: Engine) -> None:
    engine.requests.close()
    assert engine.process.wait(2) == 0


@pytest.mark.parametrize("confirmed", [True, False])
def test_a_server_that_dies_is_noticed_while_events_are_said_or_a_question_is_open(
    root: Path, temporary: Path, confirmed: bool
) -> None:
    """Both ends of the wire are gone at once."""
    if confirmed:
        Consents().give(QUESTION(str(root)))
    request = wire.dump(wire.Refine(task=task(make(root, CALC)), settings=settings()))
    line = "event" if confirmed else "ask"
    code = (
        "import subprocess, sys\n"
        "p = subprocess.Popen([sys.executable, '-m', 'trm_lsp.engine'], stdin=subprocess.PIPE, stdout=subprocess.PIPE,"
        " stderr=subprocess.DEVNULL)\n"
        "p.stdin.write(sys.stdin.buffer.read()); p.stdin.flush()\n"
        "print(p.pid, [p.stdout.readline() for _ in range(2)][1].decode(), flush=True)\n"
        "import os; os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], input=request, stdout=subprocess.PIPE, timeout=60)
    pid, _, said = done.stdout.partition(b" ")
    assert json.loads(said)["say"] == line
    assert gone(int(pid), seconds=3)
    assert until(lambda: copies(temporary) == [], 2)


def test_a_root_that_cannot_be_remembered_in_gives_an_error_not_a_crash(engine: Engine, tmp_path: Path) -> None:
    newer = make(tmp_path / "newer", {"x": ""})
    with EventLog(newer) as log:
        log._connection.execute("PRAGMA user_version = 9999")
    engine.ask(wire.Statistics(root=str(newer), settings=settings()))
    reply = engine.line()
    assert "was written by a newer trm-lsp" in reply.error and reply.text == ""
    assert os.path.exists(newer / ".trm/trm.db")
