"""What a run learns from its own steps: kinds of edits that helped are tried earlier."""

from __future__ import annotations

from trm_lsp.core.ports import X
from trm_lsp.core.state import Candidate, Reasoning
from trm_lsp.core.verdict import Verdict

HELPED, FAILED = 1.25, 0.8
"""Factors on the weight of a family whose commit brought a target to pass, or did not."""
LOWEST, HIGHEST = 0.25, 4.0


def learn(x: X, y: Candidate, z: Reasoning, verdict: Verdict) -> Reasoning:
    """Z with new weights for the families y is made of, once for each verdict. A y without commits teaches nothing."""
    factor = HELPED if verdict.score > x.baseline.score else FAILED
    families = dict(z.families)
    for family in dict.fromkeys(commit.family for commit in y.commits):
        families[family] = min(HIGHEST, max(LOWEST, families.get(family, 1.0) * factor))
    return z.model_copy(update={"families": families})
