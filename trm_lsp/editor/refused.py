"""The one exception a user reads."""

from __future__ import annotations


class Refused(Exception):
    """A request that cannot be done; the message is one sentence for the user."""
