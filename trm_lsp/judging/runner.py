"""The client of the test process: one request at a time, reports as they come."""

from __future__ import annotations

import json
import os
import selectors
import signal
import struct
import subprocess
import time
from collections.abc import Callable, Mapping
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
OUTPUT_KEPT = 64 * 1024
"""Bytes of a run's output that are kept: its end."""
MESSAGE_BYTES = 1 << 26
"""More than any message of the test process."""
GRACE, KILL_GRACE = 2.0, 0.1
"""Seconds a stage has to answer beyond the deadline it was given, and after it was told to stop."""
CLOSE_SECONDS = 1.0
"""How long it may take to end; then it is killed."""


ScreenedTest = tuple[str, str, int]
"""Of a test in a screen: outcome, error text, and the line of the test it came to (0: not known)."""


class SandboxReport(Frozen):
    """What holds the tests back here (see zygote/sandbox.py)."""

    level: str
    overlay: bool
    """Whether each run has an overlay of its own over the workspace; else a copy is needed."""
    missing: tuple[str, ...] = ()
    """Stronger levels, or promises, that this machine does not give, and why."""


class Greeting(Frozen):
    """What the test process says when it has started."""

    protocol: int
    python: tuple[int, int, int]
    fork: bool
    sandbox: SandboxReport


class TestProcessDied(EnvironmentBroken):
    """The test process has ended, by a test's doing; another one can be started."""

    __test__ = False


class Lost(Exception):
    """A stage is gone, or could not be prepared; the message says why."""


class Silence(Exception):
    """No answer came in time."""


class Refused(Exception):
    """A change cannot be swapped in memory; the message says why."""


@dataclass
class RunReport:
    """Everything one test run said."""

    results: dict[str, TestResult] = field(default_factory=dict)
    collect_errors: dict[str, TestResult] = field(default_factory=dict)
    lines: dict[str, dict[str, set[int]]] = field(default_factory=dict)
    listed: tuple[str, ...] | None = None
    """Tests that would be run, of a run that was asked for no more."""
    leaks: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    """What the run had imported from outside the workspace: a warm process may import it once for all."""
    rewritten: tuple[str, ...] = ()
    """The same, of what pytest's import hook rewrites."""
    imported: tuple[str, ...] = ()
    """Files of the workspace that the run imported."""
    base: dict[str, ScreenedTest] | None = None
    """A screen's outcome, error and line by test of the unchanged code; None when it could not collect them."""
    screened: dict[int, dict[str, ScreenedTest] | None] = field(default_factory=dict)
    """The same by candidate; None for one that may not be swapped in memory."""
    tentative: frozenset[int] = frozenset()
    """Candidates of a screen whose failure is no refusal: their function had run while modules were imported."""
    answers: list[dict[str, ScreenedTest]] = field(default_factory=list)
    """What candidates of a screen gave, each once; `screened` shares them."""
    candidate: int | None = None
    """The candidate that was running when the screen ended."""
    clean: bool = False
    """Whether the unchanged code still behaved the same at the screen's end."""
    observed: dict[int, dict[str, Any]] = field(default_factory=dict)
    """What slots saw and what could stand there, by number (see zygote/observing.py)."""
    compared: dict[str, list[Any]] = field(default_factory=dict)
    """What texts did, in parts: `compared`, `inputs`, `examples` and `left_out` (see zygote/comparing.py)."""
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
            case {"listed": tests}:
                self.listed = tuple(tests)
            case {"leak": paths}:
                self.leaks = tuple(paths)
            case {"base": base, "tentative": numbers}:
                self.base, self.tentative = base, frozenset(numbers)
            case {"base": base}:
                self.base = base
            case {"candidate": int(number)}:
                self.candidate = number
            case {"answers": answers, "screened": pairs}:
                self.answers += answers
                self.screened |= {number: None if key is None else self.answers[key] for number, key in pairs}
            case {"observed": [int(number), facts]}:
                self.observed[number] = facts
            case {"compared": part} | {"inputs": part} | {"examples": part} | {"left_out": part}:
                (name,) = report
                self.compared.setdefault(name, []).extend(part)
            case {"canary": bool(clean)}:
                self.clean = clean
            case {"modules": names, "rewritten": rewritten, "imported": imported}:
                self.modules, self.rewritten, self.imported = tuple(names), tuple(rewritten), tuple(imported)

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
        skips=int(found.get("skips", 0)),
    )


