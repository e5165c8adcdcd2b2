"""A command line, split where a shell would: what is not touched stays as it was written."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePath

_TOKEN = re.compile(
    r"""(?P<space>(?:[ \t]|\\\n)+)
    | (?P<operator>\#[^\n]*|\d*(?:<|>)+[&|]?\d*|&&|\|\||;;?|[|&\n()])
    | (?P<word>(?:'[^']*'|"(?:\\.|[^"\\])*"|\\.|[^\s'"\\;|&()<>])+)
    | (?P<rest>.)""",
    re.VERBOSE | re.DOTALL,
)
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")
_WRAPPERS = frozenset({"env", "exec", "time", "command", "nice", "cross-env", "npx"})
"""Words that may stand before the program they run."""


@dataclass(frozen=True)
class Word:
    """A word of a command line."""

    text: str
    """Without its quotes; variables and patterns are not expanded."""
    written: str
    start: int


@dataclass(frozen=True)
class Call:
    """One program that a command line runs, and its arguments."""

    line: str
    words: tuple[Word, ...]

    @property
    def program(self) -> str:
        """The program's name, without the folder."""
        return PurePath(self.words[0].text).name.removesuffix(".exe")

    @property
    def arguments(self) -> tuple[str, ...]:
        return tuple(word.text for word in self.words[1:])

    @property
    def alone(self) -> bool:
        """Whether the line runs nothing else."""
        return len(list(calls(self.line))) == 1

    def line_with(self, words: Iterable[Word | str]) -> str:
        """The line with other words for this program: kept ones as they were written, new ones quoted."""
        written = " ".join(word.written if isinstance(word, Word) else shlex.quote(word) for word in words)
        end = self.words[-1].start + len(self.words[-1].written)
        return self.line[: self.words[0].start] + written + self.line[end:]


def calls(line: str) -> Iterator[Call]:
    """The programs that a command line runs, in order; nothing for what a shell would not understand."""
    words: list[Word] = []
    found: list[Call] = []
    for token in _TOKEN.finditer(line):
        if token["rest"]:
            return  # a quote without its end
        if token["operator"]:
            found += _call(line, words)
            words = []
        elif token["word"]:
            words.append(Word(_unquoted(token["word"]), token["word"], token.start()))
    yield from (*found, *_call(line, words))


def _call(line: str, words: list[Word]) -> list[Call]:
    first = 0
    while first < len(words) and (words[first].text in _WRAPPERS or _ASSIGNMENT.match(words[first].written)):
        first += 1
    return [Call(line, tuple(words[first:]))] if first < len(words) else []


def _unquoted(written: str) -> str:
    try:
        return "".join(shlex.split(written))
    except ValueError:
        return written


def shell(line: str) -> list[str]:
    """The argv that runs a line as the user's shell would."""
    return ["/bin/sh", "-c", line]
