"""The server ends with the editor, however that ends, and nothing it started is left."""

from __future__ import annotations

import os
import signal
import subprocess

import pytest
from editor.harness import FULL, PYTHON, SUB, Editor, Watched


async def running(start, scene, then: str, **more) -> tuple[Editor, Watched, Watched]:
    """An editor with a run going on; returns it with the engine and its child."""
    scene.play(then=then, child=True, notice_pids=True)
    editor = await start(FULL, **more)
    await editor.refine(tests=[SUB])
    _, engine, child = (await editor.message("pids ")).message.split()
    await editor.until("trm/state", lambda p: p.text.startswith("TRM 2/16"))
    return editor, Watched(int(engine)), Watched(int(child))


@pytest.mark.parametrize("then", ["wait", "deaf"])
async def test_shutdown_and_exit(start, scene, then: str) -> None:
    editor, engine, child = await running(start, scene, then)
    assert await editor.leave() == 0
    assert engine.gone_within(2.0) and child.gone_within(2.0)


@pytest.mark.parametrize("then", ["wait", "deaf"])
async def test_the_editor_closes_the_pipe(start, scene, then: str) -> None:
    editor, engine, child = await running(start, scene, then)
    editor._server.stdin.close()
    assert await editor.ended() == 1
    assert engine.gone_within(2.0) and child.gone_within(2.0)


@pytest.mark.parametrize("then", ["wait", "deaf"])
async def test_the_editor_dies_and_the_pipe_stays_open(start, scene, then: str) -> None:
    parent = subprocess.Popen([PYTHON, "-c", "input()"], stdin=subprocess.PIPE)
    editor, engine, child = await running(start, scene, then, process_id=parent.pid)
    parent.kill()
    assert await editor.ended() == 1
    assert engine.gone_within(2.0) and child.gone_within(2.0)
    parent.communicate()


async def test_an_editor_behind_a_wall_is_not_missed(start) -> None:
    """The process id of an editor outside of a container means nothing inside."""
    gone = subprocess.Popen([PYTHON, "-c", ""])
    gone.wait()
    editor = await start(FULL, process_id=gone.pid)
    assert await editor.command("trm.cancel") == {"cancelled": []}


async def test_a_terminated_server_ends_its_engines(start, scene) -> None:
    editor, engine, child = await running(start, scene, "deaf")
    os.kill(editor.pid, signal.SIGTERM)
    assert await editor.ended() == 1
    assert engine.gone_within(2.0) and child.gone_within(2.0)


async def test_a_killed_server_leaves_no_engine(start, scene) -> None:
    editor, engine, child = await running(start, scene, "wait")
    os.kill(editor.pid, signal.SIGKILL)
    await editor.ended()
    assert engine.gone_within(2.0) and child.gone_within(2.0)


async def test_exit_without_shutdown_is_status_1(start) -> None:
    editor = await start(FULL)
    editor.exit(None)
    assert await editor.ended() == 1
