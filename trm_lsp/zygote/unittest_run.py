"""unittest as `python -m unittest` runs it, with the reports of pytest_run and ids in the form of pytest."""

import os
import re
import sys
import time
import traceback
import unittest
import unittest.loader
import unittest.suite

from _trm_zygote.paths import move_paths
from _trm_zygote.reporting import MESSAGE_KEPT, SUBTESTS_TOLD, Reporter, seed_randomness
from _trm_zygote.tracing import LineTracer

FAILURES, USAGE, NO_TESTS = 1, 4, 5
"""Exit codes, as pytest's: some test failed, the command cannot be run, nothing was found."""

_WORSE = {"missing": 0, "passed": 1, "skipped": 2, "error": 3, "failed": 4}
_FIXTURE = re.compile(r"(setUp|tearDown)(Class|Module) \((.*)\)")
_FRAME = re.compile(r'^ *File "([^"]+)", line (\d+)', re.MULTILINE)


def run(request):
    """Run the tests and return an exit code.

    `args`: what the user's command has behind `-m unittest`. `tests`: ids to
    run (`tests/test_x.py::TestY::test_z`, or the file, or the class), none for
    what the command finds. `root`: the user's workspace, which this run must
    not read code from. `trace`: whether to report executed lines. `without`:
    ids to leave out. `survey`: whether to report what was imported, and from
    where. `seed`: of randomness, for each test. `listing`: whether to say what
    would be run, and run nothing. `report_fd`: where reports go.
    """
    cwd = os.getcwd()
    move_paths(request["root"], cwd)
    if cwd not in sys.path[:1]:
        sys.path.insert(0, cwd)
    tracer = LineTracer(cwd) if request["trace"] else None
    reporter = Reporter(request["report_fd"], request["root"], cwd, tracer, request["survey"])
    loader = Loader(reporter, Places(cwd), request["tests"])
    try:
        program = Program(loader, tracer, request)
    except SystemExit as end:  # argparse: 0 after --help, else it has said what is wrong
        return USAGE if end.code else 0
    except ImportError as error:  # a folder to start in that is not there
        sys.stderr.write("%s\n" % error)
        return USAGE
    if request["survey"]:
        reporter._tell_imports()
    if request.get("listing"):
        return 0
    result = program.result
    if not (result.testsRun or result.skipped or result.errors):
        return NO_TESTS
    return 0 if result.wasSuccessful() else FAILURES


class Places:
    """Where tests are, in paths relative to the working directory."""

    def __init__(self, cwd):
        self._cwd = cwd

    def relative(self, path):
        """The path as ids have it; None for what lies outside."""
        if not path or path.startswith("<"):
            return None
        path = os.path.realpath(os.path.join(self._cwd, path))
        return path[len(self._cwd) + 1 :].replace(os.sep, "/") if path.startswith(self._cwd + os.sep) else None

    def module(self, name):
        """The file of an imported module, if it lies inside."""
        return self.relative(getattr(sys.modules.get(name), "__file__", None))

    def id(self, test):
        """A test's id, as pytest would name it; unittest's own for a test from elsewhere."""
        kind = type(test)
        path = self.module(kind.__module__)
        if path and hasattr(test, "_testMethodName"):
            return "::".join([path, *kind.__qualname__.split("."), test._testMethodName])
        # A test made of a function, or of a docstring.
        words = (getattr(getattr(test, "_testFunc", None), "__module__", None) or test.id()).split(".")
        for end in range(len(words), 0, -1):
            path = self.module(".".join(words[:end]))
            if path:
                return "%s::%s" % (path, test.id())
        return test.id()

    def file(self, name):
        """The file that a dotted name of a module, a class or a test leads to; the name when there is none."""
        words = name.split(".")
        for folder in self._import_folders():
            for end in range(len(words), 0, -1):
                base = os.path.join(folder, *words[:end])
                for path in (base + ".py", os.path.join(base, "__init__.py")):
                    if os.path.isfile(path):
                        return self.relative(path)
        return name

    def dotted(self, file):
        """The name by which the file can be imported."""
        path = os.path.join(self._cwd, *file.split("/"))
        for folder in self._import_folders():
            if path.startswith(folder + os.sep) and path.endswith(".py"):
                return path[len(folder) + 1 : -len(".py")].replace(os.sep, ".")
        return None

    def _import_folders(self):
        folders = [os.path.realpath(os.path.join(self._cwd, path)) for path in sys.path]
        return [path for path in folders if path == self._cwd or path.startswith(self._cwd + os.sep)]

    def frames(self, trace):
        """The frames of a traceback that lie inside, outermost first."""
        places = [(entry.filename, entry.lineno) for entry in traceback.extract_tb(trace)]
        return self._inside(places)

    def frames_in(self, text):
        """The same, of a traceback that is left as a text."""
        return self._inside((path, int(line)) for path, line in _FRAME.findall(text))

    def _inside(self, places):
        located = [[self.relative(path), line] for path, line in places]
        return [place for place in located if place[0]]


