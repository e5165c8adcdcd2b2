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
    gone,
    judging,
    make,
    outcomes,
    until,
    untouched,
    verdict,
)

from trm_lsp.core.budget import Stopped
from trm_lsp.core.state import Variant
from trm_lsp.core.verdict import Tier
from trm_lsp.judging import runner
from trm_lsp.judging.environment import EnvironmentBroken

HEAD = """import os, pathlib, signal, subprocess, sys, time
from calc import sub

PIDS = pathlib.Path(os.environ['PIDS'])
"""
SUB = "\n\ndef test_sub():\n    assert sub(3, 2) == 1\n"


class Pids:
    """Where the processes of tests write down who they are."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder = folder
        self.env = {"PIDS": str(folder)}
        self.test = {"env": ("PIDS",)}

    def __call__(self) -> list[int]:
        return [int(path.name) for path in self.folder.iterdir()]


@pytest.fixture
def pids(tmp_path: Path) -> Pids:
    return Pids(tmp_path / "pids")


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
    root: Path, pids: Pids, deed: str, outcome: str, signature: str
) -> None:
    project(root, f"def test_odd():\n    {deed}\n\n\ndef test_fine():\n    pass\n")
    with judging(root, env=pids.env, test=pids.test) as judge:
        baseline = judge.baseline()
        assert outcomes(baseline) == {"test_odd": outcome, "test_fine": "passed", "test_sub": "failed"}
        assert baseline.by_id["test_calc.py::test_odd"].signature.startswith(signature[:200])
        assert len(baseline.by_id["test_calc.py::test_odd"].message) <= 4000
        baseline.model_dump_json()


@pytest.mark.parametrize(
    ("where", "limits"), [("idle", {"idle": 0.8}), ("hard", {"timeout": 1.2}), ("swallows", {"idle": 0.8})]
)
def test_a_test_that_hangs_is_cut_and_the_others_are_judged(
    root: Path, pids: Pids, where: str, limits: dict[str, float]
) -> None:
    hang = "time.sleep(600)"
    if where == "swallows":
        hang = "while True:\n        try: time.sleep(600)\n        except BaseException: pass"
    project(
        root,
        f"def test_hang():\n    (PIDS / str(os.getpid())).touch()\n    {hang}\n\n\ndef test_hanger_on():\n    pass\n",
    )
    with untouched(root), judging(root, env=pids.env, test={**pids.test, **limits}) as judge:
        baseline = judge.baseline()
        assert outcomes(baseline) == {"test_hang": "timeout", "test_hanger_on": "passed", "test_sub": "failed"}
        assert baseline.by_id["test_calc.py::test_hang"].signature == "the test did not end in time"
        assert baseline.failing == ("test_calc.py::test_hang", "test_calc.py::test_sub")
        assert gone(*pids())


def test_a_test_that_reads_stdin_meets_its_end_at_once(root: Path, pids: Pids) -> None:
    project(root, "def test_reads():\n    assert sys.stdin.read() == ''\n")
    with judging(root, command="python -m pytest -s", env=pids.env, test=pids.test) as judge:
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


SPAWN = """
    def test_spawns():
        before = len(list(PIDS.iterdir()))
        code = "import os, pathlib, sys, time; pathlib.Path(sys.argv[1], str(os.getpid())).touch(); time.sleep(600)"
        for detached in (False, True):
            subprocess.Popen([sys.executable, "-S", "-c", code, str(PIDS)], start_new_session=detached)
        if os.fork() == 0:  # a daemon: detached, its parent gone
            os.setsid()
            if os.fork() == 0:
                os.execv(sys.executable, [sys.executable, "-S", "-c", code, str(PIDS)])
            os._exit(0)
        while len(list(PIDS.iterdir())) < before + 3:
            time.sleep(0.01)
