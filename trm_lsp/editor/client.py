"""What this client can do, and everything that is said to it unasked."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

from lsprotocol import types
from pygls.capabilities import get_capability
from pygls.exceptions import JsonRpcException

from trm_lsp.editor import state as states
from trm_lsp.editor.protocol import TrmProtocol
from trm_lsp.editor.refused import Refused

INFO, WARNING = types.MessageType.Info, types.MessageType.Warning


class Client:
    """The editor at the other end. Nothing is sent that it has not said it understands."""

    def __init__(self, protocol: TrmProtocol) -> None:
        self._protocol = protocol
        self.closed = False

    def can(self, capability: str) -> bool:
        """Whether the client declares a capability, named by its dotted path."""
        return bool(get_capability(self._protocol.client_capabilities, capability))

    @property
    def encoding(self) -> str:
        """The position encoding agreed on."""
        chosen = self._protocol.workspace.position_encoding
        return str(getattr(chosen, "value", chosen))

    @property
    def takes_state(self) -> bool:
        """Whether the client declared `experimental: {"trm": {"state": true}}`."""
        match self._protocol.client_capabilities.experimental:
            case {"trm": {"state": True}}:
                return True
        return False

    @property
    def takes_markdown(self) -> bool:
        formats = get_capability(self._protocol.client_capabilities, "text_document.hover.content_format")
        return formats is None or types.MarkupKind.Markdown in formats

    def close(self) -> None:
        """Say nothing more: the connection is about to end."""
        self.closed = True

    def show(self, message: str, kind: types.MessageType) -> None:
        self.notify(types.WINDOW_SHOW_MESSAGE, types.ShowMessageParams(type=kind, message=message))

    async def choose(self, message: str, kind: types.MessageType, *titles: str) -> str | None:
        """Show a message with buttons; the title of the one that was pressed, None when the message was closed.

        Raises Refused when the client shows no such messages.
        """
        actions = [types.MessageActionItem(title=title) for title in titles]
        params = types.ShowMessageRequestParams(type=kind, message=message, actions=actions)
        chosen: types.MessageActionItem | None = await self.ask(types.WINDOW_SHOW_MESSAGE_REQUEST, params)
        return chosen.title if chosen else None

    def state(self, state: dict[str, Any]) -> None:
        """Tell the state of a root, to a client that asked for it."""
        if self.takes_state:
            self.notify(states.METHOD, state)

    def publish(self, uri: str, diagnostics: list[types.Diagnostic]) -> None:
        self.notify(
            types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS,
            types.PublishDiagnosticsParams(uri=uri, diagnostics=diagnostics),
        )

    def notify(self, method: str, params: Any) -> None:
        if not self.closed:
            self._protocol.notify(method, params)

    async def ask(self, method: str, params: Any, *, seconds: float | None = None) -> Any:
        """Send a request and wait for its result.

        Raises Refused when the client answers with an error, or not in time.
        """
        if self.closed:
            raise Refused("The editor has closed the connection.")
        id = str(uuid.uuid4())
        answer = asyncio.wrap_future(self._protocol.send_request(method, params, msg_id=id))
        try:
            async with asyncio.timeout(seconds):
                # pygls #621: an answer to a future that was cancelled with its waiter is an error.
                return await asyncio.shield(answer)
        except TimeoutError as late:
            self._protocol.forget(id)
            raise Refused(f"The editor did not answer {method}.") from late
        except JsonRpcException as error:
            raise Refused(f"The editor answered {method} with an error: {error}.") from error


class ProgressBar:
    """One work-done progress that the server creates; silent for a client that has none.

    It does without pygls' Progress, which never frees a token (#607).
    """

    def __init__(self, client: Client, token: str, title: str) -> None:
        self._client = client
        self.token = token
        self._title = title
        self._shown = False
        self._latest = ("", 0)
        self._creating: asyncio.Task[None] | None = None

    def begin(self, message: str) -> None:
        self._latest = (message, 0)
        if self._client.can("window.work_done_progress"):
            self._creating = asyncio.create_task(self._create())

    async def _create(self) -> None:
        try:
            await self._client.ask(
                types.WINDOW_WORK_DONE_PROGRESS_CREATE, types.WorkDoneProgressCreateParams(token=self.token)
            )
        except Refused:
            return  # the client can do without, and so can we
        message, percentage = self._latest
        self._shown = True
        self._send(
            types.WorkDoneProgressBegin(title=self._title, message=message, percentage=percentage, cancellable=True)
        )

    def report(self, message: str, percentage: int) -> None:
        """Show a message; the percentage never goes back."""
        self._latest = (message, max(percentage, self._latest[1]))
        if self._shown:
            self._send(types.WorkDoneProgressReport(message=message, percentage=self._latest[1], cancellable=True))

    def end(self, message: str) -> None:
        if self._creating:
            self._creating.cancel()
        if self._shown:
            self._shown = False
            self._send(types.WorkDoneProgressEnd(message=message))

    def _send(self, value: Any) -> None:
        self._client.notify(types.PROGRESS, types.ProgressParams(token=self.token, value=value))