class Loader(unittest.TestLoader):
    """Loads what the user's command names; when tests are asked for, discovery imports their files alone."""

    def __init__(self, reporter, places, asked):
        super().__init__()
        self.reporter, self.places, self.asked = reporter, places, asked
        self._files = [test.split("::")[0] for test in asked]

    def wants(self, id):
        return not self.asked or any(_below(id, asked) for asked in self.asked)

    def _match_path(self, path, full_path, pattern):
        if not self.asked:
            return super()._match_path(path, full_path, pattern)
        file = self.places.relative(full_path)
        return any(_below(file or "", wanted) for wanted in self._files)

    def loadTestsFromModule(self, module, *arguments, **named):
        self.reporter.say(collected=self.places.module(module.__name__) or module.__name__)  # a sign of life
        return super().loadTestsFromModule(module, *arguments, **named)

    def loadTestsFromName(self, name, module=None):
        try:
            return super().loadTestsFromName(name, module)
        except Exception as error:
            # unittest would end here; a module that cannot be imported says nothing about the others.
            text = traceback.format_exc()
            sys.stderr.write(text)
            self.failed_to_load(name, _failure(self.places, error, text))
            return self.suiteClass()

    def failed_to_load(self, name, failure):
        self.errors.append(failure["message"])
        self.reporter.say(collect=dict(failure, id=self.places.file(name)))

    def missed(self, found):
        """The tests that were asked for in files that the user's command does not lead to."""
        suite = self.suiteClass()
        files = [file for file in dict.fromkeys(self._files) if not any(_below(id, file) for id in found)]
        for name in filter(None, map(self.places.dotted, files)):
            suite.addTest(self.loadTestsFromName(name))
        return suite


class Program(unittest.TestProgram):
    """`python -m unittest`, with the tests that were asked for and a result that reports."""

    def __init__(self, loader, tracer, request):
        self._tracer = tracer
        self._seed = request.get("seed")
        self._without = frozenset(request["without"])
        self._listing = request.get("listing")
        super().__init__(module=None, argv=["python -m unittest", *request["args"]], testLoader=loader, exit=False)

    def runTests(self):
        loader = self.testLoader
        found = [
            loader.places.file(test._testMethodName) if _failed_to_load(test) else loader.places.id(test)
            for test in _flat(self.test)
        ]
        self.test = loader.suiteClass([self.test, loader.missed(found)])
        _prune(self.test, self._wants)
        self.failfast = False  # one failure says nothing about the tests behind it
        tests = list(_flat(self.test))
        if self._listing:
            loader.reporter.say(listed=[loader.places.id(test) for test in tests if not _failed_to_load(test)])
            return

        def result(stream, descriptions, verbosity, **named):
            return Result(loader, self._tracer, self._seed, tests, stream, descriptions, verbosity, **named)

        self.testRunner = type("Runner", (unittest.TextTestRunner,), {"resultclass": staticmethod(result)})
        super().runTests()
        if self._tracer:
            self._tracer.end()
        self.result.errors += [(None, message) for message in loader.errors]

    def _wants(self, test):
        id = self.testLoader.places.id(test)
        return _failed_to_load(test) or (self.testLoader.wants(id) and id not in self._without)


