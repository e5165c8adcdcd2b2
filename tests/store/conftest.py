"""A workspace with its log, events to write into it, and other processes that do the same."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import trm_lsp
from trm_lsp.core import events
from trm_lsp.core.events import AnyEvent, Run
from trm_lsp.core.state import Candidate, Reasoning, Task
from trm_lsp.store import EventLog

KINDS: dict[str, tuple[type[Any], dict[str, Any]]] = {
    "run started": (events.RunStarted, {"task": Task(id="task", root="/srv"), "command": "pytest"}),
    "detached": (events.Detached, {"y": Candidate(), "z": Reasoning()}),
    "notice": (events.Notice, {"message": "Something to know."}),
    "step": (events.StepJudged, {"best": True, "verdict": {"tier": "cold"}}),
    "halted": (events.Halted, {"decision": "passed", "summary": ""}),
    "decided": (events.Decided, {"decision": "applied"}),
}


@pytest.fixture
def happened() -> Callable[..., AnyEvent]:
    """An event of a kind; `run`, `task_type`, `schema_version` and `seed` go to its run, the rest to itself."""

    def make(
        kind: str = "notice",
        seq: int = 0,
        *,
        run: str = "run-1",
        task_type: str = "fix/assertion",
        seed: int = 0,
        schema_version: int = events.SCHEMA,
        **fields: Any,
    ) -> AnyEvent:
        about = Run(
            id=run,
            root="/srv",
            task_type=task_type,
            net="repair",
            arm="trm",
            seed=seed,
            shape=events.Shape(),
            version="0.1.0",
            schema_version=schema_version,
        )
        event, defaults = KINDS[kind]
        if kind == "halted":
            fields.setdefault("solved", fields.get("decision", "passed") == "passed")
        made: AnyEvent = event(**{"run": about, "seq": seq, "time": 100.0 + seq, **defaults, **fields})
        return made

    return make


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "work"
    root.mkdir()
    return root


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """The user's state folder."""
    return tmp_path / "state"


@pytest.fixture
def log(root: Path, state: Path) -> Iterator[EventLog]:
    with EventLog(root, state=state) as log:
        yield log


PROLOGUE = """
import sys
from pathlib import Path
from trm_lsp.core.events import Notice, Run, Shape
from trm_lsp.store import EventLog, StoreError

def notice(seq, run="run-1", message="Something to know."):
    about = Run(id=run, root="/srv", task_type="fix", net="repair", arm="trm", seed=0, shape=Shape(), version="0.1.0")
    return Notice(run=about, seq=seq, time=0.0, message=message)

root, state, *arguments = map(str, sys.argv[1:])
root, state = Path(root), Path(state)
"""


@pytest.fixture
def process() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start another Python that runs a script with `notice(seq, run)`, `root`, `state` and `arguments` at hand."""
    started: list[subprocess.Popen[str]] = []

    def start(script: str, *arguments: object) -> subprocess.Popen[str]:
        started.append(
            subprocess.Popen(
                [sys.executable, "-c", PROLOGUE + script, *map(str, arguments)],
                cwd=Path(trm_lsp.__file__).parents[1],
                env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        )
        return started[-1]

    yield start
    for child in started:
        child.kill()
        child.communicate()
