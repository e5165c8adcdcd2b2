"""The judge: what the user's tests say about a candidate, in tiers.

The screen swaps functions in one fork for many candidates. The confirm tier
has a process for each, the suite tier goes from there to all tests, and both
start from what the warmest stage has prepared; the cold tier is the user's
own command in a fresh process.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field

from trm_lsp.core.behaviour import Comparison
from trm_lsp.core.consent import Ask, Question, refuse
from trm_lsp.core.ports import Slot, Trace, Values, effort
from trm_lsp.core.state import Task, Variant
from trm_lsp.core.verdict import Outcome, TestResult, Tier, Verdict
from trm_lsp.judging.aim import Aim
from trm_lsp.judging.environment import EnvironmentBroken, named_files
from trm_lsp.judging.hints import hints
from trm_lsp.judging.ids import meets, paths_in, selects
from trm_lsp.judging.python_tests import HUNG_IDLE, PythonTests
from trm_lsp.judging.runner import RunReport, SandboxReport, TestProcessDied
from trm_lsp.judging.screen import candidate
from trm_lsp.judging.screener import Screener
from trm_lsp.judging.sources import Sources
from trm_lsp.judging.suite import AFTER_A_HANG, HANGS_ALLOWED, Suite
from trm_lsp.judging.testbed import Testbed
from trm_lsp.judging.texts import Texts
from trm_lsp.judging.tool_tests import ToolTests
from trm_lsp.settings import Settings

NO_TESTS = 5
"""pytest's exit code when it collected nothing."""
OBSERVE_STEPS = 60_000
"""Work steps that the expressions of one slot may cost (see zygote/terms.py); more where they are larger."""
OBSERVE_SECONDS = 0.2
"""Seconds they may take, on a slow machine."""
COMPARE_INPUTS, COMPARE_SECONDS = 120, 0.6
"""Calls that texts are compared by, and the CPU seconds it may take, on a slow machine."""
WITNESSES_APART = 2
"""Targets that a candidate meets first in a process of its own, where there are more."""
BRIEF_SECONDS = 0.3
"""Seconds that a confirm in place of a screen has at first, beside what the unchanged code took."""
NOT_COMPARED = "the tests are not collected in one process"


