"""Events as the loop tells them, with all that a test does not care about filled in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from trm_lsp.core import events
from trm_lsp.core.events import AnyEvent, Run, Shape
from trm_lsp.core.state import Candidate, Reasoning, Task
from trm_lsp.core.verdict import Outcome, TestResult, Tier, Verdict

KINDS: dict[str, tuple[type[Any], dict[str, Any]]] = {
    "run started": (events.RunStarted, {"task": Task(id="task", root="/srv"), "command": "pytest"}),
    "z": (events.ZUpdated, {"cycle": 1, "i": 1}),
    "y": (events.YUpdated, {"cycle": 1, "change": "committed"}),
    "detached": (events.Detached, {"y": Candidate(), "z": Reasoning()}),
    "notice": (events.Notice, {"message": "Something to know."}),
    "baseline": (events.BaselineJudged, {}),
    "step": (events.StepJudged, {"best": True, "skills": ("compare",)}),
    "halted": (events.Halted, {"decision": "passed", "summary": ""}),
    "decided": (events.Decided, {"decision": "discarded"}),
}


@pytest.fixture
def verdict() -> Callable[..., Verdict]:
    """A verdict on `targets` target tests of which `failing` fail."""

    def made(*, failing: int, targets: int = 3) -> Verdict:
        ids = tuple(f"test_{number}" for number in range(targets))
        outcomes = [Outcome.FAILED] * failing + [Outcome.PASSED] * (targets - failing)
        results = tuple(TestResult(id=id, outcome=outcome) for id, outcome in zip(ids, outcomes, strict=True))
        return Verdict(tier=Tier.COLD, results=results, targets=ids)

    return made


@pytest.fixture
def happened() -> Callable[..., AnyEvent]:
    """An event of a kind; `run`, `task_type`, `net`, `T` and `n` go to its run, the rest to itself."""

    def make(
        kind: str,
        *,
        run: str = "run-1",
        task_type: str = "fix/assertion",
        net: str = "repair",
        T: int = 3,
        n: int = 6,
        **fields: Any,
    ) -> AnyEvent:
        shape = Shape(T=T, n=n)
        about = Run(id=run, root="/srv", task_type=task_type, net=net, arm="trm", seed=0, shape=shape, version="0.1.0")
        event, defaults = KINDS[kind]
        if kind == "halted":
            fields.setdefault("solved", fields.get("decision", "passed") == "passed")
        made: AnyEvent = event(**{"run": about, "seq": 0, "time": 0.0, **defaults, **fields})
        return made

    return make
