"""The realistic bugs are what they say: packages that work, and edits that break them in a way the tests see."""

from __future__ import annotations

import shutil
import sys
from collections import Counter
from pathlib import Path

import pytest

from bench import realistic
from bench.realistic import HIDDEN, KINDS, VISIBLE, Bug, Judgement
from trm_lsp.workspace.files import fingerprint

PYTHON = Path(sys.executable)
BUGS = realistic.bugs()
PARTS = [(bug, change) for bug in BUGS if len(bug.changes) > 1 for change in bug.changes]


def name(bug: Bug) -> str:
    return f"{bug.package}/{bug.id}"


def first_of(package: str) -> Bug:
    return realistic.bugs(package)[0]


def repaired(bug: Bug, folder: Path) -> Path:
    """The package as it is with the bug undone."""
    realistic.lay(bug, folder)
    for file, text in bug.undone.items():
        (folder / file).write_text(text, encoding="utf-8")
    return folder


def test_there_are_enough_bugs_of_every_kind() -> None:
    kinds = Counter(bug.kind for bug in BUGS)
    assert set(kinds) == set(KINDS)
    assert len(BUGS) >= 36
    assert kinds["two edits"] + kinds["new code"] >= len(BUGS) / 3
    assert len({name(bug) for bug in BUGS}) == len(BUGS)


def test_no_shape_is_frequent() -> None:
    assert max(Counter(bug.shape for bug in BUGS).values()) <= 3


@pytest.mark.parametrize("bug", BUGS, ids=name)
def test_kinds_are_what_they_say(bug: Bug) -> None:
    grown = sum(len(change.old.split()) - len(change.new.split()) for change in bug.changes)
    lines = sum(change.old.count("\n") - change.new.count("\n") for change in bug.changes)
    assert {"one edit": len(bug.changes) == 1, "two edits": len(bug.changes) == 2, "new code": grown > 0 < lines}[
        bug.kind
    ]


@pytest.mark.parametrize("bug", BUGS, ids=name)
def test_edits_apply_once_and_leave_code_that_compiles(bug: Bug) -> None:
    assert all(bug.files[file] != text for file, text in bug.undone.items())
    for file, text in bug.files.items():
        compile(text, file, "exec")


def test_an_edit_that_does_not_fit_is_an_error() -> None:
    change = realistic.Change("stockroom/items.py", "no such text", "")
    with pytest.raises(ValueError, match="not exactly once"):
        _ = Bug("x", "stockroom", KINDS[0], "", "", (change,)).files


@pytest.mark.parametrize("package", realistic.packages())
def test_a_package_without_a_bug_passes_all_tests(package: str, tmp_path: Path) -> None:
    found = realistic.outcomes(realistic.lay_correct(package, tmp_path, HIDDEN), PYTHON, VISIBLE, HIDDEN)
    assert {test.partition("/")[0] for test in found} == {VISIBLE, HIDDEN}
    assert {test: reason for test, reason in found.items() if reason} == {}


@pytest.mark.parametrize("package", realistic.packages())
def test_bugs_fail_visible_tests_and_the_package_can_be_imported(package: str, tmp_path: Path) -> None:
    place = realistic.lay_correct(package, tmp_path)
    all_tests = list(realistic.outcomes(place, PYTHON, VISIBLE))
    for bug in realistic.bugs(package):
        shutil.rmtree(tmp_path)
        tmp_path.mkdir()
        found = realistic.outcomes(realistic.lay(bug, tmp_path), PYTHON, VISIBLE)
        assert list(found) == all_tests, f"{name(bug)}: a file of tests cannot be collected"
        assert any(found.values()), f"{name(bug)}: no visible test fails"


def test_failing_tests_are_found_by_running_them() -> None:
    (bug,) = (bug for bug in BUGS if bug.id == "third-anchor")
    assert bug.failing == (
        "tests/test_outline.py::test_no_two_anchors_are_the_same",
        "tests/test_outline.py::test_every_title_of_many_that_are_the_same_has_its_anchor",
    )


@pytest.mark.parametrize("package", realistic.packages())
def test_a_bug_that_is_undone_is_correct_and_one_that_is_not_is_not(package: str, tmp_path: Path) -> None:
    bug = first_of(package)
    folder = realistic.lay(bug, tmp_path)
    assert realistic.judge(folder, bug, PYTHON) == Judgement(plausible=False, correct=False)
    for file, text in bug.undone.items():
        (folder / file).write_text(text, encoding="utf-8")
    assert realistic.judge(folder, bug, PYTHON) == Judgement(plausible=True, correct=True)


@pytest.mark.parametrize(("bug", "change"), PARTS, ids=lambda value: name(value) if isinstance(value, Bug) else "")
def test_every_edit_of_several_is_needed(bug: Bug, change: realistic.Change, tmp_path: Path) -> None:
    rest = Bug(bug.id, bug.package, bug.kind, bug.shape, bug.report, tuple(one for one in bug.changes if one != change))
    assert not realistic.judge(realistic.lay(rest, tmp_path), bug, PYTHON).plausible


def test_what_is_laid_shows_nothing_hidden(tmp_path: Path) -> None:
    for package in realistic.packages():
        folder = tmp_path / package
        folder.mkdir()
        realistic.lay(first_of(package), folder)
        assert {path.name for path in folder.iterdir()} == {package, VISIBLE, "pyproject.toml"}


def test_an_answer_for_the_visible_tests_alone_is_plausible_but_not_correct(tmp_path: Path) -> None:
    bug = first_of("stockroom")
    file = repaired(bug, tmp_path) / "stockroom" / "reservations.py"
    file.write_text(file.read_text().replace("casefold", "lower"))
    assert realistic.judge(tmp_path, bug, PYTHON) == Judgement(plausible=True, correct=False)


def test_tests_and_settings_of_the_answer_do_not_count(tmp_path: Path) -> None:
    bug = first_of("layers")
    realistic.lay(bug, tmp_path)
    for path in (tmp_path / VISIBLE).iterdir():
        path.write_text("def test_nothing():\n    pass\n")
    (tmp_path / "conftest.py").write_text("collect_ignore_glob = ['tests/test_[a-z]*']\n")
    before = fingerprint(tmp_path)
    assert realistic.judge(tmp_path, bug, PYTHON) == Judgement(plausible=False, correct=False)
    assert fingerprint(tmp_path) == before


def test_an_answer_that_never_ends_is_wrong(tmp_path: Path) -> None:
    bug = first_of("agenda")
    (repaired(bug, tmp_path) / "agenda" / "durations.py").write_text("while True:\n    pass\n")
    assert realistic.judge(tmp_path, bug, PYTHON, seconds=1) == Judgement(plausible=False, correct=False)
