"""The small parts: throttling, what was seen, what a hover may hold, and what must not grow."""

from __future__ import annotations

import asyncio
import io
import json
from typing import Any

from editor.harness import SUB

from trm_lsp.core.events import Detached, Run, Shape, StepJudged, YUpdated, ZUpdated
from trm_lsp.core.state import Candidate, Commit, Edit, Reasoning
from trm_lsp.core.verdict import Counts, TestResult, Tier, Verdict
from trm_lsp.editor.hover import LIMIT, capped
from trm_lsp.editor.jobs import Job, Jobs, Target
from trm_lsp.editor.progress import Throttle
from trm_lsp.editor.roots import Root
from trm_lsp.editor.seen import Seen
from trm_lsp.editor.server import TrmServer
from trm_lsp.settings import Settings

RUN = Run(id="1", root="/", task_type="fix", net="n", arm="trm", seed=0, shape=Shape(), version="0")
COUNTS = Counts(targets=3, failing=1)


def event(kind: Any, step: int = 2, **fields: Any) -> Any:
    return kind(run=RUN, seq=0, time=0.0, step=step, counts=COUNTS, **fields)


async def test_the_throttle_sends_at_once_then_at_the_interval_and_never_loses_the_last() -> None:
    now, sent = [0.0], []
    later = asyncio.Event()

    def send() -> None:
        sent.append(now[0])
        if len(sent) == 2:
            later.set()

    throttle = Throttle(send, lambda: now[0], interval=0.01)
    for _ in range(5):
        throttle.ask()
    assert sent == [0.0]
    now[0] = 0.01
    async with asyncio.timeout(5):
        await later.wait()
    assert sent == [0.0, 0.01]
    throttle.ask()
    throttle.close()
    assert len(sent) == 2


async def test_a_job_that_crashes_is_told_and_the_next_one_starts() -> None:
    told, ran = [], []

    async def run(job: Job) -> None:
        ran.append(job.id)
        if job.id == "first":
            raise ZeroDivisionError

    jobs = Jobs(run, lambda job, error: told.append((job.id, type(error))))
    root = Root("file:///w", "/w")
    first = jobs.submit(Job("first", root, Target(("a",))))
    second = jobs.submit(Job("second", root, Target(("b",))))
    assert jobs.submit(Job("third", root, Target(("b",)))) is second
    async with asyncio.timeout(5):
        await first.ended.wait()
        await second.ended.wait()
    assert (ran, told) == (["first", "second"], [("first", ZeroDivisionError)])
    assert jobs.all() == []


def test_the_updates_are_counted_in_the_papers_letters() -> None:
    seen = Seen()
    assert (seen.message, seen.text) == ("starting", "TRM starting")
    seen.take(event(ZUpdated, cycle=1, i=4))
    assert seen.message == "step 2/64 - cycle 1/3 - z 4/6 - 0 -> 1 failing"
    seen.take(event(YUpdated, cycle=3, change="committed"))
    assert seen.message == "step 2/64 - cycle 3/3 - y - 0 -> 1 failing"
    assert seen.text == "TRM 2/64 · 3/3 · y · 0→1"
    assert seen.percentage(Settings()) == 1


def test_the_best_so_far_is_the_last_step_that_was_best() -> None:
    def y(text: str) -> Candidate:
        commit = Commit(family="f", edits=(Edit("a.py", 0, 1, text),), reason=f"because of {text}")
        return Candidate(base={"a.py": "x\n"}, texts={"a.py": f"{text}\n"}, commits=(commit,))

    verdict = Verdict(tier=Tier.COLD, targets=(SUB,), results=(TestResult(id=SUB, outcome="failed"),))
    seen = Seen()
    assert seen.best_so_far() is None
    for text, best in (("one", True), ("two", False)):
        seen.take(event(StepJudged, verdict=verdict, best=best))
        seen.take(event(Detached, y=y(text), z=Reasoning()))
    found = seen.best_so_far()
    assert found is not None
    proposal, said = found
    assert (proposal.texts, proposal.why, said) == ({"a.py": "one\n"}, ("because of one",), verdict)
    assert [(hunk.before, hunk.after) for hunk in proposal.hunks] == [("x\n", "one\n")]


def test_a_hover_that_is_cut_closes_its_block() -> None:
    long = capped("text\n\n````diff\n```\n" + "-x\n" * LIMIT + "````")
    assert len(long) <= LIMIT
    assert long.endswith("````\n\n...")
    assert capped("short") == "short"


def test_nothing_grows_with_the_edits_of_a_day() -> None:
    """Futures of notifications are kept for ever by pygls alone (openlawlibrary/pygls#607, #608)."""
    server = TrmServer()
    out = io.BytesIO()
    server.protocol.set_writer(out)

    def hear(method: str, params: Any, **id: int) -> None:
        message = json.dumps({"jsonrpc": "2.0", "method": method, "params": params, **id})
        server.protocol.handle_message(json.loads(message, object_hook=server.protocol.structure_message))

    hear("initialize", {"processId": None, "rootUri": "file:///w", "capabilities": {}}, id=1)
    hear(
        "textDocument/didOpen", {"textDocument": {"uri": "file:///w/a.py", "languageId": "", "version": 1, "text": ""}}
    )
    start = {"line": 0, "character": 0}
    for version in range(2, 300):
        changes = [{"range": {"start": start, "end": start}, "text": "x"}]
        hear(
            "textDocument/didChange",
            {"textDocument": {"uri": "file:///w/a.py", "version": version}, "contentChanges": changes},
        )
        at = {"textDocument": {"uri": "file:///w/a.py"}, "position": start}
        hear("textDocument/hover", at, id=version)
    assert server.workspace.get_text_document("file:///w/a.py").source == "x" * 298
    assert server.protocol._request_futures == {}
    assert server.protocol._result_types == {}
    assert server.protocol.progress.tokens == {}
