"""A pytest session with our reporter, and sys.path as the user's command would have it."""

import os
import sys

import pytest
from _trm_zygote.reporting import Reporter
from _trm_zygote.tracing import LineTracer


def run(request):
    """Run pytest and return its exit code.

    `args`: pytest's options. `tests`: what to run. `module`: whether the user
    runs `python -m pytest`, which puts the working directory on sys.path.
    `root`: the user's workspace, which this run must not read code from.
    `trace`: whether to report executed lines. `without`: ids of tests to leave
    out. `survey`: whether to report what was imported, and from where.
    `seed`: of randomness, for each test. `report_fd`: where reports go.
    """
    cwd = enter(request)
    tracer = LineTracer(cwd) if request["trace"] else None
    reporter = Reporter(
        request["report_fd"], request["root"], cwd, tracer, request["survey"], request["without"], request["seed"]
    )
    reporter.report_to(request["report_fd"], request.get("board"))
    return int(pytest.main([*request["args"], *request["tests"]], plugins=[reporter]))


def enter(request):
    """Set up sys.path as the user's command would, in the copy; return the copy's path."""
    cwd = os.getcwd()
    move_paths(request["root"], cwd)
    if request["module"] and cwd not in sys.path[:1]:
        sys.path.insert(0, cwd)
    return cwd


def inside(path, folder):
    return path == folder or path.startswith(folder + os.sep)


def move_paths(root, copy):
    """Point everything that leads into the workspace at its copy: PYTHONPATH, .pth files, editable installs."""
    if inside(copy, root):
        return

    def moved(path):
        if not isinstance(path, str):
            return path
        real = os.path.realpath(path) if path else path
        if inside(real, root) and not inside(real, os.path.realpath(sys.prefix)):
            return copy + real[len(root) :]
        return path

    paths = [moved(path) for path in sys.path]
    first = [path for path in paths if path not in sys.path]
    sys.path[:] = paths
    for name, module in list(sys.modules.items()):
        # setuptools installs a finder module with a name-to-path mapping for an editable install.
        if name.startswith("__editable__"):
            for attribute in ("MAPPING", "NAMESPACES"):
                mapping = getattr(module, attribute, None)
                if isinstance(mapping, dict):
                    for key, value in mapping.items():
                        mapping[key] = [moved(v) for v in value] if isinstance(value, list) else moved(value)
                        if mapping[key] != value and isinstance(value, str):
                            first.append(os.path.dirname(mapping[key]))
    sys.path_importer_cache.clear()
    if first:
        # A Python that a test starts finds them the way this one did: tell it before it looks.
        os.environ["PYTHONPATH"] = os.pathsep.join([*first, *filter(None, [os.environ.get("PYTHONPATH")])])
