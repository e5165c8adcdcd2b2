"""refine(task, settings): the whole run as a stream of events."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, TypeVar

from trm_lsp import __version__
from trm_lsp.core import events
from trm_lsp.core.budget import Budget, Meter, Stopped
from trm_lsp.core.consent import Ask, Question, refuse
from trm_lsp.core.events import AnyEvent, Run, Shape
from trm_lsp.core.halting import HaltReason
from trm_lsp.core.ports import Clock, Net, Store, X
from trm_lsp.core.state import Candidate, Reasoning, Task
from trm_lsp.core.supervision import Carried, Ended, Judged, Thought, deep_supervision
from trm_lsp.core.verdict import Counts, Verdict
from trm_lsp.engine.clock import SystemClock
from trm_lsp.engine.patience import PatientClock
from trm_lsp.engine.proposal import propose
from trm_lsp.judging.environment import EnvironmentBroken
from trm_lsp.judging.judge import TestJudge
from trm_lsp.judging.signatures import task_type
from trm_lsp.learning import learn
from trm_lsp.nets.repair import RepairNet
from trm_lsp.nets.repair.doubting import counted, doubt
from trm_lsp.nets.repair.localise import reached_by
from trm_lsp.nets.repair.survivors import believe_verdict
from trm_lsp.patch.diffs import size
from trm_lsp.settings import Settings
from trm_lsp.store import StoreError

NETS: dict[str, Callable[[], Net]] = {"repair": RepairNet}
TRACED_FOR_FOCUS = 50
"""Failing tests traced to find those that reach a function, at most."""

E = TypeVar("E", bound=events.Event)


class _Log:
    """Stamps facts with what every event carries, and appends them to the store."""

    def __init__(self, run: Run, clock: Clock, meter: Meter, store: Store | None, notices: Sequence[str]) -> None:
        self.run = run
        self._clock, self._meter, self._store = clock, meter, store
        self._seq = 0
        self.step = 0
        self.counts = Counts()
        self.skills: tuple[str, ...] = ()
        self.notices = list(notices)
        """Sentences the user should see, not said yet."""

    def __call__(self, kind: type[E], **facts: Any) -> E:
        self._seq += 1
        event = kind(
            run=self.run,
            seq=self._seq,
            time=self._clock.now(),
            spent=self._meter.spent,
            **{"step": self.step, "counts": self.counts, "skills": self.skills, **facts},
        )
        if self._store is not None:
            try:
                self._store.append(event)
            except StoreError as error:
                self._store = None
                self.notices.append(f"{error} The rest of this run will not be remembered.")
        return event

    def untold(self) -> Iterator[AnyEvent]:
        """The sentences the user should see and has not."""
        while self.notices:
            yield self(events.Notice, message=self.notices.pop(0))


def refine(
    task: Task,
    settings: Settings,
    *,
    store: Store | None = None,
    notices: Sequence[str] = (),
    clock: Clock | None = None,
    cancelled: Callable[[], bool] = lambda: False,
    ask: Ask = refuse,
) -> Generator[AnyEvent]:
    """Run the loop on a task. The first event is always `RunStarted`, the last one `Halted`.

    `store` remembers every event; `notices` are said at the start.
    `cancelled` is asked many times a second; once it is true the run ends with
    its best so far. What is wrong with the environment ends it as `broken`,
    with one sentence; nothing is raised for it. `ask` is what the user is
    asked with before anything of theirs is run: without a yes nothing is, and
    the run ends as `broken` too. The time they take is not the run's.
    """
    patient = PatientClock(clock or SystemClock())
    net = NETS[settings.net]()
    shape = Shape(T=settings.loop.T, n=settings.loop.n, N_sup=settings.loop.steps)
    run = Run(
        id=task.id,
        root=task.root,
        task_type="fix",
        net=net.name,
        arm="trm",
        seed=settings.loop.seed,
        shape=shape,
        version=__version__,
    )
    meter = Meter(Budget(seconds=settings.budget.seconds, work=settings.budget.work), patient, cancelled)
    log = _Log(run, patient, meter, store, notices)

    def allowed(question: Question) -> bool:
        with patient.waiting():
            return ask(question)

    judge = TestJudge(task, settings, meter.check, os.environ, log.notices, allowed)
    refused = next((question for question in judge.questions() if not allowed(question)), None)
    yield log(events.RunStarted, task=task, command=judge.command.shown, python=judge.python)
    yield from log.untold()
    try:
        meter.check()  # a cancelled run was refused for no other reason
        if refused is not None:
            raise EnvironmentBroken(refused.refused)
        with judge:
            baseline = judge.baseline()
            if task.focus is not None and not task.tests:
                baseline = _reaching(judge, baseline, task)
            yield from _loop(task, settings, net, judge, baseline, meter, log)
    except EnvironmentBroken as broken:
        yield from log.untold()
        yield _end(log, HaltReason.BROKEN, str(broken))
    except Stopped as stop:
        reason = HaltReason(stop.reason)
        yield from log.untold()
        yield _end(log, reason, f"No answer yet: {reason.sentence}.")


def _reaching(judge: TestJudge, baseline: Verdict, task: Task) -> Verdict:
    """The baseline with those failing tests as targets that reach the function asked about."""
    focus = task.focus
    assert focus is not None
    some = baseline.failing[:TRACED_FOR_FOCUS]
    trace = judge.trace(Candidate().variant, some)
    return judge.aim(baseline, reached_by(trace, some, focus.path, focus.first_line, focus.last_line))


def _loop(
    task: Task, settings: Settings, net: Net, judge: TestJudge, baseline: Verdict, meter: Meter, log: _Log
) -> Iterator[AnyEvent]:
    failing = [baseline.by_id[test] for test in baseline.failing]
    log.run = log.run.model_copy(update={"task_type": task_type(failing, task.instruction)})
    log.counts = baseline.counts
    yield log(events.BaselineJudged, verdict=baseline)
    yield from log.untold()
    if not baseline.targets:
        yield _end(log, HaltReason.NOTHING, _nothing(task, baseline), verdict=baseline)
        return
    x = X(
        task=task,
        task_type=log.run.task_type,
        baseline=baseline,
        texts=judge.texts,
        editable=judge.sources,
        judge=meter.judging(judge),
        tracer=meter.tracing(judge.trace),
        observer=meter.observing(judge.observe),
        comparer=meter.comparing(judge.compare),
    )
    y, z = net.start(x, settings.loop.seed)
    facts = deep_supervision(
        net, x, y, z, shape=log.run.shape, meter=meter, learn=taught, patience=settings.loop.patience
    )
    for fact in facts:
        yield from log.untold()
        yield from _events(_doubted(fact, x) if isinstance(fact, Ended) else fact, x, log)


def taught(x: X, y: Candidate, z: Reasoning, verdict: Verdict) -> Reasoning:
    """What a verdict teaches: kinds of edits, and that what it refused is no survivor."""
    return believe_verdict(y, learn(x, y, z, verdict))


def _events(fact: Thought | Judged | Carried | Ended, x: X, log: _Log) -> Iterator[AnyEvent]:
    """A fact of the loop as events."""
    log.step = fact.step
    match fact:
        case Thought(update=update, z_before=before) if update.i:
            new = update.z.thoughts[-1:] if update.z.thoughts != before.thoughts else ()
            yield log(events.ZUpdated, cycle=update.cycle, i=update.i, thought="".join(new))
        case Thought(update=update, y_before=previous):
            log.skills = tuple(dict.fromkeys(commit.family for commit in update.y.commits))
            change, reason = _change(previous, update.y)
            yield log(events.YUpdated, cycle=update.cycle, change=change, reason=reason)
        case Judged(y=y, verdict=verdict, progress=progress):
            best = progress.best
            log.counts = (best.verdict or x.baseline).counts
            yield log(events.StepJudged, verdict=verdict, best=best.digest == y.digest)
        case Carried(y=y, z=z):
            yield log(events.Detached, y=y, z=z)
        case Ended():
            yield _ended(fact, x, log)


def _doubted(end: Ended, x: X) -> Ended:
    """The same end, its answer doubted where it came too late for a z-update to do so."""
    if end.decision.reason is HaltReason.PASSED and end.z.survivors:
        with suppress(Stopped):  # then the answer is worth more than what can be said about it
            return replace(end, z=doubt(x, end.z))
    return end


def _change(before: Candidate, after: Candidate) -> tuple[str, str]:
    """What a y-update did, and why."""
    if after.digest == before.digest:
        return "kept", ""
    if len(after.commits) < len(before.commits):
        return "retracted", before.commits[-1].reason
    change = "committed" if after.commits[:-1] == before.commits else "exchanged"
    return change, after.commits[-1].reason


def _ended(fact: Ended, x: X, log: _Log) -> AnyEvent:
    best, z = fact.best, fact.z
    reason = fact.decision.reason or HaltReason.MAX_STEPS
    verdict = best.verdict or x.baseline
    solved = best.touched != () and verdict.passed
    proposal = propose(x, best, z) if best.touched else None
    log.skills = tuple(dict.fromkeys(commit.family for commit in best.commits))
    log.counts = verdict.counts
    if solved and proposal is not None:
        tests = "1 test" if proposal.passes == 1 else f"{proposal.passes} tests"
        summary = f"Passes {tests} ({proposal.grade}) with a change of {size(proposal.diff)}."
    elif proposal is not None:
        summary = (
            f"Not solved: {reason.sentence}. The best so far leaves {len(verdict.failing)} of "
            f"{len(verdict.targets)} failing."
        )
    else:
        judged = f"{counted(z.tried, 'candidate')} {_were(z.tried)} judged"
        summary = f"Not solved: {reason.sentence}. {judged}{'' if z.survivors else ', and none passes'}."
    if not solved:
        summary = " ".join((summary, *_unjudged(z), *dict.fromkeys(z.beyond)))
    return _end(
        log,
        reason,
        summary,
        solved=solved,
        verdict=verdict,
        proposal=proposal,
        depth=fact.step,
        # What was ruled out is long, and known from the step before.
        z=z.model_copy(update={"ruled_out": (), "memory": None}),
    )


def _unjudged(z: Reasoning) -> Iterator[str]:
    """What is known of the candidates that had no verdict in time."""
    if passing := len(z.survivors):
        shown = "it was" if passing == 1 else "they were"
        yield (
            f"{counted(passing, 'candidate')} passed what {shown} shown, and {_were(passing)} not judged to the end."
        )


def _were(count: int) -> str:
    return "was" if count == 1 else "were"


def _end(log: _Log, reason: HaltReason, summary: str, *, solved: bool = False, **facts: Any) -> AnyEvent:
    return log(events.Halted, decision=reason, halt=reason, solved=solved, summary=summary, **facts)


def _nothing(task: Task, baseline: Verdict) -> str:
    passed = baseline.counts.passed
    if task.focus is not None:
        return f"Nothing to refine: no failing test reaches {task.focus.name or task.focus.path}."
    if not passed:
        return "Nothing to refine: no test failed, and none passed either (they are skipped)."
    return f"Nothing to refine: {passed} test{'s' * (passed != 1)} pass{'es' * (passed == 1)} already."
