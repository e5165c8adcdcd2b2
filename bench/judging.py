"""`python -m bench.judging`: speed, cost and honesty of the judge beside their targets.

    python -m bench.judging [--seed N] [--quick] [ROW ...]

Times are CPU time of every process involved, ours and the tests', unless they
are called wall time. Cold is `python -m pytest -q` in a fresh process, in an
environment with pytest alone, on the same tests and the same candidates.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench import workspaces
from bench.cpu import Meter
from bench.editor import Row, commit, machine, milliseconds, table
from bench.mutants import draw, mutations, ranges
from bench.packages import BUILD, PACKAGES, PYTEST, environment
from bench.parity import FEW, MUTANTS, Found, compare, told
from bench.workspaces import at_work, verdict
from trm_lsp.core.state import Edit, Variant
from trm_lsp.core.verdict import Outcome, Tier
from trm_lsp.judging.judge import TestJudge

BATCH = 200
"""Candidates of a screen."""
LIMIT = 1.0
"""Seconds that a candidate without end is given."""
LEFT_SECONDS = 2.0
"""How long after a job its processes may be there."""


@dataclass(frozen=True)
class Size:
    """How often things are measured."""

    batches: int = 20
    """Of each function that is screened."""
    rounds: int = 6
    """Of confirms beside cold runs."""
    confirms: int = 20
    """In a round, of each kind."""
    colds: int = 4
    files: tuple[int, ...] = (5, 5_000, 50_000)
    overruns: int = 5
    """Of each way not to end."""
    mutants: int = MUTANTS
    """In each package."""


QUICK = Size(batches=1, rounds=2, confirms=10, colds=2, files=(5, 500), overruns=1, mutants=FEW)


@dataclass(frozen=True)
class Bench:
    """Where and how to measure."""

    folder: Path
    """A private folder outside of any project."""
    python: Path
    """An interpreter with pytest alone."""
    size: Size
    seed: int

    def chance(self, *about: object) -> random.Random:
        return random.Random(" ".join(map(str, (self.seed, *about))))


# Screen


SCREENED = {
    "10": ("short", ("roman", "run_lengths"), "10,000 / 15,000"),
    "20": ("middle", ("seconds", "wrap"), "5,000 / 8,000"),
    "40": ("long", ("rows", "plan"), "2,500 / 4,000"),
}
"""By lines: module, its functions, and the target (at least / aim)."""


def screen_rows(bench: Bench) -> Iterator[Row]:
    root = workspaces.screened(bench.folder)
    for lines, (module, functions, target) in SCREENED.items():
        meter, by_screen, cut, each = Meter(), 0, 0, []
        for function in functions:
            with at_work(root, bench.python, f"test_{module}.py::test_{function}") as judge:
                one = Meter()
                for batch in batches(judge, f"{module}.py", function, bench):
                    with one.watch(len(batch)):
                        verdicts = list(judge(batch, Tier.SCREEN))
                    by_screen += sum(found.tier is Tier.SCREEN for found in verdicts)
                    cut += sum(found.cut for found in verdicts)
            meter.add(one)
            each.append(f"{function} {one.rate:,.0f}")
        yield Row(
            f"screen, function of {lines} lines",
            f"{meter.rate:,.0f} a second ({', '.join(each)})",
            target,
            f"{meter.count} candidates in the body, {by_screen / meter.count:.0%} answered in the screen, "
            f"{cut / meter.count:.0%} endless",
        )


def batches(judge: TestJudge, path: str, function: str, bench: Bench) -> Iterator[list[Variant]]:
    """Batches of one-token mutations; the first is judged here, unmeasured."""
    chance = bench.chance("screen", function)
    every = mutated(judge, path, function)
    list(judge([Variant({}, (edit,)) for edit in draw(every, BATCH, chance)], Tier.SCREEN))
    for _ in range(bench.size.batches):
        yield [Variant({}, (edit,)) for edit in draw(every, BATCH, chance)]


def mutated(judge: TestJudge, path: str, function: str) -> list[Edit]:
    """Every one-token mutation of a function's body in the judge's texts."""
    text = judge.texts[path].text
    (within,) = (found for found in ranges(text) if found.name == function)
    return mutations(path, text, within._replace(start=within.body))


# Confirm


def confirm_rows(bench: Bench) -> Iterator[Row]:
    """Each round: confirms of both kinds, then cold runs of some of the same candidates."""
    root, path = workspaces.billing(bench.folder / "confirm"), workspaces.BILLING_SOURCE
    beside = workspaces.billing(bench.folder / "cold")
    body, whole, cold = Meter(), Meter(), Meter()
    chance = bench.chance("confirm")
    with at_work(root, bench.python, workspaces.BILLING_TARGET) as judge:
        text = judge.texts[path].text
        every = mutated(judge, path, workspaces.BROKEN_FUNCTION)
        for number in range(bench.size.rounds + 1):
            drawn = draw(every, bench.size.confirms, chance)
            bodies = [Variant({}, (edit,)) for edit in drawn]
            wholes = [beyond(variant, path, len(text), f"{number}{i}") for i, variant in enumerate(bodies)]
            if not number:  # the first time fills caches, and is not measured
                list(judge([*bodies, *wholes], Tier.CONFIRM))
                cold_run(bench.python, beside)
                continue
            for meter, batch in ((body, bodies), (whole, wholes)):
                with meter.watch(len(batch)):
                    list(judge(batch, Tier.CONFIRM))
            for edit in drawn[: bench.size.colds]:
                changed = text[: edit.start] + edit.text + text[edit.end :]
                (beside / path).write_text(changed, encoding="utf-8")
                with cold.watch():
                    cold_run(bench.python, beside)
    control = f"cold {milliseconds(cold.each)}, on the same tests and candidates ({cold.count} runs, in turn)"
    yield Row("confirm, body only", confirmed(body, cold), "60 / 75 a second; 12x", control)
    yield Row("confirm, any patch", confirmed(whole, cold), "40 / 50 a second; 8x", control)


def beyond(variant: Variant, path: str, end: int, number: str) -> Variant:
    """The same candidate with a change outside of every function as well."""
    return variant._replace(edits=(*variant.edits, Edit(path, end, end, f"\nCANDIDATE = {number}\n")))


def confirmed(meter: Meter, cold: Meter) -> str:
    return f"{meter.rate:.0f} a second ({milliseconds(meter.each)}); {cold.each / meter.each:.1f}x cold"


def cold_run(python: Path, root: Path) -> None:
    """What a user does to see whether a candidate repairs it; its outcome is no matter."""
    command = [str(python), "-m", "pytest", "-q", workspaces.BILLING_TEST]
    environ = {"PATH": os.defpath, "LANG": "C.UTF-8"}
    subprocess.run(command, cwd=root, env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=False)


# Isolation


def isolation_rows(bench: Bench) -> Iterator[Row]:
    """Confirms in workspaces of several sizes, in turn; beside them pytest alone, which looks at files as well."""
    confirms = {count: Meter() for count in bench.size.files}
    colds = {count: Meter() for count in bench.size.files}
    with contextlib.ExitStack() as stack:
        roots = {count: workspaces.filled(bench.folder / f"{count}-files", count) for count in confirms}
        judges = {count: stack.enter_context(at_work(root, bench.python)) for count, root in roots.items()}
        for number in range(bench.size.rounds + 1):
            for count, judge in judges.items():
                batch = [workspaces.REPAIRED] * bench.size.confirms
                with confirms[count].watch(len(batch)) if number else contextlib.nullcontext():
                    passed = [found.passed for found in judge(batch, Tier.CONFIRM)]
                if not all(passed):
                    raise RuntimeError(f"{passed.count(False)} confirms of the right patch did not pass")
                with colds[count].watch(bench.size.colds) if number else contextlib.nullcontext():
                    for _ in range(bench.size.colds):
                        leave_nothing(bench.python, roots[count])
    fewest, *others = confirms
    for count in others:
        least, cold = confirms[fewest], colds[count].each - colds[fewest].each
        yield Row(
            f"confirm at {count:,} files over {fewest}",
            f"{1000 * (confirms[count].each - least.each):+.2f} ms ({milliseconds(confirms[count].each)})",
            "+1 ms / +0.5 ms",
            f"{milliseconds(least.each)} (at {fewest} files, in turn; {least.count} each); "
            f"cold {1000 * cold:+.2f} ms ({milliseconds(colds[count].each)})",
        )


def leave_nothing(python: Path, root: Path) -> None:
    """A cold run that leaves no files in a workspace which judges are at work in."""
    command = [str(python), "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_calc.py"]
    environ = {"PATH": os.defpath, "LANG": "C.UTF-8"}
    subprocess.run(command, cwd=root, env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=False)


# Endings


ENDLESS = {
    "a loop": "while True:\n        pass",
    "a loop that catches everything": "while True:\n        try:\n            n += 1\n        except BaseException:\n"
    "            pass",
    "sleep": "__import__('time').sleep(600)",
    "a regular expression": "__import__('re').match('(a+)+b', 'a' * 60)",
}


def ending_rows(bench: Bench) -> Iterator[Row]:
    yield overshoot_row(bench)
    yield left_row(bench)


def overshoot_row(bench: Bench) -> Row:
    """Wall time from the question to the verdict, beyond the time a candidate was given."""
    root = workspaces.make(bench.folder / "endless", workspaces.CALC)
    over: dict[str, list[float]] = {name: [] for name in ENDLESS}
    odd = set()
    with at_work(root, bench.python, timeout=LIMIT, idle=LIMIT) as judge:
        usual = []
        for _ in range(10):
            usual.append(wall(lambda: verdict(judge, workspaces.REPAIRED)))
        for _ in range(bench.size.overruns):
            for name, body in ENDLESS.items():
                endless = Variant({"calc.py": f"def double(n):\n    {body}\n"})
                began = time.perf_counter()
                found = verdict(judge, endless)
                over[name].append(time.perf_counter() - began - LIMIT)
                if any(result.outcome is not Outcome.TIMEOUT for result in found.results):
                    odd.add(name)
    worst = max(over, key=lambda name: max(over[name]))
    every = [seconds for found in over.values() for seconds in found]
    ordinary = statistics.median(usual)
    lacking = f"; NOT A TIME-OUT: {', '.join(sorted(odd))}" if odd else ""
    return Row(
        "time-out overshoot (wall)",
        f"{1000 * max(every):.0f} ms (worst of {len(every)}: {worst}; median {1000 * statistics.median(every):.0f} ms)"
        f"{lacking}",
        "10 ms",
        f"{milliseconds(ordinary)} (an ordinary confirm, its start included)",
    )


def wall(act: Callable[[], object]) -> float:
    """Wall seconds of a call."""
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def left_row(bench: Bench) -> Row:
    """Processes of a job that are there some time after it, its tests having started some that detach."""
    root = workspaces.make(bench.folder / "leaving", {**workspaces.CALC, "test_calc.py": workspaces.LEAVING})
    mark = {"TRM_BENCH_JOB": uuid.uuid4().hex}
    with at_work(root, bench.python, env=mark) as judge:
        runs = [verdict(judge, variant) for variant in (Variant({"calc.py": workspaces.WRONG}), workspaces.REPAIRED)]
        started = [result.passed for run in runs for result in run.results if result.id.endswith("left_behind")]
        between = sum(1 for _ in marked(mark))
    time.sleep(LEFT_SECONDS)
    left = sum(1 for _ in marked(mark))
    return Row(
        f"processes left {LEFT_SECONDS:g} s after a job",
        f"{left}",
        "0",
        f"{between} at its end; {5 * sum(started)} were started and detached by its {len(runs)} confirms",
    )


def marked(mark: dict[str, str]) -> Iterator[psutil.Process]:
    """Processes that were started with these variables, whoever their parents are."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if mark.items() <= process.environ().items():
                yield process


