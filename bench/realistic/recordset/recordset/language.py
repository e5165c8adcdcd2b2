"""Conditions as text: `age >= 18 and (name ~ "ada" or not city in (Rome, "New York"))`.

`not` binds closer than `and`, which binds closer than `or`. A word that is no number and no constant is a text.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from recordset.conditions import All, Among, Compare, Condition, Contains, Not, Some
from recordset.errors import QueryError

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<sign><=|>=|!=|=|<|>|~)
      | (?P<mark>[(),])
      | (?P<text>"(?:[^"\\]|\\.)*")
      | (?P<number>-?\d+(?:\.\d+)?(?![\w.]))
      | (?P<word>[\w.-]+)
    )""",
    re.VERBOSE,
)
_CONSTANTS = {"true": True, "false": False, "none": None}
_RESERVED = {"and", "or", "not", "in"}


class Token(NamedTuple):
    """A piece of a query and where it begins."""

    kind: str
    text: str
    at: int


def tokens(text: str) -> list[Token]:
    """The pieces of a query. Raises QueryError for what is none."""
    found = []
    at = 0
    text = text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise QueryError(f"cannot read {text[at:].strip()[:1]!r}", at + len(text[at:]) - len(text[at:].lstrip()))
        kind = match.lastgroup or ""
        found.append(Token(kind, match[kind], match.start(kind)))
        at = match.end()
    return found


def parse(text: str) -> Condition:
    """Read a condition. Raises QueryError with the place of what cannot be read."""
    reader = _Reader(text)
    condition = reader.either()
    reader.end()
    return condition


class _Reader:
    """Reads from left to right, a method for each level of binding."""

    def __init__(self, text: str) -> None:
        self._tokens = tokens(text)
        self._length = len(text)
        self._next = 0

    def end(self) -> None:
        if self._next < len(self._tokens):
            raise self._unexpected()

    def either(self) -> Condition:
        parts = [self._both()]
        while self._word("or"):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else Some(tuple(parts))

    def _both(self) -> Condition:
        parts = [self._negated()]
        while self._word("and"):
            parts.append(self._negated())
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def _negated(self) -> Condition:
        if self._word("not"):
            return Not(self._negated())
        return self._single()

    def _single(self) -> Condition:
        if self._mark("("):
            condition = self.either()
            self._expect(")")
            return condition
        path = self._take("word")
        if path.text.lower() in _RESERVED:
            self._next -= 1
            raise self._unexpected()
        if self._word("not"):
            if not self._word("in"):
                raise self._unexpected()
            return Not(Among(path.text, self._list()))
        if self._word("in"):
            return Among(path.text, self._list())
        sign = self._take("sign").text
        value = self._value()
        return Contains(path.text, value) if sign == "~" else Compare(path.text, sign, value)

    def _list(self) -> tuple[Any, ...]:
        self._expect("(")
        values = [self._value()]
        while self._mark(","):
            values.append(self._value())
        self._expect(")")
        return tuple(values)

    def _value(self) -> Any:
        token = self._take("text", "number", "word")
        if token.kind == "text":
            return re.sub(r"\\(.)", r"\1", token.text[1:-1])
        if token.kind == "number":
            return float(token.text) if "." in token.text else int(token.text)
        if token.text.lower() in _RESERVED:
            self._next -= 1
            raise self._unexpected()
        return _CONSTANTS.get(token.text.lower(), token.text)

    def _peek(self) -> Token | None:
        return self._tokens[self._next] if self._next < len(self._tokens) else None

    def _word(self, word: str) -> bool:
        token = self._peek()
        if token is None or token.kind != "word" or token.text.lower() != word:
            return False
        self._next += 1
        return True

    def _mark(self, mark: str) -> bool:
        token = self._peek()
        if token is None or token.kind != "mark" or token.text != mark:
            return False
        self._next += 1
        return True

    def _expect(self, mark: str) -> None:
        if not self._mark(mark):
            raise self._unexpected()

    def _take(self, *kinds: str) -> Token:
        token = self._peek()
        if token is None or token.kind not in kinds:
            raise self._unexpected()
        self._next += 1
        return token

    def _unexpected(self) -> QueryError:
        token = self._peek()
        if token is None:
            return QueryError("the query ends too early", self._length)
        return QueryError(f"did not expect {token.text!r}", token.at)
