"""A pytest session with our reporter, and sys.path as the user's command would have it."""

import os
import sys

import pytest
from _trm_zygote.paths import move_paths
from _trm_zygote.reporting import Reporter
from _trm_zygote.tracing import LineTracer


def run(request):
    """Run pytest and return its exit code.

    `args`: pytest's options. `tests`: what to run. `module`: whether the user
    runs `python -m pytest`, which puts the working directory on sys.path.
    `root`: the user's workspace, which this run must not read code from.
    `trace`: whether to report executed lines. `without`: ids of tests to leave
    out. `survey`: whether to report what was imported, and from where.
    `seed`: of randomness, for each test. `listing`: whether to say what would
    be run, and run nothing. `report_fd`: where reports go.
    """
    cwd = enter(request)
    tracer = LineTracer(cwd) if request["trace"] else None
    reporter = Reporter(
        request["report_fd"], request["root"], cwd, tracer, request["survey"], request["without"], request["seed"]
    )
    reporter.report_to(request["report_fd"], request.get("board"))
    options = ["--collect-only"] if request.get("listing") else []
    return int(pytest.main([*request["args"], *options, *request["tests"]], plugins=[reporter]))


def enter(request):
    """Set up sys.path as the user's command would, in the copy; return the copy's path."""
    cwd = os.getcwd()
    move_paths(request["root"], cwd)
    if request["module"] and cwd not in sys.path[:1]:
        sys.path.insert(0, cwd)
    return cwd
