"""Tests that may be called without pytest's protocol around them, and what calling one gives.

A plain function without fixtures needs nothing that pytest does around it but
a few things that are set up once for many calls; a plain test of a TestCase
needs unittest, and somebody to listen to it as pytest does. Any other test is
run by pytest itself.
"""

import contextlib
import inspect
import logging
import os
import sys
import traceback
import types
import unittest
import warnings

import pytest
from _pytest import assertion
from _pytest._code import ExceptionInfo
from _pytest.assertion import rewrite, util

_HOOKS = (
    "pytest_runtest_protocol", "pytest_runtest_setup", "pytest_runtest_call", "pytest_runtest_teardown",
    "pytest_pyfunc_call", "pytest_runtest_makereport", "pytest_fixture_setup", "pytest_assertrepr_compare",
    "pytest_assertion_pass",
)  # fmt: skip
_HARMLESS = frozenset(["_hypothesis_pytestplugin", "pytest_asyncio.plugin", "anyio.pytest_plugin", "xdist.plugin"])
"""Plugins whose hooks leave alone the tests that are not theirs."""
_READ_MARKS = frozenset(["skip", "skipif", "xfail", "usefixtures", "filterwarnings", "asyncio", "anyio", "trio"])
_FOREIGN_TESTS = ("is_hypothesis_test", "hypothesis", "pytest_wrapped")
_SKIPS = (pytest.skip.Exception, unittest.SkipTest, pytest.xfail.Exception)
_UNITTEST_MARKS = ("__unittest_skip__", "__unittest_expecting_failure__")
_SIMPLE = (int, float, complex, bool, type(None))
_SHORT = 10**18
_FEW = 40
_MEMORISED = (str, bytes, list, tuple, dict, set, frozenset)
_PLAIN_ERRORS = frozenset(
    (
        *(ValueError, TypeError, KeyError, IndexError, LookupError, RuntimeError, RecursionError, NotImplementedError),
        *(ArithmeticError, ZeroDivisionError, OverflowError, StopIteration, Exception),
        *(NameError, UnboundLocalError, AttributeError),
    )
)
"""Exceptions whose text has nothing to it but their type and what they say, and what Python suggests."""


_TOLD_SUBTESTS = ("_pytest.unittest", None)
"""Whose `addSubTest` is listened to here as pytest does; None: pytest has none, and hears of no subtest."""
_UNITTESTS_OWN = ("__init__", "__call__", "run", "setUpClass", "tearDownClass", "doClassCleanups")
"""What a TestCase has from unittest itself, if calling its test alone is to be enough."""


class UnclearTest(Exception):
    """The test did something that only pytest's own protocol puts back in order."""


def bare_test(item):
    """The item as a test that can be called alone, None when that would not be as good as pytest's protocol."""
    if is_bare_case(item):
        return BareCase(item)
    return BareFunction(item) if is_bare(item) else None


class _Bare:
    """What both kinds have: the names and comparisons that a test meets."""

    def __init__(self, item):
        self._class, self._name = item.cls, item.originalname or item.name
        self._code = inspect.unwrap(getattr(item.obj, "__func__", item.obj)).__code__
        self._compare = _Comparer(item)
        self._label = "%s (call)" % item.nodeid.replace("\x00", "(null)")

    def run(self):
        """Outcome, error text, and the line of the test it came to. Raises what ends a whole pytest run."""
        if os.environ.get("PYTEST_CURRENT_TEST") != self._label:
            os.environ["PYTEST_CURRENT_TEST"] = self._label
        self._compare.use()
        return self._call()


class BareFunction(_Bare):
    """A test called as pytest would call it, and nothing else."""

    def __init__(self, item):
        super().__init__(item)
        self._function = item.obj
        values = _direct(item)
        self._arguments = {name: values[name] for name in item._fixtureinfo.argnames}

    def _call(self):
        try:
            if self._class is None:
                self._function(**self._arguments)
            else:
                getattr(self._class(), self._name)(**self._arguments)
        except (KeyboardInterrupt, pytest.exit.Exception):
            raise
        except _SKIPS:
            return "skipped", "", 0
        except BaseException as error:
            return "failed", _text(error), _line(error.__traceback__, self._code)
        return "passed", "", 0


