"""An exponential moving average that is right from the first sample."""

from __future__ import annotations

from typing import Self

from pydantic import Field

from trm_lsp.core.verdict import Frozen


class Ema(Frozen):
    """An average in which each new sample weighs `1 - decay` and older ones fade by `decay`.

    `stored` still holds a share of `start`, which never was a sample; with a
    decay near 1 that share is large for hundreds of samples. `value` takes it out.
    """

    decay: float = Field(gt=0, lt=1)
    start: float = 0.5
    stored: float = 0.5
    count: int = Field(0, ge=0)
    """Samples observed."""

    @classmethod
    def new(cls, decay: float, start: float = 0.5) -> Self:
        """An average of nothing yet; its value is `start` until the first sample."""
        return cls(decay=decay, start=start, stored=start)

    def observe(self, sample: float) -> Self:
        stored = self.decay * self.stored + (1 - self.decay) * sample
        return self.model_copy(update={"stored": stored, "count": self.count + 1})

    @property
    def value(self) -> float:
        """The average of the samples alone: the bias-corrected one."""
        if self.count == 0:
            return self.start
        faded = self.decay**self.count
        return (self.stored - faded * self.start) / (1 - faded)

    @property
    def effective_samples(self) -> float:
        """How many equally weighted samples tell as much; it grows to `(1 + decay) / (1 - decay)`."""
        faded = self.decay**self.count
        return (1 - faded) * (1 + self.decay) / ((1 - self.decay) * (1 + faded))
