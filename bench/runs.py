"""Bugs repaired by arms, each in a process of its own on one core: how that is run, judged and remembered."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import queue
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from bench.packages import BUILD, REPOSITORY
from bench.tasks import Judged, Laid, Task

MEMORY = BUILD / "repair.jsonl"
GRACE = 300.0
"""Seconds beyond its budget after which a run is ended from outside: the baseline and the last verdict are in them."""
BESIDES = 15.0
"""Seconds to lay a bug, take its baseline and judge the answer, as long as none was measured."""
_OURS = ("ablations", "controls", "cpu", "injected", "large", "packages", "repairing", "runs", "suite", "tasks")
MEASURED = (
    "trm_lsp",
    "bench/realistic",
    *(f"bench/{name}.py" for name in _OURS),
    # The versions of what tests run with.
    "bench/sdists.txt",
    "bench/wheels.txt",
    "requirements/dev.txt",
)
"""What a run depends on: when a file of these is changed, nothing that was remembered counts any more."""
CORES = Path("/sys/devices/system/cpu")


class Budget(NamedTuple):
    """What every run gets."""

    seconds: float
    work: float | None
    seed: int
    jobs: int = 1
    """How many run at a time: each has a core, and shares the rest of the machine."""


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
    answered: Mapping[str, float] | None = None
    """As bench/repairing.py has them: seconds, CPU, work and candidates."""
    screened_cpu: float = 0.0
    memory: float = 0.0
    took: float = 0.0
    """Seconds in all, with laying and judging."""

    def after_baseline(self, moment: Mapping[str, float] | None, what: str) -> float | None:
        """Seconds or CPU from the baseline's end to a moment; None where there is none."""
        return moment[what] - self.baseline[what] if moment and self.baseline else None


# One run


def measured(task: Task, arm: str, budget: Budget, scratch: Path) -> Run:
    """Lay a task, have an arm repair it, and judge what it offers."""
    about = (task.set, task.id, task.kinds, task.single, arm)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        laid = task.lay(Path(folder))
        told = repaired(laid, arm, budget)
        if "arm" not in told:
            return Run(*about, False, False, False, told["error"], took=time.monotonic() - began)
        try:
            judged = _judged(task, laid.root, told["answer"]) if told["solved"] else Judged(False, False)
            among = judged.correct or any(_judged(task, laid.root, texts).correct for texts in told["survivors"])
            error = told["error"]
        except (subprocess.SubprocessError, OSError, ValueError) as wrong:
            judged, among, error = Judged(False, False), False, f"cannot be judged: {wrong}"
    kept = {name: told[name] for name in Run._fields[Run._fields.index("halt") :] if name in told}
    return Run(*about, judged.plausible, judged.correct, among, error, **kept, took=time.monotonic() - began)


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
    """What was run before, by code, budget, arm and task: a task is what it consists of, not its name alone."""

    def __init__(self, file: Path, version: str, budget: Budget) -> None:
        self._file = file
        self._about = [version, *budget]
        self._known: dict[tuple[str, str, str, str], Run] = {}
        self._adding = threading.Lock()
        text = file.read_text(encoding="utf-8") if file.exists() else ""
        self._before = "\n" if text and not text.endswith("\n") else ""  # half a line of a command that was killed
        for line in text.splitlines():
            with contextlib.suppress(ValueError):
                found = json.loads(line)
                if found["about"] == self._about:
                    run = Run(**{**found["run"], "kinds": tuple(found["run"]["kinds"])})
                    self._known[run.set, run.task, found["task"], run.arm] = run

    def get(self, task: Task, arm: str) -> Run | None:
        return self._known.get((task.set, task.id, task.digest, arm))

    def add(self, task: Task, run: Run) -> None:
        line = json.dumps({"about": self._about, "task": task.digest, "run": run._asdict()})
        with self._adding:
            self._known[run.set, run.task, task.digest, run.arm] = run
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with self._file.open("a", encoding="utf-8") as file:
                file.write(f"{self._before}{line}\n")
            self._before = ""

    def usual(self, arm: str) -> float | None:
        """Mean seconds of the runs of an arm that are remembered; None where there are none."""
        took = [run.took for run in self._known.values() if run.arm == arm]
        return statistics.fmean(took) if took else None


