"""Tests of any other command: its own report says what became of each."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trm_lsp.judging.commands.tool import Finished, TestTool
from trm_lsp.judging.environment import EnvironmentBroken, TestCommand
from trm_lsp.judging.places import Place, remove_folder
from trm_lsp.judging.python_tests import AnyRunner, Texts
from trm_lsp.judging.runner import RunReport
from trm_lsp.settings import Settings

NOT_RUN = {126, 127}
"""The shell's exit codes for a command that may not be run, or is not there."""
OUTPUT_KEPT = 16 << 20
"""Bytes of output that are kept: reports of some tools are in it."""


@dataclass
class ToolTests:
    """Runs the tests of a command that is no Python runner: always the command itself, in a fresh process."""

    command: TestCommand
    tool: TestTool
    place: Place
    settings: Settings
    environ: Mapping[str, str]
    """The user's own environment: where toolchains are, for instance."""
    shared: Path
    """A folder that runs may write to and the engine reads."""
    start: Callable[[], AnyRunner]
    """Starts the test process anew."""
    runner: AnyRunner
    level: str = field(default="fresh", init=False)
    why: str = field(default="other commands start anew for every run", init=False)
    overhead: float = field(default=0.0, init=False)

    def neighbours(self, tests: Sequence[str]) -> tuple[str, ...]:
        """What to run to see tests with what stands beside them."""
        return tuple(tests)

    def cold(
        self,
        tests: Sequence[str],
        texts: Texts,
        *,
        timeout: float | None = None,
        idle: float | None = None,
        without: Sequence[str] = (),
        hash_seed: int | None = None,
    ) -> RunReport:
        """Run the command, for some tests alone where the tool can do that. Raises EnvironmentBroken, Stopped."""
        del without, hash_seed  # a tool knows neither
        limits = self.settings.test
        seconds = min(timeout or limits.timeout, limits.timeout)
        reports, cache = self.shared / "reports", self.shared / "cache"
        remove_folder(reports)
        reports.mkdir(parents=True, exist_ok=True)
        cache.mkdir(exist_ok=True)
        argv = self.tool.command(tuple(tests), reports) or self.tool.command((), reports)
        assert argv is not None  # it can always run everything
        request: dict[str, Any] = {
            "kind": "command",
            "via": [],
            "argv": argv,
            "env": self.tool.environment(self.environ, cache),
            "timeout": seconds,
            "idle": min(idle or limits.idle, limits.idle, seconds),
            "output": OUTPUT_KEPT,
            "tests": {},
            **self.place.change(texts),
        }
        report = self.runner.run(request)
        finished = Finished(
            output=report.output,
            exit=report.exit,
            ended=report.ended,
            folder=self.place.work,
            reports=reports,
            seconds=report.seconds,
        )
        report.results = {result.id: result for result in self.tool.results(finished)}
        if report.exit in NOT_RUN and report.results.keys() == {self.command.shown}:  # it said nothing of any test
            raise EnvironmentBroken(f"`{self.command.shown}` could not be run: {_last_line(report.output)}.")
        return report

    def warm_up(self, baseline: RunReport, tests: Sequence[str], flaky: object) -> None:
        """There is no stage to prepare."""
        del tests, flaky
        self.overhead = baseline.seconds  # whatever it is asked for, it may run everything

    def start_over(self) -> None:
        """The test process is gone: go on with a new one."""
        self.runner.close()
        self.runner = self.start()

    def run(
        self,
        tests: Sequence[str],
        texts: Texts,
        *,
        timeout: float | None = None,
        idle: float | None = None,
        trace: bool = False,
    ) -> RunReport:
        """Run tests on any texts; nothing can be traced."""
        if trace:
            return RunReport()
        return self.cold(tests, texts, timeout=timeout, idle=idle)


def _last_line(text: str) -> str:
    """The last line, without the line number in a script of ours."""
    return re.sub(r"^(/bin/sh): (?:line )?\d+: ", r"\1: ", text.strip().rpartition("\n")[2].rstrip("."))
