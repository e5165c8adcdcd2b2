"""The serving loop: one run at a time, watched for its end, its deadlines, a kill, or the engine's death."""

import importlib
import json
import os
import selectors
import signal
import sys
import threading
import time
import traceback

from _trm_zygote import PROTOCOL, frames, pytest_run
from _trm_zygote.processes import adopt_orphans, die_with_parent, kill_everything

OUTPUT_KEPT = 64 * 1024
"""Bytes of a run's output that are kept: its end."""


class Run:
    """One test run: a child process with an output pipe and a report pipe.

    A request has `kind` (`fresh`: pytest in a new process; `fork`: pytest in a
    fork of this one; `warm`: a fork of the configured pytest; `command`: any
    other program), `cwd`, `timeout` and `idle` in seconds, and either `argv`
    (command) or `pytest` (see pytest_run.run).
    """

    def __init__(self, request, warm, ours):
        self.request = request
        self.output = bytearray()
        self.ended = None  # "hard", "idle" or "killed" when we ended it
        self._reports = frames.Reader()
        report_read, report_write = os.pipe()
        output_read, output_write = os.pipe()
        sys.stdout.flush()
        self.pid = os.fork()
        if self.pid == 0:
            _child(request, warm, report_write, output_write, [*ours, report_read, output_read])
        os.close(report_write)
        os.close(output_write)
        self.report_fd, self.output_fd = report_read, output_read
        for fd in (report_read, output_read):
            os.set_blocking(fd, False)
        self.started = self.last_sign = time.monotonic()

    def read_report(self):
        """New reports of the run, or None at the end of the pipe."""
        data = _read(self.report_fd)
        if data:
            self.last_sign = time.monotonic()
        return self._reports.feed(data) if data is not None else None

    def read_output(self):
        """Take in output; return whether there was any."""
        data = _read(self.output_fd)
        if data and self.request["kind"] == "command":
            self.last_sign = time.monotonic()
        self.output += data or b""
        del self.output[:-OUTPUT_KEPT]
        return bool(data)

    def time_left(self):
        """Seconds until the nearer deadline, and which one it is."""
        now = time.monotonic()
        return min(
            (self.started + self.request["timeout"] - now, "hard"),
            (self.last_sign + self.request["idle"] - now, "idle"),
        )


def _read(fd):
    """Bytes that are there; b"" when there are none now; None at the end."""
    try:
        return os.read(fd, 1 << 16) or None
    except BlockingIOError:
        return b""


def _child(request, warm, report_fd, output_fd, ours):
    """Become the test process: never returns."""
    status = 127
    try:
        die_with_parent()
        os.setsid()
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0)
        os.dup2(output_fd, 1)
        os.dup2(output_fd, 2)
        os.set_inheritable(report_fd, True)
        for fd in ours:
            os.close(fd)  # a test must not reach the protocol
        os.chdir(request["cwd"])
        os.environ.update(request.get("env", {}))
        if request["kind"] == "command":
            os.close(report_fd)
            os.execvp(request["argv"][0], request["argv"])
        if "cache" in request:
            # Bytecode of what forks import again and again, in a private folder. The judge gives
            # every candidate's file a time of its own, so that none can be mistaken for another.
            sys.pycache_prefix, sys.dont_write_bytecode = request["cache"], False
        if request["kind"] == "warm":
            status = warm.run(request["pytest"], report_fd)
        else:
            run = dict(request["pytest"], report_fd=report_fd)
            if request["kind"] == "fresh":
                main = os.path.join(os.path.dirname(os.path.abspath(__file__)), "main.py")
                os.execv(sys.executable, [sys.executable, main, "run", json.dumps(run)])
            status = pytest_run.run(run)
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:
        # Whatever it is, the engine reads it as the run's output: this process has nobody else to tell.
        os.write(2, traceback.format_exc().encode("utf-8", "replace"))
    finally:
        os._exit(status)