# Memory


def memory_rows(bench: Bench) -> Iterator[Row]:
    """The judge's processes at rest beside one that holds what the tests import; both at the same time."""
    root = workspaces.billing(bench.folder / "memory")
    with importing(bench.python, root, imported(root / "tests")) as control:
        before = {process.pid for process in psutil.Process().children(recursive=True)}
        with at_work(root, bench.python, workspaces.BILLING_TARGET) as judge:
            verdict(judge, Variant({}))
            ours = [p for p in psutil.Process().children(recursive=True) if p.pid not in before]
            warm, plain = sum(map(pss, ours)), pss(psutil.Process(control.pid))
    yield Row(
        "warm process over the tests' imports",
        f"{warm - plain:+.1f} MB ({warm:.1f} MB PSS in {len(ours)} process{'es' * (len(ours) != 1)})",
        "+40 / +25 MB",
        f"{plain:.1f} MB (the imports and pytest alone)",
    )


def pss(process: psutil.Process) -> float:
    """Proportional set size, MB."""
    return float(process.memory_full_info().pss) / 1e6


def imported(tests: Path) -> list[str]:
    """Names of the modules that test files import, pytest among them."""
    found = {"pytest"}
    for file in tests.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module)
    return sorted(found - {"__future__"})


@contextlib.contextmanager
def importing(python: Path, root: Path, modules: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
    """A process that has imported these modules and waits."""
    code = f"import {', '.join(modules)}; print(flush=True); input()"
    environ = {"PATH": os.defpath, "LANG": "C.UTF-8", "PYTHONPATH": str(root / "src")}
    with subprocess.Popen(
        [str(python), "-c", code], env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin and process.stdout
        if not process.stdout.readline():
            raise RuntimeError(f"{', '.join(modules)} cannot be imported in {python}")
        yield process
        process.stdin.write(b"\n")


# Parity


def parity_rows(bench: Bench) -> Iterator[Row]:
    """What is compared is told in bench/parity.py; differences are printed in full."""
    total = Found()
    for package in PACKAGES:
        found = compare(package, bench.folder, bench.seed, bench.size.mutants)
        print(f"{package.name} {package.version}: {told(found)}", flush=True)
        for difference in found.differences:
            print(f"\n{difference}\n", flush=True)
        total.add(found)
    control = f"{total.mutants} mutants of {len(PACKAGES)} packages, seed {bench.seed}"
    yield Row(
        "recall of the screen",
        f"{share(total.kept, total.passing)} of the candidates that pass cold; {total.put_off} of them cut short and "
        "put off",
        "100 %",
        f"{control}; the screen answered {total.in_screen} of {total.candidates} candidates",
    )
    figure = "regressions that a screen finds, confirmed"
    yield Row(figure, share(total.besides_alike, total.besides), "100 %", f"{control}; tests beside the targets")
    yield Row("confirm equals cold", share(total.confirmed_alike, total.candidates), "100 %", control)
    yield Row("suite equals cold", share(total.suites_alike, total.suites), "100 %", "full suites of a tenth of them")


def share(part: int, whole: int) -> str:
    """`99.5 % (199 of 200)`; never rounded up to all."""
    return f"{int(1000 * part / whole) / 10 if whole else 0:g} % ({part} of {whole})"


ROWS: dict[str, Callable[[Bench], Iterator[Row]]] = {
    "screen": screen_rows,
    "confirm": confirm_rows,
    "isolation": isolation_rows,
    "endings": ending_rows,
    "memory": memory_rows,
    "parity": parity_rows,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.judging", description="Speed, cost and honesty of the judge.")
    parser.add_argument("--seed", type=int, default=0, help="seed of every candidate that is drawn")
    parser.add_argument("--quick", action="store_true", help="few measurements, to see that it works")
    parser.add_argument("rows", nargs="*", choices=[[], *ROWS], help="what to measure; nothing named: all")
    arguments = parser.parse_args()
    print(f"trm-lsp, the judge: commit {commit()}, seed {arguments.seed}\n{machine()}\n", flush=True)
    python = environment(BUILD / "pytest", PYTEST)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="trm-bench-") as folder:
        os.environ["TMPDIR"] = tempfile.tempdir = folder  # the copies that tests run in are made there
        bench = Bench(Path(folder).resolve(), python, QUICK if arguments.quick else Size(), arguments.seed)
        for name in arguments.rows or ROWS:
            print(f"{name} ...", file=sys.stderr, flush=True)
            rows += ROWS[name](bench)
    print(f"\n{table(rows)}")


if __name__ == "__main__":
    main()
