"""The real clock."""

from __future__ import annotations

import os
import time


class SystemClock:
    """Implements core.ports.Clock."""

    def now(self) -> float:
        return time.time()

    def elapsed(self) -> float:
        return time.monotonic()

    def cpu(self) -> float:
        times = os.times()
        return times.user + times.system + times.children_user + times.children_system
