"""From the best y to what the user sees: a minimal diff, a grade, and the reasons in words."""

from __future__ import annotations

from collections.abc import Iterator

from trm_lsp.core.events import OpenQuestion, Proposal
from trm_lsp.core.ports import X
from trm_lsp.core.state import Candidate, Reasoning
from trm_lsp.core.verdict import Verdict
from trm_lsp.engine.grading import behaviours, grade
from trm_lsp.engine.question import open_question
from trm_lsp.nets.repair.doubting import counted
from trm_lsp.patch.diffs import hunks, unified


def propose(x: X, y: Candidate, z: Reasoning) -> Proposal:
    """What a touched y offers: its hunks against the task's texts, never against the disk."""
    base = {path: x.texts[path] for path in y.touched}
    changed = tuple(hunk for path in y.touched for hunk in hunks(path, base[path].text, y.texts[path]))
    passes = y.verdict is not None and y.verdict.passed
    question = open_question(x, y, z) if passes else None
    return Proposal(
        hunks=changed,
        diff=unified({path: text.text for path, text in base.items()}, {path: y.texts[path] for path in y.touched}),
        texts={path: y.texts[path] for path in y.touched},
        base_digests={path: text.digest for path, text in base.items()},
        versions={path: text.version for path, text in base.items()},
        passes=y.verdict.counts.passed if y.verdict and passes else 0,
        grade=grade(x, y, z),
        why=tuple(explain(x, y, z, question)),
        question=question,
    )


def explain(x: X, y: Candidate, z: Reasoning, question: OpenQuestion | None = None) -> Iterator[str]:
    """The reasoning in sentences: what failed, what was changed and why, what else passes, what is not known."""
    failing = x.baseline.by_id
    yield from (f"{test} failed: {failing[test].signature or failing[test].outcome}" for test in x.baseline.failing[:3])
    yield from (f"Changed {commit.reason}." for commit in y.commits)
    if y.verdict is not None and y.verdict.passed:
        yield _passing(y.verdict)
        yield from _doubts(y, z, question)
    else:
        yield f"{z.tried} candidates were judged, the likeliest first."
        if y.verdict is not None:
            yield f"{len(y.verdict.failing)} of {len(y.verdict.targets)} failing tests still fail with it."


def _passing(verdict: Verdict) -> str:
    count = verdict.counts.passed
    return f"With it {count} test{'s' * (count != 1)} pass{'es' * (count == 1)}, and none that passed before fails."


def _doubts(y: Candidate, z: Reasoning, question: OpenQuestion | None) -> Iterator[str]:
    """What else passes, how it differs, and what the answer changes beside what was asked."""
    groups = behaviours(y, z)
    attempts = {attempt.key: attempt for attempt in z.survivors}
    doubts = z.doubts
    compared = f" in {counted(doubts.inputs, 'call')} they were compared by" if doubts and doubts.inputs else ""
    passing = sum(map(len, groups))
    if len(groups) > 1:
        known = doubts is not None and doubts.inputs
        differ = f"they show {len(groups)} behaviours{compared}" if known else "whether they differ is not known"
        yield f"{passing} of {z.tried} candidates pass, and {differ}."
        if question is not None:
            yield f"{question.text} A test would decide; nothing waits for it."
        yield from (f"This passes as well: {attempts[group[0]].commit.reason}." for group in groups[1:3])
    elif passing > 1:
        yield f"{passing} of {z.tried} candidates pass, and they do the same{compared}."
    else:
        yield f"It is the only one of {z.tried} candidates that passes; what was not tried is not known."
    if doubts is None:
        return
    if y.digest in doubts.contradicts:
        yield f"But {doubts.contradicts[y.digest]}."
    if doubts.near and y.digest in doubts.moved:
        moved = doubts.moved[y.digest]
        what = f"changes the outcome of {moved}" if moved else "changes none"
        calls = counted(doubts.near, "call")
        yield (
            f"It {what} of {calls} of passing tests or like them: that tells what it may break, "
            "not whether it is complete."
        )
    yield from doubts.left_out[:2]
