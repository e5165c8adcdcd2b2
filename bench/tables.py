"""What repair runs come to, as tables: every figure of the net beside its target and the controls."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from bench.against import SOURCES, against_rows, contract
from bench.editor import Row, table
from bench.grades import calibration_rows
from bench.repairing import ALL_ARMS, TRM
from bench.runs import Run
from bench.tasks import DEVELOPMENT, EVEN, LARGE, ODD, ONE, OWN, TWO
from trm_lsp.learning.interval import wilson


def tables(runs: Sequence[Run], seed: int, missing: Mapping[str, str]) -> str:
    """Everything that is known of these runs; `missing` says why a set has none."""
    rows = [*sets_rows(runs, missing), *(cost_rows(runs) if runs else ()), *against_rows(runs, seed)]
    parts = [rows, kinds_rows(runs), calibration_rows(runs)]
    texts = [table(part) if part else "" for part in map(list, parts)]
    return "\n\n".join(text for text in (*texts, contract(runs, seed), errors_told(runs)) if text)


def sets_rows(runs: Sequence[Run], missing: Mapping[str, str]) -> Iterator[Row]:
    """How many are repaired, set by set."""
    yield from _development_rows([run for run in runs if run.set == DEVELOPMENT], missing.get(DEVELOPMENT, ""))
    for name, target in ((ONE, "80 %"), (TWO, "45 %"), (OWN, "60 %")):
        these = [run for run in runs if run.set == name]
        if these:
            yield _row(f"{name}, correct first", these, correct_first, target)
            yield _row(f"{name}, plausible / a correct one among survivors", these, _both)
    for kind in dict.fromkeys(kind for run in runs if run.set == OWN for kind in run.kinds):
        yield _row(f"own, {kind}, correct first", [r for r in runs if r.set == OWN and kind in r.kinds], correct_first)


def _development_rows(runs: Sequence[Run], missing: str) -> Iterator[Row]:
    figure = "development set, plausible / a correct one among survivors / correct first"
    if missing:
        yield Row(figure, f"not run: {missing}", "57 / 55 / 52 of 64", "-")
        return
    if runs:
        yield _row(figure, runs, _three, "57 / 55 / 52 of 64")
    for half in (ODD, EVEN):
        if these := [run for run in runs if half in run.kinds]:
            yield _row(f"development set, {half}", these, _three)


def _three(runs: Sequence[Run]) -> str:
    return f"{_count(runs, 'plausible')} / {_count(runs, 'among')} / {_count(runs, 'correct')} of {len(runs)}"


def _both(runs: Sequence[Run]) -> str:
    """Plausible of all, correct among survivors of those that have hidden tests."""
    hidden = [run for run in runs if not run.single]
    return f"{_count(runs, 'plausible')} of {len(runs)} / {_count(hidden, 'among')} of {len(hidden)}"


def correct_first(runs: Sequence[Run]) -> str:
    """A share with its 95 % interval, of the tasks that have hidden tests."""
    hidden = [run for run in runs if not run.single]
    if not hidden:
        return "0 of 0"
    right = _count(hidden, "correct")
    low, high = wilson(right / len(hidden), len(hidden))
    return f"{100 * right / len(hidden):.0f} % ({right} of {len(hidden)}; {100 * low:.0f}-{100 * high:.0f} %)"


def _count(runs: Sequence[Run], what: str) -> int:
    return sum(bool(getattr(run, what)) for run in runs)


def _row(figure: str, runs: Sequence[Run], tell: Callable[[Sequence[Run]], str], target: str = "-") -> Row:
    """The same figure of every arm: ours, and beside it the controls."""
    by_arm = {arm: [run for run in runs if run.arm == arm] for arm in ALL_ARMS}
    ours = tell(by_arm[TRM]) if by_arm[TRM] else "none"
    controls = [f"{arm} {tell(found)}" for arm, found in by_arm.items() if found and arm != TRM]
    return Row(figure, ours, target, "; ".join(controls) or "-")


def cost_rows(runs: Sequence[Run]) -> Iterator[Row]:
    """What it costs, over all runs."""
    for name in dict.fromkeys(run.set for run in runs):
        these = [run for run in runs if run.set == name]
        yield _row(f"{name}, candidates a second and core: generate, compile, screen", these, _rate, "3,000")
        yield _row(f"{name}, candidates a second and core, all in all after the baseline", these, _whole_rate)
    if development := [run for run in runs if run.set == DEVELOPMENT]:
        yield _row("median CPU to the first passing patch, development set", development, _first_cpu, "1 s")
    for run in (run for run in runs if run.set == LARGE and run.arm == TRM):
        these = [other for other in runs if other.set == LARGE and other.task == run.task]
        yield _row(f"{run.task}: baseline's end to first candidate judged", these, _first_judged, "3 s")
    yield _row("memory of the engine, peak of all runs", runs, _memory, "300 MB")


def _rate(runs: Sequence[Run]) -> str:
    cpu, count = sum(run.screened_cpu for run in runs), sum(run.tried for run in runs)
    return f"{count / cpu:,.0f} (of {count:,})" if cpu else "none"


def _whole_rate(runs: Sequence[Run]) -> str:
    counted = [run for run in runs if run.baseline]
    cpu = sum(run.cpu - run.baseline["cpu"] for run in counted if run.baseline)
    count = sum(run.tried for run in counted)
    return f"{count / cpu:,.0f} (of {count:,})" if cpu else "none"


def _first_cpu(runs: Sequence[Run]) -> str:
    """The median of all tasks; one without a passing patch took for ever."""
    after = [run.after_baseline(run.first_passed, "cpu") for run in runs]
    whole = [run.first_passed["cpu"] if run.first_passed else None for run in runs]
    return f"{_median(after)} after the baseline, {_median(whole)} with start and baseline"


def _median(seconds: Iterable[float | None]) -> str:
    found = statistics.median_high([math.inf if each is None else each for each in seconds])
    return f"{found:.2f} s" if found < math.inf else "never"


def _first_judged(runs: Sequence[Run]) -> str:
    wall = [run.after_baseline(run.first_judged, "seconds") for run in runs]
    cpu = [run.after_baseline(run.first_judged, "cpu") for run in runs]
    return f"{_median(wall)} ({_median(cpu)} CPU)"


def _memory(runs: Sequence[Run]) -> str:
    return f"{max(run.memory for run in runs):.0f} MB"


def kinds_rows(runs: Sequence[Run]) -> Iterator[Row]:
    """Injected bugs by where they come from and by package."""
    for name in (ONE, TWO):
        these = [run for run in runs if run.set == name]
        for kind in sorted({kind for run in these for kind in run.kinds}, key=lambda kind: (_is_package(kind), kind)):
            yield _row(f"{name}, {kind}", [run for run in these if kind in run.kinds], correct_first)


def _is_package(kind: str) -> bool:
    return kind not in SOURCES


def errors_told(runs: Sequence[Run]) -> str:
    failed = [f"- {run.set}, {run.task}, {run.arm}: {run.error}" for run in runs if run.error]
    return "\n".join([f"{len(failed)} of {len(runs)} runs failed, and count as not solved:", *failed]) if failed else ""
