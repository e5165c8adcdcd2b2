"""Small projects as dicts of files, a judge on them, and what to look at afterwards."""

from __future__ import annotations

import ctypes
import os
import tempfile
import textwrap
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from trm_lsp.core.budget import Stopped
from trm_lsp.core.consent import Ask, refuse
from trm_lsp.core.events import AnyEvent, Halted, Notice
from trm_lsp.core.state import BaseText, Task, Variant
from trm_lsp.core.verdict import Tier, Verdict
from trm_lsp.engine.refine import refine
from trm_lsp.judging.judge import TestJudge
from trm_lsp.settings import Settings
from trm_lsp.workspace.files import fingerprint

Files = Mapping[str, str | bytes]

TESTS = Path(__file__).parent

NO_PLUGINS = "PYTEST_DISABLE_PLUGIN_AUTOLOAD"
"""Our own test environment has plugins that the small projects can do without: four times faster."""

WRONG = "def sub(a, b):\n    return a + b\n"
RIGHT = "def sub(a, b):\n    return a - b\n"
TEST = "from calc import sub\n\n\ndef test_sub():\n    assert sub(3, 2) == 1\n"
CALC: Files = {"calc.py": WRONG, "test_calc.py": TEST}
"""One module, one bug, one failing test."""
FIXED = Variant({"calc.py": RIGHT})


def make(root: Path, files: Files) -> Path:
    """Write the files (texts are dedented, bytes are not touched) and return the root."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else textwrap.dedent(content).encode())
    return root


def settings(**values: Any) -> Settings:
    """Settings of a test: nested sections as dicts; plugins of our own environment stay out."""
    test = dict(values.pop("test", {}))
    test["env"] = (NO_PLUGINS, *test.get("env", ()))
    return Settings.model_validate({"test": test, **values})


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The folder of a project."""
    root = tmp_path / "project"
    root.mkdir()
    return root


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where isolated copies are made: a folder of the test's own, so that what is left behind is seen."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setenv(NO_PLUGINS, "1")
    for name in ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "PYTEST_ADDOPTS"):
        monkeypatch.delenv(name, raising=False)
    return folder


def buffer(path: str, text: str) -> BaseText:
    """An unsaved buffer."""
    return BaseText(path=path, text=text, version=1)


def task(root: Path, *tests: str, **facts: Any) -> Task:
    return Task(id="task", root=str(root), tests=tests, **facts)


@contextmanager
def judging(
    root: Path,
    *tests: str,
    env: Mapping[str, str] | None = None,
    check: Callable[[], None] = lambda: None,
    test: Mapping[str, Any] | None = None,
    sandbox: Mapping[str, Any] | None = None,
    python: str = "",
    forks: bool = True,
    ask: Ask = refuse,
    **facts: Any,
) -> Iterator[TestJudge]:
    """A judge at work on a project; `env` is added to the environment.

    The test is skipped where the machine does not have the level that `sandbox` asks for.
    """
    knobs = settings(test=dict(test or {}), sandbox=dict(sandbox or {}), python=python)
    environ = {**os.environ, **(env or {})}
    with TestJudge(task(root, *tests, **facts), knobs, check, environ, ask=ask, forks=forks) as judge:
        if judge.sandbox.level != knobs.sandbox.level != "auto":
            pytest.skip(f"this machine has no {knobs.sandbox.level}: {judge.sandbox.missing}")
        yield judge


def verdict(judge: TestJudge, variant: Variant = FIXED, tier: Tier = Tier.CONFIRM) -> Verdict:
    (found,) = judge([variant], tier)
    return found


def outcomes(verdict: Verdict) -> dict[str, str]:
    """The outcome of each test by the last part of its id."""
    return {result.id.partition("::")[2] or result.id: str(result.outcome) for result in verdict.results}


@contextmanager
def untouched(root: Path) -> Iterator[None]:
    """Nothing below the root may change meanwhile, caches included."""
    before = fingerprint(root)
    yield
    assert fingerprint(root) == before


def until(condition: Callable[[], Any], seconds: float = 10.0) -> Any:
    """Poll until something is so; its value, or the last false one at the deadline."""
    deadline = time.monotonic() + seconds
    while not (found := condition()) and time.monotonic() < deadline:
        time.sleep(0.01)
    return found


def alive(pid: int) -> bool:
    """Whether a process still runs; one that waits for its parent to notice its end does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return False
    return stat.rpartition(b")")[2].split()[0] != b"Z"


def marked(marker: str) -> list[int]:
    """Processes that run and have `marker` in their command line, whatever namespace they are in."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.status() != psutil.STATUS_ZOMBIE and any(marker in word for word in process.cmdline()):
                found.append(process.pid)
    return found


def gone(*pids: int, seconds: float = 5.0) -> bool:
    """Whether every process has ended by the deadline."""
    return bool(until(lambda: not any(alive(pid) for pid in pids), seconds))


def copies(folder: Path) -> list[Path]:
    """Private folders of jobs that are in a temporary folder, and with them the copies of workspaces."""
    return sorted(owner.parent for owner in folder.glob("trm-*/owner"))


def without_power() -> None:
    """In a child process: obey file permissions even as root, as any other user does."""
    for capability in (1, 2, 3):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER
        ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)  # PR_CAPBSET_DROP


class CancelAfter:
    """A check that cancels from the moment a condition holds."""

    def __init__(self, condition: Callable[[], bool]) -> None:
        self._condition = condition
        self.at = 0.0
        """When it did."""

    def is_set(self) -> bool:
        if not self.at and self._condition():
            self.at = time.monotonic()
        return bool(self.at)

    def __call__(self) -> None:
        if self.is_set():
            raise Stopped("cancelled")


def run(root: Path, *tests: str, knobs: Settings | None = None, **facts: Any) -> list[AnyEvent]:
    """All events of a refinement; facts of the task and keywords of refine() by name."""
    given = {name: facts.pop(name) for name in ("store", "notices", "clock", "cancelled") if name in facts}
    return list(refine(task(root, *tests, **facts), knobs or settings(), **given))


def end(events: list[AnyEvent]) -> Halted:
    last = events[-1]
    assert isinstance(last, Halted)
    return last


def notices(events: list[AnyEvent]) -> list[str]:
    return [event.message for event in events if isinstance(event, Notice)]
