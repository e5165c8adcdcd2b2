"""Where tests run, overlay or copy: what is there, what leads out of it, and the user's tree untouched."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from projects import (
    CALC,
    FIXED,
    RIGHT,
    TEST,
    TESTS,
    WRONG,
    buffer,
    copies,
    judging,
    make,
    untouched,
    verdict,
    without_power,
)

from trm_lsp.core.state import Edit, Variant
from trm_lsp.core.verdict import Tier
from trm_lsp.judging.copies import IsolatedCopy
from trm_lsp.judging.environment import EnvironmentBroken
from trm_lsp.judging.places import PrivateFolder

VANDAL = """
    import os, pathlib, shutil
    from calc import sub

    def test_sub():
        assert sub(3, 2) == 1

    def test_writes_here():
        pathlib.Path("made").mkdir()
        pathlib.Path("made/up.txt").write_text("up")
        pathlib.Path("calc.py").write_text("def sub(a, b):\\n    return 1\\n")
        pathlib.Path("data/kept.txt").write_text("changed")

    def test_deletes():
        os.unlink("data/kept.txt")

    def test_replaces_a_folder_by_a_file():
        shutil.rmtree("data")
        pathlib.Path("data").write_text("a file")

    def test_replaces_a_folder_by_a_link(outside):
        os.unlink("data")
        os.symlink(outside, "data")

    def test_replaces_a_file_by_a_folder():
        os.unlink("README")
        os.mkdir("README")

    def test_empties_its_working_directory():
        for name in os.listdir():
            shutil.rmtree(name) if os.path.isdir(name) and not os.path.islink(name) else os.unlink(name)
"""
PLACES = pytest.mark.parametrize("level", ["namespaces", "landlock", "none"])
"""An overlay, and copies."""
COPY = {"level": "none"}


@contextmanager
def copied(root: Path, kept: tuple[str, ...] = ()) -> Iterator[IsolatedCopy]:
    with closing(PrivateFolder()) as private, closing(IsolatedCopy(root, private, kept)) as copy:
        yield copy


@PLACES
def test_the_users_tree_is_untouched_whatever_the_tests_do(root: Path, tmp_path: Path, level: str) -> None:
    outside = make(tmp_path / "outside", {"kept.txt": "mine"})
    conftest = f"import pytest\n\n@pytest.fixture\ndef outside():\n    return {str(outside)!r}\n"
    files = {
        "calc.py": WRONG,
        "conftest.py": conftest,
        "test_vandal.py": VANDAL,
        "data/kept.txt": "kept",
        "README": "read me",
        "__pycache__/calc.cpython-311.pyc": b"stale",
        ".pytest_cache/v/cache/lastfailed": "{}",
    }
    make(root, files)
    with untouched(root), untouched(outside):
        with judging(root, sandbox={"level": level}) as judge:
            baseline = judge.baseline()
            assert baseline.failing == ("test_vandal.py::test_sub",)
            for tier in (Tier.CONFIRM, Tier.COLD, Tier.CONFIRM):
                assert verdict(judge, FIXED, tier).passed
                assert not verdict(judge, Variant({}), tier).passed
            judge.trace(FIXED, baseline.failing)


DEEDS = {
    "replaces a folder by a file": "shutil.rmtree('data'); pathlib.Path('data').write_text('x')",
    "replaces a folder by a link": "shutil.rmtree('data'); os.symlink(os.environ['OUTSIDE'], 'data')",
    "replaces a file by a folder": "os.unlink('calc.py'); os.mkdir('calc.py')",
    "replaces a file by a link": "os.unlink('calc.py'); os.symlink(os.environ['OUTSIDE'] + '/kept.txt', 'calc.py')",
    "locks a folder": "os.chmod('data', 0); os.mkfifo('pipe')",
    "writes its own code": "pathlib.Path('calc.py').write_text('def sub(a, b):\\n    return 1\\n')",
    "deletes everything": (
        "[shutil.rmtree(n) if os.path.isdir(n) and not os.path.islink(n) else os.unlink(n) for n in os.listdir()]"
    ),
}


@PLACES
@pytest.mark.parametrize("deed", DEEDS)
def test_each_run_starts_from_the_unchanged_workspace(root: Path, tmp_path: Path, deed: str, level: str) -> None:
    outside = make(tmp_path / "outside", {"kept.txt": "mine", "also/kept.txt": "mine"})
    files = {
        "calc.py": RIGHT,
        "data/kept.txt": "kept",
        "test_calc.py": f"""
            import os, pathlib, shutil
            from calc import sub

            def test_sub():
                assert sub(3, 2) == 1 and pathlib.Path("data/kept.txt").read_text() == "kept"
                {DEEDS[deed]}
        """,
    }
    buffers = (buffer("calc.py", WRONG),)
    facts = {"env": {"OUTSIDE": str(outside)}, "test": {"env": ["OUTSIDE"]}, "sandbox": {"level": level}}
    with untouched(make(root, files)), untouched(outside):
        with judging(root, buffers=buffers, **facts) as judge:
            assert judge.baseline().failing
            for tier in (Tier.CONFIRM, Tier.COLD, Tier.CONFIRM):
                assert verdict(judge, FIXED, tier).passed
            assert not verdict(judge, Variant({})).passed


def test_a_copy_whose_very_folder_is_removed_is_made_again(root: Path) -> None:
    """An overlay's folder is a mount: it cannot be removed."""
    test = "import os, shutil\nfrom calc import sub\n\n\ndef test_sub():\n    assert sub(3, 2) == 1\n    {}\n"
    make(root, {"calc.py": WRONG, "test_calc.py": test.format("shutil.rmtree(os.getcwd())")})
    with untouched(root), judging(root, sandbox=COPY) as judge:
        judge.baseline()
        for tier in (Tier.CONFIRM, Tier.COLD, Tier.CONFIRM):
            said = verdict(judge, FIXED, tier)
            assert not said.failing and not said.regressions
            # Its tests pass, but a pytest whose folder is gone fails at its own end.
            assert bool(said.broken) == (tier is Tier.COLD)


