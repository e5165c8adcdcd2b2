"""Where values come from: texts with sections, and variables of the environment."""

from __future__ import annotations

import re
from collections.abc import Mapping

from layers.errors import BadSyntax
from layers.tree import Tree, put

COMMENTS = ("#", ";")
_SECTION = re.compile(r"\[([\w.-]+)\]$")
_NAME = re.compile(r"[\w-]+(\.[\w-]+)*$")
_QUOTES = "\"'"


def from_text(text: str) -> Tree:
    r"""Read lines `name = value` below `[sections]`. Raises BadSyntax for any other line.

    A line that is indented goes on with the value of the line before. A value between quotes keeps its spaces
    and its comment signs; other comments end a value if a space is before them.

    >>> from_text("[a.b]\nc = 1  # one")
    {'a': {'b': {'c': '1'}}}
    """
    tree: Tree = {}
    section = ""
    for number, line in _joined(text):
        match = _SECTION.match(line)
        if match:
            section = match[1] + "."
            continue
        name, equals, value = line.partition("=")
        name = name.strip().lower()
        if not equals or not _NAME.match(name):
            raise BadSyntax(number, line)
        put(tree, section.lower() + name, _value(value.strip()))
    return tree


def _joined(text: str) -> list[tuple[int, str]]:
    """The lines that say something, each with its number and with the lines that go on with it."""
    joined: list[tuple[int, str]] = []
    for number, line in enumerate(text.splitlines(), 1):
        bare = line.strip()
        if not bare or bare.startswith(COMMENTS):
            continue
        if line[0].isspace() and joined:
            first, before = joined[-1]
            joined[-1] = (first, f"{before}\n{_uncommented(bare)}")
        else:
            joined.append((number, _uncommented(bare)))
    return joined


def _uncommented(line: str) -> str:
    """A line without the comment at its end."""
    quote = ""
    for at, sign in enumerate(line):
        if quote:
            quote = "" if sign == quote else quote
        elif sign in _QUOTES and line[:at].rstrip().endswith("="):
            quote = sign
        elif sign in COMMENTS and line[at - 1].isspace():
            return line[:at].rstrip()
    return line


def _value(text: str) -> str:
    if len(text) > 1 and text[0] in _QUOTES and text[0] == text[-1]:
        return text[1:-1]
    return text


def from_environment(variables: Mapping[str, str], prefix: str) -> Tree:
    """Variables that begin with a prefix and `_`; two underscores stand for a dot. Empty ones say nothing.

    >>> from_environment({"APP_DB__HOST": "x", "HOME": "/"}, "APP")
    {'db': {'host': 'x'}}
    """
    start = prefix.upper() + "_"
    tree: Tree = {}
    for name, value in sorted(variables.items()):
        if name.startswith(start) and len(name) > len(start) and value:
            put(tree, name[len(start) :].lower().replace("__", "."), value)
    return tree