class BareCase(_Bare):
    """A TestCase's test run by unittest alone, with what pytest would make of what unittest tells."""

    def __init__(self, item):
        super().__init__(item)
        told = getattr(type(item), "addSubTest", None)
        self._listener = _Listener if told is None else _SubtestListener
        self._path = str(getattr(item, "path", None) or item.fspath)

    def _call(self):
        case, told = self._class(self._name), self._listener()
        setattr(case, self._name, getattr(case, self._name))  # pytest leaves it there as well
        try:
            case(result=told)
        finally:
            delattr(case, self._name)
            stray = getattr(self._class, "_class_cleanups", None)
            if stray:
                del stray[:]
                raise UnclearTest("the test left clean-ups for its class")
        for outcome in ("failed", "error"):
            for found, info in told.reports():
                if found == outcome:
                    return outcome, _text(info[1]), _line(info[2], self._code) or _last_line(info[2], self._path)
        return ("skipped" if any(found == "skipped" for found, _ in told.reports()) else "passed"), "", 0


class _Listener:
    """A result for unittest that keeps what pytest would report."""

    failfast = False

    def __init__(self):
        self._errors, self._subtests = [], []

    def reports(self):
        """Outcome and exception info of each of pytest's reports that says more than that the test passed.

        pytest reports subtests at once, then the first of the errors as the
        call's and the second as the tear-down's; it has no place for more.
        """
        yield from self._subtests
        for info, failed in zip(self._errors, ("failed", "error")):  # noqa: B905 - Python 3.8
            yield ("skipped" if isinstance(info[1], _SKIPS) else failed), info

    def addError(self, test, info):
        if isinstance(info[1], pytest.exit.Exception):
            raise info[1]
        self._errors.append(info)

    def addFailure(self, test, info):
        self._errors.append(info)

    def addSkip(self, test, reason):
        self._errors.append((None, pytest.skip.Exception(reason), None))

    def startTest(self, test):
        pass

    stopTest = addSuccess = startTest

    def addDuration(self, test, elapsed):
        pass


class _SubtestListener(_Listener):
    """The same for a pytest that hears of subtests."""

    def addSubTest(self, test, subtest, info):
        if info is not None and not isinstance(info[1], _SKIPS):
            self._subtests.append(("failed", info))
            # The first that failed decides; unittest then ends the test, where it tells at once (from 3.11).
            self.failfast = True

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        if isinstance(test, unittest.case._SubTest):
            self._errors.pop()


class _Known:
    """What was made of texts: of those that are not too long, and of no more than there is room for."""

    ROOM, ENTRY = 1 << 18, 1 << 8
    """Characters in all, of which each entry takes so many beside its own."""

    def __init__(self):
        self._made, self._left = {}, self.ROOM

    def get(self, key, make):
        """What `make` made of a key that has texts in it."""
        if key in self._made:
            return self._made[key]
        made = make()
        size = self.ENTRY + sum(len(part) for part in (*key, made) if type(part) is str)
        if size <= self.ROOM:
            if size > self._left:
                self._made, self._left = {}, self.ROOM
            self._made[key] = made
            self._left -= size
        return made


class _Comparer:
    """Explains a failed comparison of an assert as pytest does; the same values are explained once."""

    def __init__(self, item):
        self._explain, self._config = _pytests_comparer(item), item.config
        self._known = _Known()
        self._compare("==", [1], [2])  # what this imports is imported once, not by every fork

    def use(self):
        util._reprcompare, util._config = self._compare, self._config

    def _compare(self, operator, left, right):
        one, other = type(left), type(right)
        if one in _SIMPLE and other in _SIMPLE:
            return None  # there is nothing to explain
        if one not in _MEMORISED or other not in _MEMORISED:
            return self._explain(operator, left, right)
        try:
            key = operator, one, other, repr(left), repr(right)
        except Exception:  # what they hold says what it is by code of its own
            return self._explain(operator, left, right)
        return self._known.get(key, lambda: self._explain(operator, left, right))


def _pytests_comparer(item):
    """The function that pytest puts in place for this test, taken from its own wrapper."""
    before = util._reprcompare, getattr(util, "_config", None)
    wrapper = assertion.pytest_runtest_protocol(item)
    next(wrapper)
    found = util._reprcompare
    wrapper.close()
    util._reprcompare, util._config = before
    return found


