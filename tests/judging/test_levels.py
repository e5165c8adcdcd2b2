"""The fast levels say what a fresh process says."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from projects import CALC, FIXED, RIGHT, TEST, WRONG, judging, make, outcomes, verdict

from trm_lsp.core.state import Edit, Variant
from trm_lsp.core.verdict import Tier

KINDS = """
    import unittest
    from pathlib import Path

    import pytest
    from calc import State, sub


    @pytest.fixture(scope="module")
    def shared():
        return []


    @pytest.fixture(scope="class")
    def of_the_class(request):
        request.cls.seen = []
        yield sub(2, 1)


    @pytest.fixture(autouse=True)
    def around(monkeypatch):
        monkeypatch.setenv("AROUND", "1")


    @pytest.mark.parametrize("a", [0, 1, 2])
    @pytest.mark.parametrize("b", [0, 3], ids=["none", "three"])
    def test_each(a, b):
        assert sub(a, b) == a - b


    @pytest.mark.xfail(reason="not yet")
    def test_expected():
        assert sub(1, 1) == 5


    @pytest.mark.xfail(strict=True)
    def test_strict():
        assert sub(1, 0) == 1


    @pytest.mark.skipif(sub(2, 1) == 1, reason="depends on the code")
    def test_skipped_when_right():
        assert False


    class TestGroup:
        def test_first(self, of_the_class):
            self.seen.append(of_the_class)
            assert self.seen == [1]

        def test_second(self, of_the_class):
            self.seen.append(of_the_class)
            assert self.seen == [1, 1]


    class TestOld(unittest.TestCase):
        @classmethod
        def setUpClass(cls):
            cls.value = sub(5, 4)

        def setUp(self):
            self.addCleanup(State.seen.clear)
            State.seen.append(self.value)

        def test_old(self):
            self.assertEqual(State.seen, [1])

        def test_sub_tests(self):
            for n in range(3):
                with self.subTest(n=n):
                    self.assertEqual(sub(n, 1), n - 1)

        @unittest.expectedFailure
        def test_expected_failure(self):
            self.fail()


    def test_order_a(shared):
        shared.append(sub(1, 1))


    def test_order_b(shared):
        assert shared == [0]


    def test_folder(tmp_path, capsys):
        (tmp_path / "x").write_text(str(sub(1, 0)))
        print((tmp_path / "x").read_text())
        assert capsys.readouterr().out == "1\\n"


    def test_here():
        assert Path("data.txt").read_text() == "data" and Path(__file__).parent == Path.cwd()
