"""Best so far, and whether the loop still moves."""

from __future__ import annotations

from trm_lsp.core.state import Candidate, Reasoning
from trm_lsp.core.verdict import Frozen, Verdict


class Progress(Frozen):
    """What the steps so far amount to. `after` gives the next one; nothing is changed in place."""

    best: Candidate
    patience: int = 3
    restarts_left: int = 1
    seen: tuple[str, ...] = ()
    """Digests of the candidates judged at the end of a step."""
    idle: int = 0
    """Steps in a row that repeated themselves."""
    last_signature: str = ""

    @property
    def stuck(self) -> bool:
        return self.idle >= self.patience

    def after(self, y: Candidate, z: Reasoning, verdict: Verdict) -> Progress:
        """Account for one supervision step.

        A step repeats itself when it brings no new best and either answers
        with a candidate already judged while nothing is left to try, or
        commits again and fails in the same way. A step that only ruled
        candidates out (y unchanged, more left to try) is still searching.
        """
        better = self.best.verdict is None or verdict.score > self.best.verdict.score
        seen_before = y.digest in self.seen
        repeats = z.exhausted if seen_before else verdict.signature == self.last_signature
        return self.model_copy(
            update={
                "best": y if better else self.best,
                "seen": self.seen if seen_before else (*self.seen, y.digest),
                "idle": 0 if better or not repeats else self.patience if z.exhausted else self.idle + 1,
                "last_signature": verdict.signature,
            }
        )

    def restarted(self) -> Progress:
        """After a fresh start from the best y."""
        return self.model_copy(update={"idle": 0, "restarts_left": self.restarts_left - 1})
