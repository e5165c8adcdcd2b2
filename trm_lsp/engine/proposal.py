"""From the best y to what the user sees: a minimal diff, a grade, and the reasons in words."""

from __future__ import annotations

from trm_lsp.core.events import Proposal
from trm_lsp.core.ports import X
from trm_lsp.core.state import Candidate, Reasoning
from trm_lsp.engine.explaining import explain
from trm_lsp.engine.grading import grade
from trm_lsp.engine.question import open_question
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
        why=explain(x, y, z, question),
        question=question,
    )
