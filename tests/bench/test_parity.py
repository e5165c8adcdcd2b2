"""Candidates are what they say, cold runs are remembered, and whatever a verdict gets wrong is told."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from bench import parity
from bench.cold import Said, Truth, outcomes
from bench.mutants import mutations, ranges
from bench.packages import Package
from bench.parity import Case, Differences, Found, Place
from bench.reach import reached
from trm_lsp.core.verdict import Outcome, TestResult, Tier, Verdict
from trm_lsp.patch.edits import apply

CODE = """
LIMIT = 10


def within(value):
    if value < 0 or not value:
        return False
    return value <= LIMIT


def endless(value):
    while value:
        value -= 1
    return value
"""
TESTS = """
import unittest

import pytest
from code_of import endless, within


def test_zero():
    assert not within(0)


@pytest.mark.parametrize("value", [1, 10])
def test_inside(value):
    assert within(value)


@pytest.mark.skip
def test_later():
    pass


class Old(unittest.TestCase):
    def test_end(self):
        for value in range(3):
            with self.subTest(value):
                self.assertEqual(endless(value), 0)
"""
PLAIN = """
[tool.pytest.ini_options]
addopts = "-p no:asyncio -p no:hypothesispytest -p no:pytest-lsp"
"""
"""Plugins of our own environment stay out."""
INSIDE = ("tests/test_it.py::test_inside[1]", "tests/test_it.py::test_inside[10]")
ZERO, LATER, END = "tests/test_it.py::test_zero", "tests/test_it.py::test_later", "tests/test_it.py::Old::test_end"


@dataclass(frozen=True)
class Local(Package):
    """A package that is here already, run by our own interpreter."""

    home: Path = Path()

    @property
    def version(self) -> str:
        return "1.0"

    @property
    def folder(self) -> Path:
        return self.home

    @property
    def python(self) -> Path:
        return Path(sys.executable)


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Package:
    home = tmp_path_factory.mktemp("home")
    for path, text in (("src/code_of.py", CODE), ("tests/test_it.py", TESTS), ("pyproject.toml", PLAIN)):
        (home / "tree" / path).parent.mkdir(parents=True, exist_ok=True)
        (home / "tree" / path).write_text(text)
    (home / "env").mkdir()
    (home / "env" / "requirements.txt").write_text("none")
    return Local("local", "src", "tests", "src", home=home)


@pytest.fixture(scope="module")
def truth(package: Package, tmp_path_factory: pytest.TempPathFactory) -> Truth:
    """Cold runs that all tests share: a second look at a text costs nothing."""
    folder = tmp_path_factory.mktemp("truth")
    return Truth(package, folder, folder / "memory.jsonl")


def place_of(name: str, tests: Sequence[str]) -> Place:
    """A function with all of its mutants."""
    (within,) = (found for found in ranges(CODE) if found.name == name)
    return Place("src/code_of.py", CODE, within, tuple(tests), tuple(mutations("src/code_of.py", CODE, within)))


def place(name: str, tests: Sequence[str], *lines: str) -> Place:
    """A function with the mutants that put these lines into it."""
    found = place_of(name, tests)
    chosen = [
        next(edit for edit in found.mutants if f"{line}\n" in found.mutated(edit).replace("    ", "")) for line in lines
    ]
    return found._replace(mutants=tuple(chosen))


def test_a_cold_run_tells_every_test_and_is_remembered(package: Package, tmp_path: Path) -> None:
    truth = Truth(package, tmp_path / "work", tmp_path / "memory.jsonl")
    said = truth({}, ())
    assert said.passed == {ZERO: True, **dict.fromkeys(INSIDE, True), LATER: False, END: True}
    again = Truth(package, tmp_path / "elsewhere", tmp_path / "memory.jsonl")
    assert again({}, ()) == said
    assert (truth.ran, again.ran) == (1, 0)


def test_a_cold_run_sees_the_candidate_and_not_the_one_before_it(truth: Truth) -> None:
    texts = [CODE.replace("<= LIMIT", sign) for sign in (" < LIMIT", "<= LIMIT", "== LIMIT")]
    runs = [truth({"src/code_of.py": text}, INSIDE) for text in texts]
    assert [tuple(run.passed.values()) for run in runs] == [(True, False), (True, True), (False, True)]


def test_a_candidate_that_cannot_be_imported_passes_nothing(truth: Truth) -> None:
    said = truth({"src/code_of.py": "def"}, (ZERO,))
    assert (dict(said.passed), said.ended) == ({}, True)


def test_a_candidate_without_end_is_told(truth: Truth, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.cold.LEAST_SECONDS", 1.0)
    monkeypatch.setattr("bench.cold.TIMES", 0.0)
    said = truth({"src/code_of.py": CODE.replace("value -= 1", "value += 1")}, (END,))
    assert (dict(said.passed), said.ended) == ({}, False)


def test_ids_of_a_report_are_those_of_pytest() -> None:
    report = """<testsuites><testsuite>
        <testcase classname="tests.test_a" file="tests/test_a.py" name="test_one[a::b.c]"/>
        <testcase classname="tests.test_a.Group.Inner" file="tests/test_a.py" name="test_two"><failure/></testcase>
        <testcase classname="tests.test_a" file="tests/test_a.py" name="test_three"><skipped/></testcase>
        <testcase classname="" file="tests/test_b.py" name="tests.test_b"><error/></testcase>
        </testsuite></testsuites>"""
    assert dict(outcomes(report)) == {
        "tests/test_a.py::test_one[a::b.c]": True,
        "tests/test_a.py::Group::Inner::test_two": False,
        "tests/test_a.py::test_three": False,
    }


def test_places_have_the_tests_that_reach_them(package: Package, tmp_path: Path) -> None:
    reach = reached(package, tmp_path / "work")
    found = {p.range.name: set(p.tests) for p in parity.places(package, reach, frozenset(reach), seed=0)}
    assert found == {"within": {ZERO, *INSIDE}, "endless": {END}, "<module>": {ZERO, *INSIDE, END}}


def test_places_and_mutants_are_repeated_by_the_seed(package: Package, tmp_path: Path) -> None:
    reach = reached(package, tmp_path / "work")
    draws = [list(parity.places(package, reach, frozenset(reach), seed)) for seed in (1, 1, 2)]
    assert draws[0] == draws[1] != draws[2]


@pytest.mark.parametrize("name", ["within", "<module>"])
def test_candidates_are_the_original_and_its_other_mutants(name: str) -> None:
    found = place_of(name, [ZERO])
    for broken in found.mutants:
        others = [mutant for mutant in found.mutants if mutant != broken]
        answers = parity.candidates(found, broken)
        assert [answer.text for answer in answers[: 1 + len(others)]] == [CODE, *map(found.mutated, others)]
        assert len({answer.text for answer in answers}) == len(answers)
        base = found.mutated(broken)
        assert all(apply(base, answer.variant.edits) == answer.text != base for answer in answers)


def test_echoes_of_the_original_do_what_it_does() -> None:
    found = place_of("within", [ZERO, *INSIDE])
    echoes = parity.candidates(found, found.mutants[0])[-parity.ECHOES :]
    code = [compile(echo.text, "a.py", "exec").co_consts for echo in echoes]
    assert code == [compile(CODE, "a.py", "exec").co_consts] * parity.ECHOES


def test_the_first_killed_mutant_is_the_one_to_repair(truth: Truth) -> None:
    lines = (
        "def value(value):",
        "return value <= LIMIT or value",
        "if value <= 0 or not value:",
        "return value < LIMIT",
    )
    found, counted = place("within", [ZERO, *INSIDE], *lines[2:]), Found()
    about = parity.case(found, truth, counted)
    assert about is not None
    assert about.broken == found.mutants[1]
    assert about.targets == {INSIDE[1]}
    assert [about.passes(said) for said in about.truths][:2] == [True, True]
    assert (counted.mutants, counted.places, counted.survived) == (2, 1, 0)


def test_mutants_of_a_place_where_none_is_killed_are_counted(truth: Truth) -> None:
    counted = Found()
    found = place("within", [ZERO, *INSIDE], "if value <= 0 or not value:", "def value(value):")
    assert parity.case(found, truth, counted) is None
    assert (counted.mutants, counted.survived) == (0, 2)


@pytest.fixture(scope="module")
def about(truth: Truth) -> Case:
    found = parity.case(
        place("within", [ZERO, *INSIDE], "return value < LIMIT", "return value != LIMIT"), truth, Found()
    )
    assert found is not None
    return found


def says(tier: Tier, *passed: str, failed: Sequence[str] = ()) -> Verdict:
    results = [TestResult(id=test, outcome=Outcome.PASSED) for test in passed]
    results += [TestResult(id=test, outcome=Outcome.FAILED) for test in failed]
    return Verdict(tier=tier, results=tuple(results), targets=INSIDE[1:])


def test_our_judge_agrees(about: Case, truth: Truth, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    found = parity.judged(about, truth, tmp_path, whole=True)
    assert [str(difference) for difference in found.differences] == []
    assert found.candidates == found.confirmed_alike == len(about.candidates)
    assert found.suites == found.suites_alike == min(len(about.candidates), parity.WITH_SUITE)
    assert (found.passing, found.kept) == (1 + parity.ECHOES, 1 + parity.ECHOES)


def test_a_refusal_of_what_passes_cold_is_told(about: Case, truth: Truth) -> None:
    differ = Differences(about, truth, Found())
    original, said = about.candidates[0], about.truths[0]
    differ.screened(original, said, says(Tier.SCREEN, INSIDE[1]))
    differ.screened(original, said, says(Tier.SCREEN, failed=INSIDE[1:]))
    assert differ.found.kept == 1
    (told,) = differ.found.differences
    assert (told.tier, told.candidate, told.tests, told.unsteady) == ("screen", "the original", INSIDE[1:], False)


def test_a_test_that_comes_out_otherwise_is_told(about: Case, truth: Truth) -> None:
    differ = Differences(about, truth, Found())
    original, said = about.candidates[0], about.truths[0]
    differ.confirmed(original, said, says(Tier.CONFIRM, INSIDE[1], ZERO))
    differ.confirmed(original, said, says(Tier.CONFIRM, INSIDE[1], failed=[ZERO]))
    differ.confirmed(original, said, Verdict(tier=Tier.CONFIRM, targets=INSIDE[1:], broken="it could not be run"))
    assert differ.found.confirmed_alike == 1
    assert [told.tests for told in differ.found.differences] == [(ZERO,), INSIDE[1:]]


def test_a_suite_that_misses_a_regression_is_told(about: Case, truth: Truth) -> None:
    differ = Differences(about, truth, Found())
    base = truth({"src/code_of.py": about.place.mutated(about.broken)}, ())
    lost = about.truths[0]._replace(passed={**about.truths[0].passed, END: False})
    differ.suite(about.candidates[0], base, lost, says(Tier.COLD, *INSIDE, ZERO))
    assert differ.found.suites_alike == 0
    assert "1 regressions" in differ.found.differences[0].cold


def test_a_candidate_without_end_must_not_pass() -> None:
    never = Said({}, False, 1.0)
    targets = frozenset(INSIDE[1:])
    assert parity.differing(targets, never, says(Tier.CONFIRM, *INSIDE[1:])) == INSIDE[1:]
    assert parity.differing(targets, never, says(Tier.CONFIRM, failed=INSIDE[1:])) == ()


def test_tests_that_cold_runs_do_not_agree_on_are_no_difference(about: Case, truth: Truth, tmp_path: Path) -> None:
    memory = tmp_path / "memory.jsonl"
    again = Truth(truth.package, tmp_path / "again", memory)
    original = {"src/code_of.py": CODE}
    said = again(original, about.place.tests)
    remembered = json.loads(memory.read_text().splitlines()[-1])
    remembered["passed"] = {test: not passed for test, passed in said.passed.items()}
    memory.write_text(f"{json.dumps(remembered)}\n")
    unsteady = Truth(truth.package, tmp_path / "again", memory)
    differ = Differences(about, unsteady, Found())
    differ.confirmed(about.candidates[0], unsteady(original, about.place.tests), says(Tier.CONFIRM, *INSIDE))
    assert [told.unsteady for told in differ.found.differences] == [True]


def broken(tier: Tier, *regressions: str) -> Verdict:
    return says(tier, INSIDE[1], failed=regressions).model_copy(update={"regressions": regressions})


def test_a_screen_that_calls_a_sound_test_broken_is_told(about: Case, truth: Truth) -> None:
    differ = Differences(about, truth, Found())
    original, said = about.candidates[0], about.truths[0]
    differ.screened(original, said, broken(Tier.SCREEN, ZERO))
    differ.screened(original, said, broken(Tier.SCREEN, END))  # it was not drawn, and passes cold
    assert differ.found.kept == 0
    assert [(told.tier, told.tests, told.unsteady) for told in differ.found.differences] == [
        ("screen", (ZERO,), False),
        ("screen", (END,), False),
    ]


def test_a_screen_may_find_a_regression_in_tests_that_were_not_drawn(about: Case, truth: Truth) -> None:
    differ = Differences(about, truth, Found())
    breaking = about.candidates[0]._replace(text=CODE.replace("return value\n", "return 1\n"))
    differ.screened(breaking, about.truths[0], broken(Tier.SCREEN, END))
    assert (differ.found.kept, differ.found.differences) == (1, [])


def test_a_confirm_must_say_the_same_of_tests_beside_the_targets(about: Case, truth: Truth) -> None:
    differ = Differences(about, truth, Found())
    original = about.candidates[0]
    differ.besides(original, says(Tier.SCREEN, INSIDE[1]), says(Tier.CONFIRM, INSIDE[1]))
    differ.besides(original, broken(Tier.CONFIRM, ZERO), says(Tier.CONFIRM, INSIDE[1]))  # no screen answered it
    differ.besides(original, broken(Tier.SCREEN, ZERO), broken(Tier.CONFIRM, ZERO, END))
    differ.besides(original, broken(Tier.SCREEN, ZERO), broken(Tier.CONFIRM, END))
    assert (differ.found.besides, differ.found.besides_alike) == (2, 1)
    assert [(told.tier, told.tests) for told in differ.found.differences] == [("beside", (ZERO,))]
