"""Nothing is changed that is not what the run saw."""

from __future__ import annotations

from pathlib import Path

from editor.harness import FULL, SUB, Editor, failed
from lsprotocol import types

APPLY = "Apply: passes 2 tests (changes 1 line)"
CHANGED = "The buffer calc.py changed since the run began: refine again."


async def ready(editor: Editor) -> str:
    job = (await editor.refine(tests=[SUB]))["job"]
    await editor.state("ready")
    return str(job)


async def test_a_buffer_that_changed_is_refused_with_a_reason(editor: Editor) -> None:
    job = await ready(editor)
    editor.change("calc.py", "untouched", "touched")
    actions = await editor.actions("calc.py", 0)
    assert actions[APPLY].disabled is not None
    assert actions[APPLY].disabled.reason == CHANGED
    assert actions[APPLY].command is None
    assert not actions[APPLY].is_preferred
    assert await editor.command("trm.apply", {"job": job}) == {"error": CHANGED}
    await editor.message(CHANGED)
    assert editor.all(types.WORKSPACE_APPLY_EDIT) == []
    assert await editor.hover_text("calc.py", 4) == "", "the lines of a stale proposal are nowhere"


async def test_a_buffer_edited_in_the_middle_of_a_run_makes_it_stale(editor: Editor, scene) -> None:
    scene.play(then="hold")
    job = (await editor.refine(tests=[SUB]))["job"]
    await editor.until("trm/state", lambda p: p.text.startswith("TRM 2/16"))
    editor.change("calc.py", "a + b", "b + a")
    await scene.go()
    await editor.state("ready")
    assert await editor.command("trm.apply", {"job": job}) == {"error": CHANGED}


async def test_an_edit_that_was_undone_changes_nothing(editor: Editor) -> None:
    job = await ready(editor)
    editor.change("calc.py", "untouched", "touched")
    editor.change("calc.py", "touched", "untouched")
    assert (await editor.command("trm.apply", {"job": job}))["applied"]
    (params,) = editor.all(types.WORKSPACE_APPLY_EDIT)
    assert params.edit.document_changes[0].text_document.version == 3


async def test_a_test_that_was_edited_voids_the_promise(editor: Editor) -> None:
    job = await ready(editor)
    editor.change("tests/test_calc.py", "== 2", "== 3")
    refused = await editor.command("trm.apply", {"job": job})
    assert refused["error"] == "The buffer tests/test_calc.py changed since the run began: refine again."


async def test_a_file_that_is_not_open_is_edited_without_a_version(start, scene) -> None:
    editor = await start(FULL)
    job = await ready(editor)
    await editor.command("trm.apply", {"job": job})
    (params,) = editor.all(types.WORKSPACE_APPLY_EDIT)
    (change,) = params.edit.document_changes
    assert change.text_document.version is None
    assert (scene.root / "calc.py").read_text() == Path(scene.root / "calc.py").read_text().replace("a + b", "a - b")


async def test_a_file_that_changed_on_disk_is_refused(start, scene) -> None:
    editor = await start(FULL)
    job = await ready(editor)
    (scene.root / "calc.py").write_text("def sub(a, b): ...\n")
    refused = await editor.command("trm.apply", {"job": job})
    assert refused["error"] == "The file calc.py changed on disk since the run began: refine again."


async def test_a_document_closed_in_the_middle_is_compared_with_the_disk(editor: Editor, scene) -> None:
    editor.change("calc.py", "untouched", "touched")
    scene.play(then="hold")
    job = (await editor.refine(tests=[SUB]))["job"]
    await editor.until("trm/state", lambda p: p.text.startswith("TRM 2/16"))
    editor.close("calc.py")  # without saving: the disk has another text
    await scene.go()
    await editor.state("ready")
    refused = await editor.command("trm.apply", {"job": job})
    assert "changed on disk since the run began" in refused["error"]


async def test_a_file_that_is_gone_is_refused(start, scene) -> None:
    editor = await start(FULL)
    job = await ready(editor)
    (scene.root / "calc.py").unlink()
    assert "is gone" in (await editor.command("trm.apply", {"job": job}))["error"]


async def test_an_edit_the_editor_refuses_keeps_the_proposal(editor: Editor) -> None:
    job = await ready(editor)
    editor.refuse_edits = "the user said no"
    refused = await editor.command("trm.apply", {"job": job})
    assert refused["error"] == "The editor did not apply the change: the user said no. The proposal is kept."
    editor.refuse_edits = ""
    assert (await editor.command("trm.apply", {"job": job}))["applied"]


async def test_a_change_of_a_test_asks_for_confirmation(editor: Editor, scene) -> None:
    scene.play(replace=[["tests/test_calc.py", "== 2", "== 4"]])
    job = await ready(editor)
    await editor.command("trm.apply", {"job": job})
    (params,) = editor.all(types.WORKSPACE_APPLY_EDIT)
    assert [annotation.needs_confirmation for annotation in params.edit.change_annotations.values()] == [True]


async def test_several_files_are_one_edit(editor: Editor, scene) -> None:
    (scene.root / "more.py").write_text("x = 1\r\ny = 2\r\n", newline="")
    scene.play(
        replace=[["calc.py", "a + b", "a - b"], ["calc.py", "return a\n", "return a  # same\n"], ["more.py", "2", "3"]],
        baseline=[failed(SUB, 6)],
    )
    job = await ready(editor)
    assert "Apply: passes 1 test (changes 3 lines)" in await editor.actions("calc.py", 0)
    await editor.command("trm.apply", {"job": job})
    assert editor.buffers[editor.uri("calc.py")].count("a - b") == 1
    assert "return a  # same\n" in editor.buffers[editor.uri("calc.py")]
    assert (scene.root / "more.py").read_bytes() == b"x = 1\r\ny = 3\r\n"
    assert len(editor.all(types.WORKSPACE_APPLY_EDIT)) == 1
