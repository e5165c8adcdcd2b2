"""`python -m bench.editor`: latencies and memory of the language server beside their targets.

    python -m bench.editor [--seed N] [--quick]

Every figure of ours has a control that was measured at the same time on the
same machine: a bare pygls server, or the server at rest.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import psutil

from bench.client import Client
from examples.bug import copy_billing

REPOSITORY = Path(__file__).parent.parent
OURS = (sys.executable, "-P", "-m", "trm_lsp.app.cli", "serve")
BARE = (sys.executable, "-P", str(Path(__file__).with_name("bare.py")))

TEST_FILE, TEST = "tests/test_discounts.py", "test_volume_discount_at_the_first_piece_of_a_tier"
SOURCE, LINE = "src/billing/discounts.py", 60
FOR_EVER = {"budget": {"seconds": 3600}, "loop": {"steps": 1024, "patience": 100}}
LATEST_SECONDS = 6.0
"""Cancels come at moments up to this long after the request: start, baseline, warming up, search."""
PROCESSES_GONE_SECONDS = 30.0
"""How long to look for processes that are left before giving up."""


class Row(NamedTuple):
    figure: str
    measured: str
    target: str
    control: str


@dataclass(frozen=True)
class Size:
    """How often things are measured."""

    cancels: int = 20
    hover_seconds: float = 15.0
    starts: int = 15


QUICK = Size(cancels=4, hover_seconds=3.0, starts=3)


@contextlib.contextmanager
def serving(command: Sequence[str], root: Path) -> Iterator[Client]:
    """A server that has been initialized and has two files open."""
    client = Client(command, root, FOR_EVER)
    client.initialize()
    client.initialized()
    client.open(SOURCE)
    client.open(TEST_FILE, impossible(root))
    client.hover(SOURCE, LINE)
    try:
        yield client
    finally:
        client.leave()


def impossible(root: Path) -> str:
    """The test file with one test that no repair can pass: its run lasts as long as we let it."""
    text = (root / TEST_FILE).read_text(encoding="utf-8")
    assert "== Money(4000)" in text
    return text.replace("== Money(4000)", "== object()", 1)


def refine(client: Client) -> str:
    """Start the run that does not end; returns its job."""
    answer = client.command("trm.refine", {"uri": client.uri(TEST_FILE), "tests": [f"{TEST_FILE}::{TEST}"]})
    return str(answer["job"])


# Cancelling


class Cancelled(NamedTuple):
    """How long a cancel took, in seconds."""

    answered: float
    gone: float
    """Until no process of the run was left; the engine may wait for the next run, alone."""


def cancels(root: Path, moments: Sequence[float]) -> list[Cancelled]:
    """Cancel one run at each moment, in seconds after it was asked for."""
    with serving(OURS, root) as client:
        return [cancel_at(client, moment) for moment in moments]


def cancel_at(client: Client, moment: float) -> Cancelled:
    job = refine(client)
    client.listen(moment)
    engine = client.engine()
    below = engine.children(recursive=True) if engine else []
    began = time.perf_counter()
    client.command("trm.cancel", {"job": job})
    answered = time.perf_counter() - began
    while left(client, below) and time.perf_counter() - began < PROCESSES_GONE_SECONDS:
        client.listen(0.005)
    return Cancelled(answered, time.perf_counter() - began)


def left(client: Client, below: Sequence[psutil.Process]) -> bool:
    """Whether a process of the run is there: one that was seen, or any other that is at home in our folder."""
    if any(running(process) for process in below):
        return True
    engine = client.engine()
    known = {client.process.pid, engine.pid if engine else 0}
    return any(process.pid not in known for process in at_home(client.root.parent))


def at_home(folder: Path) -> Iterator[psutil.Process]:
    """The processes that work below a folder, whoever their parents are."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if Path(process.cwd()).is_relative_to(folder):
                yield process


def running(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.Error):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def cancel_rows(root: Path, size: Size, seed: int) -> list[Row]:
    chance = random.Random(seed)
    found = cancels(root, [chance.uniform(0.0, LATEST_SECONDS) for _ in range(size.cancels)])
    answered, gone = [c.answered for c in found], [c.gone for c in found]
    moments = f"worst of {len(found)} moments"
    with serving(BARE, root) as bare:
        control = max(bare.hover(SOURCE, LINE) for _ in found)
    return [
        Row(
            "cancel answered",
            f"{milliseconds(max(answered))} ({moments}, median {milliseconds(statistics.median(answered))})",
            "200 ms",
            f"{milliseconds(control)} (bare pygls, worst of {len(found)} hovers)",
        ),
        Row(
            "no process of the run left",
            f"{milliseconds(max(gone))} ({moments}, median {milliseconds(statistics.median(gone))})",
            "2 s",
            "-",
        ),
    ]


# Hovering


