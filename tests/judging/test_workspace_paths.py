"""What is the user's code, and what is installed."""

from __future__ import annotations

import os
import sys

import pytest

from trm_lsp.zygote.main import load_package

load_package()

from _trm_zygote import paths  # noqa: E402


@pytest.mark.parametrize(
    ("path", "own"),
    [
        ("/srv/app/code.py", True),
        ("/srv/app/.venv/lib/python3.11/site-packages/pytest/__init__.py", False),
        ("/srv/app/env/lib/python3/dist-packages/six.py", False),
        ("/srv/app/site-packages.py", True),
        ("/srv/application/code.py", False),
        ("/srv/app", False),
    ],
)
def test_what_lies_in_a_folder_of_packages_is_installed(path: str, own: bool) -> None:
    assert paths.is_workspace(path, "/srv/app") is own


def test_a_workspace_may_lie_where_packages_are_installed() -> None:
    root = "/usr/lib/python3/site-packages/app"
    assert paths.is_workspace(f"{root}/code.py", root)


def test_what_belongs_to_the_interpreter_is_installed_unless_the_workspace_lies_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(paths, "_PREFIXES", ("/srv/app/python/", "/usr/"))
    assert not paths.is_workspace("/srv/app/python/lib/this.py", "/srv/app")
    assert paths.is_workspace("/usr/src/app/code.py", "/usr/src/app")


def test_the_interpreter_is_the_one_that_runs() -> None:
    assert os.path.join(os.path.realpath(sys.prefix), "") in paths._PREFIXES
