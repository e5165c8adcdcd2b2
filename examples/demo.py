"""The whole way of one bug: from an unsaved buffer to green tests, over LSP, as an editor goes it.

    python examples/demo.py

It starts the real server on a temporary copy of examples/billing. Everything
printed comes from the server, from pytest, or from a comparison of texts.
"""

from __future__ import annotations

import asyncio
import difflib
import os
import re
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path
from typing import Any, TypeVar

from bug import Bug, copy_billing, read
from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.lsp.client import LanguageClient
from pygls.protocol import default_converter

from trm_lsp.workspace.files import fingerprint

SERVER = (sys.executable, "-P", "-m", "trm_lsp.app.cli", "serve")
SECONDS = 300.0
"""How long all of it may take; it takes about ten seconds."""
CODEC = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}
"""How a position counts: the codec, and the bytes of one unit."""


T = TypeVar("T")


class NotAsItShouldBe(Exception):
    """One sentence that says what the demo found instead."""


def expect(found: T | None, otherwise: str) -> T:
    """What was found, if it is anything."""
    if not found:
        raise NotAsItShouldBe(otherwise)
    return found


# The editor


class Editor(LanguageClient):
    """What any editor does: it keeps buffers, tells of changes, and applies the edits it is sent."""

    def __init__(self, root: Path) -> None:
        super().__init__("demo-editor", "1", converter_factory=converter)
        self.root = root
        self.encoding = "utf-16"
        self.buffers: dict[str, str] = {}
        self.versions: dict[str, int] = {}
        self.diagnostics: dict[str, list[types.Diagnostic]] = {}
        self.verdict = ""
        self.reports: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.feature(types.WORKSPACE_CONFIGURATION)(lambda params: [None for _ in params.items])
        self.feature(types.CLIENT_REGISTER_CAPABILITY)(lambda params: None)
        self.feature(types.WINDOW_WORK_DONE_PROGRESS_CREATE)(lambda params: None)
        self.feature(types.WORKSPACE_APPLY_EDIT)(lambda params: self._apply(params))
        self.feature(types.PROGRESS)(lambda params: self._report(params.value))
        self.feature(types.WINDOW_SHOW_MESSAGE_REQUEST)(lambda params: self._confirm(params))
        self.feature(types.WINDOW_SHOW_MESSAGE)(lambda params: self._message(params.message))
        self.feature(types.WINDOW_LOG_MESSAGE)(lambda params: None)
        self.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)(lambda params: self._publish(params))

    async def start(self) -> str:
        """Start the server on the workspace; returns its name and version."""
        # What is confirmed here is no business of the user's own state folder.
        await self.start_io(*SERVER, env={**os.environ, "XDG_STATE_HOME": str(self.root.parent / "state")})
        assert self._server is not None and self._server.stderr is not None
        self._async_tasks.append(asyncio.create_task(self._server.stderr.read()))
        folder = types.WorkspaceFolder(uri=self.root.as_uri(), name=self.root.name)
        result = await self.initialize_async(
            types.InitializeParams(capabilities=capabilities(), workspace_folders=[folder])
        )
        chosen = result.capabilities.position_encoding or self.encoding
        self.encoding = str(getattr(chosen, "value", chosen))
        self.initialized(types.InitializedParams())
        server = expect(result.server_info, "The server does not tell its name.")
        return f"{server.name} {server.version}"

    def open(self, path: str) -> None:
        uri = self.uri(path)
        self.buffers[uri], self.versions[uri] = (self.root / path).read_text(encoding="utf-8"), 1
        item = types.TextDocumentItem(uri=uri, language_id="python", version=1, text=self.buffers[uri])
        self.text_document_did_open(types.DidOpenTextDocumentParams(text_document=item))

    def change(self, uri: str, text: str) -> None:
        self.buffers[uri] = text
        self.versions[uri] += 1
        document = types.VersionedTextDocumentIdentifier(uri=uri, version=self.versions[uri])
        whole = types.TextDocumentContentChangeWholeDocument(text=text)
        self.text_document_did_change(
            types.DidChangeTextDocumentParams(text_document=document, content_changes=[whole])
        )

    def save(self, path: str) -> None:
        uri = self.uri(path)
        (self.root / path).write_text(self.buffers[uri], encoding="utf-8")
        document = types.TextDocumentIdentifier(uri=uri)
        self.text_document_did_save(types.DidSaveTextDocumentParams(text_document=document))

    async def actions(self, path: str, line: int) -> list[types.CodeAction]:
        """The code actions at a line counted from 0."""
        params = types.CodeActionParams(
            text_document=types.TextDocumentIdentifier(uri=self.uri(path)),
            range=types.Range(start=types.Position(line=line, character=0), end=types.Position(line=line, character=0)),
            context=types.CodeActionContext(diagnostics=self.diagnostics.get(self.uri(path), [])),
        )
        found = await self.text_document_code_action_async(params)
        return [action for action in found or [] if isinstance(action, types.CodeAction)]

    async def choose(self, action: types.CodeAction) -> Any:
        """Run an action's command, as a click on it does."""
        command = expect(action.command, f"The action {action.title!r} cannot be run.")
        return await self.workspace_execute_command_async(
            types.ExecuteCommandParams(command=command.command, arguments=command.arguments)
        )

    async def hover(self, path: str, line: int) -> str:
        params = types.HoverParams(
            text_document=types.TextDocumentIdentifier(uri=self.uri(path)),
            position=types.Position(line=line, character=0),
        )
        found = await self.text_document_hover_async(params)
        return str(getattr(found.contents, "value", "")) if found else ""

    async def leave(self) -> None:
        if not self.stopped:
            await self.shutdown_async(None)
            self.exit(None)
        await self.stop()

    async def server_exit(self, server: asyncio.subprocess.Process) -> None:
        """Nobody waits for the progress of a server that is gone."""
        self.reports.put_nowait({"kind": "end", "message": "The server ended."})

    def uri(self, path: str) -> str:
        return (self.root / path).as_uri()

    def _publish(self, params: types.PublishDiagnosticsParams) -> None:
        self.diagnostics[params.uri] = list(params.diagnostics)
        name = params.uri.removeprefix(f"{self.root.as_uri()}/")
        for shown in params.diagnostics:
            say(f"[diagnostic] {name}:{shown.range.start.line + 1}: {shown.message.splitlines()[0]}")
        if not params.diagnostics:
            say(f"[diagnostic] {name}: nothing fails any more")

    def _report(self, progress: dict[str, Any]) -> None:
        if progress["kind"] == "end":
            self.verdict = progress["message"]
        self.reports.put_nowait(progress)

    def _message(self, message: str) -> None:
        if message != self.verdict:  # that one is printed with the answer
            say(f"[message] {message}")

    def _confirm(self, params: types.ShowMessageRequestParams) -> types.MessageActionItem:
        """Press the first button, as a user does who wants their tests to be run."""
        button = expect(params.actions, "The question has no answers.")[0]
        question, mark, known = params.message.replace(str(self.root), self.root.name).partition("? ")
        say(f"[question] {question}{mark}")
        say(known, indent="    ")
        say(f"[answer] {button.title}")
        return button

    def _apply(self, params: types.ApplyWorkspaceEditParams) -> types.ApplyWorkspaceEditResult:
        """Apply an edit to the buffers, if it is for their present versions: all of it or nothing."""
        changes = [c for c in params.edit.document_changes or [] if isinstance(c, types.TextDocumentEdit)]
        for change in changes:
            if self.versions.get(change.text_document.uri) != change.text_document.version:
                return types.ApplyWorkspaceEditResult(applied=False, failure_reason="the buffer has changed")
        for change in changes:
            uri = change.text_document.uri
            self.change(uri, edited(self.buffers[uri], change.edits, self.encoding))
        return types.ApplyWorkspaceEditResult(applied=bool(changes))


