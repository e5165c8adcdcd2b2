"""What warm runs leave out of pytest's work, and that nothing that a test can tell goes with it."""

from __future__ import annotations

from pathlib import Path

import pytest
from projects import CALC, TEST, WRONG, judging, make, outcomes, verdict

from trm_lsp.core.state import Edit, Variant
from trm_lsp.core.verdict import Tier, Verdict

SEEING = {
    "calc.py": WRONG,
    "conftest.py": """
        FILES, REPORTS = [], []

        def pytest_collect_file(file_path):
            FILES.append(file_path.name)

        def pytest_runtest_logreport(report):
            REPORTS.append(report.when)
    """,
    "tests/test_first.py": "def test_first():\n    pass\n",
    "tests/test_second.py": """
        import conftest
        from calc import sub

        def test_passes(request):
            request.config.pluginmanager.getplugin("terminalreporter").write_line("hello")

        def test_sub(request):
            showing = [found.plugin_name for found in request.config.hook.pytest_runtest_logreport.get_hookimpls()]
            assert sub(3, 2) == 1, (sorted(conftest.FILES), "call" in conftest.REPORTS, "terminalreporter" in showing)
    """,
    **{f"tests/more/test_{number}.py": "def test_more():\n    pass\n" for number in range(3)},
}
OTHER = Variant({"calc.py": WRONG + "# another text\n"})


def said(verdict: Verdict) -> str:
    """The message of the one test that says what it has seen."""
    (message,) = [result.message for result in verdict.results if result.id.endswith("::test_sub")]
    return message


def test_a_run_looks_at_nothing_but_the_way_to_its_tests(root: Path) -> None:
    """Elsewhere pytest makes a node of every file beside the tests' own."""
    with judging(make(root, SEEING), "tests/test_second.py::test_sub") as judge:
        judge.baseline()
        assert judge._tests.level == "collected", judge._tests.why
        assert "['test_second.py']" in said(verdict(judge, OTHER))
        assert "'test_first.py'" in said(verdict(judge, OTHER, Tier.COLD))


def test_what_is_shown_to_nobody_is_heard_by_hooks(root: Path) -> None:
    with judging(make(root, SEEING), "tests/test_second.py::test_sub") as judge:
        judge.baseline()
        for tier, shown in ((Tier.CONFIRM, False), (Tier.COLD, True)):
            found = verdict(judge, OTHER, tier)
            assert outcomes(found)["test_passes"] == "passed"
            assert f"True, {shown})" in said(found)


def test_tests_are_found_in_every_way_they_can_be_named(root: Path) -> None:
    """Files, folders, classes, through links, and one inside the other."""
    case = "class TestIt:\n    def test_in(self):\n        pass\n\n\ndef test_out():\n    pass\n"
    files = {**CALC, "one/test_a.py": case, "one/__init__.py": "", "one/two/test_b.py": case, "three/test_c.py": case}
    make(root, files)
    (root / "link").symlink_to(root / "three")
    with judging(root) as judge:
        judge.baseline()
        assert judge._tests.level == "collected", judge._tests.why
        for asked in (
            ["one/test_a.py::TestIt"],
            ["one"],
            ["one/two", "three/test_c.py::test_out"],
            ["one", "one/two/test_b.py"],
            ["one/test_a.py::test_out", "one/two/test_b.py::TestIt::test_in", "test_calc.py"],
            ["link/test_c.py"],
            ["./three/../one/two"],
            ["."],
        ):
            warm, cold = judge._tests.run(asked, {}), judge._tests.cold(asked, {})
            assert list(warm.results) == list(cold.results) != [], asked
            assert warm.exit == cold.exit, asked


@pytest.mark.parametrize("named", ["", "testpaths = tests", "testpaths = t*s/more other"])
def test_no_named_tests_are_those_of_the_configuration(root: Path, named: str) -> None:
    files = {**SEEING, "other/test_other.py": TEST, "pytest.ini": f"[pytest]\npythonpath = .\n{named}\n"}
    with judging(make(root, files)) as judge:
        judge.baseline()
        assert judge._tests.level == "collected", judge._tests.why
        warm, cold = judge._tests.run([], {}, trace=True), judge._tests.cold([], {})
        assert list(warm.results) == list(cold.results) != []
        assert warm.lines.keys() <= warm.results.keys() and warm.lines


def test_tracebacks_name_the_same_places(root: Path) -> None:
    """Through code of the workspace, of Python, and a source file that is gone by then."""
    test = """
        import functools, json, pathlib
        from calc import sub
        from gone import fail

        def test_sub():
            assert functools.reduce(sub, [5, 2]) == 3

        def test_json():
            json.loads("{}", object_hook=lambda _: sub("a", 1))

        def test_gone():
            pathlib.Path("gone.py").unlink()
            fail()

        def test_there():
            fail()
    """
    make(root, {"calc.py": WRONG, "gone.py": "def fail():\n    raise ValueError(1)\n", "test_calc.py": test})
    with judging(root) as judge:
        judge.baseline()
        for variant in (OTHER, Variant({}, (Edit("calc.py", len(WRONG) - 2, len(WRONG) - 1, "c"),))):
            warm, cold = ({r.id: r for r in verdict(judge, variant, t).results} for t in (Tier.CONFIRM, Tier.COLD))
            assert warm.keys() == cold.keys() and len(warm) == 4
            for id, result in warm.items():
                other = cold[id]
                assert (result.path, result.line, result.signature) == (other.path, other.line, other.signature), id
