"""The end of a process and of everything it started."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from pathlib import Path
from typing import NamedTuple

GRACE_SECONDS = 0.5
"""What a killed engine's children get to clean up after themselves: they own the processes of a test run."""
_POLL_SECONDS = 0.02


class Process(NamedTuple):
    id: int
    started: int
    """Clock ticks since boot: an id may be given to another process, a pair of both may not."""


def descendants(leader: int) -> list[Process]:
    """Every process below `leader`, from /proc; none where there is no /proc."""
    children: dict[int, list[Process]] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_bytes().rpartition(b")")[2].split()
        except OSError:
            continue  # it ended while we looked
        children.setdefault(int(fields[1]), []).append(Process(int(entry.parent.name), int(fields[19])))
    found: list[Process] = []
    waiting = [leader]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += [process.id for process in below]
    return found


def is_alive(process: Process) -> bool:
    try:
        fields = Path(f"/proc/{process.id}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return False
    return int(fields[19]) == process.started and fields[0] != b"Z"


async def kill_tree(leader: int) -> None:
    """Kill the process group of `leader` (a session of its own) and whatever it started elsewhere.

    Its children are given a moment first: the test process ends its own
    descendants better than anyone else could, because it adopts their orphans.
    """
    below = descendants(leader)
    _kill_group(leader)
    for _ in range(int(GRACE_SECONDS / _POLL_SECONDS)):
        if not any(is_alive(process) for process in below):
            return
        await asyncio.sleep(_POLL_SECONDS)
    for process in below:
        if is_alive(process):
            _kill(process.id)


def _kill_group(leader: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)


def _kill(id: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(id, signal.SIGKILL)
