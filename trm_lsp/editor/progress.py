"""Progress as the user sees it: a work-done progress, and the state for a status bar."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

INTERVAL_SECONDS = 0.1
"""At most ten messages a second: an editor redraws for each of them."""

Clock = Callable[[], float]


class Throttle:
    """Calls `send` at most once an interval; what was asked for last is always sent."""

    def __init__(self, send: Callable[[], None], clock: Clock, interval: float = INTERVAL_SECONDS) -> None:
        self._send = send
        self._clock = clock
        self._interval = interval
        self._sent_at = float("-inf")
        self._timer: asyncio.TimerHandle | None = None

    def ask(self) -> None:
        """Send now, or as soon as the interval allows."""
        if self._timer is None:
            wait = self._sent_at + self._interval - self._clock()
            if wait <= 0:
                self._now()
            else:
                self._timer = asyncio.get_running_loop().call_later(wait, self._now)

    def close(self) -> None:
        """Drop what is still to be sent."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _now(self) -> None:
        self._timer = None
        self._sent_at = self._clock()
        self._send()