def test_nothing_is_left_when_the_judge_is_done(root: Path, temporary: Path) -> None:
    with judging(make(root, CALC)) as judge:
        judge.baseline()
        assert len(copies(temporary)) == 1
    assert list(temporary.iterdir()) == []


# --- where code comes from ----------------------------------------------------------------------

LAYOUT = {"src/calc/__init__.py": "from calc.core import sub\n", "src/calc/core.py": WRONG, "tests/test_calc.py": TEST}
REPAIRED = Variant({"src/calc/core.py": RIGHT})


@PLACES
def test_a_src_layout_with_pythonpath_in_its_configuration(root: Path, level: str) -> None:
    make(root, {**LAYOUT, "pyproject.toml": '[tool.pytest.ini_options]\npythonpath = ["src"]\n'})
    with untouched(root), judging(root, sandbox={"level": level}) as judge:
        assert judge.baseline().failing == ("tests/test_calc.py::test_sub",)
        for tier in (Tier.CONFIRM, Tier.COLD):
            assert verdict(judge, REPAIRED, tier).passed


@PLACES
def test_a_pythonpath_into_the_workspace_leads_to_the_copy(root: Path, level: str) -> None:
    env = {"PYTHONPATH": str(root / "src")}
    with judging(make(root, LAYOUT), env=env, sandbox={"level": level}) as judge:
        assert judge.baseline().failing == ("tests/test_calc.py::test_sub",)
        for tier in (Tier.CONFIRM, Tier.COLD):
            assert verdict(judge, REPAIRED, tier).passed


SITE_PTH = "import site; site.addsitedir({folder!r})"
FINDER = """
    import sys
    from importlib.machinery import PathFinder
    from importlib.util import spec_from_file_location

    MAPPING = {{"calc": {package!r}}}
    NAMESPACES = {{}}

    class _EditableFinder:
        @classmethod
        def find_spec(cls, fullname, path=None, target=None):
            if fullname in MAPPING:
                return spec_from_file_location(fullname, MAPPING[fullname] + "/__init__.py",
                                               submodule_search_locations=[MAPPING[fullname]])

    def install():
        sys.meta_path.append(_EditableFinder)
"""


