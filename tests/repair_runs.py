"""Runs as bench/runs.py would have measured them."""

from __future__ import annotations

from bench.repairing import TRM
from bench.runs import Run
from bench.tasks import ONE


def made(arm: str = TRM, name: str = "t", **facts: object) -> Run:
    """A run on an injected bug of one edit that found nothing, but for these facts."""
    moment = {"seconds": 1.0, "cpu": 1.0, "work": 0.0, "tried": 0}
    usual = {"set": ONE, "task": name, "kinds": ("injector", "attrs"), "single": False, "arm": arm}
    usual |= {"plausible": False, "correct": False, "among": False, "error": "", "baseline": moment}
    return Run(**{**usual, **facts})  # type: ignore[arg-type]


def found(arm: str, name: str, work: float, **facts: object) -> Run:
    """A run whose first passing patch came after so much work."""
    moment = {"seconds": 2.0, "cpu": 2.0, "work": work, "tried": 1}
    return made(arm, name, **{"correct": True, "first_passed": moment, "work": work, "halt": "passed", **facts})