def hover_rows(root: Path, size: Size) -> list[Row]:
    """Hovers on our server during a run, each followed by one on a bare server beside it."""
    with serving(OURS, root) as ours, serving(BARE, root) as bare:
        resting = [hover(ours) for _ in range(200)]
        job = refine(ours)
        # The first report of the recursion: from here on it searches.
        ours.wait(lambda m: m.get("method") == "$/progress" and "- z " in str(m["params"]["value"].get("message")))
        working, beside = [], []
        deadline = time.perf_counter() + size.hover_seconds
        while time.perf_counter() < deadline:
            working.append(hover(ours))
            beside.append(hover(bare))
        ours.command("trm.cancel", {"job": job})
    return [
        Row(
            "hover while a run works, p95",
            f"{milliseconds(p95(working))} (of {len(working)}; p50 {milliseconds(statistics.median(working))})",
            "5 ms",
            f"{milliseconds(p95(beside))} (bare pygls, meanwhile); {milliseconds(p95(resting))} (ours, at rest)",
        )
    ]


def hover(client: Client) -> float:
    """Hover on a line with a failing test, a little after the last time."""
    client.listen(0.005)
    return client.hover(TEST_FILE, 37)


# Starting


def memory_rows(root: Path, size: Size) -> list[Row]:
    """Both servers at the same time, so that neither has shared pages for itself."""
    ours, bares = [], []
    for _ in range(size.starts):
        with serving(OURS, root) as our, serving(BARE, root) as bare:
            our.listen(0.5)  # what is warmed up after the start counts too
            ours.append(our.pss())
            bares.append(bare.pss())
    our_median, bare_median = statistics.median(ours), statistics.median(bares)
    return [
        Row(
            "idle memory (PSS)",
            f"{our_median:.1f} MB, {our_median - bare_median:+.1f} MB over the control",
            "+20 MB",
            f"{bare_median:.1f} MB (bare pygls)",
        )
    ]


def initialize_rows(root: Path, size: Size) -> list[Row]:
    """CPU from the start of the process to the initialize response, the two servers in turn."""
    initialize_cpu(OURS, root), initialize_cpu(BARE, root)  # bytecode and file caches
    ours, bares = [], []
    for _ in range(size.starts):
        ours.append(initialize_cpu(OURS, root))
        bares.append(initialize_cpu(BARE, root))
    ours_median, bare_median = statistics.median(ours), statistics.median(bares)
    return [
        Row(
            "initialize (CPU)",
            f"{ours_median / bare_median:.2f}x ({milliseconds(ours_median)}, median of {size.starts})",
            "1.25x",
            f"{milliseconds(bare_median)} (bare pygls)",
        )
    ]


def initialize_cpu(command: Sequence[str], root: Path) -> float:
    client = Client(command, root)
    client.initialize()
    cpu = client.cpu_seconds()
    client.leave()
    return cpu


# Telling


def p95(values: Sequence[float]) -> float:
    return statistics.quantiles(values, n=20, method="inclusive")[-1]


def milliseconds(seconds: float) -> str:
    return f"{1000 * seconds:.0f} ms" if seconds >= 0.01 else f"{1000 * seconds:.2f} ms"


def commit() -> str:
    """The commit that is measured, and whether the tree differs from it."""

    def git(*arguments: str) -> str:
        ran = subprocess.run(["git", *arguments], cwd=REPOSITORY, capture_output=True, text=True, check=False)
        return ran.stdout.strip()

    return (git("rev-parse", "--short", "HEAD") or "unknown") + (" with changes" if git("status", "--short") else "")


def machine() -> str:
    cores = os.cpu_count() or 1
    return (
        f"{cores} core{'s' * (cores > 1)}, Python {platform.python_version()}, "
        f"{platform.system()} {platform.release()}, load {os.getloadavg()[0]:.1f} before"
    )


def table(rows: Sequence[Row]) -> str:
    """Columns as wide as they need to be, as Markdown reads them."""
    cells = [Row("figure", "measured", "target", "control"), *rows]
    widths = [max(len(row[column]) for row in cells) for column in range(4)]
    lines = ["| " + " | ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) + " |" for row in cells]
    return "\n".join([lines[0], "| " + " | ".join("-" * width for width in widths) + " |", *lines[1:]])


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.editor", description="Latencies and memory of the language server.")
    parser.add_argument("--seed", type=int, default=0, help="seed of the moments at which runs are cancelled")
    parser.add_argument("--quick", action="store_true", help="few measurements, to see that it works")
    arguments = parser.parse_args()
    size = QUICK if arguments.quick else Size()
    print(f"trm-lsp, the editor: commit {commit()}, seed {arguments.seed}\n{machine()}\n", flush=True)
    with tempfile.TemporaryDirectory(prefix="trm-bench-") as folder:
        root = copy_billing(Path(folder).resolve())
        os.environ["TMPDIR"] = folder  # the copies that tests run in are made there
        rows = [
            *initialize_rows(root, size),
            *memory_rows(root, size),
            *hover_rows(root, size),
            *cancel_rows(root, size, arguments.seed),
        ]
    print(table(rows))


if __name__ == "__main__":
    main()
