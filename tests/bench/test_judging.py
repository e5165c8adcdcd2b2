"""What the rows of the table rest on."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench import judging, workspaces
from bench.mutants import mutations, ranges
from trm_lsp.core.state import Variant
from trm_lsp.patch.edits import texts_of


@pytest.mark.parametrize(
    ("part", "whole", "told"),
    [(7, 7, "100 % (7 of 7)"), (9999, 10000, "99.9 % (9999 of 10000)"), (0, 0, "0 % (0 of 0)")],
)
def test_a_share_is_never_rounded_up_to_all(part: int, whole: int, told: str) -> None:
    assert judging.share(part, whole) == told


def test_modules_that_tests_import_are_found(tmp_path: Path) -> None:
    code = "from __future__ import annotations\nimport os.path, json as j\nfrom a.b import c\nfrom . import d\n"
    workspaces.make(tmp_path, {"test_a.py": code, "test_b.py": "def test():\n    import sys\n"})
    assert judging.imported(tmp_path) == ["a.b", "json", "os.path", "pytest", "sys"]


def test_a_marked_process_is_found_whoever_its_parent_is() -> None:
    mark = {"TRM_BENCH_JOB": "a test's own"}
    code = "import os\nos.setsid()\nif os.fork(): os._exit(0)\nprint(os.getpid(), flush=True)\ninput()\n"
    with subprocess.Popen(
        [sys.executable, "-c", code], env={**os.environ, **mark}, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin and process.stdout
        orphan = int(process.stdout.readline())
        assert [found.pid for found in judging.marked(mark) if found.pid != process.pid] == [orphan]
        assert process.stdin.write(b"\n")
    assert list(judging.marked({"TRM_BENCH_JOB": "another's"})) == []


@pytest.mark.parametrize("count", [5, 123])
def test_a_workspace_has_as_many_files_as_were_asked_for(tmp_path: Path, count: int) -> None:
    root = workspaces.filled(tmp_path, count)
    assert sum(path.is_file() for path in root.rglob("*")) == count


def test_the_broken_function_of_billing_has_mutants_within_and_beyond_its_body(tmp_path: Path) -> None:
    root, path = workspaces.billing(tmp_path), workspaces.BILLING_SOURCE
    text = (root / path).read_text(encoding="utf-8")
    (within,) = (found for found in ranges(text) if found.name == workspaces.BROKEN_FUNCTION)
    repair = next(edit for edit in mutations(path, text, within) if edit.text == ">=")
    body = Variant({}, (repair,))
    both = judging.beyond(body, path, len(text), "7")
    assert texts_of(both, {path: text})[path] == texts_of(body, {path: text})[path] + "\nCANDIDATE = 7\n"
