"""The net against each control, bug by bug at equal work, and what follows from that by the project's own contract.

Each pair of runs is compared up to the same number of work units: the less of
what the two had spent when their budgets ended. An arm that ended of its own
accord, for want of anything to try, could have spent any amount. With a
budget in work units both get that budget; with one in seconds, what is equal
differs from bug to bug. Work units are fixed prices; beside them stands the
same comparison at equal CPU, which has none.

A run solves its bug when its answer is correct (plausible, where nothing is
hidden), from the moment at which this very answer first passed.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from bench import injected
from bench.editor import Row
from bench.paired import Estimate, Pairs, e_value, estimate, geometric_mean, mcnemar, median, of_totals
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
SOURCES = frozenset({injected.OWN, injected.TOOL, injected.BOTH})
"""Kinds of injected bugs that are no packages."""

Pair = tuple[Run, Run]
"""The net's run and the control's on the same bug."""


class Price(NamedTuple):
    """What two runs may have spent as much of as each other."""

    name: str
    spent: Callable[[Run], float]
    """By the end of a run."""
    answered: Callable[[Run], float | None]
    """By the moment at which its answer first passed; None without an answer."""


WORK = Price("work", lambda run: run.work, lambda run: run.answered["work"] if run.answered else None)
CPU = Price(
    "CPU",
    lambda run: run.cpu - (run.baseline["cpu"] if run.baseline else 0.0),
    lambda run: run.after_baseline(run.answered, "cpu"),
)
"""CPU seconds of all processes after the baseline."""


class Saved(NamedTuple):
    """What it takes to solve bugs, of those that at least one of the two solves."""

    works: Sequence[Pairs]
    """Ours and the control's, package by package."""
    ours: int
    theirs: int
    """How many each solves."""
    seed: int

    @property
    def pairs(self) -> Pairs:
        return [pair for package in self.works for pair in package]

    @property
    def ratio(self) -> Estimate | None:
        """Ours over the control's; None without pairs.

        The geometric mean: easy bugs are found in the first batch by both, so
        that the median is 1 where they are many, and the total is that of a
        few hard ones. Bugs of one package resemble each other, so packages
        are resampled.
        """
        return estimate(geometric_mean, self.works, self.seed) if self.pairs else None


class Solved(NamedTuple):
    """Bugs solved with as much spent."""

    ours: int
    theirs: int
    only: int
    others: int
    """Solved by the net alone, and by the control alone."""

    @property
    def evidence(self) -> float:
        return e_value(self.only, self.others)


def against_rows(runs: Sequence[Run], seed: int) -> Iterator[Row]:
    """The net against each control, at equal work and at equal CPU."""
    for control in (arm for arm in ALL_ARMS if arm != TRM):
        for price in (WORK, CPU):
            asked = control == FALSIFIER and price is WORK
            if singles := one_edit_pairs(runs, control):
                found = saved(singles, seed, price)
                said = f"{found.ours} solved by trm, {found.theirs} by {control}, of {len(singles)}"
                figure = f"{price.name} saved on one-edit bugs, against {control}"
                yield Row(figure, _saved(found), "15 %" if asked else "-", said)
            if doubles := two_edit_pairs(runs, control):
                more, count = solved(doubles, price), len(doubles)
                ours = f"{more.ours} of {count} (trm alone {more.only}, {control} alone {more.others})"
                said = f"{control} {more.theirs} of {count}; McNemar's p {mcnemar(more.only, more.others):.3g}"
                figure = f"two-edit bugs solved at equal {price.name}, against {control}"
                yield Row(figure, f"{ours}; e-value {more.evidence:.3g}", "e-value 20" if asked else "-", said)


def contract(runs: Sequence[Run], seed: int) -> str:
    """What follows from the comparison with `flat` in work units; empty where one half of it was not measured.

    The contract: unless `trm` saves 15 % of the work on one-edit bugs and
    solves more two-edit bugs with an e-value of 20, `flat` becomes the default.
    Our own bugs were made by those who made the net: where they are among
    them, what follows without them is said as well.
    """
    strangers = [run for run in runs if run.set != OWN]
    said = _follows(runs, seed)
    without = _follows(strangers, seed) if len(strangers) < len(runs) else ""
    return "\n\n".join(text for text in (said, without and f"Without our own bugs: {without}") if text)


