"""The small workspaces that the judge is measured in, and a judge at work on one of them."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from examples.bug import copy_billing, read
from trm_lsp.core.state import Task, Variant
from trm_lsp.core.verdict import Tier, Verdict
from trm_lsp.judging.judge import TestJudge
from trm_lsp.settings import Settings

BILLING_TEST, BILLING_SOURCE = "tests/test_discounts.py", "src/billing/discounts.py"
BILLING_TARGET = f"{BILLING_TEST}::test_volume_discount_at_the_first_piece_of_a_tier"
BROKEN_FUNCTION = "VolumeDiscount.percent_for"
FILES_OF_A_FOLDER = 50

WRONG, RIGHT = "def double(n):\n    return n + 1\n", "def double(n):\n    return n * 2\n"
CALC = {
    "calc.py": WRONG,
    "test_calc.py": "from calc import double\n\n\ndef test_double():\n    assert double(3) == 6\n",
}
"""One module, one bug, one failing test."""
REPAIRED = Variant({"calc.py": RIGHT})

LEAVING = """
import os
import time

from calc import double


def leave_behind():
    \"\"\"Start a process that leaves our session and its parent, and outlives the test; its id once it is away.\"\"\"
    here, there = os.pipe()
    child = os.fork()
    if not child:
        os.setsid()
        if not os.fork():
            os.write(there, b"%d" % os.getpid())
            time.sleep(600)
        os._exit(0)
    os.waitpid(child, 0)
    return int(os.read(here, 20))


def test_processes_are_left_behind():
    for _ in range(5):
        os.kill(leave_behind(), 0)


def test_double():
    assert double(3) == 6
"""


@contextlib.contextmanager
def at_work(
    root: Path, python: Path, *tests: str, env: Mapping[str, str] | None = None, **test: Any
) -> Iterator[TestJudge]:
    """A judge that knows its baseline; `test` are settings, `env` variables that the tests see."""
    added = dict(env or {})
    settings = Settings.model_validate({"python": str(python), "test": {**test, "env": tuple(added)}})
    environ = {"PATH": os.defpath, "LANG": "C.UTF-8", "TMPDIR": os.environ.get("TMPDIR", "/tmp"), **added}
    with TestJudge(Task(id="bench", root=str(root), tests=tests), settings, lambda: None, environ) as judge:
        if not judge.baseline().targets:
            raise RuntimeError(f"no test fails in {root}: there is nothing to measure")
        yield judge


def verdict(judge: TestJudge, variant: Variant, tier: Tier = Tier.CONFIRM) -> Verdict:
    (found,) = judge([variant], tier)
    return found


def make(root: Path, texts: Mapping[str, str]) -> Path:
    """A workspace of these files."""
    for path, text in texts.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    return root


def screened(folder: Path) -> Path:
    """Functions of 10, 20 and 40 lines, each with a bug and a plain failing test."""
    source = Path(__file__).parent / "screened"
    return Path(shutil.copytree(source, folder / "screened", ignore=shutil.ignore_patterns("__pycache__", ".*")))


def billing(folder: Path) -> Path:
    """The example package with its bug `volume-tier`."""
    root = copy_billing(folder)
    bug = read("volume-tier")
    return make(root, bug.put_into({path: (root / path).read_text(encoding="utf-8") for path in bug.paths}))


def filled(root: Path, count: int) -> Path:
    """The project with one bug among so many files in all: sources and data in packages that no test needs."""
    make(root, CALC)
    for number in range(count - len(CALC)):
        folder = root / f"part{number // FILES_OF_A_FOLDER // 20}" / f"piece{number // FILES_OF_A_FOLDER}"
        if number % FILES_OF_A_FOLDER == 0:
            folder.mkdir(parents=True, exist_ok=True)
        name = f"file{number}.py" if number % 3 else f"file{number}.json"
        (folder / name).write_text(f"value = {number}\n" * 20, encoding="utf-8")
    return root
