"""Whole suites that are slow: what need not be run is not, and nothing that breaks is overlooked for it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from projects import FIXED, TEST, WRONG, judging, make, verdict

from trm_lsp.core.state import Variant
from trm_lsp.core.verdict import Outcome, Tier
from trm_lsp.judging import aim as aim_module
from trm_lsp.judging import suite as suite_module
from trm_lsp.judging.environment import EnvironmentBroken
from trm_lsp.judging.judge import TestJudge
from trm_lsp.judging.python_tests import PythonTests
from trm_lsp.judging.runner import RunReport

CALC = f"{WRONG}\n\nNUMBERS = 1, 2\nWHOLE = True\n"
RIGHT = CALC.replace("a + b", "a - b")
OTHERS = """
    import unittest

    import calc


    class TestOthers(unittest.TestCase):
        def test_zero(self):
            self.assertEqual(calc.sub(0, 0), 0)

        @unittest.skipUnless(calc.WHOLE, "not whole")
        def test_whole(self):
            self.assertTrue(calc.WHOLE)

        @unittest.skip("never")
        def test_never(self):
            pass


    def number(n):
        return lambda self: self.assertTrue(n)


    for n in calc.NUMBERS:
        setattr(TestOthers, f"test_number_{n}", number(n))
"""
FILES = {"calc.py": CALC, "test_calc.py": TEST, "test_others.py": OTHERS}
UNITTEST = {
    **FILES,
    "test_calc.py": """
        import unittest

        from calc import sub


        class TestCalc(unittest.TestCase):
            def test_sub(self):
                self.assertEqual(sub(3, 2), 1)
    """,
}
COLD = PythonTests.cold
TARGETS = {"pytest": "test_calc.py::test_sub", "unittest": "test_calc.py::TestCalc::test_sub"}


@pytest.fixture(params=["pytest", "unittest"])
def slow(root: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestJudge]:
    """A judge after its baseline, to whom the suite is slow."""
    monkeypatch.setattr(suite_module, "QUICK_SUITE_SECONDS", 0.0)
    make(root, UNITTEST if request.param == "unittest" else FILES)
    with judging(root, TARGETS[request.param], command=f"python -m {request.param}") as judge:
        judge.baseline()
        yield judge


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[tuple[tuple[str, ...], bool]]:
    """Cold runs from now on: their tests, and whether the code was changed."""
    found: list[tuple[tuple[str, ...], bool]] = []
    cold = PythonTests.cold

    def noted(self: PythonTests, tests: Sequence[str], texts: dict[str, bytes], **more: Any) -> RunReport:
        found.append((tuple(tests), bool(texts)))
        return cold(self, tests, texts, **more)

    monkeypatch.setattr(PythonTests, "cold", noted)
    return found


def test_what_passes_everywhere_needs_no_baseline_of_the_suite(
    slow: TestJudge, runs: list[tuple[tuple[str, ...], bool]]
) -> None:
    runs.clear()
    found = verdict(slow, Variant({"calc.py": RIGHT}), Tier.COLD)
    assert found.passed
    assert {result.id.rpartition("::")[2] for result in found.results} >= {"test_sub", "test_zero", "test_number_2"}
    assert runs.count(((), True)) == 1
    assert ((), False) not in runs


@pytest.mark.parametrize(
    ("change", "broken", "outcome"),
    [
        (("return a - b", "return 1"), "test_zero", Outcome.FAILED),
        (("WHOLE = True", "WHOLE = False"), "test_whole", Outcome.SKIPPED),
        (("NUMBERS = 1, 2", "NUMBERS = 1,"), "test_number_2", None),
    ],
)
def test_what_fails_skips_or_vanishes_refuses_a_change(
    slow: TestJudge, change: tuple[str, str], broken: str, outcome: Outcome | None
) -> None:
    found = verdict(slow, Variant({"calc.py": RIGHT.replace(*change)}), Tier.COLD)
    assert not found.failing and not found.passed
    assert [test.rpartition("::")[2] for test in found.regressions] == [broken]
    result = found.by_id.get(found.regressions[0])
    assert (result and result.outcome) == outcome


def test_what_has_broken_once_is_asked_first(slow: TestJudge, runs: list[tuple[tuple[str, ...], bool]]) -> None:
    assert not verdict(slow, Variant({"calc.py": RIGHT.replace("a - b", "1")}), Tier.SUITE).passed
    runs.clear()
    found = verdict(slow, Variant({"calc.py": RIGHT.replace("a - b", "1 * 1")}), Tier.SUITE)
    assert [test.rpartition("::")[2] for test in found.regressions] == ["test_zero"]
    assert all(tests for tests, _ in runs)
    assert verdict(slow, Variant({"calc.py": RIGHT}), Tier.SUITE).passed


def test_a_test_that_needs_others_before_it_is_judged_with_them(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suite_module, "QUICK_SUITE_SECONDS", 0.0)
    others = """
        import calc

        def test_a_first():
            calc.seen = calc.sub(0, 0) == 0

        def test_b_then():
            assert calc.seen
    """
    files = {"calc.py": WRONG, "test_calc.py": TEST, "test_others.py": others}
    with judging(make(root, files), TARGETS["pytest"]) as judge:
        judge.baseline()
        found = verdict(judge, Variant({"calc.py": "def sub(a, b):\n    return 1\n"}), Tier.COLD)
        assert found.regressions == ("test_others.py::test_b_then",)
        assert verdict(judge, FIXED, Tier.COLD).passed


def test_what_an_unfinished_suite_has_said_is_kept(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suite_module, "QUICK_SUITE_SECONDS", 4.0)
    others = """
        import threading

        def test_done():
            pass

        def test_for_ever():
            threading.Event().wait()
    """
    files = {"calc.py": WRONG, "test_calc.py": TEST, "test_others.py": others}
    with judging(make(root, files), TARGETS["pytest"]) as judge:
        known = judge.baseline().by_id
        assert known["test_others.py::test_done"].passed
        assert "test_others.py::test_for_ever" not in known


def test_beside_slow_tests_those_near_the_targets_are_run(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aim_module, "QUICK_SECONDS", 0.0)
    monkeypatch.setattr(aim_module, "NEAR", 1)
    tests = """
        from calc import sub

        def test_far():
            assert sub(0, 0) == 0

        def test_near():
            assert sub(5, 5) == 0

        def test_sub():
            assert sub(3, 2) == 1
    """
    bad = Variant({"calc.py": "def sub(a, b):\n    return 1\n"})
    with judging(make(root, {"calc.py": "def sub(a, b):\n    return a and 0\n", "test_calc.py": tests})) as judge:
        judge.baseline()
        found = verdict(judge, bad, Tier.CONFIRM)
        assert not found.failing and found.regressions == ("test_calc.py::test_near",)
        assert "test_calc.py::test_far" not in found.by_id
        assert verdict(judge, FIXED, Tier.CONFIRM).passed


def test_what_hangs_elsewhere_says_nothing_of_a_change(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It hangs without the change as well; what stands behind it is judged all the same."""
    monkeypatch.setattr(suite_module, "QUICK_SUITE_SECONDS", 0.0)
    others = """
        import threading

        import calc

        def test_a():
            pass

        def test_hangs():
            threading.Event().wait()

        def test_zero():
            assert calc.sub(0, 0) == 0
    """
    files = {"calc.py": WRONG, "test_calc.py": TEST, "test_others.py": others}
    with judging(make(root, files), TARGETS["pytest"], test={"idle": 1.5}) as judge:
        judge.baseline()
        bad = verdict(judge, Variant({"calc.py": "def sub(a, b):\n    return 1\n"}), Tier.COLD)
        assert bad.regressions == ("test_others.py::test_zero",)
        assert verdict(judge, FIXED, Tier.COLD).passed


