"""The judge: what the user's tests say about a candidate, in tiers.

The screen swaps functions in one fork for many candidates, the confirm tier
forks for each, the cold tier is the user's own command in a fresh process.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from trm_lsp.core.behaviour import Comparison
from trm_lsp.core.consent import Ask, Question, refuse
from trm_lsp.core.ports import Slot, Trace, Values, effort
from trm_lsp.core.state import BaseText, Task, Variant
from trm_lsp.core.verdict import Outcome, TestResult, Tier, Verdict, regressions
from trm_lsp.core.witnesses import nearest, witnesses
from trm_lsp.judging.environment import HASH_SEEDS, EnvironmentBroken, named_files
from trm_lsp.judging.hints import hints
from trm_lsp.judging.ids import below, meets, paths_in, selects
from trm_lsp.judging.python_tests import HUNG_IDLE, PythonTests
from trm_lsp.judging.runner import RunReport, SandboxReport, TestProcessDied
from trm_lsp.judging.screen import Candidate, Outcomes, candidate, screen
from trm_lsp.judging.signatures import normalise
from trm_lsp.judging.sources import Sources
from trm_lsp.judging.testbed import Testbed
from trm_lsp.judging.tool_tests import ToolTests
from trm_lsp.patch.diffs import changed_lines, hunks
from trm_lsp.patch.edits import texts_of
from trm_lsp.settings import Settings

NO_TESTS = 5
"""pytest's exit code when it collected nothing."""
NOT_STARTED = 127
"""The exit code of a run that could not be prepared."""
QUICK_SECONDS = 0.5
"""Sibling tests that took less than this in all are run beside the targets in every confirm."""
NEAR, NEAR_SECONDS = 16, 0.1
"""Of slower ones so many are run, those nearest to the targets, that took no more than this in all."""
QUICK_SUITE_SECONDS = 3.0
"""A whole suite that ends within this is run at the start of a task about some of its tests."""
OBSERVE_STEPS = 60_000
"""Work steps that the expressions of one slot may cost (see zygote/terms.py); more where they are larger."""
OBSERVE_SECONDS = 0.2
"""Seconds they may take, on a slow machine."""
COMPARE_INPUTS, COMPARE_SECONDS = 120, 0.6
"""Calls that texts are compared by, and the CPU seconds it may take, on a slow machine."""
WITNESSES, WITNESSES_APART = 8, 2
"""Targets that a candidate meets first, where there are more: in a screen, and in a process of its own."""
BRIEF_SECONDS = 0.3
"""Seconds that a confirm in place of a screen has at first, beside what the unchanged code took."""
FEW, BREAKERS = 3, 8
"""Tests that broke which are run by themselves to refuse a change, and those that are remembered for the next."""
NOT_COMPARED = "the tests are not collected in one process"
AFTER_A_HANG = 2.0
"""Seconds a test of a baseline may take at least when another one has hung: the first gets `trm.test.idle`."""
HANGS_ALLOWED = 3
"""How often a baseline goes on without a test that hung or died."""


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
        self._targets: tuple[str, ...] = ()
        self._stood: Mapping[str, TestResult] = {}
        """What the baseline said of each target."""
        self._test_files: frozenset[str] = frozenset(named_files(self.command.shown, self._root))
        """Files that tests are in, whatever their names: those of the command, and of every test that was found."""
        self._beside: tuple[str, ...] = ()
        """What a confirm runs: ids or files."""
        self._expected: frozenset[str] = frozenset()
        """Tests that passed in the baseline of the targets."""
        self._suite: frozenset[str] | None = None
        """Tests that passed in the baseline of everything; None until it is needed."""
        self._order: tuple[str, ...] = ()
        """Its tests in the order the user's command runs them."""
        self._breakers: tuple[str, ...] = ()
        """Tests that have refused what passes the targets: they are asked before all others."""
        self._last_cold: tuple[Mapping[str, bytes], Verdict | None] = ({}, None)
        """The texts that the user's own command has judged last, and what it said."""
        self._flaky: frozenset[str] = frozenset()
        """Tests that gave two verdicts on the same code: they never decide."""
        self._outcomes: dict[str, Outcome] = {}
        """What the baseline said of each test."""
        self._reach: Mapping[str, Mapping[str, set[int]]] | None = None
        """Lines that each test of the suite reaches on the unchanged texts; None until it is needed."""
        self._refused = False
        """Whether the suite has refused what passes the targets: then it pays to know which tests reach a change."""
        self._steady = False
        """Whether the targets were seen to fail on the unchanged code with the seeds of the final check."""
        self._apart = False
        """Whether the user's command does not reach the targets: then their files stand for the suite."""
        self._seconds = self._suite_seconds = 0.0
        """What a confirm's tests took on the unchanged texts."""
        self._tests: PythonTests | ToolTests  # inside the context

    def questions(self) -> Iterator[Question]:
        """What the user must have allowed before anything of theirs is run."""
        return self._bed.questions()

    def __enter__(self) -> TestJudge:
        """Start the test process in the strongest sandbox there is. Raises EnvironmentBroken, Stopped."""
        self._tests = self._bed.set_up()
        self.texts = self._bed.texts
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
        report = self._patiently(self._tests.neighbours(asked))
        self._add_unreached(report)
        results = (*report.results.values(), *report.collect_errors.values())
        self._outcomes = {result.id: result.outcome for result in results}
        self._refuse_broken(report, asked)
        self._test_files |= {result.id.split("::")[0] for result in results}
        unknown = [test for test in self.task.tests if not any(meets(result.id, test) for result in results)]
        if unknown:
            raise EnvironmentBroken(f"pytest does not know {unknown[0]}.")
        bad = {Outcome.FAILED, Outcome.ERROR, Outcome.TIMEOUT}
        failing = [r for r in results if r.outcome in bad and (not self.task.tests or self._asked(r.id))]
        if failing and self.task.tests and report.seconds < QUICK_SUITE_SECONDS:
            results = self._with_the_rest(results)
        self._aim(failing, results)
        if not self.task.tests:
            self._suite, self._suite_seconds = frozenset(self._expected), report.seconds
            self._order = tuple(report.results)
            self._tell_unreached(report)
        if self._targets:
            self.notices += hints(failing, self.environ, self.settings.sandbox)
            self._bed.place.freeze(report.imported)
            self._tests.warm_up(report, self._beside, self._find_flaky)
        return Verdict(
            tier=Tier.COLD,
            results=results,
            targets=self._targets,
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

    def _with_the_rest(self, results: tuple[TestResult, ...]) -> tuple[TestResult, ...]:
        """The results of the whole suite where it is quick: more tests say more about where the fault is not."""
        hung = [result.id for result in results if result.outcome is Outcome.TIMEOUT]
        report = self._tests.cold(self._everything(), {}, timeout=QUICK_SUITE_SECONDS, without=hung)
        known = {result.id for result in results} - set(hung)
        report.results.pop(report.running, None)  # time was over for the suite, not for this test
        if not report.ended and not known <= report.results.keys():
            return results
        if not report.ended and not report.collect_errors:
            self._suite = frozenset(result.id for result in report.results.values() if result.passed)
            self._suite_seconds, self._order = report.seconds, tuple(report.results)
        self._outcomes = {**{test: result.outcome for test, result in report.results.items()}, **self._outcomes}
        return tuple({**report.results, **{result.id: result for result in results}}.values())

    def aim(self, verdict: Verdict, targets: Iterable[str]) -> Verdict:
        """The baseline with fewer targets: for a task about one function, the failing tests that reach it."""
        chosen = set(targets)
        self._aim([result for result in verdict.results if result.id in chosen], verdict.results)
        return verdict.model_copy(update={"targets": self._targets})

    def _aim(self, failing: Sequence[TestResult], results: Sequence[TestResult]) -> None:
        """Remember the targets, what passes beside them, and what a confirm should run."""
        self._targets = tuple(result.id for result in failing)
        self._stood = {result.id: result for result in failing}
        self._expected = frozenset(result.id for result in results if result.passed)
        files = {target.split("::")[0] for target in self._targets}
        inside = [result for result in results if result.id.split("::")[0] in files]
        ended = [result for result in inside if result.outcome is not Outcome.TIMEOUT]
        self._seconds = sum(result.seconds for result in ended)
        if self._seconds >= QUICK_SECONDS:
            near = itertools.islice(_fitting(nearest(inside, set(self._targets)), NEAR_SECONDS), NEAR)
            # What hangs comes last: nothing behind it would be run.
            run = sorted((*failing, *near), key=lambda result: result.outcome is Outcome.TIMEOUT)
            self._beside = tuple(result.id for result in run)
            self._seconds = sum(result.seconds for result in run if result.outcome is not Outcome.TIMEOUT)
        elif len(ended) == len(inside):
            self._beside = tuple(sorted(files))
        else:
            # What hangs comes last: nothing behind it would be run.
            self._beside = tuple(dict.fromkeys((*(r.id for r in ended if r.passed), *self._targets)))

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
        screened, cpu = self._screened(batch) if tier is Tier.SCREEN and batch else ([None] * len(batch), 0.0)
        share = cpu / max(1, len(batch))
        verdicts: dict[tuple[int, tuple[str, ...], bool], Verdict] = {}
        for variant, found in zip(batch, screened, strict=True):
            if found is not None:
                alike = id(found.results), found.broke, found.tentative  # one tuple for all that came out alike
                if alike not in verdicts:
                    verdicts[alike] = Verdict(
                        tier=Tier.SCREEN,
                        results=found.results,
                        targets=self._targets,
                        regressions=found.broke,
                        cpu_seconds=share,
                        tentative=found.tentative,
                    )
                yield verdicts[alike]
                continue
            try:
                texts = self._data(variant)
            except UnicodeEncodeError as error:
                yield Verdict(tier=tier, targets=self._targets, broken=f"its text is not {error.encoding}")
                continue
            try:
                yield self._judged(variant, texts, tier)
            except TestProcessDied as died:
                self._tests.start_over()
                yield Verdict(tier=tier, targets=self._targets, broken=str(died))

    def _judged(self, variant: Variant, texts: Mapping[str, bytes], tier: Tier) -> Verdict:
        if tier is Tier.COLD or (tier is Tier.SUITE and self._tests.level == "fresh"):
            return self._cold(texts)
        if tier is Tier.SUITE:
            return self._whole_suite(variant, texts)
        if tier is Tier.SCREEN and isinstance(self._tests, PythonTests):
            return self._instead_of_a_screen(variant, texts)
        return self._confirmed(variant, texts, self._beside)

    def _instead_of_a_screen(self, variant: Variant, texts: Mapping[str, bytes]) -> Verdict:
        """A confirm of what cannot be screened, as short as a screen: what hangs is put off, not refused."""
        usual = self._usual()
        first = self._first_targets(variant, WITNESSES_APART)
        took = 2 * self._took(first)
        limit = usual if variant.patience > 1 else min(usual, BRIEF_SECONDS + took + self._tests.overhead)
        verdict = self._confirmed(variant, texts, first, limit)
        results = verdict.by_id
        said = {results[target].outcome for target in first if target in results}
        if limit < usual and Outcome.TIMEOUT in said and not said & {Outcome.FAILED, Outcome.ERROR}:
            return verdict.model_copy(update={"results": self._cut_short(), "brief": True})
        # As in a screen: other tests say nothing about what makes none of these pass.
        if Outcome.PASSED not in said:
            stood = {target: self._stood[target] for target in self._targets if target not in first}
            # What hangs with all its time is refused, not put off once more.
            brief = self._beside != first and said != {Outcome.TIMEOUT}
            return verdict.model_copy(update={"results": tuple({**results, **stood}.values()), "brief": brief})
        return verdict if self._beside == first else self._confirmed(variant, texts, self._beside)

    def _cut_short(self) -> tuple[TestResult, ...]:
        """The targets as they stand of what may be slow and right: it is put off."""
        return tuple(TestResult(id=target, outcome=Outcome.TIMEOUT) for target in self._targets)

    def _took(self, targets: Sequence[str]) -> float:
        """Seconds of some targets in the baseline, those that hung left out."""
        results = (self._stood[target] for target in targets)
        return sum(result.seconds for result in results if result.outcome is not Outcome.TIMEOUT)

    def _first_targets(self, variant: Variant, most: int) -> tuple[str, ...]:
        """The targets that a candidate meets first: a few of many. On a text that was changed before, all of them."""
        return self._targets if variant.texts else witnesses(self._stood.values(), most)

    def _screened(self, batch: Sequence[Variant]) -> tuple[list[Screened | None], float]:
        """As `_screen`; a batch that ends the test process is confirmed by another one."""
        try:
            return self._screen(batch)
        except TestProcessDied:
            self._tests.start_over()
            return [None] * len(batch), 0.0

    def _screen(self, batch: Sequence[Variant]) -> tuple[list[Screened | None], float]:
        """What is found of each variant (None: it must be confirmed instead), and the CPU seconds spent.

        All run the targets; those that bring more of them to pass, the tests beside them as well.
        """
        confirmed: list[Screened | None] = [None] * len(batch)
        texts = batch[0].texts
        tests = self._tests
        if not isinstance(tests, PythonTests) or tests.level != "collected":
            return confirmed, 0.0
        if any(variant.texts != texts for variant in batch):
            return confirmed, 0.0
        cpu, patience = 0.0, max(variant.patience for variant in batch)
        asked = {i: c for i, v in enumerate(batch) if (c := candidate(v, self.texts)) is not None}
        try:
            data = self._data(Variant(texts))
        except UnicodeEncodeError:
            return confirmed, 0.0

        passing: set[str] = set()
        first = self._first_targets(batch[0], WITNESSES)

        def run(candidates: Sequence[Candidate], chosen: Sequence[str]) -> RunReport:
            seconds = self._took(first) if chosen == first else self._seconds
            timeout = 5.0 + 3 * tests.overhead + len(candidates) * patience * (0.1 + 2 * seconds)
            idle = 2.0 + 5 * seconds + 3 * tests.overhead
            found = tests.screen(chosen, self._beside, data, candidates, patience, timeout, idle, self._hung)
            report = found or RunReport()
            nonlocal cpu
            cpu += report.cpu
            # A screen in which the unchanged code behaves as in no baseline says nothing about candidates.
            seen = {test: outcome for test, (outcome, *_) in (report.base or {}).items()}
            passing.update(test for test, outcome in seen.items() if outcome == Outcome.PASSED)
            ended = {test for test in self._hung if seen.get(test, Outcome.TIMEOUT) != Outcome.TIMEOUT}
            odd = not texts and (ended or not passing.isdisjoint(self._targets))
            if odd or not seen.keys() >= set(first):
                report.base = None
            return report

        answers = screen(list(asked.values()), lambda candidates: run(candidates, first))
        whole = _Filled([self._stood[target] for target in self._targets if target not in first])
        for i, answer in zip(asked, answers, strict=True):
            confirmed[i] = Screened(whole.of(answer.outcomes), answer.tentative) if answer else None
        fixed = len(passing)
        promising = [
            i
            for i, answer in zip(asked, answers, strict=True)
            if answer and sum(result.passed for result in answer.outcomes) > fixed
        ]
        beside = [
            test for test in self._order or self._outcomes if test in self._expected and selects(self._beside, test)
        ]
        if promising and (beside or first != self._targets):
            # What failed before and is no target says nothing, and may hang.
            wide = (*beside, *self._targets)
            wider = screen([asked[i] for i in promising], lambda candidates: run(candidates, wide))
            kept = passing.intersection(beside) - self._flaky
            slow = self._cut_short()
            for i, answer in zip(promising, wider, strict=True):
                before, results = confirmed[i], answer.outcomes if answer else ()
                if before and first != self._targets:
                    on_targets = tuple(r for r in results if r.id in self._stood)
                    complete = len(on_targets) == len(self._targets)
                    before = confirmed[i] = before._replace(results=on_targets) if complete else None
                broken = [r for r in results if r.id in kept and not r.passed]
                # What comes after a test that was cut short may fail for that alone.
                sound = tuple(r.id for r in itertools.takewhile(lambda r: r.outcome is not Outcome.TIMEOUT, broken))
                if before and sound:
                    confirmed[i] = before._replace(broke=sound)
                elif before and broken:
                    confirmed[i] = before._replace(results=slow)
        return confirmed, cpu

    def _usual(self) -> float:
        """Seconds of a confirm. A candidate may loop for ever: it gets a few times what the unchanged code took."""
        return min(self.settings.test.timeout, 1.0 + 5 * self._seconds + 3 * self._tests.overhead)

    def _confirmed(
        self, variant: Variant, texts: Mapping[str, bytes], tests: Sequence[str], limit: float | None = None
    ) -> Verdict:
        usual = limit or self._usual()
        report = None
        change = candidate(variant, self.texts) if variant.edits else None
        if change is not None and isinstance(self._tests, PythonTests):
            base = self._data(Variant(variant.texts))
            report = self._tests.run_swapped(tests, self._beside, base, texts, change, usual)
        if report is None:
            report = self._tests.run(tests, texts, timeout=usual, idle=usual)
        ran = frozenset(test for test in self._expected if selects(tests, test))
        verdict = self._verdict(Tier.CONFIRM, report, ran - self._flaky)
        if verdict.regressions and not verdict.failing:
            again = self._tests.run(tests, texts, timeout=usual, idle=usual).results
            odd = {test for test in verdict.regressions if _passes(test, again)}
            if odd:
                self._note_flaky(odd)
                verdict = self._verdict(Tier.CONFIRM, report, ran - self._flaky)
        return verdict

    def _whole_suite(self, variant: Variant, texts: Mapping[str, bytes]) -> Verdict:
        """Every test that could have been broken; once the suite has refused one, those first that reach the change."""
        if self._breakers:
            report = self._tests.cold((*self._targets, *self._breakers), texts, hash_seed=self._last_seed)
            verdict = self._verdict(Tier.SUITE, report, frozenset(self._breakers) - self._flaky)
            if verdict.regressions and self._still_pass(verdict.regressions):
                return verdict
        if self._suite is None or (self._suite_seconds > QUICK_SUITE_SECONDS and not self._refused):
            return self._cold(texts)  # it will be asked for, and once is enough
        expected = self._suite_passed() - self._flaky
        reaching = {*self._targets, *(self._reaching(variant, expected) if self._refused else ())}
        # A target that is a whole file, because it could not be collected, is in no order.
        first = tuple(dict.fromkeys((*(test for test in self._order if test in reaching), *self._targets)))
        idle = 5.0 + 5 * self._seconds + 3 * self._tests.overhead
        report = self._tests.run(first, texts, idle=idle)
        verdict = self._verdict(Tier.SUITE, report, expected.intersection(first))
        rest = tuple(test for test in self._order if test in expected and test not in reaching)
        if verdict.passed and rest:
            more = self._tests.run(rest, texts, idle=idle)
            more.results = {**report.results, **more.results}
            more.collect_errors = {**report.collect_errors, **more.collect_errors}
            more.cpu += report.cpu
            verdict = self._verdict(Tier.SUITE, more, expected)
            report = more
        self._refused = self._refused or bool(verdict.regressions)
        if verdict.regressions and not verdict.failing and self._breaks(verdict, texts):
            return verdict
        if not verdict.failing and (verdict.regressions or verdict.broken or report.ended):
            # Flaky tests, ids that cannot be chosen, an order that matters: the user's own command decides.
            return self._cold(texts)
        return verdict

    def _reaching(self, variant: Variant, tests: frozenset[str]) -> frozenset[str]:
        """Those of the tests that reach the changed lines on the unchanged texts."""
        if self._reach is None:
            limit = 5.0 + 10 * self._suite_seconds
            report = self._tests.run(self._everything(), {}, timeout=limit, idle=limit, trace=True)
            self._reach = report.lines
        changed = self._changed_lines(variant)
        return frozenset(
            test
            for test in tests
            if any(not lines.isdisjoint(self._reach.get(test, {}).get(path, ())) for path, lines in changed.items())
        )

    def _changed_lines(self, variant: Variant) -> dict[str, set[int]]:
        """Lines of the task's texts that a variant replaces, or stands beside, by path."""
        base = {path: self.texts[path].text for path in {*variant.texts, *(edit.path for edit in variant.edits)}}
        return {path: changed_lines(base[path], text) for path, text in texts_of(variant, base).items()}

    def _cold(self, texts: Mapping[str, bytes]) -> Verdict:
        """The user's own command in a fresh process; once for the same texts."""
        known, verdict = self._last_cold
        if verdict is None or known != texts:
            verdict = self._run_cold(texts)
            self._last_cold = texts, verdict
            self._refused = self._refused or bool(verdict.regressions)
        return verdict

    def _run_cold(self, texts: Mapping[str, bytes]) -> Verdict:
        """The user's own command in a fresh process, with other random and hash seeds than all runs before it."""
        seed = self._last_seed
        patience = self.settings.test.idle
        report = self._patiently(self._everything(), seed, texts, patience)
        apart = self._apart
        expected = self._to_be_expected(report, seed)
        if self._apart != apart:
            report = self._patiently(self._everything(), seed, texts, patience)
        verdict = self._verdict(Tier.COLD, report, expected - self._flaky)
        if verdict.regressions and not self._breaks(verdict, texts):
            # Is it the change, or do these tests fail on the unchanged code as well, with these seeds or now and then?
            base = self._patiently(self._everything(), seed).results
            again = self._tests.cold(self._everything(), texts, hash_seed=seed).results
            odd = {t for t in verdict.regressions if not _passes(t, base) or _passes(t, again)}
            if odd:
                self._note_flaky(odd)
                verdict = self._verdict(Tier.COLD, report, expected - self._flaky)
        if verdict.passed and not self._steady:
            self._steady = True
            passing = set(self._targets)
            # By themselves first, which is quick; what fails then does not pass by chance.
            for tests in (self._targets, self._tests.neighbours(self._targets)):
                base = self._patiently(tests, seed).results
                passing = {target for target in passing if _passes(target, base)}
                if not passing:
                    break
            self._refuse_flaky(passing)
        return verdict

    @property
    def _last_seed(self) -> int:
        """The hash seed of cold runs: other than that of all runs before."""
        return (self.settings.loop.seed + 1) % HASH_SEEDS

    def _breaks(self, verdict: Verdict, texts: Mapping[str, bytes]) -> bool:
        """Whether a few of the tests that broke say that it is the change, run by themselves: on both codes.

        They are asked first from now on. No word on tests that need others before them, or fail now and then.
        """
        results = verdict.by_id
        few = sorted(verdict.regressions, key=lambda test: test not in results)[:FEW]
        changed = self._tests.cold(few, texts, hash_seed=self._last_seed).results
        broken = self._still_pass([test for test in few if test in changed and not changed[test].passed])
        self._breakers = tuple(dict.fromkeys((*broken, *self._breakers)))[:BREAKERS]
        return bool(broken)

    def _still_pass(self, tests: Sequence[str]) -> tuple[str, ...]:
        """Those of a few tests that pass on the unchanged code when they are run by themselves, in a fresh process."""
        base = self._patiently(tests, self._last_seed).results if tests else {}
        return tuple(test for test in tests if _passes(test, base))

    def _to_be_expected(self, report: RunReport, seed: int) -> frozenset[str]:
        """Tests that must pass where a change has been judged with everything: as far as that matters.

        What passed then needs no baseline. Of what did not, the baseline is asked alone,
        and of all tests only where that is not enough.
        """
        tests = self._tests
        found = {**report.results, **report.collect_errors}
        reached = not report.ended and found.keys() >= set(self._targets)
        if self._suite is not None or not reached or not isinstance(tests, PythonTests):
            return self._suite_passed()
        if not all(_passes(target, report.results) for target in self._targets):
            return self._expected  # it is refused, whatever it breaks
        listed = tests.listed(self._everything(), seed)
        if listed is None:
            return self._suite_passed()
        bad = {test for test, result in found.items() if not result.passed}
        doubtful = (bad | (listed - report.results.keys())) - self._outcomes.keys()
        if doubtful:
            # Whether they are skipped or hang has nothing to do with what is run before them.
            said = {found[test].outcome if test in found else Outcome.MISSING for test in doubtful}
            alone = said <= {Outcome.SKIPPED, Outcome.TIMEOUT}
            asked = sorted(doubtful) if alone else tests.neighbours(sorted(doubtful))
            base = self._patiently(asked, idle=self.settings.test.idle)
            known = (*base.collect_errors.values(), *base.results.values())
            self._outcomes = {**{result.id: result.outcome for result in known}, **self._outcomes}
            if base.ended or not doubtful <= self._outcomes.keys():
                return self._suite_passed()
        return frozenset(test for test, outcome in self._outcomes.items() if outcome is Outcome.PASSED)

    # --- flaky tests --------------------------------------------------------------------------

    def _find_flaky(self, tests: set[str]) -> frozenset[str]:
        """Those of the tests whose outcome is another one when the unchanged code is run again, as in the baseline."""
        report = self._patiently(self._tests.neighbours(sorted(tests)))
        found = {test: result.outcome for test, result in {**report.collect_errors, **report.results}.items()}
        # A test that was not reached this time has shown nothing.
        odd = {test for test in tests if test in found and found[test] is not self._outcomes.get(test)}
        if odd:
            self._note_flaky(odd)
            self._refuse_flaky(odd.intersection(self._targets))
        return frozenset(odd)

    def _note_flaky(self, tests: set[str]) -> None:
        new = tests - self._flaky
        self._flaky |= new
        if new:
            others = f" and {len(new) - 1} more" if len(new) > 1 else ""
            self.notices.append(f"{min(new)}{others} passed and failed on the same code: flaky tests do not decide.")

    def _refuse_flaky(self, targets: set[str]) -> None:
        if targets:
            raise EnvironmentBroken(
                f"{min(targets)} failed and passed on the same code: a flaky test cannot say when the code is right."
            )

    def _everything(self) -> tuple[str, ...]:
        """What the user's own command runs, and the targets if it would leave them out."""
        if self._apart:
            return self._tests.neighbours(self._targets)
        paths = self.command.paths
        missed = [t for t in self._targets if paths and not any(below(t, path) for path in paths)]
        return (*paths, *missed)

    def _suite_passed(self) -> frozenset[str]:
        """The tests of the whole suite that pass on the unchanged texts; run once, when first needed."""
        if self._suite is None:
            report = self._patiently(self._everything())
            found = {*report.results, *report.collect_errors, *self._hung}
            if not report.ended and not found.issuperset(self._targets):
                # A package with a configuration of its own, for instance, cannot be tested from the root.
                self._apart = True
                self.notices.append(
                    f"`{self.command.shown}` does not run {self._targets[0]}: only the tests beside it are watched "
                    "for regressions."
                )
                report = self._patiently(self._everything())
            self._suite = frozenset(result.id for result in report.results.values() if result.passed)
            self._suite_seconds, self._order = report.seconds, tuple(report.results)
            self._tell_unreached(report)
        return self._suite

    def _tell_unreached(self, report: RunReport) -> None:
        if report.ended == "hard":
            self.notices.append(
                f"The whole suite did not end within {self.settings.test.timeout:g} s (trm.test.timeout): tests "
                "it did not reach are not watched for regressions."
            )

    def _verdict(self, tier: Tier, report: RunReport, expected: frozenset[str]) -> Verdict:
        results = {**report.collect_errors, **report.results}
        for target in self._targets:
            if target not in results:
                results[target] = _summed(target, report)
        broken = ""
        if report.leaks:
            broken = f"the tests imported {report.leaks[0]} from outside the copy"
        elif report.exit in {3, 4, NOT_STARTED} and not report.results:
            broken = normalise(report.output.strip().rpartition("\n")[2]) or "pytest could not run"
        return Verdict(
            tier=tier,
            results=tuple(results.values()),
            targets=self._targets,
            regressions=regressions(results.values(), sorted(expected)),
            broken=broken,
            output=report.output[-2000:] if broken else "",
            cpu_seconds=report.cpu,
        )

    # --- runs ---------------------------------------------------------------------------------

    def _first_idle(self) -> float | None:
        """A test that hangs may not use up what a run has: a twelfth of it, five seconds at least."""
        if self._hung:
            return AFTER_A_HANG + 20 * self._seconds
        seconds = self.settings.budget.seconds
        return max(5.0, seconds / 12) if seconds else None

    def _patiently(
        self,
        paths: Sequence[str],
        hash_seed: int | None = None,
        texts: Mapping[str, bytes] | None = None,
        idle: float | None = None,
    ) -> RunReport:
        """Run the user's command, as a rule on the unchanged texts; it goes on without tests that hang or die."""
        merged, idle = RunReport(), idle or self._first_idle()
        # A change may mend what hung, and is refused by what must not hang.
        without = [test for test in self._hung if not texts or test not in self._targets]
        settled = {*self._targets, *(self._suite or self._expected)}
        for _ in range(HANGS_ALLOWED + 1):
            report = self._tests.cold(paths, texts or {}, without=without, hash_seed=hash_seed, idle=idle)
            slow = report.seconds > QUICK_SUITE_SECONDS
            report.seconds += sum(merged.results[test].seconds for test in without if test in merged.results)
            report.results = {**merged.results, **report.results}
            report.collect_errors = {**merged.collect_errors, **report.collect_errors}
            report.cpu += merged.cpu
            merged = report
            if report.ended == "hard" and len(report.results) > 1:
                report.results.pop(report.running, None)  # time was over for the suite, not for this test
                break
            if not report.running or report.running in without or (texts and report.running in settled):
                break
            # What has been run need not be again, where that takes long.
            without += [test for test in report.results if slow or test == report.running]
            # Where one hangs others may: they get many times what those took that ended.
            slowest = max((r.seconds for r in report.results.values() if r.passed), default=0.0)
            idle = min(idle or AFTER_A_HANG + 20 * slowest, AFTER_A_HANG + 20 * slowest)
        return merged

    @property
    def _hung(self) -> tuple[str, ...]:
        """Tests that are known not to end on the unchanged code."""
        return tuple(test for test, outcome in self._outcomes.items() if outcome is Outcome.TIMEOUT)

    def trace(self, variant: Variant, tests: Sequence[str]) -> Trace:
        """Run tests on a variant and report the lines they reach (see core.ports.Tracer)."""
        texts, slack = self._data(variant), 3 * self._tests.overhead
        hung = [test for test in tests if test in self._hung][:HANGS_ALLOWED]
        ended = [test for test in tests if test not in self._hung]
        reports = []
        if ended:
            reports.append(self._tests.run(ended, texts, idle=5.0 + 20 * self._seconds + slack, trace=True))
        # Each line is a sign of life: what hangs and gives none has shown them all.
        reports += [self._tests.run([test], texts, idle=HUNG_IDLE + slack, trace=True) for test in hung]
        lines = {
            test: {path: tuple(sorted(seen)) for path, seen in paths.items()}
            for report in reports
            for test, paths in report.lines.items()
        }
        passed = frozenset(r.id for report in reports for r in report.results.values() if r.passed)
        return Trace(lines=lines, passed=passed)

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
        seconds, larger = 1.0 + 20 * self._seconds, effort(size)
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
                report = runner.observe(tests, self._beside, self._data(variant), asked, timeout)
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
            "variants": [self._changes(variant) for variant in variants],
            "failing": list(failing),
            "passing": [test for test in passing if selects(self._beside, test)],
            "most": COMPARE_INPUTS,
            "seed": seed,
            "seconds": COMPARE_SECONDS,
        }
        timeout = 10.0 + 3 * runner.overhead + 10 * COMPARE_SECONDS
        try:
            if isinstance(runner, PythonTests) and len(variants) > 1 and (failing or passing):
                report = runner.compare([*failing, *passing], self._beside, asked, timeout)
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

    def _changes(self, variant: Variant) -> list[Candidate]:
        """What a variant changes in each file, as zygote/comparing.py takes it."""
        base = {path: self.texts[path] for path in {*variant.texts, *(edit.path for edit in variant.edits)}}
        texts = texts_of(variant, {path: text.text for path, text in base.items()})
        return [
            [path, base[path].encoding, base[path].bom, [[h.start, h.end, h.after] for h in changed]]
            for path in sorted(texts)
            if (changed := list(hunks(path, base[path].text, texts[path])))
        ]

    def _data(self, variant: Variant) -> dict[str, bytes]:
        """The bytes of the files a variant changes; test files stay as the task has them unless allowed."""
        base = {path: self.texts[path].text for path in {edit.path for edit in variant.edits}}
        return {
            path: self._encoded(self.texts[path], text)
            for path, text in texts_of(variant, base).items()
            if self.editable(path)
        }

    def _encoded(self, base: BaseText, text: str) -> bytes:
        return base.model_copy(update={"text": text}).data

    @property
    def sources(self) -> Sources:
        """Python files that a candidate may change."""
        return Sources(self.texts, self.editable)

    def editable(self, path: str) -> bool:
        """Whether a candidate may change a file: not the tests and their configuration, unless the user said so."""
        name = path.rpartition("/")[2]
        if self.settings.test.editable:
            return True
        if path in self._test_files:
            return False
        if not name.endswith(".py"):
            return True
        is_test = name.startswith("test_") or name.endswith("_test.py") or name == "conftest.py"
        return not is_test and not {"tests", "test"}.intersection(path.split("/")[:-1])


