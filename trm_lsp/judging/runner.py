"""The client of the test process: one request at a time, reports as they come."""

from __future__ import annotations

import json
import os
import selectors
import signal
import struct
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import IO, Any

from pydantic import ValidationError

from trm_lsp.core.budget import Stopped
from trm_lsp.core.verdict import Frozen, Outcome, TestResult
from trm_lsp.judging.environment import EnvironmentBroken
from trm_lsp.judging.signatures import normalise
from trm_lsp.zygote import PROTOCOL

_LENGTH = struct.Struct(">I")
POLL_SECONDS = 0.03
"""How often a wait looks for a cancel."""
START_SECONDS = 30.0
"""How long an interpreter may take to answer, whatever it imports at its start."""
MESSAGE_BYTES = 1 << 26
"""More than any message of the test process."""
CLOSE_SECONDS = 1.0
"""How long it may take to end; then it is killed."""


class Interpreter(Frozen):
    """What the user's interpreter says of itself."""

    python: tuple[int, int, int]
    protocol: int
    fork: bool
    pytest: str | None
    missing: str = ""
    threads: int = 1


@dataclass
class RunReport:
    """Everything one test run said."""

    results: dict[str, TestResult] = field(default_factory=dict)
    collect_errors: dict[str, TestResult] = field(default_factory=dict)
    lines: dict[str, dict[str, set[int]]] = field(default_factory=dict)
    leaks: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    """What the run had imported from outside the workspace: a warm process may import it once for all."""
    rewritten: tuple[str, ...] = ()
    """The same, of what pytest's import hook rewrites."""
    base: dict[str, list[str]] | None = None
    """A screen's outcome and error by test of the unchanged code; None when it could not collect them."""
    screened: dict[int, dict[str, list[str]] | None] = field(default_factory=dict)
    """The same by candidate; None for one that may not be swapped in memory."""
    candidate: int | None = None
    """The candidate that was running when the screen ended."""
    clean: bool = False
    """Whether the unchanged code still behaved the same at the screen's end."""
    running: str = ""
    """The test that had begun and not ended when the run ended."""
    exit: int | None = None
    signal: int | None = None
    ended: str | None = None
    """Who ended it: None (itself), `hard` or `idle` (a time-out), `killed`."""
    output: str = ""
    cpu: float = 0.0
    seconds: float = 0.0

    def add(self, report: Mapping[str, Any]) -> None:
        """Take in one report of the test process (see zygote/reporting.py)."""
        match report:
            case {"start": str(test)}:
                self.running = test
            case {"result": found}:
                self.running = ""
                self.results[found["id"]] = _result(found)
            case {"collect": found}:
                self.collect_errors[found["id"]] = _result({**found, "outcome": "error"})
            case {"line": [str(test), str(path), int(line)]}:
                self.lines.setdefault(test, {}).setdefault(path, set()).add(line)
            case {"leak": paths}:
                self.leaks = tuple(paths)
            case {"base": base}:
                self.base = base
            case {"candidate": int(number)}:
                self.candidate = number
            case {"screened": [int(number), outcomes]}:
                self.candidate = None
                self.screened[number] = outcomes
            case {"canary": bool(clean)}:
                self.clean = clean
            case {"modules": names, "rewritten": rewritten}:
                self.modules, self.rewritten = tuple(names), tuple(rewritten)

    def close(self) -> None:
        """Account for the test that was running when the run ended."""
        if self.running and self.running not in self.results:
            if self.ended in {"hard", "idle"}:
                outcome, text = Outcome.TIMEOUT, "the test did not end in time"
            else:
                how = f"signal {self.signal}" if self.signal else f"exit code {self.exit}"
                outcome, text = Outcome.ERROR, f"the test ended its own process ({how})"
            self.results[self.running] = TestResult(
                id=self.running, outcome=outcome, signature=text, message=text, path=self.running.split("::")[0]
            )


def _result(found: Mapping[str, Any]) -> TestResult:
    frames = tuple((str(path), int(line)) for path, line in found.get("frames", ()))
    path, line = frames[-1] if frames else ("", 0)
    message = str(found.get("message", ""))
    # A collection error may name no exception of its own: its last line does.
    error = str(found.get("error", "")) or message.strip().rpartition("\n")[2].removeprefix("E   ").strip()
    return TestResult(
        id=found["id"],
        outcome=Outcome(found["outcome"]),
        signature=normalise(error) if found["outcome"] in {"failed", "error"} else "",
        message=message,
        path=path,
        line=line,
        frames=frames,
        seconds=float(found.get("seconds", 0.0)),
    )