def _follows(runs: Sequence[Run], seed: int) -> str:
    singles, doubles = one_edit_pairs(runs, FALSIFIER), two_edit_pairs(runs, FALSIFIER)
    if not singles or not doubles:
        return ""
    work, more = saved(singles, seed), solved(doubles)
    saves = work.ratio is not None and 1 - work.ratio.value >= LEAST_SAVED
    solves = more.only > more.others and more.evidence >= LEAST_EVIDENCE
    kept = "`trm` stays the default" if saves and solves else f"`{FALSIFIER}` becomes the default"
    return (
        f"On {_based(singles)} one-edit bugs `trm` saves {_saved(work)} of `{FALSIFIER}`'s work; 15 % are asked: "
        f"{_met(saves)}. Of {_based(doubles)} two-edit bugs it solves {more.only} that `{FALSIFIER}` does not, which "
        f"solves {more.others} others (e-value {more.evidence:.3g}); 20 is asked: {_met(solves)}. "
        f"By the contract, {kept}."
    )


def _based(pairs: Sequence[Pair]) -> str:
    """How many bugs, and whence."""
    counts = Counter("our own" if run.set == OWN else "injected" for run, _ in pairs)
    packages = len({package(run) for run, _ in pairs})
    whence = " and ".join(f"{count} {name}" for name, count in sorted(counts.items()))
    return f"{len(pairs)} ({whence}, of {packages} package{'s' * (packages != 1)})"


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


def package(run: Run) -> str:
    """The package that a bug is in."""
    if run.set == OWN:
        return run.task.partition("/")[0]
    return next((kind for kind in run.kinds if kind not in SOURCES), "")


def limit(pair: Pair, price: Price = WORK) -> float:
    """What both could have spent."""
    return min(price.spent(run) if run.halt == HaltReason.BUDGET else math.inf for run in pair)


def saved(pairs: Sequence[Pair], seed: int, price: Price = WORK) -> Saved:
    """Whoever solves nothing is charged with all that both could have spent: at least what the other one took."""
    works: defaultdict[str, list[tuple[float, float]]] = defaultdict(list)
    outcomes = [_outcome(pair, price) for pair in pairs]
    for pair, outcome in zip(pairs, outcomes, strict=True):
        if any(outcome):
            spent = _spent(pair, outcome, price)
            if min(spent) > 0:
                works[package(pair[0])].append(spent)
    return Saved(list(works.values()), sum(one for one, _ in outcomes), sum(other for _, other in outcomes), seed)


def _spent(pair: Pair, outcome: tuple[bool, bool], price: Price) -> tuple[float, float]:
    equal = limit(pair, price)
    in_vain = equal if equal < math.inf else max(price.spent(run) for run in pair)
    one, other = (
        (price.answered(run) or 0.0) if solves else in_vain for run, solves in zip(pair, outcome, strict=True)
    )
    return one, other


def solved(pairs: Sequence[Pair], price: Price = WORK) -> Solved:
    """A patch that passes what is shown and fails what is hidden solves nothing."""
    outcomes = [_outcome(pair, price) for pair in pairs]
    ours, theirs = (sum(outcome[which] for outcome in outcomes) for which in (0, 1))
    return Solved(ours, theirs, outcomes.count((True, False)), outcomes.count((False, True)))


def _outcome(pair: Pair, price: Price) -> tuple[bool, bool]:
    """Whether each of the two solves the bug with what both could have spent."""
    equal = limit(pair, price)
    one, other = (_solves(run, equal, price) for run in pair)
    return one, other


def _solves(run: Run, equal: float, price: Price) -> bool:
    took = price.answered(run)
    return (run.plausible if run.single else run.correct) and took is not None and took <= equal


def _saved(found: Saved) -> str:
    ratio, pairs = found.ratio, found.pairs
    if ratio is None:
        return "nothing, for none is solved,"
    value, low, high = map(_percent, (ratio.value, ratio.high, ratio.low))
    besides = f"median {_percent(median(pairs))} %, of the total {_percent(of_totals(pairs))} %"
    return f"{value} % ({low} to {high} %; mean of {len(pairs)} pairs; {besides})"


def _percent(ratio: float) -> str:
    return f"{100 * (1 - ratio):.0f}"