def capabilities() -> types.ClientCapabilities:
    """Plain LSP: nothing an ordinary editor does not have."""
    return types.ClientCapabilities(
        workspace=types.WorkspaceClientCapabilities(
            apply_edit=True,
            configuration=True,
            workspace_edit=types.WorkspaceEditClientCapabilities(document_changes=True),
        ),
        text_document=types.TextDocumentClientCapabilities(
            code_action=types.CodeActionClientCapabilities(
                code_action_literal_support=types.ClientCodeActionLiteralOptions(
                    code_action_kind=types.ClientCodeActionKindOptions(value_set=["quickfix", "refactor"])
                )
            ),
            hover=types.HoverClientCapabilities(content_format=[types.MarkupKind.Markdown]),
        ),
        window=types.WindowClientCapabilities(work_done_progress=True),
        general=types.GeneralClientCapabilities(
            position_encodings=[types.PositionEncodingKind.Utf8, types.PositionEncodingKind.Utf16]
        ),
    )


def edited(text: str, edits: Any, encoding: str) -> str:
    """A text after the server's edits, the last one first so that the others stay where they are."""
    for edit in sorted(edits, key=lambda e: (e.range.start.line, e.range.start.character), reverse=True):
        start, end = offset(text, edit.range.start, encoding), offset(text, edit.range.end, encoding)
        text = text[:start] + edit.new_text + text[end:]
    return text