@PLACES
@pytest.mark.parametrize("kind", ["path", "finder"])
def test_an_editable_install_of_the_workspace_leads_to_the_copy(
    root: Path, tmp_path: Path, kind: str, level: str
) -> None:
    """The two kinds that pip makes: a .pth with the folder, or with a finder that maps packages to folders."""
    make(root, LAYOUT)
    site = tmp_path / "site"
    if kind == "path":
        pth = f"{root / 'src'}\n"
    else:
        pth = "import __editable___calc_finder; __editable___calc_finder.install()\n"
        make(site, {"__editable___calc_finder.py": FINDER.format(package=str(root / "src" / "calc"))})
    make(site, {"editable.pth": pth, "sitecustomize.py": SITE_PTH.format(folder=str(site))})
    with judging(root, env={"PYTHONPATH": str(site)}, sandbox={"level": level}) as judge:
        assert judge.baseline().failing == ("tests/test_calc.py::test_sub",)
        for tier in (Tier.CONFIRM, Tier.COLD):
            assert verdict(judge, REPAIRED, tier).passed


@PLACES
@pytest.mark.parametrize("kind", ["PYTHONPATH", "editable"])
def test_a_python_that_a_test_starts_sees_the_candidate_too(root: Path, tmp_path: Path, kind: str, level: str) -> None:
    test = """
        import subprocess, sys

        def test_sub():
            code = "from calc import sub; print(sub(3, 2))"
            assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "1\\n"
    """
    make(root, {**LAYOUT, "tests/test_calc.py": test})
    env = {"PYTHONPATH": str(root / "src")}
    if kind == "editable":
        site = make(tmp_path / "site", {"editable.pth": f"{root / 'src'}\n"})
        make(site, {"sitecustomize.py": SITE_PTH.format(folder=str(site))})
        env = {"PYTHONPATH": str(site)}
    with judging(root, env=env, sandbox={"level": level}) as judge:
        judge.baseline()
        for tier in (Tier.CONFIRM, Tier.COLD):
            assert verdict(judge, REPAIRED, tier).passed


def test_tests_that_load_code_from_the_workspace_itself_are_refused_in_a_copy(root: Path) -> None:
    conftest = f"import sys\n\nsys.path.insert(0, {str(root / 'src')!r})\n"
    make(root, {**LAYOUT, "conftest.py": conftest})
    with judging(root, sandbox={"level": "namespaces"}) as judge:  # an overlay is in the very place
        assert judge.baseline().failing
        assert verdict(judge, REPAIRED).passed
    with judging(root, sandbox=COPY) as judge, pytest.raises(EnvironmentBroken) as refused:
        judge.baseline()
    assert str(refused.value) == (
        f"The tests import {root}/src/calc/__init__.py from the workspace itself, not from the copy they run in, "
        "so a candidate would not be seen: check sys.path changes in conftest.py."
    )


def test_pytest_and_python_m_pytest_differ_by_the_working_directory_on_the_path(root: Path) -> None:
    make(root, {"calc.py": WRONG, "tests/test_calc.py": TEST})
    with judging(root, command="python -m pytest") as judge:
        assert judge.baseline().failing == ("tests/test_calc.py::test_sub",)
        assert verdict(judge).passed
    with judging(root, command="pytest") as judge:
        assert "ModuleNotFoundError: No module named 'calc'" in judge.baseline().signature


def test_a_package_with_its_own_configuration_below_the_root(root: Path) -> None:
    """Pytest counts test ids from the folder of its configuration: we count them from the workspace."""
    nested = {f"packages/one/{path}": text for path, text in LAYOUT.items()}
    make(root, {**nested, "packages/one/pytest.ini": "[pytest]\npythonpath = src\n"})
    repaired = Variant({"packages/one/src/calc/core.py": RIGHT})
    with judging(root, "packages/one/tests/test_calc.py::test_sub") as judge:
        assert judge.baseline().failing == ("packages/one/tests/test_calc.py::test_sub",)
        for tier in (Tier.CONFIRM, Tier.COLD):
            assert verdict(judge, repaired, tier).passed
            assert not verdict(judge, Variant({}), tier).passed
        start = WRONG.index("+")
        edits = [Variant({}, (Edit("packages/one/src/calc/core.py", start, start + 1, sign),)) for sign in "*-"]
        assert [found.passed for found in judge(edits, Tier.SCREEN)] == [False, True]


