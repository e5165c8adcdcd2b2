"""`trm-lsp refine` as a real process: exit codes, what is on stdout and stderr, what is written."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest
from processes import of_tests
from projects import CALC, RIGHT, TEST, WRONG, copies, gone, make, until, untouched, without_power

from trm_lsp import __version__
from trm_lsp.core.events import Halted, RunStarted, load_event

CONFIGURATION = {"pyproject.toml": '[tool.trm.test]\nenv = ["PYTEST_DISABLE_PLUGIN_AUTOLOAD", "MARK"]\n'}
PROJECT = {**CALC, **CONFIGURATION}
HOPELESS = {**PROJECT, "test_calc.py": "from calc import sub\n\n\ndef test_sub():\n    assert sub(3, 2) is object()\n"}
DIFF = """\
--- a/calc.py
+++ b/calc.py
@@ -1,2 +1,2 @@
 def sub(a, b):
-    return a + b
+    return a - b
"""
COMMAND = [str(Path(sys.executable).with_name("trm-lsp"))]


def trm(cwd: Path, *arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *arguments], cwd=cwd, capture_output=True, text=True, timeout=120, **options)  # type: ignore[call-overload, no-any-return]


def test_a_repair_is_a_diff_on_stdout_and_exit_code_0(root: Path) -> None:
    with untouched(make(root, PROJECT)):
        done = trm(root, "refine", "test_calc.py::test_sub")
    assert (done.returncode, done.stdout) == (0, DIFF)
    lines = done.stderr.splitlines()
    assert lines[0] == f"Running `python -m pytest` in an isolated copy of {root}"
    assert lines[1] == "baseline: 0 of 1 tests pass, 1 to repair"
    assert re.fullmatch(r"step 1/64 - cycle 1/3 - z 1/6 - 1 failing - .+", lines[2])
    assert re.fullmatch(r"Passes 1 test \((unique|rivals)\) with a change of 1 line in 1 file\.", lines[-1])
    assert subprocess.run(["patch", "-p1"], cwd=root, input=done.stdout, text=True, capture_output=True).returncode == 0
    assert (root / "calc.py").read_text() == RIGHT


def test_rivals_are_asked_about_beside_the_diff_and_nothing_waits(root: Path) -> None:
    body = "def shares(total, people):\n    return total // (people + 1) if people else 0\n"
    test = "from calc import shares\n\n\ndef test_shares():\n    assert shares(6, 2) == 3\n"
    done = trm(make(root, {**PROJECT, "calc.py": body, "test_calc.py": test}), "refine", stdin=subprocess.DEVNULL)
    assert done.returncode == 0
    assert done.stdout.startswith("--- a/calc.py") and "assert" not in done.stdout
    (asked,) = re.findall(
        r"  These two differ at (.+): (.+) or (.+)\. A test would decide; nothing waits for it\.", done.stderr
    )
    call, *answers = asked
    for answer in answers:
        assert f"  If {answer} is right, this test in test_calc.py says so:\n    def test_shares_of_" in done.stderr
        assert f"        assert {call} == {answer}\n" in done.stderr or f"pytest.raises({answer})" in done.stderr
    assert done.stderr.splitlines()[-1].startswith("Passes 1 test (rivals)")


def test_tests_that_pass_already_are_exit_code_0_and_one_line(root: Path) -> None:
    done = trm(make(root, {**PROJECT, "calc.py": RIGHT}), "refine")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.splitlines()[-1] == "Nothing to refine: 1 test passes already."


def test_a_run_that_does_not_solve_is_exit_code_1(root: Path) -> None:
    with untouched(make(root, HOPELESS)):
        done = trm(root, "refine", "--max-steps", "1", "--apply")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[-1].startswith("Not solved: the last supervision step is done.")


def test_the_best_so_far_is_shown_and_never_applied(root: Path) -> None:
    test = TEST + "\n\ndef test_never():\n    assert sub(3, 2) is object()\n"
    with untouched(make(root, {**PROJECT, "test_calc.py": test})):
        done = trm(root, "refine", "--apply", "--budget-work", "3000")
    assert (done.returncode, done.stdout) == (1, DIFF)
    assert done.stderr.splitlines()[-1].endswith("The best so far leaves 1 of 2 failing.")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["no_such_test.py"], "trm-lsp: there is no no_such_test.py: name a test file, a folder or a pytest id."),
        (
            ["../outside/test_x.py"],
            "trm-lsp: ../outside/test_x.py lies outside the workspace {root}: give its folder with --root.",
        ),
        (["--root", "gone"], "trm-lsp: gone is not a folder."),
        (["--root", "calc.py"], "trm-lsp: calc.py is not a folder."),
        (["--budget-seconds", "0"], "trm-lsp: trm.budget.seconds is 0.0, but should be greater than 0"),
        (["--budget-seconds", "nan"], "trm-lsp: trm.budget.seconds is nan, but should be"),
        (["--budget-work=-1"], "trm-lsp: trm.budget.work is -1.0, but should be greater than 0"),
        (["--max-steps", "0"], "trm-lsp: trm.loop.steps is 0, but should be greater than or equal to 1"),
        (["--max-steps", "9999"], "trm-lsp: trm.loop.steps is 9999, but should be less than or equal to 1024"),
        (["--seed=-1"], "trm-lsp: trm.loop.seed is -1, but should be greater than or equal to 0"),
        (["--max-steps", "many"], "argument --max-steps: invalid int value: 'many'"),
        (["--nonsense"], "unrecognized arguments: --nonsense"),
    ],
)
def test_usage_that_cannot_be_meant_is_exit_code_2_and_named(
    root: Path, tmp_path: Path, arguments: list[str], said: str
) -> None:
    make(tmp_path / "outside", {"test_x.py": ""})
    with untouched(make(root, PROJECT)):
        done = trm(root, "refine", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert said.format(root=root) in done.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--python", "/no/such/python"], "The interpreter /no/such/python does not start"),
        (["--command", "no-such-tool"], "`no-such-tool` could not be run"),
        (["test_calc.py::test_gone"], "pytest does not know test_calc.py::test_gone."),
    ],
)
def test_a_broken_environment_is_exit_code_3(root: Path, arguments: list[str], said: str) -> None:
    done = trm(make(root, PROJECT), "refine", *arguments)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.splitlines()[-1].startswith(said)


def test_any_other_command_decides_by_its_exit_code(root: Path) -> None:
    make(root, {**PROJECT, "check.py": "import calc\n\nassert calc.sub(3, 2) == 1\n"})
    done = trm(root, "refine", "--command", f"{sys.executable} check.py", "--budget-work", "2000")
    assert done.returncode in {0, 1}
    assert f"Running `{sys.executable} check.py` in an isolated copy" in done.stderr
    assert "baseline: 0 of 1 tests pass, 1 to repair" in done.stderr


def test_a_bad_value_in_pyproject_is_named_with_its_place_and_the_default_is_used(root: Path) -> None:
    make(root, {**CALC, "pyproject.toml": "[tool.trm.loop]\nsteps = 0\n" + CONFIGURATION["pyproject.toml"]})
    done = trm(root, "refine")
    assert done.stderr.splitlines()[0] == (
        "trm.loop.steps is 0, but should be greater than or equal to 1: the default is used. "
        f"(read from {root / 'pyproject.toml'})"
    )
    assert done.returncode == 0


def test_a_budget_in_seconds_ends_the_run(root: Path) -> None:
    started = time.monotonic()
    done = trm(make(root, HOPELESS), "refine", "--budget-seconds", "1.5")
    assert done.returncode == 1
    assert time.monotonic() - started < 15
    assert "the budget is spent" in done.stderr.splitlines()[-1] or "Not solved" in done.stderr.splitlines()[-1]


def test_json_is_one_event_a_line_and_nothing_else_on_stdout(root: Path) -> None:
    done = trm(make(root, {**PROJECT, "conftest.py": "print('noise')\n"}), "refine", "--json")
    events = [load_event(line) for line in done.stdout.splitlines()]
    assert isinstance(events[0], RunStarted)
    last = events[-1]
    assert isinstance(last, Halted) and last.solved and last.proposal is not None
    assert last.proposal.diff == DIFF
    assert done.returncode == 0


def test_tests_are_named_from_where_the_user_stands(root: Path) -> None:
    make(root, {**CONFIGURATION, "calc.py": WRONG, "tests/test_calc.py": TEST})
    for where, test in ((root / "tests", "test_calc.py"), (root, "tests/test_calc.py::test_sub")):
        done = trm(where, "refine", "--root", str(root), test)
        assert (done.returncode, done.stdout) == (0, DIFF)


# --- --apply ------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_apply_writes_the_answer_and_keeps_everything_else_of_the_file(root: Path, end: str) -> None:
    text = f"# späße 𝒳{end}def sub(a, b):{end}    return a + b  # 😀{end}"
    before = b"\xef\xbb\xbf" + text.encode()
    make(root, {**PROJECT, "calc.py": before})
    (root / "calc.py").chmod(0o754)
    done = trm(root, "refine", "--apply")
    assert done.returncode == 0
    assert done.stderr.splitlines()[-1] == "Applied to calc.py."
    assert (root / "calc.py").read_bytes() == before.replace(b"a + b", b"a - b")
    assert (root / "calc.py").stat().st_mode & 0o777 == 0o754
    assert sorted(os.listdir(root)) == [".trm", "calc.py", "pyproject.toml", "test_calc.py"]


def test_apply_keeps_the_encoding(root: Path) -> None:
    before = "# coding: latin-1\nNAME = 'é'\n\n\ndef sub(a, b):\n    return a + b  # é\n".encode("latin-1")
    done = trm(make(root, {**PROJECT, "calc.py": before}), "refine", "--apply")
    assert done.returncode == 0
    assert (root / "calc.py").read_bytes() == before.replace(b"a + b", b"a - b")


def test_apply_refuses_a_file_that_has_changed_since(root: Path, tmp_path: Path) -> None:
    """The test itself edits the user's file, as an editor might in the middle of a run."""
    edits = f"""
        import pathlib
        from calc import sub

        def test_sub():
            assert sub(3, 2) == 1

        def test_edits():
            pathlib.Path({str(root / "calc.py")!r}).write_text("# mine now\\n")
    """
    loose = {"pyproject.toml": CONFIGURATION["pyproject.toml"] + '[tool.trm.sandbox]\nlevel = "none"\n'}
    make(root, {**PROJECT, **loose, "test_calc.py": edits})
    done = trm(root, "refine", "--apply", "--yes")
    assert done.returncode == 1
    assert done.stdout == DIFF
    assert done.stderr.splitlines()[-1] == (
        "trm-lsp: not applied: calc.py has changed since the run began; run it again."
    )
    assert (root / "calc.py").read_text() == "# mine now\n"


