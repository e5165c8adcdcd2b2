"""The net without one of its parts each: what a part is worth is what is lost without it.

An ablation is an arm like the controls, run only when it is asked for by name
(`--arm without-values`). It replaces one function or number of the net in the
process of one run, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from typing import Any, NamedTuple
from unittest.mock import patch

from trm_lsp.core.ports import X
from trm_lsp.core.state import Attempt, Candidate, Reasoning
from trm_lsp.core.verdict import TestResult
from trm_lsp.nets.repair import doubting, looking, net, orienting, reading, survivors, synthesis
from trm_lsp.nets.repair import partial as partial_fixes
from trm_lsp.nets.repair.experiments import KINDS
from trm_lsp.nets.repair.hypotheses import Hypothesis

PREFIX = "without-"
EVEN_PRIOR = 0.5
"""Of every family, where they do not differ."""
Look = Callable[[X, Candidate, Reasoning], Reasoning]
Swap = Callable[[], AbstractContextManager[Any]]


class Ablation(NamedTuple):
    """One part that is taken away."""

    what: str
    """What the net does without it."""
    swaps: Sequence[Swap]


def _unseen(y: Candidate, z: Reasoning) -> Look | None:
    """Whatever is left when nothing is to be watched."""
    watched = y.digest, f"between {y.digest}", f"stubs {y.digest}"
    return looking.observation(y, z.model_copy(update={"observed": (*z.observed, *watched)}))


def _no_pairs(_singles: object, _texts: object, _z: Reasoning) -> list[Hypothesis]:
    return []


def _untaught(_self: reading.Reading, _verdict: object, _signature: str) -> float:
    return 1.0


def _as_found(attempts: Sequence[Attempt], _doubts: object) -> tuple[Attempt, ...]:
    return tuple(attempts)


def _by_rank(attempt: Attempt) -> tuple[tuple[int, int], float]:
    return attempt.verdict.score, attempt.rank


def _alike(
    localise: Callable[[X, Candidate, Reasoning, Sequence[TestResult]], Reasoning],
) -> Callable[[X, Candidate, Reasoning, Sequence[TestResult]], Reasoning]:
    def alike(x: X, y: Candidate, z: Reasoning, failing: Sequence[TestResult]) -> Reasoning:
        z = localise(x, y, z, failing)
        return z.model_copy(update={"suspicion": dict.fromkeys(z.suspicion, 1.0)})

    return alike


ABLATIONS = {
    f"{PREFIX}values": Ablation(
        "no expression is watched: nothing is synthesised, nothing inserted, no stub filled",
        [partial(patch.object, net, "observation", _unseen)],
    ),
    f"{PREFIX}pairs": Ablation(
        "no two edits are tried at once",
        [partial(patch.object, looking, "pairs", _no_pairs)],
    ),
    f"{PREFIX}deepening": Ablation(
        "no partial fix is built on",
        [partial(patch.object, partial_fixes, "DEEPEST", 1)],
    ),
    f"{PREFIX}evidence": Ablation(
        "refused edits say nothing about their place",
        [partial(patch.object, reading.Reading, "_evidence", _untaught)],
    ),
    f"{PREFIX}localisation": Ablation(
        "all places that the failing tests reach are as suspect as each other",
        [partial(patch.object, orienting, "localise", _alike(orienting.localise))],
    ),
    f"{PREFIX}priors": Ablation(
        "all kinds of edits are as likely as each other",
        [
            partial(patch.object, synthesis, "FIRST", EVEN_PRIOR),
            *(partial(patch.object, kind, "prior", EVEN_PRIOR) for kind in KINDS),
        ],
    ),
    f"{PREFIX}kinds-first": Ablation(
        "survivors are ordered by the rank they were tried with, the suspicion of their place included",
        [partial(patch.object, survivors, "_likelihood", _by_rank)],
    ),
    f"{PREFIX}comparing": Ablation(
        "what survivors do with other inputs does not order them",
        [partial(patch.object, doubting, "ordered", _as_found)],
    ),
}


@contextmanager
def ablated(arm: str) -> Iterator[None]:
    """The net without the part that an arm is named after; as it is for any other arm."""
    with ExitStack() as stack:
        for swap in ABLATIONS[arm].swaps if arm in ABLATIONS else ():
            stack.enter_context(swap())
        yield
