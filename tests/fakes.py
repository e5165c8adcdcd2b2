"""What stands in for the outside of the loop: a net that follows a script, a judge that knows the answer, a clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from trm_lsp.core.budget import Budget, Meter
from trm_lsp.core.ports import Trace, X
from trm_lsp.core.state import BaseText, Candidate, Reasoning, Task, Variant
from trm_lsp.core.verdict import Outcome, TestResult, Tier, Verdict
from trm_lsp.patch.edits import texts_of

Texts = Mapping[str, str]


def verdict(
    *outcomes: str,
    tier: Tier = Tier.COLD,
    regressions: tuple[str, ...] = (),
    broken: str = "",
    signatures: tuple[str, ...] = (),
    beside: tuple[TestResult, ...] = (),
    cpu_seconds: float = 0.0,
) -> Verdict:
    """A verdict on one target test an outcome: `test_m.py::test_0`, `test_m.py::test_1` and so on."""
    targets = tuple(f"test_m.py::test_{number}" for number in range(len(outcomes)))
    said = [*signatures, *("AssertionError" for _ in outcomes)]
    results = tuple(
        TestResult(id=id, outcome=Outcome(outcome), signature="" if outcome == "passed" else signature)
        for id, outcome, signature in zip(targets, outcomes, said, strict=False)
    )
    return Verdict(
        tier=tier,
        results=(*results, *beside),
        targets=targets,
        regressions=regressions,
        broken=broken,
        cpu_seconds=cpu_seconds,
    )


class FakeClock:
    """A clock that stands still until it is told how much time has gone."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def pass_by(self, seconds: float) -> None:
        self.seconds += seconds

    def now(self) -> float:
        return 1_000_000.0 + self.seconds

    def elapsed(self) -> float:
        return self.seconds

    def cpu(self) -> float:
        return self.seconds / 2


def meter(budget: Budget | None = None, cancelled: Callable[[], bool] = lambda: False) -> Meter:
    """A meter on a clock that stands still, so that only work units are spent."""
    return Meter(budget or Budget(), FakeClock(), cancelled)


class CancelAt:
    """Says that the run is cancelled from the given question on."""

    def __init__(self, question: int) -> None:
        self._left = question

    def __call__(self) -> bool:
        self._left -= 1
        return self._left < 0


class FakeJudge:
    """Judges the whole texts a variant gives by a function of them and the tier; remembers what it was asked."""

    def __init__(self, base: Texts, says: Callable[[Texts, Tier], Verdict]) -> None:
        self._base, self._says = base, says
        self.asked: list[tuple[Tier, Texts]] = []

    def __call__(self, batch: Sequence[Variant], tier: Tier) -> Iterator[Verdict]:
        for variant in batch:
            texts = {**self._base, **texts_of(variant, self._base)}
            self.asked.append((tier, texts))
            yield self._says(texts, tier).model_copy(update={"tier": tier})

    @property
    def tiers(self) -> list[Tier]:
        return [tier for tier, _ in self.asked]


class FakeTracer:
    """Says that each test reaches every line of every file, or the lines given."""

    def __init__(self, base: Texts, passed: Sequence[str] = (), lines: Mapping[str, Any] | None = None) -> None:
        everything = {path: tuple(range(1, len(text.splitlines()) + 1)) for path, text in base.items()}
        self._lines, self._everything, self._passed = lines or {}, everything, frozenset(passed)
        self.asked: list[Variant] = []

    def __call__(self, variant: Variant, tests: Sequence[str]) -> Trace:
        self.asked.append(variant)
        return Trace(lines={test: self._lines.get(test, self._everything) for test in tests}, passed=self._passed)


def task_of(
    base: Texts, judge: FakeJudge, baseline: Verdict, *, tests: Texts | None = None, tracer: FakeTracer | None = None
) -> X:
    """X over the texts of `base`, all of which may be changed; `tests` are files beside them that may not."""
    return X(
        task=Task(id="task", root="/srv"),
        task_type="fix/assertion",
        baseline=baseline,
        texts={path: BaseText(path=path, text=text) for path, text in {**base, **(tests or {})}.items()},
        editable=frozenset(base),
        judge=judge,
        tracer=tracer or FakeTracer(base, [result.id for result in baseline.results if result.passed]),
    )


BASE = {"m.py": "base\n"}


def candidate(text: str, confidence: float = 0.0) -> Candidate:
    """Y with the text of the one file the scripted net knows."""
    return Candidate(base=BASE, texts={"m.py": text}, confidence=confidence)


@dataclass
class ScriptedNet:
    """Commits the answers of a script, one a y-update, then keeps y; thinks by the function given.

    `calls` holds the arguments of each call: three for z-updates, two for y-updates.
    """

    answers: Sequence[Candidate | str] = ()
    think: Callable[[X, Candidate, Reasoning], Reasoning] = lambda x, y, z: z
    answer: Callable[[Candidate, Reasoning], Candidate] | None = None
    name: str = "scripted"
    calls: list[tuple[Any, ...]] = field(default_factory=list)
    seeds: list[int] = field(default_factory=list)

    def start(self, x: X, seed: int) -> tuple[Candidate, Reasoning]:
        self.seeds.append(seed)
        return candidate(BASE["m.py"]), Reasoning(seed=seed)

    def __call__(self, *state: Any) -> Any:
        self.calls.append(state)
        if len(state) == 3:
            return self.think(*state)
        y, z = state
        if self.answer is not None:
            return self.answer(y, z)
        done = sum(len(call) == 2 for call in self.calls)
        if done > len(self.answers):
            return y
        text = self.answers[done - 1]
        return text if isinstance(text, Candidate) else candidate(text)
