"""A test that is called without pytest's protocol comes to what it comes to with it."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from trm_lsp import zygote
from trm_lsp.zygote.main import load_package

load_package()

from _trm_zygote.bare import _Known  # noqa: E402
from _trm_zygote.screening import ERROR_KEPT  # noqa: E402

BOTH_WAYS = '''
import json, sys, types

package = types.ModuleType("_trm_zygote")
package.__path__ = [sys.argv[1]]
sys.modules["_trm_zygote"] = package

import pytest


def run_alone(test):
    from _trm_zygote.bare import UnclearTest

    try:
        return test.run()
    except UnclearTest as unclear:
        return "unclear", str(unclear), 0


class BothWays:
    """Runs each test twice alone, if it may be, and twice by the protocol."""

    def pytest_runtestloop(self, session):
        from _trm_zygote.bare import bare_test, surroundings
        from _trm_zygote.reporting import Outcomes
        from _trm_zygote.screening import PytestsTest, _Reports

        outcomes = Outcomes()
        session.config.option.tbstyle = "line"  # as every test process has it
        session.config.pluginmanager.register(_Reports(outcomes))
        self.found = {}
        with surroundings(session.config):
            for item in session.items:
                alone, whole = bare_test(item), PytestsTest(item, outcomes)
                runs = [whole.run(), *([run_alone(alone), run_alone(alone)] if alone else []), whole.run()]
                self.found[item.nodeid.rpartition("::")[2]] = alone is not None, runs
        return True


both = BothWays()
pytest.main(["-q", "-p", "no:cacheprovider", "-p", "no:randomly", *sys.argv[3:]], plugins=[both])
with open(sys.argv[2], "w") as file:
    json.dump(both.found, file)
'''


def both_ways(
    folder: Path, text: str, *options: str, python: str = sys.executable
) -> dict[str, tuple[bool, list[list[object]]]]:
    """By test: whether it may be called alone, and what its runs came to, the first and the last by the protocol."""
    (folder / "both_ways.py").write_text(BOTH_WAYS)
    (folder / "test_it.py").write_text(textwrap.dedent(text))
    out = folder / "found.json"
    place = Path(zygote.__file__).parent
    command = [python, "both_ways.py", str(place), str(out), "test_it.py", *options]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": ""})
    assert out.exists(), ran.stdout + ran.stderr
    return {name: (alone, runs) for name, (alone, runs) in json.loads(out.read_text()).items()}


LIKE_LIFE = '''
    import unittest
    import warnings
    from unittest import mock

    import pytest

    SEEN = []


    def fail(text="out of a helper"):
        raise ValueError(text)


    class Plain(unittest.TestCase):
        """What tests do."""

        def setUp(self):
            self.value = [1, 2]

        def test_passes(self):
            self.assertEqual(self.value, [1, 2])

        def test_equal(self):
            self.assertEqual(self.value, [1, 3])

        def test_equal_with_words(self):
            self.assertEqual(1, 2, "they differ")

        def test_long_texts(self):
            self.assertEqual("a\\nb\\nc" * 30, "a\\nb\\nd" * 30)

        def test_assert(self):
            assert self.value == [1, 3]

        def test_assert_of_strings(self):
            assert "a long text" in "another one", self.value

        def test_raises(self):
            with self.assertRaises(ValueError):
                fail()

        def test_raises_nothing(self):
            with self.assertRaises(ValueError):
                pass

        def test_raises_something_else(self):
            with self.assertRaises(KeyError):
                fail()

        def test_raises_with_another_text(self):
            with self.assertRaisesRegex(ValueError, "^inner$"):
                fail()

        def test_error(self):
            fail()

        def test_chained(self):
            try:
                fail("inner")
            except ValueError as error:
                raise KeyError("outer") from error

        def test_attribute(self):
            self.nowhere

        def test_fails(self):
            self.fail("just so")

        def test_pytest_fails(self):
            pytest.fail("as pytest says")

        def test_pytest_raises_nothing(self):
            with pytest.raises(ValueError):
                pass

        def test_skips(self):
            self.skipTest("not today")

        def test_raises_skip(self):
            raise unittest.SkipTest("nor so")

        def test_pytest_skips(self):
            pytest.skip("nor as pytest says")

        def test_pytest_xfails(self):
            pytest.xfail("known")

        def test_exits(self):
            raise SystemExit(3)

        def test_warns(self):
            with self.assertWarns(UserWarning):
                warnings.warn("look", UserWarning)

        def test_warns_not(self):
            with self.assertWarns(UserWarning):
                pass

        def test_logs(self):
            with self.assertLogs("here", "INFO") as logs:
                import logging

                logging.getLogger("here").info("so")
            self.assertEqual(logs.output, ["no"])

        def test_logs_nothing(self):
            with self.assertLogs("here", "INFO"):
                pass

        @mock.patch("os.getpid", return_value=7)
        def test_patched(self, getpid):
            import os

            self.assertEqual(os.getpid(), 8)

        def test_items(self):
            self.assertCountEqual([1, 2, 2], [1, 2, 3])

        def test_returns(self):
            return None

        def test_notes(self):
            error = ValueError("noted")
            if hasattr(error, "add_note"):
                error.add_note("more of it")
            raise error

        def test_group(self):
            import sys

            if sys.version_info >= (3, 11):
                raise ExceptionGroup("several", [ValueError("a"), KeyError("b")])  # noqa: F821

        def test_own_name(self):
            self.assertEqual((self.id(), str(self), sorted(vars(self))), None)


    class SetUpFails(unittest.TestCase):
        def setUp(self):
            self.addCleanup(SEEN.clear)
            fail("in the set-up")

        def tearDown(self):
            fail("is not called")

        def test_set_up_fails(self):
            raise AssertionError("is not reached")


    class SetUpFailsAndCleanUp(unittest.TestCase):
        def setUp(self):
            self.addCleanup(fail, "in the clean-up")
            self.assertTrue(False)

        def test_set_up_and_clean_up_fail(self):
            raise AssertionError("is not reached")


    class SetUpSkips(unittest.TestCase):
        def setUp(self):
            raise unittest.SkipTest("nothing here")

        def tearDown(self):
            fail("is not called")

        def test_set_up_skips(self):
            raise AssertionError("is not reached")


    class SetUpSkipsAndCleanUpFails(unittest.TestCase):
        def setUp(self):
            self.addCleanup(fail, "in the clean-up")
            self.skipTest("nothing here")

        def test_set_up_skips_and_clean_up_fails(self):
            raise AssertionError("is not reached")


    class TearDownFails(unittest.TestCase):
        def tearDown(self):
            fail("in the tear-down")

        def test_tear_down_fails(self):
            pass

        def test_all_fails(self):
            self.addCleanup(fail, "first in, last out")
            self.addCleanup(fail, "last in, first out")
            self.assertEqual(1, 2)

        def test_skips_and_tear_down_fails(self):
            self.skipTest("not today")

        def test_tear_down_fails_after_subtests(self):
            for n in range(3):
                with self.subTest(n=n):
                    self.assertNotEqual(n, 1)


    class TearDownSkips(unittest.TestCase):
        def tearDown(self):
            self.skipTest("too late")

        def test_tear_down_skips(self):
            pass

        def test_fails_and_tear_down_skips(self):
            self.assertEqual(1, 2)


    class CleanUps(unittest.TestCase):
        def test_clean_up_fails(self):
            self.addCleanup(fail, "in the clean-up")

        def test_two_clean_ups_fail(self):
            self.addCleanup(fail, "first in, last out")
            self.addCleanup(fail, "last in, first out")

        def test_fails_and_clean_up_fails(self):
            self.addCleanup(fail, "in the clean-up")
            self.assertEqual(1, 2)

        def test_clean_up_skips(self):
            self.addCleanup(self.skipTest, "too late")

        def test_clean_up_counts(self):
            self.addCleanup(SEEN.clear)
            SEEN.append(1)
            self.assertEqual(SEEN, [1])


    class Subtests(unittest.TestCase):
        def test_subtests_pass(self):
            for n in range(3):
                with self.subTest(n=n):
                    self.assertLess(n, 3)

        def test_one_subtest_fails(self):
            for n in range(3):
                with self.subTest(n=n):
                    self.assertEqual(n, 1 if n == 1 else n + (n == 2))

        def test_two_subtests_fail(self):
            for n in range(3):
                with self.subTest("with a text", n=n):
                    self.assertEqual(n, 1)

        def test_subtest_fails_and_then_the_test(self):
            with self.subTest():
                self.assertEqual(1, 2)
            self.assertEqual(3, 4)

        def test_subtest_passes_and_then_the_test_fails(self):
            with self.subTest():
                self.assertEqual(1, 1)
            fail("behind it")

        def test_nested_subtests(self):
            with self.subTest(outer=1):
                with self.subTest(inner=2):
                    self.assertEqual(1, 2)
                fail("behind it")

        def test_subtest_raises(self):
            with self.subTest():
                fail("in a subtest")

        def test_subtest_skips(self):
            for n in range(2):
                with self.subTest(n=n):
                    self.skipTest("not this one")

        def test_subtest_skips_and_another_fails(self):
            for n in range(2):
                with self.subTest(n=n):
                    if n == 0:
                        self.skipTest("not this one")
                    self.assertEqual(n, 2)

        def test_skips_behind_a_subtest(self):
            with self.subTest():
                pass
            self.skipTest("the rest")

        def test_skips_behind_a_failed_subtest(self):
            with self.subTest():
                self.assertEqual(1, 2)
            self.skipTest("the rest")

        def test_subtest_skips_as_pytest_says(self):
            with self.subTest():
                pytest.skip("not this one")

        def test_subtest_xfails(self):
            with self.subTest():
                pytest.xfail("known")


    class Mixin:
        kind = None

        def make(self):
            return self.kind()

        def check(self, value):
            self.assertEqual(self.make(), value)

        def test_mixed_in(self):
            assert self.make() == [3]

        def test_mixed_in_with_a_helper(self):
            self.check({})


    class OfLists(Mixin, unittest.TestCase):
        kind = list
        check = Mixin.check

        def setUp(self):
            super().setUp()
            self.longMessage = False
'''
LEFT_TO_PYTEST = """
    import unittest

    import pytest


    class OfClass(unittest.TestCase):
        @classmethod
        def setUpClass(cls):
            cls.value = 1

        def test_of_class(self):
            self.assertEqual(self.value, 2)


    class TearDownOfClass(unittest.TestCase):
        @classmethod
        def tearDownClass(cls):
            raise ValueError("late")

        def test_tear_down_of_class(self):
            pass


    class SetUpMethod(unittest.TestCase):
        def setup_method(self, method):
            self.value = 1

        def test_set_up_method(self):
            self.assertEqual(self.value, 1)


    class SetUpOfPytestsClass(unittest.TestCase):
        @classmethod
        def setup_class(cls):
            cls.value = 1

        def test_set_up_of_pytests_class(self):
            self.assertEqual(self.value, 1)


    class WithFixture(unittest.TestCase):
        @pytest.fixture(autouse=True)
        def make(self):
            self.value = 1

        def test_with_fixture(self):
            self.assertEqual(self.value, 1)


    class Skipping(unittest.TestCase):
        @unittest.skip("no")
        def test_skipped(self):
            raise ValueError("is not reached")

        @unittest.expectedFailure
        def test_expected_failure(self):
            self.assertEqual(1, 2)

        @unittest.expectedFailure
        def test_unexpected_success(self):
            pass

        @pytest.mark.xfail
        def test_marked(self):
            self.assertEqual(1, 2)


    @unittest.skip("none")
    class Skipped(unittest.TestCase):
        def test_of_skipped_class(self):
            raise ValueError("is not reached")


    class Asynchronous(unittest.IsolatedAsyncioTestCase):
        async def test_awaits(self):
            self.assertEqual(1, 2)


    class OwnRun(unittest.TestCase):
        def run(self, result=None):
            self.value = 1
            return super().run(result)

        def test_own_run(self):
            self.assertEqual(self.value, 1)


    class OwnStart(unittest.TestCase):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            self.value = 1

        def test_own_start(self):
            self.assertEqual(self.value, 2)


    class CleanedUpAsAClass(unittest.TestCase):
        pass


    CleanedUpAsAClass.addClassCleanup(print, "done")
    CleanedUpAsAClass.test_class_clean_up = lambda self: None
