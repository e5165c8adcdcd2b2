"""Whose Python runs the tests, what it may see, and that ours speaks with every version of it."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest
from projects import CALC, FIXED, judging, make, verdict

from trm_lsp import zygote
from trm_lsp.core.state import Variant
from trm_lsp.core.verdict import Tier
from trm_lsp.judging import runner
from trm_lsp.judging.environment import EnvironmentBroken, allowed, find_python, parse_command

ZYGOTE = Path(zygote.__file__).parent


@pytest.fixture(scope="session")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter without pytest."""
    folder = tmp_path_factory.mktemp("bare")
    venv.create(folder, with_pip=False)
    return folder / "bin" / "python"


def refusal(root: Path, python: str, **facts: object) -> str:
    with pytest.raises(EnvironmentBroken) as refused:
        with judging(root, python=python, **facts) as judge:  # type: ignore[arg-type]
            judge.baseline()
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_the_order_of_interpreters(root: Path, tmp_path: Path) -> None:
    """The setting, the command's, the workspace's .venv, VIRTUAL_ENV, our own."""
    plain = parse_command("", root)
    active = make(tmp_path / "active", {"bin/python": ""})
    environ = {"VIRTUAL_ENV": str(active)}
    assert find_python(root, "", plain, {}) == sys.executable
    assert find_python(root, "", parse_command("python3 -m pytest -q", root), {}) == sys.executable
    assert find_python(root, "", plain, environ) == str(active / "bin" / "python")
    make(root, {".venv/bin/python": ""})
    assert find_python(root, "", plain, environ) == str(root / ".venv/bin/python")
    named = parse_command("env/bin/python -m pytest", root)
    assert find_python(root, "", named, environ) == str(root / "env/bin/python")
    assert find_python(root, "/usr/bin/python3", named, environ) == "/usr/bin/python3"
    assert find_python(root, "python3.12", plain, environ) == "python3.12"


def test_a_venv_of_the_workspace_is_used_from_where_it_is(root: Path) -> None:
    make(root, CALC)
    venv.create(root / ".venv", with_pip=False)
    site = next((root / ".venv/lib").glob("python3*/site-packages"))
    (site / "ours.pth").write_text(f"{Path(pytest.__file__).parents[1]}\n")
    with judging(root) as judge:
        assert judge.python == str(root / ".venv/bin/python")
        assert judge.baseline().failing
        assert verdict(judge).passed


def test_pytest_is_not_installed_in_the_interpreter(root: Path, bare: Path) -> None:
    assert refusal(make(root, CALC), str(bare)) == (
        f"pytest is not installed in {bare}: install it there, or set trm.python to an interpreter that has it."
    )


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (None, "does not start (No such file or directory): set trm.python to one that does."),
        ("#!/bin/sh\nexit 1\n", "ended by itself: exit status 1."),
        ("#!/bin/sh\necho this is broken >&2\nexit 1\n", "ended by itself: this is broken."),
        ("#!/no/such/interpreter\n", "does not start (No such file or directory): set trm.python to one that does."),
        ("#!/bin/sh\nexec sleep 600\n", "does not answer: set trm.python to one that does."),
        ("#!/bin/sh\nexec yes\n", "gave an answer that is not ours."),
        ("#!/bin/sh\ncat\n", "does not answer: set trm.python to one that does."),
        ("not executable", "does not start (Permission denied): set trm.python to one that does."),
    ],
)
def test_an_interpreter_that_does_not_start(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str | None, said: str
) -> None:
    monkeypatch.setattr(runner, "START_SECONDS", 0.5)
    python = tmp_path / "python"
    if script is not None:
        python.write_text(script)
        python.chmod(0o644 if script.startswith("not") else 0o755)
    assert refusal(make(root, CALC), str(python)).endswith(f"{python} {said}")


def test_an_interpreter_named_by_the_command(root: Path, bare: Path) -> None:
    assert f"pytest is not installed in {bare}" in refusal(make(root, CALC), "", command=f"{bare} -m pytest")


# --- what the tests may see ---------------------------------------------------------------------


