"""Requests, responses and their headers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit


class Headers(MutableMapping[str, str]):
    """Values by name, however capitalised; a name keeps the form in which it was given last."""

    def __init__(self, values: Mapping[str, str] | None = None) -> None:
        self._values: dict[str, tuple[str, str]] = {}
        self.update(values or {})

    def __getitem__(self, name: str) -> str:
        return self._values[name.lower()][1]

    def __setitem__(self, name: str, value: str) -> None:
        self._values[name.lower()] = (name, value)

    def __delitem__(self, name: str) -> None:
        del self._values[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self._values.values())

    def __len__(self) -> int:
        return len(self._values)

    def append(self, name: str, value: str) -> None:
        """Add a value to those of a name, after a comma."""
        before = self.get(name)
        self[name] = value if before is None else f"{before}, {value}"

    def tokens(self, name: str) -> list[str]:
        """The values of a name without spaces and parameters, in lower case.

        >>> Headers({"Accept": "text/HTML;q=1, */*"}).tokens("accept")
        ['text/html', '*/*']
        """
        parts = (part.partition(";")[0].strip().lower() for part in self.get(name, "").split(","))
        return [part for part in parts if part]


@dataclass
class Request:
    """What a client asks for. `state` is where middleware leaves something for those behind it."""

    method: str
    target: str
    headers: Headers = field(default_factory=Headers)
    body: str = ""
    client: str = ""
    state: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.method = self.method.upper()
        if not isinstance(self.headers, Headers):
            self.headers = Headers(self.headers)

    @property
    def path(self) -> str:
        """The path of the target, without the query, still quoted."""
        return urlsplit(self.target).path or "/"

    @property
    def query(self) -> dict[str, list[str]]:
        """The values of each parameter, in their order; empty ones too."""
        found: dict[str, list[str]] = {}
        for name, value in parse_qsl(urlsplit(self.target).query, keep_blank_values=True):
            found.setdefault(name, []).append(value)
        return found

    def parameter(self, name: str, default: str | None = None) -> str | None:
        """The last value of a parameter."""
        values = self.query.get(name)
        return values[-1] if values else default


@dataclass
class Response:
    """What a client gets."""

    body: str = ""
    status: int = 200
    headers: Headers = field(default_factory=Headers)

    def __post_init__(self) -> None:
        if not isinstance(self.headers, Headers):
            self.headers = Headers(self.headers)

    @property
    def is_ok(self) -> bool:
        return 200 <= self.status < 300

    def copy(self) -> Response:
        return Response(self.body, self.status, Headers(self.headers))

    @classmethod
    def of(cls, result: Any) -> Response:
        """What a handler has returned as a response: one, a text, None, or body and status."""
        if isinstance(result, Response):
            return result
        if result is None:
            return cls(status=204)
        if isinstance(result, tuple):
            body, status = result
            return cls(body, status)
        return cls(str(result))


def joined(paths: Iterable[str]) -> str:
    """Pieces of a path as one, with a single slash between them and none at the end.

    >>> joined(["/a/", "b", "/"])
    '/a/b'
    """
    parts = [path.strip("/") for path in paths]
    return "/" + "/".join(part for part in parts if part)
