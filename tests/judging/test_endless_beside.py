"""Candidates that pass the failing tests and hang in others, and those that wait for ever: put off, at little cost."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest
from projects import judging, make

from trm_lsp.core.state import Edit, Variant
from trm_lsp.core.verdict import Outcome, Tier
from trm_lsp.judging.judge import TestJudge
from trm_lsp.judging.python_tests import PythonTests
from trm_lsp.judging.runner import RunReport

CODE = """
    import threading


    def double(n):
        return n


    class Steps:
        def __init__(self, left):
            self.left = left

        def __iter__(self):
            return self

        def __next__(self):
            if not self.left:
                raise StopIteration
            self.left -= 1
            return self.left


    def wait(seconds):
        threading.Event().wait(seconds)
"""
TEST = """
    from code_ import Steps, double


    def test_double():
        assert double(2) == 4


    def test_nothing():
        assert double(0) == 0


    def test_more():
        assert double(3) > 0
"""


@pytest.fixture
def project(root: Path) -> Path:
    return make(root, {"code_.py": textwrap.dedent(CODE), "test_code.py": textwrap.dedent(TEST)})


def returning(judge: TestJudge, *values: str) -> list[Variant]:
    at = judge.texts["code_.py"].text.index("return n") + len("return ")
    return [Variant({}, (Edit("code_.py", at, at + 1, value),)) for value in values]


def ends(judge: TestJudge, monkeypatch: pytest.MonkeyPatch) -> list[str | None]:
    """How each screen that is run from now on ended."""
    assert isinstance(judge._tests, PythonTests)
    found: list[str | None] = []
    run = judge._tests.screen

    def noted(*arguments: object) -> RunReport | None:
        report = run(*arguments)  # type: ignore[arg-type]
        found.append(report.ended if report else "not run")
        return report

    monkeypatch.setattr(judge._tests, "screen", noted)
    return found


HANGING = "sum(Steps(-1)) if n == 0 else 2 * n"
"""Its loop is one of C, which no count of turns ends."""
WAITING = "wait(None) if n == 0 else 2 * n"


@pytest.mark.parametrize("value", [HANGING, WAITING])
def test_what_hangs_in_a_test_beside_is_put_off_and_the_others_are_judged(
    project: Path, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    with judging(project) as judge:
        assert judge.baseline().failing == ("test_code.py::test_double",)
        ended = ends(judge, monkeypatch)
        hung, right, broke = judge(returning(judge, value, "n + n", "4"), Tier.SCREEN)
    assert hung.cut and not hung.passed
    assert right.passed
    assert broke.regressions == ("test_code.py::test_nothing",)
    assert set(ended) == {None}  # nobody had to wait until it was clear that nothing moves


def test_what_breaks_a_test_before_it_hangs_in_another_is_refused(project: Path) -> None:
    with judging(project) as judge:
        judge.baseline()
        (found,) = judge(returning(judge, "1 if n == 0 else sum(Steps(-1)) if n == 3 else 4"), Tier.SCREEN)
    assert found.regressions == ("test_code.py::test_nothing",) and not found.cut


def test_a_failing_test_that_is_no_target_holds_up_no_candidate(project: Path) -> None:
    more = "\n\ndef test_other():\n    assert double(5) == 11\n"
    (project / "test_code.py").write_text(textwrap.dedent(TEST) + more)
    with judging(project, "test_code.py::test_double") as judge:
        assert judge.baseline().targets == ("test_code.py::test_double",)
        (found,) = judge(returning(judge, "sum(Steps(-1)) if n == 5 else 2 * n"), Tier.SCREEN)
    assert [result.outcome for result in found.results] == [Outcome.PASSED]
    assert found.passed


DEADLOCK = """
    import threading


    class Store:
        def __init__(self):
            self.lock, self.items = threading.Lock(), []

        def put(self, item):
            with self.lock:
                self.items.append(item)
                return self.count()

        def count(self):
            with self.lock:
                return len(self.items)
"""
DEADLOCK_TEST = """
    import threading
    import unittest

    from code_ import Store


    class StoreTest(unittest.TestCase):
        def setUp(self):
            self.store = Store()

        def test_put(self):
            self.assertEqual(self.store.put("a"), 1)

        def test_put_in_a_thread(self):
            thread = threading.Thread(target=self.store.put, args=("a",), daemon=True)
            thread.start()
            thread.join()
            self.assertEqual(self.store.count(), 1)

        def test_count(self):
            self.assertEqual(self.store.count(), 0)
