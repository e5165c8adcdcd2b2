"""What the tests say about a candidate: results, signatures, and what "passed" means."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from projects import CALC, FIXED, NO_PLUGINS, TEST, WRONG, buffer, judging, make, outcomes, verdict

from trm_lsp.core.ports import Trace
from trm_lsp.core.state import Edit, Variant
from trm_lsp.core.verdict import Tier
from trm_lsp.judging.judge import TestJudge

KINDS = """
    import pytest, unittest


    def test_passes():
        pass


    def test_fails():
        assert 1 + 1 == 3


    @pytest.fixture
    def broken():
        raise ValueError("no such thing")


    def test_errors(broken):
        pass


    @pytest.fixture
    def untidy():
        yield
        raise OSError("cannot tidy up")


    def test_errors_at_its_end(untidy):
        pass


    def test_skips():
        pytest.skip("not today")


    @pytest.mark.xfail
    def test_expected_failure():
        assert False


    @pytest.mark.xfail(strict=True)
    def test_unexpected_pass():
        pass


    @pytest.mark.parametrize("n", [1, 2])
    def test_each(n):
        assert n == 1


    class TestOld(unittest.TestCase):
        def test_old(self):
            self.assertEqual([1, 2], [1, 3])


    class Test:
        class TestInner:
            def test_deep(self):
                raise KeyError("k")
