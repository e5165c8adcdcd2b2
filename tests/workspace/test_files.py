"""Which files a test run needs, and the proof that nothing was written."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from trm_lsp.workspace.files import LEFT_OUT, files, fingerprint


def write(root: Path, *paths: str, text: str = "x\n") -> None:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write(tmp_path, "m.py", "pkg/n.py", "tests/test_m.py", "tests/data/x.json")
    return tmp_path


def check(root: Path, *expected: str) -> None:
    assert sorted(files(root)) == sorted(expected)


PLAIN = ("m.py", "pkg/n.py", "tests/test_m.py", "tests/data/x.json")


def test_every_file_is_copied_by_its_relative_path(root: Path) -> None:
    check(root, *PLAIN)


@pytest.mark.parametrize("folder", sorted(LEFT_OUT))
def test_caches_and_version_control_stay_where_they_are(root: Path, folder: str) -> None:
    write(root, f"{folder}/a", f"pkg/{folder}/b/c")
    check(root, *PLAIN)


@pytest.mark.parametrize("mark", ["pyvenv.cfg", "conda-meta/history"])
@pytest.mark.parametrize("name", [".venv", "env", "my environment"])
def test_environments_stay_where_they_are_whatever_their_name(root: Path, name: str, mark: str) -> None:
    write(root, f"{name}/{mark}", f"{name}/lib/python3/site-packages/big.py")
    check(root, *PLAIN)


def test_a_folder_that_is_only_called_like_an_environment_is_copied(root: Path) -> None:
    write(root, "venv/a.py", "env/b.py")
    check(root, *PLAIN, "venv/a.py", "env/b.py")


def test_compiled_files_stay_and_hidden_files_come(root: Path) -> None:
    write(root, "old.pyc", "old.pyo", ".env", ".github/ci.yml", "pyproject.toml")
    check(root, *PLAIN, ".env", ".github/ci.yml", "pyproject.toml")


def test_what_git_ignores_is_copied_because_tests_may_need_it(root: Path) -> None:
    write(root, ".gitignore", text="build/\n")
    write(root, "build/generated.py")
    check(root, *PLAIN, ".gitignore", "build/generated.py")


def test_links_are_copied_as_links_and_not_followed(root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside")
    write(outside, "secret.py")
    (root / "folder").symlink_to(outside)
    (root / "file").symlink_to(root / "m.py")
    (root / "loop").symlink_to(root)
    (root / "dangling").symlink_to("nowhere")
    check(root, *PLAIN, "folder", "file", "loop", "dangling")


def test_the_files_come_in_the_same_order_every_time(root: Path) -> None:
    write(root, *(f"many/{number}.py" for number in (3, 1, 2)))
    assert [path for path in files(root) if path.startswith("many")] == ["many/1.py", "many/2.py", "many/3.py"]


# --- fingerprint --------------------------------------------------------------------------------


def edit(root: Path) -> None:
    write(root, "m.py", text="y\n")


def same_size_and_time(root: Path) -> None:
    status = (root / "m.py").stat()
    edit(root)
    os.utime(root / "m.py", ns=(status.st_atime_ns, status.st_mtime_ns))


def compile_a_module(root: Path) -> None:
    write(root, "pkg/__pycache__/n.cpython-311.pyc")


def turn_link(root: Path) -> None:
    (root / "link").unlink()
    (root / "link").symlink_to("pkg")


CHANGES: list[Callable[[Path], object]] = [
    edit,
    same_size_and_time,
    compile_a_module,
    turn_link,
    lambda root: write(root, "new.py"),
    lambda root: write(root, ".pytest_cache/v/cache/lastfailed"),
    lambda root: (root / "empty").mkdir(),
    lambda root: (root / "m.py").unlink(),
    lambda root: (root / "m.py").rename(root / "renamed.py"),
    lambda root: (root / "m.py").chmod(0o755),
    lambda root: (root / "pkg").chmod(0o700),
    lambda root: (root / "another").symlink_to("m.py"),
]
NAMES = [
    "content", "content of the same size and time", "__pycache__", "link target", "new file", "cache", "new folder",
    "file gone", "rename", "file mode", "folder mode", "new link",
]  # fmt: skip


@pytest.mark.parametrize("change", CHANGES, ids=NAMES)
def test_every_write_changes_the_fingerprint(root: Path, change: Callable[[Path], object]) -> None:
    (root / "link").symlink_to("m.py")
    (root / "pkg").chmod(0o755)
    before = fingerprint(root)
    change(root)
    assert fingerprint(root) != before


HARMLESS: list[Callable[[Path], object]] = [
    lambda root: None,
    lambda root: list(files(root)),
    lambda root: (root / "m.py").read_text(),
    lambda root: os.utime(root / "m.py", (1, 1)),
    lambda root: write(root, "m.py"),
    lambda root: write(root, ".trm/log.db"),
    lambda root: write(root, ".git/index"),
]


@pytest.mark.parametrize(
    "change", HARMLESS, ids=["nothing", "listing", "reading", "time", "same content", "our log", "git's own files"]
)
def test_what_writes_nothing_of_the_user_leaves_the_fingerprint(root: Path, change: Callable[[Path], object]) -> None:
    (root / ".trm").mkdir()
    (root / ".git").mkdir()
    before = fingerprint(root)
    change(root)
    assert fingerprint(root) == before


def test_the_fingerprint_does_not_depend_on_where_the_workspace_is(
    root: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    copy = tmp_path_factory.mktemp("copy")
    write(copy, *reversed(PLAIN))
    assert fingerprint(copy) == fingerprint(root)


def test_unusual_names_and_files_are_taken_as_they_are(root: Path) -> None:
    before = fingerprint(root)
    (root / os.fsdecode(b"caf\xe9.py")).write_text("x\n")
    os.mkfifo(root / "pipe")
    (root / "loop").symlink_to("loop")
    assert fingerprint(root) != before
