"""`trm/state`: what a root is doing, for a client's status bar. Only to a client that declared it."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from trm_lsp.editor.roots import Root

METHOD = "trm/state"


class State(StrEnum):
    IDLE = "idle"
    QUEUED = "queued"
    RUNNING = "running"
    READY = "ready"
    BEST_SO_FAR = "best so far"
    FAILED = "failed"
    CANCELLED = "cancelled"


def parameters(
    root: Root,
    state: State,
    *,
    text: str = "TRM",
    tooltip: str = "",
    job: str | None = None,
    command: str = "",
    shape: tuple[int, int, int] | None = None,
) -> dict[str, Any]:
    """The notification's parameters; `shape` is (T, n, N_sup), known once a run has begun."""
    T, n, N_sup = shape or (None, None, None)
    return {
        "root": root.uri,
        "job": job,
        "state": str(state),
        "text": text,
        "tooltip": tooltip,
        "command": command,
        "T": T,
        "n": n,
        "N_sup": N_sup,
    }
