"""A run is cancelled, edited under, asked for twice, or loses a process: nothing is left behind, nothing is lost."""

from __future__ import annotations

import asyncio
import os
import signal
import time

import pytest
from end_to_end.real import LONG_RUN, LONG_TEST, TEST, RealEditor, watch
from lsprotocol import types
from projects import CALC, copies, until

ANSWERED = 1.0
"""Seconds; five times the target, for a busy machine. `make bench` measures against the target."""
ENDED = 5.0

FILES = {**CALC, **LONG_RUN}
STARTING, BASELINE, SEARCHING, FURTHER = "TRM starting", "TRM running the tests", "z 2/6", "2/3 · z"


async def running(editor: RealEditor, moment: str = SEARCHING) -> str:
    """Start the run that does not end by itself and wait for a moment of it; returns its job."""
    job = (await editor.refine("test_long.py", tests=[LONG_TEST]))["job"]
    await editor.progress(moment)
    return str(job)


@pytest.mark.parametrize("moment", [STARTING, BASELINE, SEARCHING, FURTHER])
async def test_a_cancel_is_answered_at_once_and_ends_every_process_of_the_run(opening, temporary, moment: str) -> None:
    editor = await opening(FILES, "long.py", "test_long.py")
    job = await running(editor, moment)
    of_the_run = watch(editor.below()[1:])
    began = time.monotonic()
    assert await editor.command("trm.cancel", {"job": job}) == {"cancelled": [job]}
    assert time.monotonic() - began < ANSWERED
    await editor.state("cancelled")
    assert all(process.gone_within(ENDED) for process in of_the_run)
    # The engine may stay for the next run, or be on its way out: alone in both cases.
    assert until(lambda: len(editor.below()) <= 1, ENDED)
    # The copy of an engine that had to be killed is swept by the next run.
    await editor.refined()
    assert copies(temporary) == []


async def test_a_killed_engine_is_one_sentence_and_the_next_run_works(opening) -> None:
    editor = await opening(FILES, "calc.py", "test_calc.py", "test_long.py")
    await running(editor)
    everything = watch(editor.below())
    editor.engine.kill()
    state = await editor.state("failed")
    assert state.tooltip == "The engine ended by SIGKILL: the next request starts a new one."
    assert editor.messages.count(state.tooltip) == 1
    assert all(process.gone_within(ENDED) for process in everything)
    await editor.command("trm.apply", {"job": await editor.refined()})
    assert "a - b" in editor.buffers[editor.uri("calc.py")]


async def test_a_killed_server_takes_the_engine_and_the_tests_with_it(opening, temporary) -> None:
    editor = await opening(FILES)
    await running(editor)
    everything = watch(editor.below())
    assert len(everything) >= 2  # the engine, and what runs the tests
    os.kill(editor.pid, signal.SIGKILL)
    assert await editor.ended() == -signal.SIGKILL
    assert all(process.gone_within(ENDED) for process in everything)
    assert until(lambda: copies(temporary) == [], ENDED)


async def test_the_same_request_while_it_runs_is_the_same_job(opening) -> None:
    editor = await opening(FILES)
    job = await running(editor)
    assert await editor.refine("test_long.py", tests=[LONG_TEST]) == {"job": job, "state": "running"}
    queued = await editor.refine("test_calc.py", tests=[TEST])
    assert queued["state"] == "queued"
    await editor.command("trm.cancel", {"job": job})
    state = await editor.until("trm/state", lambda p: p.job == queued["job"] and p.state == "ready")
    assert state.text == "TRM passes 1 test"


@pytest.mark.parametrize("path", ["calc.py", "test_calc.py"])
async def test_a_buffer_edited_during_the_run_is_not_overwritten(opening, path: str) -> None:
    editor = await opening(CALC, "calc.py", "test_calc.py")
    job = (await editor.refine("test_calc.py", tests=[TEST]))["job"]
    await editor.until(types.WINDOW_SHOW_MESSAGE_REQUEST)  # it has its texts
    edited = f"# mine\n{editor.buffers[editor.uri(path)]}"
    editor.change(path, editor.buffers[editor.uri(path)], edited)
    await editor.state("ready")
    before = dict(editor.buffers)
    sentence = f"The buffer {path} changed since the run began: refine again."
    assert await editor.command("trm.apply", {"job": job}) == {"error": sentence}
    await editor.message(sentence)
    assert editor.buffers == before


async def test_a_buffer_closed_during_the_run_is_applied_to_the_file(opening, root) -> None:
    editor = await opening(CALC, "calc.py", "test_calc.py")
    job = (await editor.refine("test_calc.py", tests=[TEST]))["job"]
    await editor.until(types.WINDOW_SHOW_MESSAGE_REQUEST)
    editor.close("calc.py")
    await editor.state("ready")
    assert (await editor.command("trm.apply", {"job": job}))["applied"]
    assert "a - b" in (root / "calc.py").read_text()


async def test_the_server_answers_while_a_run_works(opening) -> None:
    editor = await opening(FILES, "calc.py", "test_calc.py")
    await running(editor)
    async with asyncio.timeout(ANSWERED):
        assert "Refine with TRM: make test_sub pass" in await editor.actions("test_calc.py", 3)
        assert await editor.hover_text("calc.py", 1) == ""
