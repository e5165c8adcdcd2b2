"""pytest and unittest in the test process: cold, and in the warmest stage that gives the cold run's own outcomes."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from trm_lsp.core.verdict import Outcome
from trm_lsp.judging.environment import TestCommand
from trm_lsp.judging.ids import selects
from trm_lsp.judging.places import Place
from trm_lsp.judging.runner import Lost, Refused, Runner, RunReport
from trm_lsp.judging.screen import Candidate
from trm_lsp.judging.spares import SpareRunner
from trm_lsp.settings import Settings

Texts = Mapping[str, bytes]
AnyRunner = Runner | SpareRunner

WARM, AHEAD = ("warm",), ("ahead",)
"""Stages of the test process, by the way to them (see zygote/stages.py)."""
BARE_PYTEST = ("-c", os.devnull, "--rootdir", ".", "--noconftest", "-p", "no:cacheprovider")
"""Options of a pytest that knows as little of the workspace as unittest does."""
HUNG_IDLE = 1.0
"""Seconds without a sign after which a test that is known to hang is taken to hang again."""
LOADING_SECONDS = 30.0
"""What importing or configuring may take, whatever the user's code does there."""


@dataclass
class PythonTests:
    """Runs tests of a Python runner.

    `level` is what runs start from: `fresh` (nothing), `loaded` (what the tests
    import from outside the workspace), `configured` (that, and a configured
    pytest), `collected` (that, and for changes of one function the collected
    tests). unittest's tests are collected by a pytest, if there is one, for what
    only collected tests can do; all else stays with unittest, in `loaded`.
    """

    command: TestCommand
    root: str
    place: Place
    settings: Settings
    start: Callable[[], AnyRunner]
    """Starts the test process anew."""
    runner: AnyRunner
    bytecode: str
    level: str = field(default="fresh", init=False)
    why: str = field(default="", init=False)
    """Why it is no warmer."""
    overhead: float = field(default=0.0, init=False)
    """Seconds a run takes beside its tests."""
    _collected: tuple[Texts, tuple[str, ...]] | None = field(default=None, init=False)
    """What the collected stage has collected: texts and tests."""
    _cold_overhead: float = field(default=0.0, init=False)
    _modules: tuple[str, ...] = field(default=(), init=False)
    """What the warm stage has imported."""

    def installed(self) -> bool:
        """Whether the interpreter has the runner. Raises EnvironmentBroken."""
        try:
            facts = self.runner.stage(self._request(WARM, (), {}, timeout=LOADING_SECONDS))
        except Lost as lost:
            self.why = str(lost)
            return True  # its import is too odd for us, not for the user's command
        return facts["version"] is not None

    def neighbours(self, tests: Sequence[str]) -> tuple[str, ...]:
        """What to run to see tests with what stands beside them: their files."""
        return tuple(dict.fromkeys(test.split("::")[0] for test in tests))

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
        """Run the user's command in a fresh process."""
        request = self._request((), tests, texts, timeout=timeout, idle=idle, without=without, survey=True)
        if hash_seed is not None:
            request["env"] = {"PYTHONHASHSEED": str(hash_seed)}
            request["tests"]["seed"] = hash_seed
        return self.runner.run(request)

    def listed(self, tests: Sequence[str], hash_seed: int) -> frozenset[str] | None:
        """What a cold run would run on the unchanged texts; None where that cannot be told."""
        request = self._request((), tests, {})
        request["env"] = {"PYTHONHASHSEED": str(hash_seed)}
        request["tests"]["listing"] = True
        report = self.runner.run(request)
        return None if report.listed is None or report.ended else frozenset(report.listed)

    # --- stages -------------------------------------------------------------------------------

    def warm_up(self, baseline: RunReport, tests: Sequence[str], flaky: Callable[[set[str]], frozenset[str]]) -> None:
        """Find the warmest stage whose runs give the baseline's own outcomes, test by test.

        `flaky` is asked for tests with other outcomes: those that it names prove nothing.
        """
        outcomes = {test: result.outcome for test, result in baseline.collect_errors.items()}
        outcomes |= {test: result.outcome for test, result in baseline.results.items()}
        patience = idle = 5.0 + 2 * baseline.seconds
        proving = [test for test in tests if outcomes.get(test) is not Outcome.TIMEOUT]
        if not proving:
            # Nothing ends, so one that hangs must do.
            proving, idle = list(tests[:1]), HUNG_IDLE
        there = {test for test in outcomes if selects(proving, test)}

        def proves(stages: Sequence[str], **more: Any) -> bool:
            request = self._request(stages, proving, {}, timeout=patience, idle=idle, **more)
            report = self.runner.run(request)
            results = {**report.collect_errors, **report.results}
            other = {test for test, result in results.items() if result.outcome is not outcomes.get(test)}
            if not (report.ended or report.running):
                other |= there - results.keys()
            if other:
                other -= flaky(other)
            # What a collected stage saves, runs of other changes still take.
            if not (report.ended and idle < patience):
                self.overhead = max(self.overhead, overhead(baseline if report.ended else report))
            if other or not results:
                self.why = f"{min(other)} has another outcome there" if other else "no test ran there"
            return bool(results) and not other

        try:
            if not self._load(baseline.modules):
                return
            configured = self._by_pytest and self._configure(WARM, baseline.rewritten) and proves(WARM, caching=True)
            if configured:
                self.level = "configured"
            elif (not self._by_pytest or self._load_anew(baseline.modules)) and proves(WARM, caching=True):
                self.level = "loaded"
            ahead = configured or self._look_ahead(baseline.modules)
            if ahead and self._collect({}, tests) and proves(self._collecting, caching=not configured):
                self.level = "collected"
        except Lost as lost:
            self.why = str(lost)
        finally:
            self._cold_overhead = overhead(baseline)
            if self.level == "fresh":
                self.overhead = self._cold_overhead

    def _load(self, modules: Sequence[str]) -> bool:
        """Let the warm stage import what tests need; `why` says what is in the way. Raises Lost."""
        self._modules = tuple(modules)
        facts = self.runner.load(self._request(WARM, (), {}, timeout=LOADING_SECONDS, modules=modules))
        if facts["threads"] != 1:
            self.why = f"importing what the tests need starts {facts['threads'] - 1} threads"
        return bool(facts["threads"] == 1)

    def _load_anew(self, modules: Sequence[str]) -> bool:
        """Have another warm stage, which is not configured. Raises Lost."""
        why = self.why
        self.runner.stage(self._request(WARM, (), {}, timeout=LOADING_SECONDS))
        loaded = self._load(modules)
        self.why = self.why if not loaded else why
        return loaded

    @property
    def _by_pytest(self) -> bool:
        """Whether the user runs pytest."""
        return self.command.runner == "pytest"

    @property
    def _collecting(self) -> tuple[str, ...]:
        """The way to the stage whose tests are collected."""
        return (*(WARM if self._by_pytest else AHEAD), "collected")

    def _look_ahead(self, modules: Sequence[str]) -> bool:
        """Have a pytest for tests of unittest that `loaded` runs; `why` says what is in the way. Raises Lost."""
        if self._by_pytest or self.level != "loaded":
            return False
        facts = self.runner.stage(self._request(AHEAD, (), {}, timeout=LOADING_SECONDS, modules=modules))
        if facts["version"] is None or facts["threads"] != 1:
            self.why = "pytest is not installed" if facts["version"] is None else "importing pytest starts threads"
            return False
        return self._configure(AHEAD, ())

    def _configure(self, stage: Sequence[str], rewritten: Sequence[str]) -> bool:
        """Configure pytest in a stage itself; `why` says what is in the way."""
        try:
            self.runner.become(self._request(stage, (), {}, timeout=LOADING_SECONDS, rewritten=rewritten))
        except Lost as lost:
            self.why = str(lost)
            return False
        return True

    def _collect(self, texts: Texts, tests: Sequence[str]) -> bool:
        """Have tests collected on `texts`, if they are not; `why` says what is in the way."""
        if self._collected != (texts, tuple(tests)):
            self._collected = None
            try:
                self.runner.stage(self._request(self._collecting, tests, texts, timeout=LOADING_SECONDS))
            except Lost as lost:
                self.why = str(lost)
                return False
            self._collected = texts, tuple(tests)
        return True

    def start_over(self) -> None:
        """A test has ended the test process: go on with a new one, each run in a process that can die alone."""
        self.runner.close()
        self.runner = self.start()
        self.level, self._collected = "fresh", None
        self.overhead = max(self.overhead, self._cold_overhead)

    # --- runs ---------------------------------------------------------------------------------

    def run(
        self,
        tests: Sequence[str],
        texts: Texts,
        *,
        timeout: float | None = None,
        idle: float | None = None,
        trace: bool = False,
    ) -> RunReport:
        """Run tests on any texts, from the warmest stage that allows it."""
        while True:
            stages = () if self.level == "fresh" else WARM
            try:
                return self.runner.run(self._request(stages, tests, texts, timeout=timeout, idle=idle, trace=trace))
            except Lost as lost:
                self._step_down(str(lost))

    def run_swapped(
        self,
        tests: Sequence[str],
        collected: Sequence[str],
        base: Texts,
        texts: Texts,
        change: Candidate,
        timeout: float,
    ) -> RunReport | None:
        """Run some of the `collected` tests with one function swapped in memory, and the files changed to match.

        None when this cannot be done with this change: `run` can.
        """
        if self.level != "collected" or not self._collect(base, collected):
            return None
        request = self._request(self._collecting, tests, {**base, **texts}, timeout=timeout, idle=timeout)
        request["tests"]["swap"] = change
        try:
            return self.runner.run(request)
        except Refused:
            return None
        except Lost:
            self._collected = None
            return None

    def screen(
        self,
        tests: Sequence[str],
        collected: Sequence[str],
        base: Texts,
        candidates: Sequence[Candidate],
        patience: int,
        timeout: float,
        idle: float,
        hung: Sequence[str],
    ) -> RunReport | None:
        """Screen candidates by some of the `collected` tests in one fork, on `base`; None when this cannot be done.

        `hung`: tests that are known not to end on the unchanged code.
        """
        if self.level != "collected" or not self._collect(base, collected):
            return None
        request = self._request(self._collecting, tests, base, timeout=timeout, idle=idle)
        # What waits must be ended before the whole run is taken for idle.
        request["tests"] |= {
            "screen": candidates,
            "patience": patience,
            "hung": list(hung),
            "waiting": request["idle"] / 2,
        }
        try:
            return self.runner.run(request)
        except Lost:
            self._collected = None
            return None

    def observe(
        self,
        tests: Sequence[str],
        collected: Sequence[str],
        texts: Texts,
        asked: Mapping[str, Any],
        timeout: float,
    ) -> RunReport | None:
        """Run some of the `collected` tests with probes (see zygote/observing.py); None when this cannot be done."""
        return self._asked("observe", asked, tests, collected, texts, timeout)

    def compare(
        self, tests: Sequence[str], collected: Sequence[str], asked: Mapping[str, Any], timeout: float
    ) -> RunReport | None:
        """Compare texts by calls of some of the `collected` tests (see zygote/comparing.py); None as `observe`."""
        return self._asked("compare", asked, tests, collected, {}, timeout)

    def _asked(
        self,
        kind: str,
        asked: Mapping[str, Any],
        tests: Sequence[str],
        collected: Sequence[str],
        texts: Texts,
        timeout: float,
    ) -> RunReport | None:
        """What a fork of the collected stage says about some of its tests; None when there is none."""
        if self.level != "collected" or not self._collect(texts, collected):
            return None
        request = self._request(self._collecting, tests, texts, timeout=timeout, idle=timeout)
        request["tests"][kind] = asked
        try:
            return self.runner.run(request)
        except Lost:
            self._collected = None
            return None

    def _step_down(self, why: str) -> None:
        """The warm stage is gone: have one that is loaded alone, or none."""
        before, self.level, self._collected = self.level, "fresh", None
        self.why, self.overhead = why, max(self.overhead, self._cold_overhead)
        with suppress(Lost):
            if before != "loaded" and self._load_anew(self._modules):
                self.level = "loaded"

    def _request(
        self,
        stages: Sequence[str],
        tests: Sequence[str],
        texts: Texts,
        *,
        timeout: float | None = None,
        idle: float | None = None,
        trace: bool = False,
        survey: bool = False,
        caching: bool = False,
        without: Sequence[str] = (),
        rewritten: Sequence[str] = (),
        modules: Sequence[str] = (),
    ) -> dict[str, Any]:
        """A run in the last of the stages (see zygote/runs.py), or the making of that stage."""
        limits = self.settings.test
        seconds = min(timeout or limits.timeout, limits.timeout)
        # A file that cannot be collected says nothing about the others.
        runner = "pytest" if tuple(stages[:1]) == AHEAD else self.command.runner
        options = ["--maxfail=0", "--continue-on-collection-errors"] if runner == "pytest" else []
        request: dict[str, Any] = {
            "kind": "here" if stages else "fresh",
            "via": list(stages),
            "timeout": seconds,
            "idle": min(idle or limits.idle, limits.idle, seconds),
            "modules": list(modules),
            "tests": {
                "runner": runner,
                "args": [*(self.command.options if runner == self.command.runner else BARE_PYTEST), *options],
                "tests": list(tests),
                "module": self.command.module,
                "root": self.root,
                "trace": trace,
                "without": list(without),
                "survey": survey,
                "seed": self.settings.loop.seed,
                "rewritten": list(rewritten),
            },
            **self.place.change(texts),
        }
        if stages:
            request |= {"cache": self.bytecode, "caching": caching}
        if runner != self.command.runner:
            request["env"] = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        return request


def overhead(report: RunReport) -> float:
    """What a run took beside its tests: a process to start, imports, collection."""
    return max(0.0, report.seconds - sum(result.seconds for result in report.results.values()))
