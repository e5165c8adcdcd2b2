"""Tests that hang, fork, flood, kill and detach: the verdict is right, and no process is left."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from projects import (
    CALC,
    FIXED,
    RIGHT,
    TESTS,
    WRONG,
    CancelAfter,
    copies,
    judging,
    make,
    marked,
    outcomes,
    until,
    untouched,
    verdict,
)

from trm_lsp.core.budget import Stopped
from trm_lsp.core.state import Edit, Variant
from trm_lsp.core.verdict import Tier
from trm_lsp.judging import python_tests
from trm_lsp.judging.environment import EnvironmentBroken

HEAD = """import os, pathlib, signal, subprocess, sys, tempfile, time
from calc import sub

HERE = pathlib.Path(tempfile.gettempdir())
MARK = os.environ['MARK']
SLEEP = "import pathlib, sys, time; pathlib.Path(sys.argv[1]).touch(); time.sleep(600)"

def sleeper(name):
    return [sys.executable, "-S", "-c", SLEEP, str(HERE / name), MARK]
"""
SUB = "\n\ndef test_sub():\n    assert sub(3, 2) == 1\n"
LEVELS = pytest.mark.parametrize("level", ["namespaces", "landlock", "none"])


class Marks:
    """A mark on what tests start, to find it from outside, whatever it calls itself in a namespace."""

    def __init__(self, folder: Path) -> None:
        self._folder = str(folder)
        self._mark = f"mark-{folder}"
        self.env = {"MARK": self._mark}
        self.test = {"env": ("MARK",)}

    def started(self) -> list[int]:
        """What tests have started as programs of their own."""
        return marked(self._mark)

    def job(self) -> list[int]:
        """Every process of the job that has not become another program: those of the test process, and tests."""
        return marked(self._folder)

    def none_left(self, seconds: float = 1.0) -> bool:
        return bool(until(lambda: not self.started(), seconds))

    def all_gone(self, seconds: float = 1.0) -> bool:
        return bool(until(lambda: not self.job(), seconds))


@pytest.fixture
def marks(tmp_path: Path) -> Marks:
    return Marks(tmp_path)


def project(root: Path, test: str) -> Path:
    return make(root, {"calc.py": WRONG, "test_calc.py": HEAD + textwrap.dedent(test) + SUB})


@pytest.mark.parametrize(
    ("deed", "outcome", "signature"),
    [
        ("os._exit(0)", "error", "the test ended its own process (exit code 0)"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "error", "the test ended its own process (signal 9)"),
        ("os.killpg(0, signal.SIGKILL)", "error", "the test ended its own process (signal 9)"),
        ("os.killpg(0, signal.SIGTERM)", "error", "the test ended its own process (signal 15)"),
        ("assert os.read(0, 1) == b'x'", "failed", "AssertionError: assert b'' == b'x'"),
        ("raise ValueError('\\udcff')", "failed", "ValueError: ?"),
        ("raise ValueError('x' * 10**7)", "failed", "ValueError: xxxx"),
        ("os.closerange(3, 100); assert 0", "error", "the test ended its own process"),
    ],
)
def test_a_test_that_ends_oddly_is_named_and_the_others_are_judged(
    root: Path, marks: Marks, deed: str, outcome: str, signature: str
) -> None:
    project(root, f"def test_odd():\n    {deed}\n\n\ndef test_fine():\n    pass\n")
    with judging(root, env=marks.env, test=marks.test) as judge:
        baseline = judge.baseline()
        assert outcomes(baseline) == {"test_odd": outcome, "test_fine": "passed", "test_sub": "failed"}
        assert baseline.by_id["test_calc.py::test_odd"].signature.startswith(signature[:200])
        assert len(baseline.by_id["test_calc.py::test_odd"].message) <= 4000
        baseline.model_dump_json()


@pytest.mark.parametrize(
    ("where", "limits"), [("idle", {"idle": 0.8}), ("hard", {"timeout": 1.2}), ("swallows", {"idle": 0.8})]
)
def test_a_test_that_hangs_is_cut_and_the_others_are_judged(
    root: Path, marks: Marks, where: str, limits: dict[str, float]
) -> None:
    hang = "time.sleep(600)"
    if where == "swallows":
        hang = "while True:\n        try: time.sleep(600)\n        except BaseException: pass"
    project(root, f"def test_hang():\n    {hang}\n\n\ndef test_hanger_on():\n    pass\n")
    with untouched(root), judging(root, env=marks.env, test={**marks.test, **limits}) as judge:
        baseline = judge.baseline()
        assert outcomes(baseline) == {"test_hang": "timeout", "test_hanger_on": "passed", "test_sub": "failed"}
        assert baseline.by_id["test_calc.py::test_hang"].signature == "the test did not end in time"
        assert baseline.failing == ("test_calc.py::test_hang", "test_calc.py::test_sub")
    assert marks.all_gone()


def test_a_test_that_reads_stdin_meets_its_end_at_once(root: Path, marks: Marks) -> None:
    project(root, "def test_reads():\n    assert sys.stdin.read() == ''\n")
    with judging(root, command="python -m pytest -s", env=marks.env, test=marks.test) as judge:
        assert outcomes(judge.baseline()) == {"test_reads": "passed", "test_sub": "failed"}


def test_candidates_that_loop_for_ever_are_cut_and_the_next_is_judged_right(root: Path) -> None:
    endless = [
        "def sub(a, b):\n    while True:\n        pass\n",
        "def sub(a, b):\n    while True:\n        try: pass\n        except BaseException: pass\n",
        "import time\n\ntime.sleep(600)\n",
        "def sub(a, b):\n    return sub(a, b)\n",
        "def sub(a, b):\n    return 'x' * (1 << 62)\n",
    ]
    with judging(make(root, CALC)) as judge:
        judge.baseline()
        variants = [v for text in endless for v in (Variant({"calc.py": text}), FIXED)]
        started = time.monotonic()
        verdicts = list(judge(variants, Tier.CONFIRM))
        assert [found.passed for found in verdicts] == [False, True] * len(endless)
        assert outcomes(verdicts[0]) == {"test_sub": "timeout"}
        assert time.monotonic() - started < 30


def test_what_cannot_be_screened_and_hangs_is_put_off_and_judged_when_it_is_asked_for_again(root: Path) -> None:
    text = "def sub(a, b):\n    while True:\n        pass\n"
    with judging(make(root, {**CALC, "other.py": "x = 1\n"})) as judge:
        judge.baseline()
        calc = judge.texts["calc.py"].text
        # An edit of the module's own code is none that a function could be swapped for.
        endless = (Edit("calc.py", 0, len(calc), f"{text}\n\nend = 1\n"),)
        (first,) = judge([Variant({}, endless)], Tier.SCREEN)
        (again,) = judge([Variant({}, endless, patience=10)], Tier.SCREEN)
    assert first.cut and not first.passed
    assert again.tier is Tier.CONFIRM and not again.cut and not again.passed


SPAWN = """
    def test_spawns():
        subprocess.Popen(sleeper("child"))
        subprocess.Popen(sleeper("session"), start_new_session=True)
        if os.fork() == 0:  # a daemon: detached, its parent gone, the output still open
            os.setsid()
            if os.fork() == 0:
                os.execv(sys.executable, sleeper("daemon"))
            os._exit(0)
        while not all((HERE / name).exists() for name in ("child", "session", "daemon")):
            time.sleep(0.01)