def test_a_target_that_hung_is_run_on_a_change(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suite_module, "QUICK_SUITE_SECONDS", 0.0)
    test = "from calc import sub\n\n\ndef test_sub():\n    while sub(3, 2) != 1:\n        pass\n"
    with judging(make(root, {"calc.py": WRONG, "test_calc.py": test}), test={"idle": 1.5}) as judge:
        assert judge.baseline().targets == ("test_calc.py::test_sub",)
        assert verdict(judge, FIXED, Tier.COLD).passed
        assert not verdict(judge, Variant({"calc.py": "def sub(a, b):\n    return 1.5\n"}), Tier.COLD).passed


@pytest.mark.parametrize("end", ["os._exit(0)", "os.kill(os.getpid(), signal.SIGSEGV)", "pytest.exit('enough', 0)"])
def test_what_stands_behind_a_test_that_ends_the_run_is_watched(root: Path, end: str) -> None:
    others = f"""
        import os, signal

        import calc
        import pytest

        def test_a():
            pass

        def test_ends():
            {end}

        def test_zero():
            assert calc.sub(0, 0) == 0
    """
    files = {"calc.py": WRONG, "test_calc.py": TEST, "test_others.py": others}
    with judging(make(root, files), TARGETS["pytest"]) as judge:
        judge.baseline()
        bad = verdict(judge, Variant({"calc.py": "def sub(a, b):\n    return 1\n"}), Tier.COLD)
        assert bad.regressions == ("test_others.py::test_zero",)
        assert verdict(judge, FIXED, Tier.COLD).passed


