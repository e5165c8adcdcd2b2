"""Serving on stdin and stdout, from the first byte to the end of the editor."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, BinaryIO, Protocol

from pygls.io_ import StdinAsyncReader, StdoutWriter, run_async
from pygls.protocol import JsonRPCProtocol

log = logging.getLogger(__name__)


class Serving(Protocol):
    """What is served: a pygls server that can be stopped from inside, and has something to close."""

    stop: Callable[[], object]

    @property
    def protocol(self) -> JsonRPCProtocol: ...

    @property
    def thread_pool(self) -> ThreadPoolExecutor: ...

    def report_server_error(self, error: Exception, source: Any) -> None: ...

    def close(self) -> Coroutine[Any, Any, None]: ...


def take_stdout() -> BinaryIO:
    """Stdout for the protocol alone: whatever else writes to it from now on writes to stderr."""
    protocol = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    sys.stdout = sys.stderr
    return protocol


def serve(server: Serving) -> None:
    """Serve until the editor says exit, closes our stdin, ends, or a signal comes. Does not return."""
    logging.basicConfig(stream=sys.stderr, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    logging.getLogger("trm_lsp").setLevel(logging.INFO)
    server.protocol.set_writer(StdoutWriter(take_stdout()))
    status = asyncio.run(_serve(server))
    sys.stderr.flush()
    # A thread may still wait for stdin, which nobody will write to: a normal exit would wait for it.
    os._exit(status)


async def _serve(server: Serving) -> int:
    """Serve, then close; the result is the exit status: 0 after a shutdown, as the protocol has it."""
    loop, reading = asyncio.get_running_loop(), asyncio.current_task()
    assert reading is not None
    server.stop = reading.cancel
    for name in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(NotImplementedError):  # Windows has no such handlers
            loop.add_signal_handler(name, reading.cancel)
    try:
        await run_async(
            stop_event=threading.Event(),
            reader=StdinAsyncReader(sys.stdin.buffer, server.thread_pool),
            protocol=server.protocol,
            logger=log,
            error_handler=server.report_server_error,
        )
        log.info("the editor closed the connection")
    except SystemExit as exit:
        return int(exit.code or 0)
    except (asyncio.CancelledError, BrokenPipeError):
        log.info("the editor is gone")
    finally:
        await server.close()
    return 1