"""


@LEVELS
def test_processes_that_a_test_leaves_behind_are_killed(root: Path, marks: Marks, level: str) -> None:
    with judging(project(root, SPAWN), env=marks.env, test=marks.test, sandbox={"level": level}) as judge:
        baseline = judge.baseline()
        assert outcomes(baseline) == {"test_spawns": "passed", "test_sub": "failed"}  # so they were there
        assert marks.none_left()
        for tier in (Tier.CONFIRM, Tier.SUITE, Tier.COLD):
            assert verdict(judge, FIXED, tier).passed
            assert marks.none_left()
    assert marks.all_gone()


@LEVELS
def test_a_daemon_that_holds_the_output_does_not_delay_the_end_of_a_command(
    root: Path, marks: Marks, level: str
) -> None:
    make(root, {"check.sh": "setsid sleep 600 &\nnohup sleep 600 &\n"})
    with judging(root, command="sh check.sh", test={"idle": 60}, sandbox={"level": level}) as judge:
        (result,) = judge.baseline().results
        assert result.passed and result.seconds < 10
    assert marks.all_gone()


@LEVELS
def test_a_test_that_forks_and_goes_on_in_both_processes_reports_once(root: Path, marks: Marks, level: str) -> None:
    project(root, "def test_forks():\n    if os.fork() == 0:\n        assert False\n")
    with judging(root, env=marks.env, test=marks.test, sandbox={"level": level}) as judge:
        assert outcomes(judge.baseline()) == {"test_forks": "passed", "test_sub": "failed"}
        before = set(marks.job())
        assert verdict(judge).passed
        assert until(lambda: set(marks.job()) <= before, 1.0)


@pytest.mark.parametrize("options", ["", "-s"])
def test_a_test_that_prints_megabytes_does_not_fill_the_memory(root: Path, marks: Marks, options: str) -> None:
    project(
        root,
        """
        def test_floods():
            for _ in range(50):
                os.write(1, b'x' * 1_000_000)
                print('y' * 100_000)
        """,
    )
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with judging(root, command=f"python -m pytest {options}", env=marks.env, test=marks.test) as judge:
        baseline = judge.baseline()
        assert outcomes(baseline) == {"test_floods": "passed", "test_sub": "failed"}
        assert len(baseline.output) <= 4000
        assert verdict(judge, FIXED, Tier.COLD).passed
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 30_000  # kilobytes


KILLS = """
    def test_kills():
        os.kill(os.getppid(), signal.SIGKILL)
        if os.getppid() != 1:
            time.sleep(600)
