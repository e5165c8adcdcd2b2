"""pytest sessions with our reporter: in a fresh process, or in forks of a configured one."""

import gc
import importlib
import os
import sys

from _trm_zygote.reporting import Reporter
from _trm_zygote.screening import Screener
from _trm_zygote.tracing import LineTracer


def run(request):
    """Run pytest and return its exit code.

    `args`: pytest's options. `tests`: what to run. `module`: whether the user
    runs `python -m pytest`, which puts the working directory on sys.path.
    `root`: the user's workspace, which this run must not read code from.
    `trace`: whether to report executed lines. `without`: ids of tests to leave
    out. `survey`: whether to report what was imported, and from where.
    `screen`: candidates for a Screener. `report_fd`: where reports go.
    """
    import pytest

    cwd = _enter(request)
    tracer = LineTracer(cwd) if request["trace"] else None
    reporter = Reporter(request["report_fd"], request["root"], cwd, tracer, request["survey"], request["without"])
    plugins = [reporter]
    if request.get("screen"):
        reporter.screening = True
        plugins.append(Screener(reporter, cwd, request["screen"]))
    return int(pytest.main([*request["args"], *request["tests"]], plugins=plugins))


class Warm:
    """pytest, configured once; each fork collects and runs the tests it is given.

    pytest.main() is two halves: prepare a configuration, then run its main
    hook. The first half loads plugins and the conftest files above its
    arguments, so it is given a file in the top folder: conftest files below,
    and the code they import, are loaded by each fork for itself.
    """

    def __init__(self, request):
        """Raises Unfit when a fork would not see a candidate's code."""
        from _pytest.config import _prepareconfig

        self._root = request["root"]
        self._copy = _enter(request)
        self._reporter = Reporter(None, self._root, self._copy, None)
        anchor = os.path.join(self._copy, ".trm-anchor")
        with open(anchor, "w"):
            pass
        try:
            self._config = _prepareconfig([*request["args"], anchor], [self._reporter])
        finally:
            os.unlink(anchor)
        for name in request["rewritten"]:
            importlib.import_module(name)  # by pytest's own import hook, which is in place now
        loaded = [
            path[len(self._copy) + 1 :]
            for path in (getattr(module, "__file__", None) for module in list(sys.modules.values()))
            if isinstance(path, str) and inside(path, self._copy) and os.path.basename(path) != "conftest.py"
        ]
        if loaded:
            raise Unfit("configuring pytest imports %s" % ", ".join(sorted(loaded)[:3]))
        gc.collect()
        gc.freeze()  # a collection in a fork must not copy what the parent holds

    def run(self, request, report_fd):
        """In a fork: collect and run (or screen) the request's tests, and return pytest's exit code."""
        self._reporter.report_to(report_fd)
        self._config.args = list(request["tests"])
        if request.get("screen"):
            self._reporter.screening = True
            self._config.pluginmanager.register(Screener(self._reporter, self._copy, request["screen"]))
        self._config.option.tbstyle = "line"  # nobody reads the sources in a candidate's traceback
        # Nothing is unconfigured: this process ends now.
        return int(self._config.hook.pytest_cmdline_main(config=self._config))


class Unfit(Exception):
    """A fork of the process would not see candidates; the message says why."""


def _enter(request):
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
