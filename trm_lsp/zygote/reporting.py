"""A pytest plugin that says what happens, test by test, while it happens."""

import os
import random
import sys

from _trm_zygote import frames

MESSAGE_KEPT = 4000
SUBTESTS_TOLD = 20
"""A test whose subtests failed so often is ended: it has failed, and thousands of tracebacks may take a minute."""

_SKIPS = ("Skipped", "SkipTest", "XFailed")
"""Exceptions by which a subtest says that it need not pass; not every run has a pytest to import them from."""


class Outcomes:
    """What the reports of a test's phases amount to."""

    def __init__(self):
        self._found = {}

    def add(self, report):
        found = self._found.setdefault(report.nodeid, {"outcome": "missing", "seconds": 0.0})
        found["seconds"] += report.duration
        if report.skipped and hasattr(report, "context"):
            # One of the test's subtests: what the others say counts, and how many are left out.
            found["skips"] = found.get("skips", 0) + 1
            return
        outcome = report.outcome
        if report.failed:
            outcome = "failed" if report.when == "call" else "error"
        # The worst phase counts; a passed set-up or tear-down says nothing yet.
        worse = {"missing": 0, "passed": 1, "skipped": 2, "error": 3, "failed": 4}
        if (report.when == "call" or outcome != "passed") and worse[outcome] > worse[found["outcome"]]:
            found["outcome"] = outcome
            if report.failed:
                crash = getattr(report.longrepr, "reprcrash", None)
                found["error"] = (getattr(crash, "message", "") or "")[:MESSAGE_KEPT]
                found["report"] = report

    def take(self, nodeid):
        """The test's outcome, forgotten here; with its failed `report` if there is one."""
        return self._found.pop(nodeid, {"outcome": "missing"})


