"""`python -m unittest`, which the test process runs natively."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass

_PYTHON = re.compile(r"python(\d+(\.\d+)*)?(\.exe)?")
_WITH_VALUE = frozenset({"-k", "--durations"})
_OF_DISCOVERY = {
    "-s": "start",
    "--start-directory": "start",
    "-p": "pattern",
    "--pattern": "pattern",
    "-t": "top",
    "--top-level-directory": "top",
}


@dataclass(frozen=True)
class UnittestCommand:
    """The user's command, understood."""

    python: str
    """The interpreter the command names by a path, if it does."""
    arguments: tuple[str, ...]
    """All that stands behind `-m unittest`: what `zygote/unittest_run.py` takes as `args`."""
    options: tuple[str, ...]
    """Those that say how to run, with their values."""
    names: tuple[str, ...]
    """Modules, classes and tests, by dotted name or path; empty for discovery."""
    discover: bool
    start: str = "."
    pattern: str = "test*.py"
    top: str = ""
    """The folder that imports begin at; empty: the one to start in."""


def parse(words: Sequence[str]) -> UnittestCommand | None:
    """Understand a command line's words; None when it is anything else."""
    if len(words) < 3 or not _PYTHON.fullmatch(os.path.basename(words[0])) or list(words[1:3]) != ["-m", "unittest"]:
        return None
    options: list[str] = []
    names: list[str] = []
    places: dict[str, str] = {}
    rest = iter(words[3:])
    discover = words[3:4] == ["discover"]
    if discover:
        next(rest)
    for word in rest:
        name, equals, value = word.partition("=")
        place = _OF_DISCOVERY.get(name) or (_OF_DISCOVERY.get(word[:2]) if not word.startswith("--") else None)
        if discover and place:
            joined = value if equals and name in _OF_DISCOVERY else "" if name in _OF_DISCOVERY else word[2:]
            places[place] = joined or next(rest, "")
        elif word.startswith("-"):
            options.append(word)
            if word in _WITH_VALUE:
                options += [value for value in [next(rest, None)] if value is not None]
        else:
            names.append(word)
    if discover:  # `discover tests "check_*.py" src` says the same by place
        places = {**dict(zip(("start", "pattern", "top"), names, strict=False)), **places}
        names = []
    return UnittestCommand(
        python=words[0] if os.path.dirname(words[0]) else "",
        arguments=tuple(words[3:]),
        options=tuple(options),
        names=tuple(names),
        discover=discover or not names,
        **places,
    )
