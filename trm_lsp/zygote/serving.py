"""The serving loop: one run at a time, watched for its end, its deadlines, a kill, or the engine's death.

Servers nest. A *stage* is a fork that prepares something (imports, a
configured pytest, collected tests) and then serves in its turn: its runs start
from what is prepared. Before a request stands its route, a line with its number
and the stages it goes through; whoever serves one answers the engine itself.
The engine asks one thing at a time, so answers never mix.
"""

import json
import os
import selectors
import signal
import sys
import time

from _trm_zygote import PROTOCOL, frames, stages
from _trm_zygote.processes import adopt_orphans, kill_everything
from _trm_zygote.runs import Run, read_now
from _trm_zygote.sandbox import Sandbox

KEPT = b'{"kept":'
"""What the report begins with by which a run says that it can go on."""


class Server:
    def __init__(self, control, answers, sandbox, prepared=None):
        self.control, self.answers = control, answers
        self.sandbox, self.prepared = sandbox, prepared
        self.requests = frames.Reader()
        self.queue = []
        self.run = self.kept = None
        self.stages = {}
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
                    signs = self.run.gives_signs()
                    if which == "hard" or (which == "idle" and not signs):
                        self.stop(which)
                    continue
                ready = {key.fd for key, _ in self.selector.select(left)}
                if self.control in ready and not self.take_requests():
                    return 0
                if self.run:
                    self.watch(ready)
                if self.wake in ready:
                    read_now(self.wake)
                    self.reap()
        except OSError:
            return 1  # the engine is gone: nobody is left to answer
        finally:
            kill_everything(self.run.pid if self.run else None)

    # --- requests -----------------------------------------------------------------------------

    def take_requests(self):
        """Read requests; return False at the end of the pipe."""
        data = read_now(self.control)
        if data is None:
            return False
        for message in self.requests.feed_raw(data):
            # A route before the JSON: what is passed on need not be read.
            route, _, text = message.partition(b"\n")
            id, *via = route.decode("ascii").split(" ")
            if via:
                self.forward(int(id), via, text)
                continue
            request = dict(json.loads(text.decode("utf-8")), id=int(id))
            if request["kind"] == "kill":
                self.kill(request["id"])
            elif request["kind"] == "load":
                self.say(id=request["id"], **self.prepared.load(request["modules"]))
            elif request["kind"] == "become":
                self.say(id=request["id"], **self.become(request))
            elif request["kind"] == "stage":
                self.add_stage(request)
            elif request["kind"] == "lose":
                self.lose(self.stages.get(request["name"]), "it does not answer")
            else:
                self.queue.append(request)
        return True

    def become(self, request):
        """Configure pytest in this process: its runs, and stages, start from there."""
        try:
            self.prepared = stages.configured(request)
            return {"ready": {}}
        except BaseException as error:  # private parts of pytest and the user's conftest: anything may come
            return {"unfit": str(error) or type(error).__name__}

    def kill(self, id):
        self.queue = [request for request in self.queue if request["id"] != id]
        if self.run and self.run.request["id"] == id:
            self.stop("killed")

    def forward(self, id, via, text):
        """Pass a request on to the stage that comes next on its way."""
        stage = self.stages.get(via[0])
        if stage is None:
            self.say(id=id, lost="there is no such stage")
            return
        stage.request = id
        try:
            frames.write_raw(stage.control, " ".join([str(id), *via[1:]]).encode("ascii") + b"\n" + text)
        except OSError:
            self.lose(stage, "it has ended")

    # --- stages -------------------------------------------------------------------------------

    def add_stage(self, request):
        """Fork a stage; it answers for itself when it is ready."""
        self.drop(self.stages.get(request["name"]))
        controls = [stage.control for stage in self.stages.values()]
        stage = stages.start(request, self.prepared, self.sandbox, self.answers, [*self.ours, *controls], serve_stage)
        self.stages[stage.name] = stage

    def reap(self):
        """Take leave of processes that have ended: the run, a stage by itself, or orphans that came to us."""
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            if self.run and pid == self.run.pid:
                self.finish(status, usage)
            elif self.kept and pid == self.kept.pid:
                self.kept.close()
                self.kept = None
            for stage in [stage for stage in self.stages.values() if stage.pid == pid]:
                self.lose(stage, "it has ended by itself")

    def lose(self, stage, why):
        """A stage is of no use any more: whoever waits for it is told."""
        if stage is not None:
            self.drop(stage)
            self.say(id=stage.request, lost=why)

    def drop(self, stage):
        """End a stage, with everything it has started."""
        if stage is None:
            return
        del self.stages[stage.name]
        os.close(stage.control)
        kill_everything(stage.pid, self.spared())

    def spared(self):
        """What goes on when a stage or a run ends: a run may have begun before a stage was missed."""
        return {work.pid for work in (*self.stages.values(), self.run, self.kept) if work}

    # --- runs ---------------------------------------------------------------------------------

    def begin(self, request):
        if request["kind"] == "here":
            # What cannot be swapped in memory needs no process to find out.
            why = self.prepared.prepare(request["tests"])
            if why:
                self.say(id=request["id"], refused=why)
                return
        if "screen" not in request.get("tests", ()) or not self.go_on(request):
            self.sandbox.remember()  # what stages have made stays
            controls = [stage.control for stage in self.stages.values()]
            kept = self.kept.fds if self.kept else ()
            self.run = Run(request, self.prepared, self.sandbox, [*self.ours, *controls, *kept])
        self.selector.register(self.run.report_fd, selectors.EVENT_READ)
        self.selector.register(self.run.output_fd, selectors.EVENT_READ)

    def go_on(self, request):
        """Let a screen that is kept judge more candidates; return False where none can."""
        run, self.kept = self.kept, None
        if run is None:
            return False
        if run.takes(request):
            try:
                run.again(request)
            except OSError:
                pass  # it has ended
            else:
                self.run = run
                return True
        run.close()
        kill_everything(run.pid, self.spared())
        return False

    def keep(self, spent):
        """A screen has left nothing behind: its process can judge more candidates."""
        run, self.run = self.run, None
        self.kept = run
        self.leave(run)
        self.sandbox.tidy()
        self.tell(run, run.spent, spent, exit=0)
        run.spent = spent

    def watch(self, ready):
        run = self.run
        if run.report_fd in ready:
            self.forward_reports()
        if run.output_fd in ready and not run.read_output():
            self.forget(run.output_fd)

    def forward_reports(self):
        """Pass on what the run reports; return whether there may be more."""
        reports = self.run.read_report()
        if reports is None:
            self.forget(self.run.report_fd)
            return False
        kept = reports and reports[-1].startswith(KEPT) and reports.pop()
        self.pass_on(reports)
        if kept:
            self.keep(json.loads(kept.decode("ascii"))["kept"])
        return not kept

    def pass_on(self, reports, run=None):
        head = b'{"id":%d,"report":' % (run or self.run).request["id"]
        frames.write_raw(self.answers, *(head + report + b"}" for report in reports))

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
        while select_now(run.report_fd) and self.forward_reports():
            pass
        if run is self.kept:
            self.kept = None  # it was kept and has ended since: what it had to say is said
            run.close()
            return
        self.leave(run)
        run.close()
        self.run = None
        if "screen" in run.request["tests"] and self.prepared.running is not None:
            self.say(id=run.request["id"], report={"candidate": self.prepared.running})
        kill_everything(run.pid, self.spared())
        self.sandbox.tidy()
        self.tell(
            run,
            run.spent,
            usage.ru_utime + usage.ru_stime,
            exit=os.WEXITSTATUS(status) if os.WIFEXITED(status) else None,
            signal=os.WTERMSIG(status) if os.WIFSIGNALED(status) else None,
        )

    def leave(self, run):
        """Read what a run has said; a grandchild may hold the pipes: never wait for their end."""
        while run.read_output():
            pass
        self.pass_on(run.read_board(), run)
        for fd in (run.report_fd, run.output_fd):
            self.forget(fd)

    def tell(self, run, before, spent, exit, signal=None):
        """The end of a run, as the engine is told; `before` and `spent` are CPU seconds of its process."""
        self.say(
            id=run.request["id"],
            done={
                "exit": exit,
                "signal": signal,
                "ended": run.ended,
                "output": bytes(run.output).decode("utf-8", "replace"),
                "cpu": spent - before,
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