class Server:
    def __init__(self, control, answers):
        self.control, self.answers = control, answers
        self.requests = frames.Reader()
        self.queue = []
        self.run = None
        self.warm = None
        self.selector = selectors.DefaultSelector()
        wake_read, wake_write = os.pipe()
        for fd in (control, wake_read, wake_write):
            os.set_blocking(fd, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        self.wake = wake_read
        self.ours = [control, answers, wake_read, wake_write, self.selector.fileno()]
        self.selector.register(control, selectors.EVENT_READ)
        self.selector.register(wake_read, selectors.EVENT_READ)

    def say(self, **message):
        frames.write(self.answers, message)

    def loop(self):
        """Serve until the engine closes the pipe or dies; then nothing that was started is left."""
        try:
            while True:
                if self.run is None and self.queue:
                    self.begin(self.queue.pop(0))
                left, which = self.run.time_left() if self.run else (None, None)
                if left is not None and left <= 0:
                    self.stop(which)
                    continue
                ready = {key.fd for key, _ in self.selector.select(left)}
                if self.control in ready and not self.take_requests():
                    return 0
                if self.run:
                    self.watch(ready)
        except OSError:
            return 1  # the engine is gone: nobody is left to answer
        finally:
            kill_everything(self.run.pid if self.run else None)

    def take_requests(self):
        """Read requests; return False at the end of the pipe."""
        data = _read(self.control)
        if data is None:
            return False
        for request in self.requests.feed(data):
            if request["kind"] == "kill":
                self.queue = [r for r in self.queue if r["id"] != request["id"]]
                if self.run and self.run.request["id"] == request["id"]:
                    self.stop("killed")
            elif request["kind"] == "load":
                self.say(id=request["id"], **_load(request["modules"]))
            elif request["kind"] == "warm up":
                self.say(id=request["id"], **self.warm_up(request))
            else:
                self.queue.append(request)
        return True

    def warm_up(self, request):
        """Configure pytest for runs of kind `warm`; say why that cannot be, if so."""
        os.chdir(request["cwd"])
        try:
            self.warm = pytest_run.Warm(request["pytest"])
        except BaseException as error:  # private parts of pytest and the user's conftest: anything may come
            return {"unfit": str(error) or type(error).__name__, "threads": _threads()}
        return {"unfit": "", "threads": _threads()}

    def begin(self, request):
        self.run = Run(request, self.warm, self.ours)
        self.selector.register(self.run.report_fd, selectors.EVENT_READ)
        self.selector.register(self.run.output_fd, selectors.EVENT_READ)

    def watch(self, ready):
        run = self.run
        if run.report_fd in ready:
            self.forward_reports()
        if run.output_fd in ready and not run.read_output():
            self.forget(run.output_fd)
        if self.wake in ready:
            _read(self.wake)
            pid, status, usage = os.wait4(run.pid, os.WNOHANG)
            if pid:
                self.finish(status, usage)

    def forward_reports(self):
        """Pass on what the run reports; return whether there may be more."""
        reports = self.run.read_report()
        if reports is None:
            self.forget(self.run.report_fd)
            return False
        for report in reports:
            self.say(id=self.run.request["id"], report=report)
        return True

    def forget(self, fd):
        if fd in self.selector.get_map():
            self.selector.unregister(fd)

    def stop(self, which):
        """End the run now."""
        self.run.ended = which
        try:
            os.killpg(self.run.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass  # it has not reached setsid yet, or is gone
        os.kill(self.run.pid, signal.SIGKILL)
        _, status, usage = os.wait4(self.run.pid, 0)
        self.finish(status, usage)

    def finish(self, status, usage):
        run = self.run
        # A grandchild may hold the pipes: read what is there, never wait for their end.
        while run.read_output():
            pass
        while select_now(run.report_fd) and self.forward_reports():
            pass
        for fd in (run.report_fd, run.output_fd):
            self.forget(fd)
            os.close(fd)
        self.run = None
        kill_everything(run.pid)
        self.say(
            id=run.request["id"],
            done={
                "exit": os.WEXITSTATUS(status) if os.WIFEXITED(status) else None,
                "signal": os.WTERMSIG(status) if os.WIFSIGNALED(status) else None,
                "ended": run.ended,
                "output": bytes(run.output).decode("utf-8", "replace"),
                "cpu": usage.ru_utime + usage.ru_stime,
                "seconds": time.monotonic() - run.started,
            },
        )


def select_now(fd):
    """Whether `fd` can be read without waiting."""
    with selectors.DefaultSelector() as selector:
        selector.register(fd, selectors.EVENT_READ)
        return bool(selector.select(0))


def _load(modules):
    """Import pytest and `modules` here, so that forks need not; say what this interpreter is."""
    answer = {"python": list(sys.version_info[:3]), "protocol": PROTOCOL, "fork": hasattr(os, "fork"), "pytest": None}
    try:
        import pytest

        answer["pytest"] = pytest.__version__
    except ImportError as error:
        answer["missing"] = str(error)
    for name in modules:
        if name not in sys.modules and not name.startswith("_trm_zygote"):
            try:
                importlib.import_module(name)
            except BaseException as error:  # whatever user code raises at import, a fork will meet it again
                answer["missing"] = "%s: %s" % (name, error)
    answer["threads"] = _threads()
    return answer


def _threads():
    """How many threads this process has: forking is safe with one alone."""
    try:
        return len(os.listdir("/proc/self/task"))
    except OSError:
        return threading.active_count()


def serve():
    """Take over stdin and stdout for the protocol; a stray print must not reach it."""
    control, answers = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    os.close(null)
    adopt_orphans()
    return Server(control, answers).loop()