# --- links --------------------------------------------------------------------------------------


def test_links_inside_the_workspace_lead_to_the_copy(root: Path) -> None:
    make(root, {"real/calc.py": WRONG, "data/x.txt": "x", "tests/test_calc.py": TEST})
    (root / "calc.py").symlink_to("real/calc.py")
    (root / "absolute.txt").symlink_to(root / "data" / "x.txt")
    (root / "folder").symlink_to(root / "data", target_is_directory=True)
    with copied(root) as copy:
        assert (copy.work / "absolute.txt").resolve() == copy.work / "data" / "x.txt"
        assert (copy.work / "folder" / "x.txt").resolve() == copy.work / "data" / "x.txt"
    for sandbox in ({}, COPY):
        with untouched(root), judging(root, sandbox=sandbox) as judge:
            judge.baseline()
            assert verdict(judge, Variant({"real/calc.py": RIGHT}), Tier.COLD).passed


def test_links_out_of_the_workspace_lead_where_they_led(root: Path, tmp_path: Path) -> None:
    outside = make(tmp_path / "shared", {"value.txt": "1", "calc.py": RIGHT})
    (root / "relative").symlink_to("../shared", target_is_directory=True)
    (root / "absolute").symlink_to(outside, target_is_directory=True)
    (root / "dangling").symlink_to("nowhere")
    with copied(root) as copy:
        for name in ("relative", "absolute"):
            assert (copy.work / name / "value.txt").read_text() == "1"
        assert os.readlink(copy.work / "dangling") == "nowhere"


@PLACES
def test_nothing_is_written_through_a_link_that_leads_out(root: Path, tmp_path: Path, level: str) -> None:
    outside = make(tmp_path / "shared", {"calc.py": WRONG})
    make(root, {"test_calc.py": TEST})
    (root / "lib").symlink_to(outside, target_is_directory=True)
    (root / "calc.py").symlink_to(outside / "calc.py")
    with untouched(outside):
        with judging(root, buffers=(buffer("calc.py", WRONG + "\n"),), sandbox={"level": level}) as judge:
            judge.baseline()
            assert verdict(judge, Variant({"calc.py": RIGHT}), Tier.COLD).passed
        with pytest.raises(EnvironmentBroken, match=r"^lib/calc\.py lies outside the workspace"):
            with judging(root, buffers=(buffer("lib/calc.py", RIGHT),), sandbox={"level": level}):
                pass


@PLACES
@pytest.mark.parametrize("path", ["../escaped.py", "{outside}/escaped.py", "a/../../escaped.py"])
def test_a_buffer_outside_the_workspace_is_refused_and_written_nowhere(
    root: Path, tmp_path: Path, temporary: Path, path: str, level: str
) -> None:
    make(root, CALC)
    with pytest.raises(EnvironmentBroken, match="lies outside the workspace"):
        with judging(root, buffers=(buffer(path.format(outside=tmp_path), "x = 1\n"),), sandbox={"level": level}):
            pass
    assert not list(tmp_path.rglob("escaped.py"))
    assert copies(temporary) == []


# --- what is left out ---------------------------------------------------------------------------


def _git(root: Path) -> None:
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)


def test_folders_that_git_ignores_are_left_out_unless_the_setting_names_them(root: Path) -> None:
    make(
        root, {".gitignore": "build/\n*.log\nbig/\n", "build/lib/x.txt": "", "big/y.bin": "", "run.log": "", "a.py": ""}
    )
    _git(root)
    with copied(root) as copy:
        assert sorted(path.name for path in copy.work.iterdir()) == [".gitignore", "a.py", "run.log"]
    with copied(root, ("build",)) as copy:
        assert (copy.work / "build/lib/x.txt").exists()
        assert not (copy.work / "big").exists()


