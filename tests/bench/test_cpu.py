"""CPU time is counted wherever it is burnt: in ourselves, below us, and in what has ended there."""

from __future__ import annotations

import subprocess
import sys

import pytest

from bench.cpu import Meter

SECONDS = 0.3
TICKS = 0.04
"""Two figures of two processes, each cut off to a clock tick."""
BURN = f"import time\nwhile time.process_time() < {SECONDS}: pass\n"
WAIT = "print(flush=True)\ninput()\n"
SAY = "import subprocess, sys\n"
PROGRAMS = {
    "a child that lives": BURN + WAIT,
    "a grandchild that lives": f"{SAY}subprocess.run([sys.executable, '-c', {BURN + WAIT!r}])\n",
    "a grandchild that has ended": f"{SAY}subprocess.run([sys.executable, '-c', {BURN!r}])\n{WAIT}",
    "a grandchild of its own session": f"{SAY}subprocess.run([sys.executable, '-c', {BURN!r}], "
    f"start_new_session=True)\n{WAIT}",
}


@pytest.mark.parametrize("where", PROGRAMS)
def test_what_runs_below_us_is_counted(where: str) -> None:
    command = [sys.executable, "-c", PROGRAMS[where]]
    meter = Meter()
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin and process.stdout
        process.stdin.flush()
        with meter.watch():
            assert process.stdout.readline()
        process.stdin.close()
    assert meter.seconds > SECONDS - TICKS


@pytest.mark.parametrize("where", PROGRAMS)
def test_what_has_ended_is_counted_once(where: str) -> None:
    meter, empty = Meter(), Meter()
    with meter.watch():
        subprocess.run([sys.executable, "-c", PROGRAMS[where]], input=b"\n", stdout=subprocess.PIPE, check=True)
    with empty.watch():
        pass
    assert meter.seconds > SECONDS - TICKS
    assert empty.seconds < SECONDS - TICKS


def test_a_meter_sums_what_it_has_watched() -> None:
    meter, other = Meter(), Meter()
    meter.seconds, meter.count = 2.0, 100
    other.seconds, other.count = 1.0, 50
    meter.add(other)
    assert (meter.rate, meter.each) == (50.0, 0.02)
