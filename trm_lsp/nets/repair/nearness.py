"""How much nearer to passing a candidate is than the y it was tried on, test by test.

A partial fix seldom makes a test pass. It lets the test come further, or the
value it looks at come nearer to the one it wants, or the code give an answer
where it raised, or raise at a later line, or the failure become another one;
each says less than the one before.
"""

from __future__ import annotations

import ast
import difflib
import functools
import re
from typing import Any

from trm_lsp.core.verdict import TestResult, Verdict

PASSES, FURTHER, NEARER, ANSWERED, LATER, OTHERWISE = 1.0, 0.6, 0.4, 0.2, 0.1, 0.05
"""What a test tells at most when it passes, comes further, looks at a nearer value, is answered by code that raised,
meets an exception that is raised later, or fails in another way."""
_COMPARED = re.compile(r"(?:AssertionError: )?assert (.+?) (==|is|in) (.+)", re.DOTALL)
_ASSERTED = re.compile(r"assert\b|AssertionError\b|Failed: DID NOT RAISE")
_LITERAL = re.compile(r"""-?\d[\w.]*|None\b|True\b|False\b""")
_PAIRS = {"(": ")", "[": "]", "{": "}"}


def nearness(verdict: Verdict, standing: Verdict) -> float:
    """How much nearer to passing the targets are than they stood: 1 when all pass, 0 when none is nearer.

    A target that has come away from passing counts against those that are nearer.
    """
    before, now = standing.by_id, verdict.by_id
    failing = standing.failing
    if not failing or verdict.broken:
        return 0.0
    gains = [_gain(now[test], before[test]) if test in now and test in before else -1.0 for test in failing]
    return max(0.0, sum(gains) / len(gains))


def _gain(now: TestResult, before: TestResult) -> float:
    if now.passed:
        return PASSES
    if now.signature == before.signature and now.frames == before.frames:
        return 0.0
    came, stood = _line(now), _line(before)
    if came and stood and came != stood:
        return FURTHER if came > stood else -FURTHER
    closeness, was = closeness_of(now.signature), closeness_of(before.signature)
    if closeness is not None and was is not None and closeness != was:
        return NEARER * (closeness - was) / max(closeness, 1.0 - was, 1e-9)
    if now.signature == before.signature:
        return 0.0
    if not _answered(before):
        return ANSWERED if _answered(now) else LATER if _later(now, before) else OTHERWISE
    return OTHERWISE


def _answered(result: TestResult) -> bool:
    """Whether the code that was called gave an answer, and it is the test that asked for another one."""
    path = result.id.split("::")[0]
    return bool(_ASSERTED.match(result.signature)) and (not result.frames or result.frames[-1][0] == path)


def _later(now: TestResult, before: TestResult) -> bool:
    """Whether the first call that ends elsewhere than before ends at a later line of the same file."""
    for (path, line), (other_path, other_line) in zip(now.frames, before.frames, strict=False):
        if (path, line) != (other_path, other_line):
            return path == other_path and line > other_line
    return False


def _line(result: TestResult) -> int:
    """The line of the test that a failure came to; 0 when it is not known."""
    path = result.id.split("::")[0]
    return next((line for where, line in result.frames if where == path), 0)


@functools.lru_cache(maxsize=4096)
def closeness_of(signature: str) -> float | None:
    """How near the two sides of a failed comparison are, 0 to below 1; None where there are none to read."""
    match = _COMPARED.match(signature)
    if match is None:
        return None
    one, other = _literal(match[1]), _literal(match[3])
    if one is _UNKNOWN or other is _UNKNOWN:
        return None
    try:
        return min(0.999, _closeness(one, other))
    except (ValueError, RecursionError):  # an integer in hex that is too long for decimals, or lists in lists in lists
        return None


def _closeness(one: Any, other: Any) -> float:
    if isinstance(one, bool) or isinstance(other, bool) or one is None or other is None:
        return 0.9 if one == other else 0.0
    if isinstance(one, int | float | complex) and isinstance(other, int | float | complex):
        return _numbers(one, other)
    if type(one) is not type(other):
        return 0.0
    if isinstance(one, dict):
        pairs = set(map(repr, one.items())), set(map(repr, other.items()))
        return 0.1 + 0.9 * len(pairs[0] & pairs[1]) / max(1, len(pairs[0] | pairs[1]))
    if isinstance(one, set | frozenset):
        return 0.1 + 0.9 * len(one & other) / max(1, len(one | other))
    if isinstance(one, str):
        return 0.1 + 0.9 * difflib.SequenceMatcher(None, one, other, autojunk=False).ratio()
    if isinstance(one, list | tuple | bytes):
        return 0.1 + 0.9 * _sequences(list(one), list(other))
    return 0.0


def _numbers(one: complex, other: complex) -> float:
    """How near two numbers are; 0 where that is no number, or one too large for a float."""
    if one == other:
        return 1.0
    try:
        nearness = 1.0 - abs(one - other) / (abs(one) + abs(other) + 1)
    except OverflowError:
        return 0.0
    return nearness if nearness > 0.0 else 0.0  # what is not a number is not greater either


def _sequences(one: list[Any], other: list[Any]) -> float:
    """How alike two lists are: item by item where they are as long, else by what they share."""
    if not one and not other:
        return 1.0
    if len(one) == len(other):
        return sum(1.0 if a == b else 0.5 * _closeness(a, b) for a, b in zip(one, other, strict=True)) / len(one)
    matcher = difflib.SequenceMatcher(None, list(map(repr, one)), list(map(repr, other)), autojunk=False)
    return matcher.ratio()


_UNKNOWN = object()


def _literal(text: str) -> Any:
    """The literal a text begins with; what pytest explains stands behind it."""
    try:
        return ast.literal_eval(text[: _end(text)])
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return _UNKNOWN


def _end(text: str) -> int:
    """Where the literal that a text begins with ends; 0 when it begins with none."""
    opened: list[str] = []
    position = 0
    while position < len(text):
        sign = text[position]
        if sign in "\"'":
            position = _closed(text, position)
        elif sign in _PAIRS:
            opened.append(_PAIRS[sign])
            position += 1
        elif opened and sign == opened[-1]:
            opened.pop()
            position += 1
        elif opened:
            position += 1
        else:
            match = _LITERAL.match(text, position)
            return match.end() if match else 0
        if not opened:
            return position
    return 0


def _closed(text: str, start: int) -> int:
    """Where the string that begins at `start` ends."""
    position = start + 1
    while position < len(text) and text[position] != text[start]:
        position += 2 if text[position] == "\\" else 1
    return position + 1