"""
STATE = "\n\nclass State:\n    seen = []\n"
VARIANTS = {
    "wrong": Variant({}),
    "right": Variant({"calc.py": RIGHT + STATE}),
    "constant": Variant({"calc.py": "def sub(a, b):\n    return 1\n" + STATE}),
    "raises": Variant({"calc.py": "def sub(a, b):\n    raise KeyError(a)\n" + STATE}),
    "incomplete": Variant({"calc.py": RIGHT}),
    "syntax": Variant({"calc.py": "def sub(a, b:\n" + STATE}),
    "exit": Variant({"calc.py": "def sub(a, b):\n    raise SystemExit\n" + STATE}),
    "dirty": Variant({"calc.py": RIGHT + STATE + "State.seen.append(7)\n"}),
}


@pytest.mark.parametrize("level", ["collected", "loaded"])
def test_a_fast_level_gives_the_outcomes_of_a_fresh_process(root: Path, level: str) -> None:
    """A conftest in the top folder that imports the target spoils a configured pytest: one level down."""
    files = {"calc.py": WRONG + STATE, "test_kinds.py": KINDS, "data.txt": "data"}
    if level == "loaded":
        files["conftest.py"] = "import calc\n"
    with judging(make(root, files)) as judge:
        judge.baseline()
        assert judge._tests.level == level
        for name, variant in VARIANTS.items():
            fast, cold = (verdict(judge, variant, tier) for tier in (Tier.CONFIRM, Tier.COLD))
            assert outcomes(fast) == outcomes(cold), name
            assert fast.passed == cold.passed, name


def test_a_conftest_below_the_top_may_import_the_target(root: Path) -> None:
    files = {"calc.py": WRONG, "tests/conftest.py": "import calc\n\nKEPT = calc.sub\n", "tests/test_calc.py": TEST}
    with judging(make(root, files)) as judge:
        assert judge.baseline().failing
        assert judge._tests.level == "collected"
        for _ in range(2):
            assert [found.passed for found in judge([FIXED, Variant({})], Tier.CONFIRM)] == [True, False]


def test_a_module_that_the_conftest_imports_shows_every_candidate(root: Path) -> None:
    conftest = "import calc, pytest\n\n\n@pytest.fixture\ndef answer():\n    return calc.sub(3, 2)\n"
    test = "def test_sub(answer):\n    assert answer == 1\n"
    with judging(make(root, {"calc.py": WRONG, "conftest.py": conftest, "test_calc.py": test})) as judge:
        assert judge.baseline().failing
        assert judge._tests.level == "loaded"
        for tier in Tier:
            assert [found.passed for found in judge([FIXED, Variant({}), FIXED], tier)] == [True, False, True]


def test_a_plugin_of_the_workspace_named_in_its_configuration(root: Path) -> None:
    files = {
        **CALC,
        "plug.py": "from calc import sub\n\n\ndef pytest_report_header():\n    return str(sub(1, 1))\n",
        "pytest.ini": "[pytest]\naddopts = -p plug -q\n",
    }
    with judging(make(root, files)) as judge:
        assert judge.baseline().failing
        for tier in (Tier.CONFIRM, Tier.COLD):
            assert [found.passed for found in judge([FIXED, Variant({})], tier)] == [True, False]


def test_candidates_of_the_same_size_within_a_second_are_told_apart(root: Path) -> None:
    """Bytecode is told apart by size and second, and is cached between candidates."""
    start = WRONG.index("+")
    signs = "*-/-|-+-" * 2
    batch = [Variant({}, (Edit("calc.py", start, start + 1, sign),)) for sign in signs]
    for conftest in ({}, {"conftest.py": "import calc\n"}):
        with judging(make(root, {**CALC, **conftest})) as judge:
            judge.baseline()
            for tier in (Tier.SCREEN, Tier.CONFIRM):
                assert [found.passed for found in judge(batch, tier)] == [sign == "-" for sign in signs]
            assert [v.passed for v in judge(batch[:4], Tier.COLD)] == [False, True, False, True]


BODIES = [
    "return a - b",
    "return 1",
    "return a + b",
    "while True: pass",
    "raise SystemExit",
    "raise KeyboardInterrupt",
    "import os; os._exit(0)",
    "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
    "import sys; sys.exit(0)",
    "import unittest; raise unittest.SkipTest",
    "import pytest; pytest.exit('done')",
    "return sub(a, b)",
    "yield a - b",
    "return (",
    "global KEPT; KEPT.append(a); return len(KEPT)",
    "return KEPT[-1]",
    "import test_calc; test_calc.sub = lambda a, b: 1; return 1",
    "a -= b; return a",
]


def test_the_screen_drops_nothing_that_a_fresh_process_would_pass(root: Path) -> None:
    text = "KEPT = [0]\n\n\ndef sub(a, b):\n    return a + b\n"
    start = text.index("return")
    batch = [Variant({}, (Edit("calc.py", start, len(text) - 1, body),)) for body in BODIES]
    with judging(make(root, {"calc.py": text, "test_calc.py": TEST}), test={"idle": 1.5}) as judge:
        judge.baseline()
        screened = [found.passed for found in judge(batch, Tier.SCREEN)]
        cold = [found.passed for found in judge(batch, Tier.COLD)]
        assert [body for body, one, other in zip(BODIES, screened, cold, strict=True) if other and not one] == []
        assert [body for body, one in zip(BODIES, screened, strict=True) if one][:2] == BODIES[:2]
        assert verdict(judge).passed


def test_two_files_changed_in_one_candidate(root: Path) -> None:
    files = {
        "one.py": "A = 1\n",
        "two.py": "B = 1\n",
        "test_both.py": "from one import A\nfrom two import B\n\n\ndef test_both():\n    assert (A, B) == (2, 2)\n",
    }
    with judging(make(root, files)) as judge:
        judge.baseline()
        halves = [Variant({"one.py": "A = 2\n"}), Variant({"two.py": "B = 2\n"})]
        both = Variant({"one.py": "A = 2\n"}, (Edit("two.py", 4, 5, "2"),))
        for tier in Tier:
            assert [found.passed for found in judge([*halves, both, halves[0]], tier)] == [False, False, True, False]


def test_threads_and_exit_handlers_do_not_hold_up_a_verdict(root: Path) -> None:
    test = """
        import atexit, threading, time
        from calc import sub

        def test_sub():
            threading.Thread(target=time.sleep, args=(600,)).start()
            atexit.register(time.sleep, 600)
            assert sub(3, 2) == 1
    """
    with judging(make(root, {"calc.py": WRONG, "test_calc.py": test})) as judge:
        assert judge.baseline().failing
        for tier in (Tier.CONFIRM, Tier.COLD):
            assert verdict(judge, FIXED, tier).passed


def test_state_that_one_run_leaves_in_its_process_does_not_reach_the_next(root: Path) -> None:
    test = """
        import os, sys
        from calc import sub

        def test_sub():
            assert "trm_seen" not in sys.modules and "TRM_SEEN" not in os.environ
            sys.modules["trm_seen"] = sys
            os.environ["TRM_SEEN"] = "1"
            assert sub(3, 2) == 1
    """
    with judging(make(root, {"calc.py": WRONG, "test_calc.py": test})) as judge:
        judge.baseline()
        assert [v.passed for v in judge([FIXED] * 3, Tier.CONFIRM)] == [True] * 3
    assert "TRM_SEEN" not in os.environ


@pytest.mark.parametrize("level", ["namespaces", "none"])
def test_what_a_conftest_makes_outlasts_every_run(root: Path, level: str) -> None:
    """Temporary files that are there when a stage is ready belong to it, not to the first run that ends."""
    conftest = "import pathlib, tempfile\n\nMADE = pathlib.Path(tempfile.mkdtemp())\n"
    test = "import conftest\n" + TEST.replace("assert", "assert conftest.MADE.is_dir() and")
    make(root, {**CALC, "conftest.py": conftest, "test_calc.py": test})
    with judging(root, sandbox={"level": level}) as judge:
        judge.baseline()
        for tier in (Tier.CONFIRM, Tier.COLD, Tier.CONFIRM, Tier.CONFIRM):
            assert verdict(judge, FIXED, tier).passed


def test_a_flaky_neighbour_does_not_refuse_a_candidate(root: Path) -> None:
    """It fails in the warm processes alone, every other time; the user's own command decides."""
    flaky = """
        import os, sys

        def test_now_and_then():
            assert "_trm_zygote.stages" not in sys.modules or os.getpid() % 2
    """
    make(root, {**CALC, "test_flaky.py": flaky})
    with judging(root) as judge:
        judge.baseline()
        for _ in range(6):
            assert verdict(judge, FIXED, Tier.SUITE).passed


