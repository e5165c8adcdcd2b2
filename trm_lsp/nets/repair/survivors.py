"""What passes: the whole suite judges it, what is not needed of it goes, and the likeliest comes first."""

from __future__ import annotations

import math
from collections.abc import Sequence

from trm_lsp.core.events import Hunk
from trm_lsp.core.ports import X
from trm_lsp.core.state import ATTEMPTS_KEPT, RULED_OUT_KEPT, Attempt, Candidate, Commit, Edit, Reasoning, Variant
from trm_lsp.core.verdict import Tier
from trm_lsp.nets.repair.hypotheses import key
from trm_lsp.patch.diffs import hunks
from trm_lsp.patch.edits import apply_all

VOUCHED_TESTS = 1500
"""Tests that whole suites have run for survivors, after which no other than the likeliest is worth one."""
VOUCHED_SECONDS = 5.0
"""CPU seconds that these runs have taken, after which the same holds."""


def believe_verdict(y: Candidate, z: Reasoning) -> Reasoning:
    """A survivor that the step's verdict refused is none: rule it out."""
    refused = y.verdict is not None and not y.verdict.passed
    if not refused or all(attempt.key != y.digest for attempt in z.survivors):
        return z
    return _refused(z, y.digest).think("The final verdict refused the answer: it is ruled out.")


def vouch(x: X, z: Reasoning) -> Reasoning | None:
    """Have the whole suite judge a survivor, the likeliest first; None when none is left that it should judge.

    Where the suite is large, it judges the likeliest alone: the others are told as what they are, rivals in
    the tests that fail and those beside them.
    """
    best = z.survivors[0]
    waiting = next((attempt for attempt in z.survivors if attempt.verdict.tier is Tier.CONFIRM), None)
    run = [attempt.verdict for attempt in z.survivors if attempt.verdict.tier is not Tier.CONFIRM]
    tests, seconds = sum(len(verdict.results) for verdict in run), sum(verdict.cpu_seconds for verdict in run)
    if waiting is None or (waiting is not best and (tests >= VOUCHED_TESTS or seconds >= VOUCHED_SECONDS)):
        return None
    (verdict,) = x.judge([Variant(waiting.texts)], Tier.SUITE)
    if verdict.passed:
        known = (
            attempt.model_copy(update={"verdict": verdict}) if attempt is waiting else attempt
            for attempt in z.survivors
        )
        return z.model_copy(update={"survivors": tuple(known)})
    broken = f" It breaks {verdict.regressions[0]}." if verdict.regressions else ""
    return _refused(z, waiting.key).think(f"The whole suite refuses {waiting.commit.reason}.{broken}")


def shrink(x: X, z: Reasoning) -> Reasoning | None:
    """Leave out what the best survivor passes without, change by change; None when it has one alone or was tried."""
    best = z.survivors[0]
    changes = rest = _changes(best)
    if len(changes) < 2 or f"shrunk {best.key}" in z.hypotheses:
        return None
    z = z.model_copy(update={"hypotheses": (*z.hypotheses, f"shrunk {best.key}")[-ATTEMPTS_KEPT:]})
    smallest = best
    for change in changes:
        fewer = [hunk for hunk in rest if hunk is not change]
        if not fewer:
            break
        smaller = _of(best, changes, fewer)
        if f"y {smaller.key}" in z.ruled_out:
            continue
        (verdict,) = x.judge([Variant(smaller.texts)], Tier.CONFIRM)
        if verdict.passed:
            rest, smallest = fewer, smaller.model_copy(update={"verdict": verdict})
            z = z.think(f"The change at {change.path}:{change.first_line} is not needed: left out.")
    if smallest is best:
        return z.think("Every part of the answer is needed: without any one of them a test fails.")
    others = (attempt for attempt in z.survivors[1:] if attempt.key != smallest.key)
    return z.model_copy(update={"survivors": (smallest, *others)})


def _changes(attempt: Attempt) -> list[Hunk]:
    """The runs of changed lines that an attempt amounts to, against the task's texts."""
    base, texts = attempt.base, attempt.texts
    return [hunk for path in sorted(texts) for hunk in hunks(path, base[path], texts[path])]


