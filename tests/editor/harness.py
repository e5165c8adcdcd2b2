"""An editor for tests: a real client of a real server process, that keeps all it hears."""

from __future__ import annotations

import asyncio
import json
import os
import re
import select
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls.lsp.client import LanguageClient
from pygls.protocol import default_converter

SERVER = Path(__file__).with_name("serve_fake.py")
SECONDS = 20.0
"""How long anything may take before a test fails; nothing waits for it to pass."""

FULL: dict[str, Any] = {
    "workspace": {
        "applyEdit": True,
        "configuration": True,
        "workspaceFolders": True,
        "workspaceEdit": {"documentChanges": True, "changeAnnotationSupport": {}},
        "didChangeConfiguration": {"dynamicRegistration": True},
    },
    "textDocument": {
        "codeAction": {
            "codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["quickfix", "refactor"]}},
            "disabledSupport": True,
            "isPreferredSupport": True,
        },
        "publishDiagnostics": {"relatedInformation": True},
        "hover": {"contentFormat": ["markdown", "plaintext"]},
    },
    "window": {"workDoneProgress": True},
    "experimental": {"trm": {"state": True}},
}
BARE: dict[str, Any] = {"workspace": {"applyEdit": True}}

WIDTH = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}


def converter() -> Any:
    """Works around lsprotocol 2025.0.0, which takes any CodeAction that has a command for a Command."""
    made = default_converter()

    def structure(value: Any, _: Any) -> Any:
        return made.structure(value, types.Command if isinstance(value.get("command"), str) else types.CodeAction)

    made.register_structure_hook(types.Command | types.CodeAction, structure)
    return made


SUB = "tests/test_calc.py::test_sub"
ZERO = "tests/test_calc.py::TestMore::test_zero"


def failed(id: str, line: int, **more: Any) -> dict[str, Any]:
    """A failing test result, at a line of the test file."""
    return {
        "id": id,
        "outcome": "failed",
        "signature": "assert 4 == 2",
        "message": "assert 4 == 2\n +  where 4 = sub(3, 1)",
        "path": "tests/test_calc.py",
        "line": line,
        **more,
    }


