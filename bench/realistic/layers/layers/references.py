"""References: `${db.host}` in a value stands for the value of that name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from layers.errors import BadReference, Missing
from layers.tree import Tree, get

_REFERENCE = re.compile(r"\$\$|\$\{([^{}]*)\}")


def resolve(tree: Mapping[str, Any]) -> Tree:
    """The tree with every reference replaced; `$$` is a dollar sign, `${name:-other}` has a default.

    A value that is nothing but one reference takes the type of what it refers to. Raises BadReference for one that
    leads to nothing or in a circle.
    """
    return _Resolver(tree).all()


class _Resolver:
    def __init__(self, tree: Mapping[str, Any]) -> None:
        self._tree = tree
        self._done: dict[str, Any] = {}
        self._open: list[str] = []

    def all(self) -> Tree:
        return {key: self._resolved(value) for key, value in self._tree.items()}

    def _resolved(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            return {key: self._resolved(below) for key, below in value.items()}
        if isinstance(value, list):
            return [self._resolved(one) for one in value]
        if isinstance(value, str):
            return self._text(value)
        return value

    def _text(self, text: str) -> Any:
        whole = _REFERENCE.fullmatch(text)
        if whole and whole[1] is not None:
            return self._lookup(whole[1])
        return _REFERENCE.sub(lambda match: "$" if match[1] is None else str(self._lookup(match[1])), text)

    def _lookup(self, reference: str) -> Any:
        path, has_default, default = reference.partition(":-")
        path = path.strip()
        if path in self._done:
            return self._done[path]
        if path in self._open:
            raise BadReference(" -> ".join([*self._open[self._open.index(path) :], path]))
        try:
            value = get(self._tree, path)
        except Missing:
            if has_default:
                return default
            raise BadReference(f"{path} is not known") from None
        self._open.append(path)
        try:
            found = self._resolved(value)
        finally:
            self._open.pop()
        self._done[path] = found
        return found
