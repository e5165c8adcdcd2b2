"""What there is after the first request: jobs, engines, proposals, failing tests.

Importing this imports pydantic; the server does so at the first request.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable, Sequence
from typing import Any

from lsprotocol import types
from pygls.workspace import Workspace

from trm_lsp.core.events import Decided
from trm_lsp.core.state import Focus
from trm_lsp.editor.applying import apply
from trm_lsp.editor.arguments import CancelArgument, JobArgument, RefineArgument, StatisticsArgument, parse
from trm_lsp.editor.client import WARNING, Client
from trm_lsp.editor.commands import APPLY, CANCEL, DISCARD, REFINE, STATISTICS
from trm_lsp.editor.configuration import Configuration
from trm_lsp.editor.diagnostics import Failures
from trm_lsp.editor.engine_client import COMMAND, EngineDied, Engines
from trm_lsp.editor.jobs import Job, Jobs, Target
from trm_lsp.editor.proposals import Offer, Offers
from trm_lsp.editor.refused import Refused
from trm_lsp.editor.roots import Root, locate, roots
from trm_lsp.editor.running import Runner, token
from trm_lsp.editor.state import State, parameters
from trm_lsp.editor.targets import Outlines

Reply = dict[str, Any]


class Session:
    """The commands, as methods that take what the client sent."""

    def __init__(
        self,
        client: Client,
        workspace: Workspace,
        outlines: Outlines,
        *,
        engine_command: Sequence[str] = (),
        settings: Any = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.workspace = workspace
        self.failures = Failures(client, workspace, outlines)
        self.offers = Offers()
        self.configuration = Configuration(client, settings)
        self._client = client
        self._now = now
        self._engines = Engines(tuple(engine_command) or COMMAND)
        self._runner = Runner(client, workspace, self._engines, self.configuration, self.failures, self.offers)
        self._jobs = Jobs(self._runner.run, self._crashed)
        self._noting: set[asyncio.Task[None]] = set()

    def refine(self, args: Sequence[Any]) -> Reply:
        """`trm.refine`: start or queue a run, and say which job it is."""
        asked = parse(RefineArgument, REFINE, args)
        root, path = locate(asked.uri, roots(self.workspace))
        focus = Focus(path=path, **asked.focus.model_dump()) if asked.focus else None
        asking = Job(uuid.uuid4().hex[:8], root, Target(tuple(asked.tests), focus))
        job = self._jobs.submit(asking)
        if job is asking and job.state is State.QUEUED:
            self._runner.announce(job)
        if job.state is State.QUEUED:
            return {"job": job.id, "state": "queued"}
        return {"job": job.id, "state": "started" if job is asking else "running"}

    def cancel(self, args: Sequence[Any]) -> Reply:
        """`trm.cancel`: end one job, or all. A job that has ended is no error: it may just have."""
        asked = parse(CancelArgument, CANCEL, args)
        jobs = self._jobs.all()
        if asked.job is not None:
            jobs = [job for job in jobs if job.id == asked.job]
        # Those in line first: the next one would start when the running one ends.
        for job in sorted(jobs, key=lambda job: job.state is State.RUNNING):
            self._cancel(job)
        return {"cancelled": [job.id for job in jobs]}

    def cancel_progress(self, progress: int | str) -> None:
        """The user cancelled a progress bar."""
        for job in self._jobs.all():
            if token(job) == progress:
                self._cancel(job)

    def _cancel(self, job: Job) -> None:
        if job.state is State.RUNNING:
            self._runner.cancel(job)
        else:
            self._jobs.drop(job)
            job.state = State.CANCELLED
            self._runner.announce(job, f"Refining {job.target.words} was cancelled before it began.")

    async def apply(self, args: Sequence[Any]) -> Reply:
        """`trm.apply`: have the editor make a proposal's edit."""
        offer = self._offer(parse(JobArgument, APPLY, args).job)
        await apply(offer, self._client, self.workspace)
        self.offers.remove(offer.job)
        if offer.verdict:
            self.failures.take(offer.root, offer.verdict, offer.proposal.texts)
        self._decide(offer, "applied")
        return {"applied": True, "job": offer.job}

    def discard(self, args: Sequence[Any]) -> Reply:
        """`trm.discard`: forget a proposal. Nothing else is touched."""
        offer = self._offer(parse(JobArgument, DISCARD, args).job)
        self.offers.remove(offer.job)
        self._decide(offer, "discarded")
        return {"discarded": True, "job": offer.job}

    async def statistics(self, args: Sequence[Any]) -> str:
        """`trm.statistics`: what the workspace remembers, as Markdown."""
        asked = parse(StatisticsArgument, STATISTICS, args)
        among = roots(self.workspace)
        wanted = [locate(asked.uri, among)[0]] if asked.uri else among
        if not wanted:
            raise Refused("TRM remembers by workspace folder, and none is open.")
        return "\n\n".join([await self._statistics(root) for root in wanted])

    async def _statistics(self, root: Root) -> str:
        try:
            reply = await self._engines.of(root).statistics(await self.configuration.settings(root))
        except EngineDied as died:
            raise Refused(str(died)) from died
        if reply.error:
            raise Refused(reply.error)
        return reply.text

    async def close_folder(self, uri: str) -> None:
        """A workspace folder was closed: its runs end, and its engine."""
        for root in self._engines.roots():
            if root.uri == uri:
                for job in self._jobs.all(root):
                    self._cancel(job)
                self.failures.forget(root)
                self.offers.forget(root)
                await self._engines.close(root)

    async def close(self) -> None:
        """The server ends: so do the runs, the engines and all they started."""
        await self._jobs.close()
        await self._engines.close_all()
        for noting in self._noting:
            noting.cancel()

    def _offer(self, job: str) -> Offer:
        offer = self.offers.get(job)
        if offer is None:
            raise Refused(f"There is no proposal {job}: it was applied or discarded, or a newer one took its place.")
        return offer

    def _decide(self, offer: Offer, decision: str) -> None:
        """The user decided: the root is at rest again, and the engine takes a note without anyone waiting."""
        if not self._jobs.all(offer.root):
            self._client.state(parameters(offer.root, State.IDLE))
        noting = asyncio.create_task(self._remember(offer, decision))
        self._noting.add(noting)
        noting.add_done_callback(self._noting.discard)

    async def _remember(self, offer: Offer, decision: str) -> None:
        """Tell the engine what the user decided; that it could not be noted undoes nothing."""
        last = offer.last
        decided = Decided.model_validate(
            {
                **last.model_dump(include={"run", "step", "spent", "counts", "skills", "halt"}),
                "seq": last.seq + 1,
                "time": self._now(),
                "decision": decision,
                "files": offer.files,
            }
        )
        try:
            reply = await self._engines.of(offer.root).remember(decided)
            trouble = reply.error
        except EngineDied as died:
            trouble = str(died)
        if trouble:
            self._client.show(f"The decision could not be remembered: {trouble}", WARNING)

    def _crashed(self, job: Job, error: Exception) -> None:
        job.state = State.FAILED
        sentence = f"TRM failed by an error of its own ({type(error).__name__}: {error}); its log has the details."
        self._client.show(sentence, types.MessageType.Error)
        self._runner.announce(job, sentence)
