"""A clock for runs that wait for their user."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from trm_lsp.core.ports import Clock


class PatientClock:
    """A clock whose elapsed time leaves out what the user took to answer: a budget is the run's, not theirs."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waited = 0.0

    def now(self) -> float:
        return self._clock.now()

    def elapsed(self) -> float:
        return self._clock.elapsed() - self._waited

    def cpu(self) -> float:
        return self._clock.cpu()

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Leave out the time spent inside."""
        began = self._clock.elapsed()
        try:
            yield
        finally:
            self._waited += self._clock.elapsed() - began
