"""Trees of values: dicts within dicts, addressed by names with dots."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

from layers.errors import Missing

Tree = dict[str, Any]
SEPARATOR = "."
_ABSENT = object()


def merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> Tree:
    """A new tree with the values of both, those of `above` where both have one.

    Trees are merged; lists and other values replace each other. Neither argument is changed or shared.

    >>> merge({"a": {"b": 1, "c": 2}}, {"a": {"b": 3}})
    {'a': {'b': 3, 'c': 2}}
    """
    merged = copy.deepcopy(dict(below))
    for key, value in above.items():
        if isinstance(value, Mapping) and isinstance(merged.get(key), Mapping):
            merged[key] = merge(merged[key], value)
        else:
            merged[key] = copy.deepcopy(value)
    return merged


def get(tree: Mapping[str, Any], path: str, default: Any = _ABSENT) -> Any:
    """The value at a path. Raises Missing if there is none and no default."""
    found: Any = tree
    for key in path.split(SEPARATOR):
        if not isinstance(found, Mapping) or key not in found:
            if default is _ABSENT:
                raise Missing(path)
            return default
        found = found[key]
    return found


def put(tree: Tree, path: str, value: Any) -> None:
    """Set the value at a path; trees on the way are made, other values on the way are replaced."""
    *parents, last = path.split(SEPARATOR)
    for key in parents:
        below = tree.get(key)
        if not isinstance(below, dict):
            below = tree[key] = {}
        tree = below
    tree[last] = value


def drop(tree: Tree, path: str) -> None:
    """Remove the value at a path, and the trees that are empty without it. Raises Missing if there is none."""
    *parents, last = path.split(SEPARATOR)
    trail = []
    below: Any = tree
    for key in parents:
        trail.append((below, key))
        below = below.get(key) if isinstance(below, dict) else None
    if not isinstance(below, dict) or last not in below:
        raise Missing(path)
    del below[last]
    for parent, key in reversed(trail):
        if parent[key]:
            break
        del parent[key]


def leaves(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Paths and values, in the order of the tree; an empty tree is a value."""
    for key, value in tree.items():
        path = f"{prefix}{SEPARATOR}{key}" if prefix else key
        if isinstance(value, Mapping) and value:
            yield from leaves(value, path)
        else:
            yield path, value