def _of(attempt: Attempt, changes: Sequence[Hunk], rest: Sequence[Hunk]) -> Attempt:
    """What some of an attempt's changes are by themselves: one commit on the task's texts, as those were that made it.

    Where they are of several, it has the last one's family and place, and is as unlikely as all of them together.
    """
    made_by = {hunk: _made_by(attempt, hunk) for hunk in changes}
    left = [commit for commit in _commits(attempt) if any(commit in made_by[hunk] for hunk in rest)]
    torn = any(commit in made_by[hunk] for hunk in changes if hunk not in rest for commit in left)
    shown = (f"`{h.before.strip()}` → `{h.after.strip()}` at {h.path}:{h.first_line}" for h in rest)
    reason = "; ".join(shown if torn else (commit.reason for commit in left))
    edits = tuple(Edit(hunk.path, hunk.start, hunk.end, hunk.after) for hunk in rest)
    prior = math.prod(commit.prior for commit in left)
    commit = left[-1].model_copy(update={"edits": edits, "reason": reason, "prior": prior})
    texts = apply_all(attempt.base, edits)
    return attempt.model_copy(update={"commit": commit, "parent": Candidate().digest, "before": (), "texts": texts})


def _commits(attempt: Attempt) -> tuple[Commit, ...]:
    return (*attempt.before, attempt.commit)


def _made_by(attempt: Attempt, hunk: Hunk) -> list[Commit]:
    """The commits that made a change: the nearest where none stands in it, as among lines that are alike."""
    commits = _commits(attempt)
    apart = [
        min(
            (_apart(hunk, *_stood(edit, commits[:number])) for edit in commit.edits if edit.path == hunk.path),
            default=math.inf,
        )
        for number, commit in enumerate(commits)
    ]
    return [commit for commit, distance in zip(commits, apart, strict=True) if distance == min(apart)]


def _apart(hunk: Hunk, start: int, end: int) -> float:
    """How far a change and a span of the same text are apart; 0 where they share something."""
    beside = start < end and hunk.start < hunk.end  # what only touches shares nothing, but what is put in between does
    return max(0, start - hunk.end + beside, hunk.start - end + beside)


def _stood(edit: Edit, commits: Sequence[Commit]) -> tuple[int, int]:
    """Where what an edit replaces stood before some commits were made, in their order."""
    start, end = edit.start, edit.end
    for commit in reversed(commits):
        edits = [other for other in commit.edits if other.path == edit.path]
        start, end = _before(start, edits), _before(end, edits)
    return start, end


def _before(offset: int, edits: Sequence[Edit]) -> int:
    """Where an offset into a text stood before these edits gave it; inside what is new, where that was put."""
    grown = 0
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end)):
        start = edit.start + grown
        if offset < start:
            break
        if offset < start + len(edit.text):
            return edit.start
        grown += len(edit.text) - (edit.end - edit.start)
    return offset - grown


def _refused(z: Reasoning, digest: str) -> Reasoning:
    """Z without the survivors that give this y: they are ruled out."""
    refused = [attempt for attempt in z.survivors if attempt.key == digest]
    rest = tuple(attempt for attempt in z.survivors if attempt.key != digest)
    out = (f"y {digest}", *(key(attempt.parent, attempt.commit.edits) for attempt in refused))
    return z.model_copy(update={"survivors": rest, "ruled_out": (*z.ruled_out, *out)[-RULED_OUT_KEPT:]})


def likeliest_first(attempts: Sequence[Attempt]) -> tuple[Attempt, ...]:
    unique = {attempt.key: attempt for attempt in attempts}
    return tuple(sorted(unique.values(), key=_likelihood, reverse=True)[:ATTEMPTS_KEPT])


def _likelihood(attempt: Attempt) -> tuple[tuple[int, int], float, float]:
    """Sorts survivors, the likeliest greatest: by what kind of edits they are made of, before where these are.

    Where failing and passing tests go says where to look. Once all of them
    pass, that has been explained, and says nothing for one survivor against another.
    """
    return attempt.verdict.score, math.prod(commit.prior for commit in _commits(attempt)), attempt.rank