"""


@pytest.mark.parametrize("level", ["landlock", "none"])
def test_a_test_that_kills_the_test_process_ends_the_run_with_one_sentence(
    root: Path, marks: Marks, level: str
) -> None:
    with pytest.raises(EnvironmentBroken, match=r"^The test process of \S+ ended by itself: exit status -9\.$"):
        with judging(project(root, KILLS), env=marks.env, test=marks.test, sandbox={"level": level}) as judge:
            judge.baseline()
    assert marks.all_gone()


def test_in_namespaces_a_test_cannot_kill_the_test_process(root: Path, marks: Marks) -> None:
    """It is the first process there, which the kernel protects from all others."""
    with judging(project(root, KILLS), env=marks.env, test=marks.test, sandbox={"level": "namespaces"}) as judge:
        assert outcomes(judge.baseline()) == {"test_kills": "passed", "test_sub": "failed"}
        assert verdict(judge, FIXED, Tier.COLD).passed


IN_THE_WARM_PROCESS = "import os, sys, time\n\nif 'serve' in sys.argv:\n    {deed}\n"


@pytest.mark.parametrize("deed", ["os._exit(3)", "time.sleep(600)", "raise SystemExit(3)", "import calc"])
def test_a_level_that_a_conftest_spoils_is_given_up_for_one_that_works(
    root: Path, monkeypatch: pytest.MonkeyPatch, deed: str
) -> None:
    if "sleep" in deed:
        monkeypatch.setattr(python_tests, "LOADING_SECONDS", 1.0)
    conftest = IN_THE_WARM_PROCESS.format(deed=deed)
    with judging(make(root, {**CALC, "conftest.py": conftest}), test={"idle": 1.5}) as judge:
        assert judge.baseline().failing
        assert judge._tests.level == ("loaded" if deed == "import calc" else "fresh"), judge._tests.why
        assert verdict(judge).passed
        assert not verdict(judge, Variant({})).passed


def test_imports_that_take_longer_than_the_tests_are_waited_for(root: Path) -> None:
    """As long as they take on the unchanged code: time-outs of candidates allow for it."""
    slow = "import time\n\ntime.sleep(1.2)\n"
    with judging(make(root, {"calc.py": slow + WRONG, "test_calc.py": CALC["test_calc.py"]})) as judge:
        judge.baseline()
        assert verdict(judge, Variant({"calc.py": slow + RIGHT})).passed


# --- a cancel at any moment ---------------------------------------------------------------------


@LEVELS
@pytest.mark.parametrize("moment", ["at once", "when the copy is there", "in a test"])
def test_a_cancel_ends_the_judge_and_everything_below_it(
    root: Path, temporary: Path, marks: Marks, moment: str, level: str
) -> None:
    project(root, SPAWN + "\n    def test_hangs():\n        time.sleep(600)\n")
    moments = {
        "at once": lambda: True,
        "when the copy is there": lambda: bool(copies(temporary)),
        "in a test": lambda: len(marks.started()) == 3,
    }
    cancel = CancelAfter(moments[moment])
    with pytest.raises(Stopped):
        with judging(root, env=marks.env, test=marks.test, check=cancel, sandbox={"level": level}) as judge:
            judge.baseline()
    assert time.monotonic() - cancel.at < 1.5
    assert marks.none_left(0.5) and marks.all_gone(0.5)
    assert copies(temporary) == []


@LEVELS
@pytest.mark.parametrize("tier", [Tier.CONFIRM, Tier.COLD])
def test_a_cancel_in_a_candidates_run_ends_it(
    root: Path, temporary: Path, marks: Marks, tier: Tier, level: str
) -> None:
    endless = """
        import os, subprocess, sys, time

        subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(600)", os.environ["MARK"]])
        time.sleep(600)
    """
    cancel = CancelAfter(lambda: bool(marks.started()))
    with pytest.raises(Stopped):
        with judging(make(root, CALC), env=marks.env, test=marks.test, check=cancel, sandbox={"level": level}) as judge:
            judge.baseline()
            verdict(judge, Variant({"calc.py": textwrap.dedent(endless)}), tier)
    assert time.monotonic() - cancel.at < 1.5
    assert marks.none_left(0.5) and marks.all_gone(0.5)
    assert copies(temporary) == []


@LEVELS
def test_a_cancel_while_a_conftest_keeps_a_stage_busy(root: Path, temporary: Path, marks: Marks, level: str) -> None:
    """The stage imports the conftest itself: it hears nothing until that is done, so it is killed."""
    conftest = """
        import os, subprocess, sys, time

        if "serve" in sys.argv:
            subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(600)", os.environ["MARK"]])
            while True:
                time.sleep(600)
    """
    make(root, {**CALC, "conftest.py": conftest})
    cancel = CancelAfter(lambda: bool(marks.started()))
    with pytest.raises(Stopped):
        with judging(root, env=marks.env, test=marks.test, check=cancel, sandbox={"level": level}) as judge:
            judge.baseline()
    assert time.monotonic() - cancel.at < 2.5
    assert marks.none_left(0.5) and marks.all_gone(0.5)
    assert copies(temporary) == []


@LEVELS
def test_the_judge_ends_with_its_engine(root: Path, marks: Marks, level: str) -> None:
    """Whoever runs it is killed: the test process notices the end of its pipe."""
    project(root, SPAWN + "        time.sleep(600)\n")
    code = (
        "import sys; from pathlib import Path; from projects import *\n"
        "knobs = {'env': {'MARK': sys.argv[2]}, 'test': {'env': ['MARK']}, 'sandbox': {'level': sys.argv[3]}}\n"
        "with judging(Path(sys.argv[1]), **knobs) as judge:\n"
        "    judge.baseline()\n"
    )
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")])}
    command = [sys.executable, "-c", code, str(root), "other-" + marks.env["MARK"], level]
    with subprocess.Popen(command, env=env) as engine:
        assert until(lambda: len(marks.started()) == 4 or engine.poll() is not None)  # three, and the engine
        engine.kill()
    assert marks.none_left(2) and marks.all_gone(2)
