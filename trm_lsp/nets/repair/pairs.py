"""Two edits of one function at once.

A partial fix is the better way to a second edit, and it takes a test that says
so. Where two mistakes hide each other, no single edit is any nearer, and two at
once are all there is. Who has made a mistake may well have made it twice: the
same change at two places is likely, and so is any pair of a family that has
few edits in the function.
"""

from __future__ import annotations

import heapq
import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from trm_lsp.core.state import Edit, Reasoning
from trm_lsp.nets.repair.families import Family
from trm_lsp.nets.repair.hypotheses import Hypothesis, apart, belief, function_of, rank

PAIRED, PAIRED_ALIKE = 32, 24
"""Edits of a function that are paired: the likeliest of all, and of each family, and of each change."""
PAIRS = 2000
"""Pairs that are tried on a y, at most."""
SAME, ALIKE = 0.3, 0.2
"""How likely the second mistake is the same as the first one, and how likely it is another one of its family."""
_HOLE = "\0"
MOST, LIKELY = 0.3, 3.0
"""Prior of a pair at most, and how many times as large it is as both edits are likely at once."""


class Pair(Family):
    """Two edits of other families. It has no changes of its own: they are what is tried alone."""

    name, prior, cost = "pair", MOST, 2
    reason = "neither of the two helps alone"


def pairs(singles: Iterable[Hypothesis], texts: Mapping[str, str], z: Reasoning) -> list[Hypothesis]:
    """The likeliest pairs of single edits of some texts, of one function each that a screen can judge, where suspect.

    What is known to help alone is left out.
    """
    functions: dict[str, dict[tuple[Edit, ...], Hypothesis]] = defaultdict(dict)
    helped = {attempt.commit.edits for attempt in z.partial}
    for single in singles:
        if rank(single, z) > 0 and single.edits not in helped and not _alone(single.place, z):
            functions[function_of(single.place)].setdefault(single.edits, single)
    found = itertools.chain.from_iterable(_of_one(list(function.values()), texts, z) for function in functions.values())
    likeliest = heapq.nsmallest(PAIRS, found, key=lambda pair: (-pair[0], pair[1].edits, pair[2].edits))
    return [_joined(one, other, likely, z) for likely, one, other in likeliest]


def _alone(place: str, z: Reasoning) -> bool:
    """Whether candidates at a place take processes of their own."""
    return apart(place, z) or function_of(place).endswith("::<module>")


def _of_one(
    singles: Sequence[Hypothesis], texts: Mapping[str, str], z: Reasoning
) -> Iterator[tuple[float, Hypothesis, Hypothesis]]:
    """Pairs of one function, and how likely each is beside the others."""
    ranks = {single.edits: rank(single, z) for single in singles}
    total = sum(ranks.values())
    ordered = sorted(singles, key=lambda single: (-ranks[single.edits], single.edits))
    families: dict[str, list[Hypothesis]] = defaultdict(list)
    changes: dict[tuple[str, ...], list[Hypothesis]] = defaultdict(list)
    made = {single.edits: _change(single, texts) for single in singles}
    for single in ordered:
        families[single.family].append(single)
        changes[made[single.edits]].append(single)
    likely = [itertools.combinations(ordered[:PAIRED], 2)]
    likely += [itertools.combinations(alike[:PAIRED_ALIKE], 2) for alike in (*families.values(), *changes.values())]
    for one, other in dict.fromkeys(itertools.chain.from_iterable(likely)):
        if not overlap(one.edits, other.edits):
            same = SAME / len(changes[made[one.edits]]) if made[one.edits] == made[other.edits] else 0.0
            alike = ALIKE / len(families[one.family]) if one.family == other.family else 0.0
            second = same + alike + (1.0 - SAME - ALIKE) * ranks[other.edits] / total
            yield ranks[one.edits] * second, one, other


def _change(single: Hypothesis, texts: Mapping[str, str]) -> tuple[str, ...]:
    """What an edit does, wherever it does it: that it puts `f(…)` around something, or one name for another."""
    done = []
    for edit in single.edits:
        old = texts[edit.path][edit.start : edit.end]
        kept = old and old in edit.text
        done.append(edit.text.replace(old, _HOLE, 1) if kept else f"{old}{_HOLE}{edit.text}")
    return single.family, *done


def _joined(one: Hypothesis, other: Hypothesis, likely: float, z: Reasoning) -> Hypothesis:
    """Both in one, at the less suspect of their places."""
    place = min(one.place, other.place, key=lambda place: belief(place, z))
    first, second = sorted((one, other), key=lambda single: single.edits)
    return Hypothesis(
        edits=tuple(sorted((*one.edits, *other.edits))),
        family=Pair.name,
        what=f"{first.what} and (line {second.line}) {second.what}",
        place=place,
        line=first.line,
        cost=Pair.cost,
        prior=min(MOST, LIKELY * likely / belief(place, z)),
        parts=(first, second),
    )


def overlap(some: Sequence[Edit], others: Sequence[Edit]) -> bool:
    """Whether edits touch the same text, so that they cannot both be made."""
    return any(
        a.path == b.path and ((a.start < b.end and b.start < a.end) or a.start == a.end == b.start == b.end)
        for a in some
        for b in others
    )
