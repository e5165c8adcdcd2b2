"""What the events of a workspace say about its task types and the skills used on them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from pydantic import Field

from trm_lsp.core.events import AnyEvent, BaselineJudged, Decided, Halted, StepJudged
from trm_lsp.core.halting import HaltReason
from trm_lsp.core.verdict import Frozen, Verdict
from trm_lsp.learning.ema import Ema

TEACHING = ("baseline", "step", "halted", "decided")
"""The kinds of event that `observe` learns from; it ignores every other."""

UNTESTED = frozenset({HaltReason.BROKEN, HaltReason.NOTHING, HaltReason.CONFIDENCE})
"""Ends without a word from the tests: such a run teaches nothing about its task type."""

CENSORED = frozenset({HaltReason.CANCELLED, HaltReason.BUDGET, HaltReason.MAX_STEPS})
"""Ends from outside: the depth the task needs is at least the depth reached, and not known."""

V = TypeVar("V")


class Depth(Frozen):
    """Supervision steps that runs of one task type needed, with one net and one shape (T, n)."""

    net: str
    T: int
    n: int
    steps: Ema
    """Over solved runs alone, so it tells little while many are cut short."""
    cut_short: int = 0
    """Runs that ended by budget, by the last step or by the user."""


class TaskType(Frozen):
    """How runs of one task type ended."""

    success: Ema
    depth: Ema
    """Supervision steps of solved runs, whatever the net and the shape."""
    runs: int = 0
    """Runs that count as a sample of success."""
    solved: int = 0
    depths: tuple[Depth, ...] = ()


class Skill(Frozen):
    """How well an edit family serves."""

    confidence: Ema
    uses: int = 0
    """Judged answers it was part of; a proposal the user discards moves the confidence alone."""


class Open(Frozen):
    """What must be remembered of a run until a later event of it can be read."""

    failing: int
    """Target tests that failed in the baseline."""
    judged: Verdict | None = None
    """The last step's verdict: y carried on unchanged keeps it, and is not judged twice."""
    proposed: tuple[str, ...] = ()
    """Skills of the passing y, until the user decides about it."""


class Statistics(Frozen):
    """Everything learned, as a value: fold `observe` over the log to get it."""

    decay: float = Field(0.98, gt=0, lt=1)
    """Decay of success and depth per task type."""
    skills_decay: float = Field(0.95, gt=0, lt=1)
    task_types: Mapping[str, TaskType] = Field(default_factory=dict)
    skills: Mapping[str, Skill] = Field(default_factory=dict)
    open: Mapping[str, Open] = Field(default_factory=dict)
    """By run id."""


def observe(stats: Statistics, event: AnyEvent) -> Statistics:
    """The statistics after one more event, in the order of the log."""
    match event:
        case BaselineJudged():
            return _remembering(stats, event.run.id, Open(failing=event.verdict.counts.failing))
        case StepJudged() if event.skills:
            return _after_step(stats, event)
        case Halted():
            return _after_halt(stats, event)
        case Decided():
            return _after_decision(stats, event)
        case _:
            return stats


def _after_step(stats: Statistics, event: StepJudged) -> Statistics:
    """Credit or blame every skill of a newly judged y alike: which of them did it cannot be told.

    It is a success when y is the best so far and either passes or fails fewer
    target tests than the baseline. A log that lacks the baseline is read as
    if all targets had failed in it.
    """
    run = stats.open.get(event.run.id) or Open(failing=event.verdict.counts.targets)
    if event.verdict == run.judged:
        return stats
    fewer = event.verdict.counts.failing < run.failing
    success = event.best and (event.verdict.passed or fewer)
    stats = _remembering(stats, event.run.id, run.model_copy(update={"judged": event.verdict}))
    return _with_skills(stats, event.skills, success, uses=1)


def _after_halt(stats: Statistics, event: Halted) -> Statistics:
    """Teach the run's task type, and keep the skills of a passing y until the user decides about it."""
    proposed = Open(failing=0, proposed=event.skills) if event.solved else None
    stats = _remembering(stats, event.run.id, proposed)
    if event.decision in UNTESTED:
        return stats
    name = event.run.task_type
    known = stats.task_types.get(name) or TaskType(success=Ema.new(stats.decay), depth=Ema.new(stats.decay, 0.0))
    learned = _with_depth(_with_success(known, event), event, stats.decay)
    return stats.model_copy(update={"task_types": _with(stats.task_types, name, learned)})


def _with_success(known: TaskType, event: Halted) -> TaskType:
    """A run that the user cancelled is no sample: it might have passed."""
    if event.decision is HaltReason.CANCELLED:
        return known
    return known.model_copy(
        update={
            "success": known.success.observe(float(event.solved)),
            "runs": known.runs + 1,
            "solved": known.solved + event.solved,
        }
    )


def _with_depth(known: TaskType, event: Halted, decay: float) -> TaskType:
    """A solved run is a sample of depth, one cut short is counted, and a stuck one is neither."""
    net, shape = event.run.net, event.run.shape
    depths = {(depth.net, depth.T, depth.n): depth for depth in known.depths}
    new = Depth(net=net, T=shape.T, n=shape.n, steps=Ema.new(decay, 0.0))
    depth = depths.get((net, shape.T, shape.n), new)
    if event.solved:
        depth = depth.model_copy(update={"steps": depth.steps.observe(event.depth)})
        known = known.model_copy(update={"depth": known.depth.observe(event.depth)})
    elif event.decision in CENSORED and event.depth:
        depth = depth.model_copy(update={"cut_short": depth.cut_short + 1})
    depths[net, shape.T, shape.n] = depth
    return known.model_copy(update={"depths": tuple(depths.values())})


def _after_decision(stats: Statistics, event: Decided) -> Statistics:
    """A passing y that the user discards is evidence against its skills; the first decision is the one that counts."""
    run = stats.open.get(event.run.id)
    stats = _remembering(stats, event.run.id, None)
    if run is None or event.decision != "discarded":
        return stats
    return _with_skills(stats, run.proposed, success=False, uses=0)


def _with_skills(stats: Statistics, names: tuple[str, ...], success: bool, *, uses: int) -> Statistics:
    skills = dict(stats.skills)
    for name in dict.fromkeys(names):
        known = skills.get(name) or Skill(confidence=Ema.new(stats.skills_decay))
        skills[name] = Skill(confidence=known.confidence.observe(float(success)), uses=known.uses + uses)
    return stats.model_copy(update={"skills": skills})


def _remembering(stats: Statistics, run: str, memory: Open | None) -> Statistics:
    return stats.model_copy(update={"open": _with(stats.open, run, memory)})


def _with(mapping: Mapping[str, V], key: str, value: V | None) -> dict[str, V]:
    """A copy with `key` set, or left out when the value is None."""
    kept = {name: old for name, old in mapping.items() if name != key}
    return kept if value is None else {**kept, key: value}