def test_apply_in_a_folder_that_cannot_be_written_says_so_and_writes_nothing(root: Path, tmp_path: Path) -> None:
    make(root, PROJECT)
    for path in (root / "calc.py", root):
        path.chmod(path.stat().st_mode & ~0o222)
    with untouched(root):
        done = trm(
            root, "refine", "--apply", preexec_fn=without_power, env={**os.environ, "XDG_STATE_HOME": str(tmp_path)}
        )
    root.chmod(0o755)
    assert (done.returncode, done.stdout) == (1, DIFF)
    assert re.fullmatch(r"trm-lsp: not applied: .*Permission denied.*", done.stderr.splitlines()[-1])


# --- interrupts and terminals ---------------------------------------------------------------------

HANGS = """
    import time

    def test_hangs():
        time.sleep(600)
"""


HANGING = 3
"""Processes of a run that hangs there: two that serve (one is outside the namespaces), and the test."""


@pytest.mark.parametrize("times", [1, 2])
def test_an_interrupt_ends_the_run_with_130_and_leaves_nothing(
    root: Path, tmp_path: Path, temporary: Path, times: int
) -> None:
    make(root, {**CONFIGURATION, "test_hangs.py": HANGS})
    mark = f"MARK={tmp_path}"
    with subprocess.Popen(
        [*COMMAND, "refine"], cwd=root, env={**os.environ, "MARK": str(tmp_path)}, stderr=subprocess.PIPE, text=True
    ) as process:
        assert until(lambda: len(of_tests(mark)) == HANGING)
        running = of_tests(mark)
        started = time.monotonic()
        for _ in range(times):
            process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=10)
    assert process.returncode == 130
    assert time.monotonic() - started < 2
    assert "Traceback" not in errors
    if times == 1:
        assert errors.splitlines()[-1] == "No answer yet: it was cancelled."
    assert gone(*running, seconds=1)
    assert copies(temporary) == []


