"""The screen of a task: who meets which tests first, and what those that promise break beside the targets."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from trm_lsp.core.state import Variant
from trm_lsp.core.verdict import Outcome, TestResult
from trm_lsp.judging.aim import Aim
from trm_lsp.judging.ids import selects
from trm_lsp.judging.python_tests import PythonTests
from trm_lsp.judging.runner import RunReport, TestProcessDied
from trm_lsp.judging.screen import Candidate, Outcomes, candidate, screen
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


class Screener:
    """Screens batches of candidates that change the same texts."""

    def __init__(self, tests: PythonTests | ToolTests, aim: Aim, texts: Texts) -> None:
        self._tests, self._aim, self._texts = tests, aim, texts

    def __call__(self, batch: Sequence[Variant]) -> tuple[list[Screened | None], float]:
        """What is found of each variant (None: it must be confirmed instead), and the CPU seconds spent.

        All run the targets; those that bring more of them to pass, the tests
        beside them as well. A batch that ends the test process is confirmed by another one.
        """
        tests, unknown = self._tests, [None] * len(batch)
        if not isinstance(tests, PythonTests) or tests.level != "collected":
            return list(unknown), 0.0
        if any(variant.texts != batch[0].texts for variant in batch):
            return list(unknown), 0.0
        try:
            data = self._texts.data(Variant(batch[0].texts))
            screened = _Batch(tests, self._aim, data, max(variant.patience for variant in batch))
            asked = {i: c for i, v in enumerate(batch) if (c := candidate(v, self._texts.base)) is not None}
            found = screened.judged(list(asked.values()), self._aim.first_targets(batch[0], WITNESSES))
        except UnicodeEncodeError:
            return list(unknown), 0.0
        except TestProcessDied:
            tests.start_over()
            return list(unknown), 0.0
        answers = dict(zip(asked, found, strict=True))
        return [answers.get(i) for i in range(len(batch))], screened.cpu


class _Batch:
    """One batch: first the targets, or a few of them, then the tests beside them for those that promise."""

    def __init__(self, tests: PythonTests, aim: Aim, data: Mapping[str, bytes], patience: int) -> None:
        """`data`: the texts that all candidates change."""
        self._tests, self._aim, self._data, self._patience = tests, aim, data, patience
        self._passing: set[str] = set()
        """Tests that pass with none of the candidates."""
        self.cpu = 0.0

    def judged(self, candidates: Sequence[Candidate], first: Sequence[str]) -> list[Screened | None]:
        """What is found of each; `first`: targets that all of them meet."""
        aim = self._aim
        answers = screen(candidates, lambda some: self._run(some, first, first))
        whole = _Filled([aim.stood[target] for target in aim.targets if target not in first])
        found = [Screened(whole.of(answer.outcomes), answer.tentative) if answer else None for answer in answers]
        fixed = len(self._passing)
        promising = [
            number
            for number, answer in enumerate(answers)
            if answer and sum(result.passed for result in answer.outcomes) > fixed
        ]
        beside = [test for test in aim.order or aim.outcomes if test in aim.expected and selects(aim.beside, test)]
        few = first != aim.targets
        if promising and (beside or few):
            # What failed before and is no target says nothing, and may hang.
            wide = (*beside, *aim.targets)
            wider = screen([candidates[n] for n in promising], lambda some: self._run(some, wide, first))
            kept = self._passing.intersection(beside) - aim.flaky
            for number, answer in zip(promising, wider, strict=True):
                results = answer.outcomes if answer else ()
                before = found[number]
                if before and few:
                    before = self._on_all_targets(before, results)
                found[number] = self._broken(before, results, kept) if before else None
        return found

    def _run(self, candidates: Sequence[Candidate], chosen: Sequence[str], first: Sequence[str]) -> RunReport:
        """Screen candidates with the chosen tests; no base where nothing it says is to be believed."""
        aim, tests = self._aim, self._tests
        seconds = aim.took(first) if chosen == first else aim.seconds
        timeout = 5.0 + 3 * tests.overhead + len(candidates) * self._patience * (0.1 + 2 * seconds)
        idle = 2.0 + 5 * seconds + 3 * tests.overhead
        report = tests.screen(
            chosen, aim.beside, self._data, candidates, self._patience, timeout, idle, aim.hung
        ) or RunReport()  # fmt: skip
        self.cpu += report.cpu
        # A screen in which the unchanged code behaves as in no baseline says nothing about candidates.
        seen = {test: outcome for test, (outcome, *_) in (report.base or {}).items()}
        self._passing.update(test for test, outcome in seen.items() if outcome == Outcome.PASSED)
        ended = {test for test in aim.hung if seen.get(test, Outcome.TIMEOUT) != Outcome.TIMEOUT}
        odd = not self._data and (ended or not self._passing.isdisjoint(aim.targets))
        if odd or not seen.keys() >= set(first):
            report.base = None
        return report

    def _on_all_targets(self, screened: Screened, results: Outcomes) -> Screened | None:
        """What is known of a candidate that has met a few targets, once it has met all."""
        on_targets = tuple(result for result in results if result.id in self._aim.stood)
        return screened._replace(results=on_targets) if len(on_targets) == len(self._aim.targets) else None

    def _broken(self, screened: Screened, results: Outcomes, kept: set[str]) -> Screened:
        """With the tests it breaks of those that are to be kept."""
        broken = [result for result in results if result.id in kept and not result.passed]
        # What comes after a test that was cut short may fail for that alone.
        sound = tuple(r.id for r in itertools.takewhile(lambda r: r.outcome is not Outcome.TIMEOUT, broken))
        if sound:
            return screened._replace(broke=sound)
        return screened._replace(results=self._aim.cut_short()) if broken else screened


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
