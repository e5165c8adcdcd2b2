"""Any workspace, wherever it lies and whatever is in it: an overlay where one can be, a copy elsewhere."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
from projects import CALC, FIXED, RIGHT, TEST, TESTS, WRONG, buffer, judging, make, outcomes, untouched, verdict

from trm_lsp.core.state import Edit, Variant
from trm_lsp.core.verdict import Tier
from trm_lsp.judging.judge import TestJudge

PLACES = pytest.mark.parametrize("level", ["namespaces", "landlock", "none"])
SWAPPED = Variant({}, (Edit("calc.py", WRONG.index("+"), WRONG.index("+") + 1, "-"),))


def repairs(judge: TestJudge, *, path: str = "calc.py") -> bool:
    """Whether the project is judged right, unchanged and repaired, in every tier."""
    baseline = judge.baseline()
    assert [r.id.rpartition("::")[2] for r in baseline.results if r.outcome != "passed"] == ["test_sub"]
    found = [verdict(judge, Variant({path: RIGHT}), tier) for tier in Tier]
    assert not verdict(judge, Variant({})).passed
    return all(one.passed for one in found)


# --- what is in it ------------------------------------------------------------------------------


@PLACES
def test_files_saved_in_the_middle_of_a_task_do_not_change_it(root: Path, level: str) -> None:
    """What the baseline imported stays as it was."""
    files = {
        "calc.py": WRONG,
        "helper.py": "ONE = 1\n",
        "conftest.py": "import helper\n",
        "package/__init__.py": "",
        "package/test_calc.py": f"import helper\n{TEST}    assert helper.ONE == 1\n",
    }
    with judging(make(root, files), sandbox={"level": level}) as judge:
        assert judge.baseline().failing == ("package/test_calc.py::test_sub",)
        make(root, dict.fromkeys(files, "nonsense("))
        assert judge.texts["calc.py"].text == WRONG
        for variant, tier in (
            (SWAPPED, Tier.SCREEN),
            (SWAPPED, Tier.CONFIRM),
            (FIXED, Tier.CONFIRM),
            (FIXED, Tier.COLD),
        ):
            assert verdict(judge, variant, tier).passed
        assert not verdict(judge, Variant({})).passed
    assert (root / "calc.py").read_text() == "nonsense("


@PLACES
def test_buffers_lie_over_the_workspace_in_old_folders_and_new_ones(root: Path, level: str) -> None:
    make(root, {"calc.py": RIGHT, "data/old.txt": "old", "data/other.txt": "other"})
    test = """
        from pathlib import Path
        from calc import sub

        def test_sub():
            assert sub(3, 2) == 1

        def test_files():
            found = {str(path): path.read_text() for path in Path("data").rglob("*.txt")}
            assert found == {"data/old.txt": "new", "data/other.txt": "other", "data/a/b/made.txt": "made"}
    """
    buffers = (
        buffer("calc.py", WRONG),
        buffer("data/old.txt", "new"),
        buffer("data/a/b/made.txt", "made"),
        buffer("tests/unit/test_new.py", textwrap.dedent(test)),
    )
    with untouched(root), judging(root, buffers=buffers, sandbox={"level": level}) as judge:
        assert repairs(judge)


@PLACES
def test_modes_of_files_and_folders_are_the_users(root: Path, level: str) -> None:
    """Read-only ones too, and with a buffer or a candidate in them; in a copy their owner may write in folders."""
    locked = "0o555" if level == "namespaces" else "0o755"
    test = f"""
        import os, stat
        from src.calc import sub

        def mode(path):
            return oct(stat.S_IMODE(os.stat(path).st_mode))

        def test_sub():
            assert sub(3, 2) == 1

        def test_modes():
            assert [mode(name) for name in ("src/calc.py", "run.sh", "src", "locked", "locked/x.txt")] == [
                "0o444", "0o755", "0o750", "{locked}", "0o400"
            ]
    """
    files = {"src/calc.py": WRONG, "run.sh": "true\n", "locked/x.txt": "x", "test_modes.py": test}
    make(root, files)
    for name, mode in (("src/calc.py", 0o444), ("run.sh", 0o755), ("src", 0o750), ("locked/x.txt", 0o400)):
        (root / name).chmod(mode)
    (root / "locked").chmod(0o555)
    with untouched(root), judging(root, buffers=(buffer("run.sh", "false\n"),), sandbox={"level": level}) as judge:
        assert repairs(judge, path="src/calc.py")


@PLACES
def test_what_a_conftest_makes_when_it_is_imported_is_there_for_its_tests(root: Path, level: str) -> None:
    """Once for all runs of a stage: each sees it as it was made."""
    files = {
        "calc.py": WRONG,
        "conftest.py": """
            import pathlib, tempfile, pytest

            FOLDER = pathlib.Path(tempfile.mkdtemp())
            (FOLDER / "made.txt").write_text("made")
            pathlib.Path("made.txt").write_text("made")
            (pathlib.Path.home() / ".made").write_text("made")

            @pytest.fixture
            def made():
                return [FOLDER / "made.txt", pathlib.Path("made.txt"), pathlib.Path.home() / ".made"]
        """,
        "test_calc.py": TEST + "\n\ndef test_made(made):\n    for path in made:\n"
        "        assert path.read_text() == 'made'\n        path.write_text('used')\n",
    }
    with untouched(make(root, files)), judging(root, sandbox={"level": level}) as judge:
        assert judge.baseline().failing == ("test_calc.py::test_sub",)
        if level == "namespaces":
            assert judge._tests.level == "collected", judge._tests.why
        for variant in (SWAPPED, FIXED, SWAPPED):
            assert verdict(judge, variant).passed
        assert verdict(judge, FIXED, Tier.COLD).passed


def test_thousands_of_files_are_not_copied(root: Path) -> None:
    make(root, {**CALC, **{f"data/{number % 50}/{number}.txt": "x" for number in range(5000)}})
    with judging(root, sandbox={"level": "namespaces"}) as judge:
        assert repairs(judge)
        assert sum(len(files) for _, _, files in os.walk(judge._bed.private.path)) < 20


# --- where it lies ------------------------------------------------------------------------------


@PLACES
@pytest.mark.parametrize(
    "name", ["a:b", "a,b", "a\\b", "a b", "a\nb", "a'b\"c", "späße ☂ 𝒳", "a\\:,b ,=", "a%20\\040b", "-o", "a*?"]
)
def test_a_workspace_of_any_name(tmp_path: Path, name: str, level: str) -> None:
    root = make(tmp_path / name / name, CALC)
    with untouched(root), judging(root, sandbox={"level": level}) as judge:
        assert judge.baseline().failing == ("test_calc.py::test_sub",)
        assert judge.sandbox.overlay == (level == "namespaces")
        for tier in (Tier.CONFIRM, Tier.COLD):
            assert verdict(judge, FIXED, tier).passed


@pytest.fixture(params=["/tmp", "/var/tmp", "~", "/dev/shm"])
def elsewhere(request: pytest.FixtureRequest) -> Iterator[Path]:
    """A folder in a place that the sandbox treats in its own way."""
    place = Path(request.param).expanduser()
    if not os.access(place, os.W_OK):
        pytest.skip(f"{place} cannot be written")
    with tempfile.TemporaryDirectory(prefix="trm-test-", dir=place) as folder:
        yield Path(folder).resolve()


@PLACES
def test_a_workspace_anywhere(elsewhere: Path, level: str) -> None:
    root = make(elsewhere / "project", CALC)
    with untouched(root), judging(root, sandbox={"level": level}) as judge:
        assert repairs(judge)


def test_a_private_folder_anywhere(root: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(elsewhere))
    with untouched(make(root, CALC)), judging(root) as judge:
        assert judge._bed.private.path.is_relative_to(elsewhere)
        assert repairs(judge)


def test_a_workspace_of_another_user_is_copied(root: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give files away")
    make(root, CALC)
    os.chown(root, 65534, 65534)
    with judging(root) as judge:
        assert not judge.sandbox.overlay
        assert repairs(judge)


def test_a_workspace_with_the_temporary_folder_in_it_is_copied(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inside = root / "tmp"
    inside.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(inside))
    with judging(make(root, CALC)) as judge:
        assert not judge.sandbox.overlay
        assert repairs(judge)


MOUNTED = """
import sys
from pathlib import Path
from projects import *

