"""The door: what the editor can ask for, and where it is answered.

Up to the initialize response this imports no pydantic, no engine, no store;
`session.py`, which needs them, is imported at the first command.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.lsp.server import LanguageServer

from trm_lsp import __version__
from trm_lsp.editor import actions, commands, parent, state, to_lsp
from trm_lsp.editor import lines as counting
from trm_lsp.editor.client import WARNING, Client
from trm_lsp.editor.protocol import Document, TrmProtocol
from trm_lsp.editor.refused import Refused
from trm_lsp.editor.roots import Root, locate, roots
from trm_lsp.editor.stdio import serve
from trm_lsp.editor.targets import Outlines
from trm_lsp.editor.warming import warm_up

if TYPE_CHECKING:  # see above
    from trm_lsp.editor.session import Session

log = logging.getLogger(__name__)


class TrmServer(LanguageServer):
    """The server's state; `engine_command` is the program that runs the loop."""

    protocol: TrmProtocol

    def __init__(self, engine_command: Sequence[str] = ()) -> None:
        super().__init__("trm-lsp", __version__, protocol_cls=TrmProtocol)
        self.client = Client(self.protocol)
        self.outlines = Outlines()
        self.engine_command = tuple(engine_command)
        self.settings: Any = None
        """What the client pushed, for when it cannot be asked."""
        self.session: Session | None = None
        self.stop: Callable[[], object] = lambda: None
        self._background: set[asyncio.Task[None]] = set()
        _register(self)

    def open_session(self) -> Session:
        """The session, made at the first request."""
        if self.session is None:
            from trm_lsp.editor.session import Session

            self.session = Session(
                self.client,
                self.workspace,
                self.outlines,
                engine_command=self.engine_command,
                settings=self.settings,
            )
        return self.session

    def document(self, uri: str) -> tuple[Root, str, Document] | None:
        """An open document with its place in the workspace; None when it is not open, or outside."""
        document = self.workspace.get_text_document(uri)
        if not isinstance(document, Document) or document.version is None:
            return None
        try:
            root, path = locate(uri, roots(self.workspace))
        except Refused:
            return None
        return root, path, document

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine beside the others."""
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    def report_server_error(self, error: Exception, source: Any) -> None:
        """Tell the user; only the log when the connection is closed, where telling would be the next error."""
        log.error("%s: %s", getattr(source, "__name__", source), error)
        if not self.client.closed:
            super().report_server_error(error, source)

    async def close(self) -> None:
        """End the runs and the engines; nothing is said any more."""
        self.client.close()
        if self.session:
            await self.session.close()


def initialize(ls: TrmServer, params: types.InitializeParams) -> None:
    ls.protocol.keep_buffers()
    ls.settings = params.initialization_options
    parent.when_it_ends(params.process_id, ls.stop)


def initialized(ls: TrmServer, _params: types.InitializedParams) -> None:
    for root in roots(ls.workspace):
        ls.client.state(state.parameters(root, state.State.IDLE))
    if ls.client.can("workspace.did_change_configuration.dynamic_registration"):
        ls.spawn(_register_configuration(ls))
    # Not awaited: pygls logs a traceback for a handler that is cancelled when the server ends.
    ls.spawn(warm_up(ls.protocol._converter))


async def _register_configuration(ls: TrmServer) -> None:
    """Some clients tell of changed settings only when asked to."""
    registration = types.Registration(id="trm-settings", method=types.WORKSPACE_DID_CHANGE_CONFIGURATION)
    try:
        await ls.client.ask(
            types.CLIENT_REGISTER_CAPABILITY, types.RegistrationParams(registrations=[registration]), seconds=60
        )
    except Refused as refused:
        log.info("%s", refused)


def shutdown(ls: TrmServer, _params: None) -> None:
    ls.protocol.cancel_requests()


def did_change_configuration(ls: TrmServer, params: types.DidChangeConfigurationParams) -> None:
    if params.settings is not None:
        ls.settings = params.settings
    if ls.session:
        ls.session.configuration.push(ls.settings)


def did_close(ls: TrmServer, params: types.DidCloseTextDocumentParams) -> None:
    ls.outlines.forget(params.text_document.uri)


async def did_change_workspace_folders(ls: TrmServer, params: types.DidChangeWorkspaceFoldersParams) -> None:
    if ls.session:
        for folder in params.event.removed:
            await ls.session.close_folder(folder.uri)


def code_action(ls: TrmServer, params: types.CodeActionParams) -> list[types.CodeAction | types.Command] | None:
    found = ls.document(params.text_document.uri)
    if found is None:
        return None
    root, path, document = found
    outline = ls.outlines.of(document.uri, document.source)
    offered = actions.code_actions(params, root, path, outline, ls.session)
    can = ls.client.can
    return actions.for_client(
        offered,
        literals=can("text_document.code_action.code_action_literal_support"),
        disabled=can("text_document.code_action.disabled_support"),
        preferred=can("text_document.code_action.is_preferred_support"),
    )


def hover(ls: TrmServer, params: types.HoverParams) -> types.Hover | None:
    found = ls.document(params.text_document.uri) if ls.session else None
    if found is None or ls.session is None:
        return None
    from trm_lsp.editor.hover import explain

    root, path, document = found
    explanation = explain(ls.session, root, path, params.position.line)
    if explanation is None:
        return None
    lines = counting.split(document.source)
    first, last = (
        to_lsp.range_of_line(lines, line, ls.client.encoding)
        for line in (explanation.first_line, explanation.last_line)
    )
    at = types.Range(start=first.start, end=last.end)
    return to_lsp.hover(explanation.markdown, at, markdown=ls.client.takes_markdown)


def cancel_progress(ls: TrmServer, params: types.WorkDoneProgressCancelParams) -> None:
    if ls.session:
        ls.session.cancel_progress(params.token)


# Commands: pygls wants `*args`, whatever they take (arity is exact and defaults are ignored otherwise).


def refine(ls: TrmServer, *args: Any) -> Any:
    return _answer(ls, lambda session: session.refine(args))


def cancel(ls: TrmServer, *args: Any) -> Any:
    return _answer(ls, lambda session: session.cancel(args))


def discard(ls: TrmServer, *args: Any) -> Any:
    return _answer(ls, lambda session: session.discard(args))


async def apply(ls: TrmServer, *args: Any) -> Any:
    return await _answer_later(ls, lambda session: session.apply(args))


async def statistics(ls: TrmServer, *args: Any) -> Any:
    return await _answer_later(ls, lambda session: session.statistics(args))


def _answer(ls: TrmServer, command: Callable[[Session], Any]) -> Any:
    try:
        return command(ls.open_session())
    except Refused as refused:
        return _refusal(ls, refused)


async def _answer_later(ls: TrmServer, command: Callable[[Session], Coroutine[Any, Any, Any]]) -> Any:
    try:
        return await command(ls.open_session())
    except Refused as refused:
        return _refusal(ls, refused)


def _refusal(ls: TrmServer, refused: Refused) -> dict[str, str]:
    """A sentence for the user, shown and answered."""
    ls.client.show(str(refused), WARNING)
    return {"error": str(refused)}


def _register(server: TrmServer) -> None:
    features: dict[str, Callable[..., Any]] = {
        types.INITIALIZE: initialize,
        types.INITIALIZED: initialized,
        types.SHUTDOWN: shutdown,
        types.WORKSPACE_DID_CHANGE_CONFIGURATION: did_change_configuration,
        types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS: did_change_workspace_folders,
        types.TEXT_DOCUMENT_DID_CLOSE: did_close,
        types.TEXT_DOCUMENT_HOVER: hover,
        types.WINDOW_WORK_DONE_PROGRESS_CANCEL: cancel_progress,
    }
    for method, handler in features.items():
        server.feature(method)(handler)
    server.feature(types.TEXT_DOCUMENT_CODE_ACTION, types.CodeActionOptions(code_action_kinds=actions.KINDS))(
        code_action
    )
    handlers: dict[str, Callable[..., Any]] = {
        commands.REFINE: refine,
        commands.CANCEL: cancel,
        commands.APPLY: apply,
        commands.DISCARD: discard,
        commands.STATISTICS: statistics,
    }
    for name, handler in handlers.items():
        server.command(name)(handler)


def main(engine_command: Sequence[str] = ()) -> None:
    """Speak LSP on stdin and stdout until the editor ends."""
    serve(TrmServer(engine_command))
