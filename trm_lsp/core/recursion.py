"""The recursion: T cycles of n updates of z and one of y."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from trm_lsp.core.ports import Net, X
from trm_lsp.core.state import Candidate, Reasoning


class Update(NamedTuple):
    """One call of the net: `i` counts z-updates from 1 and is 0 for the y-update."""

    cycle: int
    i: int
    y: Candidate
    z: Reasoning


def recursion(net: Net, x: X, y: Candidate, z: Reasoning, *, T: int, n: int) -> Iterator[Update]:
    """Yield after every call of the net; the last update holds the step's y and z."""
    for cycle in range(1, T + 1):
        for i in range(1, n + 1):
            z = net(x, y, z)
            yield Update(cycle, i, y, z)
        y = net(y, z)
        yield Update(cycle, 0, y, z)
