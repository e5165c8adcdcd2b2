"""`python -m bench.repair`: how well real bugs are repaired, beside three controls and the targets.

    python -m bench.repair [--seed N] [--quick] [--sample N] [--seconds S] [--work W]
        [--development FOLDER] [--arm ARM ...] [--fresh] [ROW ...]

Every bug is laid in a folder of its own and repaired in a process of its own,
once by each arm (bench/repairing.py); then its hidden tests judge the answer.
Nothing is left out for how it ended: a run that fails counts as not solved,
and its error is printed. What was run is remembered in
`build/bench/repair.jsonl` by commit, seed and budget, so an interrupted
command goes on where it was.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import math
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from bench import injected, large, tasks
from bench.editor import Row, commit, machine, table
from bench.packages import BUILD, PYTEST, REPOSITORY, environment
from bench.paired import e_value, mcnemar, median_ratio
from bench.repairing import ARMS, TRM
from bench.tasks import DEVELOPMENT, EVEN, LARGE, ODD, ONE, OWN, TWO, Judged, Laid, Task
from trm_lsp.learning.interval import wilson

MEMORY = BUILD / "repair.jsonl"
SECONDS, QUICK_SECONDS, QUICK_TASKS = 60.0, 5.0, 4
GRACE = 300.0
"""Seconds beyond its budget after which a run is ended from outside: the baseline and the last verdict are in them."""
STATED = {"unique": 0.9, "rivals": 0.6, "special-cases the tests": 0.2}
"""How likely an answer of each grade is said to be right."""
FALSIFIER = "flat"
"""The control that the net must beat to be the default."""
ROWS = {"development": DEVELOPMENT, "one": ONE, "two": TWO, "own": OWN, "large": LARGE}
"""The sets by the names that the command line has for them."""


class Budget(NamedTuple):
    """What every run gets."""

    seconds: float
    work: float | None
    seed: int


class Run(NamedTuple):
    """One task repaired by one arm, and what the hidden tests said. It is one line of the memory."""

    set: str
    task: str
    kinds: tuple[str, ...]
    single: bool
    """Nothing is hidden: it counts for plausible answers alone."""
    arm: str
    plausible: bool
    correct: bool
    among: bool
    """One of the survivors is correct."""
    error: str
    """Why the run or its judgement failed; empty as a rule."""
    halt: str = "failed"
    grade: str = ""
    tried: int = 0
    work: float = 0.0
    cpu: float = 0.0
    seconds: float = 0.0
    baseline: Mapping[str, float] | None = None
    first_judged: Mapping[str, float] | None = None
    first_passed: Mapping[str, float] | None = None
    """As bench/repairing.py has them: seconds, CPU, work and candidates."""
    screened_cpu: float = 0.0
    memory: float = 0.0

    def after_baseline(self, moment: Mapping[str, float] | None, what: str) -> float | None:
        """Seconds or CPU from the baseline's end to a moment; None where there is none."""
        return moment[what] - self.baseline[what] if moment and self.baseline else None


# Running


def measured(task: Task, arm: str, budget: Budget, scratch: Path) -> Run:
    """Lay a task, have an arm repair it, and judge what it offers."""
    about = (task.set, task.id, task.kinds, task.single, arm)
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        laid = task.lay(Path(folder))
        told = repaired(laid, arm, budget)
        if "arm" not in told:
            return Run(*about, False, False, False, told["error"])
        try:
            judged = _judged(task, laid.root, told["answer"]) if told["solved"] else Judged(False, False)
            among = judged.correct or any(_judged(task, laid.root, texts).correct for texts in told["survivors"])
            error = told["error"]
        except (subprocess.SubprocessError, OSError, ValueError) as wrong:
            judged, among, error = Judged(False, False), False, f"cannot be judged: {wrong}"
    kept = {name: told[name] for name in Run._fields[Run._fields.index("halt") :]}
    return Run(*about, judged.plausible, judged.correct, among, error, **kept)


