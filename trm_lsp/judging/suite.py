"""The whole suite: the user's own command, what must go on passing in it, and tests that do not decide."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence, Set

from trm_lsp.core.state import Variant
from trm_lsp.core.verdict import Outcome, TestResult, Tier, Verdict
from trm_lsp.judging.aim import Aim, passes
from trm_lsp.judging.environment import HASH_SEEDS, EnvironmentBroken, TestCommand
from trm_lsp.judging.ids import below, is_doctest, meets
from trm_lsp.judging.python_tests import PythonTests
from trm_lsp.judging.runner import RunReport
from trm_lsp.judging.texts import Texts
from trm_lsp.judging.tool_tests import ToolTests
from trm_lsp.settings import Settings

QUICK_SUITE_SECONDS = 3.0
"""A whole suite that ends within this is run at the start of a task about some of its tests."""
FEW, BREAKERS = 3, 8
"""Tests that broke which are run by themselves to refuse a change, and those that are remembered for the next."""
AFTER_A_HANG = 2.0
"""Seconds that a test may take at least when another one has hung; before, it has what the run was given."""
HANGS_ALLOWED = 3
"""How often a run of the user's command, on the unchanged code or a change, goes on without what hung or died."""

SAID = frozenset({Outcome.PASSED, Outcome.FAILED, Outcome.ERROR, Outcome.SKIPPED})
"""Outcomes of a test that came to its end: what was cut or left out has given no verdict."""

BAD = frozenset({Outcome.FAILED, Outcome.ERROR, Outcome.TIMEOUT})
End = tuple[int | None, int | None, str | None]
"""How a run ended: its exit code, its signal, who ended it."""