def test_what_broke_once_in_a_confirm_is_watched_by_every_other_verdict(root: Path) -> None:
    """A confirm forks from where the tests are collected, its second run collects them itself."""
    test = """
        import os
        from calc import sub

        COLLECTED = os.getpid()

        def test_sub():
            assert sub(3, 2) == 1

        def test_zero():
            assert sub(0, 0) == 0 or (sub(0, 0) == 1 and os.getpid() == COLLECTED)
    """
    at = WRONG.index("a + b")
    odd, bad = (Variant({}, (Edit("calc.py", at, at + len("a + b"), new),)) for new in ("1", "1 if a else 2"))
    with judging(make(root, {"calc.py": WRONG, "test_calc.py": test})) as judge:
        judge.baseline()
        assert judge._tests.level == "collected"
        assert verdict(judge, odd, Tier.CONFIRM).passed
        for tier in (Tier.CONFIRM, Tier.COLD):
            assert verdict(judge, bad, tier).regressions == ("test_calc.py::test_zero",)
        assert judge.notices == []


def test_a_stage_in_which_tests_vanish_is_not_used(root: Path) -> None:
    conftest = """
        import sys

        def pytest_collection_modifyitems(items):
            if "serve" in sys.argv:
                items[:] = [item for item in items if item.name != "test_zero"]
    """
    zero = "\n\ndef test_zero():\n    assert sub(0, 0) == 0\n"
    make(root, {**CALC, "conftest.py": conftest, "test_calc.py": TEST + zero})
    with judging(root) as judge:
        judge.baseline()
        assert judge._tests.level == "fresh"
        assert judge._tests.why == "test_calc.py::test_zero has another outcome there"
        found = verdict(judge, Variant({"calc.py": "def sub(a, b):\n    return 1\n"}))
        assert found.regressions == ("test_calc.py::test_zero",)
