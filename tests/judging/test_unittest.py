"""unittest in a process of its own: what it reports, and that the ids lead back to the same tests."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from projects import make

from trm_lsp import zygote
from trm_lsp.zygote.frames import Reader

MAIN = Path(zygote.__file__).parent / "main.py"
HARNESS = """
import importlib.util, json, os, sys
spec = importlib.util.spec_from_file_location("trm_main", sys.argv[1])
main = importlib.util.module_from_spec(spec)
spec.loader.exec_module(main)
main.load_package()
from _trm_zygote.unittest_run import run
request = json.loads(sys.argv[2])
if sys.argv[3] == "fork":
    pid = os.fork()
    if pid:
        os._exit(os.waitpid(pid, 0)[1] >> 8)
status = run(request)
sys.stdout.flush()
sys.stderr.flush()
os._exit(status)
"""

PYTHONS = [
    path
    for path in [
        *sorted(Path("~/.pyenv/versions").expanduser().glob("*/bin/python")),
        *map(Path, filter(None, os.environ.get("TRM_TEST_PYTHONS", "").split(os.pathsep))),
    ]
    if subprocess.run([path, "-c", "import sys; sys.exit(sys.version_info < (3, 8))"], check=False).returncode == 0
]


@dataclass
class Run:
    """Everything a run said."""

    exit: int
    output: str
    reports: list[dict[str, Any]]
    results: dict[str, dict[str, Any]] = field(init=False)

    def __post_init__(self) -> None:
        self.results = {said["result"]["id"]: said["result"] for said in self.reports if "result" in said}

    @property
    def outcomes(self) -> dict[str, str]:
        return {id: result["outcome"] for id, result in self.results.items()}

    @property
    def started(self) -> list[str]:
        return [said["start"] for said in self.reports if "start" in said]

    @property
    def collect(self) -> dict[str, dict[str, Any]]:
        return {said["collect"]["id"]: said["collect"] for said in self.reports if "collect" in said}

    def lines(self, test: str) -> set[tuple[str, int]]:
        return {
            (path, line) for id, path, line in (said["line"] for said in self.reports if "line" in said) if id == test
        }


def run(
    root: Path, /, *tests: str, args: str = "", python: str | Path = sys.executable, how: str = "fresh", **request: Any
) -> Run:
    """Run unittest on the project, as the test process does."""
    read, write = os.pipe()
    asked = {
        "args": args.split(),
        "tests": list(tests),
        "root": str(root),
        "trace": False,
        "without": [],
        "survey": False,
        "module": True,
        "report_fd": write,
        **request,
    }
    with tempfile.TemporaryFile() as output:  # a pipe that nobody reads yet would stop the run
        process = subprocess.Popen(
            [str(python), "-c", HARNESS, str(MAIN), json.dumps(asked), how],
            cwd=root,
            pass_fds=[write],
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        )
        os.close(write)
        with os.fdopen(read, "rb") as pipe:
            data = pipe.read()
        exit = process.wait()
        output.seek(0)
        return Run(exit, output.read().decode(errors="replace"), Reader().feed(data))


def check(root: Path, files: Mapping[str, str], outcomes: Mapping[str, str], *tests: str, **how: Any) -> Run:
    """What becomes of the tests, by id; the exit code agrees with it."""
    found = run(make(root, files), *tests, **how)
    assert found.outcomes == outcomes, found.output
    assert set(found.started) <= set(outcomes)
    bad = found.collect or {"failed", "error"} & set(outcomes.values())
    assert found.exit == (1 if bad else 0 if outcomes else 5), found.output
    return found


CALC = {
    "calc.py": """
        def sub(a, b):
            return a + b

        def never():
            return 0
    """,
    "tests/__init__.py": "",
    "tests/test_calc.py": """
        import unittest
        from calc import sub

        class TestCalc(unittest.TestCase):
            def test_sub(self):
                self.assertEqual(sub(3, 2), 1)

            def test_zero(self):
                self.assertEqual(sub(3, 0), 3)

            @unittest.skip("later")
            def test_skipped(self):
                raise ValueError

            @unittest.expectedFailure
            def test_known(self):
                self.fail()

            @unittest.expectedFailure
            def test_mended(self):
                pass

            def test_raises(self):
                helper()

        def helper():
            raise KeyError("gone")
    """,
}
OF_CALC = {
    "tests/test_calc.py::TestCalc::test_sub": "failed",
    "tests/test_calc.py::TestCalc::test_zero": "passed",
    "tests/test_calc.py::TestCalc::test_skipped": "skipped",
    "tests/test_calc.py::TestCalc::test_known": "passed",
    "tests/test_calc.py::TestCalc::test_mended": "failed",
    "tests/test_calc.py::TestCalc::test_raises": "failed",
}
SUB = "tests/test_calc.py::TestCalc::test_sub"


@pytest.mark.parametrize("python", PYTHONS, ids=[path.parts[-3] for path in PYTHONS])
def test_every_python_says_the_same(root: Path, python: Path) -> None:
    extra = """
        import unittest
        from calc import sub

        class TestAsync(unittest.IsolatedAsyncioTestCase):
            async def asyncSetUp(self):
                self.value = sub(1, 2)

            async def test_value(self):
                self.assertEqual(self.value, 3)

        class TestParts(unittest.TestCase):
            def test_parts(self):
                for n in range(3):
                    with self.subTest(n=n):
                        self.assertEqual(n, 1)

        class TestBroken(unittest.TestCase):
            @classmethod
            def setUpClass(cls):
                raise RuntimeError("no database")

            def test_one(self): ...
            def test_two(self): ...
    """
    expected = {
        **OF_CALC,
        "tests/test_extra.py::TestAsync::test_value": "passed",
        "tests/test_extra.py::TestParts::test_parts": "failed",
        "tests/test_extra.py::TestBroken::test_one": "error",
        "tests/test_extra.py::TestBroken::test_two": "error",
    }
    files = {**CALC, "tests/test_extra.py": extra, "tests/test_gone.py": "import nowhere\n"}
    found = check(root, files, expected, python=python, trace=True)
    assert found.collect["tests/test_gone.py"]["error"] == "ModuleNotFoundError: No module named 'nowhere'"
    assert ("calc.py", 3) in found.lines(SUB) and ("calc.py", 6) not in found.lines(SUB)
    again = run(root, SUB, "tests/test_extra.py::TestBroken", python=python)
    assert again.outcomes == {id: expected[id] for id in expected if id == SUB or "TestBroken" in id}


def test_a_fork_reports_as_a_fresh_process_does(root: Path) -> None:
    make(root, CALC)
    fresh, fork = (run(root, how=how) for how in ("fresh", "fork"))
    assert fresh.outcomes == fork.outcomes == OF_CALC
    assert fresh.exit == fork.exit == 1


def test_a_failure_has_its_text_its_error_and_the_way_to_it(root: Path) -> None:
    found = check(root, CALC, OF_CALC)
    sub, raises = found.results[SUB], found.results["tests/test_calc.py::TestCalc::test_raises"]
    assert sub["error"] == "AssertionError: 5 != 1"
    assert sub["frames"] == [["tests/test_calc.py", 7]]
    assert "self.assertEqual(sub(3, 2), 1)" in sub["message"]
    assert raises["error"] == "KeyError: 'gone'"
    assert raises["frames"] == [["tests/test_calc.py", 25], ["tests/test_calc.py", 28]]
    assert all(result["seconds"] >= 0 for result in found.results.values())


def test_every_part_that_fails_is_told(root: Path) -> None:
    test = """
        import unittest

        class TestParts(unittest.TestCase):
            def test_parts(self):
                with self.subTest("words", n=1):
                    self.assertEqual(1, 2)
                with self.subTest(n=2):
                    raise ValueError("two")
                with self.subTest(n=3):
                    self.skipTest("later")
    """
    id = "test_parts.py::TestParts::test_parts"
    found = check(root, {"test_parts.py": test}, {id: "failed"})
    assert found.results[id]["error"] == "AssertionError: 1 != 2"
    assert "[words] (n=1)" in found.results[id]["message"] and "(n=2)" in found.results[id]["message"]


def test_a_test_ends_when_many_of_its_parts_have_failed_and_nothing_else_does(root: Path) -> None:
    test = """
        import sys, unittest

        class TestParts(unittest.TestCase):
            def test_a(self):
                for n in range(1000):
                    with self.subTest(n=n):
                        sys.stderr.write("part ")
                        self.assertEqual(n, -1)

            def tearDown(self):
                if self._testMethodName == "test_a":
                    raise ValueError("torn")

            def test_b(self):
                for n in range(1000):
                    with self.subTest(n=n):
                        if n % 500 == 499:
                            self.fail("late")

            def test_c(self):
                pass
    """
    ids = {name: f"test_parts.py::TestParts::test_{name}" for name in "abc"}
    found = check(root, {"test_parts.py": test}, {ids["a"]: "failed", ids["b"]: "failed", ids["c"]: "passed"})
    assert found.results[ids["a"]]["error"] == "AssertionError: 0 != -1"
    assert "(n=499)" in found.results[ids["b"]]["message"] and "(n=999)" in found.results[ids["b"]]["message"]
    assert found.output.count("part ") < 100


# --- fixtures of classes and modules ----------------------------------------------------------------


def fixtures(body: str) -> Mapping[str, str]:
    return {
        "test_a.py": f"""