def repaired(laid: Laid, arm: str, budget: Budget) -> dict[str, Any]:
    """What a process of its own reports; or an error and nothing else."""
    command = [sys.executable, "-m", "bench.repairing", str(laid.root), "--arm", arm, "--python", str(laid.python)]
    command += ["--seconds", str(budget.seconds), "--seed", str(budget.seed)]
    command += ["--work", str(budget.work)] if budget.work else []
    command += [word for name, value in laid.environ.items() for word in ("--env", f"{name}={value}")]
    command += ["--tests", *laid.tests]
    environ = {"PATH": os.defpath, "LANG": "C.UTF-8", "TMPDIR": tempfile.gettempdir()}
    # A session of its own: what is ended from outside is ended with all it has started.
    with subprocess.Popen(
        command,
        cwd=REPOSITORY,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            said, wrong = process.communicate(timeout=budget.seconds + GRACE)
        except subprocess.TimeoutExpired:
            return {"error": f"did not end {GRACE:g} s after its budget"}
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    if process.returncode:
        return {"error": (wrong.strip().splitlines() or [f"exit {process.returncode}"])[-1]}
    found: dict[str, Any] = json.loads(said)
    return found


def _judged(task: Task, root: Path, texts: Mapping[str, str]) -> Judged:
    with written(root, texts):
        return task.judge(root)


@contextlib.contextmanager
def written(root: Path, texts: Mapping[str, str]) -> Iterator[None]:
    """The files with these texts; as they were afterwards."""
    before = {path: (root / path).read_bytes() for path in texts}
    for path, text in texts.items():
        # Texts have no byte order mark; what an editor would keep is kept.
        mark = b"\xef\xbb\xbf" if before[path].startswith(b"\xef\xbb\xbf") else b""
        (root / path).write_bytes(mark + text.encode("utf-8", "surrogatepass"))
    try:
        yield
    finally:
        for path, data in before.items():
            (root / path).write_bytes(data)


# Remembering


class Memory:
    """What was run before, by commit, budget, arm and task."""

    def __init__(self, file: Path, version: str, budget: Budget) -> None:
        self._file = file
        self._about = [version, budget.seconds, budget.work, budget.seed]
        self._known: dict[tuple[str, str, str], Run] = {}
        with contextlib.suppress(FileNotFoundError):
            for line in file.read_text(encoding="utf-8").splitlines():
                with contextlib.suppress(ValueError):  # the last line of a command that was killed
                    found = json.loads(line)
                    if found["about"] == self._about:
                        run = Run(**{**found["run"], "kinds": tuple(found["run"]["kinds"])})
                        self._known[run.set, run.task, run.arm] = run

    def get(self, task: Task, arm: str) -> Run | None:
        return self._known.get((task.set, task.id, arm))

    def add(self, run: Run) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with self._file.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"about": self._about, "run": run._asdict()}) + "\n")


def version() -> str:
    """The commit; where the tree differs from it, a digest of how."""
    diff = subprocess.run(["git", "diff", "HEAD"], cwd=REPOSITORY, capture_output=True, check=False).stdout
    return commit() + (f" {hashlib.sha256(diff).hexdigest()[:8]}" if diff else "")


def every(
    chosen: Sequence[Task], arms: Sequence[str], memory: Memory, measure: Callable[[Task, str], Run]
) -> Iterator[Run]:
    """Every task with every arm, in turn; what is remembered is not run anew."""
    for number, task in enumerate(chosen, 1):
        for arm in arms:
            run, again = memory.get(task, arm), True
            if run is None:
                run, again = measure(task, arm), False
                memory.add(run)
            print(f"{task.set} {number}/{len(chosen)} {told(run, again)}", file=sys.stderr, flush=True)
            yield run


def told(run: Run, remembered: bool) -> str:
    what = "correct" if run.correct else "plausible" if run.plausible else "not solved"
    what = "not solved" if run.single and not run.plausible else "plausible (nothing hidden)" if run.single else what
    spent = "remembered" if remembered else f"{run.tried} candidates, {run.cpu:.1f} s CPU"
    return f"{run.task} {run.arm}: {what}, {spent}{f'; ERROR: {run.error}' if run.error else ''}"