"""


def test_tests_that_wait_for_ever_on_the_unchanged_code_are_screened(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, test = (textwrap.dedent(text) for text in (DEADLOCK, DEADLOCK_TEST))
    with judging(make(root, {"code_.py": code, "test_code.py": test}), test={"idle": 1.0}) as judge:
        baseline = judge.baseline()
        assert {result.outcome for result in baseline.results if result.id in baseline.failing} == {Outcome.TIMEOUT}
        assert len(baseline.failing) == 2
        ended = ends(judge, monkeypatch)
        changes = [("threading.Lock", "threading.RLock"), ("len(self.items)", "0"), ("self.count()", "len(self.items)")]
        variants = [
            Variant({}, (Edit("code_.py", code.index(old), code.index(old) + len(old), new),)) for old, new in changes
        ]
        reentrant, zero, beside = judge(variants, Tier.SCREEN)
    assert reentrant.passed and beside.passed
    assert not zero.passed
    assert {verdict.tier for verdict in (reentrant, zero, beside)} == {Tier.SCREEN}
    assert set(ended) == {None}


STUCK = """

    def stuck(n):
        thread = threading.Thread(target=threading.Event().wait, daemon=True)
        thread.start()
        thread.join()
        return n
"""


def test_threads_of_what_was_ended_while_it_waited_hold_up_nothing(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = textwrap.dedent(CODE) + textwrap.dedent(STUCK)
    with judging(make(root, {"code_.py": code, "test_code.py": textwrap.dedent(TEST)})) as judge:
        judge.baseline()
        ended = ends(judge, monkeypatch)
        waits = [f"stuck(n) + {number}" for number in range(20)]
        *stuck, right, wrong = judge(returning(judge, *waits, "n + n", "n + 1"), Tier.SCREEN)
    assert all(verdict.cut and not verdict.passed for verdict in stuck)
    assert right.passed and wrong.failing and not wrong.cut
    assert set(ended) == {None}


def test_what_waits_leaves_time_to_others_that_wait_a_little(root: Path) -> None:
    """The right repair of a deadlock is given the time of a thread to start, whatever waited before it."""
    code, test = (textwrap.dedent(text) for text in (DEADLOCK, DEADLOCK_TEST))
    with judging(make(root, {"code_.py": code, "test_code.py": test}), test={"idle": 1.0}) as judge:
        judge.baseline()
        at = code.index("threading.Lock") + len("threading.")
        waits = [
            Variant({}, (Edit("code_.py", at, at + 4, f"Semaphore(1 or {number}) or Lock"),)) for number in range(9)
        ]
        (*_, right) = judge([*waits, Variant({}, (Edit("code_.py", at, at + 4, "RLock"),))], Tier.SCREEN)
    assert right.passed


def test_what_fails_behind_a_target_that_was_cut_short_is_put_off(project: Path) -> None:
    with (project / "test_code.py").open("a") as file:
        file.write("\n\ndef test_five():\n    assert double(5) == 10\n")
    with judging(project) as judge:
        assert len(judge.baseline().failing) == 2
        behind, before = judge(
            returning(judge, "sum(Steps(-1)) if n == 2 else 7", "sum(Steps(-1)) if n == 5 else 7"), Tier.SCREEN
        )
    assert behind.cut and not behind.passed  # nobody knows what the end of the first would have changed
    assert not before.cut and not before.passed


def test_what_is_cut_among_the_first_of_many_targets_is_put_off(root: Path) -> None:
    test = """
        import pytest
        from code_ import Steps, double

        @pytest.mark.parametrize("n", range(1, 31))
        def test_double(n):
            assert double(n) == 2 * n
    """
    make(root, {"code_.py": textwrap.dedent(CODE), "test_code.py": textwrap.dedent(test)})
    with judging(root) as judge:
        judge.baseline()
        hung, refused = judge(returning(judge, "sum(Steps(-1))", "n + 100"), Tier.SCREEN)
    assert hung.cut and not refused.cut