class Runner:
    """A test process in the user's interpreter. It owns every process of every run, and dies with us."""

    def __init__(self, python: str, env: Mapping[str, str], cwd: Path, check: Callable[[], None]) -> None:
        """Start it. `check` raises `Stopped` when the run must end; raises EnvironmentBroken when it does not start."""
        program = resources.files("trm_lsp.zygote") / "main.py"
        self._python = python
        self._check = check
        self._next = 0
        self._data = bytearray()
        try:
            self._process = subprocess.Popen(
                [python, str(program), "serve"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=dict(env),
                cwd=cwd,
                start_new_session=True,
            )
        except OSError as error:
            raise EnvironmentBroken(
                f"The interpreter {python} does not start ({error.strerror}): set trm.python to one that does."
            ) from error
        self._requests = _pipe(self._process.stdin)
        self._answers = _pipe(self._process.stdout)

    def load(self, modules: Sequence[str] = ()) -> Interpreter:
        """Let it import pytest and `modules`, and say what it is. Raises EnvironmentBroken."""
        id = self._send({"kind": "load", "modules": list(modules)})
        answer = self._receive(seconds=START_SECONDS)
        try:
            found = Interpreter.model_validate({k: v for k, v in answer.items() if k != "id"})
        except ValidationError as error:
            raise self._not_ours() from error
        if answer["id"] != id or found.protocol != PROTOCOL:
            raise EnvironmentBroken(f"The interpreter {self._python} runs another version of the test process.")
        return found

    def warm_up(self, request: Mapping[str, Any], rewritten: Sequence[str]) -> tuple[str, int]:
        """Configure pytest for `warm` runs with the request's options, and import what its hook rewrites.

        Returns why it cannot be done (empty: it can), and the number of threads.
        """
        self._send({**request, "kind": "warm up", "pytest": {**request["pytest"], "rewritten": list(rewritten)}})
        answer = self._receive(seconds=START_SECONDS)
        return str(answer["unfit"]), int(answer["threads"])

    def run(self, request: Mapping[str, Any]) -> RunReport:
        """Do one run (see zygote/serving.py for the request). Raises Stopped, EnvironmentBroken."""
        report = RunReport()
        id = self._send(request)
        stopped: Stopped | None = None
        while True:
            try:
                answer = self._receive(self._check if stopped is None else _never)
            except Stopped as stop:
                stopped = stop
                self._send({"kind": "kill", "id": id}, id)
                continue
            if "report" in answer:
                report.add(answer["report"])
            elif "done" in answer:
                break
        if stopped:
            raise stopped
        done = answer["done"]
        report.exit, report.signal, report.ended = done["exit"], done["signal"], done["ended"]
        report.output, report.cpu, report.seconds = done["output"], done["cpu"], done["seconds"]
        report.close()
        return report

    def _send(self, message: Mapping[str, Any], id: int | None = None) -> int:
        if id is None:
            self._next += 1
            id = self._next
        data = json.dumps({**message, "id": id}).encode()
        try:
            self._requests.write(_LENGTH.pack(len(data)) + data)
            self._requests.flush()
        except OSError as error:
            raise self._died() from error
        return id

    def _receive(self, check: Callable[[], None] | None = None, seconds: float | None = None) -> dict[str, Any]:
        """The next whole message; looks for a cancel while it waits. Raises EnvironmentBroken."""
        deadline = None if seconds is None else time.monotonic() + seconds
        fd = self._answers.fileno()
        with selectors.DefaultSelector() as selector:
            selector.register(fd, selectors.EVENT_READ)
            while True:
                if len(self._data) >= _LENGTH.size:
                    (length,) = _LENGTH.unpack_from(self._data)
                    if length > MESSAGE_BYTES:
                        raise self._not_ours()
                    if len(self._data) >= _LENGTH.size + length:
                        message: dict[str, Any] = json.loads(self._data[_LENGTH.size : _LENGTH.size + length])
                        del self._data[: _LENGTH.size + length]
                        return message
                (check or self._check)()
                if deadline is not None and time.monotonic() > deadline:
                    raise EnvironmentBroken(
                        f"The interpreter {self._python} does not answer: set trm.python to one that does."
                    )
                if selector.select(POLL_SECONDS):
                    data = os.read(fd, 1 << 16)
                    if not data:
                        raise self._died()
                    self._data += data

    def _not_ours(self) -> EnvironmentBroken:
        return EnvironmentBroken(f"The interpreter {self._python} gave an answer that is not ours.")

    def _died(self) -> EnvironmentBroken:
        self._process.kill()
        errors = _pipe(self._process.stderr).read().decode("utf-8", "replace").strip()
        status = self._process.wait()
        last = errors.rpartition("\n")[2] or f"exit status {status}"
        return EnvironmentBroken(f"The test process of {self._python} ended by itself: {last}.")

    def close(self) -> None:
        """End it, and with it every process it started. Safe to call twice."""
        for pipe in (self._requests, self._answers, _pipe(self._process.stderr)):
            with suppress(OSError):  # it is gone already
                pipe.close()
        try:
            self._process.wait(CLOSE_SECONDS)
        except subprocess.TimeoutExpired:  # it is inside an import, with no test running
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


def _never() -> None:
    """After the kill is sent there is nothing more to check."""


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None  # Popen was asked for pipes
    return stream
