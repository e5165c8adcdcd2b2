"""Two edits of one function at once, of those that do not help alone.

A partial fix is the better way to a second edit, and it takes a test that says
so. Where two mistakes hide each other, no single edit is any nearer, and two at
once are all there is. Who has made a mistake may well have made it twice: of
the pairs of a family that has few edits in a function, each is likely.
"""

from __future__ import annotations

import heapq
import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence

from trm_lsp.core.state import Edit, Reasoning
from trm_lsp.nets.repair.families import Family
from trm_lsp.nets.repair.hypotheses import Hypothesis, apart, belief, function_of, rank

PAIRED, PAIRED_OF_FAMILY = 32, 16
"""Edits of a function that are paired, the likeliest of all and the likeliest of each family."""
PAIRS = 400
"""Pairs that are tried on a y, at most."""
TWICE = 0.5
"""How likely the second mistake is one of the family of the first."""
FIRST, FADING = 0.3, 0.995
"""Prior of the likeliest pair, and what is left of it from one to the next."""


class Pair(Family):
    """Two edits of other families. It has no changes of its own: they are what is tried alone."""

    name, prior, cost = "pair", FIRST, 2
    reason = "neither of the two helps alone"


def pairs(refused: Iterable[Hypothesis], z: Reasoning) -> list[Hypothesis]:
    """The likeliest pairs of single edits, of one function each that a screen can judge, at places that are suspect.

    `refused`: those that were tried alone.
    """
    functions: dict[str, dict[tuple[Edit, ...], Hypothesis]] = defaultdict(dict)
    helped = {attempt.commit.edits for attempt in z.partial}
    for single in refused:
        if rank(single, z) > 0 and single.edits not in helped and not _alone(single.place, z):
            functions[function_of(single.place)].setdefault(single.edits, single)
    found = itertools.chain.from_iterable(_of_one(list(function.values()), z) for function in functions.values())
    likeliest = heapq.nsmallest(PAIRS, found, key=lambda pair: (-pair[0], pair[1].edits, pair[2].edits))
    return [_joined(one, other, FIRST * FADING**number, z) for number, (_, one, other) in enumerate(likeliest)]


def _alone(place: str, z: Reasoning) -> bool:
    """Whether candidates at a place take processes of their own."""
    return apart(place, z) or function_of(place).endswith("::<module>")


def _of_one(singles: Sequence[Hypothesis], z: Reasoning) -> Iterator[tuple[float, Hypothesis, Hypothesis]]:
    """Pairs of one function, and how likely each is beside the others."""
    ranks = {single.edits: rank(single, z) for single in singles}
    total, sizes = sum(ranks.values()), Counter(single.family for single in singles)
    ordered = sorted(singles, key=lambda single: (-ranks[single.edits], single.edits))
    families: dict[str, list[Hypothesis]] = defaultdict(list)
    for single in ordered:
        families[single.family].append(single)
    likely = [itertools.combinations(ordered[:PAIRED], 2)]
    likely += [itertools.combinations(family[:PAIRED_OF_FAMILY], 2) for family in families.values()]
    for one, other in dict.fromkeys(itertools.chain.from_iterable(likely)):
        alike = TWICE / sizes[one.family] if one.family == other.family else 0.0
        if not overlap(one.edits, other.edits):
            second = alike + (1.0 - TWICE) * ranks[other.edits] / total
            yield ranks[one.edits] * second, one, other


def _joined(one: Hypothesis, other: Hypothesis, prior: float, z: Reasoning) -> Hypothesis:
    """Both in one, at the less suspect of their places."""
    first, second = sorted((one, other), key=lambda single: single.edits)
    return Hypothesis(
        edits=tuple(sorted((*one.edits, *other.edits))),
        family=Pair.name,
        what=f"{first.what} and (line {second.line}) {second.what}",
        place=min(one.place, other.place, key=lambda place: belief(place, z)),
        line=first.line,
        cost=Pair.cost,
        prior=prior,
    )


def overlap(some: Sequence[Edit], others: Sequence[Edit]) -> bool:
    """Whether edits touch the same text, so that they cannot both be made."""
    return any(
        a.path == b.path and ((a.start < b.end and b.start < a.end) or a.start == a.end == b.start == b.end)
        for a in some
        for b in others
    )
