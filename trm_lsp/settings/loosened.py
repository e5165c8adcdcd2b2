"""What settings take away from what holds tests back: a workspace may bring them, so the user is told."""

from __future__ import annotations

from collections.abc import Iterator

from trm_lsp.settings.model import Settings

STRONGEST = {"auto", "namespaces"}
"""Levels of the sandbox that nothing is above."""


def loosened(settings: Settings) -> Iterator[str]:
    """A sentence for each setting that lets tests do more than they may by default."""
    if settings.sandbox.level not in STRONGEST:
        yield f"It is held back less than it could be: trm.sandbox.level is `{settings.sandbox.level}`."
    if settings.sandbox.network:
        yield "It may use the network: trm.sandbox.network allows it."
