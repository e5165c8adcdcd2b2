"""The net against each control, bug by bug at equal work, and what follows from that by the project's own contract.

Each pair of runs is compared up to the same number of work units: the less of
what the two had spent when their budgets ended. An arm that ended of its own
accord, for want of anything to try, could have spent any amount. With a
budget in work units both get that budget; with one in seconds, what is equal
differs from bug to bug.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from bench.editor import Row
from bench.paired import Estimate, e_value, estimate, geometric_mean, mcnemar, median, of_totals
from bench.repairing import ALL_ARMS, TRM
from bench.runs import Run
from bench.tasks import ONE, OWN, TWO
from trm_lsp.core.halting import HaltReason

FALSIFIER = "flat"
"""The control that the net must beat to be the default."""
LEAST_SAVED, LEAST_EVIDENCE = 0.15, 20.0
"""What the contract asks: so much less work on one-edit bugs, and such an e-value on two-edit bugs."""
ONE_EDIT, TWO_EDITS = "one edit", "two edits"
"""Kinds of our own bugs."""

Pair = tuple[Run, Run]
"""The net's run and the control's on the same bug."""


class Saved(NamedTuple):
    """Work to the first passing patch, on the bugs for which at least one of the two finds one."""

    works: Sequence[tuple[float, float]]
    """Ours and the control's."""
    ours: int
    theirs: int
    """How many each finds at equal work."""
    seed: int

    @property
    def ratio(self) -> Estimate | None:
        """Ours over the control's; None without pairs.

        The geometric mean: easy bugs are found in the first batch by both, so
        that the median is 1 where they are many, and the total is that of a
        few hard ones.
        """
        return estimate(geometric_mean, self.works, self.seed) if self.works else None


class Solved(NamedTuple):
    """Bugs solved at equal work."""

    ours: int
    theirs: int
    only: int
    others: int
    """Solved by the net alone, and by the control alone."""

    @property
    def evidence(self) -> float:
        return e_value(self.only, self.others)


def against_rows(runs: Sequence[Run], seed: int) -> Iterator[Row]:
    """The net against each control."""
    for control in (arm for arm in ALL_ARMS if arm != TRM):
        if singles := one_edit_pairs(runs, control):
            found = saved(singles, seed)
            target = "15 %" if control == FALSIFIER else "-"
            said = f"{found.ours} found by trm, {found.theirs} by {control}, of {len(singles)}"
            yield Row(f"work saved on one-edit bugs, against {control}", _saved(found), target, said)
        if doubles := two_edit_pairs(runs, control):
            more, count = solved(doubles), len(doubles)
            target = "e-value 20" if control == FALSIFIER else "-"
            ours = f"{more.ours} of {count} (trm alone {more.only}, {control} alone {more.others})"
            said = f"{control} {more.theirs} of {count}; McNemar's p {mcnemar(more.only, more.others):.3g}"
            figure = f"two-edit bugs solved at equal work, against {control}"
            yield Row(figure, f"{ours}; e-value {more.evidence:.3g}", target, said)


def contract(runs: Sequence[Run], seed: int) -> str:
    """What follows from the comparison with `flat`, in a sentence; empty where one half of it was not measured.

    The contract: unless `trm` saves 15 % of the work on one-edit bugs and
    solves more two-edit bugs with an e-value of 20, `flat` becomes the default.
    """
    singles, doubles = one_edit_pairs(runs, FALSIFIER), two_edit_pairs(runs, FALSIFIER)
    if not singles or not doubles:
        return ""
    work, more = saved(singles, seed), solved(doubles)
    saves = work.ratio is not None and 1 - work.ratio.value >= LEAST_SAVED
    solves = more.only > more.others and more.evidence >= LEAST_EVIDENCE
    kept = "`trm` stays the default" if saves and solves else f"`{FALSIFIER}` becomes the default"
    return (
        f"On {len(singles)} one-edit bugs `trm` saves {_saved(work)} of `{FALSIFIER}`'s work; 15 % are asked: "
        f"{_met(saves)}. Of {len(doubles)} two-edit bugs it solves {more.only} that `{FALSIFIER}` does not, which "
        f"solves {more.others} others (e-value {more.evidence:.3g}); 20 is asked: {_met(solves)}. "
        f"By the contract, {kept}."
    )


def _met(yes: bool) -> str:
    return "met" if yes else "not met"


def one_edit_pairs(runs: Sequence[Run], control: str) -> list[Pair]:
    return _pairs(runs, control, lambda run: run.set == ONE or (run.set == OWN and ONE_EDIT in run.kinds))


def two_edit_pairs(runs: Sequence[Run], control: str) -> list[Pair]:
    """Those with hidden tests: solved is correct."""
    pairs = _pairs(runs, control, lambda run: run.set == TWO or (run.set == OWN and TWO_EDITS in run.kinds))
    return [pair for pair in pairs if not pair[0].single]


def _pairs(runs: Sequence[Run], control: str, chosen: Callable[[Run], bool]) -> list[Pair]:
    other = {(run.set, run.task): run for run in runs if run.arm == control and chosen(run)}
    ours = [run for run in runs if run.arm == TRM and (run.set, run.task) in other]
    return [(run, other[run.set, run.task]) for run in ours]


def limit(pair: Pair) -> float:
    """The work that both could have spent."""
    return min(run.work if run.halt == HaltReason.BUDGET else math.inf for run in pair)


def saved(pairs: Sequence[Pair], seed: int) -> Saved:
    """Whoever finds nothing is charged with all the equal work: at least what the other one took."""
    found = [(pair, [_finds(run, limit(pair)) for run in pair]) for pair in pairs]
    some = [(_works(pair), finds) for pair, finds in found if any(finds)]
    works = [works for works, _ in some if min(works) > 0]
    return Saved(works, sum(finds[0] for _, finds in some), sum(finds[1] for _, finds in some), seed)


def _works(pair: Pair) -> tuple[float, float]:
    equal = limit(pair)
    in_vain = equal if equal < math.inf else max(run.work for run in pair)
    one, other = (_work(run) if _finds(run, equal) else in_vain for run in pair)
    return one, other


def _finds(run: Run, equal: float) -> bool:
    return run.first_passed is not None and run.first_passed["work"] <= equal


def _work(run: Run) -> float:
    assert run.first_passed is not None
    return run.first_passed["work"]


def solved(pairs: Sequence[Pair]) -> Solved:
    """A patch that passes what is shown and fails what is hidden solves nothing."""
    outcomes = [tuple(run.correct and _finds(run, limit(pair)) for run in pair) for pair in pairs]
    ours, theirs = (sum(outcome[which] for outcome in outcomes) for which in (0, 1))
    return Solved(ours, theirs, outcomes.count((True, False)), outcomes.count((False, True)))


def _saved(found: Saved) -> str:
    ratio = found.ratio
    if ratio is None:
        return "nothing, for none is found,"
    value, low, high = map(_percent, (ratio.value, ratio.high, ratio.low))
    besides = f"median {_percent(median(found.works))} %, of the total {_percent(of_totals(found.works))} %"
    return f"{value} % ({low} to {high} %; mean of {len(found.works)} pairs; {besides})"


def _percent(ratio: float) -> str:
    return f"{100 * (1 - ratio):.0f}"
