"""What every test command has in common."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from trm_lsp.core.verdict import Outcome, TestResult
from trm_lsp.judging.commands.sources import Sources
from trm_lsp.judging.signatures import normalise

MESSAGE_KEPT = 4000
"""Characters of a failure's text: its end."""

BAD = frozenset({Outcome.FAILED, Outcome.ERROR, Outcome.TIMEOUT})


@dataclass(frozen=True)
class Finished:
    """What a run of a command left behind."""

    output: str
    """Standard output and standard error, as they came; the beginning may be cut off."""
    exit: int | None
    """Exit code; None when a signal ended it."""
    ended: str | None
    """Who ended it: None (itself), `hard` or `idle` (a time-out), `killed`."""
    folder: Path
    """Where it ran."""
    reports: Path
    """The folder that `TestTool.command` was given."""
    seconds: float = 0.0

    @property
    def timed_out(self) -> bool:
        return self.ended in {"hard", "idle"}

    @property
    def sources(self) -> Sources:
        return Sources(self.folder)


class TestTool(Protocol):
    """A test command that we understand."""

    @property
    def kind(self) -> str:
        """What it is, in a word or two for the user: `node:test`."""

    def command(self, tests: Sequence[str], reports: Path, /) -> list[str] | None:
        """The argv that runs the user's command so that it reports; of some `tests` (ids) alone if there are any.

        `reports` is an empty folder that the command may write to. None when
        the tool cannot run these tests alone.
        """

    def environment(self, environ: Mapping[str, str], cache: Path, /) -> dict[str, str]:
        """Variables the command needs beside the allowed ones.

        `environ` is the user's own environment, `cache` a folder that stays from run to run of a job.
        """

    def results(self, run: Finished) -> tuple[TestResult, ...]:
        """What became of each test. Never empty, and never all well when the run was not."""


def result(
    id: str,
    outcome: Outcome,
    error: str = "",
    message: str = "",
    frames: Sequence[tuple[str, int]] = (),
    seconds: float = 0.0,
) -> TestResult:
    """A result whose signature is `error` without what is volatile, and whose place is the last of its `frames`."""
    path, line = frames[-1] if frames else ("", 0)
    return TestResult(
        id=id,
        outcome=outcome,
        signature=normalise(error) if outcome in BAD else "",
        message=message[-MESSAGE_KEPT:],
        path=path,
        line=line,
        frames=tuple(frame for frame in frames if frame[1]),
        seconds=seconds,
    )


def unended(id: str, run: Finished) -> TestResult:
    """A test that had begun when the run ended."""
    if run.timed_out:
        outcome, text = Outcome.TIMEOUT, "the test did not end in time"
    else:
        outcome, text = Outcome.ERROR, "the test ended its own process"
    path = run.sources.relative(id.split("::")[0])
    return result(id, outcome, text, text, [(path, 0)] if path else ())


def honest(results: Iterable[TestResult], run: Finished, shown: str) -> tuple[TestResult, ...]:
    """The results, and one of the command as a whole if it failed and none of them says so."""
    found = tuple({one.id: one for one in results}.values())
    if any(one.outcome in BAD for one in found) or (found and run.exit == 0 and not run.ended):
        return found
    return (*found, whole(run, shown))


def whole(run: Finished, shown: str) -> TestResult:
    """A command as one test: its exit code decides, its failing lines are the signature."""
    outcome = Outcome.TIMEOUT if run.timed_out else Outcome.PASSED if run.exit == 0 else Outcome.FAILED
    if outcome is Outcome.PASSED:
        return result(shown, outcome, seconds=run.seconds)
    text = run.output.strip()
    error = "the command did not end in time" if run.timed_out else " ".join(failing_lines(text))
    mentioned = run.sources.mentioned(text)[:1]  # later ones are often those of a summary, or of a runner's own
    return result(shown, outcome, error or f"exit code {run.exit}", text, mentioned, run.seconds)


_ALARMING = ("error", "fail", "assert", "exception", "panic", "not ok", "expected", "✖", "✗", "×")
_SUMMARY = ("0 fail", "0 error", "fail 0", "no error", "0 failed", "without error")
LINES_KEPT = 3


def failing_lines(text: str) -> list[str]:
    """The first lines that tell of a failure, else the last that tell of anything."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    alarming = [line for line in lines if _tells_failure(line.lower())]
    return alarming[:LINES_KEPT] or lines[-LINES_KEPT:]


def _tells_failure(line: str) -> bool:
    return any(word in line for word in _ALARMING) and not any(word in line for word in _SUMMARY)
