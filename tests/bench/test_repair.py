"""Repairs are counted for what they are, and the controls are able to repair."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fakes import FakeClock, FakeJudge, task_of, verdict
from projects import NO_PLUGINS, make
from repair_runs import made

from bench import injected, large, repair, runs, tables, tasks
from bench.packages import PACKAGES
from bench.repairing import ALL_ARMS, ARMS, TRM, Report, Watched, as_json, run
from bench.runs import Budget, Memory, Run, every, measured
from bench.tasks import DEVELOPMENT, ONE, OWN, SETS, Judged, Laid, Task
from trm_lsp.core.budget import WORK_UNITS
from trm_lsp.core.budget import Budget as EngineBudget
from trm_lsp.core.ports import X
from trm_lsp.core.state import Candidate, Reasoning, Variant
from trm_lsp.core.verdict import Tier
from trm_lsp.workspace.files import fingerprint

PYTHON = Path(sys.executable)
ONE_EDIT = {
    "pyproject.toml": f'[tool.trm.test]\nenv = ["{NO_PLUGINS}"]\n',
    "calc.py": "def double(n):\n    return n + 1\n",
    "test_calc.py": "from calc import double\n\n\ndef test_double():\n    assert double(3) == 6\n",
}
REFUSING = {
    "calc.py": "def double(n):\n    return n + 1\n",
    "test_calc.py": "from calc import double\n\n\ndef test_double():\n    assert double(2) == 4\n",
    "test_more.py": "from calc import double\n\n\ndef test_none():\n    assert double(1) == 2\n",
}
"""`n + 2` and `n + n` pass the test that is shown; the other one, which passes before, refuses the first of these."""
TWO_EDITS = {
    **ONE_EDIT,
    "calc.py": "def both(a, b):\n    return a - b, a - b\n",
    "test_calc.py": "from calc import both\n\n\ndef test_both():\n"
    "    assert both(5, 3) == (8, 15)\n    assert both(7, 4) == (11, 28)\n    assert both(9, 6) == (15, 54)\n",
}


# Arms


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a project."""
    monkeypatch.setenv(NO_PLUGINS, "1")
    root = tmp_path / "project"
    root.mkdir()
    return root


def repaired(root: Path, files: dict[str, str], arm: str, seconds: float = 30.0) -> Report:
    return run(make(root, files), ["test_calc.py"], PYTHON, arm, seconds=seconds, seed=0)


@pytest.mark.parametrize("arm", ALL_ARMS)
def test_every_arm_finds_a_bug_of_one_edit_and_leaves_the_workspace_as_it_was(arm: str, root: Path) -> None:
    before = fingerprint(make(root, ONE_EDIT))
    report = repaired(root, ONE_EDIT, arm)
    assert report.solved and report.halt == "passed" and not report.error
    assert report.answer in report.survivors
    found: dict[str, object] = {}
    exec(report.answer["calc.py"], found)
    assert found["double"](3) == 6  # type: ignore[operator]
    assert fingerprint(root) == before


def test_the_flat_queue_finds_a_bug_of_two_edits(root: Path) -> None:
    report = repaired(root, TWO_EDITS, "flat")
    assert report.answer["calc.py"] == "def both(a, b):\n    return a + b, a * b\n"


def test_single_edits_come_to_an_end_without_an_answer_to_a_bug_of_two(root: Path) -> None:
    report = repaired(root, TWO_EDITS, "exhaustive")
    assert (report.solved, report.halt, report.answer, report.grade) == (False, "stuck", {}, "")
    assert report.tried > 0 and report.first_passed is None and report.answered is None


def test_a_report_says_when_things_happened(root: Path) -> None:
    report = repaired(root, ONE_EDIT, TRM)
    told = json.loads(as_json(report))
    assert tuple(told) == Report._fields
    moments = [told[name] for name in ("baseline", "first_judged", "first_passed", "answered")]
    for what in ("seconds", "cpu", "work", "tried"):
        values = [moment[what] for moment in moments] + [told[what]]
        assert values == sorted(values)
    assert moments[0]["work"] == 0 < moments[1]["work"]
    assert told["memory"] > 10


