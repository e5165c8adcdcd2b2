"""The serving loop: one run at a time, watched for its end, its deadlines, a kill, or the engine's death.

Servers nest. A *stage* is a fork that prepares something (imports, a
configured pytest, collected tests) and then serves in its turn: its runs start
from what is prepared. Requests name the stages they go through in `via`.
"""

import os
import selectors
import signal
import sys
import time

from _trm_zygote import PROTOCOL, frames, stages
from _trm_zygote.processes import adopt_orphans, kill_everything
from _trm_zygote.runs import Run, read_now
from _trm_zygote.sandbox import Sandbox

GRACE, KILL_GRACE = 2.0, 0.1
"""Seconds that a stage has to answer, beyond its own deadline, and after it was told to stop."""


class Server:
    def __init__(self, control, answers, sandbox, prepared=None):
        self.control, self.answers = control, answers
        self.sandbox, self.prepared = sandbox, prepared
        self.requests = frames.Reader()
        self.queue = []
        self.run = None
        self.stages = {}
        self.asked = None  # the stage that works for us, and until when it may
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
        sandbox.remember()

    def say(self, **message):
        frames.write(self.answers, message)

    def loop(self):
        """Serve until the engine closes the pipe or dies; then nothing that was started is left."""
        try:
            while True:
                if self.run is None and self.queue:
                    self.begin(self.queue.pop(0))
                left = self.time_left()
                if left is not None and left <= 0:
                    self.overdue()
                    continue
                ready = {key.fd for key, _ in self.selector.select(left)}
                if self.control in ready and not self.take_requests():
                    return 0
                for stage in list(self.stages.values()):
                    if stage.answers in ready:
                        self.relay(stage)
                if self.run:
                    self.watch(ready)
                elif self.wake in ready:
                    read_now(self.wake)
        except OSError:
            return 1  # the engine is gone: nobody is left to answer
        finally:
            kill_everything(self.run.pid if self.run else None)

    def time_left(self):
        if self.run:
            return self.run.time_left()[0]
        return self.asked[1] - time.monotonic() if self.asked else None

    def overdue(self):
        if self.run:
            self.stop(self.run.time_left()[1])
        else:
            self.lose(self.asked[0], "it does not answer")

    # --- requests -----------------------------------------------------------------------------

    def take_requests(self):
        """Read requests; return False at the end of the pipe."""
        data = read_now(self.control)
        if data is None:
            return False
        for request in self.requests.feed(data):
            if request["kind"] == "kill":
                self.kill(request)
            elif request["via"]:
                self.forward(request)
            elif request["kind"] == "load":
                self.say(id=request["id"], **self.prepared.load(request["modules"]))
            elif request["kind"] == "stage":
                self.add_stage(request)
            else:
                self.queue.append(request)
        return True

    def kill(self, request):
        self.queue = [r for r in self.queue if r["id"] != request["id"]]
        if self.run and self.run.request["id"] == request["id"]:
            self.stop("killed")
        elif self.asked:
            stage = self.asked[0]
            if stage.ready:
                frames.write(stage.control, request)
                self.asked = stage, min(self.asked[1], time.monotonic() + KILL_GRACE)
            else:
                self.lose(stage, "killed")

    def forward(self, request):
        """Pass a request on to the stage it names."""
        stage = self.stages.get(request["via"][0])
        if stage is None:
            self.say(id=request["id"], lost="there is no such stage")
            return
        stage.request = request["id"]
        try:
            frames.write(stage.control, dict(request, via=request["via"][1:]))
        except OSError:
            self.lose(stage, "it has ended")
            return
        self.asked = stage, time.monotonic() + request["timeout"] + GRACE * (1 + len(request["via"]))

    def relay(self, stage):
        """Pass on what a stage answers."""
        data = read_now(stage.answers)
        if data is None:
            self.lose(stage, "it has ended by itself")
            return
        messages = stage.reader.feed_raw(data)
        frames.write_raw(self.answers, *messages)
        if messages and not messages[-1].startswith(b'{"id":%d,"report":' % stage.request):
            stage.ready = True
            self.asked = None

    # --- stages -------------------------------------------------------------------------------

    def add_stage(self, request):
        """Fork a stage; it answers for itself when it is ready."""
        self.drop(self.stages.get(request["name"]))
        stage = stages.start(request, self.prepared, self.sandbox, [*self.ours, *self.stage_fds()], serve_stage)
        self.stages[request["name"]] = stage
        self.selector.register(stage.answers, selectors.EVENT_READ)
        self.asked = stage, time.monotonic() + request["timeout"]

    def stage_fds(self):
        return [fd for stage in self.stages.values() for fd in (stage.control, stage.answers)]

    def lose(self, stage, why):
        """A stage is of no use any more: whoever waits for it is told."""
        waiting = self.asked is not None and self.asked[0] is stage
        self.drop(stage)
        if waiting:
            self.say(id=stage.request, lost=why)

    def drop(self, stage):
        """End a stage, with everything it has started."""
        if stage is None:
            return
        del self.stages[stage.name]
        if self.asked is not None and self.asked[0] is stage:
            self.asked = None
        self.selector.unregister(stage.answers)
        for fd in (stage.control, stage.answers):
            os.close(fd)
        kill_everything(stage.pid, self.spared())
        self.sandbox.tidy()

    def spared(self):
        return {stage.pid for stage in self.stages.values()}

    # --- runs ---------------------------------------------------------------------------------

    def begin(self, request):
        if request["kind"] == "here" and "swap" in request["tests"]:
            # What cannot be swapped in memory needs no process to find out.
            why = self.prepared.refuses(request["tests"])
            if why:
                self.say(id=request["id"], refused=why)
                return
        self.run = Run(request, self.prepared, self.sandbox, [*self.ours, *self.stage_fds()])
        self.selector.register(self.run.report_fd, selectors.EVENT_READ)
        self.selector.register(self.run.output_fd, selectors.EVENT_READ)

    def watch(self, ready):
        run = self.run
        if run.report_fd in ready:
            self.forward_reports()
        if run.output_fd in ready and not run.read_output():
            self.forget(run.output_fd)
        if self.wake in ready:
            read_now(self.wake)
            pid, status, usage = os.wait4(run.pid, os.WNOHANG)
            if pid:
                self.finish(status, usage)

    def forward_reports(self):
        """Pass on what the run reports; return whether there may be more."""
        reports = self.run.read_report()
        if reports is None:
            self.forget(self.run.report_fd)
            return False
        head = b'{"id":%d,"report":' % self.run.request["id"]
        frames.write_raw(self.answers, *(head + report + b"}" for report in reports))
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
        kill_everything(run.pid, self.spared())
        self.sandbox.tidy()
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


def serve_stage(control, answers, sandbox, prepared):
    """Serve from a stage that is ready; never returns."""
    status = 1
    try:
        adopt_orphans()
        status = Server(control, answers, sandbox, prepared).loop()
    finally:
        os._exit(status)


def serve(spec):
    """Take over stdin and stdout for the protocol, enter the sandbox, and serve."""
    control, answers = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    os.close(null)
    sandbox = Sandbox(spec)
    sandbox.enter()
    adopt_orphans()
    server = Server(control, answers, sandbox)
    server.say(
        protocol=PROTOCOL,
        python=list(sys.version_info[:3]),
        fork=hasattr(os, "fork"),
        sandbox=sandbox.report(),
    )
    return server.loop()
