"""What a verdict on a candidate says, beside what the tests said about the y it was tried on."""

from __future__ import annotations

from typing import NamedTuple

from trm_lsp.core.verdict import Outcome, Verdict
from trm_lsp.nets.repair.nearness import nearness


class Said(NamedTuple):
    """What there is to learn from one verdict."""

    fewer: bool
    """Fewer targets fail, and none hangs that did not."""
    satisfies: bool
    """No target fails."""
    passed: bool
    cut: bool
    gain: float
    """How much nearer to passing the targets are, 0 to 1."""
    fixed: float
    """The share of the failing targets that pass."""
    evidence: float
    """What a refused edit says about its place: above 1 for, below 1 against it."""
    signature: str


class Reading:
    """Reads verdicts, each once: most candidates of a screen come out alike, and those share one."""

    def __init__(self, standing: Verdict) -> None:
        self._standing = standing
        self._failing, self._signature = len(standing.failing), standing.signature
        self._hung = _hung(standing)
        self._known: dict[int, tuple[Verdict, Said]] = {}

    def __call__(self, verdict: Verdict) -> Said:
        known = self._known.get(id(verdict))
        if known is None:
            known = self._known[id(verdict)] = (verdict, self._read(verdict))  # kept, so that its id stays its own
        return known[1]

    def _read(self, verdict: Verdict) -> Said:
        signature = verdict.signature
        # No other process could tell what comes behind a test that hangs: there is nothing to build on.
        stuck = not verdict.cut and not _hung(verdict) <= self._hung
        return Said(
            fewer=len(verdict.failing) < self._failing and not stuck,
            satisfies=not verdict.failing,
            passed=verdict.passed,
            cut=verdict.cut,
            gain=0.0 if verdict.regressions or stuck else nearness(verdict, self._standing),
            fixed=0.0 if verdict.regressions or stuck else max(0.0, 1.0 - len(verdict.failing) / max(1, self._failing)),
            evidence=self._evidence(verdict, signature),
            signature=signature,
        )

    def _evidence(self, verdict: Verdict, signature: str) -> float:
        """What the verdict says about the place of the edit.

        A faulty place changes the failure and leaves the passing tests alone;
        one that serves every test breaks them too, and one that does not
        matter changes nothing.
        """
        if verdict.regressions:
            return 0.7
        return 1.5 if signature != self._signature else 0.5


def _hung(verdict: Verdict) -> set[str]:
    return {result.id for result in verdict.results if result.outcome is Outcome.TIMEOUT}