class Passing:
    """A net that has two candidates confirmed, one in each z-update, and offers nothing."""

    name = "passing"

    def start(self, x: X, seed: int) -> tuple[Candidate, Reasoning]:
        return Candidate(), Reasoning()

    def __call__(self, *state: Any) -> Any:
        if len(state) == 2:
            return state[0]
        x, _, z = state
        text = f"answer {z.tried}\n"
        list(x.judge([Variant({"m.py": text, "other.py": "kept\n"})], Tier.CONFIRM))
        return z.model_copy(update={"tried": z.tried + 1})


def test_moments_are_those_of_each_patch_by_the_engines_own_meter() -> None:
    base = {"m.py": "base\n", "other.py": "kept\n"}
    watched = Watched(Passing())
    meter = watched.metered(EngineBudget(), FakeClock(), lambda: False)
    judge = meter.judging(FakeJudge(base, lambda *_: verdict("passed")))
    x = dataclasses.replace(
        task_of(base, FakeJudge(base, lambda *_: verdict("failed")), verdict("failed")), judge=judge
    )
    y, z = watched.start(x, 0)
    z = watched(x, y, z)
    list(judge([Variant({})], Tier.COLD))  # a step's verdict, which the net does not see
    watched(x, y, z)
    first, second = (watched.passed({"m.py": f"answer {number}\n"}) for number in (0, 1))
    assert first == watched.first_passed and watched.passed({"m.py": "base\n"}) is None
    confirm, cold = WORK_UNITS[Tier.CONFIRM], WORK_UNITS[Tier.COLD]
    assert first is not None and second is not None and (first.work, second.work) == (confirm, 2 * confirm + cold)
    assert watched.now().work == meter.spent.work


def test_an_answer_that_the_suite_leaves_counts_from_when_it_passed(root: Path) -> None:
    report = repaired(root, {**ONE_EDIT, **REFUSING}, "exhaustive")
    assert report.solved and report.first_passed is not None and report.answered is not None
    assert report.answered.work > report.first_passed.work


def test_what_cannot_be_run_is_an_error(root: Path) -> None:
    report = run(make(root, ONE_EDIT), [], root / "no-python", TRM, seconds=5, seed=0)
    assert not report.solved and "does not start" in report.error


# Tasks


def task(files: dict[str, str], hidden: str, python: Path = PYTHON, **facts: object) -> Task:
    """A task whose visible test is `test_calc.py`, and whose hidden test is an expression about `calc`."""

    def lay(folder: Path) -> Laid:
        return Laid(make(folder, files), ("test_calc.py",), python, {NO_PLUGINS: "1"})

    def judge(root: Path) -> Judged:
        found: dict[str, object] = {}
        exec((root / "calc.py").read_text(), found)
        return Judged(bool(eval("double(3) == 6", found)), bool(eval(hidden, found)))

    return Task(**{"id": "tiny", "set": ONE, "kinds": (), "lay": lay, "judge": judge, "digest": "", **facts})  # type: ignore[arg-type]


BUDGET = Budget(20.0, None, 0)


def test_a_right_answer_is_correct(tmp_path: Path) -> None:
    found = measured(task(ONE_EDIT, "double(3) == 6"), TRM, BUDGET, tmp_path)
    assert (found.plausible, found.correct, found.among, found.error) == (True, True, True, "")
    assert found.halt == "passed" and found.grade


def test_an_answer_that_fails_the_hidden_tests_is_plausible_and_wrong(tmp_path: Path) -> None:
    found = measured(task(ONE_EDIT, "double(5) == 'ten'"), "exhaustive", BUDGET, tmp_path)
    assert (found.plausible, found.correct, found.among, found.error) == (True, False, False, "")


def test_a_run_that_fails_is_not_solved_and_says_why(tmp_path: Path) -> None:
    found = measured(task(ONE_EDIT, "True", tmp_path / "no-python"), TRM, BUDGET, tmp_path)
    assert not (found.plausible or found.correct or found.among)
    assert "does not start" in found.error
    assert "1 of 1 runs failed" in tables.tables([found], 0, {})