def test_the_environment_is_an_allow_list(tmp_path: Path) -> None:
    kept = {"PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "VIRTUAL_ENV", "PYTHONHASHSEED", "CI", "MINE"}
    secret = {"AWS_SECRET_ACCESS_KEY", "OPENAI_API_KEY", "GITHUB_TOKEN", "SSH_AUTH_SOCK", "MY_PATH", "PATHS", "LC"}
    places = {"home": tmp_path / "home", "temporary": tmp_path / "tmp", "root": tmp_path, "work": tmp_path}
    found = allowed(dict.fromkeys(kept | secret | {"HOME", "TMPDIR"}, "x"), ["MINE"], **places, seed=7)
    assert {name for name, value in found.items() if value == "x"} == kept
    assert found["HOME"] == str(tmp_path / "home") and found["TMPDIR"] == str(tmp_path / "tmp")
    assert allowed({}, [], **places, seed=7)["PYTHONHASHSEED"] == "7"


def test_home_is_a_private_folder_unless_the_user_says_otherwise(root: Path, tmp_path: Path) -> None:
    test = """
        import os, pathlib

        def test_sub():
            pathlib.Path("~/written").expanduser().write_text("x")
            raise ValueError(os.environ["HOME"] + " " + os.environ.get("SECRET", "unknown"))
    """
    make(root, {"test_home.py": test})
    with judging(root, env={"HOME": str(tmp_path / "mine"), "SECRET": "told"}) as judge:
        (result,) = judge.baseline().results
        assert "/run/home" in result.message and "unknown" in result.message
        assert not list(judge._bed.private.home.rglob("*"))
    (tmp_path / "mine").mkdir()
    allowed_both = {"test": {"env": ["HOME", "SECRET"]}, "sandbox": {"level": "none"}}
    with judging(root, env={"HOME": str(tmp_path / "mine"), "SECRET": "told"}, **allowed_both) as judge:
        (result,) = judge.baseline().results
        assert f"ValueError: {tmp_path / 'mine'} told" in result.message


# --- the test process -----------------------------------------------------------------------------


def test_the_test_process_is_written_for_python_3_8() -> None:
    for path in sorted(ZYGOTE.glob("*.py")):
        ast.parse(path.read_text(encoding="utf-8"), path.name, feature_version=(3, 8))


def test_the_test_process_imports_nothing_but_the_standard_library_and_pytest() -> None:
    for path in sorted(ZYGOTE.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                top = name.partition(".")[0]
                assert top in sys.stdlib_module_names | {"pytest", "_pytest", "_trm_zygote"}, (path.name, name)


UNITTEST = """
    import unittest
    from calc import sub

    class TestCalc(unittest.TestCase):
        def test_sub(self):
            self.assertEqual(sub(3, 2), 1)
"""
PYTHONS = [
    path
    for path in [
        *sorted(Path("~/.pyenv/versions").expanduser().glob("*/bin/python")),
        *map(Path, filter(None, os.environ.get("TRM_TEST_PYTHONS", "").split(os.pathsep))),
    ]
    if subprocess.run([path, "-c", "import sys; sys.exit(sys.version_info < (3, 8))"], check=False).returncode == 0
]


@pytest.mark.parametrize("python", PYTHONS, ids=[f"{path.parts[-3]}" for path in PYTHONS])
def test_the_test_process_runs_on_every_python(root: Path, temporary: Path, python: Path) -> None:
    """All of it where pytest is installed, else what unittest needs; in the strongest sandbox, and in none."""
    has_pytest = subprocess.run([python, "-c", "import pytest"], capture_output=True).returncode == 0
    test, id, level = CALC["test_calc.py"], "test_calc.py::test_sub", "collected"
    if not has_pytest:
        test, id, level = UNITTEST, "test_calc.py::TestCalc::test_sub", "loaded"
    make(root, {**CALC, "test_calc.py": test})
    facts = {"python": str(python), "command": "" if has_pytest else "python -m unittest"}
    for sandbox in ("auto", "none"):
        with judging(root, **facts, sandbox={"level": sandbox}) as judge:
            assert judge.sandbox.level == (sandbox if sandbox == "none" else "namespaces")
            assert judge.baseline().failing == (id,)
            assert judge._tests.level == level, judge._tests.why
            trace = judge.trace(Variant({}), [id])
            assert 2 in trace.lines[id]["calc.py"]
            for tier in Tier:
                assert [found.passed for found in judge([Variant({}), FIXED], tier)] == [False, True]


def test_user_code_cannot_import_the_test_process(root: Path) -> None:
    names = sorted(path.stem for path in ZYGOTE.glob("*.py") if path.stem != "__init__")
    test = f"""
        import importlib, pytest

        @pytest.mark.parametrize("name", {names!r})
        def test_hidden(name):
            with pytest.raises(ImportError):
                importlib.import_module(name)
    """
    with judging(make(root, {"test_hidden.py": test})) as judge:
        assert judge.baseline().targets == ()
