"""Doubt survivors: what they do with inputs that no test has, and which of them are one behaviour."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from trm_lsp.core.behaviour import Comparison, Did, Distinction, Doubts, Input, Kind, Origin
from trm_lsp.core.ports import X
from trm_lsp.core.state import Attempt, Reasoning, Variant

LEAST_NEAR = 4
"""Calls near those of passing tests, without which nothing is said about what a survivor changes there."""
MOST_MOVED = 0.5
"""The share of them that it may change before others go first."""
_FLOAT = re.compile(r"-?\d+\.\d+(?:e[+-]?\d+)?")
_FROM_PASSING = (Origin.PASSING, Origin.NEAR_PASSING)


def doubt(x: X, z: Reasoning) -> Reasoning:
    """Compare the survivors with each other, and with the unchanged text; z itself when that is done already."""
    if z.doubts is not None and {attempt.key for attempt in z.survivors} <= set(z.doubts.keys):
        return z
    results = x.baseline.results
    failing = [test for test in x.baseline.failing if test in x.baseline.by_id]
    files = {test.partition("::")[0] for test in failing}
    passing = [result.id for result in results if result.passed]
    passing.sort(key=lambda test: test.partition("::")[0] not in files)
    variants = [Variant({}), *(Variant(attempt.texts) for attempt in z.survivors)]
    doubts = concluded(z.survivors, x.comparer(variants, failing, passing, seed=z.seed))
    survivors = ordered(z.survivors, doubts)
    return z.model_copy(update={"doubts": doubts, "survivors": survivors}).think(_thought(doubts))


def concluded(survivors: Sequence[Attempt], comparison: Comparison) -> Doubts:
    """What a comparison of the unchanged text and the survivors, in their order, says about these."""
    numbers = {attempt.key: number for number, attempt in enumerate(survivors, 1)}
    near = [one for one in comparison.inputs if one.origin in _FROM_PASSING]
    found = Doubts(
        keys=tuple(numbers),
        inputs=len(comparison.inputs),
        near=len(near),
        moved={
            key: sum(differs(one.did[0], one.did[number]) for one in near)
            for key, number in numbers.items()
            if comparison.compared[number]
        },
        contradicts=_contradictions(comparison, numbers),
        left_out=comparison.left_out,
    )
    behaviours = _behaviours(comparison, {attempt.key: numbers[attempt.key] for attempt in ordered(survivors, found)})
    distinction = _distinction(comparison, behaviours, numbers)
    return found.model_copy(update={"behaviours": behaviours, "distinction": distinction})


def _contradictions(comparison: Comparison, numbers: Mapping[str, int]) -> dict[str, str]:
    """The first example of a docstring that each survivor contradicts."""
    found: dict[str, str] = {}
    for example in comparison.examples:
        for key, number in numbers.items():
            if example.got[number]:
                said = f"the docstring says that `{example.call}` gives {example.want}, it gives {example.got[number]}"
                found.setdefault(key, said)
    return found


def _behaviours(comparison: Comparison, numbers: Mapping[str, int]) -> tuple[tuple[str, ...], ...]:
    """Survivors that nothing tells apart, together; one that could not be compared is by itself."""
    groups: list[list[str]] = []
    for key, number in numbers.items():
        like = (group for group in groups if not _apart(comparison, numbers[group[0]], number))
        group = next(like, None)
        if group is None:
            groups.append([key])
        else:
            group.append(key)
    return tuple(tuple(group) for group in groups)


def _apart(comparison: Comparison, one: int, other: int) -> bool:
    """Whether two texts do different things somewhere, or nothing is known of one of them."""
    pairs = [(each.did[one], each.did[other]) for each in comparison.inputs]
    known = [pair for pair in pairs if Kind.UNKNOWN not in (pair[0].kind, pair[1].kind)]
    return not known or any(differs(*pair) for pair in known)


def differs(one: Did, other: Did) -> bool:
    """Whether two outcomes are two: values that are not the same, or one where the other has none.

    Two exceptions are one outcome, for which of them comes first is seldom
    meant; so are floats that differ in their last digits.
    """
    if Kind.UNKNOWN in (one.kind, other.kind):
        return False
    if Kind.GIVES not in (one.kind, other.kind):
        return False
    return one.kind is not other.kind or _rounded(one) != _rounded(other)


def _rounded(did: Did) -> tuple[str, str]:
    shown, left = (_FLOAT.sub(lambda found: f"{float(found.group()):.10g}", text) for text in (did.shown, did.left))
    return shown, left


def ordered(survivors: Sequence[Attempt], doubts: Doubts) -> tuple[Attempt, ...]:
    """Survivors, those last that contradict a docstring, before them those that change most of what passes.

    Otherwise as they were: a few calls more or less say nothing about who is right.
    """

    def doubtful(attempt: Attempt) -> tuple[bool, bool]:
        moved = doubts.near >= LEAST_NEAR and doubts.moved.get(attempt.key, 0) > MOST_MOVED * doubts.near
        return attempt.key in doubts.contradicts, moved

    return tuple(sorted(survivors, key=doubtful))


def _distinction(
    comparison: Comparison, behaviours: Sequence[Sequence[str]], numbers: Mapping[str, int]
) -> Distinction | None:
    """The simplest input at which the likeliest behaviour and the next one that differs from it there do so."""
    first = numbers[behaviours[0][0]]
    for rival in behaviours[1:]:
        other = numbers[rival[0]]
        apart = [one for one in comparison.inputs if differs(one.did[first], one.did[other])]
        if apart:
            best = min(apart, key=lambda one: _difficulty(one, first, other))
            return Distinction(
                call=best.call,
                did={behaviours[0][0]: best.did[first], rival[0]: best.did[other]},
                exact=best.exact,
                imports=best.imports,
            )
    return None


def _difficulty(one: Input, first: int, other: int) -> tuple[bool, int, int, int]:
    """How hard an input is to judge for whoever is asked: one that cannot be typed, or where something is raised."""
    raises = sum(one.did[number].kind is not Kind.GIVES for number in (first, other))
    said = len(one.did[first].in_words) + len(one.did[other].in_words)
    return (not one.exact, raises, len(one.call) + said, len(one.call))


def counted(count: int, noun: str) -> str:
    """`1 call`, `2 calls`."""
    return f"{count} {noun}{'s' * (count != 1)}"


def _thought(doubts: Doubts) -> str:
    answers = counted(len(doubts.keys), "answer")
    if not doubts.inputs:
        return f"Doubted {answers}: no call could be compared."
    count = len(doubts.behaviours)
    alike = "one behaviour" if count == 1 else f"{count} behaviours"
    said = f"Doubted {answers} with {counted(doubts.inputs, 'call')}: {alike}"
    if doubts.distinction is None:
        return f"{said}."
    one, other = (did.in_words for did in doubts.distinction.did.values())
    return f"{said}; at `{doubts.distinction.call}` two of them differ: {one} or {other}."