class Screened(NamedTuple):
    """What a screen says of a candidate."""

    results: tuple[TestResult, ...]
    """Outcomes of the targets."""
    tentative: bool
    """What fails is no refusal."""
    broke: tuple[str, ...] = ()
    """Tests beside the targets that it breaks, as far as they were run."""


class _Filled:
    """Results of some targets, with those of the others as they stood; what came out alike stays one object."""

    def __init__(self, stood: Sequence[TestResult]) -> None:
        self._stood = tuple(stood)
        self._known: dict[int, tuple[Outcomes, Outcomes]] = {}

    def of(self, results: Outcomes) -> Outcomes:
        if not self._stood:
            return results
        known = self._known.get(id(results))
        if known is None:
            known = self._known[id(results)] = (results, (*results, *self._stood))  # kept, so that its id stays its own
        return known[1]


def _unreached(test: str) -> TestResult:
    text = "the test was not reached: those before it did not end in time"
    return TestResult(id=test, outcome=Outcome.TIMEOUT, signature=text, message=text, path=test.split("::")[0])


def _summed(target: str, report: RunReport) -> TestResult:
    """A target that is a whole file (it could not be collected in the baseline): all its tests must pass."""
    inside = [result for result in report.results.values() if below(result.id, target)]
    if inside and all(result.passed for result in inside) and target not in report.collect_errors:
        return TestResult(id=target, outcome=Outcome.PASSED)
    return TestResult(id=target, outcome=Outcome.MISSING)


def _fitting(results: Iterable[TestResult], seconds: float) -> Iterator[TestResult]:
    """Of the tests, in this order, those that take no more than some seconds in all; a slow one is left out alone."""
    for result in results:
        if result.seconds <= seconds:
            seconds -= result.seconds
            yield result


def _passes(test: str, results: Mapping[str, TestResult]) -> bool:
    return test in results and results[test].passed
