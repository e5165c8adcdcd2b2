"""The main job: from a code action at a failing test to the applied diff."""

from __future__ import annotations

import time

from editor.harness import SUB, ZERO, Editor
from lsprotocol import types

APPLY = "Apply: passes 2 tests (changes 1 line)"


async def test_from_a_failing_test_to_an_applied_diff(editor: Editor) -> None:
    actions = await editor.actions("tests/test_calc.py", 4)
    assert list(actions) == ["Refine with TRM: make test_sub pass"]
    started = await editor.run(actions["Refine with TRM: make test_sub pass"])
    assert started["state"] == "started"

    assert (await editor.message("The run ended")).type is types.MessageType.Info
    state = await editor.state("ready")
    assert state.text == "TRM passes 2 tests"

    diagnostics = await editor.published("tests/test_calc.py", 2)
    actions = await editor.actions("tests/test_calc.py", 5, diagnostics=diagnostics[:1])
    assert list(actions)[:2] == [APPLY, "Discard"]
    assert actions[APPLY].diagnostics is not None
    assert [diagnostic.code for diagnostic in actions[APPLY].diagnostics] == [SUB]
    apply = (await editor.actions("calc.py", 0))[APPLY]
    assert apply.is_preferred
    assert await editor.run(apply) == {"applied": True, "job": started["job"]}

    assert "return a - b" in editor.buffers[editor.uri("calc.py")]
    assert "return a + b" in (editor.root / "calc.py").read_text()
    assert await editor.published("tests/test_calc.py", 0) == []
    assert await editor.actions("calc.py", 0) == {}
    remembered = [request for request in await editor.requests() if request["ask"] == "remember"]
    assert [(r["decided"]["decision"], r["decided"]["files"]) for r in remembered] == [("applied", ["calc.py"])]


async def test_the_edit_is_versioned_annotated_and_one_undo_step(editor: Editor) -> None:
    job = (await editor.refine(tests=[SUB]))["job"]
    await editor.state("ready")
    await editor.command("trm.apply", {"job": job})
    (params,) = editor.all(types.WORKSPACE_APPLY_EDIT)
    (change,) = params.edit.document_changes
    assert (change.text_document.uri, change.text_document.version) == (editor.uri("calc.py"), 1)
    ((id, annotation),) = params.edit.change_annotations.items()
    assert (annotation.label, annotation.needs_confirmation) == ("passes 2 tests", False)
    assert [(edit.annotation_id, edit.new_text) for edit in change.edits] == [(id, "    return a - b\n")]
    assert params.label == "TRM: passes 2 tests"


async def test_a_function_gives_its_lines_to_the_engine(editor: Editor) -> None:
    actions = await editor.actions("calc.py", 4)
    await editor.run(actions["Refine with TRM: the tests that reach sub"])
    await editor.state("ready")
    task = await editor.task()
    assert task["focus"] == {"path": "calc.py", "first_line": 4, "last_line": 5, "name": "sub"}
    assert task["tests"] == []


async def test_the_buffers_are_the_task(editor: Editor) -> None:
    editor.change("calc.py", "return a\n", "return (a)\n")
    await editor.refine(tests=[SUB])
    await editor.state("ready")
    (buffer,) = (await editor.task())["buffers"]
    assert (buffer["path"], buffer["version"], buffer["bom"]) == ("calc.py", 2, False)
    assert buffer["text"] == editor.buffers[editor.uri("calc.py")]


async def test_a_buffer_that_is_not_on_disk_is_part_of_the_task(editor: Editor) -> None:
    editor.open("new.py", "x = 1\n")
    await editor.refine(tests=[SUB])
    await editor.state("ready")
    assert [buffer["path"] for buffer in (await editor.task())["buffers"]] == ["new.py"]


