"""`trm-lsp refine`: one run, its progress on stderr, its answer on stdout."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import uuid
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from trm_lsp.app.asking import PLAIN, Asking
from trm_lsp.app.exit_codes import BROKEN, INTERRUPTED, NOT_SOLVED, PASSES, USAGE
from trm_lsp.app.progress import Progress
from trm_lsp.core.events import Halted, Proposal, RunStarted
from trm_lsp.core.halting import HaltReason
from trm_lsp.core.state import BaseText, Task
from trm_lsp.engine.refine import refine
from trm_lsp.settings import Settings, load, pyproject_values
from trm_lsp.settings.loosened import loosened
from trm_lsp.store import EventLog, StoreError
from trm_lsp.workspace.texts import UnreadableText, decode


class UsageError(Exception):
    """What the user typed cannot be meant; the message is one sentence."""


def refine_command(arguments: argparse.Namespace) -> int:
    """Run the loop as the arguments say; return the exit code."""
    try:
        root = _root(arguments.root)
        tests = tuple(_test(root, test) for test in arguments.tests)
        settings = _settings(root, arguments)
    except UsageError as error:
        print(f"trm-lsp: {error}", file=sys.stderr)
        return USAGE
    task = Task(id=uuid.uuid4().hex[:12], root=str(root), tests=tests, command=arguments.command)
    try:
        log: EventLog | None = EventLog(root)
        notices = log.notices if log else ()
    except StoreError as error:
        log, notices = None, (f"{error} This run will not be remembered.",)
    try:
        return _run(task, settings, log, notices, arguments)
    finally:
        if log is not None:
            log.close()


def _run(
    task: Task, settings: Settings, log: EventLog | None, notices: tuple[str, ...], arguments: argparse.Namespace
) -> int:
    interrupted = _Interrupt()
    halted: Halted | None = None
    # A file of the workspace may name another interpreter, or weaken the sandbox: that is confirmed.
    as_usual = (arguments.python or not settings.python) and not any(loosened(settings))
    named = {PLAIN, task.command} if as_usual else set[str]()
    asking = Asking(named, yes=arguments.yes, interrupt=interrupted.set)
    run = refine(task, settings, store=log, notices=notices, cancelled=interrupted.is_set, ask=asking)
    with closing(run) as events, Progress(sys.stderr) as progress:
        for event in events:
            if not (asking.refused and isinstance(event, RunStarted)):  # nothing is started
                progress.show(event)
            if arguments.json:
                print(event.model_dump_json(), flush=True)
            if isinstance(event, Halted):
                halted = event
    assert halted is not None  # the last event is always Halted
    if halted.proposal is not None and not arguments.json:
        print(halted.proposal.diff, end="")
    code = _exit_code(halted)
    if arguments.apply and halted.solved and halted.proposal is not None:
        code = _apply(Path(task.root), halted.proposal)
    return code


class _Interrupt:
    """Ctrl-C once ends the run with its best so far; twice ends the program."""

    def __init__(self) -> None:
        self._set = False
        signal.signal(signal.SIGINT, self._interrupt)

    def _interrupt(self, *_: object) -> None:
        if self._set:
            raise KeyboardInterrupt
        self._set = True

    def set(self) -> None:
        self._set = True

    def is_set(self) -> bool:
        return self._set


def _root(given: str) -> Path:
    root = Path(given).resolve()
    if not root.is_dir():
        raise UsageError(f"{given} is not a folder.")
    return root


def _test(root: Path, given: str) -> str:
    """A test as the root sees it. Raises UsageError for what is not there or lies outside."""
    file, separator, rest = given.partition("::")
    path = Path(os.path.abspath(file))
    if not path.exists():
        path = root / file
    if not path.exists():
        raise UsageError(f"there is no {file}: name a test file, a folder or a pytest id.")
    if not path.resolve().is_relative_to(root):
        raise UsageError(f"{file} lies outside the workspace {root}: give its folder with --root.")
    return path.resolve().relative_to(root).as_posix() + separator + rest


def _settings(root: Path, arguments: argparse.Namespace) -> Settings:
    """Command line, then pyproject.toml, then defaults. What the user typed must be right; the file may be odd."""
    typed: dict[str, Any] = {
        "python": arguments.python or None,
        "budget": {"seconds": arguments.budget_seconds, "work": arguments.budget_work},
        "loop": {"steps": arguments.max_steps, "seed": arguments.seed},
    }
    _, problems = load(("the command line", typed))
    if problems:
        raise UsageError(problems[0])
    values, unreadable = pyproject_values(root)
    loaded = load(("the command line", typed), (str(root / "pyproject.toml"), values))
    for problem in (*unreadable, *loaded.problems):
        print(problem, file=sys.stderr)
    return loaded.settings


def _exit_code(halted: Halted) -> int:
    match halted.decision:
        case HaltReason.NOTHING:
            return PASSES
        case HaltReason.BROKEN:
            return BROKEN
        case HaltReason.CANCELLED:
            return INTERRUPTED
    return PASSES if halted.solved else NOT_SOLVED


def _apply(root: Path, proposal: Proposal) -> int:
    """Write the answer, if every file is still what the run began with; all files or none."""
    try:
        written = {path: _new_data(root, path, proposal) for path in proposal.texts}
        stale = [path for path, data in written.items() if data is None]
        if stale:
            print(f"trm-lsp: not applied: {stale[0]} has changed since the run began; run it again.", file=sys.stderr)
            return NOT_SOLVED
        _write_all(root, {path: data for path, data in written.items() if data is not None})
    except (OSError, UnreadableText, UnicodeEncodeError) as error:
        print(f"trm-lsp: not applied: {error}", file=sys.stderr)
        return NOT_SOLVED
    print(f"Applied to {', '.join(sorted(written))}.", file=sys.stderr)
    return PASSES


def _new_data(root: Path, path: str, proposal: Proposal) -> bytes | None:
    """The new bytes of a file, None when it has changed since."""
    base: BaseText = decode(path, (root / path).read_bytes())
    if base.digest != proposal.base_digests[path]:
        return None
    return base.model_copy(update={"text": proposal.texts[path]}).data


def _write_all(root: Path, files: Mapping[str, bytes]) -> None:
    """Write each file beside its place first, so that no file is ever half written."""
    staged: dict[Path, Path] = {}
    try:
        for path, data in files.items():
            target = (root / path).resolve()
            beside = target.with_name(f".{target.name}.trm-{os.getpid()}")
            staged[beside] = target
            beside.write_bytes(data)
            os.chmod(beside, target.stat().st_mode)
        for beside, target in staged.items():
            os.replace(beside, target)
    finally:
        for beside in staged:
            beside.unlink(missing_ok=True)
