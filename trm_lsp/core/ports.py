"""The ports: what the loop needs of the outside, and nothing else.

`X` is the only way to run code. A y-update does not get it, so it cannot.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, overload

from trm_lsp.core.behaviour import Comparison
from trm_lsp.core.state import BaseText, Candidate, Reasoning, Task, Variant
from trm_lsp.core.verdict import Frozen, Tier, Verdict


class Clock(Protocol):
    def now(self) -> float:
        """Seconds since the epoch: for the log."""

    def elapsed(self) -> float:
        """Seconds on a clock that never goes back: for budgets."""

    def cpu(self) -> float:
        """CPU seconds of this process and of the children it has reaped."""


class Random(Protocol):
    """What a net may draw from; it is seeded from z, so a run can be replayed."""

    def random(self) -> float: ...


class Judge(Protocol):
    """Runs the user's tests on candidates, in an isolated copy."""

    def __call__(self, batch: Sequence[Variant], tier: Tier) -> Iterator[Verdict]:
        """Yield one verdict a variant, in order.

        A tier this judge lacks is answered by the next stronger one, and the
        verdict says which. A screened test that timed out is no refusal: the
        screen cuts short, and what is slow may be right (see Verdict.cut).
        Raises `Stopped` when the run is cancelled or its
        budget is spent.
        """


class Trace(Frozen):
    """What the target tests executed: `lines[test][path]` are line numbers from 1."""

    lines: Mapping[str, Mapping[str, tuple[int, ...]]]
    passed: frozenset[str] = frozenset()


class Tracer(Protocol):
    def __call__(self, variant: Variant, tests: Sequence[str]) -> Trace:
        """Run `tests` on the variant and report the lines of the workspace they reached."""


class Slot(NamedTuple):
    """A place in y's text that an expression may fill; offsets count code points.

    An expression of a function; or, where `start` is `end`, the place before
    the statement that begins there, the first one of its line.
    """

    path: str
    start: int
    end: int


class Condition(NamedTuple):
    """Conditions that are true in the same recorded evaluations."""

    texts: tuple[str, ...]
    """The simplest first."""
    holds: tuple[bool, ...]
    """Whether they are true, of each recorded evaluation."""


class Values(Frozen):
    """What a slot saw while tests ran, and the small expressions that could stand there."""

    slot: Slot
    evaluations: int = 0
    """How often the tests reached it; 0 also where that cannot be known."""
    kinds: tuple[str, ...] = ()
    """Names of the types of what it gave."""
    shown: tuple[str, ...] = ()
    """What it gave, each value once, a few of them, in short: for the user to read."""
    classes: tuple[tuple[str, ...], ...] = ()
    """Texts of expressions that gave the same value in every recorded evaluation.

    The simplest of a class first, the classes in the order of their simplest.
    Where only its truth counts, as in the test of an `if`, expressions that
    were true in the same evaluations are one class. Texts have the
    parentheses they need to stand in the slot.
    """
    original: int | None = None
    """The number of the class that the text in the slot is in; None where it raised, or gave what is too large."""
    tests: tuple[str, ...] = ()
    """Of each recorded evaluation, the test it was made in."""
    wanted: tuple[tuple[str, ...], ...] = ()
    """Of a stub: classes of expressions that give what the tests compare its answers to, `shown` what that is."""
    conditions: tuple[Condition, ...] = ()
    """Before a statement: what could be asked there, in the order of their simplest."""
    names: tuple[tuple[str, str], ...] = ()
    """Before a statement: names in scope and the data of what they name (`self.items`), each with its type's name."""
    calls: tuple[tuple[str, int], ...] = ()
    """Before a statement: functions in scope and methods of the package's own objects, with the arguments they need."""


USUAL_SIZE = 3
"""Of the expressions that an observer looks for."""


def effort(size: int) -> int:
    """How many times as much as for the usual size the expressions of a slot may cost."""
    return 1 << 2 * max(0, size - USUAL_SIZE)


class Observer(Protocol):
    def __call__(
        self,
        variant: Variant,
        slots: Sequence[Slot],
        tests: Sequence[str],
        *,
        atoms: Sequence[str] = (),
        size: int = USUAL_SIZE,
        most: int = 2000,
        stubs: bool = False,
    ) -> tuple[Values, ...]:
        """Run `tests` once on the variant and say what each slot of its text saw, in order.

        `atoms`: literals, and dotted names of the module, that expressions may
        be made of beside what is in scope. `size`: how many operands and
        operations an expression has at most. `most`: how many classes are told. `stubs`: the slots are places
        before the bodies of functions that are not written: their calls give a
        value that agrees with whatever the tests compare it to.
        """


def unobserved(variant: Variant, slots: Sequence[Slot], *_: object, **__: object) -> tuple[Values, ...]:  # noqa: ARG001
    """An observer that knows nothing."""
    return tuple(Values(slot=slot) for slot in slots)


class Comparer(Protocol):
    def __call__(
        self, variants: Sequence[Variant], failing: Sequence[str], passing: Sequence[str], *, seed: int = 0
    ) -> Comparison:
        """What each variant does with the calls that these tests make, and with others like them.

        The first variant is the unchanged text. Calls are of the functions that
        the variants change, and of what the tests call to reach these.
        """


def uncompared(variants: Sequence[Variant], *_: object, **__: object) -> Comparison:
    """A comparer that knows nothing."""
    return Comparison(compared=tuple(False for _ in variants))


class Model(Protocol):
    """A language model; no net of this version needs one."""

    name: str

    def __call__(self, prompt: str, *, max_tokens: int) -> str: ...


class Tool(Protocol):
    """Something a z-update may ask beside the tests."""

    name: str

    def __call__(self, question: str) -> str: ...


@dataclass(frozen=True)
class X:
    """x as a net receives it: the task, and the only handles that run code."""

    task: Task
    task_type: str
    baseline: Verdict
    """The verdict on the unchanged texts: it holds the failing target tests."""
    texts: Mapping[str, BaseText]
    """Every text of the workspace by path, read on demand; buffers win."""
    editable: Set[str]
    """Paths a candidate may change."""
    judge: Judge
    tracer: Tracer
    tools: Mapping[str, Tool] = field(default_factory=dict)
    observer: Observer = unobserved
    comparer: Comparer = uncompared


class Net(Protocol):
    """The one thing that thinks: with x it updates z, without x it updates y."""

    @property
    def name(self) -> str: ...

    def start(self, x: X, seed: int) -> tuple[Candidate, Reasoning]:
        """The initial y (the unchanged text of the focus files) and z (the baseline's failures)."""

    @overload
    def __call__(self, x: X, y: Candidate, z: Reasoning, /) -> Reasoning: ...
    @overload
    def __call__(self, y: Candidate, z: Reasoning, /) -> Candidate: ...


class Store(Protocol):
    """What remembers: an append-only log of events, and the statistics read from it."""

    def append(self, event: Frozen) -> None: ...