async def test_progress_counts_the_recursion(editor: Editor, scene) -> None:
    # 10 events come at once after the baseline: the last one is what the throttle lets through.
    scene.play(then="wait", fixes=[SUB])
    job = (await editor.refine(tests=[SUB]))["job"]
    state = await editor.until("trm/state", lambda p: p.text.startswith("TRM 2/16"))
    assert state.text == "TRM 2/16 · 1/3 · z 1/6 · 2→1"
    assert (state.T, state.n, state.N_sup, state.command) == (3, 6, 16, "python -m pytest")
    assert (state.job, state.root) == (job, editor.root.as_uri())
    report = await editor.until(
        types.PROGRESS, lambda p: p.value["kind"] == "report" and "step 2" in p.value["message"]
    )
    assert report.value["message"] == "step 2/16 - cycle 1/3 - z 1/6 - 2 -> 1 failing"
    assert report.token == f"trm/{job}"
    await editor.command("trm.cancel", {"job": job})
    await editor.until(types.PROGRESS, lambda p: p.value["kind"] == "end")
    begins = [p.value for p in editor.all(types.PROGRESS) if p.value["kind"] == "begin"]
    assert [(begin["title"], begin["cancellable"]) for begin in begins] == [("Refine with TRM: test_sub", True)]


async def test_progress_is_throttled(editor: Editor, scene) -> None:
    scene.play(events=3000, then="hold")
    began = time.monotonic()
    await editor.refine(tests=[SUB])
    await editor.until("trm/state", lambda p: p.text.startswith("TRM 2/16"))
    allowed = (time.monotonic() - began) * 10 + 2
    assert len([p for p in editor.all("trm/state") if p.state == "running"]) <= allowed
    assert len([p for p in editor.all(types.PROGRESS) if p.value["kind"] == "report"]) <= allowed
    await scene.go()
    await editor.state("ready")


async def test_the_test_command_is_shown_once(editor: Editor, scene) -> None:
    for _ in range(2):
        after = len(editor.heard)
        await editor.refine(tests=[SUB])
        await editor.state("ready", after=after)
    scene.play(command="make test")
    await editor.refine(tests=[SUB])
    await editor.message("make test")
    shown = [message for message in editor.messages if "isolated copy" in message]
    assert shown == [
        "TRM runs your tests in an isolated copy with: python -m pytest",
        "TRM runs your tests in an isolated copy with: make test",
    ]


async def test_best_so_far_is_offered_but_never_preferred(editor: Editor, scene) -> None:
    scene.play(fixes=[SUB], solved=False, decision="stuck", grade="not confirmed")
    job = (await editor.refine(tests=[SUB]))["job"]
    await editor.state("best so far")
    assert (await editor.message("The run ended")).type is types.MessageType.Warning
    actions = await editor.actions("calc.py", 0)
    title = "Apply: best so far, 1 of 2 still failing (changes 1 line)"
    assert list(actions) == [title, "Discard"]
    assert not actions[title].is_preferred
    await editor.command("trm.apply", {"job": job})
    # What it repairs is cleared, what it does not stays.
    assert [d.code for d in await editor.published("tests/test_calc.py", 1)] == [ZERO]


async def test_a_grade_that_limits_the_promise_is_said(editor: Editor, scene) -> None:
    scene.play(grade="special-cases the tests")
    await editor.refine(tests=[SUB])
    await editor.state("ready")
    actions = await editor.actions("calc.py", 0)
    assert "Apply: passes 2 tests, it special-cases the tests (changes 1 line)" in actions


async def test_a_discarded_proposal_is_gone_and_remembered(editor: Editor) -> None:
    await editor.refine(tests=[SUB])
    await editor.state("ready")
    before = len(editor.heard)
    await editor.run((await editor.actions("calc.py", 0))["Discard"])
    assert (await editor.state("idle", after=before)).text == "TRM"
    assert await editor.actions("calc.py", 0) == {}
    assert [r["decided"]["decision"] for r in await editor.requests() if r["ask"] == "remember"] == ["discarded"]
    assert await editor.published("tests/test_calc.py", 2), "a discard changes nothing but the proposal"