def offset(text: str, position: types.Position, encoding: str) -> int:
    """A position as an index into the text; the lines of the example end with a line feed."""
    codec, width = CODEC[encoding]
    lines = text.split("\n")
    before = lines[position.line].encode(codec)[: position.character * width].decode(codec)
    return sum(len(line) + 1 for line in lines[: position.line]) + len(before)


def converter() -> Any:
    """Works around lsprotocol 2025.0.0, which takes any CodeAction that has a command for a Command."""
    made = default_converter()

    def structure(value: Any, _: Any) -> Any:
        return made.structure(value, types.Command if isinstance(value.get("command"), str) else types.CodeAction)

    made.register_structure_hook(types.Command | types.CodeAction, structure)
    return made


# What is printed


def heading(text: str) -> None:
    print(f"\n{text}", flush=True)


def say(text: str, indent: str = "  ") -> None:
    """A paragraph, folded to the page."""
    print(textwrap.fill(text, 110, initial_indent=indent, subsequent_indent=indent), flush=True)


def show(block: str) -> None:
    """A block as it is."""
    for line in block.splitlines():
        print(f"    {line}".rstrip(), flush=True)


def changed_lines(before: str, after: str) -> list[str]:
    compared = difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm="")
    return [line for line in compared if not line.startswith(("---", "+++", "@@"))]


# The stages


async def demo(folder: Path) -> None:
    bug = read("volume-tier")
    root = copy_billing(folder)
    editor = Editor(root)
    try:
        await open_workspace(editor)
        untouched = fingerprint(root)
        (path,) = bug.paths
        test_path, test = bug.failing[0].split("::")
        broken_line = put_bug_into_buffer(editor, bug, path)
        editor.open(test_path)
        action = await ask_for_actions(editor, test_path, test)
        await refine(editor, action)
        await show_answer(editor, path, broken_line)
        await apply(editor, path, broken_line)
        expect(fingerprint(root) == untouched, "A file on disk was changed before anyone saved.")
        say("On disk nothing has changed since the beginning: the fingerprint of all files is the same.")
        save_and_test(editor, path)
        await show_memory(editor, test_path)
    finally:
        await editor.leave()


async def open_workspace(editor: Editor) -> None:
    heading("1. An editor opens a workspace")
    name = await editor.start()
    say(f"{name} answers over stdio, positions in {editor.encoding}.")
    say(f"The workspace is a copy of examples/billing: {editor.root}")


def put_bug_into_buffer(editor: Editor, bug: Bug, path: str) -> int:
    """Type the bug without saving; returns its line, from 0."""
    heading("2. A bug comes in while typing, and is not saved")
    editor.open(path)
    sound = editor.buffers[editor.uri(path)]
    broken = bug.put_into({path: sound})[path]
    editor.change(editor.uri(path), broken)
    say(f"{path}, unsaved: {bug.title}")
    show("\n".join(changed_lines(sound, broken)))
    pairs = zip(sound.splitlines(), broken.splitlines(), strict=False)
    return next(number for number, (one, other) in enumerate(pairs) if one != other)


