"""An engine process as the server sees it: requests down its stdin, answers up its stdout."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import sys
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from pydantic import ValidationError

from trm_lsp.core.consent import Question
from trm_lsp.core.events import AnyEvent, Decided
from trm_lsp.core.state import Task
from trm_lsp.editor.process_tree import kill_tree
from trm_lsp.editor.roots import Root
from trm_lsp.engine import wire
from trm_lsp.settings import Settings

# -P: the current folder is the user's, and a `logging.py` in it is not ours to import.
COMMAND = (sys.executable, "-P", "-m", "trm_lsp.engine")
HELLO_SECONDS = 60.0
END_SECONDS = 1.0
"""How long an engine may take to end after its stdin is closed."""
LINE_LIMIT = 1 << 28
"""A line holds whole texts: far more than asyncio's 64 KiB."""

log = logging.getLogger(__name__)

Listener = Callable[[AnyEvent], None]
Asker = Callable[[Question], Awaitable[bool]]


class EngineDied(Exception):
    """The engine ended before it answered; the message is one sentence."""


class EngineClient:
    """The engine of one root: started at the first request, and again at the first one after it died."""

    def __init__(self, command: Sequence[str], root: Path) -> None:
        self._command = tuple(command)
        self._root = root
        self._process: asyncio.subprocess.Process | None = None
        self._starting: asyncio.Task[None] | None = None
        self._reading: asyncio.Task[None] | None = None
        self._hello: asyncio.Future[wire.Hello] | None = None
        self._waiting: defaultdict[str, deque[asyncio.Future[wire.Reply]]] = defaultdict(deque)
        self._listeners: dict[str, Listener] = {}
        self._askers: dict[str, Asker] = {}
        self._asking: dict[str, asyncio.Task[None]] = {}
        """The question that the user has before them, by task."""
        self._last_words = ""

    async def refine(self, task: Task, settings: Settings, listener: Listener, asker: Asker) -> wire.Reply:
        """Run the loop on a task; `listener` gets every event, `asker` every question. Raises EngineDied."""
        await self.start()
        self._listeners[task.id], self._askers[task.id] = listener, asker
        try:
            return await self._ask(task.id, wire.Refine(task=task, settings=settings))
        finally:
            self._listeners.pop(task.id, None)
            self._askers.pop(task.id, None)
            if asking := self._asking.pop(task.id, None):
                asking.cancel()  # the run has ended, whatever the user says now

    async def statistics(self, settings: Settings) -> wire.Reply:
        """What the workspace remembers. Raises EngineDied."""
        await self.start()
        return await self._ask("statistics", wire.Statistics(root=str(self._root), settings=settings))

    async def remember(self, decided: Decided) -> wire.Reply:
        """Append a decision to the log. Raises EngineDied."""
        await self.start()
        return await self._ask("remember", wire.Remember(decided=decided))

    def cancel(self, id: str) -> None:
        """Ask for the end of a task; its `Halted` event answers."""
        if self._process is not None:
            self._send(wire.Cancel(id=id))

    async def kill(self) -> None:
        """End the process and all it started, now."""
        if self._process is not None and self._process.returncode is None:
            await kill_tree(self._process.pid)

    async def close(self) -> None:
        """Let it end by itself, which it does when its stdin closes; kill it when it does not."""
        process = self._process
        if process is None or process.returncode is not None or process.stdin is None:
            return
        process.stdin.close()
        try:
            async with asyncio.timeout(END_SECONDS):
                await process.wait()
        except TimeoutError:
            await self.kill()
            await process.wait()

    async def start(self) -> None:
        """Make sure that an engine runs and has said hello. Raises EngineDied."""
        if self._starting is None:
            self._starting = asyncio.create_task(self._start())
        # A cancelled job must not take down the start that the next one waits for.
        await asyncio.shield(self._starting)

    async def _start(self) -> None:
        self._hello = asyncio.get_running_loop().create_future()
        self._last_words = ""
        try:
            process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                cwd=self._root,
                start_new_session=True,
                limit=LINE_LIMIT,
            )
        except OSError as error:
            self._starting = None
            raise EngineDied(f"The engine did not start ({error}).") from error
        self._process = process
        reading = self._reading = asyncio.create_task(self._read(process))
        if trouble := await self._greeting(self._hello):
            await self.kill()
            await reading  # until then it is this engine that a new request would ask
            raise EngineDied(trouble)

    async def _greeting(self, hello: asyncio.Future[wire.Hello]) -> str:
        """Wait for the engine's hello; the result is what is wrong with it. Raises EngineDied."""
        try:
            async with asyncio.timeout(HELLO_SECONDS):
                said = await hello
        except TimeoutError:
            return f"The engine said nothing for {HELLO_SECONDS:.0f} s after its start."
        if said.protocol != wire.PROTOCOL:
            return f"The engine speaks protocol {said.protocol} and this server {wire.PROTOCOL}: install one version."
        return ""

    async def _ask(self, id: str, request: wire.Request) -> wire.Reply:
        """Send a request and wait for the reply that carries `id`; replies to one id come in order."""
        reply: asyncio.Future[wire.Reply] = asyncio.get_running_loop().create_future()
        self._send(request)
        self._waiting[id].append(reply)
        return await reply

    def _send(self, request: wire.Request) -> None:
        if self._process is None or self._process.stdin is None:
            raise EngineDied("The engine ended before it could be asked: ask again.")
        self._process.stdin.write(wire.dump(request))

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        """Read until the engine ends, then tell everyone who waits."""
        assert process.stdout is not None and process.stderr is not None
        answers = asyncio.create_task(self._read_answers(process.stdout))
        errors = asyncio.create_task(self._read_errors(process.stderr))
        exited = asyncio.create_task(process.wait())
        await asyncio.wait({answers, exited}, return_when=asyncio.FIRST_COMPLETED)
        # A grandchild may hold a pipe open, or the engine linger without one: neither is waited for long.
        await asyncio.wait({answers, errors, exited}, timeout=END_SECONDS)
        await self.kill()
        status = await exited
        trouble = answers.result() if answers.done() else ""
        for task in (answers, errors):
            task.cancel()
        self._fail(trouble or _ending(status, self._last_words))

    async def _read_answers(self, stream: asyncio.StreamReader) -> str:
        """Take in answers until the end; the result is what went wrong, if something did."""
        try:
            while line := await stream.readline():
                self._take(wire.load_answer(line))
                await asyncio.sleep(0)  # readline does not yield while lines are there: let a hover in between
        except (ValidationError, ValueError) as error:  # ValueError: a line beyond any limit
            log.error("the engine said what is no answer: %s", error)
            await self.kill()
            return "The engine said something this server does not understand, and was ended."
        return ""

    def _take(self, answer: wire.Answer) -> None:
        match answer:
            case wire.Hello():
                if self._hello is not None and not self._hello.done():
                    self._hello.set_result(answer)
            case wire.Said():
                if listener := self._listeners.get(answer.id):
                    listener(answer.event)
            case wire.Ask(id=id, question=question):
                if asker := self._askers.get(id):
                    self._asking[id] = asyncio.create_task(self._consult(id, question, asker))
            case wire.Reply():
                waiting = self._waiting.get(answer.id)
                if waiting:
                    reply = waiting.popleft()
                    if not reply.done():
                        reply.set_result(answer)
                if not waiting:
                    self._waiting.pop(answer.id, None)

    async def _consult(self, id: str, question: Question, asker: Asker) -> None:
        """Have a question answered and tell the engine, if it is still there."""
        yes = await asker(question)
        with contextlib.suppress(EngineDied):
            self._send(wire.Consent(id=id, key=question.key, yes=yes))

    async def _read_errors(self, stream: asyncio.StreamReader) -> None:
        """Copy the engine's stderr into our log, and keep its last line."""
        rest = ""
        while data := await stream.read(1 << 16):
            *lines, rest = (rest + data.decode("utf-8", "replace")).split("\n")
            for line in lines:
                self._hear(line)
            rest = rest[-LINE_LIMIT:]
        self._hear(rest)

    def _hear(self, line: str) -> None:
        if line.strip():
            self._last_words = line.strip()
            log.info("engine: %s", line)

    def _fail(self, sentence: str) -> None:
        """The engine is gone: nobody waits any longer, and the next request starts another."""
        self._process = self._starting = None
        died = EngineDied(sentence)
        if self._hello is not None and not self._hello.done():
            self._hello.set_exception(died)
        for waiting in self._waiting.values():
            for reply in waiting:
                if not reply.done():
                    reply.set_exception(died)
        self._waiting.clear()


class Engines:
    """One engine per root."""

    def __init__(self, command: tuple[str, ...]) -> None:
        self._command = command
        self._engines: dict[Root, EngineClient] = {}

    def of(self, root: Root) -> EngineClient:
        if root not in self._engines:
            self._engines[root] = EngineClient(self._command, Path(root.path))
        return self._engines[root]

    def roots(self) -> list[Root]:
        return list(self._engines)

    async def close(self, root: Root) -> None:
        if engine := self._engines.pop(root, None):
            await engine.close()

    async def close_all(self) -> None:
        await asyncio.gather(*(self.close(root) for root in self.roots()))


def _ending(status: int, last_words: str) -> str:
    how = f"with status {status}" if status >= 0 else f"by {signal.Signals(-status).name}"
    words = f" ({last_words[:300]})" if last_words else ""
    return f"The engine ended {how}{words}: the next request starts a new one."
