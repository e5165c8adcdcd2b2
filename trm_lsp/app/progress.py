"""Progress of a run on a terminal (a bar) or elsewhere (lines)."""

from __future__ import annotations

import textwrap
from types import TracebackType
from typing import NoReturn, TextIO

from tqdm import tqdm

from trm_lsp.core.events import (
    AnyEvent,
    BaselineJudged,
    Event,
    Halted,
    Notice,
    OpenQuestion,
    RunStarted,
    StepJudged,
    YUpdated,
    ZUpdated,
)


def describe(event: Event) -> str:
    """Where the recursion is: `step 2/16 - cycle 1/3 - z 4/6 - 3 -> 1 failing`."""
    shape, counts = event.run.shape, event.counts
    where = f"step {event.step}/{shape.N_sup}"
    if isinstance(event, ZUpdated):
        where += f" - cycle {event.cycle}/{shape.T} - z {event.i}/{shape.n}"
    elif isinstance(event, YUpdated):
        where += f" - cycle {event.cycle}/{shape.T} - y"
    left = counts.failing + counts.regressions
    failing = f"{counts.targets} failing" if left == counts.targets else f"{counts.targets} -> {left} failing"
    return f"{where} - {failing}"


class Progress:
    """Shows events as they come."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._bar: tqdm[NoReturn] | None = None

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def show(self, event: AnyEvent) -> None:
        match event:
            case RunStarted():
                self._line(f"Running `{event.command}` in an isolated copy of {event.task.root}")
            case BaselineJudged(verdict=verdict):
                counts = verdict.counts
                self._line(f"baseline: {counts.passed} of {counts.total} tests pass, {counts.failing} to repair")
            case ZUpdated() | YUpdated() | StepJudged():
                self._move(event)
            case Notice(message=message):
                self._line(message)
            case Halted():
                self._close()
                if event.proposal is not None:
                    self._line("\n".join(f"  {sentence}" for sentence in event.proposal.why))
                    self._ask(event.proposal.question)
                self._line(event.summary)

    def _ask(self, question: OpenQuestion | None) -> None:
        """The tests that would answer an open question; whoever does not care reads on."""
        for answer in question.answers if question else ():
            if answer.test is not None:
                self._line(f"  If {answer.outcome} is right, this test in {answer.test.path} says so:")
                self._line(textwrap.indent(textwrap.dedent(answer.test.after).strip(), "    "))

    def _move(self, event: ZUpdated | YUpdated | StepJudged) -> None:
        if not self._stream.isatty():
            if isinstance(event, ZUpdated) and event.thought:
                self._line(f"{describe(event)} - {event.thought}")
            elif isinstance(event, YUpdated) and event.change != "kept":
                self._line(f"{describe(event)} - {event.change}: {event.reason}")
            return
        shape = event.run.shape
        if self._bar is None:
            total = shape.N_sup * shape.T * (shape.n + 1)
            bar_format = "{desc} |{bar:20}| {elapsed}"
            self._bar = tqdm(desc=describe(event), total=total, file=self._stream, leave=False, bar_format=bar_format)
        self._bar.set_description_str(describe(event), refresh=False)
        self._bar.update(0 if isinstance(event, StepJudged) else 1)

    def _line(self, text: str) -> None:
        if self._bar is not None:
            self._bar.write(text, file=self._stream)
        else:
            print(text, file=self._stream, flush=True)

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None
