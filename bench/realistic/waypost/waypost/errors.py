"""Errors that are answers, and errors of whoever wrote the routes."""

from __future__ import annotations

from collections.abc import Iterable


class BadPattern(ValueError):
    """A pattern of a route cannot be used."""


class HttpError(Exception):
    """An answer with a status of 400 or more."""

    status = 500

    def __init__(self, message: str = "", status: int | None = None) -> None:
        super().__init__(message)
        if status is not None:
            self.status = status
        self.headers: dict[str, str] = {}


class NotFound(HttpError):
    """There is nothing at this path."""

    status = 404


class MethodNotAllowed(HttpError):
    """There is something at this path, but not by this method."""

    status = 405

    def __init__(self, allowed: Iterable[str]) -> None:
        super().__init__("method not allowed")
        self.headers["Allow"] = ", ".join(sorted(allowed))


class TooMany(HttpError):
    """A client has asked too often."""

    status = 429
