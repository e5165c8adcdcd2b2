"""One run: a child process with an output pipe and a report pipe, watched for its end and its deadlines."""

import base64
import json
import os
import signal
import sys
import threading
import time
import traceback

from _trm_zygote import frames
from _trm_zygote.processes import die_with_parent, has_children
from _trm_zygote.sandbox import limit_cpu

OUTPUT_KEPT = 64 * 1024
"""Bytes of a run's output that are kept: its end."""
LOOKS = 8
"""How often signs of life are looked for in the time after which there should have been one."""


class Run:
    """A test run, started.

    A request has `kind` (`here`: in a fork of this process, by what is
    prepared in it; `fresh`: in a new process; `command`: any other program),
    `cwd`, `files` (what the candidate changes: base64 by path) with the
    `moment` of their change, `timeout` and `idle` in seconds, and either
    `argv` (command) or `tests` (see pytest_run.run).
    """

    def __init__(self, request, prepared, sandbox, ours):
        self.request = request
        self.output = bytearray()
        self.ended = None  # "hard", "idle" or "killed" when we ended it
        self.spent = 0.0  # CPU seconds, on requests before this one
        self._reports = frames.Reader()
        self._board, self._stand = frames.Board(), 0
        report_read, report_write = os.pipe()
        output_read, output_write = os.pipe()
        more_read, self._more = os.pipe()
        sys.stdout.flush()
        self.pid = os.fork()
        if self.pid == 0:
            ours = [*ours, report_read, output_read, self._more]
            _child(request, prepared, sandbox, self._board, report_write, output_write, more_read, ours)
        for fd in (report_write, output_write, more_read):
            os.close(fd)
        self.report_fd, self.output_fd = report_read, output_read
        for fd in (report_read, output_read):
            os.set_blocking(fd, False)
        self.started = self.last_sign = self._looked = time.monotonic()

    @property
    def fds(self):
        """Our ends of its pipes."""
        return self.report_fd, self.output_fd, self._more

    def takes(self, request):
        """Whether a run that is kept can do this one too: the same tests on the same code."""
        return _about(request) == _about(self.request)

    def again(self, request):
        """Give a run that is kept more to do. Raises OSError when it has ended."""
        self.request, self.ended = request, None
        del self.output[:]
        self.started = self.last_sign = self._looked = time.monotonic()
        frames.write(self._more, [request["tests"][name] for name in _OF_A_BATCH])

    def read_report(self):
        """New reports of the run, or None at the end of the pipe."""
        data = read_now(self.report_fd)
        if data:
            self.last_sign = time.monotonic()
        return self._reports.feed_raw(data) if data is not None else None

    def read_board(self):
        """Reports that the run, which has ended, left in memory."""
        return self._reports.feed_raw(self._board.take())

    def gives_signs(self):
        """Whether the run has reported in memory since this was asked last; then it is not idle."""
        self._looked = time.monotonic()
        stand, self._stand = self._stand, self._board.stand()
        if stand == self._stand:
            return False
        self.last_sign = self._looked
        return True

    def close(self):
        self._board.close()
        for fd in self.fds:
            os.close(fd)

    def read_output(self):
        """Take in output; return whether there was any."""
        data = read_now(self.output_fd)
        if data and self.request["kind"] == "command":
            self.last_sign = time.monotonic()
        self.output += data or b""
        del self.output[: -self.request.get("output", OUTPUT_KEPT)]
        return bool(data)

    def time_left(self):
        """Seconds until the nearest moment, and which one it is: a deadline, or one to `look` for signs of life."""
        now = time.monotonic()
        return min(
            (self.started + self.request["timeout"] - now, "hard"),
            (self.last_sign + self.request["idle"] - now, "idle"),
            (self._looked + self.request["idle"] / LOOKS - now, "look"),
        )


_OF_A_BATCH = ("screen", "tests", "patience", "waiting")


def _about(request):
    """What a screen is of, but for its candidates."""
    return request["files"], {name: value for name, value in request["tests"].items() if name not in _OF_A_BATCH}


class More:
    """In a run that screens: where more candidates come from, when those that it had left nothing behind."""

    BATCHES = 16
    """After so many another process goes on, whatever is seen of what they leave behind."""

    def __init__(self, more_fd, report_fd, cpu):
        self._more_fd, self._report_fd, self._cpu = more_fd, report_fd, cpu
        self._batches, self._pid = 0, os.getpid()

    def __call__(self):
        """Say that this process can go on, and wait; None when it cannot, or is not asked to."""
        self._batches += 1
        spent = time.process_time()
        alone = os.getpid() == self._pid and threads() == 1 and not has_children()
        if not alone or self._batches == self.BATCHES or spent > self._cpu:
            return None
        frames.write(self._report_fd, {"kept": spent})
        reader, messages = frames.Reader(), []
        while not messages:
            data = os.read(self._more_fd, 1 << 16)
            if not data:
                return None
            messages = reader.feed(data)
        return messages[0]


def threads():
    """How many threads this process has: forking is safe with one alone."""
    try:
        return len(os.listdir("/proc/self/task"))
    except OSError:
        return threading.active_count()


def read_now(fd):
    """Bytes that are there; b"" when there are none now; None at the end."""
    try:
        return os.read(fd, 1 << 16) or None
    except BlockingIOError:
        return b""


def become_child(ours):
    """What every forked process does first: a session of its own, no input, none of our pipes."""
    die_with_parent()
    os.setsid()
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    for fd in ours:
        os.close(fd)  # a test must not reach the protocol


def enter_place(request, sandbox):
    """Go where the run takes place: its own view of the workspace."""
    files = {path: base64.b64decode(data) for path, data in request["files"].items()}
    sandbox.isolate(files, request["moment"])
    os.chdir(request["cwd"])
    os.environ.update(request.get("env", {}))
    if "cache" in request:
        # Bytecode of what forks import again and again, in a private folder. Every candidate's file
        # has a time of its own, so that none can be mistaken for another.
        sys.pycache_prefix, sys.dont_write_bytecode = request["cache"], not request["caching"]


def _child(request, prepared, sandbox, board, report_fd, output_fd, more_fd, ours):
    """Become the test process: never returns."""
    status = 127
    try:
        become_child(ours)
        os.dup2(output_fd, 1)
        os.dup2(output_fd, 2)
        os.set_inheritable(report_fd, True)
        enter_place(request, sandbox)
        limit_cpu(request["timeout"])
        if request["kind"] == "command":
            os.close(report_fd)
            os.execvp(request["argv"][0], request["argv"])
        tests = dict(request["tests"], report_fd=report_fd)
        if request["kind"] == "here":
            tests["board"], tests["more"] = board, More(more_fd, report_fd, request["timeout"])
        if request["kind"] == "fresh":
            file = os.path.join(sandbox.folders.run, "request")
            with open(file, "w", encoding="utf-8") as out:
                json.dump(tests, out)
            main = os.path.join(os.path.dirname(os.path.abspath(__file__)), "main.py")
            os.execv(sys.executable, [sys.executable, main, "run", file])
        status = prepared.run(tests)
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:
        # Whatever it is, the engine reads it as the run's output: this process has nobody else to tell.
        os.write(2, traceback.format_exc().encode("utf-8", "replace"))
    finally:
        os._exit(status)
