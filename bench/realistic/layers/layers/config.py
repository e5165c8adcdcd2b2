"""A configuration: named layers, the upper ones first, and the checked values they give together."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from layers import tree
from layers.errors import ConfigError, Missing
from layers.references import resolve
from layers.schema import Schema
from layers.tree import Tree

DEFAULTS = "defaults"


class Config:
    """Values by path. The schema's defaults are the lowest layer; what is added later is above."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self._layers: list[tuple[str, Tree]] = [(DEFAULTS, schema.defaults())]
        self._values: Tree | None = None

    def add(self, name: str, values: Mapping[str, Any]) -> Config:
        """Put a layer on top, or other values into the layer of that name, where it is. Returns itself."""
        layer = (name, tree.merge({}, values))
        for at, (known, _) in enumerate(self._layers):
            if known == name:
                self._layers[at] = layer
                break
        else:
            self._layers.append(layer)
        self._values = None
        return self

    def remove(self, name: str) -> None:
        """Take a layer away. Raises Missing if there is none, ConfigError for the defaults."""
        if name == DEFAULTS:
            raise ConfigError("the defaults cannot be removed")
        left = [layer for layer in self._layers if layer[0] != name]
        if len(left) == len(self._layers):
            raise Missing(name)
        self._layers = left
        self._values = None

    @property
    def values(self) -> Tree:
        """All values: merged, with references resolved, checked. A copy."""
        return copy.deepcopy(self._checked())

    def get(self, path: str, default: Any = None) -> Any:
        """The value at a path, or a default."""
        try:
            return self[path]
        except Missing:
            return default

    def __getitem__(self, path: str) -> Any:
        return copy.deepcopy(tree.get(self._checked(), path.lower()))

    def __contains__(self, path: str) -> bool:
        return self.get(path) is not None

    def origin(self, path: str) -> str:
        """The name of the uppermost layer that has a value at a path. Raises Missing if none has."""
        for name, values in reversed(self._layers):
            if tree.get(values, path.lower(), None) is not None:
                return name
        raise Missing(path)

    @contextmanager
    def override(self, **values: Any) -> Iterator[Config]:
        """Other values for the time of a block; two underscores stand for a dot."""
        before = list(self._layers)
        above: Tree = {}
        for name, value in values.items():
            tree.put(above, name.replace("__", "."), value)
        self._layers.append(("override", above))
        self._values = None
        try:
            yield self
        finally:
            self._layers = before
            self._values = None

    def changed(self) -> dict[str, Any]:
        """The values that a layer has given otherwise than the defaults have them, by path."""
        defaults = self.schema.defaults()
        given = ((path, value) for path, value in tree.leaves(self._checked()) if self.origin(path) != DEFAULTS)
        return {path: value for path, value in given if tree.get(defaults, path, None) != value}

    def _checked(self) -> Tree:
        if self._values is None:
            merged: Tree = {}
            for _, values in self._layers:
                merged = tree.merge(merged, values)
            self._values = self.schema.check(resolve(merged))
        return self._values
