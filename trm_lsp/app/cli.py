"""trm-lsp: the language server, and the same engine from the command line."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from trm_lsp import __version__
from trm_lsp.app.exit_codes import BROKEN, INTERRUPTED, NOT_SOLVED, PASSES, USAGE


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="trm-lsp",
        description="Refine code until the tests pass. Without a command it speaks LSP on stdio.",
    )
    parser.add_argument("--version", action="version", version=f"trm-lsp {__version__}")
    commands = parser.add_subparsers(dest="verb", metavar="COMMAND")
    commands.add_parser("serve", help="speak LSP on stdin and stdout (the default)")

    refine = commands.add_parser(
        "refine",
        help="repair the code that failing tests reach",
        description="Repair the code that failing tests reach. The diff goes to stdout, progress to stderr; nothing "
        "is written without --apply. A test command that you did not type, and that is not plain `python -m pytest`, "
        "is confirmed first. Exit code: 0 passes or nothing to refine, 1 not solved, 2 usage, 3 the tests cannot be "
        "run, 130 interrupted.",
    )
    refine.add_argument("tests", nargs="*", metavar="TESTS", help="pytest ids or files; none: every failing test")
    refine.add_argument("--root", default=".", help="the workspace (default: here)")
    refine.add_argument("--command", default="", help="any other test command; its exit code decides")
    refine.add_argument("--python", default="", help="the interpreter that runs the tests")
    refine.add_argument("-y", "--yes", action="store_true", help="confirm whatever this run would ask, and remember it")
    refine.add_argument("--apply", action="store_true", help="write the answer into the files when it passes")
    refine.add_argument("--json", action="store_true", help="print the event stream, one object a line")
    refine.add_argument("--budget-seconds", type=float, metavar="S", help="seconds the run may take")
    refine.add_argument("--budget-work", type=float, metavar="W", help="work units the run may spend")
    refine.add_argument("--max-steps", type=int, metavar="N", help="supervision steps at most")
    refine.add_argument("--seed", type=int, metavar="K", help="seed of every random choice")

    stats = commands.add_parser("stats", help="print what this workspace remembers")
    stats.add_argument("--root", default=".", help="the workspace (default: here)")

    consent = commands.add_parser(
        "consent",
        help="show what you confirmed for a folder, or forget it",
        description="Show which test commands you confirmed for a folder. They are remembered in your state folder, "
        "never in the workspace.",
    )
    consent.add_argument("root", nargs="?", default=".", metavar="ROOT", help="the workspace (default: here)")
    consent.add_argument("--forget", action="store_true", help="forget it all: you are asked again")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code."""
    arguments = build_parser().parse_args(argv)
    try:
        return _run(arguments)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # whoever read the answer has gone; nothing is left to flush at the exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return NOT_SOLVED


def _run(arguments: argparse.Namespace) -> int:
    if arguments.verb == "refine":
        with _ended_by_interrupts():
            from trm_lsp.app.refining import refine_command

        return refine_command(arguments)
    if arguments.verb == "stats":
        return _stats(Path(arguments.root).resolve())
    if arguments.verb == "consent":
        from trm_lsp.app.consenting import consent_command

        return consent_command(arguments)
    if arguments.verb is None and sys.stdin.isatty():
        print("trm-lsp speaks LSP on stdin and stdout; `trm-lsp --help` shows what else it does.", file=sys.stderr)
    from trm_lsp.editor.server import main as serve

    serve()
    return PASSES


@contextmanager
def _ended_by_interrupts() -> Iterator[None]:
    """While modules are imported: compiled ones would make an error of their own of an interrupt."""
    usual = signal.getsignal(signal.SIGINT)
    if usual is not signal.default_int_handler:
        yield
        return
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, usual)


def _stats(root: Path) -> int:
    from trm_lsp.learning import markdown
    from trm_lsp.settings import load, pyproject_values
    from trm_lsp.store import EventLog, StoreError

    if not root.is_dir():
        print(f"trm-lsp: {root} is not a folder.", file=sys.stderr)
        return USAGE
    values, _ = pyproject_values(root)
    settings = load((str(root / "pyproject.toml"), values)).settings
    try:
        with EventLog(root) as log:
            for notice in log.notices:
                print(notice, file=sys.stderr)
            print(markdown(log.statistics(settings.statistics.decay, settings.statistics.skills)))
    except StoreError as error:
        print(f"trm-lsp: {error}", file=sys.stderr)
        return BROKEN
    return PASSES


if __name__ == "__main__":
    sys.exit(main())
