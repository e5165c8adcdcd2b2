"""The bugs of this folder, as texts: for the demo, the end-to-end tests and the benchmarks."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from unidiff.patch import Hunk, PatchSet

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Bug:
    """One patch of examples/bugs: its header lines and what it changes."""

    name: str
    title: str
    failing: tuple[str, ...]
    """Ids of the tests that fail with it."""
    edits: int
    """Places to repair."""
    patch: PatchSet

    def put_into(self, texts: dict[str, str]) -> dict[str, str]:
        """The files it changes, from their sound texts by path."""
        return {file.path: _patched(texts[file.path], list(file)) for file in self.patch}

    @property
    def paths(self) -> tuple[str, ...]:
        return tuple(file.path for file in self.patch)


def read(name: str) -> Bug:
    """The bug of examples/bugs/NAME.diff."""
    text = (HERE / "bugs" / f"{name}.diff").read_text(encoding="utf-8")
    header = [line.partition(": ") for line in text.partition("--- ")[0].splitlines()]

    def values(key: str) -> tuple[str, ...]:
        return tuple(value for known, _, value in header if known == key)

    return Bug(name, values("Title")[0], values("Failing"), int(values("Edits")[0]), PatchSet(text))


def names() -> list[str]:
    return sorted(path.stem for path in (HERE / "bugs").glob("*.diff"))


def copy_billing(folder: Path) -> Path:
    """A copy of examples/billing in `folder`, without what tools left in it."""
    return Path(
        shutil.copytree(
            HERE / "billing", folder / "billing", ignore=shutil.ignore_patterns("__pycache__", ".*", "*.egg-info")
        )
    )


def _patched(text: str, hunks: list[Hunk]) -> str:
    for hunk in hunks:
        before = "".join(line.value for line in hunk if not line.is_added)
        after = "".join(line.value for line in hunk if not line.is_removed)
        if text.count(before) != 1:
            raise ValueError(f"the patch does not fit: {hunk.section_header or before.strip()}")
        text = text.replace(before, after)
    return text