class Reporter:
    """Reports `start`, `result`, `collect` (an error), `lines` and `leak` messages."""

    def __init__(self, fd, root, copy, tracer, survey=False, without=(), seed=None):
        self.report_to(fd)
        self._root, self._copy = root, copy
        self._tracer = tracer
        self._survey = survey
        self._seed = seed
        self._without = frozenset(without)
        self._prefix = self._cut = ""
        self._outcomes = Outcomes()
        self.screening = False
        """Whether a screener speaks in place of the tests."""

    def report_to(self, fd, board=None):
        """Report from this process to `fd`, or to a board in memory while it has room.

        A forked process that is to report must say so anew.
        """
        self._fd, self._board = fd, board
        self._pid = os.getpid()

    def trace(self, tracer):
        """From now on, report the lines that each test reaches."""
        self._tracer = tracer

    def say(self, **message):
        # A test that forks runs on in both processes: only the first one reports.
        if os.getpid() != self._pid:
            return
        data = frames.framed(frames.encode(message))
        if self._board is None or not self._board.leave(data):
            if self._board is not None:
                data = self._board.take() + data
            frames.write_bytes(self._fd, data)

    def pytest_sessionstart(self, session):
        # pytest counts ids from the folder of its configuration, the user and we from the workspace.
        config = session.config
        folder = str(getattr(config, "rootpath", None) or config.rootdir)  # pytest before 6.1 has the latter alone
        below = os.path.relpath(folder, self._copy).replace(os.sep, "/")
        above = os.path.relpath(self._copy, folder).replace(os.sep, "/")
        self._prefix = "" if below == "." or below.startswith("../") or below == ".." else below + "/"
        self._cut = above + "/" if below == ".." or below.startswith("../") else ""

    def id(self, nodeid):
        """A test's id as seen from the workspace."""
        if self._cut and nodeid.startswith(self._cut):
            return nodeid[len(self._cut) :]
        return self._prefix + nodeid if nodeid else nodeid

    def pytest_collection_modifyitems(self, items):
        items[:] = [item for item in items if self.id(item.nodeid) not in self._without]

    def pytest_collection_finish(self, session):
        if session.config.option.collectonly:
            self.say(listed=[self.id(item.nodeid) for item in session.items])

    def pytest_runtest_logstart(self, nodeid, location):
        if not self.screening:
            self.say(start=self.id(nodeid))

    def pytest_runtest_logreport(self, report):
        if not self.screening:
            self._outcomes.add(report)

    def pytest_runtest_logfinish(self, nodeid, location):
        if not self.screening:
            found = self._outcomes.take(nodeid)
            failed = found.pop("report", None)
            if failed is not None:
                found.update(self._failure(failed))
            self.say(result=dict(found, id=self.id(nodeid)))

    def pytest_collectreport(self, report):
        if report.failed:
            self.say(collect=dict(self._failure(report), id=self.id(report.nodeid)))
        else:
            self.say(collected=self.id(report.nodeid))

    def _failure(self, report):
        """The failure as text, and the frames of the workspace it went through, outermost first."""
        longrepr = report.longrepr
        crash = getattr(longrepr, "reprcrash", None)
        found = {"message": report.longreprtext[-MESSAGE_KEPT:]}
        found["error"] = (getattr(crash, "message", "") or "")[:MESSAGE_KEPT]
        entries = getattr(getattr(longrepr, "reprtraceback", None), "reprentries", ())
        places = [entry.reprfileloc for entry in entries if getattr(entry, "reprfileloc", None) is not None]
        if crash and not places:
            places = [crash]
        located = [self._relative(place.path, place.lineno) for place in places]
        found["frames"] = [frame for frame in located if frame]
        return found

    def _relative(self, path, line):
        path = os.path.realpath(os.path.join(self._copy, str(path)))
        if path.startswith(self._copy + os.sep):
            return [path[len(self._copy) + 1 :].replace(os.sep, "/"), line]
        return None

    def _tell_imports(self):
        """Say what was imported from outside the workspace, and what from the workspace itself by mistake."""
        prefix = os.path.realpath(sys.prefix) + os.sep
        leaks = []
        for module in list(sys.modules.values()):
            path = getattr(module, "__file__", None)
            if isinstance(path, str) and self._root != self._copy:
                path = os.path.realpath(path)
                if path.startswith(self._root + os.sep) and not path.startswith((prefix, self._copy + os.sep)):
                    leaks.append(path)
        if leaks:
            self.say(leak=sorted(leaks)[:5])
        outside = [(name, module) for name, module in list(sys.modules.items()) if self._outside(module)]
        rewritten = [name for name, module in outside if _rewritten(module)]
        files = [getattr(module, "__file__", None) for module in list(sys.modules.values())]
        imported = {found[0] for found in (self._relative(path, 0) for path in files if isinstance(path, str)) if found}
        self.say(
            modules=[name for name, _ in outside if name not in set(rewritten)],
            rewritten=rewritten,
            imported=sorted(imported),
        )

    def _outside(self, module):
        """Whether a module comes from a file that no candidate can change."""
        path = getattr(module, "__file__", None)
        if not isinstance(path, str):
            return False
        path = os.path.realpath(path)
        return path.startswith(os.path.realpath(sys.prefix) + os.sep) or not path.startswith(
            (self._root + os.sep, self._copy + os.sep)
        )

    def pytest_runtest_protocol(self, item, nextitem):
        if self._seed is not None:
            seed_randomness(self._seed)
        if self._tracer:
            self._tracer.begin(lambda path, line: self.say(line=[self.id(item.nodeid), path, line]))
        if hasattr(item, "addSubTest"):
            self._end_early(item)

    def _end_early(self, item):
        """Have a TestCase's test end behind a failed subtest when enough have failed: for a screen, one."""
        tell, failed = type(item).addSubTest, []

        def told(test, subtest, info):
            tell(item, test, subtest, info)
            kind = getattr(info, "type", None) or (info and info[0])  # pytest tells its own kind of a skip
            if kind and kind.__name__ not in _SKIPS:
                failed.append(kind)
                # What is not an Exception was to end the test: one of ours, most likely.
                item.failfast = self.screening or len(failed) >= SUBTESTS_TOLD or not issubclass(kind, Exception)

        item.failfast, item.addSubTest = False, told

    def pytest_unconfigure(self, config):
        if self._tracer:
            self._tracer.end()
        if self._survey:
            self._tell_imports()


def seed_randomness(seed):
    """Give every test the same randomness, whatever ran before it."""
    random.seed(seed)
    numpy = sys.modules.get("numpy.random")
    if numpy is not None:
        numpy.seed(seed % (1 << 32))


def _rewritten(module):
    """Whether pytest has rewritten the module's asserts, which it must do again wherever it is imported."""
    return type(getattr(module, "__loader__", None)).__name__ == "AssertionRewritingHook"
