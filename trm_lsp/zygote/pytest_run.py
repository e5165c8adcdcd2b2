"""pytest sessions with our reporter: in a fresh process, or in forks of a configured one."""

import importlib
import os
import sys

import pytest

from _trm_zygote.reporting import Reporter
from _trm_zygote.screening import ImportWatch, Screen
from _trm_zygote.stages import Unfit
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
    cwd = _enter(request)
    tracer = LineTracer(cwd) if request["trace"] else None
    reporter = Reporter(
        request["report_fd"], request["root"], cwd, tracer, request["survey"], request["without"], request["seed"]
    )
    status = int(pytest.main([*request["args"], *request["tests"]], plugins=[reporter]))
    reporter.flush()
    return status


class Configured:
    """pytest, configured once; each fork collects and runs the tests it is given.

    pytest.main() is two halves: prepare a configuration, then run its main
    hook. The first half loads plugins and the conftest files above its
    arguments, so it is given a file in the top folder: conftest files below,
    and the code they import, are loaded by each fork for itself.
    """

    def __init__(self, tests):
        """Raises Unfit when a fork would not see a candidate's code."""
        from _pytest.config import _prepareconfig
        from _pytest.main import Session

        self._copy = _enter(tests)
        self._reporter = Reporter(None, tests["root"], self._copy, None, seed=tests["seed"])
        anchor = os.path.join(self._copy, ".trm-anchor")
        with open(anchor, "w"):
            pass
        try:
            self._config = _prepareconfig([*tests["args"], anchor], [self._reporter])
        finally:
            os.unlink(anchor)
        for name in tests["rewritten"]:
            importlib.import_module(name)  # by pytest's own import hook, which is in place now
        self._config._do_configure()
        self._session = Session.from_config(self._config)
        self._config.hook.pytest_sessionstart(session=self._session)
        loaded = [
            path[len(self._copy) + 1 :]
            for path in (getattr(module, "__file__", None) for module in list(sys.modules.values()))
            if isinstance(path, str) and inside(path, self._copy) and os.path.basename(path) != "conftest.py"
        ]
        if loaded:
            raise Unfit("configuring pytest imports %s" % ", ".join(sorted(loaded)[:3]))

    def run(self, tests):
        """In a fork: collect and run the tests, and return pytest's exit code."""
        self._reporter.report_to(tests["report_fd"])
        if tests["trace"]:
            self._reporter.trace(LineTracer(self._copy))
        return self._main(tests)

    def collect(self, tests, ready):
        """In a fork: collect the tests; then call `ready` with what can run them, from within pytest's run loop."""
        watch = ImportWatch(self._copy)
        self._reporter.screening = True  # nobody listens while tests are collected
        self._config.pluginmanager.register(_RunLoop(self._reporter, self._copy, watch, ready))
        watch.start()
        self._main(tests)
        raise Unfit("pytest ended before it ran a test")

    def _main(self, tests):
        """The second half of pytest.main(), from the collection on. Nothing is unconfigured: this process ends now."""
        from _pytest.config import UsageError
        from _pytest.main import _main

        self._config.args = list(tests["tests"])
        self._config.option.tbstyle = "line"  # nobody reads the sources in a candidate's traceback
        status = pytest.ExitCode.INTERNAL_ERROR
        try:
            status = _main(self._config, self._session) or 0
        except UsageError:
            status = pytest.ExitCode.USAGE_ERROR
        except self._session.Failed:
            status = pytest.ExitCode.TESTS_FAILED
        except (KeyboardInterrupt, pytest.exit.Exception):
            status = pytest.ExitCode.INTERRUPTED
        self._reporter.flush()
        return int(status)


class _RunLoop:
    """A pytest plugin whose run loop serves forks instead of running tests."""

    def __init__(self, reporter, copy, watch, ready):
        self._reporter, self._copy, self._watch, self._ready = reporter, copy, watch, ready

    def pytest_runtestloop(self, session):
        self._watch.stop()
        if session.testsfailed:
            raise Unfit("the tests cannot be collected")
        items = session.items
        screen = Screen(items, self._copy, self._reporter.id, self._watch.codes)
        self._ready(Collected(session, self._reporter, screen), tests=len(items))
        return True


class Collected:
    """Tests that are collected, with the code they test; each fork runs them with functions swapped."""

    def __init__(self, session, reporter, screen):
        self._session, self._reporter, self._screen = session, reporter, screen

    def refuses(self, tests):
        """Why a change cannot be swapped in memory; empty when it can."""
        return self._screen.refuses(tests["swap"])

    def run(self, tests):
        """In a fork: screen candidates, or swap one and run its tests by pytest's own protocol."""
        reporter = self._reporter
        reporter.report_to(tests["report_fd"])
        if "screen" in tests:
            self._screen.judge(tests["screen"], reporter.say)
            return 0
        if "swap" in tests:
            self._screen.swap(tests["swap"])
        reporter.screening = False
        chosen = [item for item in self._session.items if _chosen(reporter.id(item.nodeid), tests["tests"])]
        for item, following in zip(chosen, chosen[1:] + [None]):  # noqa: B905, RUF005 - Python 3.8
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        reporter.flush()
        return 0


def _chosen(id, asked):
    """Whether a test is one of those asked for, or lies in one of the files or folders."""
    return any(id == test or id.startswith((test + "::", test + "/", test + "[")) for test in asked)


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
