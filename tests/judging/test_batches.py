"""Screens go on in one process from batch to batch while nothing is left behind, else in another one."""

from __future__ import annotations

import os
import signal
import textwrap
from pathlib import Path

import pytest
from projects import alive, gone, judging, make, until

from trm_lsp.core.state import Edit, Variant
from trm_lsp.core.verdict import Tier, Verdict
from trm_lsp.judging.judge import TestJudge
from trm_lsp.judging.runner import RunReport

CODE = """
    import os
    import sys
    import threading
    import time

    KEPT = []
    DEEDS = {}

    def add(a, b):
        return a - b
"""
TEST = """
    import os

    from code_ import add

    def test_add():
        assert add(2, 3) == 5
"""
OWN = {"sandbox": {"level": "none"}}
"""Where process ids are the machine's."""


def project(root: Path, code: str = CODE, test: str = TEST) -> Path:
    return make(root, {"code_.py": textwrap.dedent(code), "test_code.py": textwrap.dedent(test)})


def ready(judge: TestJudge) -> TestJudge:
    judge.baseline()
    return judge


def screened(judge: TestJudge, *bodies: str) -> list[Verdict]:
    """Verdicts on candidates, each of which has another expression for what `add` returns."""
    text = judge.texts["code_.py"].text
    at = text.index("a - b")
    return list(judge([Variant({}, (Edit("code_.py", at, at + 5, body),)) for body in bodies], Tier.SCREEN))


def passed(judge: TestJudge, *bodies: str) -> list[bool]:
    return [not verdict.failing for verdict in screened(judge, *bodies)]


def place(judge: TestJudge) -> int:
    """The process that screens: a candidate tells its own, by the error it fails with."""
    (verdict,) = screened(judge, "int('pid%d' % os.getpid())")
    assert verdict.tier is Tier.SCREEN
    (result,) = verdict.results
    return int(result.signature.rpartition("pid")[2].rstrip("'"))


def reports(judge: TestJudge, monkeypatch: pytest.MonkeyPatch) -> list[RunReport]:
    """What the runs say from now on."""
    found: list[RunReport] = []
    run = judge._tests.screen

    def noted(*given: object, **named: object) -> RunReport:
        report = run(*given, **named)  # type: ignore[arg-type]
        found.append(report)
        return report

    monkeypatch.setattr(judge._tests, "screen", noted)
    return found


def test_a_batch_after_a_clean_one_is_screened_by_the_same_process(root: Path) -> None:
    with judging(project(root), **OWN) as judge:
        ready(judge)
        first = place(judge)
        assert passed(judge, "a * b", "a + b", "b - a") == [False, True, False]
        assert place(judge) == first
        assert passed(judge, "b + a", "b * a", "(a +") == [True, False, False]
        assert place(judge) == first


STAYS = {
    "a thread": "threading.Thread(target=time.sleep, args=(600,), daemon=True).start()",
    "a child process": "os.fork() or time.sleep(600)",
    "a program": "__import__('subprocess').Popen(['sleep', '600']) and 0",
}
PUT_BACK = {
    "a global name": "globals().update(EXTRA=1)",
    "a list": "KEPT.append(1)",
    "a function": "globals().update(helper=len)",
    "the environment": "os.environ.update(LEFT='1')",
    "the path of imports": "sys.path.append('/left')",
    "the folder it works in": "os.chdir('/')",
    "how deep it may recurse": "sys.setrecursionlimit(5000)",
    "the end of the process, put off": "__import__('atexit').register(print)",
}
LATE = """
    def helper(thing):
        return 0

    def seen():
        return (
            len(KEPT) + helper(1) + ("EXTRA" in globals()) + ("LEFT" in os.environ) + ("/left" in sys.path)
            + (os.getcwd() == "/") + (sys.getrecursionlimit() == 5000)
        )
"""
BOTHERED = """
    from code_ import add, seen

    def test_add():
        assert add(2, 3) == 5 + seen()
"""


@pytest.mark.parametrize("deed", [*STAYS, *PUT_BACK])
def test_what_a_batch_leaves_behind_bothers_no_later_one(root: Path, deed: str) -> None:
    project(root, textwrap.dedent(CODE) + textwrap.dedent(LATE), BOTHERED)
    with judging(root, **OWN) as judge:
        ready(judge)
        assert passed(judge, "a * b", "a + b") == [False, True]
        before = place(judge)
        bad = {**STAYS, **PUT_BACK}[deed]
        assert passed(judge, "a * b", bad, "a + b") == [False, False, True]
        for _ in range(3):
            assert passed(judge, "b * a", "b + a") == [False, True]
        if deed in STAYS:
            assert place(judge) != before


