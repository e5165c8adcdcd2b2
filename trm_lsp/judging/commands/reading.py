"""Files that somebody else has written: they may be missing, huge, or something else than they seem."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

LARGEST = 1 << 26
"""Bytes of a report that are read; a configuration is far smaller."""


def read(path: Path, largest: int = LARGEST) -> str:
    """The text of a regular file; empty when there is none that can be read or it is larger than `largest` bytes."""
    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode) or status.st_size > largest:
            return ""
        return path.read_bytes().decode("utf-8-sig", "replace")
    except (OSError, ValueError):
        return ""


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file; empty when there is none."""
    try:
        found = json.loads(read(path))
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def lines_of(path: Path) -> Iterator[str]:
    """The lines of a report, up to LARGEST bytes of it."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            return
        with path.open("rb") as file:
            left = LARGEST
            while left > 0 and (line := file.readline(left)):
                left -= len(line)
                yield line.decode("utf-8", "replace")
    except OSError:
        return