def is_bare(item):
    """Whether calling the test's function alone is as good as pytest's protocol."""
    if type(item) is not pytest.Function or not _plain_function(item):
        return False
    direct = _direct(item)
    names = set(getattr(item, "fixturenames", ())) | set(item._fixtureinfo.argnames)
    if not names <= set(direct):
        return False
    return _nothing_around(item)


def _nothing_around(item):
    """Whether neither marks nor plugins, packages or options do anything around the test."""
    if any(mark.name in _READ_MARKS for mark in item.iter_markers()):
        return False
    return all(_known(hook) for hook in _implementations(item)) and not _set_up_around(item) and not _options(item)


def is_bare_case(item):
    """Whether unittest alone runs the test of a TestCase as well as pytest's protocol does."""
    kind, cls = type(item), item.cls
    if (kind.__module__, kind.__name__) != ("_pytest.unittest", "TestCaseFunction"):
        return False
    told = getattr(kind, "addSubTest", None)
    if getattr(told, "__module__", None) not in _TOLD_SUBTESTS:
        return False
    if told is not None and sys.version_info < (3, 11):
        return False  # unittest tells of skips and subtests in another order, and pytest sorts that out
    if not all(_is_unittests(cls, name) for name in _UNITTESTS_OWN) or getattr(cls, "_class_cleanups", None):
        return False
    if any(getattr(one, name, False) for one in (cls, item.obj) for name in _UNITTEST_MARKS):
        return False
    definitions = item._fixtureinfo.name2fixturedefs
    if not all(_is_class_fixture(definitions.get(name)) for name in set(item.fixturenames) - {"request"}):
        return False
    return _plain_function(item) and _nothing_around(item)


def _is_unittests(cls, name):
    """Whether a TestCase has a method, or a class's method, from unittest and as it is there."""
    found, own = getattr(cls, name, None), getattr(unittest.TestCase, name, None)
    return getattr(found, "__func__", found) is getattr(own, "__func__", own)


def _is_class_fixture(definitions):
    """Whether a fixture is pytest's own for setUpClass and tearDownClass."""
    return definitions is not None and all(
        definition.scope == "class" and definition.func.__module__ == "_pytest.unittest" for definition in definitions
    )


def _plain_function(item):
    function = item.obj
    function = getattr(function, "__func__", function)
    inner = inspect.unwrap(function) if callable(function) else function
    for one in (function, inner):
        if inspect.iscoroutinefunction(one) or inspect.isgeneratorfunction(one) or inspect.isasyncgenfunction(one):
            return False
        if any(hasattr(one, name) for name in _FOREIGN_TESTS):
            return False
    return type(function) is types.FunctionType


def _direct(item):
    """Arguments that come from parametrize itself, not through a fixture."""
    spec = getattr(item, "callspec", None)
    if spec is None:
        return {}
    if hasattr(spec, "funcargs"):  # pytest before 8
        return dict(spec.funcargs)
    definitions = item._fixtureinfo.name2fixturedefs
    return {
        name: value
        for name, value in spec.params.items()
        if name not in definitions or definitions[name][-1].func.__name__ == "get_direct_param_fixture_func"
    }


def _implementations(item):
    for name in _HOOKS:
        hook = getattr(item.ihook, name, None)
        if hook is not None:
            for implementation in hook.get_hookimpls():
                yield implementation


def _known(implementation):
    module = getattr(implementation.function, "__module__", None) or ""
    return module.startswith(("_pytest.", "_trm_zygote.")) or module in _HARMLESS


def _set_up_around(item):
    """Whether packages, or functions that nose knew, are set up around the test without a fixture."""
    for node in item.listchain():
        if type(node).__name__ == "Package":
            path = str(getattr(node, "path", None) or node.fspath)
            path = path if path.endswith(".py") else os.path.join(path, "__init__.py")
            try:
                with open(path, "rb") as file:
                    text = file.read()
            except OSError:
                continue
            if any(word in text for word in (b"etup_module", b"etUpModule", b"eardown_module", b"earDownModule")):
                return True
    if item.config.pluginmanager.hasplugin("nose"):
        places = [item.obj, getattr(item, "cls", None), item.module]
        return any(hasattr(place, name) for place in places for name in ("setup", "teardown") if place is not None)
    return False