def plan(monkeypatch: pytest.MonkeyPatch, *, changed: str, unchanged: str) -> None:
    """Give the final check's runs seeds with which a test passes (1) or fails (0), by code; the last stays."""
    left = {True: list(changed), False: list(unchanged)}

    def planned(self: PythonTests, tests: Sequence[str], texts: dict[str, bytes], **more: Any) -> RunReport:
        words = left[bool(texts)]
        if more.get("hash_seed") is not None:
            more["hash_seed"] = 6 + int(words.pop(0) if len(words) > 1 else words[0])
        return COLD(self, tests, texts, **more)

    monkeypatch.setattr(PythonTests, "cold", planned)


@pytest.mark.parametrize(
    ("changed", "unchanged", "passes"),
    [
        ("011", "1", False),  # two passes of the change clear nothing: it may be what made the test unsteady
        ("011", "10", True),  # the unchanged code was seen to fail as well
        ("0011", "110", True),  # it failed twice, and again it passed: no breaker
        ("000", "1", False),
        ("0", "10", False),  # by itself the test says that it is the change, three times
        ("01", "0", True),
    ],
)
def test_what_breaks_refuses_unless_the_unchanged_code_is_seen_to_fail(
    root: Path, monkeypatch: pytest.MonkeyPatch, changed: str, unchanged: str, passes: bool
) -> None:
    monkeypatch.setattr(suite_module, "QUICK_SUITE_SECONDS", 0.0)
    others = "import os\n\n\ndef test_seed():\n    assert os.environ['PYTHONHASHSEED'] != '6'\n"
    make(root, {"calc.py": WRONG, "test_calc.py": TEST, "test_others.py": others})
    with judging(root, TARGETS["pytest"]) as judge:
        judge.baseline()
        plan(monkeypatch, changed=changed, unchanged=unchanged)
        found = verdict(judge, FIXED, Tier.COLD)
        assert found.passed is passes
        assert judge._aim.flaky == ({"test_others.py::test_seed"} if passes else set())
        assert found.regressions == (() if passes else ("test_others.py::test_seed",))