@dataclass
class TestJudge:
    """Judges candidates of one task. Use as a context manager: inside, it owns a copy and a test process."""

    __test__ = False

    task: Task
    settings: Settings
    check: Callable[[], None]
    """Raises `Stopped` when the run must end."""
    environ: Mapping[str, str]
    notices: list[str] = field(default_factory=list)
    """Sentences for the user are appended here."""
    ask: Ask = refuse
    """Puts a question to the user: tests run with nothing around them only where they have said yes."""
    forks: bool = sys.platform == "linux"
    """Whether test processes are forked, and owned as only Linux allows."""

    def __post_init__(self) -> None:
        self._bed = Testbed(
            self.task, self.settings, self.check, self.environ, self.notices, self.ask, forks=self.forks
        )
        self._root, self.command, self.python = self._bed.root, self._bed.command, self._bed.python
        self._aim = Aim()
        self._tests: PythonTests | ToolTests  # inside the context

    def questions(self) -> Iterator[Question]:
        """What the user must have allowed before anything of theirs is run."""
        return self._bed.questions()

    def __enter__(self) -> TestJudge:
        """Start the test process in the strongest sandbox there is. Raises EnvironmentBroken, Stopped."""
        self._tests = tests = self._bed.set_up()
        self.texts = self._bed.texts
        named = frozenset(named_files(self.command.shown, self._root))
        self._texts = Texts(self.texts, named, editable_tests=self.settings.test.editable)
        self._screener = Screener(tests, self._aim, self._texts)
        self._suite = Suite(tests, self._aim, self._texts, self.command, self.settings, self.notices)
        return self

    def __exit__(self, *_: object) -> None:
        """End every process of the job and remove what it has written."""
        self._bed.take_down()

    @property
    def sandbox(self) -> SandboxReport:
        """What holds the tests back; inside the context."""
        return self._bed.sandbox

    # --- the baseline -------------------------------------------------------------------------

    def baseline(self) -> Verdict:
        """Judge the unchanged texts; the failing tests become the targets.

        Raises EnvironmentBroken when the tests cannot be run at all. A verdict
        without targets means that there is nothing to refine.
        """
        if isinstance(self._tests, PythonTests) and not self._tests.installed():
            raise EnvironmentBroken(
                f"{self.command.runner} is not installed in {self.python}: install it there, or set trm.python to an "
                "interpreter that has it."
            )
        asked = self.task.tests or self.command.paths
        # The neighbours of a test say what must keep passing, and where the fault is not.
        report = self._suite.patiently(self._tests.neighbours(asked))
        self._add_unreached(report)
        results = (*report.results.values(), *report.collect_errors.values())
        self._aim.outcomes = {result.id: result.outcome for result in results}
        self._aim.skips = {result.id: result.skips for result in results if result.skips}
        self._refuse_broken(report, asked)
        self._texts.test_files |= {result.id.split("::")[0] for result in results}
        unknown = [test for test in self.task.tests if not any(meets(result.id, test) for result in results)]
        if unknown:
            raise EnvironmentBroken(f"{self.command.runner or 'The test command'} does not know {unknown[0]}.")
        bad = {Outcome.FAILED, Outcome.ERROR, Outcome.TIMEOUT}
        is_wanted = self._asked if self.task.tests else self._suite.runs
        failing = [result for result in results if result.outcome in bad and is_wanted(result.id)]
        if failing and self.task.tests:
            results = self._suite.with_the_rest(results, report.seconds)
        self._aim.point(failing, results)
        if not self.task.tests:
            self._suite.remember(report)
        if self._aim.targets:
            self.notices += hints(failing, self.environ, self.settings.sandbox)
            self._bed.place.freeze(report.imported)
            self._tests.warm_up(report, self._aim.beside, self._suite.find_flaky)
        return Verdict(
            tier=Tier.COLD,
            results=results,
            targets=self._aim.targets,
            output=report.output[-4000:],
            cpu_seconds=report.cpu,
        )

    def _add_unreached(self, report: RunReport) -> None:
        """Take what was asked for and stands behind many tests that hang for hanging, too, if pytest knows it."""
        found = (*report.results, *report.collect_errors)
        missed = [test for test in self.task.tests if not any(meets(id, test) for id in found)]
        if not (report.running and missed):
            return
        more = self._tests.cold(missed, {}, idle=AFTER_A_HANG)
        if more.results:  # pytest looks for all of them before it runs the first
            behind = [test for test in missed if not any(meets(id, test) for id in more.results)]
            report.results |= more.results
            report.results |= {test: _unreached(test) for test in behind}

    def _asked(self, test: str) -> bool:
        """Whether a result is one the user named; a file that cannot be collected stands for its tests."""
        return any(meets(test, asked) for asked in self.task.tests)

    def aim(self, verdict: Verdict, targets: Iterable[str]) -> Verdict:
        """The baseline with fewer targets: for a task about one function, the failing tests that reach it."""
        chosen = set(targets)
        self._aim.point([result for result in verdict.results if result.id in chosen], verdict.results)
        return verdict.model_copy(update={"targets": self._aim.targets})

    def _refuse_broken(self, report: RunReport, asked: Sequence[str]) -> None:
        """Raise EnvironmentBroken for what is no verdict on any code."""
        if report.leaks:
            raise EnvironmentBroken(
                f"The tests import {report.leaks[0]} from the workspace itself, not from the copy they run in, "
                "so a candidate would not be seen: check sys.path changes in conftest.py."
            )
        named = ", ".join(asked)
        if self.command.runner and report.exit == NO_TESTS and not report.results:
            raise EnvironmentBroken(f"No tests were found in {named or self._root}.")
        for error in report.collect_errors.values():
            self._refuse_syntax(error)
        if not report.results and not report.collect_errors:
            last = [line for line in report.output.splitlines() if line.strip()]
            said = [line for line in last if ": error: " in line] or [line for line in last if line.startswith("ERROR")]
            why = (said or last[-1:] or ["it printed nothing"])[0]
            how = {"hard": "it did not end in time", "idle": "it stood still"}.get(report.ended or "", why)
            raise EnvironmentBroken(f"`{self.command.shown} {named}`".rstrip(" `") + f"` could not be run: {how}.")

    def _refuse_syntax(self, error: TestResult) -> None:
        """A syntax error is named for what it is: no test can say anything before it is gone."""
        if not error.signature.startswith(("SyntaxError", "IndentationError", "TabError")):
            return
        for path in dict.fromkeys([error.path, error.id.split("::")[0], *paths_in(error.message)]):
            try:
                compile(self.texts[path].text, path, "exec", dont_inherit=True)
            except SyntaxError as wrong:
                raise EnvironmentBroken(
                    f"{path} has a syntax error in line {wrong.lineno}: {wrong.msg}. Mend it first."
                ) from wrong
            except (KeyError, ValueError):
                continue
        raise EnvironmentBroken(f"{error.id} cannot be collected: {error.signature}.")

    # --- verdicts -----------------------------------------------------------------------------

    def __call__(self, batch: Sequence[Variant], tier: Tier) -> Iterator[Verdict]:
        """One verdict a variant, in order (see core.ports.Judge)."""
        screened, cpu = self._screener(batch) if tier is Tier.SCREEN and batch else ([None] * len(batch), 0.0)
        share = cpu / max(1, len(batch))
        verdicts: dict[tuple[int, tuple[str, ...], bool], Verdict] = {}
        for variant, found in zip(batch, screened, strict=True):
            if found is not None:
                alike = id(found.results), found.broke, found.tentative  # one tuple for all that came out alike
                if alike not in verdicts:
                    verdicts[alike] = Verdict(
                        tier=Tier.SCREEN,
                        results=found.results,
                        targets=self._aim.targets,
                        regressions=found.broke,
                        cpu_seconds=share,
                        tentative=found.tentative,
                    )
                yield verdicts[alike]
                continue
            try:
                texts = self._texts.data(variant)
            except UnicodeEncodeError as error:
                yield Verdict(tier=tier, targets=self._aim.targets, broken=f"its text is not {error.encoding}")
                continue
            try:
                yield self._judged(variant, texts, tier)
            except TestProcessDied as died:
                self._tests.start_over()
                yield Verdict(tier=tier, targets=self._aim.targets, broken=str(died))

    def _judged(self, variant: Variant, texts: Mapping[str, bytes], tier: Tier) -> Verdict:
        if tier is Tier.COLD or (tier is Tier.SUITE and self._tests.level == "fresh"):
            return self._suite.cold(texts)
        if tier is Tier.SUITE:
            return self._suite.whole(variant, texts)
        if tier is Tier.SCREEN and isinstance(self._tests, PythonTests):
            return self._instead_of_a_screen(variant, texts)
        verdict = self._confirmed(variant, texts, self._aim.beside)
        if not variant.edits:
            self._aim.remember(variant.texts, verdict)
        return verdict

    def _instead_of_a_screen(self, variant: Variant, texts: Mapping[str, bytes]) -> Verdict:
        """A confirm of what cannot be screened, as short as a screen: what hangs is put off, not refused."""
        first, limit = self._aim.first_targets(variant, WITNESSES_APART), self._usual()
        brief = limit if variant.patience > 1 else min(limit, self._brief(first))
        verdict = self._confirmed(variant, texts, first, brief)
        results = verdict.by_id
        said = {results[target].outcome for target in first if target in results}
        if brief < limit and Outcome.TIMEOUT in said and not said & {Outcome.FAILED, Outcome.ERROR}:
            return verdict.model_copy(update={"results": self._aim.cut_short(), "brief": True})
        # As in a screen: other tests say nothing about what makes none of these pass.
        if Outcome.PASSED not in said:
            return self._of_first(verdict, first, said, self._aim.standing(variant.texts))
        if first != self._aim.targets:
            verdict = self._confirmed(variant, texts, self._aim.targets)
        results = verdict.by_id
        bad = {results[target].outcome for target in verdict.failing}
        if bad and not bad <= {Outcome.TIMEOUT, Outcome.MISSING}:  # what else it breaks is asked when it is built on
            return verdict.model_copy(update={"brief": True})
        return verdict if self._aim.beside == self._aim.targets else self._confirmed(variant, texts, self._aim.beside)

    def _brief(self, first: Sequence[str]) -> float:
        """Seconds that some targets have in place of a screen."""
        return BRIEF_SECONDS + 2 * self._aim.took(first) + self._tests.overhead

    def _of_first(
        self, verdict: Verdict, first: tuple[str, ...], said: Set[Outcome], standing: Sequence[TestResult]
    ) -> Verdict:
        """What it means that none of the first targets passes: all others stand as they stood."""
        stood = {result.id: result for result in standing if result.id not in first}
        # What hangs with all its time is refused, not put off once more.
        brief = self._aim.beside != first and said != {Outcome.TIMEOUT}
        return verdict.model_copy(update={"results": tuple({**verdict.by_id, **stood}.values()), "brief": brief})

    def _usual(self) -> float:
        """Seconds of a confirm. A candidate may loop for ever: it gets a few times what the unchanged code took."""
        return min(self.settings.test.timeout, 1.0 + 5 * self._aim.seconds + 3 * self._tests.overhead)

    def _confirmed(
        self, variant: Variant, texts: Mapping[str, bytes], tests: Sequence[str], limit: float | None = None
    ) -> Verdict:
        usual = limit or self._usual()
        report = None
        change = candidate(variant, self.texts) if variant.edits else None
        if change is not None and isinstance(self._tests, PythonTests):
            base = self._texts.data(Variant(variant.texts))
            report = self._tests.run_swapped(tests, self._aim.beside, base, texts, change, usual)
        if report is None:
            report = self._tests.run(tests, texts, timeout=usual, idle=usual)
        ran = frozenset(test for test in self._aim.expected if selects(tests, test))
        verdict = self._aim.verdict(Tier.CONFIRM, report, ran - self._aim.flaky)
        if verdict.regressions and not verdict.failing:
            again = self._tests.run(tests, texts, timeout=usual, idle=usual)
            spared = set(verdict.regressions).difference(self._aim.verdict(Tier.CONFIRM, again, ran).regressions)
            if spared and not again.ended:
                # For this verdict alone: that a test is flaky only the unchanged code can show, in the cold tier.
                verdict = self._aim.verdict(Tier.CONFIRM, report, ran - self._aim.flaky - spared)
        return verdict

    # --- runs ---------------------------------------------------------------------------------

    def trace(self, variant: Variant, tests: Sequence[str]) -> Trace:
        """Run tests on a variant and report the lines they reach (see core.ports.Tracer)."""
        try:
            reports = self._traced(self._texts.data(variant), tests)
        except UnicodeEncodeError:
            reports = []  # such a text cannot be run
        except TestProcessDied:
            self._tests.start_over()
            reports = []
        lines = {
            test: {path: tuple(sorted(seen)) for path, seen in paths.items()}
            for report in reports
            for test, paths in report.lines.items()
        }
        passed = frozenset(r.id for report in reports for r in report.results.values() if r.passed)
        return Trace(lines=lines, passed=passed)

    def _traced(self, texts: Mapping[str, bytes], tests: Sequence[str]) -> list[RunReport]:
        """The runs of a trace: one of what ends, and one of each of a few tests that hang."""
        slack = 3 * self._tests.overhead
        hung = [test for test in tests if test in self._aim.hung][:HANGS_ALLOWED]
        ended = [test for test in tests if test not in self._aim.hung]
        reports = []
        if ended:
            reports.append(self._tests.run(ended, texts, idle=5.0 + 20 * self._aim.seconds + slack, trace=True))
        # Each line is a sign of life: what hangs and gives none has shown them all.
        reports += [self._tests.run([test], texts, idle=HUNG_IDLE + slack, trace=True) for test in hung]
        return reports

    def observe(
        self,
        variant: Variant,
        slots: Sequence[Slot],
        tests: Sequence[str],
        *,
        atoms: Sequence[str] = (),
        size: int = 3,
        most: int = 2000,
        stubs: bool = False,
    ) -> tuple[Values, ...]:
        """Run tests on a variant and report what slots of its text saw (see core.ports.Observer)."""
        runner, report = self._tests, None
        files: dict[str, list[int]] = {}
        for number, slot in enumerate(slots):
            if slot.path in self.texts:
                files.setdefault(slot.path, []).append(number)
        order = [number for numbers in files.values() for number in numbers]
        # An endless loop is cut by counts, as a screen does; the clock stands behind it.
        seconds, larger = 1.0 + 20 * self._aim.seconds, effort(size)
        asked = {
            "files": [
                [path, self.texts[path].encoding, self.texts[path].bom, [slots[number][1:] for number in numbers]]
                for path, numbers in files.items()
            ],
            "atoms": list(atoms),
            "size": size,
            "most": most,
            "steps": OBSERVE_STEPS * larger,
            "seconds": seconds,
            "stubs": stubs,
        }
        timeout = 5.0 + 3 * runner.overhead + len(tests) * seconds + len(slots) * OBSERVE_SECONDS * larger
        try:
            if isinstance(runner, PythonTests) and order and tests:
                report = runner.observe(tests, self._aim.beside, self._texts.data(variant), asked, timeout)
        except UnicodeEncodeError:
            report = None  # such a text cannot be run
        except TestProcessDied:
            runner.start_over()
        found = {order[number]: facts for number, facts in (report.observed if report else {}).items()}
        return tuple(Values(slot=slot, **found.get(number, {})) for number, slot in enumerate(slots))

    def compare(
        self, variants: Sequence[Variant], failing: Sequence[str], passing: Sequence[str], *, seed: int = 0
    ) -> Comparison:
        """Say what each variant does with the calls of tests and others like them (see core.ports.Comparer)."""
        runner, report = self._tests, None
        asked = {
            "variants": [self._texts.changes(variant) for variant in variants],
            "failing": list(failing),
            "passing": [test for test in passing if selects(self._aim.beside, test)],
            "most": COMPARE_INPUTS,
            "seed": seed,
            "seconds": COMPARE_SECONDS,
        }
        timeout = 10.0 + 3 * runner.overhead + 10 * COMPARE_SECONDS
        try:
            if isinstance(runner, PythonTests) and len(variants) > 1 and (failing or passing):
                report = runner.compare([*failing, *passing], self._aim.beside, asked, timeout)
        except TestProcessDied:
            runner.start_over()
        found = report.compared if report else {}
        cut = ["The comparison ended before all inputs were compared."] if report and report.exit != 0 else []
        reasons = [*found.get("compared", []), *(NOT_COMPARED for _ in variants)][: len(variants)]
        said = [f"{why[:1].upper()}{why[1:]}, so it was not compared." for why in reasons if why]
        return Comparison(
            inputs=found.get("inputs", ()),
            examples=found.get("examples", ()),
            compared=tuple(not why for why in reasons),
            left_out=tuple(dict.fromkeys([*said, *found.get("left_out", ()), *cut])),
        )

    @property
    def sources(self) -> Sources:
        """Python files that a candidate may change."""
        return Sources(self.texts, self.editable)

    def editable(self, path: str) -> bool:
        """Whether a candidate may change a file: not the tests and their configuration, unless the user said so."""
        return self._texts.editable(path)


def _unreached(test: str) -> TestResult:
    text = "the test was not reached: those before it did not end in time"
    return TestResult(id=test, outcome=Outcome.TIMEOUT, signature=text, message=text, path=test.split("::")[0])
