"""From the best y to what the user sees: a minimal diff, a grade, and the reasons in words."""

from __future__ import annotations

from trm_lsp.core.events import Grade, Proposal
from trm_lsp.core.ports import X
from trm_lsp.core.state import Candidate, Reasoning
from trm_lsp.core.verdict import Verdict
from trm_lsp.patch.diffs import hunks, unified


def propose(x: X, y: Candidate, z: Reasoning) -> Proposal:
    """What a touched y offers: its hunks against the task's texts, never against the disk."""
    base = {path: x.texts[path] for path in y.touched}
    changed = tuple(hunk for path in y.touched for hunk in hunks(path, base[path].text, y.texts[path]))
    return Proposal(
        hunks=changed,
        diff=unified({path: text.text for path, text in base.items()}, {path: y.texts[path] for path in y.touched}),
        texts={path: y.texts[path] for path in y.touched},
        base_digests={path: text.digest for path, text in base.items()},
        versions={path: text.version for path, text in base.items()},
        passes=y.verdict.counts.passed if y.verdict and y.verdict.passed else 0,
        grade=grade(y, z),
        why=explain(x, y, z),
    )


def grade(y: Candidate, z: Reasoning) -> Grade:
    """How sure the answer is, judged by what else passed; passing is not enough to be sure."""
    if y.verdict is None or not y.verdict.passed:
        return "not confirmed"
    if any(commit.family == "special-case" for commit in y.commits):
        return "special-cases the tests"
    return "rivals" if len(z.survivors) > 1 else "unique"


def explain(x: X, y: Candidate, z: Reasoning) -> tuple[str, ...]:
    """The reasoning in sentences: what failed, what was changed and why, what else was tried, what is not known."""
    failing = x.baseline.by_id
    said = [f"{test} failed: {failing[test].signature or failing[test].outcome}" for test in x.baseline.failing[:3]]
    said += [f"Changed {commit.reason}." for commit in y.commits]
    said.append(f"{z.tried} candidates were judged, the likeliest first.")
    others = [attempt for attempt in z.survivors if attempt.key != y.digest]
    if y.verdict is not None and y.verdict.passed:
        said.append(_passing(y.verdict))
        said += [f"This passes as well: {other.commit.reason}." for other in others[:3]]
        if not others:
            said.append("No other candidate that was tried passes; what was not tried is not known.")
    elif y.verdict is not None:
        said.append(f"{len(y.verdict.failing)} of {len(y.verdict.targets)} failing tests still fail with it.")
    return tuple(said)


def _passing(verdict: Verdict) -> str:
    count = verdict.counts.passed
    return f"With it {count} test{'s' * (count != 1)} pass{'es' * (count == 1)}, and none that passed before fails."
