"""`python -m bench.repairing ROOT`: one bug, one arm, one process; prints one JSON object.

    python -m bench.repairing ROOT --arm ARM --tests TEST ... --python PYTHON
        [--seconds S] [--work W] [--seed N] [--env NAME=VALUE ...]

The arm `trm` is the engine's own `refine()` as the command line uses it; the
controls are other nets in the same loop. Nothing is written below ROOT, and
nothing is remembered from one run to the next.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, ParamSpec, TypeVar, overload
from unittest.mock import patch

from bench.ablations import ABLATIONS, ablated
from bench.controls import CONTROLS, ON_REQUEST
from bench.cpu import below
from trm_lsp.core.budget import Budget, Meter
from trm_lsp.core.consent import Question
from trm_lsp.core.events import Halted
from trm_lsp.core.halting import HaltReason
from trm_lsp.core.ports import Clock, Judge, Net, X
from trm_lsp.core.state import Candidate, Reasoning, Task, Variant
from trm_lsp.core.verdict import Tier, Verdict
from trm_lsp.engine import refine as engine
from trm_lsp.nets.repair import RepairNet
from trm_lsp.patch.edits import texts_of
from trm_lsp.settings import Settings, load, pyproject_values

P = ParamSpec("P")
R = TypeVar("R")
TRM = "trm"
ARMS = (TRM, *(arm for arm in CONTROLS if arm not in ON_REQUEST))
ALL_ARMS = (TRM, *CONTROLS, *ABLATIONS)
"""With those that are run only where they are asked for: the net that lacks a part is another."""
SURVIVORS = 8
"""Of these the texts are told."""
STEPS = 1024
"""Supervision steps of a control: only its budget ends it, or the end of its line."""


class Moment(NamedTuple):
    """When something happened."""

    seconds: float
    """Wall time since the run began."""
    cpu: float
    """CPU seconds of all processes since this one began, its imports included."""
    work: float
    """Work units, by the engine's own meter; the baseline takes none."""
    tried: int
    """Candidates judged."""


class Report(NamedTuple):
    """What one run came to."""

    arm: str
    solved: bool
    """There is an answer that passes all it was shown, in the final verdict too."""
    halt: str
    """Why the run ended, one of HaltReason."""
    answer: Mapping[str, str]
    """Whole texts by path; empty when it is not solved."""
    survivors: Sequence[Mapping[str, str]]
    """The texts of the first ones that passed the whole suite, best first, the answer among them."""
    grade: str
    """Of the answer; empty when there is none."""
    tried: int
    """Candidates judged: every one begins in a screen."""
    work: float
    """Work units."""
    cpu: float
    """CPU seconds of all processes, imports and baseline included."""
    seconds: float
    baseline: Moment | None
    """The end of the baseline; None if it did not come to it."""
    first_judged: Moment | None
    """The first verdict on a candidate."""
    first_passed: Moment | None
    """The first candidate that passed the targets in a process of its own, whatever became of it later."""
    answered: Moment | None
    """When the answer itself first passed so; None when it is not solved."""
    screened_cpu: float
    """CPU seconds of all that was tried, in all processes: to make it, compile it, run it and draw conclusions.

    Not in it: what it takes to trace, to observe, and to confirm the few that pass.
    """
    memory: float
    """Peak resident memory of the engine's process, MB."""
    error: str
    """Why nothing could be measured; empty as a rule."""