# Rows


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
    by_arm = {arm: [run for run in runs if run.arm == arm] for arm in ARMS}
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


def against_rows(runs: Sequence[Run], seed: int) -> Iterator[Row]:
    """The net against each control, on the same tasks at the same budget."""
    for control in (arm for arm in ARMS if arm != TRM):
        singles = _pairs(runs, control, lambda run: run.set == ONE or "one edit" in run.kinds)
        if singles:
            saved, said = _saved(singles, seed, control)
            target = "15 %" if control == FALSIFIER else "-"
            yield Row(f"work saved on one-edit bugs, against {control}", saved, target, said)
        doubles = _pairs(runs, control, lambda run: run.set == TWO or "two edits" in run.kinds)
        if doubles := [pair for pair in doubles if not pair[0].single]:
            more, said = _more(doubles, control)
            target = "e-value 20" if control == FALSIFIER else "-"
            yield Row(f"two-edit bugs solved at equal work, against {control}", more, target, said)


def _pairs(runs: Sequence[Run], control: str, chosen: Callable[[Run], bool]) -> list[tuple[Run, Run]]:
    other = {(run.set, run.task): run for run in runs if run.arm == control and chosen(run)}
    ours = [run for run in runs if run.arm == TRM and (run.set, run.task) in other]
    return [(run, other[run.set, run.task]) for run in ours]


def _saved(pairs: Sequence[tuple[Run, Run]], seed: int, control: str) -> tuple[str, str]:
    """Work to the first passing patch. Where only one has found one, the other's is what it has spent in vain."""
    found = [(one, other) for one, other in pairs if one.first_passed or other.first_passed]
    works = [(_work(one), _work(other)) for one, other in found]
    works = [(one, other) for one, other in works if one > 0 and other > 0]
    said = f"{_found(found, 0)} found by trm, {_found(found, 1)} by {control}, of {len(pairs)}"
    if not works:
        return "none found", said
    ratio = median_ratio(works, seed)
    saved = f"{100 * (1 - ratio.value):.0f} % ({100 * (1 - ratio.high):.0f} to {100 * (1 - ratio.low):.0f} %)"
    return f"{saved}, median of {len(works)} pairs", said


def _found(pairs: Sequence[tuple[Run, Run]], which: int) -> int:
    return sum(pair[which].first_passed is not None for pair in pairs)


def _work(run: Run) -> float:
    """Until the first passing patch, or all that was spent without one."""
    return run.first_passed["work"] if run.first_passed else run.work


def _more(pairs: Sequence[tuple[Run, Run]], control: str) -> tuple[str, str]:
    solved = [(_solved(one, _limit(one, other)), _solved(other, _limit(one, other))) for one, other in pairs]
    only, others = solved.count((True, False)), solved.count((False, True))
    ours, theirs = sum(one for one, _ in solved), sum(other for _, other in solved)
    measured = (
        f"{ours} of {len(pairs)} (trm alone {only}, {control} alone {others}); e-value {e_value(only, others):.3g}"
    )
    return measured, f"{control} {theirs} of {len(pairs)}; McNemar's p {mcnemar(only, others):.3g}"


def _limit(one: Run, other: Run) -> float:
    """The work that both could have spent: an arm that ended for want of ideas had all it wanted."""
    return min(run.work if run.halt == "budget" else math.inf for run in (one, other))


def _solved(run: Run, limit: float) -> bool:
    return run.correct and run.first_passed is not None and run.first_passed["work"] <= limit


# Tables besides


def kinds_table(runs: Sequence[Run]) -> str:
    """Injected bugs by where they come from and by package."""
    rows = []
    for name in (ONE, TWO):
        these = [run for run in runs if run.set == name]
        for kind in sorted({kind for run in these for kind in run.kinds}, key=lambda kind: (_is_package(kind), kind)):
            rows.append(_row(f"{name}, {kind}", [run for run in these if kind in run.kinds], correct_first))
    return table(rows) if rows else ""


