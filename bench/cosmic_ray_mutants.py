"""A program for the environment of cosmic-ray: the tool's own mutants of texts. Nothing of the project is imported.

Reads a JSON list of texts, writes for each a list of `[operator, start, end,
text]`: replace what lies between two offsets. Operators that need arguments
have no mutants without a configuration, and are left out as the tool does.
"""

import json
import sys
from collections.abc import Iterator
from typing import Any

from cosmic_ray.ast import ast_nodes, get_ast  # type: ignore[import-not-found]
from cosmic_ray.mutating import mutate_code  # type: ignore[import-not-found]
from cosmic_ray.plugins import get_operator, operator_names  # type: ignore[import-not-found]


def operators() -> dict[str, Any]:
    """By name, with the provider before it."""
    classes = {name: get_operator(name) for name in operator_names()}
    return {name: operator() for name, operator in classes.items() if not operator.arguments()}


def mutants(text: str, known: dict[str, Any]) -> Iterator[list[Any]]:
    """Every mutant of a text, operator by operator, in the order of the text."""
    nodes = list(ast_nodes(get_ast(text)))
    for name, operator in known.items():
        for occurrence in range(sum(1 for node in nodes for _ in operator.mutation_positions(node))):
            try:
                mutant = mutate_code(text, operator, occurrence)
            except Exception:  # what an operator cannot do is no mutant, in the tool's own worker either
                continue
            if mutant is not None and mutant != text:
                yield [name, *difference(text, mutant)]


def difference(old: str, new: str) -> tuple[int, int, str]:
    """The one place in which two texts differ."""
    start = alike(old, new)
    common = alike(old[start:][::-1], new[start:][::-1])
    return start, len(old) - common, new[start : len(new) - common]


def alike(one: str, other: str) -> int:
    """How long two texts are the same from their beginning on."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))


if __name__ == "__main__":
    known = operators()
    json.dump([list(mutants(text, known)) for text in json.load(sys.stdin)], sys.stdout)
