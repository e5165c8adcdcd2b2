"""An application: a router, with middleware around it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from waypost.messages import Headers, Request, Response
from waypost.middleware import Endpoint, Middleware, recovering
from waypost.router import Router


class App:
    """Answers requests. The middleware that was added first is the outermost."""

    def __init__(self, router: Router | None = None, log: Callable[[str], None] = lambda line: None) -> None:
        self.router = router if router is not None else Router()
        self._recovering = recovering(log)
        self._middleware: list[Middleware] = []
        self._endpoint: Endpoint | None = None

    def use(self, *middleware: Middleware) -> App:
        """Add middleware within what is there. Returns itself."""
        self._middleware.extend(middleware)
        self._endpoint = None
        return self

    def __call__(self, request: Request) -> Response:
        """The answer to a request; no error gets out. An answer to HEAD has the length of the body, but no body."""
        if self._endpoint is None:
            self._endpoint = self._build()
        response = self._endpoint(request)
        response.headers.setdefault("Content-Length", str(len(response.body.encode())))
        if request.method == "HEAD":
            response.body = ""
        return response

    def request(
        self, method: str, target: str, headers: Mapping[str, str] | None = None, body: str = "", client: str = ""
    ) -> Response:
        """Ask without building a request first."""
        return self(Request(method, target, Headers(headers), body, client))

    def _build(self) -> Endpoint:
        """Errors of the handlers are answers already when middleware sees them; its own errors become answers too."""
        endpoint = self._recovering(self._dispatch)
        for middleware in reversed(self._middleware):
            endpoint = middleware(endpoint)
        return self._recovering(endpoint)

    def _dispatch(self, request: Request) -> Response:
        route, values = self.router.resolve(request.method, request.path)
        return Response.of(route.handler(request, **values))
