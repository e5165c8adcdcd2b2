"""Pays for pygls' converter while the user has not asked for anything yet.

The code that reads and writes a kind of message is generated when the first
one comes (about 76 ms for a first hover): here it is, one kind at a time, so
that a real request need not wait for more than one of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from cattrs import Converter
from lsprotocol import types

from trm_lsp.editor import to_lsp

_URI = "file:///warm.py"
_ZERO = {"line": 0, "character": 0}
_RANGE = {"start": _ZERO, "end": _ZERO}
_DOCUMENT = {"uri": _URI}
_DIAGNOSTIC = {"range": _RANGE, "message": "", "source": to_lsp.SOURCE, "code": ""}


def _message(method: str, params: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "method": method, "params": params, **more}


def _incoming() -> Iterator[tuple[dict[str, Any], Any]]:
    change = {"range": _RANGE, "text": ""}
    opened = {"textDocument": {"uri": _URI, "languageId": "python", "version": 1, "text": ""}}
    changed = {"textDocument": {"uri": _URI, "version": 2}, "contentChanges": [change]}
    at = {"textDocument": _DOCUMENT, "position": _ZERO}
    range_ = {"textDocument": _DOCUMENT, "range": _RANGE, "context": {"diagnostics": [_DIAGNOSTIC]}}
    yield _message("textDocument/hover", at, id=0), types.HoverRequest
    yield _message("textDocument/codeAction", range_, id=0), types.CodeActionRequest
    yield _message("workspace/executeCommand", {"command": "", "arguments": [{}]}, id=0), types.ExecuteCommandRequest
    yield _message("textDocument/didOpen", opened), types.DidOpenTextDocumentNotification
    yield _message("textDocument/didChange", changed), types.DidChangeTextDocumentNotification


def _outgoing() -> Iterator[Any]:
    at = types.Range(start=types.Position(line=0, character=0), end=types.Position(line=0, character=0))
    diagnostic = to_lsp.diagnostic(at, "", "")
    action = to_lsp.action("", types.CodeActionKind.QuickFix, "", {}, diagnostics=[diagnostic])
    yield types.HoverResponse(id=0, result=to_lsp.hover("", at, markdown=True))
    yield types.CodeActionResponse(id=0, result=[action])
    yield types.ExecuteCommandResponse(id=0, result={})
    yield types.PublishDiagnosticsNotification(
        params=types.PublishDiagnosticsParams(uri=_URI, diagnostics=[diagnostic])
    )
    yield types.ShowMessageNotification(params=types.ShowMessageParams(type=types.MessageType.Info, message=""))


def _steps(converter: Converter) -> Iterator[Callable[[], object]]:
    for message, kind in _incoming():
        yield partial(converter.structure, message, kind)
    for message in _outgoing():
        yield partial(converter.unstructure, message)


async def warm_up(converter: Converter) -> None:
    """Read and write one message of each kind, letting others in between."""
    for step in _steps(converter):
        step()
        await asyncio.sleep(0)
