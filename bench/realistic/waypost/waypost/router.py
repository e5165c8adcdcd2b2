"""Routers: which handler answers which path and method."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from waypost.errors import BadPattern, MethodNotAllowed, NotFound
from waypost.messages import joined
from waypost.patterns import Pattern

Handler = Callable[..., Any]


@dataclass(frozen=True)
class Route:
    """A handler, the paths and the methods that it answers."""

    pattern: Pattern
    methods: frozenset[str]
    handler: Handler
    name: str


class Router:
    """Routes; where several match, the most special one answers, then the one that was added first."""

    def __init__(self) -> None:
        self._routes: list[Route] = []
        self._by_name: dict[str, Route] = {}
        self._sorted: list[Route] | None = None

    def add(self, path: str, handler: Handler, methods: Iterable[str] = ("GET",), name: str | None = None) -> Route:
        """Let a handler answer a path. Whoever answers GET answers HEAD. Raises BadPattern if the name is taken."""
        allowed = {method.upper() for method in methods}
        if "GET" in allowed:
            allowed.add("HEAD")
        route = Route(Pattern(path), frozenset(allowed), handler, name or handler.__name__)
        if route.name in self._by_name:
            raise BadPattern(f"there is already a route {route.name!r}")
        self._by_name[route.name] = route
        self._routes.append(route)
        self._sorted = None
        return route

    def route(self, path: str, *methods: str, name: str | None = None) -> Callable[[Handler], Handler]:
        """The same as a decorator."""

        def decorate(handler: Handler) -> Handler:
            self.add(path, handler, methods or ("GET",), name)
            return handler

        return decorate

    def mount(self, prefix: str, other: Router, namespace: str = "") -> None:
        """Add the routes of another router below a prefix, their names after `namespace.`.

        Raises BadPattern, and adds none, if a name is taken.
        """
        names = {route.name: f"{namespace}.{route.name}" if namespace else route.name for route in other}
        taken = sorted(set(names.values()) & set(self._by_name))
        if taken:
            raise BadPattern(f"there are already routes {', '.join(taken)}")
        for route in other:
            self.add(joined([prefix, route.pattern.text]), route.handler, route.methods, names[route.name])

    def resolve(self, method: str, path: str) -> tuple[Route, dict[str, Any]]:
        """The route of a request and the values in its path.

        Raises NotFound if no route has the path, MethodNotAllowed with all methods if only the method is wrong.
        """
        allowed: set[str] = set()
        for route in self._in_order():
            values = route.pattern.match(path)
            if values is None:
                continue
            if method.upper() in route.methods:
                return route, values
            allowed |= route.methods
        if allowed:
            raise MethodNotAllowed(allowed)
        raise NotFound(path)

    def url_for(self, name: str, **values: Any) -> str:
        """The path of a route. Raises BadPattern if there is none of that name."""
        if name not in self._by_name:
            raise BadPattern(f"there is no route {name!r}")
        return self._by_name[name].pattern.build(**values)

    def __iter__(self) -> Iterator[Route]:
        return iter(list(self._routes))

    def __len__(self) -> int:
        return len(self._routes)

    def _in_order(self) -> list[Route]:
        if self._sorted is None:
            self._sorted = sorted(self._routes, key=lambda route: route.pattern.weights, reverse=True)
        return self._sorted
