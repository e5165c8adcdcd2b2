"""What happened, as facts. The log is append-only: what is left out cannot be added later."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, TypeAdapter

from trm_lsp.core.budget import Spent
from trm_lsp.core.halting import HaltReason
from trm_lsp.core.state import Candidate, Edit, Reasoning, Task
from trm_lsp.core.verdict import Counts, Frozen, Verdict

SCHEMA = 1
"""Version of the event fields; a reader refuses what is newer than it knows."""


class Shape(Frozen):
    """The recursion's shape."""

    T: int = Field(3, ge=1, le=64)
    """Cycles a supervision step."""
    n: int = Field(6, ge=1, le=256)
    """Updates of z a cycle."""
    N_sup: int = Field(64, ge=1, le=1024)
    """Supervision steps at most."""


class Run(Frozen):
    """What is true of the whole run; every event repeats it."""

    id: str
    root: str
    task_type: str
    """A short path such as `fix/exception/IndexError`."""
    net: str
    arm: str
    seed: int
    shape: Shape
    version: str
    schema_version: int = SCHEMA


class Event(Frozen):
    """What every event carries."""

    run: Run
    seq: int
    time: float
    """Seconds since the epoch."""
    step: int = 0
    spent: Spent = Spent()
    counts: Counts = Counts()
    """Of the best verdict so far."""
    skills: tuple[str, ...] = ()
    """Edit families that y is made of."""
    halt: HaltReason | None = None


class RunStarted(Event):
    event: Literal["run started"] = "run started"
    task: Task
    command: str
    """The test command, as the user would type it."""
    python: str = ""


class BaselineJudged(Event):
    event: Literal["baseline"] = "baseline"
    verdict: Verdict


class ZUpdated(Event):
    event: Literal["z"] = "z"
    cycle: int
    i: int
    thought: str = ""


class YUpdated(Event):
    event: Literal["y"] = "y"
    cycle: int
    change: Literal["kept", "committed", "exchanged", "retracted"]
    reason: str = ""


class StepJudged(Event):
    event: Literal["step"] = "step"
    verdict: Verdict
    best: bool
    """Whether y is the best so far."""


class Detached(Event):
    """The resume point: y and z as the next step receives them."""

    event: Literal["detached"] = "detached"
    y: Candidate
    z: Reasoning


class Notice(Event):
    """One sentence for the user."""

    event: Literal["notice"] = "notice"
    message: str


class Hunk(Frozen):
    """One change of a proposal, against the task's text."""

    path: str
    start: int
    end: int
    """Code points into the task's text of `path`."""
    before: str
    after: str
    first_line: int
    """Line of `start`, counted from 1."""


Grade: TypeAlias = Literal["unique", "rivals", "special-cases the tests", "not confirmed"]


class PossibleAnswer(Frozen):
    """What an open question can be answered with."""

    outcome: str
    """What the call does then: `0`, `IndexError`."""
    diff: str
    """The change that does so, against the task's texts."""
    test: Hunk | None = None
    """Adds a test that says so to the file of the failing test. Offered, never applied by itself.

    None where the outcome cannot be written down as one.
    """


class OpenQuestion(Frozen):
    """What the tests leave open: two changes pass and differ. Nothing waits for an answer."""

    text: str
    """`These two differ at f([]): 0 or IndexError.`"""
    call: str
    answers: tuple[PossibleAnswer, ...] = ()
    """Two, that of the proposal first."""


class Proposal(Frozen):
    """A y as the user sees it."""

    hunks: tuple[Hunk, ...] = ()
    diff: str = ""
    texts: Mapping[str, str] = Field(default_factory=dict)
    """The whole new text of each touched file."""
    base_digests: Mapping[str, str] = Field(default_factory=dict)
    versions: Mapping[str, int | None] = Field(default_factory=dict)
    edits: tuple[Edit, ...] = ()
    passes: int = 0
    """Tests that pass with it in the final cold run."""
    grade: Grade = "not confirmed"
    why: tuple[str, ...] = ()
    """The reasoning in plain sentences."""
    question: OpenQuestion | None = None
    """Where another behaviour passes too, what tells the two apart."""


class Halted(Event):
    """The end of every run, however it came about."""

    event: Literal["halted"] = "halted"
    decision: HaltReason
    solved: bool
    summary: str
    """What happened, in one sentence."""
    verdict: Verdict | None = None
    proposal: Proposal | None = None
    """The passing y, or the best so far; None when there is nothing to show."""
    depth: int = 0
    """Supervision steps used."""
    z: Reasoning | None = None


class Decided(Event):
    """What the user did with a proposal."""

    event: Literal["decided"] = "decided"
    decision: Literal["applied", "discarded"]
    files: tuple[str, ...] = ()


AnyEvent: TypeAlias = Annotated[
    RunStarted | BaselineJudged | ZUpdated | YUpdated | StepJudged | Detached | Notice | Halted | Decided,
    Field(discriminator="event"),
]

_ADAPTER: TypeAdapter[AnyEvent] = TypeAdapter(AnyEvent)


def load_event(line: str | bytes) -> AnyEvent:
    """Read one line of an event stream. Raises pydantic.ValidationError when it is not an event."""
    return _ADAPTER.validate_json(line)
