"""A scripted engine: a real process that speaks the real wire and does what a scenario file says.

    python fake_engine.py SCENARIO.json

The scenario is read anew for each run, so a test may change it in between. Its
keys are the fields of `Scenario`. Statistics are answered with the requests
received so far, as JSON: a test that wants to know what was sent asks for them.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from trm_lsp.core.budget import Spent
from trm_lsp.core.consent import Question
from trm_lsp.core.events import (
    AnyEvent,
    BaselineJudged,
    Detached,
    Halted,
    Notice,
    Proposal,
    Run,
    RunStarted,
    Shape,
    StepJudged,
    YUpdated,
    ZUpdated,
)
from trm_lsp.core.halting import HaltReason
from trm_lsp.core.state import Candidate, Commit, Edit, Reasoning, Task
from trm_lsp.core.verdict import Counts, TestResult, Tier, Verdict
from trm_lsp.engine import wire
from trm_lsp.patch.diffs import hunks, unified
from trm_lsp.workspace.texts import WorkspaceTexts


class Scenario(BaseModel):
    """What the engine does with the next task."""

    protocol: int = wire.PROTOCOL
    asks: Question | None = None
    """What it asks before anything else; a no ends the run."""
    command: str = "python -m pytest"
    baseline: list[TestResult] = []
    replace: list[tuple[str, str, str]] = []
    """(path, text, new text): what the proposal changes."""
    fixes: list[str] | None = None
    """Tests that pass with it; None: all of them."""
    solved: bool = True
    grade: str = "unique"
    why: list[str] = ["`sub` added where it should subtract."]
    z: int = 2
    """Updates of z before the y-update."""
    events: int = 0
    """Further updates of z, as fast as they come."""
    then: str = "end"
    """`end`, `wait` for a cancel, `hold` until somebody writes to the pipe `go`, `deaf`, `die`, `garbage`."""
    error: str = ""
    child: bool = False
    """Start a process in a session of its own, as the test process is."""
    notice_pids: bool = False
    decision: str = "passed"
    T: int = 3
    n: int = 6
    N_sup: int = 16


class FakeEngine:
    def __init__(self, scenario: Path) -> None:
        self.path = scenario
        self.requests: list[Any] = []
        self.child: subprocess.Popen[bytes] | None = None
        self.ended = False

    @property
    def scenario(self) -> Scenario:
        return Scenario.model_validate_json(self.path.read_text(encoding="utf-8"))

    def say(self, answer: wire.Answer) -> None:
        sys.stdout.buffer.write(wire.dump(answer))
        sys.stdout.buffer.flush()

    def next(self) -> wire.Request | None:
        """The next request; None when the server has gone."""
        line = sys.stdin.buffer.readline()
        if not line:
            self.ended = True
            return None
        request = wire.load_request(line)
        self.requests.append(request.model_dump(mode="json"))
        return request

    def serve(self) -> None:
        try:
            self.say(wire.Hello(protocol=self.scenario.protocol, version="0"))
            while request := self.next():
                self.answer(request)
        except BrokenPipeError:
            pass  # the server is gone
        finally:
            if self.child:
                self.child.kill()

    def answer(self, request: wire.Request) -> None:
        match request:
            case wire.Refine():
                self.refine(request.task)
            case wire.Statistics():
                self.say(wire.Reply(id="statistics", text=json.dumps(self.requests)))
            case wire.Remember():
                self.say(wire.Reply(id="remember"))

    def refine(self, task: Task) -> None:
        scenario = self.scenario
        if scenario.child and self.child is None:
            waiting = "import signal; signal.pause()"
            self.child = subprocess.Popen([sys.executable, "-c", waiting], start_new_session=True)
        for event in self.events(task, scenario):
            self.say(wire.Said(id=task.id, event=event))
        if scenario.error:
            self.say(wire.Reply(id=task.id, error=scenario.error))
        elif not self.ended:
            self.say(wire.Reply(id=task.id, text="done"))

    def events(self, task: Task, scenario: Scenario) -> Iterator[AnyEvent]:
        """The run, event by event."""
        shape = Shape(T=scenario.T, n=scenario.n, N_sup=scenario.N_sup)
        run = Run(id=task.id, root=task.root, task_type="fix", net="fake", arm="trm", seed=0, shape=shape, version="0")
        results = tuple(scenario.baseline)
        targets = tuple(result.id for result in results if not result.passed)
        baseline = Verdict(tier=Tier.COLD, results=results, targets=targets)
        fixed = targets if scenario.fixes is None else tuple(scenario.fixes)
        verdict = Verdict(
            tier=Tier.COLD,
            targets=targets,
            results=tuple(TestResult(id=r.id, outcome="passed") if r.id in fixed or r.passed else r for r in results),
        )
        seq = iter(range(1_000_000))

        def event(kind: type, step: int = 0, counts: Counts = baseline.counts, **fields: Any) -> Any:
            return kind(
                run=run, seq=next(seq), time=time.time(), step=step, spent=Spent(seconds=0.1), counts=counts, **fields
            )

        refused = self.asked(task, scenario.asks) if scenario.asks else ""
        yield event(RunStarted, task=task, command=scenario.command)
        if scenario.error:
            return
        if refused:
            yield event(Halted, decision=refused, solved=False, summary=f"It was {refused} at the question.")
            return
        if scenario.notice_pids:
            child = self.child.pid if self.child else 0
            yield event(Notice, message=f"pids {os.getpid()} {child}")
        yield event(BaselineJudged, verdict=baseline)
        if scenario.decision == "nothing to refine":
            yield event(
                Halted, decision=scenario.decision, solved=True, summary="The tests pass already: nothing to refine."
            )
            return
        for i in range(1, scenario.z + 1):
            yield event(ZUpdated, 1, cycle=1, i=i)
        yield event(YUpdated, 1, cycle=1, change="committed")
        for i in range(scenario.events):
            yield event(ZUpdated, 1, cycle=2, i=i % scenario.n + 1)
        y = self.candidate(task, scenario, verdict)
        yield event(StepJudged, 1, verdict.counts, verdict=verdict, best=True)
        yield event(Detached, 1, verdict.counts, y=y, z=Reasoning())
        yield event(ZUpdated, 2, verdict.counts, cycle=1, i=1)
        decision = scenario.decision
        match scenario.then:
            case "wait":
                while not self.ended and not isinstance(self.next(), wire.Cancel):
                    pass
                decision = "cancelled"
            case "hold":
                (self.path.parent / "go").read_bytes()
            case "deaf":
                while True:
                    signal.pause()
            case "die":
                print("out of cheese", file=sys.stderr, flush=True)
                os._exit(3)
            case "garbage":
                print("hello from a stray print", flush=True)
        yield event(
            Halted,
            2,
            verdict.counts,
            decision=HaltReason(decision),
            solved=scenario.solved and decision == "passed",
            summary=f"The run ended: {HaltReason(decision).sentence}.",
            verdict=verdict,
            proposal=self.proposal(y, scenario, verdict) if y.touched else None,
            depth=2,
        )

    def asked(self, task: Task, question: Question) -> str:
        """Ask, and wait for the answer or a cancel; the result is why the run ends, if it does."""
        self.say(wire.Ask(id=task.id, question=question))
        while request := self.next():
            match request:
                case wire.Consent(id=task.id, key=question.key, yes=yes):
                    return "" if yes else "broken"
                case wire.Statistics():
                    self.answer(request)
                case wire.Cancel():
                    break
        return "cancelled"

    def candidate(self, task: Task, scenario: Scenario, verdict: Verdict) -> Candidate:
        texts = WorkspaceTexts(Path(task.root), task.buffers)
        base, changed, edits = {}, {}, []
        for path, old, new in scenario.replace:
            base.setdefault(path, texts[path].text)
            at = changed.setdefault(path, base[path]).index(old)
            changed[path] = changed[path].replace(old, new, 1)
            edits.append(Edit(path, at, at + len(old), new))
        commit = Commit(family="fake", edits=tuple(edits), reason=scenario.why[0] if scenario.why else "")
        return Candidate(base=base, texts=changed, commits=(commit,), verdict=verdict)

    def proposal(self, y: Candidate, scenario: Scenario, verdict: Verdict) -> Proposal:
        from trm_lsp.core.state import BaseText

        return Proposal(
            hunks=tuple(h for path in y.touched for h in hunks(path, y.base[path], y.texts[path])),
            diff=unified(y.base, y.texts),
            texts=y.texts,
            base_digests={path: BaseText(path=path, text=text).digest for path, text in y.base.items()},
            passes=verdict.counts.passed,
            grade=scenario.grade,
            why=tuple(scenario.why),
        )


if __name__ == "__main__":
    FakeEngine(Path(sys.argv[1])).serve()
