"""A run of a command, from its line to its results, with the tools themselves."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from projects import Files, make

from trm_lsp.core.verdict import TestResult
from trm_lsp.judging.commands.recognising import recognise
from trm_lsp.judging.commands.tool import Finished

Ran = Callable[..., dict[str, TestResult]]


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What tools build stays from test to test: the standard library takes long."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def ran(root: Path, cache: Path, tmp_path: Path) -> Ran:
    """Run a command on files and return its results by id; kill it when its output has `until`, if that is given."""
    number = 0

    def run(
        command: str,
        files: Files,
        *tests: str,
        kind: str,
        until: Callable[[str, Path], bool] | None = None,
        environ: Mapping[str, str] = os.environ,
    ) -> dict[str, TestResult]:
        nonlocal number
        number += 1
        reports = tmp_path / f"reports {number}"
        reports.mkdir()
        tool = recognise(command, make(root, files))
        assert tool.kind == kind
        argv = tool.command(tests, reports)
        assert argv is not None
        env = {"HOME": str(tmp_path), "PATH": environ["PATH"], **tool.environment(environ, cache)}
        finished = _finish(argv, root, reports, env, until)
        results = tool.results(finished)
        assert results and len({one.id for one in results}) == len(results), finished.output
        for one in results:
            assert all((root / path).is_file() and line > 0 for path, line in one.frames), one
            assert "\n" not in one.id or one.id == command
        return {one.id: one for one in results}

    return run


def _finish(
    argv: list[str], root: Path, reports: Path, env: Mapping[str, str], until: Callable[[str, Path], bool] | None
) -> Finished:
    output = reports.parent / f"{reports.name} output"
    with output.open("wb") as file:
        process = subprocess.Popen(
            argv,
            cwd=root,
            env=env,
            stdout=file,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        deadline = time.monotonic() + 60
        ended = None
        while process.poll() is None and ended is None:
            if time.monotonic() > deadline or (until and until(output.read_text(errors="replace"), reports)):
                ended = "idle"
            else:
                try:
                    process.wait(0.02)
                except subprocess.TimeoutExpired:
                    continue
        if ended:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    exit = None if process.returncode < 0 else process.returncode
    return Finished(output.read_text(errors="replace"), exit, ended, root, reports)
