"""One run per root at a time; the rest waits in line."""

from __future__ import annotations

from editor.harness import SUB, ZERO, Editor


async def test_the_same_target_is_the_running_job(editor: Editor, scene) -> None:
    scene.play(then="hold")
    first = await editor.refine(tests=[SUB])
    await editor.until("trm/state", lambda p: p.text.startswith("TRM 2/16"))
    assert await editor.refine(tests=[SUB]) == {"job": first["job"], "state": "running"}
    await scene.go()
    await editor.state("ready")


async def test_another_target_waits_for_its_turn(editor: Editor, scene) -> None:
    scene.play(then="hold")
    first = (await editor.refine(tests=[SUB]))["job"]
    await editor.until("trm/state", lambda p: p.text.startswith("TRM 2/16"))
    waiting = await editor.refine(tests=[ZERO])
    assert waiting["state"] == "queued"
    state = await editor.state("queued")
    assert (state.job, state.text) == (waiting["job"], "TRM queued")
    assert await editor.refine(tests=[ZERO]) == waiting, "the same target is the same job in line too"
    scene.play()
    await scene.go()
    await editor.until("trm/state", lambda p: p.job == first and p.state == "ready")
    await editor.until("trm/state", lambda p: p.job == waiting["job"] and p.state == "ready")
    # Two requests, two proposals: which is which is said, the newest first.
    assert list(await editor.actions("calc.py", 0)) == [
        "Apply: passes 2 tests (changes 1 line), for test_zero",
        "Discard: passes 2 tests, for test_zero",
        "Apply: passes 2 tests (changes 1 line), for test_sub",
        "Discard: passes 2 tests, for test_sub",
    ]


async def test_roots_run_beside_each_other(start, scene, tmp_path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "calc.py").write_text("def sub(a, b):\n    return a + b\n")
    editor = await start(folders=[scene.root, other])
    scene.play(then="hold")
    await editor.refine(tests=[SUB])
    await editor.until("trm/state", lambda p: p.text.startswith("TRM 2/16"))
    scene.play()
    started = await editor.command("trm.refine", {"uri": (other / "calc.py").as_uri()})
    assert started["state"] == "started"
    ready = await editor.state("ready")
    assert (ready.job, ready.root) == (started["job"], other.as_uri())
    await scene.go()
    await editor.until("trm/state", lambda p: p.state == "ready" and p.root == scene.root.as_uri())


async def test_a_file_belongs_to_the_innermost_root(start, scene) -> None:
    inner = scene.root / "tests"
    editor = await start(folders=[scene.root, inner])
    editor.open("calc.py", "x = 1\n")
    editor.open("tests/test_calc.py")
    scene.play(replace=[])
    job = (await editor.refine(tests=["test_calc.py::test_sub"]))["job"]
    state = await editor.until("trm/state", lambda p: p.job == job and p.state == "idle")
    assert state.root == inner.as_uri()
    actions = await editor.actions("tests/test_calc.py", 4)
    (action,) = actions.values()
    assert action.command is not None and action.command.arguments is not None
    assert action.command.arguments[0]["tests"] == ["test_calc.py::test_sub"]


async def test_a_closed_folder_ends_its_runs(start, scene, tmp_path) -> None:
    from lsprotocol import types

    editor = await start()
    scene.play(then="deaf")
    job = (await editor.refine(tests=[SUB]))["job"]
    await editor.until("trm/state", lambda p: p.text.startswith("TRM 2/16"))
    folder = types.WorkspaceFolder(uri=scene.root.as_uri(), name="")
    editor.workspace_did_change_workspace_folders(
        types.DidChangeWorkspaceFoldersParams(event=types.WorkspaceFoldersChangeEvent(added=[], removed=[folder]))
    )
    await editor.until("trm/state", lambda p: p.job == job and p.state == "cancelled")
    await editor.published("tests/test_calc.py", 0)
    assert "error" in await editor.refine(tests=[SUB])