"""


def names(text: str) -> set[str]:
    found = {node.name for node in ast.walk(ast.parse(textwrap.dedent(text))) if isinstance(node, ast.FunctionDef)}
    return {name for name in found if name.startswith("test_")}


def test_plain_tests_of_a_case_come_to_the_same_alone(tmp_path: Path) -> None:
    found = both_ways(tmp_path, LIKE_LIFE)
    assert set(found) == names(LIKE_LIFE)
    assert [name for name, (alone, _) in found.items() if not alone] == []
    for name, (_, (first, *alone, last)) in found.items():
        assert first == last, name
        assert [run[:2] for run in alone] == [first[:2], first[:2]], name
        assert all(run[2] == first[2] or (run[2] and not in_test(first[2], name)) for run in alone), name


def in_test(line: object, name: str) -> bool:
    """Whether a line of LIKE_LIFE lies in the test; pytest tells the line of what it called, or none in unittest."""
    nodes = ast.walk(ast.parse(textwrap.dedent(LIKE_LIFE)))
    (test,) = [node for node in nodes if isinstance(node, ast.FunctionDef) and node.name == name]
    return line in range(test.lineno, (test.end_lineno or 0) + 1)


def test_what_pytest_does_more_for_is_left_to_it(tmp_path: Path) -> None:
    found = both_ways(tmp_path, LEFT_TO_PYTEST)
    assert set(found) == names(LEFT_TO_PYTEST) | {"test_awaits", "test_class_clean_up"}
    assert [name for name, (alone, _) in found.items() if alone] == []
    assert [name for name, (_, (first, last)) in found.items() if first != last] == []


@pytest.mark.parametrize("around", ["def setUpModule():\n    pass\n", "pytestmark = pytest.mark.skip\n"])
def test_what_is_around_a_whole_module_leaves_its_tests_to_pytest(tmp_path: Path, around: str) -> None:
    test = "class Case(unittest.TestCase):\n    def test_it(self):\n        pass\n"
    found = both_ways(tmp_path, f"import unittest\nimport pytest\n\n{around}\n{test}")
    assert not found["test_it"][0]


def test_a_test_that_leaves_clean_ups_for_its_class_says_nothing_alone(tmp_path: Path) -> None:
    test = """
        import unittest

        class Case(unittest.TestCase):
            def test_it(self):
                self.addClassCleanup(print, "done")
    """
    alone, (first, *unclear, last) = both_ways(tmp_path, test)["test_it"]
    assert alone and first == last == ["passed", "", 0]
    assert unclear == [["unclear", "the test left clean-ups for its class", 0]] * 2


def test_what_raises_where_it_is_written_down_comes_to_the_same_alone(tmp_path: Path) -> None:
    text = """
        class Loud:
            def __repr__(self):
                raise ValueError("loud")

        def test_loud():
            assert [Loud()] == [Loud(), Loud()]

        def test_long():
            assert list(range(9000)) == list(range(9001))
    """
    for alone, runs in both_ways(tmp_path, text).values():
        assert alone
        assert runs[0][0] == "failed"
        # Where CI is set, pytest shows whole differences, and a screen keeps the beginning.
        texts = [re.sub("(0x)?[0-9a-f]{8,}", "", str(run[1])[:ERROR_KEPT]) for run in runs]
        assert texts == [texts[0]] * len(texts) and texts[0].startswith("assert [")


def test_what_is_kept_of_failed_comparisons_has_an_end() -> None:
    known, made = _Known(), []
    for number in range(5000):
        for _ in range(2):
            key = "==", str, "a" * 300 + str(number)
            assert known.get(key, lambda n=number: made.append(n) or str(n)) == str(number)  # type: ignore[misc]
    assert known.get(("==", " " * known.ROOM), lambda: "long") == "long"
    assert made == list(range(5000))
    kept = sum(len(text) for key in known._made for text in key if isinstance(text, str))
    assert 0 < kept <= known.ROOM