async def test_a_new_answer_to_the_same_request_takes_the_place_of_the_old(editor: Editor) -> None:
    first = (await editor.refine(tests=[SUB]))["job"]
    await editor.state("ready")
    after = len(editor.heard)
    await editor.refine(tests=[SUB])
    await editor.state("ready", after=after)
    assert list(await editor.actions("calc.py", 0)) == [APPLY, "Discard"]
    refused = await editor.command("trm.apply", {"job": first})
    assert refused["error"].startswith(f"There is no proposal {first}:")


async def test_nothing_to_refine_clears_what_was_shown(editor: Editor, scene) -> None:
    await editor.refine(tests=[SUB])
    await editor.published("tests/test_calc.py", 2)
    await editor.state("ready")
    scene.play(
        baseline=[{"id": SUB, "outcome": "passed"}, {"id": ZERO, "outcome": "passed"}], decision="nothing to refine"
    )
    after = len(editor.heard)
    await editor.refine(tests=[SUB])
    assert (await editor.message("nothing to refine", after=after)).type is types.MessageType.Info
    await editor.published("tests/test_calc.py", 0, after=after)
    await editor.state("idle", after=after)


async def test_hover_shows_the_reasoning_on_the_changed_lines(editor: Editor) -> None:
    await editor.refine(tests=[SUB])
    await editor.state("ready")
    assert await editor.hover_text("calc.py", 4) == (
        "**TRM: passes 2 tests** (the only behaviour found that passes)\n\n"
        "- `sub` added where it should subtract.\n\n"
        "The tests said:\n\n"
        f"```\n{SUB}: assert 4 == 2\n{ZERO}: assert 4 == 2\n```\n\n"
        "```diff\n-    return a + b\n+    return a - b\n```"
    )
    assert await editor.hover_text("calc.py", 5) == ""


async def test_hover_shows_the_failure_and_its_answer_on_a_failing_line(editor: Editor) -> None:
    await editor.refine(tests=[SUB])
    await editor.state("ready")
    shown = await editor.hover_text("tests/test_calc.py", 5)
    assert "**TRM: passes 2 tests** (the only behaviour found that passes): changes 1 line in calc.py" in shown
    assert shown.endswith(f"**TRM: `{SUB}` fails**\n\n```\nassert 4 == 2\n +  where 4 = sub(3, 1)\n```")


async def test_the_reasons_are_shown_as_they_are_and_nothing_is_said_twice(editor: Editor, scene) -> None:
    scene.play(why=[f"{SUB} failed: assert 4 == 2", "Changed `a*b*c` to __init__ <b>.", "One ` alone."])
    await editor.refine(tests=[SUB])
    await editor.state("ready")
    shown = await editor.hover_text("calc.py", 4)
    assert "- tests/test\\_calc.py::test\\_sub failed: assert 4 == 2\n" in shown
    assert "- Changed `a*b*c` to \\_\\_init\\_\\_ \\<b>.\n" in shown
    assert "- One \\` alone.\n" in shown
    assert f"```\n{ZERO}: assert 4 == 2\n```" in shown


async def test_hover_is_capped_and_its_blocks_are_closed(editor: Editor, scene) -> None:
    scene.play(replace=[["calc.py", "    return a + b\n", "".join(f"    {'x' * 200}{i} = 1\n" for i in range(50))]])
    await editor.refine(tests=[SUB])
    await editor.state("ready")
    shown = await editor.hover_text("calc.py", 4)
    assert len(shown) <= 2000
    assert shown.count("```") % 2 == 0


async def test_statistics_are_markdown_of_the_engine(editor: Editor) -> None:
    assert (await editor.command("trm.statistics")).startswith("[{")
    assert (await editor.command("trm.statistics", {"uri": editor.uri("calc.py")})).startswith("[{")
