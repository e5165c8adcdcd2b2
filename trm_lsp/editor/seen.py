"""What a run's events amount to so far, and how that is said."""

from __future__ import annotations

from trm_lsp.core.events import (
    AnyEvent,
    BaselineJudged,
    Detached,
    Halted,
    Proposal,
    RunStarted,
    Shape,
    StepJudged,
    YUpdated,
    ZUpdated,
)
from trm_lsp.core.state import BaseText, Candidate
from trm_lsp.core.verdict import Verdict
from trm_lsp.settings import Settings


class Seen:
    """Takes in the events of one run, in order."""

    def __init__(self) -> None:
        self.last: AnyEvent | None = None
        self.command = ""
        self.baseline: Verdict | None = None
        self.halted: Halted | None = None
        self.asking = False
        """Whether the run waits for the user's answer to a question."""
        self._best: Candidate | None = None
        self._best_verdict: Verdict | None = None
        self._step_was_best = False
        self._cycle = 0
        self._at = ""
        """The update the recursion is at: `z 4/6` or `y`."""

    def take(self, event: AnyEvent) -> None:
        self.last = event
        match event:
            case RunStarted():
                self.command = event.command
            case BaselineJudged():
                self.baseline = event.verdict
            case ZUpdated():
                self._cycle, self._at = event.cycle, f"z {event.i}/{event.run.shape.n}"
            case YUpdated():
                self._cycle, self._at = event.cycle, "y"
            case StepJudged():
                self._step_was_best = event.best
                if event.best:
                    self._best_verdict = event.verdict
            case Detached():
                # The step's y is what the next step receives, and the only place where its texts are told.
                if self._step_was_best:
                    self._best = event.y
                    self._step_was_best = False
            case Halted():
                self.halted = event

    @property
    def shape(self) -> Shape | None:
        return self.last.run.shape if self.last else None

    @property
    def failing_at_first(self) -> int:
        return self.baseline.counts.failing if self.baseline else 0

    @property
    def failing_now(self) -> int:
        """Of the best so far: targets that fail, and tests it broke."""
        if self.last is None or not self.last.counts.targets:
            return self.failing_at_first
        return self.last.counts.failing + self.last.counts.regressions

    @property
    def counting(self) -> bool:
        """Whether the recursion has begun."""
        return not self.asking and self.last is not None and self.last.step > 0 and bool(self._at)

    @property
    def message(self) -> str:
        """For a progress bar: `step 2/16 - cycle 1/3 - z 4/6 - 3 -> 1 failing`."""
        if self.asking:
            return "waiting for your answer"
        if self.last is None:
            return "starting"
        if not self.counting:
            return "running the tests" if self.baseline is None else f"{self.failing_at_first} failing"
        shape = self.last.run.shape
        return (
            f"step {self.last.step}/{shape.N_sup} - cycle {self._cycle}/{shape.T} - {self._at}"
            f" - {self.failing_at_first} -> {self.failing_now} failing"
        )

    @property
    def text(self) -> str:
        """For a status bar: `TRM 2/16 · 1/3 · z 4/6 · 3→1`."""
        if self.last is None or not self.counting:
            return f"TRM {self.message}"
        shape = self.last.run.shape
        return (
            f"TRM {self.last.step}/{shape.N_sup} · {self._cycle}/{shape.T} · {self._at}"
            f" · {self.failing_at_first}→{self.failing_now}"
        )

    def percentage(self, settings: Settings) -> int:
        """How much of the steps or of the budget is used up, whichever is more."""
        if self.last is None or self.shape is None:
            return 0
        steps = max(0, self.last.step - 1) / self.shape.N_sup
        seconds = self.last.spent.seconds / settings.budget.seconds
        work = self.last.spent.work / settings.budget.work if settings.budget.work else 0.0
        return int(99 * min(1.0, max(steps, seconds, work)))

    def best_so_far(self) -> tuple[Proposal, Verdict] | None:
        """The best candidate told so far as a proposal, for a run that ended before it could say one."""
        if self._best is None or self._best_verdict is None or not self._best.touched:
            return None
        from trm_lsp.patch.diffs import hunks, unified  # unidiff, for this rare case alone

        best = self._best
        texts = {path: best.texts[path] for path in best.touched}
        return Proposal(
            hunks=tuple(h for path in texts for h in hunks(path, best.base[path], texts[path])),
            diff=unified(best.base, texts),
            texts=texts,
            base_digests={path: BaseText(path=path, text=best.base[path]).digest for path in texts},
            passes=self._best_verdict.counts.passed,
            why=tuple(commit.reason for commit in best.commits if commit.reason),
        ), self._best_verdict