HEEDS_NOTHING = """
import time
while True:
    try:
        time.sleep(600)
    except BaseException:
        pass
"""


@pytest.mark.parametrize(
    ("deed", "said"),
    [
        (f"exec({HEEDS_NOTHING!r})", "the test did not end in time"),
        ("os.kill(os.getpid(), 9)", "the test"),
        ("os._exit(0)", "the test ended its own process"),
    ],
)
def test_a_candidate_that_ends_a_later_batch_is_answered_for_itself(
    root: Path, monkeypatch: pytest.MonkeyPatch, deed: str, said: str
) -> None:
    with judging(project(root), test={"idle": 0.8}, **OWN) as judge:
        ready(judge)
        before = place(judge)
        found = reports(judge, monkeypatch)
        assert passed(judge, "a * b", "a + b") == [False, True]
        verdicts = screened(judge, "a + b", deed, "a * b", "b + a")
        assert [not verdict.failing for verdict in verdicts] == [True, False, False, True]
        told = [verdict.results[0].signature.startswith(said) for verdict in verdicts]
        assert told == [False, True, False, False]
        assert place(judge) != before
        assert passed(judge, "a * b", "a + b") == [False, True]
        assert len(found) >= 4
        assert all(report.cpu >= 0 for report in found)


def test_a_candidate_that_waits_is_cut_short_and_its_process_goes_on(root: Path) -> None:
    with judging(project(root), test={"idle": 0.8}, **OWN) as judge:
        ready(judge)
        before = place(judge)
        verdicts = screened(judge, "a + b", "time.sleep(600)", "a * b", "b + a")
        assert [not verdict.failing for verdict in verdicts] == [True, False, False, True]
        assert [verdict.cut for verdict in verdicts] == [False, True, False, False]
        assert place(judge) == before