class Editor(LanguageClient):
    """Starts a server on a folder, talks to it, and applies what it is asked to apply."""

    seconds = SECONDS

    def __init__(self, root: Path, capabilities: dict[str, Any], encodings: list[str] | None) -> None:
        super().__init__("test-editor", "1", converter_factory=converter)
        self.root = root
        self.heard: list[tuple[str, Any]] = []
        self.buffers: dict[str, str] = {}
        self.versions: dict[str, int] = {}
        self.settings: dict[str, Any] = {}
        self.refuse_edits = ""
        self.answer: Callable[[types.ShowMessageRequestParams], Any] = lambda params: params.actions[0]
        """What is pressed when the server asks: the first button."""
        self.errors = b""
        self.exited: int | None = None
        self._news = asyncio.Condition()
        self._capabilities = (
            {**capabilities, "general": {"positionEncodings": encodings}} if encodings else capabilities
        )
        self._listen()

    # What the server says

    def _listen(self) -> None:
        answers: dict[str, Callable[[Any], Any]] = {
            types.WORKSPACE_CONFIGURATION: lambda p: [self.settings.get(i.section) for i in p.items],
            types.CLIENT_REGISTER_CAPABILITY: lambda p: None,
            types.WINDOW_WORK_DONE_PROGRESS_CREATE: lambda p: None,
            types.WORKSPACE_APPLY_EDIT: self._apply,
            types.WINDOW_SHOW_MESSAGE_REQUEST: lambda p: self.answer(p),
        }
        said = [
            types.WINDOW_SHOW_MESSAGE,
            types.WINDOW_LOG_MESSAGE,
            types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS,
            types.PROGRESS,
            "trm/state",
        ]
        for method in [*answers, *said]:
            self.feature(method)(self._hearing(method, answers.get(method)))

    def _hearing(self, method: str, answer: Callable[[Any], Any] | None) -> Callable[[Any], Any]:
        async def hear(params: Any) -> Any:
            value = answer(params) if answer else None
            async with self._news:
                self.heard.append((method, params))
                self._news.notify_all()
            return await value if isinstance(value, asyncio.Future) else value

        return hear

    async def until(self, method: str, matching: Callable[[Any], bool] = lambda _: True, *, after: int = 0) -> Any:
        """The first thing of a kind that was heard (from the `after`-th thing on), or will be."""

        def found() -> Any:
            return next((p for m, p in self.heard[after:] if m == method and matching(p)), None)

        async with asyncio.timeout(self.seconds), self._news:
            await self._news.wait_for(lambda: found() is not None)
            return found()

    async def message(self, part: str, *, after: int = 0) -> types.ShowMessageParams:
        return await self.until(types.WINDOW_SHOW_MESSAGE, lambda p: part in p.message, after=after)

    async def state(self, name: str, *, after: int = 0) -> Any:
        return await self.until("trm/state", lambda p: p.state == name, after=after)

    async def published(self, path: str, count: int, *, after: int = 0) -> list[types.Diagnostic]:
        found = await self.until(
            types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS,
            lambda p: p.uri == self.uri(path) and len(p.diagnostics) == count,
            after=after,
        )
        return list(found.diagnostics)

    def all(self, method: str) -> list[Any]:
        return [params for heard, params in self.heard if heard == method]

    @property
    def messages(self) -> list[str]:
        return [params.message for params in self.all(types.WINDOW_SHOW_MESSAGE)]

    # What the editor does

    async def start(
        self, *command: str, process_id: int | None = None, folders: list[Path] | None = None, **more: Any
    ) -> Any:
        await self.start_io(*command, cwd=more.pop("cwd", None))
        assert self._server is not None and self._server.stderr is not None
        self._async_tasks.append(asyncio.create_task(self._drain(self._server.stderr)))
        folders = [self.root] if folders is None else folders
        raw = {
            "processId": process_id,
            "rootUri": None,
            "capabilities": self._capabilities,
            "workspaceFolders": [{"uri": f.as_uri(), "name": f.name} for f in folders],
            **more,
        }
        params = self.protocol._converter.structure(raw, types.InitializeParams)
        result = await self.initialize_async(params)
        chosen = result.capabilities.position_encoding
        self.encoding = str(getattr(chosen, "value", chosen))
        self.initialized(types.InitializedParams())
        return result

    async def _drain(self, stream: asyncio.StreamReader) -> None:
        while data := await stream.read(1 << 16):
            self.errors += data

    @property
    def pid(self) -> int:
        assert self._server is not None
        return self._server.pid

    def uri(self, path: str) -> str:
        return (self.root / path).as_uri()

    def open(self, path: str, text: str | None = None) -> str:
        """Open a file, with its text on disk or another; returns the text."""
        if text is None:
            text = (self.root / path).read_bytes().decode("utf-8")
        uri = self.uri(path)
        self.buffers[uri], self.versions[uri] = text, 1
        item = types.TextDocumentItem(uri=uri, language_id="python", version=1, text=text)
        self.text_document_did_open(types.DidOpenTextDocumentParams(text_document=item))
        return text

    def change(self, path: str, old: str, new: str) -> None:
        """Replace one occurrence of a text, as an incremental change."""
        uri = self.uri(path)
        text = self.buffers[uri]
        start = text.index(old)
        at = types.Range(start=self.position(text, start), end=self.position(text, start + len(old)))
        self.edit(path, at, new, text[:start] + new + text[start + len(old) :])

    def edit(self, path: str, at: types.Range, new: str, result: str) -> None:
        uri = self.uri(path)
        self.versions[uri] += 1
        self.buffers[uri] = result
        self.text_document_did_change(
            types.DidChangeTextDocumentParams(
                text_document=types.VersionedTextDocumentIdentifier(uri=uri, version=self.versions[uri]),
                content_changes=[types.TextDocumentContentChangePartial(range=at, text=new)],
            )
        )

    def close(self, path: str) -> None:
        uri = self.uri(path)
        del self.buffers[uri], self.versions[uri]
        self.text_document_did_close(
            types.DidCloseTextDocumentParams(text_document=types.TextDocumentIdentifier(uri=uri))
        )

    async def actions(
        self, path: str, line: int, last: int | None = None, *, diagnostics: Any = (), only: Any = None
    ) -> dict[str, types.CodeAction]:
        """The code actions on lines counted from 0, by title."""
        at = types.Range(
            start=types.Position(line=line, character=0), end=types.Position(line=last or line, character=0)
        )
        found = await self.text_document_code_action_async(
            types.CodeActionParams(
                text_document=types.TextDocumentIdentifier(uri=self.uri(path)),
                range=at,
                context=types.CodeActionContext(diagnostics=list(diagnostics), only=only),
            )
        )
        return {action.title: action for action in found or []}

    async def hover_text(self, path: str, line: int) -> str:
        found = await self.text_document_hover_async(
            types.HoverParams(
                text_document=types.TextDocumentIdentifier(uri=self.uri(path)),
                position=types.Position(line=line, character=0),
            )
        )
        return found.contents.value if found else ""

    async def command(self, name: str, *arguments: Any) -> Any:
        params = types.ExecuteCommandParams(command=name, arguments=list(arguments) if arguments else None)
        async with asyncio.timeout(self.seconds):
            return plain(await self.workspace_execute_command_async(params))

    async def run(self, action: types.CodeAction) -> Any:
        assert action.command is not None
        return await self.command(action.command.command, *(action.command.arguments or []))

    async def refine(self, path: str = "tests/test_calc.py", **asked: Any) -> Any:
        return await self.command("trm.refine", {"uri": self.uri(path), **asked})

    async def requests(self) -> list[Any]:
        """What the engine was asked so far."""
        return json.loads(await self.command("trm.statistics"))[:-1]

    async def task(self) -> Any:
        """The last task the engine was given."""
        return [r for r in await self.requests() if r["ask"] == "refine"][-1]["task"]

    async def leave(self) -> int:
        """Shut the server down as the protocol has it; returns its exit status."""
        async with asyncio.timeout(self.seconds):
            await self.shutdown_async(None)
            self.exit(None)
            return await self.ended()

    async def ended(self) -> int:
        assert self._server is not None
        async with asyncio.timeout(self.seconds):
            return await self._server.wait()

    # Text, counted independently of the server

    def position(self, text: str, offset: int) -> types.Position:
        before = re.split(r"\r\n|\r|\n", text[:offset])
        codec, width = WIDTH[self.encoding]
        return types.Position(line=len(before) - 1, character=len(before[-1].encode(codec)) // width)

    def offset(self, text: str, position: types.Position) -> int:
        starts = [0, *(m.end() for m in re.finditer(r"\r\n|\r|\n", text))]
        codec, width = WIDTH[self.encoding]
        line = re.split(r"\r\n|\r|\n", text[starts[position.line] :])[0]
        return starts[position.line] + len(line.encode(codec)[: position.character * width].decode(codec))

    def _apply(self, params: types.ApplyWorkspaceEditParams) -> types.ApplyWorkspaceEditResult:
        """Apply an edit as an editor does: versions checked, one undo step."""
        if self.refuse_edits:
            return types.ApplyWorkspaceEditResult(applied=False, failure_reason=self.refuse_edits)
        edits = {uri: list(changes) for uri, changes in (params.edit.changes or {}).items()}
        for change in params.edit.document_changes or []:
            document = change.text_document
            if document.version is not None and document.version != self.versions.get(document.uri):
                return types.ApplyWorkspaceEditResult(applied=False, failure_reason="stale version")
            edits[document.uri] = list(change.edits)
        for uri, changes in edits.items():
            if uri in self.buffers:
                self._apply_to_buffer(uri, changes)
            else:
                path = Path(types_path(uri))
                path.write_bytes(self._changed(path.read_bytes().decode("utf-8"), changes).encode("utf-8"))
        return types.ApplyWorkspaceEditResult(applied=True)

    def _apply_to_buffer(self, uri: str, changes: list[Any]) -> None:
        self.buffers[uri] = self._changed(self.buffers[uri], changes)
        self.versions[uri] += 1
        self.text_document_did_change(
            types.DidChangeTextDocumentParams(
                text_document=types.VersionedTextDocumentIdentifier(uri=uri, version=self.versions[uri]),
                content_changes=[types.TextDocumentContentChangeWholeDocument(text=self.buffers[uri])],
            )
        )

    def _changed(self, text: str, changes: list[Any]) -> str:
        for change in sorted(changes, key=lambda c: (c.range.start.line, c.range.start.character), reverse=True):
            start, end = self.offset(text, change.range.start), self.offset(text, change.range.end)
            text = text[:start] + change.new_text + text[end:]
        return text


def types_path(uri: str) -> str:
    from pygls.uris import to_fs_path

    return str(to_fs_path(uri))


def plain(value: Any) -> Any:
    """A result as plain values: pygls hands it over as nested named tuples."""
    if hasattr(value, "_asdict"):
        return {key: plain(member) for key, member in value._asdict().items()}
    if isinstance(value, list | tuple):
        return [plain(member) for member in value]
    return value


class Watched:
    """A process whose end can be waited for without asking again and again."""

    def __init__(self, pid: int) -> None:
        self.fd = os.pidfd_open(pid)

    def gone_within(self, seconds: float) -> bool:
        ready, _, _ = select.select([self.fd], [], [], seconds)
        return bool(ready)


PYTHON = sys.executable
