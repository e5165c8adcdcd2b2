"""The server stays small: what the engine needs is never loaded in it."""

from __future__ import annotations

import subprocess

import pytest
from editor.harness import PYTHON

ENGINE = ("litellm", "sqlite3", "unidiff", "trm_lsp.engine.refine", "trm_lsp.judging", "trm_lsp.nets", "trm_lsp.store")
BEFORE_A_JOB = (*ENGINE, "pydantic", "trm_lsp.engine")


@pytest.mark.parametrize(
    ("modules", "without"),
    [
        ("trm_lsp.app.cli", (*BEFORE_A_JOB, "pygls")),
        ("trm_lsp.app.cli, trm_lsp.editor.server", BEFORE_A_JOB),
        ("trm_lsp.editor.server, trm_lsp.editor.session, trm_lsp.editor.hover", ENGINE),
    ],
    ids=["the command line", "the server up to its first job", "the server at work"],
)
def test_importing_leaves_out(modules: str, without: tuple[str, ...]) -> None:
    program = f"import sys, {modules}; print(sorted(set(sys.modules).intersection({without!r})))"
    ran = subprocess.run([PYTHON, "-c", program], capture_output=True, text=True, check=False)
    assert (ran.stdout.strip(), ran.stderr) == ("[]", "")
