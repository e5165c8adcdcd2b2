"""The process as an editor meets it: bytes, imports, capabilities, arguments."""

from __future__ import annotations

import subprocess

import pytest
from editor.harness import BARE, FULL, PYTHON, SERVER, SUB, Editor
from editor.raw import Raw
from lsprotocol import types

HEAVY = ("litellm", "pydantic", "trm_lsp.core", "trm_lsp.engine", "trm_lsp.store", "trm_lsp.nets", "trm_lsp.judging")


async def test_initialize_says_what_the_server_can_do(scene) -> None:
    editor = Editor(scene.root, FULL, None)
    result = await editor.start(PYTHON, "-m", "trm_lsp.editor")
    capabilities = result.capabilities
    assert result.server_info.name == "trm-lsp"
    assert list(capabilities.execute_command_provider.commands) == [
        "trm.refine",
        "trm.cancel",
        "trm.apply",
        "trm.discard",
        "trm.statistics",
    ]
    assert list(capabilities.code_action_provider.code_action_kinds) == ["quickfix", "refactor.rewrite"]
    assert capabilities.hover_provider
    assert capabilities.text_document_sync.change is types.TextDocumentSyncKind.Incremental
    state = await editor.state("idle")
    assert (state.root, state.job, state.text) == (scene.root.as_uri(), None, "TRM")
    assert await editor.leave() == 0
    await editor.stop()


def test_stdout_holds_the_protocol_and_nothing_else(scene) -> None:
    noise = "import os, sys; from trm_lsp.editor import server; s = server.refine\n"
    noisy = f"""{noise}
def refine(ls, *args):
    print("a stray print")
    os.write(1, b"a stray write\\n")
    os.system("echo a stray child")
    return s(ls, *args)
server.refine = refine
server.main([{PYTHON!r}, {str(SERVER.with_name("fake_engine.py"))!r}, {str(scene.scenario)!r}])
"""
    client = Raw(PYTHON, "-c", noisy, root=scene.root)
    client.initialize({"experimental": {"trm": {"state": True}}})
    client.send("workspace/executeCommand", {"command": "trm.refine", "arguments": [{"uri": scene.root.as_uri()}]})
    client.until(lambda m: m.get("method") == "trm/state" and m["params"]["state"] == "ready")
    assert client.leave() == 0
    assert b"stray" not in client.bytes
    assert client._rest == b"", "every byte belongs to a message"


def test_shutdown_with_an_edit_that_is_never_answered(scene) -> None:
    """Shutdown fails over a request that is open (openlawlibrary/pygls#606)."""
    client = Raw(PYTHON, str(SERVER), str(scene.scenario), root=scene.root)
    client.initialize({"workspace": {"applyEdit": True}, "experimental": {"trm": {"state": True}}})
    client.send("workspace/executeCommand", {"command": "trm.refine", "arguments": [{"uri": scene.root.as_uri()}]})
    ready = client.until(lambda m: m.get("method") == "trm/state" and m["params"]["state"] == "ready")
    client.send("workspace/executeCommand", {"command": "trm.apply", "arguments": [{"job": ready["params"]["job"]}]})
    client.until(lambda m: m.get("method") == "workspace/applyEdit")
    assert client.leave() == 0


def test_nothing_heavy_is_imported_up_to_the_first_command(scene) -> None:
    program = f"""
import io, json, sys
from trm_lsp.editor.server import TrmServer
def heavy():
    return sorted(name for name in sys.modules if name.startswith({HEAVY!r}))
server = TrmServer()
server.protocol.set_writer(io.BytesIO())
initialize = {{"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {{"processId": None,
    "rootUri": {scene.root.as_uri()!r}, "capabilities": {{}}}}}}
server.protocol.handle_message(json.loads(json.dumps(initialize), object_hook=server.protocol.structure_message))
assert server.protocol.writer.getvalue().startswith(b"Content-Length"), server.protocol.writer.getvalue()
print(heavy())
"""
    ran = subprocess.run([PYTHON, "-c", program], capture_output=True, text=True, check=False)
    assert (ran.stdout.strip(), ran.stderr) == ("[]", "")


@pytest.mark.parametrize(
    ("command", "arguments", "part"),
    [
        ("trm.refine", [], "trm.refine cannot use uri: field required (it was given {})."),
        ("trm.refine", [None], "trm.refine cannot use uri: field required"),
        ("trm.refine", [{"uri": 3}], "trm.refine cannot use uri: input should be a valid string"),
        ("trm.refine", [{"uri": "file:///x", "tests": "a"}], "trm.refine cannot use tests: input should be a valid"),
        ("trm.refine", [{"uri": "file:///x", "tests": ["-p evil"]}], "a test id does not start with `-`"),
        ("trm.refine", [{"uri": "file:///x", "focus": {"first_line": 0, "last_line": 1}}], "focus.first_line"),
        ("trm.refine", [{"uri": "file:///x", "more": 1}], "trm.refine cannot use more: extra inputs are not permitted"),
        ("trm.refine", ["file:///x"], "trm.refine cannot use its argument: input should be a valid dictionary"),
        ("trm.refine", [{"uri": "file:///x"}, 2], "trm.refine takes one object and was given 2 arguments."),
        ("trm.cancel", [{"job": 1}], "trm.cancel cannot use job"),
        ("trm.apply", [], "trm.apply cannot use job: field required"),
        ("trm.apply", [{"job": "x"}], "There is no proposal x:"),
        ("trm.discard", [{"job": "x"}], "There is no proposal x:"),
        ("trm.statistics", [{"uri": "file:///elsewhere/x.py"}], "/elsewhere/x.py is outside of the workspace"),
        ("trm.refine", [{"uri": "file:///elsewhere/x.py"}], "/elsewhere/x.py is outside of the workspace"),
        ("trm.refine", [{"uri": "untitled:Untitled-1"}], "untitled:Untitled-1 is not a file on disk"),
    ],
)
async def test_bad_arguments_are_one_sentence(editor: Editor, command: str, arguments: list, part: str) -> None:
    answer = await editor.command(command, *arguments)
    assert part in answer["error"]
    shown = await editor.message(part)
    assert shown.message == answer["error"]
    assert "\n" not in shown.message


