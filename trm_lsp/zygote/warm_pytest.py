"""pytest, configured or with tests collected: forks of it run tests without the time that took."""

import glob
import importlib
import os
import sys

import pytest
from _trm_zygote import sparing
from _trm_zygote.paths import inside
from _trm_zygote.pytest_run import enter
from _trm_zygote.reporting import Reporter
from _trm_zygote.screening import ImportWatch, Screen, is_chosen
from _trm_zygote.stages import Unfit
from _trm_zygote.tracing import LineTracer


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

        self._copy = enter(tests)
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
        sparing.silence(self._config)
        sparing.remember_places(self._copy)

    def prepare(self, tests):
        """Nothing that forks share, and nothing to refuse."""
        return ""

    def run(self, tests):
        """In a fork: collect and run the tests, and return pytest's exit code."""
        self._reporter.report_to(tests["report_fd"], tests["board"])
        if tests["trace"]:
            self._reporter.trace(LineTracer(self._copy))
        return self._main(tests)

    def collect(self, tests, ready):
        """In a fork: collect the tests; then call `ready` with what can run them, from within pytest's run loop."""
        watch = ImportWatch(self._copy)
        self._reporter.screening = True  # nobody listens while tests are collected
        loop = _RunLoop(self._reporter, self._copy, tests["seed"], watch, ready)
        self._config.pluginmanager.register(loop)
        watch.start()
        self._main(tests)
        raise Unfit(loop.why)

    def _main(self, tests):
        """The second half of pytest.main(), from the collection on. Nothing is unconfigured: this process ends now."""
        from _pytest.config import UsageError
        from _pytest.main import _main

        self._config.args = list(tests["tests"]) or self._everything()
        if not getattr(self._config.option, "pyargs", False):
            sparing.narrow(self._config.args, self._copy)
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
        return int(status)

    def _everything(self):
        """What pytest runs when it is asked for no tests: what its configuration names, or all there is."""
        config = self._config
        top = str(getattr(config, "rootpath", None) or config.rootdir)  # pytest before 6.1 has the latter alone
        named = config.getini("testpaths") if top == self._copy else []
        if not getattr(config.option, "pyargs", False):
            named = [path for pattern in named for path in sorted(glob.glob(pattern, recursive=True))]
        return list(named) or [self._copy]


class _RunLoop:
    """A pytest plugin whose run loop serves forks instead of running tests."""

    def __init__(self, reporter, copy, seed, watch, ready):
        self._reporter, self._copy, self._seed, self._watch, self._ready = reporter, copy, seed, watch, ready
        self.why = "pytest ended before it ran a test"  # pytest keeps what a hook raises to itself

    def pytest_runtestloop(self, session):
        self._watch.stop()
        if session.testsfailed:
            self.why = "the tests cannot be collected"
            return True
        items = session.items
        sparing.locate(items)
        screen = Screen(items, self._copy, self._reporter.id, self._watch.codes, self._seed)
        try:
            self._ready(Collected(session, self._reporter, screen), tests=len(items))
        except Unfit as unfit:
            self.why = str(unfit)
        return True


class Collected:
    """Tests that are collected, with the code they test; each fork runs them with functions swapped."""

    def __init__(self, session, reporter, screen):
        self._session, self._reporter, self._screen = session, reporter, screen

    @property
    def running(self):
        """The candidate that ran when a screen's fork ended; None when none did."""
        return self._screen.running

    def prepare(self, tests):
        """Before a fork: do what all forks would. Return why a change cannot be swapped, empty when it can."""
        if "screen" in tests:
            self._screen.prepare({(path, encoding, bom) for path, encoding, bom, _ in tests["screen"]})
        if "observe" in tests:
            # Many a run does without, and compiling it takes as long as the tests of some.
            importlib.import_module("_trm_zygote.observing")
            self._screen.prepare({(path, encoding, bom) for path, encoding, bom, _ in tests["observe"]["files"]})
        if "compare" in tests:
            importlib.import_module("_trm_zygote.comparing")
            changes = [change for text in tests["compare"]["variants"] for change in text]
            self._screen.prepare({(path, encoding, bom) for path, encoding, bom, _ in changes})
        return self._screen.refuses(tests["swap"]) if "swap" in tests else ""

    def run(self, tests):
        """In a fork: screen candidates, observe slots, compare texts, or swap one candidate and run its tests."""
        reporter = self._reporter
        reporter.report_to(tests["report_fd"], tests["board"])
        if "screen" in tests:
            screen = self._screen
            batch = tests["screen"], reporter.say, tests["tests"], tests["patience"], tests["waiting"]
            screen.judge(*batch, more=tests["more"], hung=tests["hung"])
            return 0
        if "observe" in tests:
            from _trm_zygote import observing

            observing.observe(self._screen, tests["observe"], tests["tests"], reporter.say)
            return 0
        if "compare" in tests:
            from _trm_zygote import comparing

            comparing.compare(self._screen, tests["compare"], reporter.say)
            return 0
        if "swap" in tests:
            self._screen.swap()
        reporter.screening = False
        asked = frozenset(tests["tests"])
        chosen = [item for item in self._session.items if is_chosen(reporter.id(item.nodeid), asked)]
        for item, following in zip(chosen, chosen[1:] + [None]):  # noqa: B905, RUF005 - Python 3.8
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        return 0
