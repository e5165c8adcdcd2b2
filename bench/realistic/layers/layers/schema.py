"""A schema: which values there are, and what each may be."""

from __future__ import annotations

import copy
import difflib
from collections.abc import Iterator, Mapping
from typing import Any

from layers.errors import Invalid
from layers.fields import Field
from layers.tree import Tree, get, leaves, put


class Schema:
    """Fields by path."""

    def __init__(self, fields: Mapping[str, Field], *, strict: bool = True) -> None:
        self.fields = dict(fields)
        self.strict = strict
        """Whether values that have no field are a problem; if not, they are kept as they are."""

    def defaults(self) -> Tree:
        """The values of the fields that have a default."""
        tree: Tree = {}
        for path, field in self.fields.items():
            if field.default is not None:
                put(tree, path, copy.deepcopy(field.default))
        return tree

    def check(self, tree: Mapping[str, Any]) -> Tree:
        """A new tree with every value in its own type. Raises Invalid with all the problems."""
        problems: list[str] = []
        checked: Tree = {}
        for path, field in self.fields.items():
            value = get(tree, path, None)
            if value is None:
                if field.required:
                    problems.append(f"{path}: is missing")
                continue
            try:
                put(checked, path, field.convert(value))
            except ValueError as error:
                problems.append(f"{path}: {error}")
        for path, value in self._unknown(tree):
            if self.strict:
                problems.append(f"{path}: is not known{self._hint(path)}")
            else:
                put(checked, path, value)
        if problems:
            raise Invalid(problems)
        return checked

    def reference(self) -> str:
        """A line on each field, in alphabetical order."""
        lines = []
        for path, field in sorted(self.fields.items()):
            given = "required" if field.required else f"default {field.default!r}"
            about = f": {field.about}" if field.about else ""
            lines.append(f"{path} ({field.describe()}, {given}){about}")
        return "\n".join(lines)

    def _unknown(self, tree: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        for path, value in leaves(tree):
            if not any(path == known or path.startswith(known + ".") for known in self.fields) and value != {}:
                yield path, value

    def _hint(self, path: str) -> str:
        near = difflib.get_close_matches(path, self.fields, n=1)
        return f", perhaps {near[0]}" if near else ""
