"""A cancel is answered at once, ends everything it should, and loses nothing."""

from __future__ import annotations

import asyncio
import time

from editor.harness import SUB, ZERO, Editor, Watched
from lsprotocol import types

STILL_FAILING = "Apply: best so far, 1 of 2 still failing (changes 1 line)"


async def running(editor: Editor, **asked) -> tuple[str, Watched, Watched]:
    """Start a run and wait until it is in its second step; returns the job, the engine and its child."""
    job = (await editor.refine(**(asked or {"tests": [SUB]})))["job"]
    _, engine, child = (await editor.message("pids ")).message.split()
    await editor.until("trm/state", lambda p: p.job == job and p.text.startswith("TRM 2/16"))
    return str(job), Watched(int(engine)), Watched(int(child))


async def test_a_cancel_is_answered_at_once_and_the_engine_lives_on(editor: Editor, scene) -> None:
    scene.play(then="wait", child=True, notice_pids=True, fixes=[SUB])
    job, engine, _ = await running(editor)
    began = time.monotonic()
    assert await editor.command("trm.cancel", {"job": job}) == {"cancelled": [job]}
    assert time.monotonic() - began < 0.2
    await editor.state("cancelled")
    assert not engine.gone_within(0.0)
    # The best so far is kept.
    assert STILL_FAILING in await editor.actions("calc.py", 0)


async def test_an_engine_that_does_not_listen_is_killed_with_all_it_started(editor: Editor, scene) -> None:
    scene.play(then="deaf", child=True, notice_pids=True, fixes=[SUB])
    job, engine, child = await running(editor)
    began = time.monotonic()
    assert await editor.command("trm.cancel") == {"cancelled": [job]}
    assert time.monotonic() - began < 0.2
    await editor.state("cancelled")
    message = await editor.message("was cancelled")
    assert message.message == "Refining test_sub was cancelled; the best so far leaves 1 of 2 failing."
    assert engine.gone_within(2.0) and child.gone_within(2.0)
    assert time.monotonic() - began < 2.5
    # What the engine could not say any more is known from its events.
    actions = await editor.actions("calc.py", 0)
    assert await editor.run(actions[STILL_FAILING]) == {"applied": True, "job": job}
    assert "a - b" in editor.buffers[editor.uri("calc.py")]


async def test_a_cancelled_progress_cancels_the_run(editor: Editor, scene) -> None:
    scene.play(then="wait", child=True, notice_pids=True)
    job, _, _ = await running(editor)
    editor.window_work_done_progress_cancel(types.WorkDoneProgressCancelParams(token=f"trm/{job}"))
    await editor.state("cancelled")
    await editor.until(types.PROGRESS, lambda p: p.value["kind"] == "end")


async def test_a_new_run_after_a_kill_starts_a_new_engine(editor: Editor, scene) -> None:
    scene.play(then="deaf", child=True, notice_pids=True)
    await running(editor)
    await editor.command("trm.cancel")
    await editor.state("cancelled")
    scene.play()
    await editor.refine(tests=[SUB])
    await editor.state("ready")


async def test_a_job_in_line_is_cancelled_without_running(editor: Editor, scene) -> None:
    scene.play(then="wait", child=True, notice_pids=True)
    first, _, _ = await running(editor)
    second = (await editor.refine(tests=[ZERO]))["job"]
    assert await editor.command("trm.cancel", {"job": second}) == {"cancelled": [second]}
    state = await editor.state("cancelled")
    assert (state.job, state.tooltip) == (second, "Refining test_zero was cancelled before it began.")
    assert await editor.command("trm.cancel", {"job": first}) == {"cancelled": [first]}
    await editor.until("trm/state", lambda p: p.job == first and p.state == "cancelled")
    assert len([r for r in await editor.requests() if r["ask"] == "refine"]) == 1


async def test_cancel_all_lets_nothing_in_line_start(editor: Editor, scene) -> None:
    scene.play(then="wait", child=True, notice_pids=True)
    first, _, _ = await running(editor)
    second = (await editor.refine(tests=[ZERO]))["job"]
    assert sorted((await editor.command("trm.cancel"))["cancelled"]) == sorted([first, second])
    await editor.until("trm/state", lambda p: p.job == first and p.state == "cancelled")
    assert len([r for r in await editor.requests() if r["ask"] == "refine"]) == 1


async def test_a_cancel_before_the_engine_runs(editor: Editor) -> None:
    # Back to back: the engine is not even started.
    started, cancelled = await asyncio.gather(editor.refine(tests=[SUB]), editor.command("trm.cancel"))
    assert cancelled == {"cancelled": [started["job"]]}
    await editor.state("cancelled")
    await editor.message("Refining test_sub was cancelled.")


async def test_a_cancel_of_what_has_ended_is_no_error(editor: Editor) -> None:
    assert await editor.command("trm.cancel") == {"cancelled": []}
    assert await editor.command("trm.cancel", {"job": "nobody"}) == {"cancelled": []}