def test_the_cpu_seconds_of_a_batch_are_its_own(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work = "sum(range(300000)) and a"
    with judging(project(root), **OWN) as judge:
        ready(judge)
        found = reports(judge, monkeypatch)
        first = place(judge)
        passed(judge, *[f"{work} * {n}" for n in range(40)])
        passed(judge, "a * b")
        passed(judge, "a * b", "b * a")
        assert place(judge) == first
    spent = [report.cpu for report in found]
    assert min(spent) >= 0
    assert spent[1] > spent[2] + spent[3]


def test_a_process_is_followed_by_another_one_after_so_many_batches(root: Path) -> None:
    from trm_lsp.zygote.main import load_package

    load_package()
    from _trm_zygote.runs import More

    with judging(project(root), **OWN) as judge:
        ready(judge)
        places = [place(judge) for _ in range(More.BATCHES + 3)]
    assert len(set(places[: More.BATCHES])) == 1
    assert len(set(places[More.BATCHES :])) == 1
    assert places[-1] != places[0]


@pytest.mark.parametrize("level", ["namespaces", "landlock", "none"])
def test_none_is_left_when_the_job_ends(root: Path, tmp_path: Path, level: str) -> None:
    marks = Path("/proc")
    with judging(project(root), sandbox={"level": level}) as judge:
        ready(judge)
        assert passed(judge, "a * b", "a + b") == [False, True]
        server = judge._tests.runner._process.pid
        below = [pid for pid in map(int, filter(str.isdigit, os.listdir(marks))) if _is_below(pid, server)]
        assert below
    assert gone(server, *below)


def _is_below(pid: int, above: int) -> bool:
    """Whether a process descends from another one."""
    while pid > 1:
        try:
            pid = int(Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[1])
        except OSError:
            return False
        if pid == above:
            return True
    return False


def test_a_kept_process_that_was_killed_is_replaced(root: Path) -> None:
    with judging(project(root), **OWN) as judge:
        ready(judge)
        for wait in (True, False, True, False):
            before = place(judge)
            os.kill(before, signal.SIGKILL)
            if wait:
                assert gone(before)
            assert passed(judge, "a * b", "a + b") == [False, True]
            assert place(judge) != before


def test_runs_of_other_tiers_come_between(root: Path) -> None:
    with judging(project(root), **OWN) as judge:
        ready(judge)
        first = place(judge)
        text = judge.texts["code_.py"].text
        right = Variant({"code_.py": text.replace("a - b", "a + b")})
        for tier in (Tier.CONFIRM, Tier.SUITE, Tier.COLD, Tier.CONFIRM):
            assert [verdict.passed for verdict in judge([right, Variant({})], tier)] == [True, False]
            assert passed(judge, "a * b", "a + b") == [False, True]
        assert alive(first)
        assert place(judge) == first


def test_runs_beside_a_kept_process_hold_none_of_its_pipes(root: Path) -> None:
    """What a run can open and count is the same before there is a kept process, and beside one."""

    def open_files(judge: TestJudge) -> str:
        text = judge.texts["code_.py"].text
        at = text.index("a - b")
        edit = Edit("code_.py", at, at + 5, "int('%d files' % len(os.listdir('/proc/self/fd')))")
        (verdict,) = judge([Variant({}, (edit,))], Tier.CONFIRM)
        return str(verdict.results[0].signature)

    with judging(project(root), **OWN) as judge:
        ready(judge)
        before = open_files(judge)
        assert "files" in before
        kept = place(judge)
        assert open_files(judge) == before
        assert place(judge) == kept


def test_a_kept_process_ends_with_the_one_that_serves_it(root: Path) -> None:
    with judging(project(root), **OWN) as judge:
        ready(judge)
        kept = place(judge)
        server = int(Path(f"/proc/{kept}/stat").read_bytes().rpartition(b")")[2].split()[1])
        os.kill(server, signal.SIGKILL)
        assert gone(kept, server)
        assert until(lambda: passed(judge, "a * b", "a + b") == [False, True])


@pytest.mark.parametrize("level", ["namespaces", "landlock", "none"])
def test_what_was_confirmed_before_the_first_screen_is_not_taken_for_the_unchanged_code(root: Path, level: str) -> None:
    """Where no overlay is, the candidate's text lies in the file when the change is looked at."""
    code = textwrap.dedent(CODE).replace("return", "# one two\n    return")
    with judging(project(root, code), sandbox={"level": level}) as judge:
        ready(judge)
        at = code.index("one two")
        confirmed = [Variant({}, (Edit("code_.py", at, at + 7, "three four five"),))]
        assert [verdict.passed for verdict in judge(confirmed, Tier.CONFIRM)] == [False]
        verdicts = screened(judge, "a * b", "a + b", "b - a")
        assert [not verdict.failing for verdict in verdicts] == [False, True, False]
        assert {verdict.tier for verdict in verdicts} == {Tier.SCREEN}


def test_an_iterator_that_has_gone_on_bothers_no_later_batch(root: Path) -> None:
    """It cannot be put back."""
    code = "import itertools\n\nIDS = itertools.count()\n\n\ndef add(a, b):\n    return a - b\n"
    test = "from code_ import IDS, add\n\n\ndef test_add():\n    assert add(2, 3) == 5 and repr(IDS) == 'count(0)'\n"
    with judging(project(root, code, test), **OWN) as judge:
        ready(judge)
        assert passed(judge, "a * b", "next(IDS)", "a + b") == [False, False, True]
        for _ in range(3):
            assert passed(judge, "b * a", "b + a") == [False, True]


def test_what_the_unchanged_code_no_longer_passes_in_another_process_is_broken_by_nobody(
    root: Path, tmp_path: Path
) -> None:
    code = """
        import os

        def gone():
            open(os.environ["MARK"], "w").close()
            os._exit(3)

        def add(a, b):
            return a - b
    """
    test = """
        import os

        from code_ import add

        def test_add():
            assert add(2, 3) == 5

        def test_nothing():
            assert add(0, 0) == 0 and not os.path.exists(os.environ["MARK"])
    """
    mark = tmp_path / "mark"
    with judging(project(root, code, test), env={"MARK": str(mark)}, test={"env": ("MARK",)}, **OWN) as judge:
        ready(judge)
        ending, right = screened(judge, "a + b or gone()", "a + b")
        assert mark.exists()
        assert ending.tier is right.tier is Tier.SCREEN
    assert not ending.passed
    assert not right.failing and not right.regressions
