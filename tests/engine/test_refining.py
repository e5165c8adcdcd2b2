"""refine(): the stream of events, whatever goes wrong."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fakes import FakeJudge, meter, task_of, verdict
from projects import (
    CALC,
    RIGHT,
    TEST,
    TESTS,
    WRONG,
    buffer,
    copies,
    end,
    make,
    notices,
    settings,
    task,
    untouched,
    without_power,
)

from trm_lsp.core.budget import Budget
from trm_lsp.core.consent import Question
from trm_lsp.core.events import AnyEvent, BaselineJudged, Halted, Notice, RunStarted, Shape, ZUpdated, load_event
from trm_lsp.core.halting import HaltReason
from trm_lsp.core.state import Focus
from trm_lsp.core.supervision import Ended, deep_supervision
from trm_lsp.core.verdict import Frozen, Tier, Verdict
from trm_lsp.engine.refine import refine, taught
from trm_lsp.nets.repair import RepairNet
from trm_lsp.settings import Settings
from trm_lsp.store import EventLog, StoreError

TWO = {
    "calc.py": WRONG + "\n\ndef double(a):\n    return a * 3\n\n\ndef unused(a):\n    return a\n",
    "test_calc.py": TEST + "\n\ndef test_double():\n    import calc\n\n    assert calc.double(2) == 4\n",
}


def agree(_question: Question) -> bool:
    """A user who confirms everything."""
    return True


def run(root: Path, *tests: str, knobs: Settings | None = None, **facts: Any) -> list[AnyEvent]:
    """All events of a refinement, confirmed; facts of the task and keywords of refine() by name."""
    given = {name: facts.pop(name) for name in ("store", "notices") if name in facts}
    return list(refine(task(root, *tests, **facts), knobs or settings(), ask=agree, **given))


def test_a_failing_test_in_a_passing_diff_out(root: Path) -> None:
    with untouched(make(root, CALC)):
        events = run(root)
    last = end(events)
    assert last.solved and last.decision is HaltReason.PASSED
    assert last.run.task_type == "fix/assertion"
    assert last.proposal is not None
    assert last.proposal.texts == {"calc.py": RIGHT}
    assert last.proposal.passes == 1
    assert last.proposal.diff.splitlines()[:2] == ["--- a/calc.py", "+++ b/calc.py"]
    assert last.depth >= 1


def test_the_stream_begins_and_ends_as_it_should(root: Path) -> None:
    events = run(make(root, CALC))
    assert isinstance(events[0], RunStarted)
    assert [isinstance(event, Halted) for event in events] == [False] * (len(events) - 1) + [True]
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    steps = [event.step for event in events]
    assert steps == sorted(steps)


@pytest.mark.parametrize(
    ("files", "tests", "facts", "said"),
    [
        ({}, (), {}, "No tests were found in {root}."),
        (
            {**CALC, "calc.py": "def sub(\n"},
            (),
            {},
            "calc.py has a syntax error in line 1: '(' was never closed. Mend it first.",
        ),
        (CALC, ("test_gone.py",), {}, "could not be run: ERROR: file or directory not found: test_gone.py."),
        (CALC, ("test_calc.py::test_gone",), {}, "pytest does not know test_calc.py::test_gone."),
        (
            CALC,
            (),
            {"command": "no-such-tool"},
            "`no-such-tool` could not be run: /bin/sh: no-such-tool: not found.",
        ),
        (CALC, (), {"command": "pytest '"}, "The test command `pytest '` cannot be read: No closing quotation."),
        (CALC, (), {"buffers": (buffer("../x.py", ""),)}, "../x.py lies outside the workspace: "),
    ],
)
def test_a_broken_environment_is_one_sentence(
    root: Path, temporary: Path, files: Any, tests: tuple[str, ...], facts: Any, said: str
) -> None:
    with untouched(make(root, files)):
        events = run(root, *tests, **facts)
    assert isinstance(events[0], RunStarted)
    last = end(events)
    assert last.decision is HaltReason.BROKEN and not last.solved and last.proposal is None
    assert said.format(root=root) in last.summary and "\n" not in last.summary
    assert copies(temporary) == []


def test_an_interpreter_that_does_not_start_is_one_sentence(root: Path) -> None:
    events = run(make(root, CALC), knobs=settings(python="/no/such/python"))
    assert isinstance(events[0], RunStarted) and events[0].python == "/no/such/python"
    assert end(events).summary == (
        "The interpreter /no/such/python does not start (No such file or directory): set trm.python to one that does."
    )


def test_tests_that_pass_already_are_nothing_to_refine(root: Path) -> None:
    last = end(run(make(root, {**CALC, "calc.py": RIGHT})))
    assert last.decision is HaltReason.NOTHING
    assert last.summary == "Nothing to refine: 1 test passes already."


def test_a_function_has_the_failing_tests_that_reach_it_as_targets(root: Path) -> None:
    make(root, TWO)
    events = run(root, focus=Focus(path="calc.py", first_line=5, last_line=6, name="double"))
    (baseline,) = (event for event in events if isinstance(event, BaselineJudged))
    assert baseline.verdict.targets == ("test_calc.py::test_double",)
    last = end(events)
    assert last.solved and last.proposal is not None
    assert last.proposal.texts["calc.py"] == TWO["calc.py"].replace("a * 3", "a * 2")


def test_a_function_that_no_failing_test_reaches_is_nothing_to_refine(root: Path) -> None:
    last = end(run(make(root, TWO), focus=Focus(path="calc.py", first_line=9, last_line=10, name="unused")))
    assert last.decision is HaltReason.NOTHING
    assert last.summary == "Nothing to refine: no failing test reaches unused."


def test_a_budget_ends_a_run(root: Path) -> None:
    hopeless = {**CALC, "test_calc.py": "from calc import sub\n\n\ndef test_sub():\n    assert sub(3, 2) == 'never'\n"}
    for knobs, reason in (
        ({"budget": {"work": 1}}, HaltReason.BUDGET),
        ({"budget": {"seconds": 0.001}}, HaltReason.BUDGET),
        ({"loop": {"steps": 1}}, HaltReason.MAX_STEPS),
    ):
        last = end(run(make(root, hopeless), knobs=settings(**knobs)))
        assert last.decision is reason and not last.solved


@pytest.mark.parametrize("after", [0, 1, 2, 4])
def test_a_cancel_after_any_event_ends_the_run(root: Path, temporary: Path, after: int) -> None:
    seen: list[AnyEvent] = []
    for event in refine(task(make(root, CALC)), settings(), cancelled=lambda: len(seen) > after, ask=agree):
        seen.append(event)
    assert end(seen).decision is HaltReason.CANCELLED
    assert copies(temporary) == []


def test_a_reader_that_stops_reading_leaves_nothing(root: Path, temporary: Path) -> None:
    events = refine(task(make(root, CALC)), settings(), ask=agree)
    for event in events:
        if isinstance(event, BaselineJudged):
            break
    assert len(copies(temporary)) == 1
    events.close()
    assert copies(temporary) == []


def test_the_same_seed_and_work_budget_repeat_a_run(root: Path) -> None:
    make(root, {**TWO, "test_more.py": "from calc import sub\n\n\ndef test_more():\n    assert sub(5, 5) == 0\n"})
    knobs = settings(loop={"seed": 7}, budget={"work": 4000, "seconds": 600})
    one, two = (run(root, knobs=knobs) for _ in range(2))
    assert [timeless(event) for event in one] == [timeless(event) for event in two]


VOLATILE = {"time", "seconds", "cpu_seconds", "output", "message"}


def timeless(value: Any) -> Any:
    """An event without what the clock decides."""
    if isinstance(value, Frozen):
        value = value.model_dump(mode="json")
    if isinstance(value, dict):
        return {key: timeless(part) for key, part in value.items() if key not in VOLATILE}
    return [timeless(part) for part in value] if isinstance(value, list) else value


# --- survivors ----------------------------------------------------------------------------------


def test_a_cancel_while_an_answer_waits_for_its_verdict_says_what_passed(root: Path) -> None:
    make(root, CALC)
    seen: list[AnyEvent] = []

    def cancelled() -> bool:
        return any(isinstance(event, ZUpdated) and "passes everything it was shown" in event.thought for event in seen)

    for event in refine(task(root), settings(), cancelled=cancelled, ask=agree):
        seen.append(event)
    last = end(seen)
    assert last.decision is HaltReason.CANCELLED and last.proposal is None and last.z is not None
    passing = len(last.z.survivors)
    what = "1 candidate passed what it was shown, and was" if passing == 1 else f"{passing} candidates passed"
    assert last.summary.startswith(f"Not solved: it was cancelled. {last.z.tried} candidates were judged. {what}")
    assert last.summary.endswith("not judged to the end.")


def test_where_nothing_passes_the_summary_says_so(root: Path) -> None:
    hopeless = {**CALC, "test_calc.py": "from calc import sub\n\n\ndef test_sub():\n    assert sub(3, 2) == 'never'\n"}
    last = end(run(make(root, hopeless), knobs=settings(loop={"steps": 1})))
    assert last.summary.endswith("candidates were judged, and none passes.")


def test_where_the_cold_run_refuses_the_answer_and_ends_the_budget_the_next_survivor_is_judged() -> None:
    base = {"calc.py": WRONG}
    answers = [RIGHT, WRONG.replace("a + b", "a * b")]
    cold: list[str] = []

    def says(texts: Mapping[str, str], tier: Tier) -> Verdict:
        passes = texts["calc.py"] in answers
        if tier is Tier.COLD:
            cold.append(texts["calc.py"])
            passes = len(cold) > 1
            counter.count(work=10_000)
        return verdict("passed" if passes else "failed")

    judge, counter = FakeJudge(base, says), meter(Budget(work=10_000))
    x = task_of(base, judge, verdict("failed"))
    x = replace(x, judge=counter.judging(judge))
    net = RepairNet()
    *_, last = deep_supervision(net, x, *net.start(x, 0), shape=Shape(), meter=counter, learn=taught)
    assert isinstance(last, Ended)
    assert last.decision.reason is HaltReason.PASSED
    assert sorted(cold) == sorted(answers)
    assert [attempt.texts["calc.py"] for attempt in last.z.survivors] == [last.best.texts["calc.py"]] == cold[1:]


# --- what remembers -----------------------------------------------------------------------------


class Full(EventLog):
    """A real log on a disk that is full from the given event on: SQLite itself refuses."""

    def __init__(self, root: Path, at: int) -> None:
        super().__init__(root)
        self._at = at

    def append(self, event: Frozen) -> None:
        if event.seq == self._at:  # type: ignore[attr-defined]
            pages = self._connection.execute("PRAGMA page_count").fetchone()[0]
            self._connection.execute(f"PRAGMA max_page_count = {pages}")
        super().append(event.model_copy(update={"summary": "x" * 100_000}) if isinstance(event, Halted) else event)


@pytest.mark.parametrize("at", [1, 2, 3])
def test_a_store_that_fails_in_the_middle_gives_one_notice_and_the_run_goes_on(root: Path, at: int) -> None:
    make(root, CALC)
    with Full(root, at) as log:
        events = run(root, store=log)
    assert end(events).solved
    (said,) = notices(events)
    assert said.endswith("The rest of this run will not be remembered.") and "full" in said


def test_a_store_that_fails_at_once_is_said_when_there_is_nothing_to_refine(root: Path) -> None:
    class Failing:
        def append(self, event: Frozen) -> None:
            raise StoreError("It is broken.")

    events = run(make(root, {**CALC, "calc.py": RIGHT}), store=Failing())
    assert notices(events) == ["It is broken. The rest of this run will not be remembered."]
    assert end(events).decision is HaltReason.NOTHING


def test_every_event_is_remembered_as_it_was_said(root: Path) -> None:
    make(root, CALC)
    with EventLog(root) as log:
        events = run(root, store=log)
        assert list(log.events()) == [load_event(event.model_dump_json()) for event in events]


def test_a_corrupt_database_is_set_aside_and_said(root: Path) -> None:
    make(root, {**CALC, ".trm/trm.db": b"not a database" * 100})
    with EventLog(root) as log:
        events = run(root, store=log, notices=log.notices)
    assert end(events).solved
    (said,) = notices(events)
    assert "was damaged" in said and "it is kept as trm.db.corrupt-1" in said
    assert (root / ".trm" / "trm.db.corrupt-1").read_bytes() == b"not a database" * 100
    assert isinstance(events[1], Notice)
    with sqlite3.connect(root / ".trm" / "trm.db") as connection:
        assert connection.execute("SELECT count(*) FROM events").fetchone()[0] == len(events)


def test_a_read_only_workspace_is_refined_all_the_same(root: Path, tmp_path: Path) -> None:
    make(root, CALC)
    code = (
        "import sys; from pathlib import Path; from projects import *; from trm_lsp.store import EventLog\n"
        "root = Path(sys.argv[1])\n"
        "with EventLog(root) as log:\n"
        "    events = list(refine(task(root), settings(), store=log, notices=log.notices, ask=lambda question: True))\n"
        "print(end(events).solved, *notices(events), sep='\\n')\n"
    )
    for path in (root / "calc.py", root / "test_calc.py", root):
        path.chmod(path.stat().st_mode & ~0o222)
    env = {**os.environ, "PYTHONPATH": str(TESTS), "XDG_STATE_HOME": str(tmp_path / "state")}
    with untouched(root):
        done = subprocess.run(
            [sys.executable, "-c", code, str(root)], env=env, preexec_fn=without_power, capture_output=True, text=True
        )
    root.chmod(0o755)
    assert done.stderr == ""
    solved, said = done.stdout.splitlines()
    assert solved == "True"
    assert said.startswith(
        f"{root / '.trm'} cannot be written (Permission denied): the log is kept in {tmp_path}/state"
    )


# --- texts --------------------------------------------------------------------------------------


@pytest.mark.parametrize("end_of_line", ["\n", "\r\n"])
@pytest.mark.parametrize("bom", [False, True])
def test_the_answer_keeps_line_ends_and_characters_in_the_edited_line(root: Path, end_of_line: str, bom: bool) -> None:
    lines = ["# späße 𝒳", "def sub(a, b):", '    """Größe 😀"""; return a + b  # 😀 é', ""]
    text = end_of_line.join(lines)
    make(root, {"calc.py": (b"\xef\xbb\xbf" if bom else b"") + text.encode(), "test_calc.py": TEST})
    last = end(run(root))
    assert last.solved and last.proposal is not None
    assert last.proposal.texts == {"calc.py": text.replace("a + b", "a - b")}
    (hunk,) = last.proposal.hunks
    assert text[hunk.start : hunk.end] == hunk.before == lines[2] + end_of_line


def test_the_answer_is_against_the_buffer_and_its_version(root: Path) -> None:
    make(root, {**CALC, "calc.py": RIGHT})
    text = "# not saved yet\n" + WRONG
    last = end(run(root, buffers=(buffer("calc.py", text),)))
    assert last.solved and last.proposal is not None
    assert last.proposal.texts == {"calc.py": "# not saved yet\n" + RIGHT}
    assert last.proposal.versions == {"calc.py": 1}
    assert last.proposal.base_digests == {"calc.py": buffer("calc.py", text).digest}
    assert (root / "calc.py").read_text() == RIGHT


def test_a_command_that_cannot_be_traced_still_repairs_and_its_script_stays_as_it_is(root: Path) -> None:
    make(root, {"calc.py": CALC["calc.py"], "check.py": "from calc import sub\nassert sub(3, 2) == 1\n"})
    halted = end(run(root, command="python check.py"))
    assert halted.solved and halted.proposal is not None
    assert list(halted.proposal.texts) == ["calc.py"]


def test_a_test_file_with_a_name_of_its_own_stays_as_it_is(root: Path) -> None:
    files = {"calc.py": WRONG, "checks.py": TEST}
    make(root, {**files, "pytest.ini": "[pytest]\npython_files = checks.py\n"})
    halted = end(run(root))
    assert halted.proposal is not None and list(halted.proposal.texts) == ["calc.py"]


def test_a_name_that_is_misspelt_at_import_is_repaired(root: Path) -> None:
    code = "LIMITS = [1, 2]\nTOP = LIMIT[1]\n\n\ndef top():\n    return TOP\n"
    make(root, {"calc.py": code, "test_calc.py": "from calc import top\n\n\ndef test_top():\n    assert top() == 2\n"})
    halted = end(run(root))
    assert halted.proposal is not None
    assert halted.proposal.texts["calc.py"] == code.replace("LIMIT[", "LIMITS[")


def test_a_file_that_is_no_text_does_not_keep_a_command_from_being_repaired(root: Path) -> None:
    odd = {"odd.py": b"# \xff\xfe no UTF-8\n", "check.py": "from calc import sub\nassert sub(3, 2) == 1\n"}
    halted = end(run(make(root, {"calc.py": WRONG, **odd}), command="python check.py"))
    assert halted.solved and halted.proposal is not None
    assert list(halted.proposal.texts) == ["calc.py"]