class Result(unittest.TextTestResult):
    """Reports `start`, `result` and `collect` as they come."""

    def __init__(self, loader, tracer, seed, tests, *arguments, **named):
        super().__init__(*arguments, **named)
        self._loader, self._tracer, self._seed, self._tests = loader, tracer, seed, tests
        self._say, self._id = loader.reporter.say, loader.places.id
        self._found = {}
        """What became of each test, by id: a class that two modules import runs twice, and the worst counts."""
        self._fixtures = []
        """Places that fixtures of classes and modules reach: they count for the test behind them."""
        self._prepare()

    def startTest(self, test):
        super().startTest(test)
        if not _failed_to_load(test):
            id = self._id(test)
            self._say(start=id)
            for path, line in self._fixtures:
                self._say(line=[id, path, line])
            self._fixtures = []
            self._prepare(id)
        self._subtests = 0
        self._began = time.monotonic()

    def stopTest(self, test):
        super().stopTest(test)
        self.failfast = False
        if not _failed_to_load(test):
            found = self._note(test, "missing")
            found["seconds"] += time.monotonic() - self._began
            self._say(result=found)
            self._prepare()

    def _prepare(self, id=None):
        """For a test that begins, or for the fixtures before the next one."""
        if self._seed is not None:
            seed_randomness(self._seed)
        if self._tracer:
            self._tracer.begin(
                lambda path, line: self._say(line=[id, path, line]) if id else self._fixtures.append((path, line))
            )

    def _note(self, test, outcome, failure=None):
        """Take an outcome of a test into account, and return what is known of it."""
        id = self._id(test)
        found = self._found.setdefault(id, {"id": id, "outcome": "missing", "seconds": 0.0})
        if _WORSE[outcome] > _WORSE[found["outcome"]]:
            found.update(failure or {}, outcome=outcome)
        elif failure and outcome == found["outcome"]:  # another part of it
            found["message"] = ("%s\n%s" % (found.get("message", ""), failure["message"]))[:MESSAGE_KEPT]
        return found

    def addSuccess(self, test):
        super().addSuccess(test)
        self._note(test, "passed")

    def addExpectedFailure(self, test, err):
        super().addExpectedFailure(test, err)
        self._note(test, "passed")

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self._note(test, "failed", {"error": "Unexpected success", "message": "Unexpected success", "frames": []})

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self._settle(test, "skipped", {"message": str(reason)[:MESSAGE_KEPT]})

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._note(test, "failed", self._failure(err[1], self.failures[-1][1]))

    def addError(self, test, err):
        super().addError(test, err)
        failure = self._failure(err[1], self.errors[-1][1])
        if _failed_to_load(test):
            if isinstance(err[1], ImportError):  # unittest has made the traceback a text
                failure = _failure_in(self._loader.places, str(err[1]))
            self._say(collect=dict(failure, id=self._loader.places.file(test._testMethodName)))
        else:
            # pytest calls what a test itself raises a failure, its setUp included, and so do we.
            self._settle(test, "failed", failure)

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            problems = self.failures if issubclass(err[0], test.failureException) else self.errors
            text = "%s\n%s" % (self.getDescription(subtest), problems[-1][1])
            self._note(test, "failed", self._failure(err[1], text))
            self._subtests += 1
            self.failfast = self._subtests >= SUBTESTS_TOLD  # unittest ends the test behind its subtest

    def stop(self):
        if not self.failfast:  # the test alone is ended
            super().stop()

    def _settle(self, test, outcome, about):
        """Note an outcome: for a fixture of a class or module, it is that of every test it stands before."""
        if not isinstance(test, unittest.suite._ErrorHolder):
            self._note(test, outcome, about)
            return
        when, scope, name = _FIXTURE.match(test.id()).groups()
        concerned = [other for other in self._tests if name == _name(type(other), scope)]
        if when == "tearDown":
            concerned = [other for other in concerned if self._id(other) in self._found][-1:]
        for other in concerned:
            found = self._note(other, "error" if outcome == "failed" else outcome, about)
            for path, line in self._fixtures:
                self._say(line=[found["id"], path, line])
            self._say(result=found)

    def _failure(self, error, text):
        return _failure(self._loader.places, error, text)


def _failure(places, error, text):
    """An exception as reports have it; `text` is its traceback as unittest prints it."""
    found = {"message": text[-MESSAGE_KEPT:], "frames": places.frames(error.__traceback__)}
    if isinstance(error, SyntaxError) and places.relative(error.filename):
        found["frames"].append([places.relative(error.filename), error.lineno or 0])
    found["error"] = "".join(traceback.format_exception_only(type(error), error)).strip()[:MESSAGE_KEPT]
    if isinstance(error, SyntaxError):  # its text begins with the line it is in
        found["error"] = "%s: %s" % (type(error).__name__, error.msg)
    return found


def _failure_in(places, text):
    """The same, of an exception that is left as a text."""
    last = text.strip().rpartition("\n")[2]
    return {"message": text[-MESSAGE_KEPT:], "frames": places.frames_in(text), "error": last[:MESSAGE_KEPT]}


def _failed_to_load(test):
    """Whether it stands for a module or a name that could not be loaded."""
    return isinstance(test, unittest.loader._FailedTest)


def _name(kind, scope):
    return kind.__module__ if scope == "Module" else "%s.%s" % (kind.__module__, kind.__qualname__)


def _below(id, asked):
    """Whether an id lies in a folder, a file, a class or is the test itself."""
    asked = asked.rstrip("/")
    return asked in ("", ".") or id == asked or id.startswith((asked + "/", asked + "::"))


def _is_suite(test):
    try:
        iter(test)
    except TypeError:
        return False
    return True


def _flat(suite):
    """The tests of a suite, whatever suites they are in."""
    for test in suite:
        if _is_suite(test):
            yield from _flat(test)
        else:
            yield test


def _prune(suite, keep):
    """Take out tests, and leave the suites as they are: they may have a way of their own to run tests."""
    for test in suite:
        if _is_suite(test):
            _prune(test, keep)
    suite._tests = [test for test in suite if _is_suite(test) or keep(test)]