async def ask_for_actions(editor: Editor, test_path: str, test: str) -> types.CodeAction:
    heading(f"3. The code actions at {test}")
    lines = editor.buffers[editor.uri(test_path)].splitlines()
    line = next(number for number, text in enumerate(lines) if text.startswith(f"def {test}("))
    actions = await editor.actions(test_path, line)
    for action in actions:
        say(f"- {action.title}")
    offered = [action for action in actions if action.title.startswith("Refine with TRM")]
    return expect(offered, "No action refines the failing test.")[0]


async def refine(editor: Editor, action: types.CodeAction) -> None:
    """Run the action and print what the server reports until the end."""
    heading("4. Refine with TRM")
    answer = await editor.choose(action)
    expect("job" in answer, f"The run did not start: {answer}")
    while (progress := await editor.reports.get())["kind"] != "end":
        say(progress["message"])
    expect(any(editor.diagnostics.values()), "The failing test was not published as a diagnostic.")


async def show_answer(editor: Editor, path: str, line: int) -> None:
    hover = await editor.hover(path, line)
    diff = expect(re.search(r"```diff\n(.*?)\n```", hover, re.DOTALL), "There is no answer on the changed line.")
    heading("5. The answer: diff, reasoning, verdict")
    say(f"{path}:{line + 1}")
    show(diff[1])
    say("Reasoning, from the hover on that line:")
    for reason in re.findall(r"^- (.*)$", hover[: diff.start()], re.MULTILINE):
        say("- " + re.sub(r"\\(.)", r"\1", reason), indent="    ")
    say(f"Verdict: {editor.verdict}")


async def apply(editor: Editor, path: str, line: int) -> None:
    heading("6. Apply")
    actions = await editor.actions(path, line)
    offered = [action for action in actions if action.title.startswith("Apply: passes")]
    action = expect(offered, "The answer is not offered to be applied.")[0]
    say(f"- {action.title}")
    uri = editor.uri(path)
    before, version = editor.buffers[uri], editor.versions[uri]
    answer = await editor.choose(action)
    expect(answer.get("applied"), f"The answer was not applied: {answer}")
    say(f"The server sent one edit for version {version} of {path}; the buffer, now version {editor.versions[uri]}:")
    show("\n".join(changed_lines(before, editor.buffers[uri])))
    expect(not any(editor.diagnostics.values()), "A failing test is still shown.")


def save_and_test(editor: Editor, path: str) -> None:
    heading("7. Save, and run the tests")
    editor.save(path)
    command = [sys.executable, "-m", "pytest", "-q"]
    run = subprocess.run(command, cwd=editor.root, capture_output=True, text=True, check=False)
    closing = run.stdout.strip().rpartition("\n")[2]
    say(f"python -m pytest -q: {closing}")
    expect(run.returncode == 0, "The tests are not green.")


async def show_memory(editor: Editor, path: str) -> None:
    heading("8. What the workspace remembers (trm.statistics)")
    params = types.ExecuteCommandParams(command="trm.statistics", arguments=[{"uri": editor.uri(path)}])
    remembered = await editor.workspace_execute_command_async(params)
    expect(isinstance(remembered, str) and "fix/" in remembered, f"The run was not remembered: {remembered}")
    for line in filter(None, str(remembered).splitlines()):
        show(line) if line.startswith("|") else say(line, indent="    ")


def main() -> int:
    async def within_time(folder: Path) -> None:
        async with asyncio.timeout(SECONDS):
            await demo(folder)

    with tempfile.TemporaryDirectory(prefix="trm-demo-") as folder:
        try:
            asyncio.run(within_time(Path(folder).resolve()))
        except NotAsItShouldBe as found:
            print(f"demo: {found}", file=sys.stderr)
            return 1
        except TimeoutError:
            print(f"demo: it took more than {SECONDS:.0f} seconds.", file=sys.stderr)
            return 1
        except (JsonRpcException, RuntimeError, OSError) as error:  # an error as answer, or no server any more
            print(f"demo: the server did not answer as it should ({error}).", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