def test_a_process_that_dies_is_not_solved_and_says_why(tmp_path: Path) -> None:
    def lay(folder: Path) -> Laid:
        return Laid(folder, (), PYTHON, {"": "no name at all"})

    found = measured(task(ONE_EDIT, "True", lay=lay), TRM, BUDGET, tmp_path)
    assert not found.plausible and found.error and found.halt == "failed"


def test_the_development_set_is_laid_without_what_is_hidden_and_judged_by_its_own_program(tmp_path: Path) -> None:
    entry = {"id": "x_1", "files": {"a/calc.py": "1\n"}, "tests": ["a/test.py"], "hidden": {"reference": "secret"}}
    program = (
        "import json, pathlib, sys\nverb, file, out, name = sys.argv[1:]\n"
        "text = (pathlib.Path(out) / name / 'a/calc.py').read_text()\n"
        "print(json.dumps({'id': name, 'plausible': verb == 'judge', 'correct': text == '2\\n'}))\nprint('{}')\n"
    )
    folder = make(tmp_path / "set", {"humanevalfix-dev.jsonl": json.dumps(entry) + "\n", "tasks.py": program})
    (one,) = tasks.development(folder, PYTHON)
    assert (one.id, one.set, one.kinds) == ("x_1", DEVELOPMENT, (tasks.parity("x_1"),))
    (tmp_path / "out").mkdir()
    laid = one.lay(tmp_path / "out")
    assert [path.read_text() for path in laid.root.rglob("*.py")] == ["1\n"]
    assert one.judge(laid.root) == (True, False)
    with runs.written(laid.root, {"a/calc.py": "2\n"}):
        assert one.judge(laid.root) == (True, True)
    assert (laid.root / "a/calc.py").read_text() == "1\n"


def test_a_task_is_known_by_all_that_it_consists_of(tmp_path: Path) -> None:
    entry: dict[str, Any] = {"id": "x", "files": {"calc.py": "1\n"}, "tests": ["test.py"], "hidden": {"reference": "s"}}

    def digest(entry: dict[str, Any], program: str = "judge") -> str:
        files = {"humanevalfix-dev.jsonl": json.dumps(entry) + "\n", "tasks.py": program}
        (one,) = tasks.development(make(tmp_path / "set", files), PYTHON)
        return one.digest

    same = digest(entry)
    changes = ({"files": {"calc.py": "2\n"}}, {"tests": ["other.py"]}, {"hidden": {"reference": "t"}})
    others = {digest({**entry, **change}) for change in changes} | {digest(entry, "judge otherwise")}
    assert digest(entry) == same and len(others - {same}) == 4


def test_injected_bugs_are_known_by_texts_and_tests_and_large_packages_by_size_and_seed() -> None:
    texts, shown, failing = {"src/attr/a.py": "1\n"}, ("t1",), ("t1", "t2")
    bug = injected.Bug("attrs 1", "attrs", "injector", 1, texts, shown, failing, False, ("f",))
    suite: Any = SimpleNamespace(package=next(package for package in PACKAGES if package.name == bug.package))
    changes: tuple[dict[str, Any], ...] = ({}, {"files": {"src/attr/a.py": "2\n"}}, {"shown": ("t2",)})
    bugs = [dataclasses.replace(bug, **change) for change in changes]
    assert len({tasks._injected(each, suite, threading.Lock()).digest for each in [*bugs, bug]}) == len(changes)
    sizes = [(0, large.Size(3)), (1, large.Size(3)), (0, large.Size(4))]
    assert len({tasks.one_large(seed, size, PYTHON).digest for seed, size in sizes}) == len(sizes)
    assert len({one.digest for one in tasks.own(PYTHON)}) == len(tasks.own(PYTHON))


def test_ids_are_odd_or_even_by_their_digest() -> None:
    assert [tasks.parity(name) for name in ("a", "b", "c", "d")] == ["odd", "odd", "even", "even"]


