"""Failures with everything volatile removed, and the kind of task they amount to."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable

from trm_lsp.core.verdict import Outcome, TestResult

_VOLATILE = (
    ("Omitting", re.compile(r" ?Omitting \d+ identical items, use -vv to show"), ""),
    ("0x", re.compile(r"\b0x[0-9a-fA-F]{4,}\b"), "0x…"),
    ("-", re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"), "<uuid>"),
    (":", re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?\b"), "<time>"),
    ("s", re.compile(r"\b\d+(?:\.\d+)?\s?(?:ms|seconds|secs?|s)\b"), "<duration>"),
    ("/tmp", re.compile(r"(?<=/)tmp[a-z0-9_]{8}\b"), "tmp…"),
    ("Did you", re.compile(r"\. Did you (?:mean: '\w+'|forget to import '\w+')\?"), ""),
    ("/", re.compile(r"(?:/[^\s/:'\"]+){2,}/([^\s/:'\"]+)"), r"\1"),
)
"""What differs from run to run: a text that is in each, what it looks like, and what is put in its place."""
_EXCEPTION = re.compile(r"^(?:[A-Za-z_]\w*\.)*([A-Z]\w*)(?::|$)")
SIGNATURE_KEPT = 300


@functools.lru_cache(maxsize=4096)
def normalise(message: str) -> str:
    """One line: no addresses, uuids, times, durations, folders or suggestions; numbers and values stay."""
    line = " ".join(message.split())
    for inside, pattern, replacement in _VOLATILE:
        if inside in line:
            line = pattern.sub(replacement, line)
    return line[:SIGNATURE_KEPT]


def exception_of(signature: str) -> str:
    """The exception a failure names, `AssertionError` for a bare assert, empty when it names none."""
    if signature.startswith("assert "):
        return "AssertionError"
    match = _EXCEPTION.match(signature)
    return match[1] if match else ""


def task_type(failing: Iterable[TestResult], instruction: str = "") -> str:
    """The kind of task, as a short path; set after the baseline, from the first failure."""
    if instruction:
        return "instruct"
    for result in failing:
        if result.outcome is Outcome.TIMEOUT:
            return "fix/timeout"
        name = exception_of(result.signature)
        if name in {"ImportError", "ModuleNotFoundError"}:
            return "fix/import"
        if name == "NotImplementedError":
            return "implement"
        if name == "AssertionError" or (name == "Failed" and result.outcome is Outcome.FAILED):
            return "fix/assertion"
        if name:
            return f"fix/exception/{name}"
    return "fix"
