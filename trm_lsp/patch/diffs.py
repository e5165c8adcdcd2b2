"""What a change looks like: a unified diff for people, hunks for an editor."""

from __future__ import annotations

import difflib
import io
import itertools
from collections.abc import Iterator, Mapping

from unidiff.patch import PatchSet

from trm_lsp.core.events import Hunk
from trm_lsp.patch.positions import LineIndex

CONTEXT = 3


def _lines(text: str) -> list[str]:
    """Lines with their ends, split as an editor splits them (not at form feeds, as splitlines does)."""
    index = LineIndex(text)
    bounds = [*index.starts, len(text)]
    return [text[a:b] for a, b in itertools.pairwise(bounds) if a < b]


def unified(base: Mapping[str, str], texts: Mapping[str, str]) -> str:
    """A unified diff over all files that differ, with `a/` and `b/` prefixes; empty when none does."""
    return "".join(line for path in sorted(texts) for line in _file_diff(path, base[path], texts[path]))


def _file_diff(path: str, old: str, new: str) -> Iterator[str]:
    # Whoever reads a diff splits it at line feeds alone, and so does StringIO.
    before, after = list(io.StringIO(old)), list(io.StringIO(new))
    for line in difflib.unified_diff(before, after, f"a/{path}", f"b/{path}", n=CONTEXT):
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def hunks(path: str, old: str, new: str) -> Iterator[Hunk]:
    """Each run of changed lines, by code point offsets into `old`."""
    before, after = _lines(old), _lines(new)
    starts = [0]
    for line in before:
        starts.append(starts[-1] + len(line))
    for tag, i1, i2, j1, j2 in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag != "equal":
            yield Hunk(
                path=path,
                start=starts[i1],
                end=starts[i2],
                before="".join(before[i1:i2]),
                after="".join(after[j1:j2]),
                first_line=i1 + 1,
            )


def changed_lines(old: str, new: str) -> set[int]:
    """Lines of `old`, counted from 1, that `new` replaces, or stands beside what it inserts."""
    before, after = _lines(old), _lines(new)
    found: set[int] = set()
    for tag, i1, i2, _, _ in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "insert":
            found.update(range(max(1, i1), i1 + 2))
        elif tag != "equal":
            found.update(range(i1 + 1, i2 + 1))
    return found


def size(diff: str) -> str:
    """How large a diff is, in words: `1 line in 1 file`."""
    patch = PatchSet(diff)
    lines = sum(max(file.added, file.removed) for file in patch)
    files = len(patch)
    return f"{lines} line{'s' * (lines != 1)} in {files} file{'s' * (files != 1)}"