class Watched:
    """A net that is looked at from outside: what it asks for goes through, and is counted."""

    def __init__(self, net: Net) -> None:
        self.name = net.name
        self._net = net
        self._began = time.monotonic()
        self._meter: Meter | None = None
        self._passed: dict[Texts, Moment] = {}
        """When each candidate first passed the targets in a process of its own."""
        self._besides = 0.0
        """CPU seconds in an experiment that are no part of its screen."""
        self.baseline: Moment | None = None
        self.first_judged: Moment | None = None
        self.first_passed: Moment | None = None
        self.screened, self.screened_cpu = 0, 0.0

    def start(self, x: X, seed: int) -> tuple[Candidate, Reasoning]:
        self.baseline = self.baseline or self.now()
        return self._net.start(x, seed)

    @overload
    def __call__(self, x: X, y: Candidate, z: Reasoning, /) -> Reasoning: ...
    @overload
    def __call__(self, y: Candidate, z: Reasoning, /) -> Candidate: ...
    def __call__(self, *state: X | Candidate | Reasoning) -> Reasoning | Candidate:
        match state:
            case (X() as x, Candidate() as y, Reasoning() as z):
                return self._think(x, y, z)
            case (Candidate() as y, Reasoning() as z):
                return self._net(y, z)
        raise TypeError("a net takes (x, y, z) or (y, z)")

    def _think(self, x: X, y: Candidate, z: Reasoning) -> Reasoning:
        watched = dataclasses.replace(
            x,
            judge=self._judging(x),
            tracer=self._apart(x.tracer),
            observer=self._apart(x.observer),
            comparer=self._apart(x.comparer),
        )
        self._besides = 0.0
        began = _cpu_before()
        z = self._net(watched, y, z)
        self.screened_cpu += _cpu_after() - began - self._besides
        return z

    def _judging(self, x: X) -> Judge:
        def judged(batch: Sequence[Variant], tier: Tier) -> Iterator[Verdict]:
            verdicts, variants = x.judge(batch, tier), iter(batch)
            following = partial(next, verdicts, None)
            ask = following if tier is Tier.SCREEN else self._apart(following)
            while (verdict := ask()) is not None:
                variant = next(variants)
                self.screened += tier is Tier.SCREEN
                self.first_judged = self.first_judged or self.now()
                if verdict.passed and verdict.tier is not Tier.SCREEN:
                    passed = self.now()
                    self.first_passed = self.first_passed or passed
                    self._passed.setdefault(changed(variant, x), passed)
                yield verdict

        return judged

    def _apart(self, act: Callable[P, R]) -> Callable[P, R]:
        """The same, its CPU not counted as that of a screen."""

        def acted(*args: P.args, **kwargs: P.kwargs) -> R:
            began = _cpu_before()
            try:
                return act(*args, **kwargs)
            finally:
                self._besides += _cpu_after() - began

        return acted

    def now(self) -> Moment:
        """Where the run stands."""
        work = self._meter.spent.work if self._meter else 0.0
        return Moment(time.monotonic() - self._began, _cpu_after(), work, self.screened)

    def passed(self, texts: Mapping[str, str]) -> Moment | None:
        """When a candidate first passed; None where it did so in no process of its own."""
        return self._passed.get(frozenset(texts.items()))

    def metered(self, budget: Budget, clock: Clock, cancelled: Callable[[], bool]) -> Meter:
        """The engine's meter, from which every moment takes its work."""
        self._meter = Meter(budget, clock, cancelled)
        return self._meter


Texts = frozenset[tuple[str, str]]
"""Whole texts by path, of the files that differ from the task's."""


def changed(variant: Variant, x: X) -> Texts:
    """What a variant makes of the task's texts."""
    # Not of all files: there may be some that are no texts.
    texts = texts_of(variant, {path: x.texts[path].text for path in {edit.path for edit in variant.edits}})
    return frozenset((path, text) for path, text in texts.items() if text != x.texts[path].text)


def _cpu_before() -> float:
    """CPU seconds of all processes so far, before a piece of work; looking is no part of it."""
    return below() + time.process_time()


def _cpu_after() -> float:
    """The same after it."""
    return time.process_time() + below()


