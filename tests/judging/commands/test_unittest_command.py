"""`python -m unittest`, as it is written."""

from __future__ import annotations

import shlex
from typing import Any

import pytest

from trm_lsp.judging.commands.unittest import UnittestCommand, parse

DISCOVER = {"discover": True}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("python -m unittest", DISCOVER),
        ("python3.12 -m unittest -v", {**DISCOVER, "options": ("-v",)}),
        ("python -m unittest -k sub tests.a a/b.py", {"options": ("-k", "sub"), "names": ("tests.a", "a/b.py")}),
        ("python -m unittest discover", DISCOVER),
        (
            "python -m unittest discover -s a/b -t a -p 'x*.py'",
            {**DISCOVER, "start": "a/b", "top": "a", "pattern": "x*.py"},
        ),
        (
            "python -m unittest discover -sa --pattern=x -f",
            {**DISCOVER, "start": "a", "pattern": "x", "options": ("-f",)},
        ),
        ("python -m unittest discover a 'x*.py' .", {**DISCOVER, "start": "a", "pattern": "x*.py", "top": "."}),
        (".venv/bin/python -m unittest a", {"python": ".venv/bin/python", "names": ("a",)}),
        ("python -m unittest discover -s", {**DISCOVER, "start": ""}),
    ],
)
def test_what_a_command_says(line: str, expected: dict[str, Any]) -> None:
    words = shlex.split(line)
    facts = {"python": "", "options": (), "names": (), "discover": False, **expected}
    assert parse(words) == UnittestCommand(arguments=tuple(words[3:]), **facts)


@pytest.mark.parametrize("line", ["", "python", "python -m pytest", "python -m", "pytest", "unittest", "python a.py"])
def test_what_is_something_else_is_left_alone(line: str) -> None:
    assert parse(shlex.split(line)) is None
