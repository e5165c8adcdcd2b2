"""What texts do with the same inputs: what a comparison found, and what a net made of it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from trm_lsp.core.verdict import Frozen


class Origin(StrEnum):
    """Where an input comes from."""

    FAILING = "failing"
    """A failing test makes this call."""
    PASSING = "passing"
    """A passing test does."""
    NEAR_FAILING = "near failing"
    """A call like one of a failing test."""
    NEAR_PASSING = "near passing"
    """A call like one of a passing test, and like none of a failing one that was varied."""


class Kind(StrEnum):
    """How a call ends."""

    GIVES = "gives"
    RAISES = "raises"
    ENDLESS = "endless"
    """It was cut after many turns of its loops."""
    UNKNOWN = "unknown"
    """It was not run, or what it did cannot be compared."""


class Did(NamedTuple):
    """What one text did with one input."""

    kind: Kind
    shown: str = ""
    """The value, or the exception's type and message."""
    left: str = ""
    """What it made of its arguments, where it changed them: `xs = [1]`."""
    exact: bool = False
    """Whether `shown` is an expression that gives the value."""

    @property
    def in_words(self) -> str:
        """`0`, `IndexError`, `None with xs = [1]`."""
        if self.kind is Kind.ENDLESS:
            return "no end in sight"
        said = self.shown.partition(":")[0] if self.kind is Kind.RAISES else self.shown
        return f"{said} with {self.left}" if self.left else said


class Input(Frozen):
    """A call, and what each text did with it, in the order they were given."""

    call: str
    """As a person reads it: `f([], 0)`."""
    origin: Origin
    did: tuple[Did, ...]
    exact: bool = False
    """Whether `call` can be typed as it stands, after `imports`."""
    imports: tuple[str, ...] = ()


class Example(Frozen):
    """An example in the docstring of a changed function, and what each text gave there."""

    call: str
    want: str
    got: tuple[str, ...]
    """By text, in the order they were given; empty where it did as the docstring says."""


class Comparison(Frozen):
    """What texts do with the same inputs."""

    inputs: tuple[Input, ...] = ()
    examples: tuple[Example, ...] = ()
    compared: tuple[bool, ...] = ()
    """By text, whether it could be compared at all."""
    left_out: tuple[str, ...] = ()
    """What was not compared, and why, in sentences."""


class Distinction(Frozen):
    """One input at which two survivors do different things."""

    call: str
    did: Mapping[str, Did]
    """By the key of the survivor; two of them."""
    exact: bool = False
    imports: tuple[str, ...] = ()


class Doubts(Frozen):
    """What doubting the survivors has shown."""

    keys: tuple[str, ...] = ()
    """Of the survivors that were doubted."""
    behaviours: tuple[tuple[str, ...], ...] = ()
    """Their keys by what they do: those of one behaviour did the same with every input. The likeliest first."""
    inputs: int = 0
    """Calls that were compared."""
    near: int = 0
    """Those of them that only passing tests, or nobody but calls like theirs, make."""
    moved: Mapping[str, int] = {}
    """By key, at how many of these it does something else than the unchanged code."""
    contradicts: Mapping[str, str] = {}
    """By key, the first example of a docstring that it contradicts, in words."""
    distinction: Distinction | None = None
    left_out: tuple[str, ...] = ()
