"""What the server and an engine process say to each other: one JSON object a line.

The server sends requests; the engine answers with `Reply` lines, and for a
refinement with the events of `core.events` before it, wrapped in `Said`. Now
and then the engine asks what only the user may decide: an `Ask` line, which
the server answers with a `Consent`.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field, TypeAdapter

from trm_lsp.core.consent import Question
from trm_lsp.core.events import AnyEvent, Decided
from trm_lsp.core.state import Task
from trm_lsp.core.verdict import Frozen
from trm_lsp.settings.model import Settings

PROTOCOL = 2


class Refine(Frozen):
    """Run the loop on a task; events follow, then a reply."""

    ask: Literal["refine"] = "refine"
    task: Task
    settings: Settings


class Cancel(Frozen):
    """End the running task `id` with its best so far. No reply of its own: the run's `Halted` says it."""

    ask: Literal["cancel"] = "cancel"
    id: str


class Consent(Frozen):
    """What the user said to the question `key` of the running task `id`. No reply of its own: the run goes on."""

    ask: Literal["consent"] = "consent"
    id: str
    key: str
    yes: bool


class Statistics(Frozen):
    """Ask for what the workspace remembers, as a Markdown document."""

    ask: Literal["statistics"] = "statistics"
    root: str
    settings: Settings


class Remember(Frozen):
    """Append what the user did with a proposal to the log."""

    ask: Literal["remember"] = "remember"
    decided: Decided


Request: TypeAlias = Annotated[Refine | Cancel | Consent | Statistics | Remember, Field(discriminator="ask")]


class Hello(Frozen):
    """The engine's first line."""

    say: Literal["hello"] = "hello"
    protocol: int = PROTOCOL
    version: str


class Said(Frozen):
    """An event of the running task `id`."""

    say: Literal["event"] = "event"
    id: str
    event: AnyEvent


class Ask(Frozen):
    """A question to the user, from the running task `id`; the run waits for a `Consent`, or a cancel."""

    say: Literal["ask"] = "ask"
    id: str
    question: Question


class Reply(Frozen):
    """The end of a request: its result as text, or the one sentence that says why there is none."""

    say: Literal["reply"] = "reply"
    id: str
    """The task's id for a refinement, else the name of the request."""
    text: str = ""
    error: str = ""


Answer: TypeAlias = Annotated[Hello | Said | Ask | Reply, Field(discriminator="say")]

_REQUESTS: TypeAdapter[Request] = TypeAdapter(Request)
_ANSWERS: TypeAdapter[Answer] = TypeAdapter(Answer)


def dump(message: Frozen) -> bytes:
    """One line, newline included."""
    return message.model_dump_json().encode("utf-8") + b"\n"


def load_request(line: bytes) -> Request:
    """Raises pydantic.ValidationError when the line is not a request."""
    return _REQUESTS.validate_json(line)


def load_answer(line: bytes) -> Answer:
    """Raises pydantic.ValidationError when the line is not an answer."""
    return _ANSWERS.validate_json(line)
