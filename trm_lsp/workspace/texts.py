"""The task's ground truth: open buffers first, then the files on disk."""

from __future__ import annotations

import io
import tokenize
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from trm_lsp.core.state import BaseText
from trm_lsp.workspace.files import files

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

    `read` gives a file's bytes as the task has them, and raises OSError;
    without it they are what lies on the disk.
    """

    def __init__(
        self, root: Path, buffers: tuple[BaseText, ...] = (), read: Callable[[str], bytes] | None = None
    ) -> None:
        self._root = root
        self._texts = {buffer.path: buffer for buffer in buffers}
        self._read = read or (lambda path: (root / path).read_bytes())

    def __getitem__(self, path: str) -> BaseText:
        """Raises KeyError when there is no such file, UnreadableText when it is not text."""
        if path not in self._texts:
            try:
                data = self._read(path)
            except (OSError, ValueError) as error:
                raise KeyError(path) from error
            self._texts[path] = decode(path, data)
        return self._texts[path]

    def __iter__(self) -> Iterator[str]:
        return iter({*self._texts, *(name for name in files(self._root) if (self._root / name).is_file())})

    def __len__(self) -> int:
        return sum(1 for _ in self)
