"""The whole way with what VS Code, Neovim and Emacs say they can do: lightbulb to green test, over a real process."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_lsp
from editor.harness import converter
from lsprotocol import types
from projects import CALC, RIGHT, WRONG, make
from pytest_lsp import ClientServerConfig, LanguageClient, client_capabilities
from pytest_lsp.client import register_lsp_features

SERVER = [sys.executable, "-m", "trm_lsp.app.cli", "serve"]
SECONDS = 120.0
"""How long a run may take before its test fails; nothing waits for it to pass."""


def make_client() -> LanguageClient:
    client = LanguageClient(converter_factory=converter)
    register_lsp_features(client)

    @client.feature(types.CLIENT_REGISTER_CAPABILITY)
    def _register(params: types.RegistrationParams) -> None:
        """As an editor that allows dynamic registration."""

    @client.feature(types.WINDOW_SHOW_MESSAGE_REQUEST)
    def _confirm(params: types.ShowMessageRequestParams) -> types.MessageActionItem:
        """As a user who presses the first button."""
        assert params.actions is not None
        return params.actions[0]

    return client


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make(tmp_path, CALC)


@pytest_lsp.fixture(
    params=["visual-studio-code", "neovim", "emacs"],
    config=ClientServerConfig(server_command=SERVER, client_factory=make_client),
)
async def client(request: pytest.FixtureRequest, lsp_client: LanguageClient, project: Path) -> AsyncIterator[None]:
    await lsp_client.initialize_session(
        types.InitializeParams(
            capabilities=client_capabilities(request.param),
            root_uri=project.as_uri(),
            workspace_folders=[types.WorkspaceFolder(uri=project.as_uri(), name="project")],
        )
    )
    yield
    await lsp_client.shutdown_session()


async def test_from_the_lightbulb_to_the_repair(client: LanguageClient, project: Path) -> None:
    edits: list[types.WorkspaceEdit] = []

    @client.feature(types.WORKSPACE_APPLY_EDIT)
    def _apply(params: types.ApplyWorkspaceEditParams) -> types.ApplyWorkspaceEditResult:
        edits.append(params.edit)
        return types.ApplyWorkspaceEditResult(applied=True)

    code, test = (project / name for name in CALC)
    for path in (code, test):
        item = types.TextDocumentItem(uri=path.as_uri(), language_id="python", version=1, text=path.read_text())
        client.text_document_did_open(types.DidOpenTextDocumentParams(text_document=item))

    (refine,) = await actions(client, test, line=4)
    assert refine.title == "Refine with TRM: make test_sub pass"
    await run(client, refine)
    assert (await asyncio.wait_for(end_of_run(client), SECONDS)).startswith("Passes 1 test")

    apply = next(action for action in await actions(client, code, line=1) if action.title.startswith("Apply"))
    await run(client, apply)
    (edit,) = edits
    assert repaired(edit, code.as_uri()) == RIGHT
    assert code.read_text() == WRONG


async def actions(client: LanguageClient, path: Path, line: int) -> list[types.CodeAction]:
    place = types.Position(line=line, character=4)
    found = await client.text_document_code_action_async(
        types.CodeActionParams(
            text_document=types.TextDocumentIdentifier(uri=path.as_uri()),
            range=types.Range(start=place, end=place),
            context=types.CodeActionContext(diagnostics=[]),
        )
    )
    assert found is not None
    return [action for action in found if isinstance(action, types.CodeAction)]


async def end_of_run(client: LanguageClient) -> str:
    """The sentence that says what became of the run: the only one, the test command was in the question."""
    while True:
        next_one = asyncio.ensure_future(client.wait_for_notification(types.WINDOW_SHOW_MESSAGE))
        await asyncio.sleep(0)  # it listens from now on
        if client.messages:
            next_one.cancel()
            return client.messages[0].message
        await next_one


async def run(client: LanguageClient, action: types.CodeAction) -> None:
    assert action.command is not None
    params = types.ExecuteCommandParams(command=action.command.command, arguments=action.command.arguments)
    assert "error" not in await client.workspace_execute_command_async(params)


def repaired(edit: types.WorkspaceEdit, uri: str) -> str:
    """The text that an editor would have after the edit (one line of it, all ASCII)."""
    if edit.document_changes:
        (change,) = edit.document_changes
        assert isinstance(change, types.TextDocumentEdit)
        assert change.text_document.uri == uri
        edits = [edit for edit in change.edits if isinstance(edit, types.TextEdit | types.AnnotatedTextEdit)]
    else:
        edits = list((edit.changes or {})[uri])
    lines = WRONG.splitlines(keepends=True)
    starts = [sum(map(len, lines[:i])) for i in range(len(lines) + 1)]
    text = WRONG
    for text_edit in sorted(edits, key=lambda e: e.range.start.line, reverse=True):
        start, end = (starts[p.line] + p.character for p in (text_edit.range.start, text_edit.range.end))
        text = text[:start] + text_edit.new_text + text[end:]
    return text
