"""What is wrong before any candidate is tried: one clear sentence each, and nothing lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from projects import (
    CALC,
    FIXED,
    RIGHT,
    TEST,
    WRONG,
    buffer,
    copies,
    judging,
    make,
    marked,
    outcomes,
    until,
    untouched,
    verdict,
)

from trm_lsp.core.state import Edit, Variant
from trm_lsp.core.verdict import Tier, Verdict
from trm_lsp.judging.environment import EnvironmentBroken
from trm_lsp.judging.signatures import task_type


def refusal(root: Path, *tests: str, **facts: object) -> str:
    """The one sentence a baseline is refused with; the tree stays as it was."""
    with untouched(root), pytest.raises(EnvironmentBroken) as refused:
        with judging(root, *tests, **facts) as judge:  # type: ignore[arg-type]
            judge.baseline()
    assert "\n" not in str(refused.value)
    return str(refused.value)


def baseline(root: Path, *tests: str, **facts: object) -> Verdict:
    with untouched(root), judging(root, *tests, **facts) as judge:  # type: ignore[arg-type]
        return judge.baseline()


def test_no_tests_found(root: Path) -> None:
    make(root, {"calc.py": WRONG, "test_nothing.py": "x = 1\n"})
    assert refusal(root) == f"No tests were found in {root}."
    assert refusal(root, "test_nothing.py") == "No tests were found in test_nothing.py."


def test_an_empty_workspace(root: Path) -> None:
    assert refusal(root) == f"No tests were found in {root}."


def test_tests_that_pass_already_leave_no_target(root: Path) -> None:
    found = baseline(make(root, {**CALC, "calc.py": RIGHT}))
    assert found.targets == ()
    assert found.counts.passed == 1


def test_tests_that_are_skipped_leave_no_target(root: Path) -> None:
    found = baseline(make(root, {"test_skip.py": "import pytest\n\n\ndef test_skip():\n    pytest.skip('no')\n"}))
    assert outcomes(found) == {"test_skip": "skipped"}
    assert found.targets == ()


def test_a_syntax_error_in_a_buffer(root: Path) -> None:
    make(root, {**CALC, "calc.py": RIGHT})
    text = "def sub(a, b):\n    return a -\n"
    said = "calc.py has a syntax error in line 2: invalid syntax. Mend it first."
    assert refusal(root, buffers=(buffer("calc.py", text),)) == said


def test_a_syntax_error_in_a_test(root: Path) -> None:
    make(root, {**CALC, "test_calc.py": "def test_sub(:\n    pass\n"})
    assert refusal(root, "test_calc.py") == (
        "test_calc.py has a syntax error in line 1: invalid syntax. Mend it first."
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def sub(a, b):\nreturn a\n", "line 2: expected an indented block after function definition on line 1"),
        ("def sub(a, b):\n    if a:\n\treturn a\n        return b\n", "line 3: inconsistent use of tabs"),
        ("def sub(a, b):\n    return a\0\n", "source code string cannot contain null bytes"),
        ("class 𝒳:\n    𝒴 = '😀' '\n", "line 2: unterminated string literal"),
    ],
)
def test_other_errors_of_the_parser_are_one_sentence_too(root: Path, text: str, said: str) -> None:
    make(root, CALC)
    assert said in refusal(root, buffers=(buffer("calc.py", text),))


def test_an_unknown_test(root: Path) -> None:
    make(root, CALC)
    assert refusal(root, "test_calc.py::test_gone") == "pytest does not know test_calc.py::test_gone."
    assert refusal(root, "test_gone.py") == (
        "`python -m pytest test_gone.py` could not be run: ERROR: file or directory not found: test_gone.py."
    )


def test_an_option_that_pytest_does_not_know(root: Path) -> None:
    make(root, CALC)
    said = refusal(root, command="python -m pytest --nonsense")
    assert said.startswith("`python -m pytest --nonsense` could not be run: ")
    assert "unrecognized arguments: --nonsense" in said


def test_a_broken_configuration(root: Path) -> None:
    make(root, {**CALC, "pyproject.toml": "[tool.pytest.ini_options\n"})
    said = refusal(root)
    assert said.startswith("`python -m pytest` could not be run: ")
    assert "pyproject.toml" in said


def test_a_conftest_that_fails(root: Path) -> None:
    make(root, {**CALC, "conftest.py": "import not_installed\n"})
    said = refusal(root)
    assert said.startswith("`python -m pytest` could not be run: ")
    assert "not_installed" in said


def test_tests_that_hang_while_they_are_imported(root: Path) -> None:
    make(root, {**CALC, "test_calc.py": "import time\n\ntime.sleep(600)\n"})
    assert refusal(root, test={"idle": 0.8}) == "`python -m pytest` could not be run: it stood still."


def test_a_command_that_cannot_be_read(root: Path) -> None:
    make(root, CALC)
    assert refusal(root, command="pytest 'tests") == (
        "The test command `pytest 'tests` cannot be read: No closing quotation."
    )


# --- collection errors that a candidate can repair ----------------------------------------------


def test_an_import_error_in_the_source_can_be_repaired(root: Path) -> None:
    broken = "from math import squareroot\n\n\ndef sub(a, b):\n    return a - b\n"
    make(root, {"calc.py": broken, "test_calc.py": TEST, "test_other.py": "def test_other():\n    pass\n"})
    with untouched(root), judging(root) as judge:
        found = judge.baseline()
        assert found.failing == ("test_calc.py",)
        assert found.signature.startswith("test_calc.py: ImportError: cannot import name 'squareroot' from 'math'")
        assert task_type([found.by_id["test_calc.py"]]) == "fix/import"
        assert ("calc.py", 1) in found.by_id["test_calc.py"].frames or "calc.py:1" in found.by_id[
            "test_calc.py"
        ].message
        for tier in (Tier.CONFIRM, Tier.COLD):
            assert verdict(judge, Variant({"calc.py": broken.replace("squareroot", "sqrt")}), tier).passed
            assert not verdict(judge, Variant({"calc.py": broken.replace("squareroot", "cubicroot")}), tier).passed
            # Collectable is not enough: all its tests must pass.
            half = broken.replace("squareroot", "sqrt").replace("a - b", "a + b")
            assert not verdict(judge, Variant({"calc.py": half}), tier).passed


def test_a_test_asked_about_by_its_id_whose_file_cannot_be_collected(root: Path) -> None:
    broken = "import maths\n\n\ndef sub(a, b):\n    return a - b\n"
    with judging(make(root, {"calc.py": broken, "test_calc.py": TEST}), "test_calc.py::test_sub") as judge:
        assert judge.baseline().failing == ("test_calc.py",)
        assert verdict(judge, Variant({"calc.py": broken.replace("maths", "math")}), Tier.COLD).passed


def test_a_module_that_fails_at_import_in_other_ways(root: Path) -> None:
    for text in ("1 / 0\n", "raise SystemExit(3)\n", "import os\n\nos._exit(3)\n", "import os\n\nos.abort()\n"):
        make(root, {"calc.py": text, "test_calc.py": TEST, "test_other.py": "def test_other():\n    pass\n"})
        try:
            found = baseline(root)
        except EnvironmentBroken as refused:
            assert "could not be run" in str(refused)
        else:
            assert found.failing == ("test_calc.py",)


# --- texts --------------------------------------------------------------------------------------


@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_marks_and_characters_of_a_file_reach_the_tests_as_they_are(root: Path, bom: bytes, end: str) -> None:
    lines = ["# späße 𝒳 ☂", "def sub(a, b):", "    return a + b  # 😀", "NAME = 'é😀'", ""]
    data = bom + end.join(lines).encode()
    test = f"""
        import calc

        def test_sub():
            assert calc.sub(3, 2) == 1 and calc.NAME == "é😀"

        def test_bytes():
            assert open(calc.__file__, "rb").read().replace(b"a - b", b"a + b") == {data!r}
    """
    make(root, {"calc.py": data, "test_calc.py": test})
    with judging(root) as judge:
        assert judge.baseline().failing == ("test_calc.py::test_sub",)
        text = judge.texts["calc.py"].text
        start = text.index(" + b")
        edit = Variant({}, (Edit("calc.py", start, start + 4, " - b"),))
        for tier in (Tier.CONFIRM, Tier.COLD):
            assert verdict(judge, edit, tier).passed


def test_a_file_in_another_encoding(root: Path) -> None:
    text = "# -*- coding: latin-1 -*-\nNAME = 'é'\n\n\ndef sub(a, b):\n    return a + b\n"
    test = "import calc\n\n\ndef test_sub():\n    assert calc.sub(3, 2) == 1 and calc.NAME == '\\xe9'\n"
    make(root, {"calc.py": text.encode("latin-1"), "test_calc.py": test})
    with judging(root) as judge:
        assert judge.baseline().failing
        assert verdict(judge, Variant({"calc.py": text.replace("a + b", "a - b")})).passed
        for tier in (Tier.SCREEN, Tier.CONFIRM, Tier.COLD):
            refused = verdict(judge, Variant({"calc.py": text.replace("é", "😀")}), tier)
            assert refused.broken and not refused.passed
            start = text.index("a + b")
            refused = verdict(judge, Variant({}, (Edit("calc.py", start, start + 5, "'😀'"),)), tier)
            assert not refused.passed
        assert verdict(judge, Variant({"calc.py": text.replace("a + b", "a - b")}), Tier.COLD).passed


def test_a_file_that_is_not_text_is_no_obstacle(root: Path) -> None:
    make(root, {**CALC, "odd.py": b"\xff\xfe\x00", "data.bin": b"\xff\x00"})
    with judging(root) as judge:
        judge.baseline()
        assert verdict(judge).passed


# --- any other command --------------------------------------------------------------------------

CHECK = {
    "calc.py": WRONG,
    "check.sh": "echo checking\npython3 -c 'import calc; assert calc.sub(3, 2) == 1, \"wrong\"'\n",
}


def test_the_exit_code_of_any_other_command_decides(root: Path) -> None:
    with untouched(make(root, CHECK)), judging(root, command="sh check.sh") as judge:
        found = judge.baseline()
        assert found.failing == ("sh check.sh",)
        assert found.by_id["sh check.sh"].signature.endswith("AssertionError: wrong")
        assert [v.passed for v in judge([FIXED, Variant({})], Tier.CONFIRM)] == [True, False]
        assert judge.trace(FIXED, found.failing).lines == {}


def test_a_command_that_passes_already(root: Path) -> None:
    assert baseline(make(root, CHECK), command="true").targets == ()


def test_a_command_that_is_not_there_or_may_not_be_run(root: Path) -> None:
    make(root, CHECK)
    assert refusal(root, command="no-such-tool --all") == (
        "`no-such-tool --all` could not be run: /bin/sh: no-such-tool: not found."
    )
    (root / "check.sh").chmod(0o644)
    assert refusal(root, command="./check.sh") == (
        "`./check.sh` could not be run: /bin/sh: ./check.sh: Permission denied."
    )


@pytest.mark.parametrize("level", ["namespaces", "landlock", "none"])
@pytest.mark.parametrize("limits", [{"idle": 0.5}, {"timeout": 0.5}])
def test_a_command_that_hangs(root: Path, limits: dict[str, float], level: str) -> None:
    command = f"sh -c 'sleep 600; : {root}' & setsid sh -c 'sleep 600; : {root}' & wait"
    with untouched(make(root, CHECK)), judging(root, command=command, test=limits, sandbox={"level": level}) as judge:
        assert outcomes(judge.baseline()) == {command: "timeout"}
        assert until(lambda: not marked(f": {root}"), 0.5)


@pytest.mark.parametrize("level", ["namespaces", "landlock", "none"])
def test_a_command_sees_the_candidate_through_pythonpath(root: Path, level: str) -> None:
    make(root, {"src/calc.py": WRONG, "checks/run.py": "import calc\n\nassert calc.sub(3, 2) == 1\n"})
    for path in (str(root / "src"), "src"):
        with judging(
            root, command="python3 checks/run.py", env={"PYTHONPATH": path}, sandbox={"level": level}
        ) as judge:
            assert judge.baseline().failing
            assert verdict(judge, Variant({"src/calc.py": RIGHT})).passed
            assert not verdict(judge, Variant({})).passed


def test_nothing_is_left_after_a_refusal(root: Path, temporary: Path) -> None:
    for facts in ({"command": "no-such-tool"}, {"python": "/no/such/python"}, {"command": "pytest '"}):
        refusal(make(root, CALC), **facts)
        assert copies(temporary) == []