def test_an_interrupt_while_it_starts_is_130_too(root: Path) -> None:
    make(root, PROJECT)
    for seconds in (0.05, 0.15, 0.3):
        # Whoever runs the tests in the background of a shell has interrupts ignored.
        process = subprocess.Popen(
            [*COMMAND, "refine"],
            cwd=root,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        until(lambda: False, seconds)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=10)
        assert process.returncode in {130, -signal.SIGINT}, errors  # the latter inside Python's own start
        if process.returncode == 130:
            assert "Traceback" not in errors


def test_a_terminal_gets_a_bar(root: Path) -> None:
    make(root, PROJECT)
    leader, follower = pty.openpty()
    termios.tcsetwinsize(follower, (24, 100))
    process = subprocess.Popen([*COMMAND, "refine"], cwd=root, stdout=subprocess.PIPE, stderr=follower, text=True)
    os.close(follower)
    shown = b""
    while select.select([leader], [], [], 60)[0]:
        try:
            data = os.read(leader, 1 << 16)
        except OSError:  # the other end is closed
            break
        if not data:
            break
        shown += data
    os.close(leader)
    diff, _ = process.communicate(timeout=10)
    text = shown.decode()
    assert process.returncode == 0
    assert diff == DIFF
    assert re.search(r"\rstep 1/64 - cycle \d/3 - [yz][^|\n]*failing \|", text)
    assert text.rstrip().endswith("with a change of 1 line in 1 file.")


