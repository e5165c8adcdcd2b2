"""Notices the end of the editor, should it end without a word and something keep our stdin open."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable

POLL_SECONDS = 2.0

log = logging.getLogger(__name__)


def when_it_ends(pid: int | None, ended: Callable[[], object]) -> None:
    """Call `ended` when a process ends.

    One that is not there at first is left alone: behind a container's wall the
    editor's process id means nothing, and the end of stdin has to do.
    """
    if pid is None or pid <= 0 or not _exists(pid):
        return
    loop = asyncio.get_running_loop()
    try:
        fd = os.pidfd_open(pid)
    except (AttributeError, OSError):  # not Linux, or a kernel before 5.3
        _poll(pid, ended)
        return

    def readable() -> None:
        loop.remove_reader(fd)
        os.close(fd)
        ended()

    loop.add_reader(fd, readable)


def _poll(pid: int, ended: Callable[[], object]) -> None:
    if _exists(pid):
        asyncio.get_running_loop().call_later(POLL_SECONDS, _poll, pid, ended)
    else:
        ended()


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # another user's, but there
    return True