def test_a_breaker_that_does_not_break_again_is_forgotten(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    others = """
        import os

        import calc

        def test_seed():
            assert calc.sub(0, 0) == 0 and os.environ["PYTHONHASHSEED"] != "6"
    """
    make(root, {"calc.py": WRONG, "test_calc.py": TEST, "test_others.py": others})
    with judging(root, TARGETS["pytest"]) as judge:
        judge.baseline()
        plan(monkeypatch, changed="1", unchanged="1")
        assert not verdict(
            judge, Variant({"calc.py": "def sub(a, b):\n    return a - b if b else 9\n"}), Tier.COLD
        ).passed
        assert judge._suite._breakers == ("test_others.py::test_seed",)
        plan(monkeypatch, changed="01", unchanged="1")
        assert verdict(judge, FIXED, Tier.SUITE).passed
        assert judge._suite._breakers == ()


@pytest.mark.parametrize(
    ("deed", "said"),
    [
        ("session.exitstatus = 1", "ended with exit code 1"),  # as a coverage that is too low
        ("raise ValueError", "ended with exit code"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "was ended by signal 11"),
    ],
)
def test_a_change_that_makes_the_command_itself_fail_has_not_passed(root: Path, deed: str, said: str) -> None:
    conftest = f"""
        import os
        import signal

        import calc


        def pytest_sessionfinish(session):
            if {{}}:
                {deed}
    """
    zero = "from calc import sub\n\n\ndef test_zero():\n    assert sub(0, 0) == 0\n"
    files = {"calc.py": WRONG, "test_calc.py": TEST, "test_zero.py": zero}
    make(root, {**files, "conftest.py": conftest.format("calc.sub(1, 1) == 7")})
    bad = Variant({"calc.py": "def sub(a, b):\n    return a - b if a != b else 7 * a\n"})
    with judging(root) as judge:
        judge.baseline()
        found = verdict(judge, bad, Tier.COLD)
        assert not found.failing and not found.regressions and not found.passed
        assert said in found.broken
        assert verdict(judge, FIXED, Tier.COLD).passed
    make(root, {"conftest.py": conftest.format("True")})
    with judging(root) as judge:
        judge.baseline()
        assert verdict(judge, FIXED, Tier.COLD).passed  # it always ends like that


MANY_END = """
    import os
    import threading

    import calc
    import pytest

    @pytest.mark.parametrize("n", range(3))
    def test_ends(n):
        {end}

    def test_zero():
        assert calc.sub(0, 0) == 0
"""


def test_what_stands_behind_many_tests_that_hang_is_watched(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suite_module, "QUICK_SUITE_SECONDS", 0.0)
    monkeypatch.setattr(suite_module, "HANGS_ALLOWED", 1)
    others = MANY_END.format(end="threading.Event().wait()")
    make(root, {"calc.py": WRONG, "test_calc.py": TEST, "test_others.py": others})
    with judging(root, TARGETS["pytest"], test={"idle": 2.0}) as judge:
        judge.baseline()
        bad = verdict(judge, Variant({"calc.py": "def sub(a, b):\n    return 1\n"}), Tier.COLD)
        assert bad.regressions == ("test_others.py::test_zero",)
        assert verdict(judge, FIXED, Tier.COLD).passed


def test_the_user_hears_of_tests_that_are_not_reached(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suite_module, "QUICK_SUITE_SECONDS", 0.0)
    monkeypatch.setattr(suite_module, "HANGS_ALLOWED", 1)
    others = MANY_END.format(end="os._exit(1)")
    make(root, {"calc.py": WRONG, "test_calc.py": TEST, "test_others.py": others})
    with judging(root, TARGETS["pytest"]) as judge:
        judge.baseline()
        assert verdict(judge, FIXED, Tier.COLD).passed
        (said,) = judge.notices
        assert said.startswith("The whole suite did not go on behind test_others.py::test_ends[1]")


def test_what_fails_alone_is_watched_where_it_passes_in_the_suite(
    root: Path, monkeypatch: pytest.MonkeyPatch, runs: list[tuple[tuple[str, ...], bool]]
) -> None:
    monkeypatch.setattr(suite_module, "QUICK_SUITE_SECONDS", 0.0)
    before = "import calc\n\n\ndef test_first():\n    calc.zero = calc.sub(0, 0)\n"
    behind = "import calc\n\n\ndef test_zero():\n    assert calc.zero == 0\n"
    files = {"calc.py": WRONG, "test_calc.py": TEST, "test_a.py": before, "test_b.py": behind}
    with judging(make(root, files), TARGETS["pytest"]) as judge:
        judge.baseline()
        bad = verdict(judge, Variant({"calc.py": "def sub(a, b):\n    return 1\n"}), Tier.COLD)
        assert bad.regressions == ("test_b.py::test_zero",)
        assert verdict(judge, FIXED, Tier.COLD).passed
        assert ((), False) in runs


def test_what_fails_alone_and_in_the_suite_refuses_nothing(
    root: Path, monkeypatch: pytest.MonkeyPatch, runs: list[tuple[tuple[str, ...], bool]]
) -> None:
    monkeypatch.setattr(suite_module, "QUICK_SUITE_SECONDS", 0.0)
    files = {"calc.py": WRONG, "test_calc.py": TEST, "test_b.py": "def test_wrong_before():\n    assert False\n"}
    with judging(make(root, files), TARGETS["pytest"]) as judge:
        judge.baseline()
        assert verdict(judge, FIXED, Tier.COLD).passed
        assert verdict(judge, Variant({"calc.py": "def sub(a, b):\n    return -b + a\n"}), Tier.COLD).passed
        assert runs.count(((), False)) == 1  # once a job


def test_a_slow_test_that_a_baseline_does_not_wait_for_is_watched(
    root: Path, monkeypatch: pytest.MonkeyPatch, runs: list[tuple[tuple[str, ...], bool]]
) -> None:
    monkeypatch.setattr(suite_module.Suite, "_first_idle", lambda _: 1.0)
    test = f"""
{textwrap.indent(TEST, "        ")}

        def test_slow():
            import threading
            threading.Event().wait(2.5)
            assert sub(0, 0) == 0
    """
    with judging(make(root, {"calc.py": WRONG, "test_calc.py": test}), TARGETS["pytest"]) as judge:
        assert judge.baseline().by_id["test_calc.py::test_slow"].outcome is Outcome.TIMEOUT
        bad = verdict(judge, Variant({"calc.py": "def sub(a, b):\n    return 1\n"}), Tier.COLD)
        assert bad.regressions == ("test_calc.py::test_slow",)
        assert verdict(judge, FIXED, Tier.COLD).passed
        assert runs.count((("test_calc.py::test_slow",), False)) == 2  # with all its time, and against the change
        assert judge.notices == []


def test_the_user_hears_of_what_hangs_and_is_not_watched(root: Path) -> None:
    test = f"{TEST}\n\ndef test_hangs():\n    import threading\n    threading.Event().wait()\n"
    files = {"calc.py": WRONG, "test_calc.py": test}
    with judging(make(root, files), TARGETS["pytest"], test={"idle": 2.0}) as judge:
        judge.baseline()
        for _ in range(2):
            assert verdict(judge, FIXED, Tier.COLD).passed
        assert judge.notices == [
            "test_calc.py::test_hangs does not end on the unchanged code: what hangs is not watched."
        ]


def test_a_slow_test_that_always_passes_is_no_target_to_be_proud_of(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(suite_module.Suite, "_first_idle", lambda _: 1.0)
    test = "import threading\nimport calc\n\n\ndef test_slow():\n    threading.Event().wait(2.5)\n"
    with judging(make(root, {"calc.py": WRONG, "test_calc.py": test})) as judge:
        assert judge.baseline().failing == ("test_calc.py::test_slow",)
        with pytest.raises(EnvironmentBroken, match="failed and passed on the same code"):
            verdict(judge, FIXED, Tier.COLD)


@pytest.mark.parametrize("path", ["test_calc.py::test_sub", "./test_calc.py::test_sub"])
def test_a_command_that_names_single_tests_is_judged_by_them(root: Path, path: str) -> None:
    more = "\n\ndef test_zero():\n    assert sub(0, 0) == 0\n\n\ndef test_wrong():\n    assert sub(0, 0) == 1\n"
    with judging(make(root, {"calc.py": WRONG, "test_calc.py": TEST + more}), command=f"pytest {path}") as judge:
        assert judge.baseline().targets == ("test_calc.py::test_sub",)
        assert verdict(judge, FIXED, Tier.COLD).passed