def version(root: Path = REPOSITORY) -> str:
    """A digest of all files that a run depends on."""
    sha = hashlib.sha256(sys.version.encode())
    for name in MEASURED:
        place = root / name
        files = sorted(path for path in place.rglob("*") if path.is_file()) if place.is_dir() else [place]
        for path in (path for path in files if path.suffix != ".pyc"):
            sha.update(f"{path.relative_to(root)}\0".encode() + path.read_bytes() + b"\0")
    return sha.hexdigest()[:12]


# All of them


class Left(NamedTuple):
    """What is still to be run."""

    runs: int
    remembered: int
    expected: float
    """Seconds, by what each arm has taken so far; one that was never run is taken to need its whole budget."""
    most: float
    """Seconds if every run uses up its budget."""

    def __str__(self) -> str:
        if not self.runs:
            return f"All {self.remembered} runs are remembered."
        remembered = f", {self.remembered} more are remembered" if self.remembered else ""
        return f"{self.runs} runs to do{remembered}: about {_hours(self.expected)}, {_hours(self.most)} at most."


def _hours(seconds: float) -> str:
    return f"{seconds / 3600:.1f} h" if seconds >= 3600 else f"{seconds / 60:.0f} min"


def left(chosen: Sequence[Task], arms: Sequence[str], memory: Memory, budget: Budget) -> Left:
    """How much there is to do."""
    most = budget.seconds + BESIDES
    new = [arm for task in chosen for arm in arms if memory.get(task, arm) is None]
    usual = {arm: memory.usual(arm) for arm in arms}
    expected = sum(most if (took := usual[arm]) is None else took for arm in new)
    remembered = len(chosen) * len(arms) - len(new)
    return Left(len(new), remembered, expected / budget.jobs, len(new) * most / budget.jobs)


def every(
    chosen: Sequence[Task],
    arms: Sequence[str],
    memory: Memory,
    measure: Callable[[Task, str], Run],
    jobs: int = 1,
    until: float = float("inf"),
) -> Iterator[Run]:
    """Every task with every arm, in turn; what is remembered is not run anew.

    So many are run at a time, each on a core of its own, with all it starts.
    None is begun once the monotonic clock has come to `until`. Whoever stops
    listening waits for those under way: they are remembered.
    """
    places: queue.SimpleQueue[int] = queue.SimpleQueue()
    for core in cores()[:jobs]:
        places.put(core)

    def done(task: Task, arm: str) -> tuple[Run | None, bool]:
        known = memory.get(task, arm)
        if known is not None or time.monotonic() >= until:
            return known, True
        run = measure(task, arm)
        memory.add(task, run)
        return run, False

    pool = ThreadPoolExecutor(jobs, initializer=lambda: os.sched_setaffinity(0, {places.get()}))
    try:
        asked = [(number, task, pool.submit(done, task, arm)) for number, task in enumerate(chosen, 1) for arm in arms]
        for number, task, future in asked:
            run, again = future.result()
            if run is not None:
                print(f"{task.set} {number}/{len(chosen)} {told(run, again)}", file=sys.stderr, flush=True)
                yield run
    finally:
        pool.shutdown(cancel_futures=True)


def cores() -> list[int]:
    """One processor of each core that we may use: two that share a core would slow each other down."""
    found: dict[str, int] = {}
    for number in sorted(os.sched_getaffinity(0)):
        shared = CORES / f"cpu{number}" / "topology" / "thread_siblings_list"
        found.setdefault(shared.read_text().strip() if shared.exists() else str(number), number)
    return list(found.values())


def told(run: Run, remembered: bool) -> str:
    what = "correct" if run.correct else "plausible" if run.plausible else "not solved"
    what = "not solved" if run.single and not run.plausible else "plausible (nothing hidden)" if run.single else what
    spent = "remembered" if remembered else f"{run.tried} candidates, {run.cpu:.1f} s CPU"
    return f"{run.task} {run.arm}: {what}, {spent}{f'; ERROR: {run.error}' if run.error else ''}"
