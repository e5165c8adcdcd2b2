"""The task's ground truth: open buffers first, then the files on disk."""

from __future__ import annotations

import io
import tokenize
from collections.abc import Iterator, Mapping
from pathlib import Path

from trm_lsp.core.state import BaseText

BOM = "\ufeff"


class UnreadableText(ValueError):
    """A file that is not text in the encoding it declares."""


def decode(path: str, data: bytes) -> BaseText:
    """The text of a source file's bytes: its byte order mark and coding line decide, UTF-8 otherwise.

    Raises UnreadableText with one sentence.
    """
    bom = data.startswith(b"\xef\xbb\xbf")
    body = data[3:] if bom else data
    try:
        encoding = tokenize.detect_encoding(io.BytesIO(body).readline)[0] if path.endswith(".py") else "utf-8"
        return BaseText(path=path, text=body.decode(encoding), encoding=encoding, bom=bom)
    except (SyntaxError, UnicodeError, LookupError) as error:
        raise UnreadableText(f"{path} cannot be read as text ({error}).") from error


class WorkspaceTexts(Mapping[str, BaseText]):
    """Every text of a workspace by relative path, read on demand and kept.

    `root` should be a snapshot (the judge's pristine copy), so that a file
    saved in the middle of a run does not change the task.
    """

    def __init__(self, root: Path, buffers: tuple[BaseText, ...] = ()) -> None:
        self._root = root
        self._texts = {buffer.path: buffer for buffer in buffers}

    def __getitem__(self, path: str) -> BaseText:
        """Raises KeyError when there is no such file, UnreadableText when it is not text."""
        if path not in self._texts:
            try:
                data = (self._root / path).read_bytes()
            except (OSError, ValueError) as error:
                raise KeyError(path) from error
            self._texts[path] = decode(path, data)
        return self._texts[path]

    def __iter__(self) -> Iterator[str]:
        on_disk = (p.relative_to(self._root).as_posix() for p in self._root.rglob("*") if p.is_file())
        return iter({*self._texts, *on_disk})

    def __len__(self) -> int:
        return sum(1 for _ in self)
