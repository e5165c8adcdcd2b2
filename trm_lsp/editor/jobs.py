"""The requests to refine: one run per root at a time, the rest in line, the same target only once."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from trm_lsp.core.state import Focus
from trm_lsp.editor.buffers import Text
from trm_lsp.editor.roots import Root
from trm_lsp.editor.seen import Seen
from trm_lsp.editor.state import State

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Target:
    """What a request asks for."""

    tests: tuple[str, ...] = ()
    focus: Focus | None = None

    @property
    def words(self) -> str:
        if self.focus:
            return f"the tests that reach {self.focus.name or self.focus.path}"
        if len(self.tests) == 1:
            return self.tests[0].rpartition("::")[2]
        return f"{len(self.tests)} tests" if self.tests else "whatever fails"


@dataclass(eq=False)
class Job:
    """One request to refine, from the queue to its end."""

    id: str
    root: Root
    target: Target
    state: State = State.QUEUED
    seen: Seen = field(default_factory=Seen)
    texts: dict[str, Text] = field(default_factory=dict)
    """The open files as the run saw them, by path."""
    asked: bool = False
    """Whether the engine has been given the task."""
    cancelled: bool = False
    halted: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    work: asyncio.Task[None] | None = None


Run = Callable[[Job], Coroutine[Any, Any, None]]


class Jobs:
    """The jobs of all roots that have not ended. The first of each root is running."""

    def __init__(self, run: Run, crashed: Callable[[Job, Exception], None]) -> None:
        self._run = run
        self._crashed = crashed
        self._lines: dict[Root, deque[Job]] = {}

    def submit(self, job: Job) -> Job:
        """Run a job or put it in line; an older one with the same target answers for it."""
        line = self._lines.setdefault(job.root, deque())
        for other in line:
            if other.target == job.target and not other.cancelled:
                return other
        line.append(job)
        if len(line) == 1:
            self._start(job)
        return job

    def all(self, root: Root | None = None) -> list[Job]:
        """Every job that has not ended, of one root or of all."""
        return [job for at, line in self._lines.items() if root in (None, at) for job in line]

    def get(self, id: str) -> Job | None:
        return next((job for job in self.all() if job.id == id), None)

    def drop(self, job: Job) -> None:
        """Take a job that waits out of its line."""
        self._lines[job.root].remove(job)

    async def close(self) -> None:
        """Stop everything, without a word."""
        works = []
        for line in self._lines.values():
            while len(line) > 1:
                line.pop()
            works += [job.work for job in line if job.work]
        for work in works:
            work.cancel()
        await asyncio.gather(*works, return_exceptions=True)

    def _start(self, job: Job) -> None:
        job.state = State.RUNNING
        job.work = asyncio.create_task(self._work(job))

    async def _work(self, job: Job) -> None:
        try:
            await self._run(job)
        except Exception as error:  # nobody foresaw it: it ends this job, is told, and the next job starts
            log.exception("job %s failed", job.id)
            self._crashed(job, error)
        finally:
            job.ended.set()
            line = self._lines[job.root]
            line.remove(job)
            if line:
                self._start(line[0])
            else:
                del self._lines[job.root]