def test_our_own_bugs_are_tasks_that_are_repaired_by_undoing_them(tmp_path: Path) -> None:
    from bench import realistic

    bug, one = realistic.bugs()[0], tasks.own(PYTHON)[0]
    laid = one.lay(tmp_path)
    assert laid.tests == bug.failing and one.set == OWN and one.kinds == (bug.kind,)
    assert one.judge(laid.root) == (False, False)
    with runs.written(laid.root, bug.undone):
        assert one.judge(laid.root) == (True, True)


def test_a_large_package_has_its_lines_and_tests_and_one_bug(tmp_path: Path) -> None:
    assert large.FULL.lines >= 50_000 and large.FULL.tests == 2000
    size = large.Size(3)
    root = large.lay(tmp_path, 0, size)
    assert sum(path.read_text().count("\n") for path in root.glob("atlas/**/*.py")) == size.lines
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    said = subprocess.run(command, cwd=root, capture_output=True, text=True).stdout
    assert f"1 failed, {size.tests - 1} passed" in said


def test_a_sample_is_the_same_for_a_seed_and_takes_from_every_set() -> None:
    many = [task({}, "", id=f"{name} {number}", set=name) for name in SETS for number in range(9)]
    few = repair.drawn(many, 2, 1)
    assert [one.set for one in few] == [name for name in SETS for _ in range(2)]
    assert (
        [one.id for one in repair.drawn(many, 2, 1)]
        == [one.id for one in few]
        != [one.id for one in repair.drawn(many, 2, 2)]
    )
    assert repair.drawn(many, None, 1) == many
    assert {one.id for one in few} < {one.id for one in repair.drawn(many, 3, 1)}


# Remembering


def test_what_was_run_is_not_run_anew_until_code_or_budget_change(tmp_path: Path) -> None:
    file, ran = tmp_path / "repair.jsonl", []

    def measure(one: Task, arm: str) -> Run:
        ran.append(arm)
        return made(arm, one.id)

    chosen = [task({}, "", id="t")]
    first = list(every(chosen, ARMS, Memory(file, "abc", BUDGET), measure))
    with file.open("a") as unfinished:
        unfinished.write('{"about": [')  # as when the command is killed
    assert list(every(chosen, ARMS, Memory(file, "abc", BUDGET), measure)) == first
    assert ran == list(ARMS)
    more = [*chosen, task({}, "", id="u")]
    assert len(list(every(more, [TRM], Memory(file, "abc", BUDGET), measure))) == 2
    assert len(list(every(more, [TRM], Memory(file, "abc", BUDGET), measure))) == 2
    others = (("abd", BUDGET), ("abc", BUDGET._replace(seconds=5.0)), ("abc", BUDGET._replace(jobs=2)))
    for memory in (Memory(file, *other) for other in others):
        list(every(chosen, [TRM], memory, measure))
    assert ran == [*ARMS, *[TRM] * 4]
    list(every([task({}, "", id="t", digest="another")], [TRM], Memory(file, "abc", BUDGET), measure))
    assert ran == [*ARMS, *[TRM] * 5]


def test_what_a_run_depends_on_makes_the_version(tmp_path: Path) -> None:
    for name in runs.MEASURED:
        source, copy = runs.REPOSITORY / name, tmp_path / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if source.is_dir() else shutil.copy)(source, copy)
    before = runs.version(tmp_path)
    assert before == runs.version(tmp_path)
    (tmp_path / "README.md").write_text("words")
    assert runs.version(tmp_path) == before
    with (tmp_path / "bench/controls.py").open("a") as file:
        file.write("# another\n")
    assert runs.version(tmp_path) != before


def test_no_run_is_begun_after_its_time_and_none_that_was_begun_is_lost(tmp_path: Path) -> None:
    memory, ran = Memory(tmp_path / "repair.jsonl", "abc", BUDGET), []

    def measure(one: Task, arm: str) -> Run:
        ran.append(one.id)
        return made(arm, one.id)

    chosen = [task({}, "", id=f"t{number}") for number in range(9)]
    stopped = every(chosen, [TRM], memory, measure)
    next(stopped)
    stopped.close()
    assert {one.id for one in chosen if memory.get(one, TRM)} == set(ran) >= {"t0"}
    done = len(ran)
    assert len(list(every(chosen, [TRM], memory, measure, until=0.0))) == done == len(ran)