def run(
    root: Path, tests: Sequence[str], python: Path, arm: str, *, seconds: float, seed: int, work: float | None = None
) -> Report:
    """Repair one workspace with one arm.

    The processes that run tests do so as the user's would, in the sandbox of
    this machine; where there is none, that is the error.
    """
    watched = Watched(CONTROLS[arm]() if arm in CONTROLS else RepairNet())
    task = Task(id="bench", root=str(root), tests=tuple(tests))
    settings = _settings(root, python, arm, seconds, work, seed)
    halted = None
    with ablated(arm), _standing_in(watched), closing(engine.refine(task, settings, ask=_plain)) as events:
        for event in events:
            if isinstance(event, Halted):
                halted, end = event, watched.now()  # its processes are still there to be counted
    assert halted is not None  # the last event is always Halted
    return _report(arm, halted, watched, end)


@contextmanager
def _standing_in(net: Watched) -> Iterator[None]:
    """Have the engine take this net for its own, and let it read the engine's meter."""
    with patch.dict(engine.NETS, {"repair": lambda: net}), patch.object(engine, "Meter", net.metered):
        yield


def _plain(question: Question) -> bool:
    """Whoever measures wants the tests to be run, and in a sandbox."""
    return question.kind == "command"


def _settings(root: Path, python: Path, arm: str, seconds: float, work: float | None, seed: int) -> Settings:
    """As the command line has them: what is typed, then the workspace's own, then the defaults."""
    loop = {"seed": seed, "steps": STEPS} if arm in CONTROLS else {"seed": seed}
    typed: dict[str, Any] = {"python": str(python), "budget": {"seconds": seconds, "work": work}, "loop": loop}
    values, _ = pyproject_values(root)
    return load(("the command line", typed), (str(root / "pyproject.toml"), values)).settings


def _report(arm: str, halted: Halted, watched: Watched, end: Moment) -> Report:
    proposal = halted.proposal if halted.solved else None
    survivors = [dict(attempt.texts) for attempt in (halted.z.survivors if halted.z else ())]
    return Report(
        arm=arm,
        solved=halted.solved,
        halt=str(halted.decision),
        answer=dict(proposal.texts) if proposal else {},
        survivors=survivors[:SURVIVORS],
        grade=proposal.grade if proposal else "",
        tried=end.tried,
        work=halted.spent.work,
        cpu=end.cpu,
        seconds=end.seconds,
        baseline=watched.baseline,
        first_judged=watched.first_judged,
        first_passed=watched.first_passed,
        answered=(watched.passed(proposal.texts) or end) if proposal else None,
        screened_cpu=watched.screened_cpu,
        memory=peak_memory(),
        error=halted.summary if halted.decision in {HaltReason.BROKEN, HaltReason.NOTHING} else "",
    )


def peak_memory() -> float:
    """The most that this process has held at once, MB."""
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024 / 1e6


def as_json(report: Report) -> str:
    """Moments as objects, too."""
    moments = {name: value._asdict() for name, value in report._asdict().items() if isinstance(value, Moment)}
    return json.dumps({**report._asdict(), **moments})


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.repairing", description="Repair one bug with one arm.")
    parser.add_argument("root", type=Path, help="the workspace")
    parser.add_argument("--arm", choices=ALL_ARMS, default=TRM)
    parser.add_argument("--tests", nargs="*", default=[], help="failing tests; none: all that fail")
    parser.add_argument("--python", type=Path, required=True, help="the interpreter that runs them")
    parser.add_argument("--seconds", type=float, default=60.0, help="what the run may take")
    parser.add_argument("--work", type=float, help="work units it may spend")
    parser.add_argument("--seed", type=int, default=0, help="seed of every random choice")
    parser.add_argument("--env", action="append", default=[], metavar="NAME=VALUE", help="what the tests need")
    given = parser.parse_args()
    # Only now, so that nothing of the workspace is on our own path.
    os.environ.update(dict(pair.split("=", 1) for pair in given.env))
    report = run(
        given.root.resolve(),
        given.tests,
        given.python.absolute(),
        given.arm,
        seconds=given.seconds,
        work=given.work,
        seed=given.seed,
    )
    print(as_json(report), flush=True)


if __name__ == "__main__":
    main()
