"""`python -m bench.repair`: how well real bugs are repaired, beside three controls and the targets.

    python -m bench.repair [--seed N] [--quick] [--sample N] [--seconds S] [--work W] [--jobs N] [--minutes M]
        [--development FOLDER] [--arm ARM ...] [--fresh] [ROW ...]

Every bug is laid in a folder of its own and repaired in a process of its own
on one core, once by each arm (bench/repairing.py); then its hidden tests judge
the answer. Nothing is left out for how it ended: a run that fails counts as
not solved, and its error is printed. What was run is remembered in
`build/bench/repair.jsonl` by code, seed and budget, so the command goes on
where it was: after an interrupt, after `--minutes`, or to run more of the
bugs, sets and arms.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import os
import random
import signal
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from bench import injected, large, tasks
from bench.editor import commit, machine
from bench.packages import BUILD, PYTEST, environment
from bench.repairing import ALL_ARMS, ARMS
from bench.runs import MEMORY, Budget, Memory, cores, every, left, measured, version
from bench.tables import tables
from bench.tasks import DEVELOPMENT, LARGE, ONE, OWN, TWO, Task

SECONDS, QUICK_SECONDS, QUICK_TASKS = 60.0, 5.0, 4
ROWS = {"development": DEVELOPMENT, "one": ONE, "two": TWO, "own": OWN, "large": LARGE}
"""The sets by the names that the command line has for them."""


def drawn(chosen: Sequence[Task], count: int | None, seed: int) -> list[Task]:
    """So many tasks of each set, by the seed; all without a number. A larger sample holds the smaller ones."""
    found = []
    for name, these in tasks.by_set(chosen).items():
        order = random.Random(f"{seed} {name}").sample(range(len(these)), len(these))
        found += [these[number] for number in sorted(order[:count])]
    return found


def collected(arguments: argparse.Namespace, place: Path) -> list[Task]:
    """Every task of the sets that are asked for."""
    python = environment(BUILD / "pytest", PYTEST)
    asked = [ROWS[row] for row in arguments.rows or ROWS]
    found: list[Task] = []
    if DEVELOPMENT in asked and arguments.development:
        found += tasks.development(arguments.development, python)
    if ONE in asked or TWO in asked:
        size = injected.QUICK if arguments.quick else injected.FULL
        found += [task for task in tasks.injections(arguments.seed, size, place) if task.set in asked]
    if OWN in asked:
        found += tasks.own(python)
    if LARGE in asked:
        found.append(tasks.one_large(arguments.seed, large.QUICK if arguments.quick else large.FULL, python))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.repair", description="How well real bugs are repaired.")
    parser.add_argument("--seed", type=int, default=0, help="seed of bugs, samples and arms")
    parser.add_argument("--quick", action="store_true", help="few bugs and seconds, to see that it works")
    parser.add_argument("--sample", type=int, help="so many bugs of each set, drawn by the seed")
    parser.add_argument("--seconds", type=float, help=f"what a run may take; {SECONDS:g} unless it is quick")
    parser.add_argument("--work", type=float, help="work units a run may spend")
    parser.add_argument("--jobs", type=int, default=1, help="runs at a time, each on a core of its own")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="begin no run after so long")
    parser.add_argument("--development", type=Path, metavar="FOLDER", help="where the development set is")
    parser.add_argument(
        "--arm", action="append", choices=ALL_ARMS, metavar="ARM", help=f"only these arms: {', '.join(ALL_ARMS)}"
    )
    parser.add_argument("--fresh", action="store_true", help="forget what was run before")
    parser.add_argument("rows", nargs="*", choices=[[], *ROWS], metavar="ROW", help=f"{', '.join(ROWS)}; none: all")
    arguments = parser.parse_args()
    if not 1 <= arguments.jobs <= len(cores()):
        parser.error(f"--jobs must be 1 to {len(cores())}: every run has a core of its own")
    until = time.monotonic() + 60 * arguments.minutes
    seconds = arguments.seconds or (QUICK_SECONDS if arguments.quick else SECONDS)
    budget = Budget(seconds, arguments.work, arguments.seed, arguments.jobs)
    arms = [arm for arm in ALL_ARMS if arm in (arguments.arm or ARMS)]
    count = arguments.sample or (QUICK_TASKS if arguments.quick else None)
    lacking = "development" in (arguments.rows or ROWS) and not arguments.development
    print(f"trm-lsp, repair: commit {commit()}, {told(budget)}\n{machine()}\n", flush=True)
    if arguments.fresh:
        MEMORY.unlink(missing_ok=True)
    memory = Memory(MEMORY, version(), budget)
    with tempfile.TemporaryDirectory(prefix="trm-bench-") as folder:
        os.environ["TMPDIR"] = tempfile.tempdir = folder  # the copies that tests run in are made there
        scratch = Path(folder).resolve()
        chosen = drawn(collected(arguments, scratch), count, arguments.seed)
        print(f"{len(chosen)} bugs, {len(arms)} arms. {left(chosen, arms, memory, budget)}", flush=True)
        measure = functools.partial(measured, budget=budget, scratch=scratch)
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        with contextlib.suppress(KeyboardInterrupt):  # what was run is remembered
            for _ in every(chosen, arms, memory, measure, budget.jobs, until):
                pass
    runs = [run for task in chosen for arm in arms if (run := memory.get(task, arm)) is not None]
    if len(runs) < len(chosen) * len(arms):
        print(f"Only {len(runs)} of {len(chosen) * len(arms)} runs are done: the same command does the others.")
    print(f"\n{tables(runs, arguments.seed, {DEVELOPMENT: 'needs --development'} if lacking else {})}")


def told(budget: Budget) -> str:
    """What every run gets, in words."""
    work = f" and {budget.work:,.0f} work units" if budget.work else ""
    beside = f", {budget.jobs} at a time" if budget.jobs > 1 else ""
    return f"seed {budget.seed}, {budget.seconds:g} s{work} on one core{beside}"


if __name__ == "__main__":
    main()
