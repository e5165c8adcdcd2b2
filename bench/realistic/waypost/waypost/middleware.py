"""Middleware: functions from the next handler to another one around it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from urllib.parse import parse_qsl, urlencode

from waypost.cache import Cache, Clock
from waypost.errors import HttpError, TooMany
from waypost.messages import Request, Response

Endpoint = Callable[[Request], Response]
Middleware = Callable[[Endpoint], Endpoint]
SAFE_METHODS = ("GET", "HEAD")


def recovering(log: Callable[[str], None] = lambda line: None) -> Middleware:
    """Errors become answers; those that are not meant as answers are logged and told to nobody."""

    def around(following: Endpoint) -> Endpoint:
        def endpoint(request: Request) -> Response:
            try:
                return following(request)
            except HttpError as error:
                response = Response(str(error), error.status)
                response.headers.update(error.headers)
                return response
            except Exception as error:
                log(f"{request.method} {request.path}: {type(error).__name__}: {error}")
                return Response("internal error", 500)

        return endpoint

    return around


def limiting(clock: Clock, most: int, seconds: float) -> Middleware:
    """No more than so many requests of a client in so many seconds; refused ones do not count."""
    asked: dict[str, deque[float]] = {}

    def around(following: Endpoint) -> Endpoint:
        def endpoint(request: Request) -> Response:
            now = clock()
            times = asked.setdefault(request.client, deque())
            while times and times[0] <= now - seconds:
                times.popleft()
            if len(times) >= most:
                error = TooMany("too many requests")
                error.headers["Retry-After"] = str(int(times[0] + seconds - now) + 1)
                raise error
            times.append(now)
            return following(request)

        return endpoint

    return around


def caching(cache: Cache, vary: Iterable[str] = ()) -> Middleware:
    """Answers to safe requests are kept. Any other request to a path forgets the answers of that path.

    The order of parameters does not matter; `vary` names headers by which answers differ. Only good answers are
    kept, and none that says `Cache-Control: no-store`.
    """
    names = [name.lower() for name in vary]
    keys: dict[str, set[tuple[object, ...]]] = {}

    def key_of(request: Request) -> tuple[object, ...]:
        query = urlencode(sorted(parse_qsl(request.target.partition("?")[2], keep_blank_values=True)))
        return (request.method, request.path, query, *(request.headers.get(name) for name in names))

    def around(following: Endpoint) -> Endpoint:
        def endpoint(request: Request) -> Response:
            if request.method not in SAFE_METHODS:
                for key in keys.pop(request.path, set()):
                    cache.drop(key)
                return following(request)
            key = key_of(request)
            kept = cache.get(key)
            if kept is not None:
                response: Response = kept.copy()
                response.headers["X-Cache"] = "hit"
                return response
            response = following(request)
            if response.is_ok and "no-store" not in response.headers.tokens("Cache-Control"):
                cache.put(key, response.copy())
                keys.setdefault(request.path, set()).add(key)
            return response

        return endpoint

    return around


def cookies() -> Middleware:
    """Cookies are in `state["cookies"]`; what a handler changes there is set, or deleted, at the client."""

    def around(following: Endpoint) -> Endpoint:
        def endpoint(request: Request) -> Response:
            before = read_cookies(request.headers.get("Cookie", ""))
            request.state["cookies"] = dict(before)
            response = following(request)
            after = request.state["cookies"]
            for name in sorted(after):
                if after[name] != before.get(name):
                    response.headers.append("Set-Cookie", f"{name}={after[name]}; Path=/")
            for name in sorted(set(before) - set(after)):
                response.headers.append("Set-Cookie", f"{name}=; Path=/; Max-Age=0")
            return response

        return endpoint

    return around


def read_cookies(header: str) -> dict[str, str]:
    """The cookies of a header; the first of a name counts.

    >>> read_cookies("a=1; b=2")
    {'a': '1', 'b': '2'}
    """
    found: dict[str, str] = {}
    for part in header.split(";"):
        name, equals, value = part.partition("=")
        if equals and name.strip():
            found.setdefault(name.strip(), value.strip().strip('"'))
    return found
