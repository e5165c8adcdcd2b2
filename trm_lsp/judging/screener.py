"""The screen of a task: who meets which tests first, and what those that promise break beside the targets."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence, Set
from typing import NamedTuple

from trm_lsp.core.state import Variant
from trm_lsp.core.verdict import Outcome, TestResult
from trm_lsp.judging.aim import Aim
from trm_lsp.judging.python_tests import PythonTests
from trm_lsp.judging.runner import RunReport, ScreenedTest, TestProcessDied
from trm_lsp.judging.screen import Answer, Candidate, Outcomes, candidate, screen
from trm_lsp.judging.texts import Texts
from trm_lsp.judging.tool_tests import ToolTests

WITNESSES = 8
"""Targets that a candidate meets first, where there are more."""


class Screened(NamedTuple):
    """What a screen says of a candidate."""

    results: tuple[TestResult, ...]
    """Outcomes of the targets."""
    tentative: bool
    """What fails is no refusal."""
    broke: tuple[str, ...] = ()
    """Tests beside the targets that it breaks, as far as they were run."""


class _Met(NamedTuple):
    """What is known of a candidate once it has met the first targets."""

    whole: Screened
    settled: Screened
    """The same, unless it is put off."""
    promises: bool
    """Whether it brings more of them to pass."""


class Screener:
    """Screens batches of candidates that change the same texts."""

    def __init__(self, tests: PythonTests | ToolTests, aim: Aim, texts: Texts) -> None:
        self._tests, self._aim, self._texts = tests, aim, texts

    def __call__(self, batch: Sequence[Variant]) -> tuple[list[Screened | None], float]:
        """What is found of each variant (None: it must be confirmed instead), and the CPU seconds spent.

        All run the targets; those that bring more of them to pass, the tests
        beside them as well. A batch that ends the test process is confirmed by another one.
        """
        tests, answers, cpu = self._tests, dict[int, Screened | None](), 0.0
        alike = all(variant.texts == batch[0].texts for variant in batch)
        if alike and isinstance(tests, PythonTests) and tests.level == "collected":
            try:
                data = self._texts.data(Variant(batch[0].texts))
                standing = self._aim.standing(batch[0].texts)
                screened = _Batch(tests, self._aim, data, standing, max(variant.patience for variant in batch))
                asked = {i: c for i, v in enumerate(batch) if (c := candidate(v, self._texts.base)) is not None}
                found = screened.judged(list(asked.values()), self._aim.first_targets(batch[0], WITNESSES))
                answers, cpu = dict(zip(asked, found, strict=True)), screened.cpu
            except UnicodeEncodeError:
                pass  # such a text cannot be run
            except TestProcessDied:
                tests.start_over()
        return [answers.get(i) for i in range(len(batch))], cpu


class _Batch:
    """One batch: first the targets, or a few of them, then the tests beside them for those that promise."""

    def __init__(
        self, tests: PythonTests, aim: Aim, data: Mapping[str, bytes], standing: Outcomes, patience: int
    ) -> None:
        """`data`: the texts that all candidates change; `standing`: what is known of the targets there."""
        self._tests, self._aim, self._data, self._patience = tests, aim, data, patience
        self._standing = standing
        self._put_off = aim.cut_short()
        self.cpu = 0.0

    def judged(self, candidates: Sequence[Candidate], first: Sequence[str]) -> list[Screened | None]:
        """What is found of each; `first`: targets that all of them meet."""
        aim = self._aim
        answers = screen(candidates, lambda some: self._run(some, first, first))
        self._count(answers)
        stood = tuple([result for result in self._standing if result.id not in set(first)])
        known: dict[tuple[int, bool], _Met] = {}
        met: list[_Met | None] = []
        for answer in answers:
            if answer is None:
                met.append(None)
                continue
            alike = id(answer.outcomes), answer.tentative
            if alike not in known:
                known[alike] = self._met(answer, stood)
            met.append(known[alike])
        found = [one.settled if one else None for one in met]
        promising = [number for number, one in enumerate(met) if one and one.promises]
        few = first != aim.targets
        beside = self._beside() if promising else []
        if beside or (promising and few):
            # What failed before and is no target says nothing, and may hang.
            wide = (*beside, *aim.targets)
            wider = screen([candidates[n] for n in promising], lambda some: self._run(some, wide, first))
            keep = set(beside) - aim.flaky
            for number, answer in zip(promising, wider, strict=True):
                if answer is None:
                    found[number] = None if few else found[number]
                    continue
                one = met[number]
                before = self._on_all_targets(one.whole, answer.outcomes) if one and few else one and one.whole
                found[number] = self._settled(before, answer, keep) if before else None
        return found

    def _count(self, answers: Sequence[Answer | None]) -> None:
        """Remember in which targets candidates are cut short."""
        for answer in filter(None, answers):
            self._aim.met.update(result.id for result in answer.outcomes)
            self._aim.cut.update(result.id for result in answer.outcomes if _is_cut(result, answer.base))

    def _met(self, answer: Answer, stood: Outcomes) -> _Met:
        """What is made of an answer; `stood`: targets it did not meet, as they stood."""
        whole = Screened((*answer.outcomes, *stood) if stood else answer.outcomes, answer.tentative)
        more = sum(result.passed for result in answer.outcomes) > len(_passing(answer.base))
        return _Met(whole, self._settled(whole, answer), more)

    def _beside(self) -> list[str]:
        """Tests beside the targets, in the order they run."""
        chosen = set(self._aim.beside_screened)
        return [test for test in self._aim.order or self._aim.outcomes if test in chosen]

    def _run(self, candidates: Sequence[Candidate], chosen: Sequence[str], first: Sequence[str]) -> RunReport:
        """Screen candidates with the chosen tests; no base where nothing it says is to be believed."""
        aim, tests = self._aim, self._tests
        seconds = aim.took(first) if chosen == first else aim.seconds
        timeout = 5.0 + 3 * tests.overhead + len(candidates) * self._patience * (0.1 + 2 * seconds)
        idle = 2.0 + 5 * seconds + 3 * tests.overhead
        found = tests.screen(chosen, aim.beside, self._data, candidates, self._patience, timeout, idle, aim.hung)
        report = found or RunReport()
        self.cpu += report.cpu
        # A screen in which the unchanged code behaves as in no baseline says nothing about candidates.
        seen = {test: outcome for test, (outcome, *_) in (report.base or {}).items()}
        ended = {test for test in aim.hung if seen.get(test, Outcome.TIMEOUT) != Outcome.TIMEOUT}
        failing = {result.id for result in self._standing if not result.passed}
        odd = (ended and not self._data) or not _passing(report.base or {}).isdisjoint(failing)
        if odd or not seen.keys() >= set(first):
            report.base = None
        return report

    def _on_all_targets(self, screened: Screened, results: Outcomes) -> Screened | None:
        """What is known of a candidate that has met a few targets, once it has met all."""
        on_targets = tuple(result for result in results if result.id in self._aim.stood)
        return screened._replace(results=on_targets) if len(on_targets) == len(self._aim.targets) else None

    def _settled(self, screened: Screened, answer: Answer, keep: Set[str] = frozenset()) -> Screened:
        """With the tests it breaks of those to `keep`; put off where what fails may do so because one was cut short.

        What hangs with the unchanged code, too, makes nothing fail that did not.
        """
        kept = _passing(answer.base) & keep
        bad = [r for r in answer.outcomes if not r.passed and (r.id in kept or r.id in self._aim.stood)]
        sound = [*itertools.takewhile(lambda r: not _is_cut(r, answer.base), bad)]
        broke = tuple(result.id for result in sound if result.id in kept)
        if broke:
            return screened._replace(broke=broke)
        broken = any(result.id in kept for result in bad)
        failed = any(result.outcome is not Outcome.TIMEOUT for result in sound)
        spoiled = broken or any(not r.passed and r.outcome is not Outcome.TIMEOUT for r in screened.results)
        put_off = len(sound) < len(bad) and (broken or not failed) and spoiled
        return screened._replace(results=self._put_off) if put_off else screened


def _passing(base: Mapping[str, ScreenedTest]) -> Set[str]:
    """Tests that pass with the unchanged code."""
    return {test for test, (outcome, *_) in base.items() if outcome == Outcome.PASSED}


def _is_cut(result: TestResult, base: Mapping[str, ScreenedTest]) -> bool:
    """Whether a candidate was cut short where the unchanged code was not."""
    return result.outcome is Outcome.TIMEOUT and base[result.id][0] != Outcome.TIMEOUT
