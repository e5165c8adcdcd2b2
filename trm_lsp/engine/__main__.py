"""The engine as a process: requests on stdin, answers on stdout, one JSON object a line (see wire.py)."""

from __future__ import annotations

import os
import queue
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import IO

from pydantic import ValidationError

from trm_lsp import __version__
from trm_lsp.core.consent import Ask, Question
from trm_lsp.core.events import Decided
from trm_lsp.core.verdict import Frozen
from trm_lsp.engine import wire
from trm_lsp.engine.refine import refine
from trm_lsp.learning import markdown
from trm_lsp.settings import Settings
from trm_lsp.store import EventLog, StoreError
from trm_lsp.store.consents import Consents


class EngineProcess:
    """Runs one task at a time; a reader thread notices a cancel, an answer of the user, or that the server is gone.

    The reader also answers what only the memory is asked, so that statistics
    do not wait for the end of a run.
    """

    def __init__(self, requests: IO[bytes], answers: IO[bytes]) -> None:
        self._requests, self._answers = requests, answers
        self._queue: queue.SimpleQueue[wire.Refine | None] = queue.SimpleQueue()
        self._saying = threading.Lock()
        self._cancelled: set[str] = set()
        self._gone = threading.Event()
        self._news = threading.Condition()
        """Notified of whatever a waiting run should know."""
        self._open: tuple[str, str] | None = None
        """Task and key of the question the user has before them."""
        self._consent: bool | None = None
        """Their answer to it."""

    def serve(self) -> None:
        """Answer until the server closes the pipe or dies."""
        self._say(wire.Hello(version=__version__))
        threading.Thread(target=self._read, daemon=True).start()
        while (request := self._queue.get()) is not None:
            self._refine(request)

    def _read(self) -> None:
        for line in self._requests:
            try:
                request = wire.load_request(line)
            except ValidationError as error:
                sys.stderr.write(f"not a request: {error}\n")
                continue
            match request:
                case wire.Cancel(id=id):
                    with self._news:
                        self._cancelled.add(id)
                        self._news.notify()
                case wire.Consent(id=id, key=key, yes=yes):
                    with self._news:
                        if (id, key) == self._open:  # else it comes too late
                            self._consent = yes
                            self._news.notify()
                case wire.Refine():
                    self._queue.put(request)
                case wire.Statistics(root=root, settings=settings):
                    self._reply("statistics", *_statistics(Path(root), settings))
                case wire.Remember(decided=decided):
                    self._reply("remember", *_remember(decided))
        with self._news:
            self._gone.set()
            self._news.notify()
        self._queue.put(None)

    def _refine(self, request: wire.Refine) -> None:
        id = request.task.id

        def cancelled() -> bool:
            return id in self._cancelled or self._gone.is_set()

        with _Memory(Path(request.task.root)) as memory:
            run = refine(
                request.task,
                request.settings,
                store=memory.log,
                notices=memory.notices,
                cancelled=cancelled,
                ask=Consents().asking_once(self._asking(id, cancelled)),
            )
            with closing(run) as events:
                for event in events:
                    self._say(wire.Said(id=id, event=event))
        self._reply(id, "", "")

    def _asking(self, id: str, cancelled: Callable[[], bool]) -> Ask:
        """The questions of a task, put to the user by the server."""

        def ask(question: Question) -> bool:
            with self._news:
                self._open, self._consent = (id, question.key), None
            self._say(wire.Ask(id=id, question=question))
            with self._news:
                self._news.wait_for(lambda: self._consent is not None or cancelled())
                self._open = None
                return bool(self._consent) and not cancelled()

        return ask

    def _reply(self, id: str, text: str, error: str) -> None:
        self._say(wire.Reply(id=id, text=text, error=error))

    def _say(self, message: Frozen) -> None:
        try:
            with self._saying:
                self._answers.write(wire.dump(message))
                self._answers.flush()
        except OSError:
            self._gone.set()  # the server is gone: the run ends at its next check


class _Memory:
    """The workspace's log, or none with a notice that says why: a run does not fail for it."""

    def __init__(self, root: Path) -> None:
        self.log: EventLog | None = None
        try:
            self.log = EventLog(root)
            self.notices = self.log.notices
        except StoreError as error:
            self.notices = (f"{error} This run will not be remembered.",)

    def __enter__(self) -> _Memory:
        return self

    def __exit__(self, *_: object) -> None:
        if self.log is not None:
            self.log.close()


def _statistics(root: Path, settings: Settings) -> tuple[str, str]:
    """What the workspace remembers as Markdown, and an error."""
    try:
        with EventLog(root) as log:
            return markdown(log.statistics(settings.statistics.decay, settings.statistics.skills)), ""
    except StoreError as error:
        return "", str(error)


def _remember(decided: Decided) -> tuple[str, str]:
    try:
        with EventLog(Path(decided.run.root)) as log:
            log.append(decided.model_copy(update={"seq": log.next_seq(decided.run.id)}))
    except StoreError as error:
        return "", str(error)
    return "", ""


def main() -> None:
    """Take stdin and stdout for the wire: a stray print goes to stderr."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(2, 1)
    EngineProcess(requests, answers).serve()


if __name__ == "__main__":
    main()