class Runner:
    """A test process in the user's interpreter. It owns every process of every run, and dies with us."""

    def __init__(
        self, python: str, env: Mapping[str, str], cwd: Path, sandbox: Mapping[str, Any], check: Callable[[], None]
    ) -> None:
        """Start it, in the sandbox that zygote/sandbox.py understands.

        `check` raises `Stopped` when the run must end. Raises EnvironmentBroken when it does not start.
        """
        program = resources.files("trm_lsp.zygote") / "main.py"
        self._python = python
        self._check = check
        self._next = 0
        self._data = bytearray()
        try:
            self._process = subprocess.Popen(
                [python, str(program), "serve", json.dumps(sandbox)],
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
        try:
            self.greeting = self._greeted()
        except BaseException:
            self.close()
            raise

    def _greeted(self) -> Greeting:
        try:
            answer = self._receive(seconds=START_SECONDS)
        except Silence as silence:
            raise EnvironmentBroken(
                f"The interpreter {self._python} does not answer: set trm.python to one that does."
            ) from silence
        try:
            found = Greeting.model_validate(answer)
        except ValidationError as error:
            raise self._not_ours() from error
        if found.protocol != PROTOCOL:
            raise EnvironmentBroken(f"The interpreter {self._python} runs another version of the test process.")
        return found

    def stage(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Prepare the last stage of the request's `via` (see zygote/stages.py); return what it says of itself.

        Raises Lost with the reason why it cannot be, Stopped, EnvironmentBroken.
        """
        *parents, name = request["via"]
        answer = self._asked({**request, "kind": "stage", "via": parents, "name": name})
        if "ready" not in answer:
            raise Lost(str(answer.get("unfit") or answer.get("lost") or "no reason was given"))
        facts: dict[str, Any] = answer["ready"]
        return facts

    def become(self, request: Mapping[str, Any]) -> None:
        """Let a stage that is loaded configure pytest. Raises Lost with the reason why it cannot; the stage is spoilt.

        Raises Stopped, EnvironmentBroken.
        """
        answer = self._unlost(self._asked({**request, "kind": "become"}))
        if "unfit" in answer:
            raise Lost(answer["unfit"])

    def load(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Let a stage that is loaded import more. Raises Lost, Stopped, EnvironmentBroken."""
        return self._unlost(self._asked({**request, "kind": "load"}))

    def run(self, request: Mapping[str, Any]) -> RunReport:
        """Do one run (see zygote/runs.py for the request). Raises Lost, Refused, Stopped, EnvironmentBroken."""
        report = RunReport()
        done = self._unlost(self._asked(request, report))["done"]
        report.exit, report.signal, report.ended = done["exit"], done["signal"], done["ended"]
        report.output, report.cpu, report.seconds = done["output"], done["cpu"], done["seconds"]
        report.close()
        return report

    def _unlost(self, answer: dict[str, Any]) -> dict[str, Any]:
        if "lost" in answer:
            raise Lost(answer["lost"])
        if "refused" in answer:
            raise Refused(answer["refused"])
        return answer

    def _asked(self, request: Mapping[str, Any], report: RunReport | None = None) -> dict[str, Any]:
        """Send a request and wait for its answer, taking in reports; a stop is passed on first.

        What works for us ends a run that takes too long. If it does not answer
        itself, it is given up, from the innermost stage outwards.
        """
        id = self._send(request)
        stages = [*request["via"], *([request["name"]] if request["kind"] == "stage" else [])]
        seconds = request["timeout"] + (0 if request["kind"] == "stage" else GRACE)
        stopped: Stopped | None = None
        while True:
            try:
                waiting = seconds if stages or stopped else None
                answer = self._receive(self._check if stopped is None else _never, waiting)
            except Stopped as stop:
                stopped, seconds = stop, KILL_GRACE
                self._send({"kind": "kill", "via": request["via"]}, id)
                continue
            except Silence:
                if not stages:
                    raise stopped or self._died() from None
                *parents, name = stages
                stages, seconds = parents, KILL_GRACE
                self._send({"kind": "lose", "via": parents, "name": name}, id)
                continue
            if answer["id"] != id:
                continue  # of a request that was given up
            if "report" not in answer:
                break
            if report is not None:
                report.add(answer["report"])
        if stopped:
            raise stopped
        return answer

    def _send(self, message: Mapping[str, Any], id: int | None = None) -> int:
        if id is None:
            self._next += 1
            id = self._next
        route = " ".join([str(id), *message["via"]])
        data = f"{route}\n{json.dumps(message)}".encode()
        try:
            self._requests.write(_LENGTH.pack(len(data)) + data)
            self._requests.flush()
        except OSError as error:
            raise self._died() from error
        return id

    def _receive(self, check: Callable[[], None] | None = None, seconds: float | None = None) -> dict[str, Any]:
        """The next whole message; looks for a cancel while it waits. Raises Silence, EnvironmentBroken."""
        found = self._taken()
        if found is not None:
            return found
        deadline = None if seconds is None else time.monotonic() + seconds
        fd = self._answers.fileno()
        with selectors.DefaultSelector() as selector:
            selector.register(fd, selectors.EVENT_READ)
            while found is None:
                (check or self._check)()
                if deadline is not None and time.monotonic() > deadline:
                    raise Silence
                if selector.select(POLL_SECONDS):
                    data = os.read(fd, 1 << 16)
                    if not data:
                        raise self._died()
                    self._data += data
                    found = self._taken()
        return found

    def _taken(self) -> dict[str, Any] | None:
        """A whole message of what was read; None while there is none. Raises EnvironmentBroken."""
        if len(self._data) < _LENGTH.size:
            return None
        (length,) = _LENGTH.unpack_from(self._data)
        if length > MESSAGE_BYTES:
            raise self._not_ours()
        end = _LENGTH.size + length
        if len(self._data) < end:
            return None
        text = bytes(self._data[_LENGTH.size : end])
        del self._data[:end]
        return self._message(text)

    def _message(self, text: bytes) -> dict[str, Any]:
        """A message; one that was torn, because its writer was killed, ends the test process."""
        try:
            found = json.loads(text)
        except ValueError as error:
            raise self._died() from error
        return found if isinstance(found, dict) else {"id": None}

    def _not_ours(self) -> EnvironmentBroken:
        return EnvironmentBroken(f"The interpreter {self._python} gave an answer that is not ours.")

    def _died(self) -> TestProcessDied:
        self._process.kill()
        errors = _pipe(self._process.stderr).read().decode("utf-8", "replace").strip()
        status = self._process.wait()
        last = errors.rpartition("\n")[2] or f"exit status {status}"
        return TestProcessDied(f"The test process of {self._python} ended by itself: {last}.")

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