def _is_package(kind: str) -> bool:
    return kind not in {injected.OWN, injected.TOOL, injected.BOTH}


def calibration_table(runs: Sequence[Run]) -> str:
    """How often an answer of each grade is right, beside what the grade says; bugs with hidden tests only."""
    answers = [run for run in runs if run.grade and not run.single]
    rows = []
    for grade in dict.fromkeys([*STATED, *(run.grade for run in answers)]):
        these = [run for run in answers if run.grade == grade]
        if these:
            stated = f", which says {100 * STATED[grade]:.0f} %" if grade in STATED else ""
            rows.append(_row(f"grade: {grade}{stated}", these, correct_first))
    if answers:
        rows.append(_row("Brier score of the grades", answers, lambda these: f"{brier(these):.3f}"))
    return table(rows) if rows else ""


def brier(runs: Sequence[Run]) -> float:
    """Mean squared distance of what the grades say from what is so: 0 is best, 0.25 is what saying 50 % gives."""
    return statistics.fmean((STATED.get(run.grade, 0.0) - run.correct) ** 2 for run in runs)


def errors_told(runs: Sequence[Run]) -> str:
    failed = [f"- {run.set}, {run.task}, {run.arm}: {run.error}" for run in runs if run.error]
    return "\n".join([f"{len(failed)} of {len(runs)} runs failed, and count as not solved:", *failed]) if failed else ""


def tables(runs: Sequence[Run], seed: int, missing: Mapping[str, str]) -> str:
    """Everything that is known of these runs."""
    rows = [*sets_rows(runs, missing), *(cost_rows(runs) if runs else ()), *against_rows(runs, seed)]
    parts = [table(rows), kinds_table(runs), calibration_table(runs), errors_told(runs)]
    return "\n\n".join(part for part in parts if part)


# The command


def drawn(chosen: Sequence[Task], count: int | None, seed: int) -> list[Task]:
    """So many tasks of each set, by the seed; all without a number."""
    found = []
    for name, these in tasks.by_set(chosen).items():
        few = len(these) if count is None else min(count, len(these))
        numbers = random.Random(f"{seed} {name}").sample(range(len(these)), few)
        found += [these[number] for number in sorted(numbers)]
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
    parser.add_argument("--development", type=Path, metavar="FOLDER", help="where the development set is")
    parser.add_argument("--arm", action="append", choices=ARMS, help="only these arms")
    parser.add_argument("--fresh", action="store_true", help="forget what was run before")
    parser.add_argument("rows", nargs="*", choices=[[], *ROWS], metavar="ROW", help=f"{', '.join(ROWS)}; none: all")
    arguments = parser.parse_args()
    seconds = arguments.seconds or (QUICK_SECONDS if arguments.quick else SECONDS)
    budget = Budget(seconds, arguments.work, arguments.seed)
    count = arguments.sample or (QUICK_TASKS if arguments.quick else None)
    lacking = "development" in (arguments.rows or ROWS) and not arguments.development
    print(f"trm-lsp, repair: commit {version()}, seed {arguments.seed}, {seconds:g} s\n{machine()}\n", flush=True)
    if arguments.fresh:
        MEMORY.unlink(missing_ok=True)
    memory = Memory(MEMORY, version(), budget)
    with tempfile.TemporaryDirectory(prefix="trm-bench-") as folder:
        os.environ["TMPDIR"] = tempfile.tempdir = folder  # the copies that tests run in are made there
        scratch = Path(folder).resolve()
        chosen = drawn(collected(arguments, scratch), count, arguments.seed)
        measure = lambda task, arm: measured(task, arm, budget, scratch)  # noqa: E731
        runs = list(every(chosen, arguments.arm or ARMS, memory, measure))
    print(tables(runs, arguments.seed, {DEVELOPMENT: "needs --development"} if lacking else {}))


if __name__ == "__main__":
    main()
