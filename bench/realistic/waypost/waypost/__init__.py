"""A small web framework without a server: requests go through middleware to the handler of their route."""

from waypost.app import App
from waypost.cache import Cache
from waypost.errors import BadPattern, HttpError, MethodNotAllowed, NotFound
from waypost.messages import Headers, Request, Response
from waypost.middleware import caching, cookies, limiting, recovering
from waypost.patterns import Pattern
from waypost.router import Router

__all__ = [
    "App",
    "BadPattern",
    "Cache",
    "Headers",
    "HttpError",
    "MethodNotAllowed",
    "NotFound",
    "Pattern",
    "Request",
    "Response",
    "Router",
    "caching",
    "cookies",
    "limiting",
    "recovering",
]
