"""CPU time of everything we started: this process, what runs below it, and what has ended there."""

from __future__ import annotations

import contextlib
import resource
import time
from collections.abc import Iterator

import psutil


def below() -> float:
    """CPU seconds of all that we started since it began: what lives, and what has ended.

    A process that has ended is in the figure of whoever reaped it. What lives
    is counted in clock ticks (10 ms as a rule), so ask for seconds rather than
    milliseconds. Call it while no run is in progress.
    """
    reaped = resource.getrusage(resource.RUSAGE_CHILDREN)
    total = reaped.ru_utime + reaped.ru_stime
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
    return total


class Meter:
    """Sums what the pieces of work it has watched have used."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.count = 0

    @contextlib.contextmanager
    def watch(self, count: int = 1) -> Iterator[None]:
        """Add the CPU of the block, which does `count` things."""
        others = below()
        ours = time.process_time()  # looking at the others is no part of the work
        yield
        ours = time.process_time() - ours
        self.seconds += ours + below() - others
        self.count += count

    def add(self, other: Meter) -> None:
        self.seconds += other.seconds
        self.count += other.count

    @property
    def each(self) -> float:
        """CPU seconds for one thing."""
        return self.seconds / self.count

    @property
    def rate(self) -> float:
        """Things a second of CPU, on one core."""
        return self.count / self.seconds