"""


def test_processes_that_a_test_leaves_behind_are_killed(root: Path, pids: Pids) -> None:
    with judging(project(root, SPAWN), env=pids.env, test=pids.test) as judge:
        assert judge.baseline().failing == ("test_calc.py::test_sub",)
        assert len(pids()) >= 6  # of the baseline, and of the run that proves the warm level
        assert gone(*pids(), seconds=1)
        before = set(pids())
        assert verdict(judge).passed
        assert len(set(pids()) - before) == 3
        assert gone(*pids(), seconds=1)


def test_a_test_that_forks_and_goes_on_in_both_processes_reports_once(root: Path, pids: Pids) -> None:
    project(
        root,
        "def test_forks():\n    if os.fork() == 0:\n        (PIDS / str(os.getpid())).touch()\n        assert False\n",
    )
    with judging(root, env=pids.env, test=pids.test) as judge:
        assert outcomes(judge.baseline()) == {"test_forks": "passed", "test_sub": "failed"}
        found = verdict(judge)
        assert found.passed
        assert gone(*pids(), seconds=1)


@pytest.mark.parametrize("options", ["", "-s"])
def test_a_test_that_prints_megabytes_does_not_fill_the_memory(root: Path, pids: Pids, options: str) -> None:
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
    with judging(root, command=f"python -m pytest {options}", env=pids.env, test=pids.test) as judge:
        baseline = judge.baseline()
        assert outcomes(baseline) == {"test_floods": "passed", "test_sub": "failed"}
        assert len(baseline.output) <= 4000
        assert verdict(judge, FIXED, Tier.COLD).passed
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 30_000  # kilobytes


def test_a_test_that_kills_the_test_process_ends_the_run_with_one_sentence(root: Path, pids: Pids) -> None:
    project(
        root,
        """
        def test_kills():
            (PIDS / str(os.getpid())).touch()
            os.kill(os.getppid(), signal.SIGKILL)
            time.sleep(600)
        """,
    )
    with pytest.raises(EnvironmentBroken, match=r"^The test process of \S+ ended by itself: exit status -9\.$"):
        with judging(root, env=pids.env, test=pids.test) as judge:
            judge.baseline()
    assert gone(*pids())


IN_THE_WARM_PROCESS = "import os, sys, time\n\nif 'serve' in sys.argv:\n    {deed}\n"


@pytest.mark.parametrize("deed", ["os._exit(3)", "time.sleep(600)", "raise SystemExit(3)", "import calc"])
def test_a_level_that_a_conftest_spoils_is_given_up_for_one_that_works(
    root: Path, monkeypatch: pytest.MonkeyPatch, deed: str
) -> None:
    monkeypatch.setattr(runner, "START_SECONDS", 1.0)
    conftest = IN_THE_WARM_PROCESS.format(deed=deed)
    with judging(make(root, {**CALC, "conftest.py": conftest}), test={"idle": 1.5}) as judge:
        assert judge.baseline().failing
        assert judge._level == ("fork" if deed == "import calc" else "fresh")
        assert verdict(judge).passed
        assert not verdict(judge, Variant({})).passed


def test_imports_that_take_longer_than_the_tests_are_waited_for(root: Path) -> None:
    """As long as they take on the unchanged code: time-outs of candidates allow for it."""
    slow = "import time\n\ntime.sleep(1.2)\n"
    with judging(make(root, {"calc.py": slow + WRONG, "test_calc.py": CALC["test_calc.py"]})) as judge:
        judge.baseline()
        assert verdict(judge, Variant({"calc.py": slow + RIGHT})).passed


# --- a cancel at any moment ---------------------------------------------------------------------


@pytest.mark.parametrize("moment", ["at once", "when the copy is there", "in a test"])
def test_a_cancel_ends_the_judge_and_everything_below_it(root: Path, temporary: Path, pids: Pids, moment: str) -> None:
    project(
        root,
        SPAWN
        + "        pass\n\n    def test_hangs():\n        (PIDS / str(os.getpid())).touch()\n        time.sleep(600)\n",
    )
    moments = {
        "at once": lambda: True,
        "when the copy is there": lambda: bool(copies(temporary)),
        "in a test": lambda: bool(pids()),
    }
    cancel = CancelAfter(moments[moment])
    with pytest.raises(Stopped):
        with judging(root, env=pids.env, test=pids.test, check=cancel) as judge:
            judge.baseline()
    assert time.monotonic() - cancel.at < 1.5
    assert gone(*pids(), seconds=0.5)
    assert copies(temporary) == []


def test_a_cancel_in_a_candidates_run_ends_it(root: Path, temporary: Path, pids: Pids) -> None:
    cancel = CancelAfter(lambda: len(pids()) >= 1)
    endless = (
        "import os, pathlib, time\n\npathlib.Path(os.environ['PIDS'], str(os.getpid())).touch()\ntime.sleep(600)\n"
    )
    for tier in (Tier.CONFIRM, Tier.COLD):
        for path in pids.folder.iterdir():
            path.unlink()
        cancel.at = 0.0
        with pytest.raises(Stopped):
            with judging(make(root, CALC), env=pids.env, test=pids.test, check=cancel) as judge:
                judge.baseline()
                verdict(judge, Variant({"calc.py": endless}), tier)
        assert time.monotonic() - cancel.at < 1.5
        assert pids() and gone(*pids(), seconds=0.5)
        assert copies(temporary) == []


def test_a_cancel_while_a_conftest_keeps_the_test_process_busy(root: Path, temporary: Path, pids: Pids) -> None:
    """The warm process imports the conftest itself: it hears nothing until that is done, so it is killed."""
    conftest = """
        import os, pathlib, subprocess, sys, time

        PIDS = pathlib.Path(os.environ["PIDS"])
        if (PIDS.parent / "seen").exists():
            (PIDS / str(os.getpid())).touch()
            child = subprocess.Popen(["sleep", "600"])
            (PIDS / str(child.pid)).touch()
            while True:
                time.sleep(600)
        (PIDS.parent / "seen").touch()
    """
    make(root, {**CALC, "conftest.py": conftest})
    cancel = CancelAfter(lambda: len(pids()) == 2)
    with pytest.raises(Stopped):
        with judging(root, env=pids.env, test=pids.test, check=cancel) as judge:
            judge.baseline()
    assert time.monotonic() - cancel.at < 2.5
    assert gone(*pids(), seconds=0.5)
    assert copies(temporary) == []


def test_the_judge_ends_with_its_engine(root: Path, temporary: Path, pids: Pids) -> None:
    """Whoever runs it is killed: the test process notices the end of its pipe."""
    project(root, SPAWN + "        time.sleep(600)\n")
    code = (
        "import sys; from pathlib import Path; from projects import *\n"
        "with judging(Path(sys.argv[1]), env={'PIDS': sys.argv[2]}, test={'env': ['PIDS']}) as judge:\n"
        "    judge.baseline()\n"
    )
    env = {**os.environ, "PYTHONPATH": str(TESTS)}
    with subprocess.Popen([sys.executable, "-c", code, str(root), str(pids.folder)], env=env) as engine:
        assert until(lambda: len(pids()) == 3)
        engine.kill()
    assert gone(*pids(), seconds=2)
