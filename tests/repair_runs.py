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
    usual |= {"cpu": cpu_at(float(str(facts.get("work", 0.0))))}
    return Run(**{**usual, **facts})  # type: ignore[arg-type]


def found(arm: str, name: str, work: float, **facts: object) -> Run:
    """A run that solved its bug after so much work, with the first patch that passed."""
    moment = {"seconds": 2.0, "cpu": cpu_at(work), "work": work, "tried": 1}
    usual = {"plausible": True, "correct": True, "first_passed": moment, "answered": moment}
    return made(arm, name, **{**usual, "work": work, "halt": "passed", **facts})


def cpu_at(work: float) -> float:
    """CPU seconds at so many work units, as the reference machine has them."""
    return 1.0 + work / 1000
