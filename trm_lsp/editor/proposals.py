"""Proposals that wait for the user: what they promise, and whether they still hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pygls.workspace import Workspace

from trm_lsp.core.events import AnyEvent, Hunk, Proposal
from trm_lsp.core.verdict import TestResult, Verdict
from trm_lsp.editor.buffers import Text, text_of
from trm_lsp.editor.jobs import Target
from trm_lsp.editor.roots import Root
from trm_lsp.editor.targets import is_test_file

OFFERS_KEPT = 50
"""Proposals that wait at once; the oldest goes first."""

_GRADES = {
    "unique": "the only behaviour found that passes",
    "rivals": "other behaviours pass too",
    "special-cases the tests": "it special-cases the tests",
    "not confirmed": "not confirmed",
}


def tests(count: int) -> str:
    return f"{count} test{'' if count == 1 else 's'}"


@dataclass
class Offer:
    """One proposal, as the user is offered it."""

    job: str
    root: Root
    target: Target
    """What was asked for: a new answer to the same request takes this one's place."""
    proposal: Proposal
    verdict: Verdict | None
    """What the tests said about it."""
    failed: tuple[TestResult, ...]
    """The target tests as they failed before."""
    solved: bool
    last: AnyEvent
    """The run's last event: what the user decides is logged after it."""
    tests_digests: Mapping[str, str] = field(default_factory=dict)
    """Digests of the test files it was judged by, as far as they were open."""
    applying: bool = False

    @property
    def promise(self) -> str:
        """What it is worth, in the words the user reads everywhere: `passes 14 tests`."""
        if self.solved:
            worth = f"passes {tests(self.proposal.passes)}"
            # A grade that limits the promise is never left out; the best one needs no words.
            return worth if self.proposal.grade == "unique" else f"{worth}, {self.grade}"
        if self.verdict is None or not self.verdict.targets:
            return self.grade
        counts = self.verdict.counts
        broken = f", and {tests(counts.regressions)} newly failing" if counts.regressions else ""
        return f"best so far, {counts.failing} of {counts.targets} still failing{broken}"

    @property
    def grade(self) -> str:
        return _GRADES[self.proposal.grade]

    @property
    def size(self) -> str:
        """How much it changes: `changes 1 line`."""
        count = sum(max(_lines(hunk.before), _lines(hunk.after)) for hunk in self.proposal.hunks)
        return f"changes {count} line{'' if count == 1 else 's'}"

    @property
    def files(self) -> tuple[str, ...]:
        """Paths it changes."""
        return tuple(sorted({hunk.path for hunk in self.proposal.hunks}))

    @property
    def needs_confirmation(self) -> bool:
        """Whether the client should ask once more: no test speaks for it, or it changes one."""
        unconfirmed = not self.solved and not (self.verdict and self.verdict.targets)
        return unconfirmed or any(is_test_file(path) for path in self.files)

    def hunks(self, path: str) -> Iterator[Hunk]:
        return (hunk for hunk in self.proposal.hunks if hunk.path == path)

    def is_for(self, test: str) -> bool:
        """Whether it is an answer to a failing test."""
        return any(_same_test(test, failed.id) for failed in self.failed)

    def stale(self, workspace: Workspace) -> str:
        """Why it no longer holds, in one sentence; empty when it does.

        The text decides, not the version: an edit that was undone changes
        nothing, and a file that was closed and opened again starts at 1.
        """
        for path in self.files:
            if path not in self.proposal.base_digests:
                return f"The file {path} cannot be checked against the run: refine again."
        for path, digest in {**self.tests_digests, **self.proposal.base_digests}.items():
            text = text_of(workspace, self.root, path)
            if text is None:
                return f"The file {path} is gone or cannot be read as text: refine again."
            if text.base.digest != digest:
                what = f"buffer {path} changed" if text.open else f"file {path} changed on disk"
                return f"The {what} since the run began: refine again."
        return ""


def _same_test(one: str, other: str) -> bool:
    """Whether two ids name one test, parameters given by both or not at all."""
    return one == other or one == other.partition("[")[0] or other == one.partition("[")[0]


def _lines(text: str) -> int:
    return text.count("\n") + (0 if text.endswith("\n") or not text else 1)


class Offers:
    """The proposals that wait, oldest first."""

    def __init__(self) -> None:
        self._offers: dict[str, Offer] = {}

    def add(self, offer: Offer) -> None:
        for other in list(self._offers.values()):
            if other.root == offer.root and other.target == offer.target:
                del self._offers[other.job]
        self._offers[offer.job] = offer
        while len(self._offers) > OFFERS_KEPT:
            del self._offers[next(iter(self._offers))]

    def get(self, job: str) -> Offer | None:
        return self._offers.get(job)

    def remove(self, job: str) -> None:
        self._offers.pop(job, None)

    def forget(self, root: Root) -> None:
        """The root is closed."""
        for offer in list(self._offers.values()):
            if offer.root == root:
                self.remove(offer.job)

    def touching(self, root: Root, path: str) -> list[Offer]:
        """The proposals that change a file, newest first."""
        return [offer for offer in reversed(self._offers.values()) if offer.root == root and path in offer.files]

    def answering(self, root: Root, test: str) -> list[Offer]:
        """The proposals made for a failing test, newest first."""
        return [offer for offer in reversed(self._offers.values()) if offer.root == root and offer.is_for(test)]


def digests_of_tests(verdict: Verdict | None, texts: Mapping[str, Text]) -> dict[str, str]:
    """Digests of the open files a verdict's targets are in."""
    paths = {target.partition("::")[0] for target in verdict.targets} if verdict else set()
    return {path: texts[path].base.digest for path in paths if path in texts}
