"""x's ground truth: what is in the open buffers, saved or not, and on disk where nothing is open."""

from __future__ import annotations

import io
import os
import tokenize
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from pygls.uris import to_fs_path
from pygls.workspace import TextDocument, Workspace

from trm_lsp.core.state import BaseText
from trm_lsp.editor.refused import Refused
from trm_lsp.editor.roots import Root
from trm_lsp.workspace.texts import UnreadableText, decode

MARK = "\ufeff"
_MARK_BYTES = b"\xef\xbb\xbf"
_ENCODINGS = ("utf-8", "utf-16", "cp1252", "latin-1")
"""Tried in this order on a file that declares none; the last one fits anything."""


class Text(NamedTuple):
    """The text of one file as it is now."""

    base: BaseText
    uri: str
    """As the client spells it, when the file is open."""
    open: bool = False
    shift: int = 0
    """How far offsets of `base.text` are moved in the editor's text: a byte order mark it keeps there."""
    dirty: bool = False
    """Open, and not what is on disk."""

    @property
    def shown(self) -> str:
        """The text as the editor counts positions in it."""
        return MARK * self.shift + self.base.text


def opened(workspace: Workspace, root: Root) -> list[Text]:
    """Every open document below a root."""
    return [_buffer(document, root, path) for document, path in _documents(workspace, root)]


def unsaved(texts: Iterable[Text]) -> tuple[BaseText, ...]:
    """Those that differ from the disk, for the task.

    Raises Refused when one does not fit the encoding it declares: no tests can run on it.
    """
    dirty = tuple(text.base for text in texts if text.dirty)
    for base in dirty:
        if not _fits(base.text, base.encoding):
            raise Refused(f"{base.path} is in {base.encoding}, which cannot hold all of its text: save it as UTF-8.")
    return dirty


def text_of(workspace: Workspace, root: Root, relative: str) -> Text | None:
    """The text of one file: its buffer, else the disk; None when there is neither, or it is not text."""
    for document, path in _documents(workspace, root):
        if path == relative:
            return _buffer(document, root, path)
    data = _bytes(root.file(relative))
    try:
        return None if data is None else Text(decode(relative, data), root.uri_of(relative))
    except UnreadableText:
        return None


def _documents(workspace: Workspace, root: Root) -> Iterator[tuple[TextDocument, str]]:
    for document in list(workspace.text_documents.values()):
        path = to_fs_path(document.uri)
        relative = root.relative(path) if path else None
        if relative is not None:
            yield document, relative


def _buffer(document: TextDocument, root: Root, relative: str) -> Text:
    disk = _bytes(root.file(relative))
    text = document.source.removeprefix(MARK)
    shift = len(document.source) - len(text)
    marked = bool(shift) or (disk is not None and disk.startswith(_MARK_BYTES))
    encoding = _encoding(relative, text, disk)
    base = BaseText(path=relative, text=text, version=document.version, encoding=encoding, bom=marked)
    dirty = not _fits(text, encoding) or base.data != disk
    return Text(base, document.uri, open=True, shift=shift, dirty=dirty)


def _encoding(relative: str, text: str, disk: bytes | None) -> str:
    """What a Python file declares (PEP 263), else what the bytes on disk are in, best by giving this text."""
    declared = _declared(text) if relative.endswith(".py") else "utf-8"
    if declared != "utf-8":
        return declared
    of_disk = [encoding for encoding in _ENCODINGS if _decoded(disk, encoding) is not None]
    same = [encoding for encoding in of_disk if _decoded(disk, encoding) == text]
    fitting = [encoding for encoding in of_disk if _fits(text, encoding)]
    return (same or fitting or of_disk)[0]


def _fits(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _declared(text: str) -> str:
    try:
        return tokenize.detect_encoding(io.BytesIO(text.encode("utf-8", "surrogatepass")).readline)[0]
    except SyntaxError:
        return "utf-8"  # an encoding nobody knows: Python will say so, in the tests


def _decoded(data: bytes | None, encoding: str) -> str | None:
    if encoding == "utf-16" and not (data or b"").startswith((b"\xff\xfe", b"\xfe\xff")):
        return None
    try:
        return (data or b"").removeprefix(_MARK_BYTES).decode(encoding)
    except UnicodeDecodeError:
        return None


def _bytes(file: str) -> bytes | None:
    """The bytes on disk; None when there is no such file."""
    if not os.path.isfile(file):
        return None
    try:
        with open(file, "rb") as opened_file:
            return opened_file.read()
    except OSError:
        return None