class Suite:
    """Runs everything, on the unchanged texts and on candidates."""

    def __init__(
        self,
        tests: PythonTests | ToolTests,
        aim: Aim,
        texts: Texts,
        command: TestCommand,
        settings: Settings,
        notices: list[str],
    ) -> None:
        """`notices`: sentences for the user are appended there."""
        self._tests, self._aim, self._texts = tests, aim, texts
        self._command, self._settings, self._notices = command, settings, notices
        self._passed: frozenset[str] | None = None
        """Tests that passed in the baseline of everything; None until it is needed."""
        self._seconds = 0.0
        """What it took."""
        self._reached = True
        """Whether it came to its end; else of what stands behind only what a change breaks is asked on its own."""
        self._breakers: tuple[str, ...] = ()
        """Tests that have refused what passes the targets: they are asked before all others."""
        self._last_cold: tuple[Mapping[str, bytes], Verdict | None] = ({}, None)
        """The texts that the user's own command has judged last, and what it said."""
        self._reach: Mapping[str, Mapping[str, set[int]]] | None = None
        """Lines that each test reaches on the unchanged texts; None until it is needed."""
        self._refused = False
        """Whether it has refused what passes the targets: then it pays to know which tests reach a change."""
        self._suspects: frozenset[str] = frozenset()
        """Tests that hung in a baseline, and were asked again with all their time."""
        self._hangs = False
        """Whether one of them hung again: then the others are believed to, for each would take all its time."""
        self._told: frozenset[str] = frozenset()
        """Of which the user was told that they hang."""
        self._steady = False
        """Whether the targets were seen to fail on the unchanged code with the seeds of the final check."""
        self._end: End | None = None
        """How the user's command ends where nothing fails on the unchanged code; None until it is needed."""
        self._apart = False
        """Whether the user's command does not reach the targets: then their files stand for the suite."""

    # --- candidates ---------------------------------------------------------------------------

    def whole(self, variant: Variant, texts: Mapping[str, bytes]) -> Verdict:
        """Every test that could have been broken; once the suite has refused one, those first that reach the change."""
        if self._breakers:
            report = self._tests.cold((*self._aim.targets, *self._breakers), texts, hash_seed=self._last_seed)
            verdict = self._aim.verdict(Tier.SUITE, report, frozenset(self._breakers) - self._aim.flaky)
            if verdict.regressions:
                broken = self._broken(verdict.regressions, texts)
                self._breakers = tuple(t for t in self._breakers if t in broken or t not in verdict.regressions)
                if broken:
                    return verdict
        if self._passed is None or (self._seconds > QUICK_SUITE_SECONDS and not self._refused):
            return self.cold(texts)  # it will be asked for, and once is enough
        expected = self._all_passed() - self._aim.flaky
        reaching = {*self._aim.targets, *(self._reaching(variant, expected) if self._refused else ())}
        # A target that is a whole file, because it could not be collected, is in no order.
        first = tuple(dict.fromkeys((*(test for test in self._aim.order if test in reaching), *self._aim.targets)))
        idle = 5.0 + 5 * self._aim.seconds + 3 * self._tests.overhead
        report = self._tests.run(first, texts, idle=idle)
        verdict = self._aim.verdict(Tier.SUITE, report, expected.intersection(first))
        rest = tuple(test for test in self._aim.order if test in expected and test not in reaching)
        if verdict.passed and rest:
            more = self._tests.run(rest, texts, idle=idle)
            more.results = {**report.results, **more.results}
            more.collect_errors = {**report.collect_errors, **more.collect_errors}
            more.cpu += report.cpu
            verdict = self._aim.verdict(Tier.SUITE, more, expected)
            report = more
        self._refused = self._refused or bool(verdict.regressions)
        if verdict.regressions and not verdict.failing and self._breaks(verdict, texts):
            return verdict
        if not verdict.failing and (verdict.regressions or verdict.broken or report.ended):
            # Flaky tests, ids that cannot be chosen, an order that matters: the user's own command decides.
            return self.cold(texts)
        return verdict

    def cold(self, texts: Mapping[str, bytes]) -> Verdict:
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
        patience = self._settings.test.idle
        self._ask_suspects(set(self._aim.hung).difference(self._aim.targets))
        report = self.patiently(self._everything(), seed, texts, patience)
        apart, hung = self._apart, self._aim.hung
        expected = self._to_be_expected(report, seed)
        if self._apart != apart or (report.ended and self._aim.hung != hung):
            # Without what hangs on the unchanged code as well it comes further.
            report = self.patiently(self._everything(), seed, texts, patience)
            expected = self._to_be_expected(report, seed)
        verdict = self._aim.verdict(Tier.COLD, report, expected - self._aim.flaky)
        if verdict.regressions and not self._breaks(verdict, texts):
            # Is it the change, or do these tests fail on the unchanged code as well, with these seeds or now and then?
            odd = self._fail_unchanged(set(verdict.regressions), texts)
            if odd:
                self.note_flaky(odd)
                verdict = self._aim.verdict(Tier.COLD, report, expected - self._aim.flaky)
        if verdict.passed and (how := self._odd_end(report)):
            verdict = verdict.model_copy(update={"broken": how, "output": report.output[-2000:]})
        if verdict.passed and not self._steady:
            self._steady = True
            passing = set(self._aim.targets)
            # What took long on the change may have been given too little time without it.
            took = {test: result.seconds for test, result in report.results.items()}
            slow = {target for target in passing if took.get(target, 0.0) > AFTER_A_HANG}
            self._ask_suspects(slow.intersection(self._aim.hung))
            # By themselves first, which is quick; what fails then does not pass by chance.
            for tests in (self._aim.targets, self._tests.neighbours(self._aim.targets)):
                base = self.patiently(tests, seed, idle=patience if slow else None).results
                passing = {target for target in passing if passes(target, base)}
                if not passing:
                    break
            self._refuse_flaky(passing)
        return verdict

    def _odd_end(self, report: RunReport) -> str:
        """What the command itself says against a change whose tests all pass: coverage, a hook, a crash at its end.

        Empty where it ends as its tests have it, or as it does on the unchanged code without what fails there.
        """
        if not isinstance(self._tests, PythonTests):
            return ""  # a tool's results are never all well when its run was not
        results = (*report.results.values(), *report.collect_errors.values())
        if _end(report) == (int(any(result.outcome in BAD for result in results)), None, None):
            return ""
        if self._end is None:
            known = self._aim.outcomes.items()
            failing = {*self._aim.targets, *(test for test, outcome in known if outcome in BAD)}
            self._end = _end(
                self._tests.cold(
                    self._everything(),
                    {},
                    without=sorted(failing),
                    hash_seed=self._last_seed,
                    idle=self._settings.test.idle,
                )
            )
        if _end(report) == self._end:
            return ""
        how = f"was ended by signal {report.signal}" if report.signal else f"ended with exit code {report.exit}"
        return f"no test says so, but the command {'did not end in time' if report.ended else how}"

    @property
    def _last_seed(self) -> int:
        """The hash seed of cold runs: other than that of all runs before."""
        return (self._settings.loop.seed + 1) % HASH_SEEDS

    def _breaks(self, verdict: Verdict, texts: Mapping[str, bytes]) -> bool:
        """Whether a few of the tests that broke say that it is the change, run by themselves: on both codes.

        They are asked first from now on. No word on tests that need others before them, or fail now and then.
        """
        results = verdict.by_id
        few = sorted(verdict.regressions, key=lambda test: test not in results)[:FEW]
        changed = self._tests.cold(few, texts, hash_seed=self._last_seed).results
        broken = self._broken([test for test in few if test in changed and not changed[test].passed], texts)
        self._breakers = tuple(dict.fromkeys((*broken, *self._breakers)))[:BREAKERS]
        return bool(broken)

    def _broken(self, failed: Sequence[str], texts: Mapping[str, bytes]) -> tuple[str, ...]:
        """Those of a few tests, which failed on a change, that pass without it and fail with it again, alone."""
        passing = self._still_pass(failed)
        again = self._tests.cold(passing, texts, hash_seed=self._last_seed).results if passing else {}
        return tuple(test for test in passing if not passes(test, again))

    def _fail_unchanged(self, broke: set[str], texts: Mapping[str, bytes]) -> set[str]:
        """Those of the tests which broke that the whole suite on the unchanged code was seen to fail, or not to have.

        Where the change gives two verdicts the unchanged code is asked twice.
        """
        odd: set[str] = set()
        for _ in range(2):
            base = self.patiently(self._everything(), self._last_seed, idle=self._settings.test.idle)
            said = {test for test, result in base.results.items() if result.outcome in SAID}
            if _came_to_its_end(base):
                said |= broke - base.results.keys()
            odd |= {test for test in broke & said if not passes(test, base.results)}
            if broke <= odd:
                break
            again = self._tests.cold(self._everything(), texts, hash_seed=self._last_seed).results
            broke = {test for test in broke - odd if passes(test, again)}
            if not broke:
                break
        return odd

    def _still_pass(self, tests: Sequence[str]) -> tuple[str, ...]:
        """Those of a few tests that pass on the unchanged code when they are run by themselves, in a fresh process."""
        base = self.patiently(tests, self._last_seed, idle=self._settings.test.idle).results if tests else {}
        return tuple(test for test in tests if passes(test, base))

    def _to_be_expected(self, report: RunReport, seed: int) -> frozenset[str]:
        """Tests that must pass where a change has been judged with everything: as far as that matters.

        What passed then needs no baseline. Of what did not, the baseline is asked alone,
        and of all tests only where that is not enough.
        """
        tests = self._tests
        if not isinstance(tests, PythonTests):
            return self._all_passed()
        found = {**report.results, **report.collect_errors}
        cut, all_there = bool(report.ended or report.running), found.keys() >= set(self._aim.targets)
        if self._passed is None and (cut or not all_there):
            self._all_passed()
        if self._passed is not None and (self._reached or not all_there):
            return self._passed
        if not all(passes(target, report.results) for target in self._aim.targets):
            return self._aim.expected  # it is refused, whatever it breaks
        # What neither run has reached nobody can judge.
        listed = frozenset[str]() if cut else tests.listed(self._everything(), seed)
        if listed is None:
            listed = self._all_passed()
        bad = {test: result.outcome for test, result in found.items() if not result.passed}
        bad |= dict.fromkeys(listed - report.results.keys(), Outcome.MISSING)
        self._ask_alone({test: outcome for test, outcome in bad.items() if test not in self._aim.outcomes})
        self._ask_suspects(bad.keys() & set(self._aim.hung))
        if any(self._is_unsure(test, outcome) for test, outcome in bad.items()):
            self._all_passed()
        if self._passed is not None and self._reached:
            return self._passed
        passed = {test for test, outcome in self._aim.outcomes.items() if outcome is Outcome.PASSED}
        return frozenset(passed) | (self._passed or frozenset())

    def _ask_alone(self, doubtful: Mapping[str, Outcome]) -> None:
        """Ask the unchanged code for some tests, by themselves or in their files; `doubtful`: what a change gave."""
        if not doubtful:
            return
        # Whether they are skipped or hang has nothing to do with what is run before them.
        alone = set(doubtful.values()) <= {Outcome.SKIPPED, Outcome.TIMEOUT}
        asked = sorted(doubtful) if alone else self._tests.neighbours(sorted(doubtful))
        base = self.patiently(asked, idle=self._settings.test.idle)
        self._learn(*base.collect_errors.values(), *base.results.values())

    def _ask_suspects(self, tests: Set[str]) -> None:
        """Ask for tests that hung, each by itself and with all its time: a baseline does not wait long.

        One that does not end then is enough: of it, and of those not asked, the user hears.
        """
        for test in sorted(tests - self._suspects):
            if self._hangs:
                break
            self._suspects |= {test}
            said = self._tests.cold([test], {}, idle=self._settings.test.idle).results.get(test)
            if said is None or said.outcome is Outcome.TIMEOUT:
                self._hangs = True
                continue
            self._aim.outcomes[test] = said.outcome
            if said.passed:
                self._aim.expected |= {test}
                self._aim.order += (test,) if self._aim.order else ()
                self._passed = None if self._passed is None else self._passed | {test}
        new = set(self._aim.hung).intersection(tests).difference(self._aim.targets) - self._told
        self._told |= new
        if new:
            others = f" and {len(new) - 1} more do" if len(new) > 1 else " does"
            self._notices.append(f"{min(new)}{others} not end on the unchanged code: what hangs is not watched.")

    def _is_unsure(self, test: str, outcome: Outcome) -> bool:
        """Whether a test that did not pass on a change has not said all by itself on the unchanged code."""
        known = self._aim.outcomes.get(test)
        # What fails alone may pass behind others.
        return known is None or (known is not Outcome.PASSED and outcome not in {Outcome.SKIPPED, Outcome.TIMEOUT})

    def _learn(self, *results: TestResult) -> None:
        """Remember what the unchanged code said of tests it had said nothing of, and where they are."""
        self._aim.skips = {**{result.id: result.skips for result in results if result.skips}, **self._aim.skips}
        self._texts.test_files |= {result.id.split("::")[0] for result in results if not is_doctest(result.id)}
        self._aim.outcomes = {**{result.id: result.outcome for result in results}, **self._aim.outcomes}

    def _reaching(self, variant: Variant, tests: frozenset[str]) -> frozenset[str]:
        """Those of the tests that reach the changed lines on the unchanged texts."""
        if self._reach is None:
            limit = 5.0 + 10 * self._seconds
            report = self._tests.run(self._everything(), {}, timeout=limit, idle=limit, trace=True)
            self._reach = report.lines
        changed = self._texts.changed_lines(variant)
        return frozenset(
            test
            for test in tests
            if any(not lines.isdisjoint(self._reach.get(test, {}).get(path, ())) for path, lines in changed.items())
        )

    # --- the unchanged code -------------------------------------------------------------------

    def remember(self, report: RunReport) -> None:
        """Take a baseline of everything, and perhaps of more, for what must go on passing."""
        run = tuple(test for test in report.results if self.runs(test))
        self._passed = frozenset(test for test in run if report.results[test].passed)
        self._seconds, self._aim.order = report.seconds, run
        self._learn(*report.results.values())
        self._reached = not report.ended and not report.running
        self._tell_unreached(report)

    def with_the_rest(self, results: tuple[TestResult, ...], seconds: float) -> tuple[TestResult, ...]:
        """The results of the whole suite where it is quick: more tests say more about where the fault is not.

        `seconds`: what these have taken.
        """
        if seconds >= QUICK_SUITE_SECONDS:
            return results
        hung = [result.id for result in results if result.outcome is Outcome.TIMEOUT]
        report = self._tests.cold(self._everything(), {}, timeout=QUICK_SUITE_SECONDS, without=hung)
        known = {result.id for result in results} - set(hung)
        report.results.pop(report.running, None)  # time was over for the suite, not for this test
        if not report.ended and not known <= report.results.keys():
            return results
        if _came_to_its_end(report) and not report.collect_errors:
            self.remember(report)
        self._learn(*report.results.values())
        return tuple({**report.results, **{result.id: result for result in results}}.values())

    def _all_passed(self) -> frozenset[str]:
        """The tests of the whole suite that pass on the unchanged texts; run once, when first needed."""
        if self._passed is None:
            patience = self._settings.test.idle
            report = self.patiently(self._everything(), idle=patience)
            found = {*report.results, *report.collect_errors, *self._aim.hung}
            if not report.ended and not found.issuperset(self._aim.targets):
                # A package with a configuration of its own, for instance, cannot be tested from the root.
                self._apart = True
                self._notices.append(
                    f"`{self._command.shown}` does not run {self._aim.targets[0]}: only the tests beside it are "
                    "watched for regressions."
                )
                report = self.patiently(self._everything(), idle=patience)
            self.remember(report)
        assert self._passed is not None
        return self._passed

    def _everything(self) -> tuple[str, ...]:
        """What the user's own command runs, and the targets if it would leave them out."""
        if self._apart:
            return self._tests.neighbours(self._aim.targets)
        paths = self._command.paths
        missed = [t for t in self._aim.targets if paths and not any(below(t, path) for path in paths)]
        return (*paths, *missed)

    def runs(self, test: str) -> bool:
        """Whether the user's own command runs a test, or a file, that is known: it may name single tests of a file."""
        paths = self._everything()
        single = [path for path in paths if "::" in path]
        among = any(posixpath.normpath(path.split("::")[0]) == test.split("::")[0] for path in single)
        return not among or any(meets(test, posixpath.normpath(path)) for path in paths)

    def _tell_unreached(self, report: RunReport) -> None:
        if self._reached:
            return
        why = f"did not go on behind {report.running}: too many tests hang or end their process"
        if report.ended == "hard":
            why = f"did not end within {self._settings.test.timeout:g} s (trm.test.timeout)"
        self._notices.append(
            f"The whole suite {why}. Tests it did not reach are watched for regressions only where the run of a change "
            "reaches them."
        )

    def patiently(
        self,
        paths: Sequence[str],
        hash_seed: int | None = None,
        texts: Mapping[str, bytes] | None = None,
        idle: float | None = None,
    ) -> RunReport:
        """Run the user's command, as a rule on the unchanged texts; it goes on without tests that hang or die."""
        merged, idle = RunReport(), idle or self._first_idle()
        # A change may mend what hung, and is refused by what must not hang.
        without = [test for test in self._aim.hung if not texts or test not in self._aim.targets]
        settled = {*self._aim.targets, *(self._passed or self._aim.expected)}
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

    def _first_idle(self) -> float | None:
        """A test that hangs may not use up what a run has: a twelfth of it, five seconds at least."""
        if self._aim.hung:
            return AFTER_A_HANG + 20 * self._aim.seconds
        seconds = self._settings.budget.seconds
        return max(5.0, seconds / 12) if seconds else None

    # --- flaky tests --------------------------------------------------------------------------

    def find_flaky(self, tests: set[str]) -> frozenset[str]:
        """Those of the tests whose outcome is another one when the unchanged code is run again, as in the baseline."""
        report = self.patiently(self._tests.neighbours(sorted(tests)))
        found = {test: result.outcome for test, result in {**report.collect_errors, **report.results}.items()}
        # A test that was not reached this time has shown nothing, nor has one that was not waited for.
        both = {test: {found.get(test, Outcome.MISSING), self._aim.outcomes.get(test)} for test in tests}
        odd = {test for test, said in both.items() if len(said & SAID) == 2}
        if odd:
            self.note_flaky(odd)
            self._refuse_flaky(odd.intersection(self._aim.targets))
        return frozenset(odd)

    def note_flaky(self, tests: set[str]) -> None:
        new = tests - self._aim.flaky
        self._aim.flaky |= new
        if new:
            others = f" and {len(new) - 1} more" if len(new) > 1 else ""
            self._notices.append(f"{min(new)}{others} passed and failed on the same code: flaky tests do not decide.")

    def _refuse_flaky(self, targets: set[str]) -> None:
        if targets:
            raise EnvironmentBroken(
                f"{min(targets)} failed and passed on the same code: a flaky test cannot say when the code is right."
            )


def _came_to_its_end(report: RunReport) -> bool:
    """Whether a run ended by itself, behind its last test."""
    return not report.ended and not report.running and report.exit in {0, 1}


def _end(report: RunReport) -> End:
    return report.exit, report.signal, report.ended