def test_a_reader_that_goes_away_is_no_crash(root: Path, temporary: Path) -> None:
    make(root, PROJECT)
    done = subprocess.run(
        f"{COMMAND[0]} refine --json | head -n 1", cwd=root, shell=True, capture_output=True, text=True, timeout=60
    )
    assert isinstance(load_event(done.stdout), RunStarted)
    assert "Traceback" not in done.stderr and "Exception ignored" not in done.stderr
    assert copies(temporary) == []


# --- the rest -------------------------------------------------------------------------------------


def test_version(root: Path) -> None:
    assert trm(root, "--version").stdout == f"trm-lsp {__version__}\n"


def test_help_names_every_option_and_exit_code(root: Path) -> None:
    done = trm(root, "refine", "--help")
    for word in ("--command", "--apply", "--json", "--budget-seconds", "--budget-work", "--max-steps", "--seed", "130"):
        assert word in done.stdout


def test_stats_of_an_empty_workspace(root: Path) -> None:
    done = trm(root, "stats")
    assert (done.returncode, done.stderr) == (0, "")
    assert "no run" in done.stdout.lower() or "nothing" in done.stdout.lower()


def test_stats_after_a_run(root: Path) -> None:
    make(root, PROJECT)
    trm(root, "refine")
    done = trm(root, "stats")
    assert done.returncode == 0
    assert "fix/assertion" in done.stdout


def test_stats_of_a_folder_that_is_not_there(root: Path) -> None:
    done = trm(root, "stats", "--root", "gone")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.endswith("gone is not a folder.\n")


def test_a_corrupt_log_is_set_aside_and_said(root: Path) -> None:
    make(root, {**PROJECT, ".trm/trm.db": b"not a database" * 100})
    done = trm(root, "stats")
    assert done.returncode == 0
    assert "was damaged" in done.stderr and "kept as trm.db.corrupt-1" in done.stderr