def test_what_is_left_is_told_by_what_runs_have_taken(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "repair.jsonl", "abc", BUDGET)
    chosen = [task({}, "", id=f"t{number}") for number in range(3)]
    most = BUDGET.seconds + runs.BESIDES
    assert runs.left(chosen, [TRM, "flat"], memory, BUDGET._replace(jobs=2)) == (6, 0, 3 * most, 3 * most)
    memory.add(chosen[0], made(TRM, "t0", took=4.0))
    assert runs.left(chosen, [TRM, "flat"], memory, BUDGET) == (5, 1, 2 * 4.0 + 3 * most, 5 * most)
    assert str(runs.left(chosen[:1], [TRM], memory, BUDGET)) == "All 1 runs are remembered."


def test_each_run_has_a_core_of_its_own_with_all_it_starts(tmp_path: Path) -> None:
    there, both = runs.cores(), threading.Barrier(min(2, len(runs.cores())))
    asked = "import os; print(*os.sched_getaffinity(0))"
    used: dict[str, str] = {}

    def measure(one: Task, arm: str) -> Run:
        both.wait()  # both are under way
        used[one.id] = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True).stdout
        both.wait()
        return made(arm, one.id)

    chosen = [task({}, "", id=f"t{number}") for number in range(both.parties)]
    before = os.sched_getaffinity(0)
    memory = Memory(tmp_path / "repair.jsonl", "abc", BUDGET)
    list(every(chosen, [TRM], memory, measure, jobs=both.parties))
    assert sorted(map(int, used.values())) == sorted(there[: both.parties])
    assert os.sched_getaffinity(0) == before


# Tables


def test_answers_are_counted_by_what_they_are_worth() -> None:
    runs = [
        made(name="a", set=DEVELOPMENT, kinds=("odd",), plausible=True, among=True, correct=True),
        made(name="b", set=DEVELOPMENT, kinds=("even",), plausible=True, among=True),
        made(name="c", set=DEVELOPMENT, kinds=("odd",), plausible=True),
        made("flat", name="a", set=DEVELOPMENT, kinds=("odd",)),
    ]
    rows = {row.figure: row for row in tables.sets_rows(runs, {})}
    whole = rows["development set, plausible / a correct one among survivors / correct first"]
    assert (whole.measured, whole.control) == ("3 / 2 / 1 of 3", "flat 0 / 0 / 0 of 1")
    assert rows["development set, odd"].measured == "2 / 1 / 1 of 2"
    assert rows["development set, even"].measured == "1 / 1 / 0 of 1"


def test_bugs_with_nothing_hidden_count_as_plausible_alone() -> None:
    runs = [made(name="a", plausible=True, correct=True, among=True, single=True), made(name="b", plausible=True)]
    rows = {row.figure: row.measured for row in tables.sets_rows(runs, {})}
    assert rows[f"{ONE}, correct first"].startswith("0 % (0 of 1")
    assert rows[f"{ONE}, plausible / a correct one among survivors"] == "2 of 2 / 0 of 1"


def test_a_set_that_is_not_there_is_said_to_be_missing() -> None:
    said = tables.tables([], 0, {DEVELOPMENT: "needs --development"})
    assert "not run: needs --development" in said


def test_tasks_without_a_passing_patch_count_in_the_median() -> None:
    quick = made(set=DEVELOPMENT, first_passed={"seconds": 1.5, "cpu": 1.5, "work": 9.0, "tried": 1})
    assert tables._first_cpu([quick]).startswith("0.50 s after the baseline, 1.50 s")
    assert tables._first_cpu([quick, made(), made()]).startswith("never")


def test_tables_have_every_part() -> None:
    runs = [made(arm, name, grade="unique", correct=True, plausible=True) for arm in ARMS for name in "ab"]
    said = tables.tables(runs, 0, {})
    for part in ("injected one edit, attrs", "grade: unique", "Brier", "memory of the engine", *ARMS):
        assert part in said