"""


def test_the_baseline_names_every_test_with_its_outcome(root: Path) -> None:
    with judging(make(root, {"test_kinds.py": KINDS})) as judge:
        baseline = judge.baseline()
    assert outcomes(baseline) == {
        "test_passes": "passed",
        "test_fails": "failed",
        "test_errors": "error",
        "test_errors_at_its_end": "error",
        "test_skips": "skipped",
        "test_expected_failure": "skipped",
        "test_unexpected_pass": "failed",
        "test_each[1]": "passed",
        "test_each[2]": "failed",
        "TestOld::test_old": "failed",
        "Test::TestInner::test_deep": "failed",
    }
    assert set(baseline.failing) == {r.id for r in baseline.results if r.outcome in {"failed", "error"}}
    assert not baseline.passed


def test_a_failure_has_a_signature_and_the_places_it_went_through(root: Path) -> None:
    files = {
        "calc.py": "def inner(n):\n    return 10 // n\n\n\ndef outer(n):\n    return inner(n)\n",
        "tests/test_calc.py": "from calc import outer\n\n\ndef test_outer():\n    assert outer(0) == 1\n",
    }
    with judging(make(root, files)) as judge:
        (result,) = judge.baseline().results
    assert result.signature == "ZeroDivisionError: integer division or modulo by zero"
    assert result.frames == (("tests/test_calc.py", 5), ("calc.py", 6), ("calc.py", 2))
    assert (result.path, result.line) == ("calc.py", 2)


def test_signatures_are_the_same_twice_where_only_what_is_volatile_differs(root: Path) -> None:
    volatile = """
        import datetime, tempfile, time, uuid

        class Thing: pass

        def test_address(): raise ValueError(f"{Thing()} is odd")
        def test_folder(tmp_path): (tmp_path / "gone").read_text()
        def test_temporary(): raise ValueError(tempfile.mkdtemp())
        def test_uuid(): raise ValueError(f"no {uuid.uuid4()}")
        def test_duration(): raise ValueError(f"took {time.perf_counter():.3f} seconds")
        def test_time(): raise ValueError(f"at {datetime.datetime.now()}")
        def test_values(): assert [1, 25] == [1, 24]
    """
    signatures = []
    for _ in range(2):
        with judging(make(root, {"test_volatile.py": volatile})) as judge:
            signatures.append({r.id.partition("::")[2]: r.signature for r in judge.baseline().results})
    assert signatures[0] == signatures[1]
    assert "gone" in signatures[0]["test_folder"]
    assert "[1, 25] == [1, 24]" in signatures[0]["test_values"]


def test_a_candidate_that_repairs_passes_in_every_tier(root: Path) -> None:
    with judging(make(root, CALC)) as judge:
        judge.baseline()
        for tier in Tier:
            found = verdict(judge, FIXED, tier)
            assert found.passed, tier
            assert not verdict(judge, Variant({}), tier).passed, tier
        assert found.tier is Tier.COLD


def test_verdicts_come_in_the_order_of_the_batch(root: Path) -> None:
    with judging(make(root, CALC)) as judge:
        judge.baseline()
        start = WRONG.index("+")
        batch = [Variant({}, (Edit("calc.py", start, start + 1, sign),)) for sign in "*-/-"]
        assert [found.passed for found in judge(batch, Tier.CONFIRM)] == [False, True, False, True]


def test_unsaved_buffers_are_the_truth_and_stay_off_the_disk(root: Path) -> None:
    """The bug is only in the buffer; a new file exists only there too."""
    make(root, {"calc.py": "def sub(a, b):\n    return a - b\n"})
    buffers = (buffer("calc.py", WRONG), buffer("tests/unit/test_new.py", TEST))
    with judging(root, buffers=buffers) as judge:
        assert judge.baseline().failing == ("tests/unit/test_new.py::test_sub",)
        assert judge.texts["calc.py"].text == WRONG
        assert verdict(judge).passed
    assert not (root / "tests").exists()
    assert (root / "calc.py").read_text() == "def sub(a, b):\n    return a - b\n"


def test_a_file_saved_in_the_middle_of_a_run_does_not_change_the_task(root: Path) -> None:
    with judging(make(root, CALC)) as judge:
        judge.baseline()
        make(root, {"calc.py": "nonsense(", "test_calc.py": "nonsense("})
        assert judge.texts["calc.py"].text == WRONG
        assert verdict(judge).passed


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestJudge]:
    """A judge that has its baseline, for tests that only look at candidates."""
    with judging(make(tmp_path_factory.mktemp("ready"), CALC), env={NO_PLUGINS: "1"}) as judge:
        judge.baseline()
        yield judge


@pytest.mark.parametrize(
    "trick",
    [
        "import unittest\n\ndef sub(a, b):\n    raise unittest.SkipTest('no')\n",
        "import pytest\n\ndef sub(a, b):\n    pytest.skip('no')\n",
        "import pytest\n\ndef sub(a, b):\n    pytest.xfail('no')\n",
        "import pytest\n\npytest.skip('no', allow_module_level=True)\n",
        "import os\n\nos._exit(0)\n",
        "import os\n\ndef sub(a, b):\n    os._exit(0)\n",
        "import sys\n\ndef sub(a, b):\n    sys.exit(0)\n",
        "import pytest\n\ndef sub(a, b):\n    pytest.exit('done', 0)\n",
        "raise SystemExit(0)\n",
        "import sys\n\nvars(sys.modules['test_calc']).clear()\n",
    ],
    ids=[
        "unittest",
        "skip",
        "xfail",
        "module",
        "import-exit",
        "exit",
        "sys.exit",
        "pytest.exit",
        "SystemExit",
        "clear",
    ],
)
def test_a_candidate_that_only_avoids_the_test_has_not_passed(ready: TestJudge, trick: str) -> None:
    for tier in (Tier.CONFIRM, Tier.COLD):
        found = verdict(ready, Variant({"calc.py": trick}), tier)
        assert not found.passed
        assert found.failing == ("test_calc.py::test_sub",)
    assert verdict(ready).passed


def test_a_test_that_vanishes_or_is_deselected_has_not_passed(root: Path) -> None:
    """Which tests there are may depend on the code under test."""
    files = {
        "calc.py": "CASES = [1, 2]\n\n\ndef double(n):\n    return n + 1\n",
        "test_calc.py": """
            import pytest
            from calc import CASES, double

            @pytest.mark.parametrize("n", CASES)
            def test_double(n):
                assert double(n) == 2 * n
        """,
        "conftest.py": """
            def pytest_collection_modifyitems(config, items):
                import calc
                drop = [item for item in items if item.callspec.params["n"] in getattr(calc, "DROP", ())]
                config.hook.pytest_deselected(items=drop)
                items[:] = [item for item in items if item not in drop]
        """,
    }
    with judging(make(root, files)) as judge:
        assert judge.baseline().failing == ("test_calc.py::test_double[2]",)
        wrong = "\n\ndef double(n):\n    return n + 1\n"
        for cases in ("CASES = [1]\n", "CASES = [1, 2]\nDROP = [2]\n", "CASES = []\n"):
            for tier in (Tier.CONFIRM, Tier.COLD):
                assert not verdict(judge, Variant({"calc.py": cases + wrong}), tier).passed
        right = "CASES = [1, 2]\n\n\ndef double(n):\n    return n * 2\n"
        assert verdict(judge, Variant({"calc.py": right}), Tier.COLD).passed
        assert not verdict(judge, Variant({"calc.py": right.replace("1, 2", "2")}), Tier.COLD).passed


def test_a_regression_elsewhere_refuses_a_candidate(root: Path) -> None:
    files = {
        "calc.py": WRONG,
        "test_calc.py": TEST,
        "test_zero.py": "from calc import sub\n\n\ndef test_zero():\n    assert sub(0, 0) == 0\n",
    }
    special = Variant({"calc.py": "def sub(a, b):\n    return 1\n"})
    with judging(make(root, files), "test_calc.py::test_sub") as judge:
        assert judge.baseline().targets == ("test_calc.py::test_sub",)
        found = verdict(judge, special, Tier.COLD)
        assert found.failing == ()
        assert found.regressions == ("test_zero.py::test_zero",)
        assert not found.passed
        assert verdict(judge, FIXED, Tier.COLD).passed


def test_a_test_that_failed_before_and_was_not_asked_about_may_go_on_failing(root: Path) -> None:
    files = {**CALC, "test_other.py": "def test_other():\n    assert False\n"}
    with judging(make(root, files), "test_calc.py") as judge:
        assert judge.baseline().targets == ("test_calc.py::test_sub",)
        assert verdict(judge, FIXED, Tier.COLD).passed


def test_a_file_that_cannot_be_collected_does_not_hide_the_others(root: Path) -> None:
    files = {**CALC, "test_broken.py": "import not_installed\n", "test_zero.py": "def test_zero():\n    assert True\n"}
    with judging(make(root, files), "test_calc.py") as judge:
        assert judge.baseline().targets == ("test_calc.py::test_sub",)
        assert verdict(judge, FIXED, Tier.COLD).passed
    with judging(root) as judge:
        assert outcomes(judge.baseline()) == {"test_sub": "failed", "test_zero": "passed", "test_broken.py": "error"}


def test_a_test_that_the_users_command_leaves_out_can_be_repaired_all_the_same(root: Path) -> None:
    files = {
        **CALC,
        "pytest.ini": "[pytest]\ntestpaths = suite\n",
        "suite/test_zero.py": "def test_zero():\n    assert True\n",
    }
    with judging(make(root, files), "test_calc.py") as judge:
        judge.baseline()
        assert verdict(judge, FIXED, Tier.COLD).passed
        assert judge.notices == [
            "`python -m pytest` does not run test_calc.py::test_sub: only the tests beside it are watched for "
            "regressions."
        ]


def test_tests_and_their_configuration_cannot_be_changed_by_a_candidate(root: Path) -> None:
    tame = "def test_sub():\n    pass\n"
    with judging(make(root, CALC)) as judge:
        judge.baseline()
        for tier in (Tier.CONFIRM, Tier.COLD):
            assert not verdict(judge, Variant({"test_calc.py": tame}), tier).passed
            for path in ("tests/helpers.py", "conftest.py", "tests/data/expected.json", "pyproject.toml", "a/tox.ini"):
                assert not judge.editable(path)
            for path in ("calc.py", "contest.py", "data/expected.json", "src/testing.py"):
                assert judge.editable(path)
    with judging(root, test={"editable": True}) as judge:
        judge.baseline()
        assert verdict(judge, Variant({"test_calc.py": tame}), Tier.COLD).passed


def test_the_tracer_reports_the_lines_that_tests_reach(root: Path) -> None:
    calc = "def sub(a, b):\n    if a < b:\n        return 0\n    return a + b\n"
    with judging(make(root, {**CALC, "calc.py": calc})) as judge:
        baseline = judge.baseline()
        trace = judge.trace(Variant({}), baseline.failing)
        assert set(trace.lines["test_calc.py::test_sub"]["calc.py"]) >= {2, 4}
        assert 3 not in trace.lines["test_calc.py::test_sub"]["calc.py"]
        assert trace.passed == frozenset()
        assert judge.trace(FIXED, baseline.failing).passed == {"test_calc.py::test_sub"}


def test_the_tracer_goes_on_when_a_variant_ends_the_test_process(root: Path) -> None:
    deadly = "import os, signal\n\n\ndef sub(a, b):\n    os.kill(os.getppid(), signal.SIGKILL)\n    return a - b\n"
    with judging(make(root, CALC), sandbox={"level": "landlock"}) as judge:
        targets = judge.baseline().failing
        judge._tests.level = "fresh"  # whose parent is the test process itself
        assert judge.trace(Variant({"calc.py": deadly}), targets) == Trace(lines={})
        assert judge.trace(FIXED, targets).passed == set(targets)


def test_a_text_that_cannot_be_written_reaches_no_lines(root: Path) -> None:
    with judging(make(root, CALC)) as judge:
        targets = judge.baseline().failing
        assert judge.trace(Variant({"calc.py": "SURROGATE = '\udcff'\n"}), targets) == Trace(lines={})
        assert judge.trace(FIXED, targets).passed == set(targets)


def test_a_file_in_which_the_suite_finds_tests_cannot_be_changed_whatever_its_name(root: Path) -> None:
    zero = "from calc import sub\n\n\ndef test_zero():\n    assert sub(0, 0) == 0\n"
    files = {**CALC, "checks.py": zero, "pytest.ini": "[pytest]\npython_files = test_*.py checks.py\n"}
    with judging(make(root, files), "test_calc.py") as judge:
        judge.baseline()
        assert not judge.editable("checks.py")
        assert not judge.editable("pytest.ini")


def test_code_with_doctests_can_be_changed(root: Path) -> None:
    doctest = 'def sub(a, b):\n    """\n    >>> sub(0, 0)\n    0\n    """\n    return a + b\n'
    make(root, {**CALC, "calc.py": doctest, "pytest.ini": "[pytest]\naddopts = --doctest-modules\n"})
    with judging(root, "test_calc.py") as judge:
        assert "calc.py::calc.sub" in judge.baseline().by_id
        assert judge.editable("calc.py")
        assert verdict(judge, Variant({"calc.py": doctest.replace("a + b", "a - b")}), Tier.COLD).passed


@pytest.mark.skipif(int(pytest.__version__.partition(".")[0]) < 9, reason="pytest tells of no subtests")
def test_a_test_with_a_skipped_subtest_is_watched_and_none_more_may_be_skipped(root: Path) -> None:
    test = """
        import unittest

        from calc import sub

        class TestSub(unittest.TestCase):
            def check(self, *pairs):
                for a, b, wanted in pairs:
                    with self.subTest(a=a, b=b):
                        if a < b or sub(a, b) == "skip":
                            self.skipTest("not this one")
                        self.assertEqual(sub(a, b), wanted)

            def test_sub(self):
                self.check((3, 2, 1), (2, 3, -1))

            def test_zero(self):
                self.check((0, 0, 0), (0, 1, -1))
    """
    target, beside = "test_calc.py::TestSub::test_sub", "test_calc.py::TestSub::test_zero"
    with judging(make(root, {"calc.py": WRONG, "test_calc.py": test}), command="pytest") as judge:
        baseline = judge.baseline()
        assert baseline.failing == (target,) and baseline.by_id[beside].passed
        for tier in (Tier.CONFIRM, Tier.COLD):
            assert verdict(judge, FIXED, tier).passed
            for bad in ("1", "1 if a else 'skip'"):
                found = verdict(judge, Variant({"calc.py": f"def sub(a, b):\n    return {bad}\n"}), tier)
                assert found.regressions == (beside,)
            found = verdict(judge, Variant({"calc.py": "def sub(a, b):\n    return 'skip' if a else 0\n"}), tier)
            assert found.failing == (target,)
