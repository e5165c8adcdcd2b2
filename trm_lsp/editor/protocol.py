"""pygls' protocol without what grows, breaks or miscounts in 2.1.1. The one place for such repairs.

Each repair names its upstream issue (openlawlibrary/pygls); drop it when that is fixed.
"""

from __future__ import annotations

from typing import Any

from lsprotocol import types
from pygls.protocol import LanguageServerProtocol
from pygls.workspace import TextDocument, Workspace

from trm_lsp.editor import lines as counting


class Document(TextDocument):
    """A text document whose lines end where the protocol says.

    pygls splits at form feeds and Unicode separators too, and puts a position
    past the end of the last line one character before it: the buffer would
    drift from the editor's, and the buffer is the truth.
    """

    @property
    def lines(self) -> list[str]:
        return counting.split(self.source)

    @property
    def encoding(self) -> str:
        """The position encoding agreed on with the client."""
        return str(getattr(self.position_codec.encoding, "value", self.position_codec.encoding))

    def _apply_incremental_change(self, change: types.TextDocumentContentChangePartial) -> None:
        text, lines, encoding = self.source, self.lines, self.encoding
        start, end = change.range.start, change.range.end
        before = counting.offset(lines, start.line, start.character, encoding)
        after = counting.offset(lines, end.line, end.character, encoding)
        self._source = text[:before] + change.text + text[after:]


class Buffers(Workspace):
    """pygls' workspace, holding our documents."""

    def _create_text_document(
        self, doc_uri: str, source: str | None = None, version: int | None = None, language_id: str | None = None
    ) -> Document:
        return Document(
            doc_uri,
            source=source,
            version=version,
            language_id=language_id,
            sync_kind=self._sync_kind,
            position_codec=self._position_codec,
        )


class TrmProtocol(LanguageServerProtocol):
    """The protocol of a server that runs for days."""

    def keep_buffers(self) -> None:
        """Make the workspace hold our documents; called while initialize is handled."""
        theirs = self.workspace
        self._workspace = Buffers(
            theirs.root_uri, theirs._sync_kind, list(theirs.folders.values()), theirs.position_encoding
        )

    def _execute_handler(self, msg_id: Any, handler: Any, callback: Any, args: Any = None, kwargs: Any = None) -> None:
        # #607, #608: the futures of notifications are never taken out (two for every didChange).
        super()._execute_handler(msg_id, handler, callback, args, kwargs)
        future = self._request_futures.get(msg_id)
        if future is not None:
            future.add_done_callback(lambda _: self._request_futures.pop(msg_id, None))

    def cancel_requests(self) -> None:
        """#606: cancel what is open before shutdown does, which fails when a future takes itself out."""
        current = self.msg_id
        for id, future in list(self._request_futures.items()):
            if id != current and not future.done():
                future.cancel()

    def forget(self, msg_id: str) -> None:
        """#608: a request the client will not answer any more."""
        self._request_futures.pop(msg_id, None)
        self._result_types.pop(msg_id, None)
