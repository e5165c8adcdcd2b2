"""Repairs are counted for what they are, and the controls are able to repair."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest
from projects import NO_PLUGINS, make

from bench import large, repair, tasks
from bench.controls import CONTROLS, Line, Trial, overlap, pairs
from bench.paired import e_value, mcnemar, median_ratio
from bench.repair import Budget, Memory, Run, drawn, every, measured, tables
from bench.repairing import ARMS, TRM, Report, as_json, run
from bench.tasks import DEVELOPMENT, ONE, OWN, SETS, TWO, Judged, Laid, Task
from trm_lsp.core.state import Edit
from trm_lsp.nets.repair.hypotheses import Hypothesis
from trm_lsp.workspace.files import fingerprint

PYTHON = Path(sys.executable)
ONE_EDIT = {
    "pyproject.toml": f'[tool.trm.test]\nenv = ["{NO_PLUGINS}"]\n',
    "calc.py": "def double(n):\n    return n + 1\n",
    "test_calc.py": "from calc import double\n\n\ndef test_double():\n    assert double(3) == 6\n",
}
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


@pytest.mark.parametrize("arm", ARMS)
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
    assert report.tried > 0 and report.first_passed is None


def test_a_report_says_when_things_happened(root: Path) -> None:
    report = repaired(root, ONE_EDIT, TRM)
    told = json.loads(as_json(report))
    assert tuple(told) == Report._fields
    moments = [told[name] for name in ("baseline", "first_judged", "first_passed")]
    for what in ("seconds", "cpu", "work", "tried"):
        values = [moment[what] for moment in moments] + [told[what]]
        assert values == sorted(values)
    assert moments[0]["work"] == 0 < moments[1]["work"]
    assert told["memory"] > 10


def test_what_cannot_be_run_is_an_error(root: Path) -> None:
    report = run(make(root, ONE_EDIT), [], root / "no-python", TRM, seconds=5, seed=0)
    assert not report.solved and "does not start" in report.error


# Lines of trials


def trial(start: int, end: int, rank: float) -> Trial:
    return Trial((Hypothesis((Edit("a.py", start, end, "x"),), "f", "w", "p", 1, 1, rank),), rank)


def test_pairs_come_once_each_the_likeliest_first_and_never_overlap() -> None:
    chance = random.Random(0)
    spans = [(start, start + chance.randrange(4)) for start in chance.choices(range(30), k=25)]
    singles = sorted((trial(*span, chance.random()) for span in spans), key=lambda one: -one.rank)
    found = list(pairs(singles))
    ranks = [pair.rank for pair in found]
    assert ranks == sorted(ranks, reverse=True)
    assert not any(overlap(pair.hypotheses[0].edits, pair.hypotheses[1].edits) for pair in found)
    possible = [
        frozenset((id(a.hypotheses[0]), id(b.hypotheses[0])))
        for i, a in enumerate(singles)
        for b in singles[i + 1 :]
        if not overlap(a.edits, b.edits)
    ]
    assert sorted(map(sorted, possible)) == sorted(sorted(map(id, pair.hypotheses)) for pair in found)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [((0, 2), (2, 4), False), ((0, 3), (2, 4), True), ((1, 1), (1, 1), True), ((1, 1), (1, 2), False)],
)
def test_edits_overlap_where_they_cannot_both_be_made(
    one: tuple[int, int], other: tuple[int, int], expected: bool
) -> None:
    assert overlap(trial(*one, 1).edits, trial(*other, 1).edits) is expected


def test_what_was_cut_short_comes_last_in_its_stage() -> None:
    first, second, third = (trial(number, number, 1.0) for number in range(3))
    line = Line(iter([iter([first, second]), iter([third])]))
    assert line.batch() == [first, second]
    line.put_off(first)
    assert line.batch() == [first._replace(cut=1)]
    assert line.batch() == [third]
    assert line.batch() == []


# Tasks


def task(files: dict[str, str], hidden: str, python: Path = PYTHON, **facts: object) -> Task:
    """A task whose visible test is `test_calc.py`, and whose hidden test is an expression about `calc`."""

    def lay(folder: Path) -> Laid:
        return Laid(make(folder, files), ("test_calc.py",), python, {NO_PLUGINS: "1"})

    def judge(root: Path) -> Judged:
        found: dict[str, object] = {}
        exec((root / "calc.py").read_text(), found)
        return Judged(bool(eval("double(3) == 6", found)), bool(eval(hidden, found)))

    return Task(**{"id": "tiny", "set": ONE, "kinds": (), "lay": lay, "judge": judge, **facts})  # type: ignore[arg-type]


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
    assert "1 of 1 runs failed" in tables([found], 0, {})


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
    with repair.written(laid.root, {"a/calc.py": "2\n"}):
        assert one.judge(laid.root) == (True, True)
    assert (laid.root / "a/calc.py").read_text() == "1\n"


def test_ids_are_odd_or_even_by_their_digest() -> None:
    assert [tasks.parity(name) for name in ("a", "b", "c", "d")] == ["odd", "odd", "even", "even"]


def test_our_own_bugs_are_tasks_that_are_repaired_by_undoing_them(tmp_path: Path) -> None:
    from bench import realistic

    bug, one = realistic.bugs()[0], tasks.own(PYTHON)[0]
    laid = one.lay(tmp_path)
    assert laid.tests == bug.failing and one.set == OWN and one.kinds == (bug.kind,)
    assert one.judge(laid.root) == (False, False)
    with repair.written(laid.root, bug.undone):
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
    few = drawn(many, 2, 1)
    assert [one.set for one in few] == [name for name in SETS for _ in range(2)]
    assert [one.id for one in drawn(many, 2, 1)] == [one.id for one in few] != [one.id for one in drawn(many, 2, 2)]
    assert drawn(many, None, 1) == many


# Remembering


def made(arm: str = TRM, name: str = "t", **facts: object) -> Run:
    moment = {"seconds": 1.0, "cpu": 1.0, "work": 0.0, "tried": 0}
    usual = {"set": ONE, "task": name, "kinds": ("injector", "attrs"), "single": False, "arm": arm}
    usual |= {"plausible": False, "correct": False, "among": False, "error": "", "baseline": moment}
    return Run(**{**usual, **facts})  # type: ignore[arg-type]


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
    for memory in (Memory(file, "abd", BUDGET), Memory(file, "abc", BUDGET._replace(seconds=5.0))):
        list(every(chosen, [TRM], memory, measure))
    assert ran == [*ARMS, TRM, TRM]


# Tables


def test_answers_are_counted_by_what_they_are_worth() -> None:
    runs = [
        made(name="a", set=DEVELOPMENT, kinds=("odd",), plausible=True, among=True, correct=True),
        made(name="b", set=DEVELOPMENT, kinds=("even",), plausible=True, among=True),
        made(name="c", set=DEVELOPMENT, kinds=("odd",), plausible=True),
        made("flat", name="a", set=DEVELOPMENT, kinds=("odd",)),
    ]
    rows = {row.figure: row for row in repair.sets_rows(runs, {})}
    whole = rows["development set, plausible / a correct one among survivors / correct first"]
    assert (whole.measured, whole.control) == ("3 / 2 / 1 of 3", "flat 0 / 0 / 0 of 1")
    assert rows["development set, odd"].measured == "2 / 1 / 1 of 2"
    assert rows["development set, even"].measured == "1 / 1 / 0 of 1"


def test_bugs_with_nothing_hidden_count_as_plausible_alone() -> None:
    runs = [made(name="a", plausible=True, correct=True, among=True, single=True), made(name="b", plausible=True)]
    rows = {row.figure: row.measured for row in repair.sets_rows(runs, {})}
    assert rows[f"{ONE}, correct first"].startswith("0 % (0 of 1")
    assert rows[f"{ONE}, plausible / a correct one among survivors"] == "2 of 2 / 0 of 1"


def test_a_set_that_is_not_there_is_said_to_be_missing() -> None:
    said = tables([], 0, {DEVELOPMENT: "needs --development"})
    assert "not run: needs --development" in said


def test_tasks_without_a_passing_patch_count_in_the_median() -> None:
    quick = made(set=DEVELOPMENT, first_passed={"seconds": 1.5, "cpu": 1.5, "work": 9.0, "tried": 1})
    assert repair._first_cpu([quick]).startswith("0.50 s after the baseline, 1.50 s")
    assert repair._first_cpu([quick, made(), made()]).startswith("never")


def test_arms_are_compared_at_equal_work() -> None:
    def solved(arm: str, name: str, work: float, halt: str = "passed") -> Run:
        moment = {"seconds": 2.0, "cpu": 2.0, "work": work, "tried": 1}
        return made(arm, name, set=TWO, correct=True, first_passed=moment, work=work, halt=halt)

    runs = [
        solved(TRM, "a", 10.0),
        made("flat", "a", set=TWO, work=5.0, halt="budget"),  # it spent less: that trm goes on is no merit
        solved(TRM, "b", 10.0),
        made("flat", "b", set=TWO, work=50.0, halt="budget"),
        made(TRM, "c", set=TWO, work=5.0, halt="stuck"),  # it gave up by itself
        solved("flat", "c", 20.0),
    ]
    (row,) = repair.against_rows(runs, 0)
    assert row.measured.startswith("1 of 3 (trm alone 1, flat alone 1)")
    assert row.control.startswith("flat 1 of 3")


def test_work_saved_counts_work_spent_in_vain() -> None:
    def found(arm: str, name: str, work: float) -> Run:
        return made(arm, name, first_passed={"seconds": 2.0, "cpu": 2.0, "work": work, "tried": 1}, work=work)

    names = "abcde"
    runs = [found(TRM, name, 50.0) for name in names] + [found("flat", name, 100.0) for name in names[:4]]
    runs += [made("flat", "e", work=100.0)]
    (row,) = repair.against_rows(runs, 0)
    assert row.measured == "50 % (50 to 50 %), median of 5 pairs"
    assert row.control == "5 found by trm, 4 by flat, of 5"


def test_grades_stand_beside_what_is_so() -> None:
    answers = [made(name="a", grade="unique", correct=True), made(name="b", grade="rivals")]
    assert repair.brier(answers) == pytest.approx((0.1**2 + 0.6**2) / 2)
    said = repair.calibration_table([*answers, made(name="c", grade="unique", single=True)])
    assert "100 % (1 of 1" in said and "0 % (0 of 1" in said and "0.185" in said


def test_tables_have_every_part() -> None:
    runs = [made(arm, grade="unique", correct=True, plausible=True) for arm in ARMS]
    said = tables(runs, 0, {})
    for part in ("injected one edit, attrs", "grade: unique", "Brier", "memory of the engine", *CONTROLS):
        assert part in said


# Statistics


@pytest.mark.parametrize(("first", "second", "p"), [(0, 0, 1.0), (5, 0, 0.0625), (0, 5, 0.0625), (3, 3, 1.0)])
def test_the_exact_test_of_pairs(first: int, second: int, p: float) -> None:
    assert mcnemar(first, second) == pytest.approx(p)


@pytest.mark.parametrize(("first", "second", "e"), [(0, 0, 1.0), (1, 0, 1.5), (0, 1, 0.5), (2, 0, 7 / 3)])
def test_the_evidence_that_one_arm_solves_more(first: int, second: int, e: float) -> None:
    assert e_value(first, second) == pytest.approx(e)


def test_evidence_is_one_on_average_where_no_arm_is_better() -> None:
    import math

    assert sum(math.comb(12, k) * e_value(k, 12 - k) for k in range(13)) / 2**12 == pytest.approx(1.0)


def test_a_ratio_has_an_interval_around_it() -> None:
    estimate = median_ratio([(1.0, 2.0)] * 9, 0)
    assert estimate == pytest.approx((0.5, 0.5, 0.5))
    chance = random.Random(0)
    found = median_ratio([(chance.uniform(1, 3), 2.0) for _ in range(50)], 0)
    assert found.low < found.value < found.high
    with pytest.raises(ValueError, match="no pairs"):
        median_ratio([], 0)
