"""What passes: the whole suite judges it, what is not needed of it goes, and the likeliest comes first."""

from __future__ import annotations

import math
from collections.abc import Sequence

from trm_lsp.core.ports import X
from trm_lsp.core.state import ATTEMPTS_KEPT, RULED_OUT_KEPT, Attempt, Candidate, Edit, Reasoning, Variant
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
    """Try the best survivor without each of its hunks; None when it has one alone or was tried before."""
    best = z.survivors[0]
    changes = [hunk for path in sorted(best.texts) for hunk in hunks(path, best.base[path], best.texts[path])]
    if len(changes) < 2 or f"shrunk {best.key}" in z.hypotheses:
        return None
    z = z.model_copy(update={"hypotheses": (*z.hypotheses, f"shrunk {best.key}")[-ATTEMPTS_KEPT:]})
    for left_out in changes:
        rest = [hunk for hunk in changes if hunk is not left_out]
        edits = tuple(Edit(hunk.path, hunk.start, hunk.end, hunk.after) for hunk in rest)
        texts = apply_all(best.base, edits)
        (verdict,) = x.judge([Variant(texts)], Tier.CONFIRM)
        if verdict.passed:
            shown = (f"`{h.before.strip()}` → `{h.after.strip()}` at {h.path}:{h.first_line}" for h in rest)
            commit = best.commit.model_copy(update={"edits": edits, "reason": "; ".join(shown)})
            update = {"commit": commit, "parent": Candidate().digest, "texts": texts, "verdict": verdict}
            smaller = best.model_copy(update=update)
            return z.model_copy(update={"survivors": (smaller, *z.survivors[1:])}).think(
                f"The change at {left_out.path}:{left_out.first_line} is not needed: left out."
            )
    return z.think("Every part of the answer is needed: without any one of them a test fails.")


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
    priors = (commit.prior for commit in (*attempt.before, attempt.commit))
    return attempt.verdict.score, math.prod(priors), attempt.rank
