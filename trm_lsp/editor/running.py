"""One job from its start to its end: the task, the engine's events, the outcome, a cancel."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any

from pygls.workspace import Workspace

from trm_lsp.core.consent import Question
from trm_lsp.core.events import AnyEvent, BaselineJudged, Halted, Notice, RunStarted
from trm_lsp.core.state import Task
from trm_lsp.editor.buffers import opened, unsaved
from trm_lsp.editor.client import INFO, WARNING, Client, ProgressBar
from trm_lsp.editor.configuration import Configuration
from trm_lsp.editor.diagnostics import Failures
from trm_lsp.editor.engine_client import EngineClient, EngineDied, Engines
from trm_lsp.editor.jobs import Job
from trm_lsp.editor.outcomes import Outcome, cancelled, offer_of, outcome_of
from trm_lsp.editor.progress import Clock, Throttle
from trm_lsp.editor.proposals import Offers, tests
from trm_lsp.editor.refused import Refused
from trm_lsp.editor.roots import Root
from trm_lsp.editor.seen import Seen
from trm_lsp.editor.state import State, parameters
from trm_lsp.settings import Settings

CANCEL_SECONDS = 0.15
"""How long a cancelled engine may take to say `Halted`."""
REPLY_SECONDS = 1.0
"""How long it may take after that to finish the request."""
RUN_IT, NOT_NOW = "Run it", "Not now"

log = logging.getLogger(__name__)


def token(job: Job) -> str:
    """The progress token of a job: a client that cancels it names it."""
    return f"trm/{job.id}"


class Runner:
    """Runs jobs, shows how they go, and keeps what they found."""

    def __init__(
        self,
        client: Client,
        workspace: Workspace,
        engines: Engines,
        configuration: Configuration,
        failures: Failures,
        offers: Offers,
        clock: Clock = time.monotonic,
    ) -> None:
        self._client = client
        self._workspace = workspace
        self._engines = engines
        self._configuration = configuration
        self._failures = failures
        self._offers = offers
        self._clock = clock
        self._commands_shown: set[tuple[Root, str]] = set()
        self._enforcing: set[asyncio.Task[None]] = set()

    async def run(self, job: Job) -> None:
        """Run a job to its end, whatever that is."""
        bar = ProgressBar(self._client, token(job), f"Refine with TRM: {job.target.words}")
        bar.begin(job.seen.message)
        self.announce(job)
        try:
            outcome = await self._refine(job, bar)
        except asyncio.CancelledError:
            if not job.cancelled:  # the server ends
                bar.end("")
                raise
            outcome = cancelled(job)
        except (EngineDied, Refused) as error:
            outcome = cancelled(job) if job.cancelled else Outcome(State.FAILED, str(error))
        bar.end(outcome.summary)
        self._finish(job, outcome)

    async def _refine(self, job: Job, bar: ProgressBar) -> Outcome:
        settings = await self._configuration.settings(job.root)
        texts = opened(self._workspace, job.root)
        job.texts = {text.base.path: text for text in texts}
        task = Task(
            id=job.id, root=job.root.path, tests=job.target.tests, focus=job.target.focus, buffers=unsaved(texts)
        )
        engine = self._engines.of(job.root)
        await engine.start()
        throttle = Throttle(lambda: self._show_progress(job, bar, settings), self._clock)
        job.asked = True
        try:
            reply = await engine.refine(
                task,
                settings,
                lambda event: self._take(job, event, throttle),
                lambda question: self._consult(job, question, throttle),
            )
        finally:
            throttle.close()
        if reply.error:
            return cancelled(job) if job.cancelled else Outcome(State.FAILED, reply.error)
        if job.seen.halted is None:
            return Outcome(State.FAILED, "The engine ended the run without a result.")
        return outcome_of(job.seen.halted)

    def _take(self, job: Job, event: AnyEvent, throttle: Throttle) -> None:
        job.seen.take(event)
        match event:
            case RunStarted():
                self._show_command(job.root, event.command)
            case BaselineJudged():
                self._failures.take(job.root, event.verdict, {p: text.base.text for p, text in job.texts.items()})
            case Notice():
                self._client.show(event.message, INFO)
            case Halted():
                job.halted.set()
        throttle.ask()

    async def _consult(self, job: Job, question: Question, throttle: Throttle) -> bool:
        """Ask the user; anything but a plain yes is a no."""
        self._commands_shown.add((job.root, question.command))
        kind = WARNING if question.kind == "unsandboxed" else INFO
        job.seen.asking = True
        throttle.ask()
        try:
            chosen = await self._client.choose(" ".join([question.text, *question.details]), kind, RUN_IT, NOT_NOW)
        except Refused as refused:
            log.info("%s", refused)
            chosen = None
        job.seen.asking = False
        throttle.ask()
        return chosen == RUN_IT

    def _show_command(self, root: Root, command: str) -> None:
        """Say once what is run, before anything was."""
        if command and (root, command) not in self._commands_shown:
            self._commands_shown.add((root, command))
            self._client.show(f"TRM runs your tests in an isolated copy with: {command}", INFO)

    def _show_progress(self, job: Job, bar: ProgressBar, settings: Settings) -> None:
        bar.report(job.seen.message, job.seen.percentage(settings))
        self.announce(job)

    def cancel(self, job: Job) -> None:
        """End a running job; returns at once."""
        if not job.cancelled:
            job.cancelled = True
            # A task that is cancelled before its first step runs none of its code, not even to clean up.
            asyncio.get_running_loop().call_soon(self._end, job)

    def _end(self, job: Job) -> None:
        if not job.asked:
            assert job.work is not None  # it runs
            job.work.cancel()
            return
        engine = self._engines.of(job.root)
        engine.cancel(job.id)
        enforcing = asyncio.create_task(_enforce(job, engine))
        self._enforcing.add(enforcing)
        enforcing.add_done_callback(self._enforcing.discard)

    def _finish(self, job: Job, outcome: Outcome) -> None:
        job.state = outcome.state
        if outcome.proposal and outcome.proposal.hunks and job.seen.last:
            self._offers.add(offer_of(job, outcome))
        self._client.show(outcome.summary, INFO if outcome.good else WARNING)
        self.announce(job, outcome.summary)

    def announce(self, job: Job, summary: str = "") -> None:
        """Tell the state of a job's root."""
        self._client.state(state_of(job, summary))


async def _enforce(job: Job, engine: EngineClient) -> None:
    """Kill the engine of a cancelled job that does not end in time."""
    try:
        async with asyncio.timeout(CANCEL_SECONDS):
            await job.halted.wait()
        async with asyncio.timeout(REPLY_SECONDS):
            await job.ended.wait()
    except TimeoutError:
        if not job.ended.is_set():
            await engine.kill()


def state_of(job: Job, summary: str = "") -> dict[str, Any]:
    """The parameters of `trm/state` for a job."""
    shape = job.seen.shape
    return parameters(
        job.root,
        job.state,
        job=job.id,
        text=_text(job.state, job.seen),
        tooltip=summary or f"{job.target.words}: {job.seen.message}",
        command=job.seen.command,
        shape=(shape.T, shape.n, shape.N_sup) if shape else None,
    )


def _text(state: State, seen: Seen) -> str:
    match state:
        case State.RUNNING:
            return seen.text
        case State.IDLE:
            return "TRM"
        case State.READY:
            passes = seen.halted.proposal.passes if seen.halted and seen.halted.proposal else 0
            return f"TRM passes {tests(passes)}"
        case State.BEST_SO_FAR:
            return f"TRM best so far: {seen.failing_now} failing"
    return f"TRM {state}"
