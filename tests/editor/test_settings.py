"""Settings: the editor's, then pyproject.toml, then the defaults; each problem once."""

from __future__ import annotations

from editor.harness import BARE, SUB, Editor
from lsprotocol import types


async def settings(editor: Editor) -> dict:
    """What the engine was given with the last task."""
    return [r for r in await editor.requests() if r["ask"] == "refine"][-1]["settings"]


async def ran(editor: Editor) -> dict:
    after = len(editor.heard)
    await editor.refine(tests=[SUB])
    await editor.message("The run ended", after=after)
    return await settings(editor)


async def test_the_editor_wins_over_pyproject_over_the_defaults(start, scene) -> None:
    (scene.root / "pyproject.toml").write_text('[tool.trm]\npython = "py"\n[tool.trm.loop]\nT = 5\nn = 7\n')
    editor = await start(settings={"loop": {"T": 4}, "python": None})
    found = await ran(editor)
    assert (found["loop"]["T"], found["loop"]["n"], found["loop"]["steps"], found["python"]) == (4, 7, 64, "py")
    (asked,) = editor.all(types.WORKSPACE_CONFIGURATION)[:1]
    assert [(item.section, item.scope_uri) for item in asked.items] == [("trm", scene.root.as_uri())]
    editor.settings = {"trm": {"loop": {"T": 2}}}
    assert (await ran(editor))["loop"]["T"] == 2, "they are read anew for each run"


async def test_a_bad_value_is_named_once(start, scene) -> None:
    (scene.root / "pyproject.toml").write_text("[tool.trm]\nlopp = 1\n")
    editor = await start(settings={"loop": {"T": "many"}})
    assert (await ran(editor))["loop"]["T"] == 3
    await ran(editor)
    problems = [message for message in editor.messages if "read from" in message]
    assert len(problems) == 2
    assert "trm.loop.T is 'many'" in problems[0] and "your editor's settings" in problems[0]
    assert "trm.lopp is not a setting" in problems[1] and str(scene.root / "pyproject.toml") in problems[1]


async def test_settings_that_are_pushed(start, scene) -> None:
    editor = await start(BARE, initializationOptions={"trm": {"loop": {"T": 9}}})
    assert (await ran(editor))["loop"]["T"] == 9
    editor.workspace_did_change_configuration(types.DidChangeConfigurationParams(settings={"trm": {"loop": {"T": 8}}}))
    assert (await ran(editor))["loop"]["T"] == 8


async def test_a_client_that_registers_is_asked_to(editor: Editor) -> None:
    params = await editor.until(types.CLIENT_REGISTER_CAPABILITY)
    assert [registration.method for registration in params.registrations] == ["workspace/didChangeConfiguration"]
