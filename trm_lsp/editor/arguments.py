"""What the commands take, checked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from trm_lsp.editor.refused import Refused


def _no_option(test: str) -> str:
    if test.startswith("-"):
        raise ValueError("a test id does not start with `-`")
    return test


TestId = Annotated[str, Field(min_length=1), AfterValidator(_no_option)]


class Argument(BaseModel):
    """The one object a command takes."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class FocusArgument(Argument):
    """Lines from 1, both ends included."""

    first_line: int = Field(ge=1)
    last_line: int = Field(ge=1)
    name: str = ""


class RefineArgument(Argument):
    """`trm.refine`: tests, or lines whose tests are found at run time, or neither: whatever fails."""

    uri: str = Field(min_length=1)
    tests: list[TestId] = Field(default_factory=list)
    focus: FocusArgument | None = None


class JobArgument(Argument):
    """`trm.apply` and `trm.discard`."""

    job: str = Field(min_length=1)


class CancelArgument(Argument):
    """`trm.cancel`: one job, or all of them."""

    job: str | None = None


class StatisticsArgument(Argument):
    """`trm.statistics`: the root a file belongs to, or all of them."""

    uri: str | None = None


A = TypeVar("A", bound=Argument)


def parse(model: type[A], command: str, args: Sequence[Any]) -> A:
    """The one object in `args`; none is an empty one. Raises Refused, naming what is wrong."""
    if len(args) > 1:
        raise Refused(f"{command} takes one object and was given {len(args)} arguments.")
    given = args[0] if args and args[0] is not None else {}
    try:
        return model.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"]) or "its argument"
        raise Refused(f"{command} cannot use {name}: {_said(first['msg'])} (it was given {given!r:.200}).") from error


def _said(message: str) -> str:
    message = message.removeprefix("Value error, ")
    return message[:1].lower() + message[1:]