def _options(item):
    """Whether an option asks for something that only the protocol does."""
    option = item.config.option
    names = ("usepdb", "trace", "setuponly", "setupplan", "setupshow", "runxfail")
    return any(getattr(option, name, False) for name in names)


def _line(traceback, code):
    """Where a traceback leaves a function's code; 0 when it does not."""
    while traceback is not None:
        if traceback.tb_frame.f_code is code:
            return traceback.tb_lineno
        traceback = traceback.tb_next
    return 0


def _last_line(traceback, path):
    """Where a traceback was last in a file; 0 when it never was."""
    line = 0
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename == path:
            line = traceback.tb_lineno
        traceback = traceback.tb_next
    return line


def _text(error):
    """The failure in one text, as pytest sums it up."""
    kind = type(error)
    if kind is AssertionError and not getattr(error, "__notes__", None):
        said = str(error)
        if repr(error).startswith("AssertionError('assert "):
            return said.rstrip()
        return ("AssertionError: " + said).rstrip() if said else "AssertionError"
    if kind in _PLAIN_ERRORS and not getattr(error, "__notes__", None):
        said = str(error)
        return ("%s: %s" % (kind.__name__, said)).rstrip() if said else kind.__name__
    try:
        return ExceptionInfo.from_exc_info((kind, error, error.__traceback__)).exconly(tryshort=True)
    except Exception:  # whatever its own text raises
        return "".join(traceback.format_exception_only(kind, None)).rstrip()


@contextlib.contextmanager
def surroundings(config):
    """What pytest has around every test that matters to plain functions: capture, filters of warnings, logging.

    Yields a function that forgets what was printed and warned.
    """
    capture = config.pluginmanager.getplugin("capturemanager")
    handler, root = logging.NullHandler(), logging.getLogger()
    level = getattr(config.pluginmanager.getplugin("logging-plugin"), "log_level", None)
    with warnings.catch_warnings(record=True) as log, _quick_repr():
        _filter_warnings(config)
        root.addHandler(handler)
        before = root.level
        if level is not None:
            root.setLevel(min(before, level))
        if capture is not None:
            capture.resume_global_capture()

        def forget():
            del log[:]
            if capture is not None:
                capture.read_global_capture()

        try:
            yield forget
        finally:
            if capture is not None:
                capture.suspend_global_capture(in_=False)
            root.setLevel(before)
            root.removeHandler(handler)


@contextlib.contextmanager
def _quick_repr():
    """Write down what is small in failed asserts without the care that pytest takes of any object, or once."""
    careful = getattr(rewrite, "_saferepr", None)
    known = _Known()

    def quick(thing):
        kind = type(thing)
        if (kind is int and -_SHORT < thing < _SHORT) or kind in (float, bool, type(None)):
            return repr(thing)
        if kind not in _MEMORISED or len(thing) > _FEW:
            return careful(thing)
        try:
            key = kind, repr(thing)
        except Exception:
            return careful(thing)
        return known.get(key, lambda: careful(thing))

    if careful is None:
        yield
        return
    rewrite._saferepr = quick
    try:
        yield
    finally:
        rewrite._saferepr = careful


def _filter_warnings(config):
    """The filters pytest sets for a test: those of the configuration and of the command line."""
    if not sys.warnoptions:
        warnings.filterwarnings("always", category=DeprecationWarning)
        warnings.filterwarnings("always", category=PendingDeprecationWarning)
    asked = [*config.getini("filterwarnings"), *(config.getoption("pythonwarnings", None) or ())]
    if not asked:
        return
    from _pytest.config import parse_warning_filter

    for text in config.getini("filterwarnings"):
        warnings.filterwarnings(*parse_warning_filter(text, escape=False))
    for text in config.getoption("pythonwarnings", None) or ():
        warnings.filterwarnings(*parse_warning_filter(text, escape=True))


def can_surround(config):
    """Whether this pytest's filters of warnings can be set here."""
    try:
        with warnings.catch_warnings():
            _filter_warnings(config)
    except Exception:  # another pytest, or a category that cannot be imported: its own affair
        return False
    return True
