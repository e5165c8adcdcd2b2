"""A timer that rings when its test has just ended ends nothing else."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from trm_lsp.zygote.main import load_package

load_package()

from _trm_zygote import comparing, observing  # noqa: E402
from _trm_zygote.screening import Batches, Limit, Screen  # noqa: E402

SIGNALS = signal.SIGPROF, signal.SIGALRM
LONG = 600.0


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    handlers = [signal.getsignal(one) for one in SIGNALS]
    yield
    sys.setprofile(None)
    for one, handler in zip(SIGNALS, handlers, strict=True):
        signal.signal(one, handler)
    for timer in (signal.ITIMER_PROF, signal.ITIMER_VIRTUAL, signal.ITIMER_REAL):
        signal.setitimer(timer, 0)


def ring_at_the_end(*which: int) -> None:
    """Let signals come while the timers are put off that a test, or a call, has set."""

    def note(frame: FrameType, event: str, function: object) -> None:
        if event == "c_call" and function is signal.setitimer:
            sys.setprofile(None)
            for one in which:
                signal.raise_signal(one)

    sys.setprofile(note)


class Quick:
    """A test that passes at once."""

    def __init__(self, deed: Callable[[], object]) -> None:
        self._deed = deed

    def run(self) -> tuple[str, str, int]:
        self._deed()
        return "passed", "", 0


def timers() -> list[float]:
    return [signal.getitimer(one)[0] for one in (signal.ITIMER_PROF, signal.ITIMER_VIRTUAL, signal.ITIMER_REAL)]


def screen(root: Path) -> Any:
    return Screen([], os.path.realpath(root), str, frozenset())


@pytest.mark.parametrize("which", [(signal.SIGPROF,), (signal.SIGALRM,), SIGNALS])
def test_a_candidate_that_has_ended_in_time_is_not_ended_late(tmp_path: Path, which: tuple[int, ...]) -> None:
    batches = Batches(screen(tmp_path), print, print, 1, ())
    signal.signal(signal.SIGPROF, batches._worked_out)
    signal.signal(signal.SIGALRM, batches._waited_out)
    limit = Limit(LONG, LONG)
    batches._turns = 9
    assert batches._timed(Quick(lambda: ring_at_the_end(*which)), limit) == ("passed", "", 0)
    assert timers() == [0, 0, 0]
    assert batches._timed(Quick(list), limit) == ("passed", "", 0)
    assert signal.getsignal(signal.SIGALRM) == batches._waited_out
    # It is ended where it goes on.
    assert batches._timed(Quick(lambda: signal.raise_signal(which[0])), limit)[0] == "timeout"
    assert batches._timed(Quick(list), limit) == ("passed", "", 0)


def test_an_observation_goes_on_behind_a_test_whose_timer_rings_late(tmp_path: Path) -> None:
    one, ran = screen(tmp_path), []
    one._config = Configuration()
    tests = [("one", Quick(lambda: ring_at_the_end(signal.SIGPROF))), ("other", Quick(lambda: ran.append("other")))]
    observing._run(one, tests, observing.Recorder(), LONG)
    assert ran == ["other"]


def test_what_ends_a_call_lets_no_other_timer_ring_behind_it() -> None:
    for one in SIGNALS:
        signal.signal(one, comparing._out_of_time)
    with pytest.raises(comparing.OutOfTime):
        with comparing._TimeLimit(LONG, LONG):
            ring_at_the_end(signal.SIGPROF)
    assert timers() == [0, 0, 0]


class Configuration:
    """What surroundings ask of pytest's."""

    pluginmanager = type("Plugins", (), {"getplugin": staticmethod(lambda name: None)})

    def getini(self, name: str) -> list[str]:
        return []

    def getoption(self, name: str, default: object) -> object:
        return default
