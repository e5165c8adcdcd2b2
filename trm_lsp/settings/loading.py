"""Settings from the editor, then pyproject.toml, then the defaults; every bad value is named."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from trm_lsp.settings.model import Settings

Tree = Mapping[str, Any]


class Loaded(NamedTuple):
    settings: Settings
    problems: tuple[str, ...]
    """One sentence for each value that was refused; its default is used instead."""


def pyproject_values(root: Path) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The `[tool.trm]` table of the root's pyproject.toml, and what is wrong with the file."""
    path = root / "pyproject.toml"
    try:
        tool = tomllib.loads(path.read_text(encoding="utf-8")).get("tool", {})
        table = tool.get("trm", {}) if isinstance(tool, dict) else {}
    except FileNotFoundError:
        return {}, ()
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        return {}, (f"{path} cannot be read ({error}): its [tool.trm] is left out.",)
    if not isinstance(table, dict):
        return {}, (f"tool.trm in {path} is not a table: it is left out.",)
    return table, ()


def load(*sources: tuple[str, Tree]) -> Loaded:
    """Merge `(where it was read, values)` pairs, the first source winning, and check them.

    A refused value names itself, the allowed values and its source, and falls
    back to the next source, in the end to the default.
    """
    merged: dict[str, Any] = {}
    problems: list[str] = []
    for where, values in reversed(sources):
        accepted, refused = _checked(values)
        problems[:0] = [f"{problem} (read from {where})" for problem in refused]
        merged = _merge(merged, accepted)
    return Loaded(Settings.model_validate(merged), tuple(problems))


def _checked(values: Tree) -> tuple[dict[str, Any], list[str]]:
    """`values` without what the model refuses, and a sentence for each refusal."""
    accepted, problems = _plain(values), []
    while True:
        try:
            Settings.model_validate(accepted)
        except ValidationError as refused:
            # Union and tuple errors point inside the value: the knob is the longest path that exists.
            paths = [_existing(accepted, [str(part) for part in error["loc"]]) for error in refused.errors()]
            for path, error in zip(paths, refused.errors(), strict=True):
                if _existing(accepted, path) == path:  # a knob with several errors is named once
                    problems.append(_sentence(path, error))
                    _drop(accepted, path)
        else:
            return accepted, problems


def _plain(values: Tree) -> dict[str, Any]:
    """A deep copy without nulls: an editor sends null for a setting that is not set."""
    return {
        key: _plain(value) if isinstance(value, Mapping) else value
        for key, value in values.items()
        if value is not None
    }


def _existing(tree: Tree, path: list[str]) -> list[str]:
    found: list[str] = []
    for part in path:
        if not isinstance(tree, Mapping) or part not in tree:
            break
        found.append(part)
        tree = tree[part]
    return found


def _sentence(path: list[str], error: Any) -> str:
    name = ".".join(["trm", *path])
    if error["type"] == "extra_forbidden":
        return f"{name} is not a setting: it is left out."
    allowed = str(error["msg"]).removeprefix("Input should be ")
    return f"{name} is {error['input']!r}, but should be {allowed}: the default is used."


def _drop(tree: dict[str, Any], path: list[str]) -> None:
    for part in path[:-1]:
        tree = tree[part]
    if path:
        tree.pop(path[-1], None)


def _merge(below: dict[str, Any], above: Tree) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        if isinstance(value, Mapping) and isinstance(merged.get(key), dict):
            merged[key] = _merge(merged[key], value)
        else:
            merged[key] = value
    return merged