import unittest
import helper
{body}

class TestA(unittest.TestCase):
    def test_one(self): ...
    def test_two(self): ...

class TestB(unittest.TestCase):
    def test_three(self): ...
""",
        "helper.py": "def boom():\n    raise RuntimeError('boom')\n\n\ndef fine():\n    return 1\n",
    }


ONE, TWO, THREE = "test_a.py::TestA::test_one", "test_a.py::TestA::test_two", "test_a.py::TestB::test_three"


def test_a_module_that_cannot_be_set_up_fails_all_its_tests(root: Path) -> None:
    files = fixtures("def setUpModule(): helper.boom()")
    found = check(root, files, {ONE: "error", TWO: "error", THREE: "error"}, trace=True)
    assert found.results[TWO]["error"] == "RuntimeError: boom"
    assert found.results[TWO]["frames"] == [["test_a.py", 4], ["helper.py", 2]]
    assert ("helper.py", 2) in found.lines(TWO)


def test_a_module_that_skips_itself_skips_all_its_tests(root: Path) -> None:
    files = fixtures("def setUpModule(): raise unittest.SkipTest('not here')")
    check(root, files, {ONE: "skipped", TWO: "skipped", THREE: "skipped"})


def test_a_module_that_cannot_be_torn_down_fails_the_test_before(root: Path) -> None:
    files = fixtures("def tearDownModule(): helper.boom()")
    check(root, files, {ONE: "passed", TWO: "passed", THREE: "error"})


def test_a_class_that_cannot_be_torn_down_fails_its_last_test(root: Path) -> None:
    files = fixtures("")
    test = files["test_a.py"].replace(
        "    def test_one", "    @classmethod\n    def tearDownClass(cls): helper.boom()\n    def test_one"
    )
    check(root, {**files, "test_a.py": test}, {ONE: "passed", TWO: "error", THREE: "passed"})


def test_lines_that_a_class_reaches_count_for_its_test(root: Path) -> None:
    files = fixtures("")
    test = files["test_a.py"].replace(
        "    def test_three", "    @classmethod\n    def setUpClass(cls): helper.fine()\n    def test_three"
    )
    found = check(root, {**files, "test_a.py": test}, {ONE: "passed", TWO: "passed", THREE: "passed"}, trace=True)
    assert ("helper.py", 6) in found.lines(THREE)
    assert ("helper.py", 6) not in found.lines(ONE)


# --- what cannot be loaded --------------------------------------------------------------------------

BROKEN = {
    "calc.py": "def sub(a, b)\n    return a - b\n",
    "test_calc.py": "import unittest\nimport calc\n",
    "test_fine.py": "import unittest\n\nclass TestFine(unittest.TestCase):\n    def test_fine(self): ...\n",
}
FINE = {"test_fine.py::TestFine::test_fine": "passed"}


@pytest.mark.parametrize("args", ["", "discover", "test_calc test_fine", "test_calc.TestCalc test_fine"])
def test_a_module_that_cannot_be_imported_leaves_the_others_alone(root: Path, args: str) -> None:
    found = check(root, BROKEN, FINE, args=args)
    (error,) = found.collect.values()
    assert error["id"] == "test_calc.py"
    assert error["error"].startswith("SyntaxError: ")
    assert error["frames"] == [["test_calc.py", 2], ["calc.py", 1]]


@pytest.mark.parametrize("args", ["", "test_calc"])
def test_a_module_may_raise_anything_when_it_is_imported(root: Path, args: str) -> None:
    files = {"test_calc.py": "import unittest\n1 / 0\n"}
    found = check(root, files, {}, args=args)
    assert found.collect["test_calc.py"]["error"] == "ZeroDivisionError: division by zero"
    assert found.collect["test_calc.py"]["frames"] == [["test_calc.py", 2]]


def test_a_module_that_skips_itself_is_one_skipped_test(root: Path) -> None:
    found = run(make(root, {"test_calc.py": "import unittest\nraise unittest.SkipTest('not here')\n"}))
    assert list(found.outcomes.values()) == ["skipped"] and not found.collect


def test_a_command_that_cannot_be_run_is_no_verdict(root: Path) -> None:
    make(root, CALC)
    assert run(root, args="--nonsense").exit == 4
    assert run(root, args="discover -s nowhere").exit == 4
    assert run(root, args="discover -p nothing*.py").exit == 5


# --- which tests are run ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "args",
    [
        "",
        "-v",
        "discover",
        "discover -s tests -t .",
        "tests.test_calc",
        "tests/test_calc.py",
        "-f tests.test_calc.TestCalc",
    ],
)
def test_whatever_the_command_looks_like_the_ids_are_the_same(root: Path, args: str) -> None:
    check(root, CALC, OF_CALC, args=args)
    assert run(root, SUB, args=args).outcomes == {SUB: "failed"}


def test_only_the_files_asked_for_are_imported(root: Path) -> None:
    files = {**CALC, "tests/test_other.py": "raise SystemExit('never import me')\n"}
    found = check(root, files, {SUB: "failed"}, SUB)
    assert not found.collect and "never import me" not in found.output


def test_a_file_a_folder_and_a_class_can_be_asked_for(root: Path) -> None:
    for asked in ("tests/test_calc.py", "tests", "tests/test_calc.py::TestCalc", "."):
        check(root, CALC, OF_CALC, asked)


def test_a_test_that_the_command_does_not_lead_to_can_be_asked_for(root: Path) -> None:
    files = {**CALC, "more/check_x.py": "import unittest\n\nclass X(unittest.TestCase):\n    def test_x(self): ...\n"}
    id = "more/check_x.py::X::test_x"
    for args in ("", "discover -s tests", "tests.test_calc"):
        check(root, files, {id: "passed"}, id, args=args)
        check(root, files, {id: "passed", SUB: "failed"}, SUB, id, args=args)


def test_a_test_that_is_gone_is_not_found(root: Path) -> None:
    check(root, CALC, {}, "tests/test_calc.py::TestCalc::test_gone")
    check(root, CALC, {SUB: "failed"}, SUB, "tests/test_calc.py::TestCalc::test_gone")


def test_tests_can_be_left_out(root: Path) -> None:
    found = run(make(root, CALC), without=[SUB])
    assert set(found.outcomes) == set(OF_CALC) - {SUB}


def test_a_source_folder_is_put_on_the_path_as_the_command_does(root: Path) -> None:
    files = {
        "src/calc.py": CALC["calc.py"],
        "src/tests/test_calc.py": CALC["tests/test_calc.py"],
        "src/tests/__init__.py": "",
    }
    found = run(make(root, files), "src/" + SUB, args="discover -s src/tests -t src", trace=True)
    assert found.outcomes == {"src/" + SUB: "failed"}
    assert ("src/calc.py", 3) in found.lines("src/" + SUB)


def test_the_working_directory_comes_first_on_the_path(root: Path) -> None:
    test = """
        import os, sys, unittest

        class TestPath(unittest.TestCase):
            def test_path(self):
                self.assertEqual(sys.path[0], os.getcwd())
    """
    check(root, {"test_path.py": test}, {"test_path.py::TestPath::test_path": "passed"}, args="test_path")


def test_tests_that_a_module_loads_itself(root: Path) -> None:
    test = """
        import doctest, unittest
        import calc

        class Base(unittest.TestCase):
            def __init__(self, method="check", value=0):
                super().__init__(method)
                self.value = value

            def check(self):
                self.assertEqual(self.value, 2)

        def alone():
            assert calc.one() == 1

        def load_tests(loader, tests, pattern):
            suite = unittest.TestSuite([Base(value=2), unittest.FunctionTestCase(alone)])
            suite.addTests(doctest.DocTestSuite(calc))
            return suite
    """
    module = 'def one():\n    """\n    >>> one()\n    2\n    """\n    return 1\n'
    expected = {
        "test_own.py::Base::check": "passed",
        "test_own.py::alone": "passed",
        "calc.py::calc.one": "failed",
    }
    check(root, {"test_own.py": test, "calc.py": module}, expected)
    assert run(root, "test_own.py::Base").outcomes == {"test_own.py::Base::check": "passed"}


def test_a_class_that_two_modules_know_counts_once_and_at_its_worst(root: Path) -> None:
    files = {
        "test_a.py": """
            import unittest
            RUNS = []

            class TestA(unittest.TestCase):
                def test_first(self):
                    RUNS.append(1)
                    self.assertGreater(len(RUNS), 1)
        """,
        "test_b.py": "from test_a import TestA\n",
    }
    check(root, files, {"test_a.py::TestA::test_first": "failed"})


# --- what a run may do to its own process -----------------------------------------------------------


def test_a_test_that_forks_reports_once(root: Path) -> None:
    test = """
        import os, unittest

        class TestFork(unittest.TestCase):
            def test_fork(self):
                pid = os.fork()
                if pid:
                    os.waitpid(pid, 0)

            def test_later(self):
                pass
    """
    ids = [f"test_fork.py::TestFork::{name}" for name in ("test_fork", "test_later")]
    found = check(root, {"test_fork.py": test}, dict.fromkeys(ids, "passed"))
    assert found.started == ids


def test_a_test_that_ends_the_process_has_been_announced(root: Path) -> None:
    test = "import os, unittest\n\nclass TestEnd(unittest.TestCase):\n    def test_end(self): os._exit(7)\n"
    found = run(make(root, {"test_end.py": test}))
    assert found.exit == 7 and found.started == ["test_end.py::TestEnd::test_end"] and not found.results


def test_every_test_has_the_same_randomness(root: Path) -> None:
    test = """
        import random, unittest

        class TestRandom(unittest.TestCase):
            @classmethod
            def setUpClass(cls):
                cls.drawn = random.random()

            def test_a(self):
                self.assertEqual((self.drawn, random.random()), (EXPECTED, EXPECTED))

            test_b = test_a
    """.replace("EXPECTED", repr(random.Random(7).random()))
    ids = ["test_random.py::TestRandom::test_a", "test_random.py::TestRandom::test_b"]
    check(root, {"test_random.py": test}, dict.fromkeys(ids, "passed"), seed=7)


def test_the_survey_says_what_was_imported_from_elsewhere(root: Path) -> None:
    (survey,) = [said for said in run(make(root, CALC), survey=True).reports if "modules" in said]
    assert "calc" not in survey["modules"] and survey["rewritten"] == []


def test_code_imported_from_the_workspace_itself_is_told(root: Path, tmp_path: Path) -> None:
    original = make(tmp_path / "original", {"lib/calc.py": "def sub(a, b):\n    return a + b\n"})
    test = f"""
        import sys, unittest
        sys.path.insert(0, {str(original / "lib")!r})
        import calc

        class TestCalc(unittest.TestCase):
            def test_sub(self): ...
    """
    found = run(make(root, {"test_calc.py": test}), root=str(original), survey=True)
    assert {"leak": [str(original / "lib" / "calc.py")]} in found.reports
