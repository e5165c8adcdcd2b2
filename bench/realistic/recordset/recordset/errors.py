"""What can go wrong with tables and queries."""


class QueryError(ValueError):
    """A query cannot be read."""

    def __init__(self, reason: str, at: int) -> None:
        super().__init__(f"{reason} at {at}")
        self.at = at


class UnknownKey(KeyError):
    """No record has this key."""


class DuplicateKey(ValueError):
    """Another record has this key."""
