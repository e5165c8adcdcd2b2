"""The questions of a run on the command line: answered by what was typed, what was confirmed before, or the user."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Collection

from trm_lsp.core.consent import Question
from trm_lsp.store.consents import Consents

PLAIN = "python -m pytest"
"""What `trm-lsp refine` runs by its own description: to type the one is to allow the other."""


class Asking:
    """The `Ask` of one run.

    `named` are the test commands that the user has allowed by what they typed,
    `yes` says yes to everything, `interrupt` ends the run.
    """

    def __init__(self, named: Collection[str], *, yes: bool, interrupt: Callable[[], None]) -> None:
        self._named = named
        self._yes = yes
        self._interrupt = interrupt
        self._once = Consents().asking_once(self._ask)
        self.refused = False
        """Whether something was not allowed."""

    def __call__(self, question: Question) -> bool:
        named = question.kind == "command" and question.command in self._named
        # A --yes is remembered: it answers for editors that cannot ask.
        allowed = (named and not self._yes) or self._once(question)
        self.refused |= not allowed
        return allowed

    def _ask(self, question: Question) -> bool:
        if self._yes:
            return True
        if not (sys.stdin and sys.stdin.isatty() and sys.stderr.isatty()):
            return False
        interrupted = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            print(*question.details, sep="\n", file=sys.stderr)
            print(f"{question.text} [y/N] ", end="", file=sys.stderr, flush=True)
            return sys.stdin.readline().strip().lower() in {"y", "yes"}
        except KeyboardInterrupt:
            print(file=sys.stderr)
            self._interrupt()
            return False
        finally:
            signal.signal(signal.SIGINT, interrupted)