async def test_without_a_folder_there_is_one_sentence(start) -> None:
    editor = await start(folders=[])
    editor.open("calc.py")
    assert await editor.actions("calc.py", 4) == {}
    sentence = "TRM runs in a workspace folder and none is open: open the folder that holds your tests."
    assert await editor.refine("calc.py") == {"error": sentence}


async def test_a_root_uri_alone_is_a_root(start, scene) -> None:
    editor = await start(folders=[], rootUri=scene.root.as_uri())
    await editor.refine("calc.py")
    await editor.state("ready")


async def test_a_bare_client_is_spoken_to_in_what_it_knows(start, scene) -> None:
    editor = await start(BARE)
    editor.open("calc.py")
    # No literals: commands instead of code actions.
    (action,) = (await editor.actions("calc.py", 4)).values()
    assert isinstance(action, types.Command)
    await editor.command(action.command, *action.arguments)
    await editor.message("The run ended")
    actions = await editor.actions("calc.py", 0)
    apply = actions["Apply: passes 2 tests (changes 1 line)"]
    assert (await editor.command(apply.command, *apply.arguments))["applied"]
    (params,) = editor.all(types.WORKSPACE_APPLY_EDIT)
    assert params.edit.document_changes is None and params.edit.change_annotations is None
    assert list(params.edit.changes) == [editor.uri("calc.py")]
    assert "a - b" in editor.buffers[editor.uri("calc.py")]
    assert {method for method, _ in editor.heard} <= {
        types.WINDOW_SHOW_MESSAGE,
        types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS,
        types.WORKSPACE_APPLY_EDIT,
    }


async def test_a_client_without_disabled_actions_is_not_shown_a_stale_one(start, scene) -> None:
    capabilities = {
        **FULL,
        "textDocument": {"codeAction": {"codeActionLiteralSupport": {"codeActionKind": {"valueSet": []}}}},
    }
    editor = await start(capabilities)
    editor.open("calc.py")
    await editor.refine(tests=[SUB])
    await editor.state("ready")
    assert not (await editor.actions("calc.py", 0))["Apply: passes 2 tests (changes 1 line)"].is_preferred
    editor.change("calc.py", "untouched", "touched")
    assert list(await editor.actions("calc.py", 0)) == ["Discard"]


async def test_a_client_that_cannot_apply_is_told(start, scene) -> None:
    editor = await start({"experimental": {"trm": {"state": True}}})
    job = (await editor.refine(tests=[SUB]))["job"]
    await editor.state("ready")
    refused = await editor.command("trm.apply", {"job": job})
    assert refused == {"error": "This editor cannot apply edits that a server sends."}


async def test_hover_is_plain_text_for_a_client_without_markdown(start, scene) -> None:
    editor = await start({**FULL, "textDocument": {"hover": {"contentFormat": ["plaintext"]}}})
    editor.open("calc.py")
    await editor.refine(tests=[SUB])
    await editor.state("ready")
    found = await editor.text_document_hover_async(
        types.HoverParams(
            text_document=types.TextDocumentIdentifier(uri=editor.uri("calc.py")),
            position=types.Position(line=4, character=0),
        )
    )
    assert found.contents.kind is types.MarkupKind.PlainText


async def test_only_the_kinds_asked_for(editor: Editor) -> None:
    await editor.refine(tests=[SUB])
    await editor.state("ready")
    refactor, quickfix = types.CodeActionKind.Refactor, types.CodeActionKind.QuickFix
    assert list(await editor.actions("calc.py", 4, only=[refactor])) == ["Refine with TRM: the tests that reach sub"]
    assert "Discard" in await editor.actions("calc.py", 4, only=[quickfix])
    assert await editor.actions("calc.py", 4, only=[types.CodeActionKind.SourceOrganizeImports]) == {}


async def test_a_selection_of_tests_and_a_broken_text(editor: Editor) -> None:
    assert list(await editor.actions("tests/test_calc.py", 3, 10)) == ["Refine with TRM: make 2 tests pass"]
    editor.change("tests/test_calc.py", "assert sub(1, 1) == 0", "assert sub(1, 1) == (")
    (action,) = (await editor.actions("tests/test_calc.py", 10)).values()
    assert action.command is not None and action.command.arguments is not None
    assert action.command.arguments[0]["tests"] == ["tests/test_calc.py::TestMore::test_zero"]
    assert await editor.actions("tests/test_calc.py", 1) == {}
