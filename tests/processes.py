"""Processes of test runs, as the machine sees them: they may live in namespaces where their own ids are others."""

from __future__ import annotations

import os
from pathlib import Path


def of_tests(marker: str) -> list[int]:
    """Ids of the test processes, and of what they started, whose environment holds `marker` (NAME=value).

    The test process itself is among them. Told from the engine by their HOME, which is private.
    """
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                variables = (entry / "environ").read_bytes().split(b"\0")
            except OSError:
                continue  # it is gone, or not ours
            private = any(v.startswith(b"HOME=") and v.endswith(b"/run/home") for v in variables)
            if private and marker.encode() in variables:
                found.append(int(entry.name))
    return sorted(found)