root = Path(sys.argv[1])
make(root, CALC)
with judging(root) as judge:
    said = outcomes(judge.baseline()), verdict(judge).passed, verdict(judge, FIXED, Tier.COLD).passed
    print(*said, judge.sandbox.level, judge.sandbox.overlay, judge.sandbox.missing)
"""


def judged_with_mount(at: Path, root: Path) -> str:
    """What is said of a project where a file system is mounted `at` a folder, in a namespace of its own."""
    if not shutil.which("unshare") or subprocess.run(["unshare", "-rm", "true"], capture_output=True).returncode:
        pytest.skip("file systems cannot be mounted here")
    at.mkdir(exist_ok=True)
    path = os.pathsep.join([str(TESTS), *filter(None, sys.path)])
    script = 'mount -t tmpfs none "$0" && mkdir -p "$1" && exec "$2" -c "$3" "$1"'
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", script, str(at), str(root), sys.executable, MOUNTED],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
    )
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize("name", ["sub", "a b\\040c"])
def test_a_workspace_with_a_mount_in_it_is_copied(root: Path, name: str) -> None:
    said = judged_with_mount(root / name, root)
    assert said.startswith("{'test_sub': 'failed'} True True ")
    assert said.split()[5] == "False"


@pytest.mark.parametrize("below", ["", "project"])
def test_a_workspace_that_is_mounted_is_overlaid(tmp_path: Path, below: str) -> None:
    """In a temporary folder, which then cannot be overlaid itself."""
    at = tmp_path / "mounted"
    assert judged_with_mount(at, at / below).startswith("{'test_sub': 'failed'} True True namespaces True ()")


def test_a_mount_beside_the_workspace_is_no_obstacle(root: Path, tmp_path: Path) -> None:
    said = judged_with_mount(tmp_path / "beside", root)
    assert said.startswith("{'test_sub': 'failed'} True True namespaces True ()")


def test_the_outcome_of_a_project_does_not_depend_on_its_place(root: Path) -> None:
    """A test that asks where it is, and what is beside it, hears of the workspace in an overlay."""
    test = f"""
        import os
        from calc import sub

        def test_sub():
            assert sub(3, 2) == 1

        def test_here():
            assert os.getcwd() == {str(root)!r} == os.path.dirname(os.path.abspath(__file__))
            assert sorted(os.listdir()) == ["calc.py", "link", "test_here.py"]
            assert open("link").read() == "beside"
    """
    make(root.parent, {"beside.txt": "beside"})
    make(root, {"calc.py": WRONG, "test_here.py": test})
    (root / "link").symlink_to("../beside.txt")
    with judging(root, sandbox={"level": "namespaces"}) as judge:
        assert outcomes(judge.baseline()) == {"test_sub": "failed", "test_here": "passed"}
        assert repairs(judge)
