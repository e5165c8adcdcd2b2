"""What the engine asks is asked of the user, over plain LSP, and nothing else waits for the answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from editor.harness import BARE, PYTHON, SERVER, SUB, ZERO, Editor
from editor.raw import Raw
from lsprotocol import types
from pygls.exceptions import JsonRpcMethodNotFound

from trm_lsp.core.consent import command_question, unsandboxed_question

QUESTION = command_question("/shop", "make test", why="the Makefile has a target `test`")
ASKS = {"asks": QUESTION.model_dump(), "command": "make test"}


def consents(requests: list[Any]) -> list[bool]:
    return [request["yes"] for request in requests if request["ask"] == "consent"]


class Undecided:
    """A user who has the question before them until they press a button."""

    def __init__(self) -> None:
        self._pressed: asyncio.Future[types.MessageActionItem] = asyncio.get_running_loop().create_future()

    def __call__(self, params: types.ShowMessageRequestParams) -> asyncio.Future[types.MessageActionItem]:
        return self._pressed

    def press(self, title: str) -> None:
        self._pressed.set_result(types.MessageActionItem(title=title))


async def asked(editor: Editor, after: int = 0) -> types.ShowMessageRequestParams:
    found: types.ShowMessageRequestParams = await editor.until(types.WINDOW_SHOW_MESSAGE_REQUEST, after=after)
    return found


async def test_a_question_has_two_buttons_and_the_first_one_runs_it(editor: Editor, scene) -> None:
    scene.play(**ASKS)
    await editor.refine(tests=[SUB])
    await editor.state("ready")
    (question,) = editor.all(types.WINDOW_SHOW_MESSAGE_REQUEST)
    assert question.type is types.MessageType.Info
    assert question.message == (
        'Run "make test" in /shop? It was chosen because the Makefile has a target `test`. It runs whenever you '
        "refine, and what it writes is thrown away; you are asked again when it changes."
    )
    assert [action.title for action in question.actions] == ["Run it", "Not now"]
    assert consents(await editor.requests()) == [True]
    assert not [message for message in editor.messages if "make test" in message], "it was in the question"


async def test_a_missing_sandbox_is_a_warning(editor: Editor, scene) -> None:
    scene.play(asks=unsandboxed_question("/shop", "make test", ["They can reach the network."]).model_dump())
    await editor.refine(tests=[SUB])
    question = await asked(editor)
    assert question.type is types.MessageType.Warning
    assert question.message.startswith("Run the tests of /shop without a sandbox?")
    await editor.state("ready")


def not_now(params: types.ShowMessageRequestParams) -> Any:
    assert params.actions is not None
    return params.actions[1]


def closed(params: types.ShowMessageRequestParams) -> Any:
    return None


def unknown(params: types.ShowMessageRequestParams) -> Any:
    raise JsonRpcMethodNotFound()


@pytest.mark.parametrize("answer", [not_now, closed, unknown])
async def test_anything_but_run_it_is_a_no(editor: Editor, scene, answer: Callable[[Any], Any]) -> None:
    scene.play(**ASKS)
    editor.answer = answer
    await editor.refine(tests=[SUB])
    state = await editor.state("failed")
    assert state.tooltip == "It was broken at the question."
    assert (await editor.message("It was broken")).type is types.MessageType.Warning
    assert consents(await editor.requests()) == [False]


async def test_a_client_that_declares_nothing_is_asked_too(start, scene) -> None:
    scene.play(**ASKS)
    editor = await start(BARE)
    await editor.refine(tests=[SUB])
    assert (await asked(editor)).actions is not None
    await editor.message("The run ended: ")


async def test_everything_else_is_answered_while_the_question_is_open(editor: Editor, scene) -> None:
    scene.play(**ASKS)
    user = editor.answer = Undecided()
    await editor.refine(tests=[SUB])
    await asked(editor)
    assert (await editor.until("trm/state", lambda p: "answer" in p.text)).text == "TRM waiting for your answer"
    assert "Refine with TRM: make test_sub pass" in await editor.actions("tests/test_calc.py", 4)
    assert await editor.hover_text("calc.py", 4) == ""
    assert consents(await editor.requests()) == []
    assert (await editor.refine(tests=[ZERO]))["state"] == "queued"
    user.press("Run it")
    editor.answer = not_now
    await editor.state("ready")
    await editor.state("failed")
    assert consents(await editor.requests()) == [True, False]


async def test_a_cancel_makes_the_question_moot(editor: Editor, scene) -> None:
    scene.play(**ASKS)
    user = editor.answer = Undecided()
    job = (await editor.refine(tests=[SUB]))["job"]
    await asked(editor)
    assert await editor.command("trm.cancel", {"job": job}) == {"cancelled": [job]}
    assert (await editor.state("cancelled")).tooltip == "It was cancelled at the question."
    user.press("Run it")
    scene.play()
    after = len(editor.heard)
    await editor.refine(tests=[SUB])
    await editor.state("ready", after=after)
    assert consents(await editor.requests()) == [], "an answer that comes too late is not passed on"


def test_the_server_ends_while_a_question_is_open(scene) -> None:
    scene.play(**ASKS)
    client = Raw(PYTHON, str(SERVER), str(scene.scenario), root=scene.root)
    client.initialize({})
    client.send("workspace/executeCommand", {"command": "trm.refine", "arguments": [{"uri": scene.root.as_uri()}]})
    client.until(lambda m: m.get("method") == "window/showMessageRequest")
    assert client.leave() == 0