def test_a_workspace_that_is_a_folder_of_a_repository(root: Path) -> None:
    make(root, {".gitignore": "build/\n", "sub/build/x.txt": "", "sub/a.py": "", "build.py": ""})
    _git(root)
    with copied(root / "sub") as copy:
        assert sorted(path.name for path in copy.work.iterdir()) == ["a.py"]


def test_environments_and_caches_are_left_out(root: Path) -> None:
    make(root, {"env/pyvenv.cfg": "", "env/lib/x.py": "", ".trm/trm.db": "", "node_modules/m/i.js": "", "a.py": ""})
    with copied(root) as copy:
        assert [path.name for path in copy.work.iterdir()] == ["a.py"]


@PLACES
def test_odd_names_sockets_and_pipes_are_no_obstacle(root: Path, level: str) -> None:
    make(root, {"späße ☂ 𝒳.txt": "ok", "a b/c d.txt": "ok", **CALC})
    (root / os.fsdecode(b"latin-\xe9.txt")).write_text("ok")
    os.mkfifo(root / "pipe")
    names = sorted(os.listdir(root))
    with judging(root, sandbox={"level": level}) as judge:
        assert judge.baseline().failing
        assert judge._bed.place.read("späße ☂ 𝒳.txt") == b"ok"
        assert verdict(judge).passed
    assert sorted(os.listdir(root)) == names


# --- the sweep ----------------------------------------------------------------------------------


def test_a_private_folder_whose_owner_was_killed_is_swept_and_others_are_not(root: Path, temporary: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from trm_lsp.judging.copies import IsolatedCopy;"
        "from trm_lsp.judging.places import PrivateFolder;"
        "IsolatedCopy(Path(sys.argv[1]), PrivateFolder()); print('made', flush=True); time.sleep(60)"
    )
    make(root, CALC)
    with subprocess.Popen([sys.executable, "-c", code, str(root)], stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None and owner.stdout.readline() == "made\n"
        (theirs,) = copies(temporary)
        make(temporary, {"trm-unmarked/x": "", "other/x": ""})
        with copied(root):
            assert theirs.exists()
        owner.kill()
    with copied(root):
        assert not theirs.exists()
        assert (temporary / "trm-unmarked").exists()
        assert (temporary / "other").exists()


def test_a_copy_that_cannot_be_made_leaves_nothing_and_says_why(root: Path, temporary: Path) -> None:
    make(root, {**CALC, "large.bin": b"x" * 100_000})
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, limits[1]))
    try:
        with pytest.raises(EnvironmentBroken, match=r"cannot be copied to run its tests: .*File too large"):
            with judging(root, sandbox=COPY):
                pass
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert copies(temporary) == []


LOCKED = """
    import os
    from calc import sub

    def test_sub():
        assert sub(3, 2) == 1

    def test_locks():
        os.mkdir("locked")
        os.chmod("locked", 0)
        os.chmod("data", 0)
"""


@PLACES
def test_folders_that_a_test_locks_are_opened_again(root: Path, temporary: Path, level: str) -> None:
    """As a user without the power to ignore permissions."""
    make(root, {"calc.py": WRONG, "test_locked.py": LOCKED, "data/kept.txt": "kept", "secret.txt": "not for us"})
    (root / "secret.txt").chmod(0)
    code = (
        "import sys; from pathlib import Path; from projects import *\n"
        "with judging(Path(sys.argv[1]), sandbox={'level': sys.argv[2]}) as judge:\n"
        "    judge.baseline()\n"
        "    print([verdict(judge).passed for _ in range(2)])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(root), level],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")])},
        preexec_fn=without_power,
        capture_output=True,
        text=True,
    )
    assert (done.stdout, done.stderr) == ("[True, True]\n", "")
    assert copies(temporary) == []


def test_a_temporary_folder_inside_the_workspace_is_not_copied_into_itself(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(root, CALC)
    inside = root / "tmp"
    inside.mkdir()
    monkeypatch.setenv("TMPDIR", str(inside))
    monkeypatch.setattr(tempfile, "tempdir", None)
    with judging(root) as judge, judging(root) as other:
        assert judge.baseline().failing == other.baseline().failing == ("test_calc.py::test_sub",)
        assert verdict(judge, FIXED, Tier.COLD).passed
    assert list(inside.iterdir()) == []
