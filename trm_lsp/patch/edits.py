"""Edits on source ranges, and the texts they give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from trm_lsp.core.state import Edit, Variant


class Overlap(ValueError):
    """Two edits touch the same text, so their order would decide: refused, never guessed."""


def apply(text: str, edits: Sequence[Edit]) -> str:
    """`text` with the edits made; their offsets all count in `text`. Raises `Overlap`."""
    parts, position, inserted = [], 0, -1
    for edit in sorted(edits, key=lambda e: (e.start, e.end)):
        if edit.start < position or edit.start == edit.end == inserted:
            raise Overlap(f"two edits touch offset {edit.start}")
        parts += [text[position : edit.start], edit.text]
        position = edit.end
        inserted = edit.end if edit.start == edit.end else -1
    return "".join([*parts, text[position:]])


def apply_all(texts: Mapping[str, str], edits: Sequence[Edit]) -> dict[str, str]:
    """The whole texts that the edits give; every edited path must be in `texts`."""
    changed = dict(texts)
    for path in {edit.path for edit in edits}:
        changed[path] = apply(texts[path], [edit for edit in edits if edit.path == path])
    return changed


def texts_of(variant: Variant, base: Mapping[str, str]) -> dict[str, str]:
    """The whole text of each file a variant touches; `base` holds the files y has not touched."""
    texts = dict(variant.texts)
    for edit in variant.edits:
        texts.setdefault(edit.path, base[edit.path])
    return apply_all(texts, variant.edits)
