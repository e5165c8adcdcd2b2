"""A test process for systems that cannot fork (Windows): every run gets a process of its own, started ahead.

The same port as `Runner`, without stages, namespaces or Landlock. On systems
that fork it is used by nobody but its tests.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from importlib import resources
from pathlib import Path
from typing import IO, Any

from trm_lsp.judging.environment import EnvironmentBroken
from trm_lsp.judging.runner import (
    OUTPUT_KEPT,
    POLL_SECONDS,
    START_SECONDS,
    Greeting,
    Lost,
    RunReport,
    SandboxReport,
    Silence,
)
from trm_lsp.zygote import PROTOCOL

_LENGTH = struct.Struct(">I")


class Spare:
    """A process that waits for its run; what it reports arrives in `reports`, None at the end."""

    def __init__(self, argv: Sequence[str], env: Mapping[str, str], cwd: Path, *, reports: bool = True) -> None:
        """Start it; it `reports` on its standard output, which is output like any other else. Raises OSError."""
        self.output: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the process
        self.reports: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self.process = subprocess.Popen(
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE if reports else self.output,
            stderr=self.output,
            env=dict(env),
            cwd=cwd,
            start_new_session=True,
        )
        threading.Thread(target=self._read if reports else self._await, daemon=True).start()

    def _await(self) -> None:
        self.process.wait()
        self.reports.put(None)

    def _read(self) -> None:
        assert self.process.stdout is not None
        with suppress(OSError, ValueError, struct.error):
            while head := self.process.stdout.read(_LENGTH.size):
                self.reports.put(json.loads(self.process.stdout.read(_LENGTH.unpack(head)[0])))
        self.reports.put(None)

    def send(self, message: Mapping[str, Any]) -> None:
        assert self.process.stdin is not None
        data = json.dumps(message).encode()
        with suppress(OSError):  # it has ended: the reports say so
            self.process.stdin.write(_LENGTH.pack(len(data)) + data)
            self.process.stdin.close()

    def said(self) -> str:
        """The end of what it printed."""
        size = self.output.seek(0, os.SEEK_END)
        self.output.seek(max(0, size - OUTPUT_KEPT))
        return self.output.read().decode("utf-8", "replace")

    def kill(self) -> None:
        """End it with what it has started, as far as the system lets us find it. Safe to call twice."""
        if sys.platform == "win32":
            subprocess.run(["taskkill", "/F", "/T", "/PID", str(self.process.pid)], capture_output=True, check=False)
        else:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
        self.output.close()


class SpareRunner:
    """Runs tests in processes started ahead: while one works, the next one imports pytest."""

    def __init__(self, python: str, env: Mapping[str, str], cwd: Path, runner: str, check: Callable[[], None]) -> None:
        """Start the first one. Raises EnvironmentBroken when the interpreter does not start."""
        program = resources.files("trm_lsp.zygote") / "main.py"
        self._python, self._env, self._cwd, self._check = python, env, cwd, check
        self._argv = (python, str(program), "spare", runner or "unittest")
        self._spare = self._start(self._argv)
        self._hello = self._said_hello(self._spare)
        self.greeting = Greeting(
            protocol=PROTOCOL,
            python=self._hello["python"],
            fork=False,
            sandbox=SandboxReport(level="none", overlay=False, missing=(f"{sys.platform} has no sandbox of ours",)),
        )

    def _start(self, argv: Sequence[str]) -> Spare:
        try:
            return Spare(argv, self._env, self._cwd)
        except OSError as error:
            raise EnvironmentBroken(
                f"The interpreter {self._python} does not start ({error.strerror}): set trm.python to one that does."
            ) from error

    def _said_hello(self, spare: Spare) -> dict[str, Any]:
        with suppress(Silence):
            hello = self._next(spare, time.monotonic() + START_SECONDS)
            if hello is not None and "version" in hello:
                return hello
        spare.kill()
        raise EnvironmentBroken(f"The interpreter {self._python} does not answer: set trm.python to one that does.")

    def _next(self, spare: Spare, deadline: float) -> dict[str, Any] | None:
        """The next report, None at the end. Raises Silence when the time is over, Stopped."""
        while True:
            self._check()
            with suppress(queue.Empty):
                return spare.reports.get(timeout=max(0.0, min(POLL_SECONDS, deadline - time.monotonic())))
            if time.monotonic() > deadline:
                raise Silence

    def stage(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Only whether the runner is installed can be said; there are no stages. Raises Lost."""
        if request["via"] != ["warm"]:
            raise Lost("this system cannot fork")
        return {"version": self._hello["version"], "threads": 1}

    def become(self, request: Mapping[str, Any]) -> None:  # noqa: ARG002 - as Runner.become
        """There is no stage that could. Raises Lost."""
        raise Lost("this system cannot fork")

    def load(self, request: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG002 - as Runner.load
        """There is no stage that could. Raises Lost."""
        raise Lost("this system cannot fork")

    def run(self, request: Mapping[str, Any]) -> RunReport:
        """Do one run, in the spare process, or a command in one of its own. Raises Lost, Stopped, EnvironmentBroken."""
        if request["via"]:
            raise Lost("this system cannot fork")
        command = request["kind"] == "command"
        spare = self._command(request) if command else self._taken(request)
        report, began = RunReport(), time.monotonic()
        try:
            self._watch(spare, request, report)
            if report.ended is None:
                with suppress(subprocess.TimeoutExpired):
                    report.exit = spare.process.wait(request["idle"])
            report.output = spare.said()
        finally:
            spare.kill()
        report.seconds = time.monotonic() - began
        report.close()
        return report

    def _command(self, request: Mapping[str, Any]) -> Spare:
        env = {**self._env, **request.get("env", {})}
        return Spare(request["argv"], env, Path(request["cwd"]), reports=False)

    def _taken(self, request: Mapping[str, Any]) -> Spare:
        """The spare process, set to work; the next one is started."""
        spare = self._spare
        spare.send({key: request[key] for key in ("cwd", "env", "tests") if key in request})
        self._spare = self._start(self._argv)
        return spare

    def _watch(self, spare: Spare, request: Mapping[str, Any], report: RunReport) -> None:
        end, idle = time.monotonic() + request["timeout"], time.monotonic() + request["idle"]
        while True:
            try:
                said = self._next(spare, min(end, idle))
            except Silence:
                report.ended = "hard" if time.monotonic() > end else "idle"
                return
            if said is None:
                return
            idle = time.monotonic() + request["idle"]
            report.add(said)

    def close(self) -> None:
        """End the spare process. Safe to call twice."""
        self._spare.kill()
