"""The engine ends, is broken or talks nonsense: one sentence, and the next request starts anew."""

from __future__ import annotations

import pytest
from editor.harness import PYTHON, SUB, Editor
from lsprotocol import types

from trm_lsp.engine.wire import PROTOCOL


@pytest.mark.parametrize(
    ("scenario", "sentence"),
    [
        ({"then": "die"}, "The engine ended with status 3 (out of cheese): the next request starts a new one."),
        ({"then": "garbage"}, "The engine said something this server does not understand, and was ended."),
        ({"error": "pytest is not installed in python3."}, "pytest is not installed in python3."),
    ],
)
async def test_one_sentence_and_a_new_start(editor: Editor, scene, scenario, sentence: str) -> None:
    scene.play(**scenario)
    job = (await editor.refine(tests=[SUB]))["job"]
    state = await editor.state("failed")
    assert (state.job, state.text, state.tooltip) == (job, "TRM failed", sentence)
    assert (await editor.message(sentence)).type is types.MessageType.Warning
    scene.play()
    await editor.refine(tests=[SUB])
    await editor.state("ready")


async def test_another_protocol_is_refused(editor: Editor, scene) -> None:
    scene.play(protocol=99)
    await editor.refine(tests=[SUB])
    await editor.message(f"The engine speaks protocol 99 and this server {PROTOCOL}: install one version.")
    scene.play()
    after = len(editor.heard)
    await editor.refine(tests=[SUB])
    await editor.state("ready", after=after)


async def test_an_engine_that_cannot_start(scene) -> None:
    editor = Editor(scene.root, {"experimental": {"trm": {"state": True}}}, None)
    program = "from trm_lsp.editor.server import main; main(['/nowhere/python'])"
    await editor.start(PYTHON, "-c", program)
    await editor.refine(tests=[SUB])
    await editor.message("The engine did not start ([Errno 2] No such file or directory: '/nowhere/python').")
    await editor.state("failed")
    error = (await editor.command("trm.statistics"))["error"]
    assert error.startswith("The engine did not start")
    assert await editor.leave() == 0
    await editor.stop()


async def test_what_the_engine_prints_is_in_the_servers_log(editor: Editor, scene) -> None:
    scene.play(then="die")
    await editor.refine(tests=[SUB])
    await editor.state("failed")
    await editor.leave()
    await editor.stop()
    assert b"engine: out of cheese" in editor.errors


async def test_a_decision_that_cannot_be_remembered_undoes_nothing(editor: Editor, scene) -> None:
    job = (await editor.refine(tests=[SUB]))["job"]
    await editor.state("ready")
    scene.play(then="die")
    await editor.refine(tests=["tests/test_calc.py"])
    await editor.state("failed")
    scene.play(protocol=99)  # and no new engine either
    assert (await editor.command("trm.apply", {"job": job}))["applied"]
    await editor.message("The decision could not be remembered:")
    assert "a - b" in editor.buffers[editor.uri("calc.py")]
