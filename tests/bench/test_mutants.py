"""Mutants are all there is to change in a place, one token each, and the same for the same seed."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from bench import mutants, workspaces
from bench.judging import SCREENED
from trm_lsp.patch.edits import apply

TEXT = '''"""A module."""
import os

LIMIT = 3


@staticmethod
def first(values, limit=LIMIT):
    """The first."""
    while len(values) > limit and values:
        values = values[1:]
    return values


class Box:
    size = "small"

    def grow(self):
        self.size += "r"

    async def shrink(self):
        def inner():
            return not self.size
        return inner


try:
    import fast
except ImportError:
    def fallback():
        return None
'''


def texts_of(name: str, text: str = TEXT) -> list[str]:
    """Every mutant of a place, as whole texts."""
    (within,) = (found for found in mutants.ranges(text) if found.name == name)
    return [apply(text, [edit]) for edit in mutants.mutations("a.py", text, within)]


def test_every_character_lies_in_one_range() -> None:
    found = mutants.ranges(TEXT)
    assert [r.name for r in found] == ["first", "Box.grow", "Box.shrink", "fallback", "<module>"]
    assert all(sum(offset in within for within in found) == 1 for offset in range(len(TEXT)))


def test_a_function_begins_at_its_decorator() -> None:
    assert mutants.ranges(TEXT)[0].first_line == TEXT.splitlines().index("@staticmethod") + 1


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("first", "while len(values) <= limit and values:"),
        ("first", "while len(values) > limit or values:"),
        ("first", "if len(values) > limit and values:"),
        ("first", "while len(values) > len and values:"),
        ("first", "values = values[0:]"),
        ("first", "values = values[(1 + 1):]"),
        ("first", "yield values"),
        ("Box.grow", 'self.size -= "r"'),
        ("Box.grow", 'self.size += ""'),
        ("Box.shrink", "return  self.size"),
        ("fallback", "return True"),
        ("<module>", "LIMIT = -3"),
        ("<module>", 'size = ""'),
    ],
)
def test_operators_comparisons_constants_and_names_are_changed(name: str, line: str) -> None:
    assert any(line in (found.strip() for found in text.splitlines()) for text in texts_of(name))


def test_one_token_changes_and_only_in_its_place() -> None:
    for within in mutants.ranges(TEXT):
        edits = mutants.mutations("a.py", TEXT, within)
        assert len(set(edits)) == len(edits)
        assert all(edit.start in within and TEXT[edit.start : edit.end] != edit.text for edit in edits)
        assert all(TEXT[edit.start : edit.end].strip() for edit in edits)


def test_what_does_not_compile_stays_in() -> None:
    def compiles(text: str) -> bool:
        try:
            compile(text, "a.py", "exec")
        except SyntaxError:
            return False
        return True

    assert {compiles(text) for text in texts_of("first")} == {True, False}


@pytest.mark.parametrize("text", ["def ä():\r\n    return 'ü' + 1\r\n", "def f():\r    return 'a' + 1\r"])
def test_offsets_hold_for_other_letters_and_line_ends(text: str) -> None:
    assert text.replace("+", "-") in texts_of(mutants.ranges(text)[0].name, text)


def test_a_draw_is_repeated_by_its_seed() -> None:
    edits = mutants.mutations("a.py", TEXT, mutants.ranges(TEXT)[0])
    draws = [mutants.draw(edits, 5, random.Random(seed)) for seed in (1, 1, 2)]
    assert draws[0] == draws[1] != draws[2]
    assert sorted(mutants.draw(edits, 10_000, random.Random(1))) == sorted(edits)


def test_functions_to_screen_are_as_long_as_the_table_says(tmp_path: Path) -> None:
    root = workspaces.screened(tmp_path)
    for lines, (module, functions, _) in SCREENED.items():
        found = mutants.ranges((root / f"{module}.py").read_text(encoding="utf-8"))[:-1]
        assert [r.name for r in found] == list(functions)
        assert {r.last_line - r.first_line + 1 for r in found} == {int(lines)}
