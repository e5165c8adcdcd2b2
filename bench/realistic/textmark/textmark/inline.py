"""Spans: code, emphasis, links and escapes within a line."""

from __future__ import annotations

import re

from textmark.nodes import Code, Emphasis, Link, Span, Text

ESCAPABLE = "\\`*_[]()#-"
_LINK = re.compile(r"\[(?P<label>[^\[\]]*)\]\((?P<target>[^()\s]*)\)")


def parse_spans(text: str) -> tuple[Span, ...]:
    """Read a line of prose.

    >>> parse_spans("a *b*")
    (Text(text='a '), Emphasis(spans=(Text(text='b'),), strong=False))
    """
    return tuple(_Reader(text).read())


class _Reader:
    """Reads spans from left to right; what opens but never closes is text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.spans: list[Span] = []
        self.pending = ""

    def read(self) -> list[Span]:
        while self.at < len(self.text):
            if not (self._escape() or self._code() or self._emphasis() or self._link()):
                self.pending += self.text[self.at]
                self.at += 1
        self._flush()
        return self.spans

    def _flush(self) -> None:
        if self.pending:
            self.spans.append(Text(self.pending))
            self.pending = ""

    def _emit(self, span: Span, end: int) -> bool:
        self._flush()
        self.spans.append(span)
        self.at = end
        return True

    def _escape(self) -> bool:
        if self.text[self.at] != "\\" or self.text[self.at + 1 : self.at + 2] not in tuple(ESCAPABLE):
            return False
        self.pending += self.text[self.at + 1]
        self.at += 2
        return True

    def _code(self) -> bool:
        if self.text[self.at] != "`":
            return False
        end = self.text.find("`", self.at + 1)
        if end == -1:
            return False
        return self._emit(Code(self.text[self.at + 1 : end]), end + 1)

    def _emphasis(self) -> bool:
        sign = self.text[self.at]
        if sign not in "*_":
            return False
        if sign == "_" and self.at > 0 and self.text[self.at - 1].isalnum():
            return False
        for mark in (sign * 2, sign):
            if not self.text.startswith(mark, self.at):
                continue
            start = self.at + len(mark)
            end = self._closing(mark, start)
            if end > start and not self.text[start].isspace():
                inner = parse_spans(self.text[start:end])
                return self._emit(Emphasis(inner, strong=len(mark) == 2), end + len(mark))
        return False

    def _closing(self, mark: str, start: int) -> int:
        """Where the mark stands again, outside of code and of escapes; -1 if nowhere."""
        at = start
        while at < len(self.text):
            if self.text[at] == "\\":
                at += 2
            elif self.text[at] == "`" and self.text.find("`", at + 1) != -1:
                at = self.text.find("`", at + 1) + 1
            elif len(mark) == 1 and self.text.startswith(mark * 2, at):
                at += 2
            elif self.text.startswith(mark, at) and not self.text[at - 1].isspace():
                return at
            else:
                at += 1
        return -1

    def _link(self) -> bool:
        match = _LINK.match(self.text, self.at)
        if match is None:
            return False
        target = match["target"]
        return self._emit(Link(parse_spans(match["label"] or target), target), match.end())
