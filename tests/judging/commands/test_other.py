"""Any other command: its JUnit files, its exit code, its failing lines."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from projects import CALC, make

from trm_lsp.judging.commands.other import AnyCommand
from trm_lsp.judging.commands.recognising import recognise
from trm_lsp.judging.commands.tool import Finished, failing_lines

KIND = "another command"
WRITE = "mkdir -p out && printf '%s' \"<testsuite>$CASES</testsuite>\" > out/report.xml"
GOOD, BAD = "<testcase name='a'/>", "<testcase name='a'/><testcase name='b'><failure>no</failure></testcase>"


def outcomes(found: Any) -> dict[str, str]:
    return {id: str(one.outcome) for id, one in found.items()}


@pytest.mark.parametrize("line", ["true", "echo error; true", "# nothing", "exit 0; false", "cat <<END\n)\nEND"])
def test_a_command_that_ends_well_passes(ran: Any, line: str) -> None:
    assert outcomes(ran(line, {}, kind=KIND)) == {line: "passed"}


@pytest.mark.parametrize("line", ["false", "exit 3", "exec false", "cd gone", "kill -9 $$", "no-such-program", "("])
def test_a_command_that_ends_badly_fails(ran: Any, line: str) -> None:
    assert outcomes(ran(line, {}, kind=KIND)) == {line: "failed"}


def test_a_failing_line_is_the_signature_and_leads_to_the_code(ran: Any) -> None:
    script = "echo '1 passed'; echo 'lib/a.c:3: error: x != y' >&2; echo '2 done, 0 failed'; exit 2\n"
    found = ran("sh check.sh", {"check.sh": script, "lib/a.c": "\n\nint x;\n"}, kind=KIND)["sh check.sh"]
    assert found.signature == "lib/a.c:3: error: x != y"
    assert (found.path, found.line) == ("lib/a.c", 3)
    assert "1 passed" in found.message


def test_without_a_failing_line_the_last_ones_are_the_signature() -> None:
    assert failing_lines("one\n\n two\nthree\nfour\n") == ["two", "three", "four"]
    assert failing_lines("") == []


def test_a_report_that_the_command_writes_is_read(ran: Any) -> None:
    found = ran(f'CASES="{BAD}"; {WRITE}; exit 1', {}, kind=KIND)
    assert outcomes(found) == {"a": "passed", "b": "failed"}


def test_a_report_from_an_earlier_run_is_not(ran: Any) -> None:
    assert outcomes(ran("true", {"out/report.xml": f"<testsuite>{BAD}</testsuite>"}, kind=KIND)) == {"true": "passed"}


def test_a_command_that_fails_is_never_all_well(ran: Any) -> None:
    line = f'CASES="{GOOD}"; {WRITE}; exit 1'
    assert outcomes(ran(line, {}, kind=KIND)) == {"a": "passed", line: "failed"}


def test_a_failure_in_a_report_counts_whatever_the_exit_code(ran: Any) -> None:
    assert outcomes(ran(f'CASES="{BAD}"; {WRITE}', {}, kind=KIND)) == {"a": "passed", "b": "failed"}


def test_several_reports_are_read_and_other_xml_is_not(ran: Any) -> None:
    line = (
        "echo '<a/>' > a.xml\nfor n in 1 2 3; do echo \"<testsuite><testcase name='$n'/></testsuite>\" > $n.xml; done"
    )
    assert outcomes(ran(line, {}, kind=KIND)) == {"1": "passed", "2": "passed", "3": "passed"}


def test_a_makefile_that_runs_pytest_with_a_report(ran: Any) -> None:
    makefile = f"test:\n\t@{sys.executable} -m pytest -q --junitxml='a folder/junit.xml'\n"
    found = ran("make test", {**CALC, "Makefile": makefile}, kind=KIND)
    assert outcomes(found) == {"test_calc.py::test_sub": "failed"}
    assert found["test_calc.py::test_sub"].path == "test_calc.py"


def test_a_run_that_is_ended_is_a_timeout(root: Any, tmp_path: Any) -> None:
    (found,) = recognise("make test", make(root, {})).results(Finished("so far\n", None, "hard", root, tmp_path))
    assert (found.id, found.outcome) == ("make test", "timeout")


def test_a_command_runs_where_its_reports_cannot_be_kept(root: Any, tmp_path: Any) -> None:
    (tmp_path / "junit").write_text("in the way")
    for line, status in (("echo ran", 0), ("echo ran; exit 3", 3)):
        argv = AnyCommand(line).command((), tmp_path)
        assert argv is not None
        ended = subprocess.run(argv, cwd=root, capture_output=True, text=True, check=False)
        assert (ended.returncode, ended.stdout) == (status, "ran\n")


def test_parts_of_it_cannot_be_run_alone(tmp_path: Any) -> None:
    assert AnyCommand("make test").command(["a"], tmp_path) is None


def test_what_a_test_leaves_among_the_reports_is_no_obstacle(tmp_path: Path) -> None:
    folder = tmp_path / "junit"
    folder.mkdir()
    (folder / "stray.xml").write_text("<testsuite/>")
    os.mkfifo(folder / "1.xml")
    run = Finished(output="FAIL: no", exit=1, ended=None, folder=tmp_path, reports=tmp_path)
    (found,) = AnyCommand("check").results(run)
    assert (found.id, found.outcome) == ("check", "failed")
