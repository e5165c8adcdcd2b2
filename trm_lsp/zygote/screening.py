"""Many candidates in one process: the changed function is swapped in memory and the failing tests are run.

A filter, not a verdict. What may not be swapped, and every survivor, is
confirmed in a process of its own; so is whatever this process cannot be sure
of. A refusal is the only thing anybody believes here, so each run starts from
the state that the first one started from, and what differs is put back. That
is looked at after groups of candidates: what one of a group leaves and another
one takes away again is seen by nobody. Nothing is said of them before the
unchanged code, run once more, has come to what it came to at first. A
candidate that is cut short is no refusal: it may be slow, and right. Nor is
what fails in a function that has run while modules were imported: what it has
made then is the unchanged code's.
"""

import _thread
import collections
import functools
import gc
import itertools
import linecache
import mmap
import os
import random
import re
import signal
import struct
import sys
import time
import types
import warnings

from _trm_zygote.bare import bare_test, can_surround, surroundings
from _trm_zygote.fuel import Meter
from _trm_zygote.leftovers import Leftovers
from _trm_zygote.paths import is_workspace
from _trm_zygote.reporting import Outcomes, seed_randomness
from _trm_zygote.schemata import Schemata, Switch
from _trm_zygote.swapping import BROKEN, Source
from _trm_zygote.watching import CalledCode, Elsewhere, ImportWatch

__all__ = ["ImportWatch", "Screen", "is_chosen"]

ADDRESS = re.compile(r"\b0x[0-9a-fA-F]{4,}\b")
_ENDS = re.compile(r"(?=::|\[|/)")
"""Where the names end of what a test's id says it lies in."""
_NUMBER = struct.Struct("<q")
ERROR_KEPT = 1200
SLACK = 0.005
"""CPU seconds a test gets beside ten times what it took with the unchanged code."""
WAITING, WAITED = 0.5, 10
"""Seconds that a test may take, whatever it waits for, beside so many times what it took with the unchanged code."""
HUNG_WAITING = 0.2
"""The same in a test that is known not to end."""
LEAST_WAITING = 0.3
"""The share of the time to wait that candidates are left at least: each that is ended while it waits, where the
unchanged code ends, halves it for those behind it."""
SIGN_SECONDS = 0.25
"""Seconds after which the end of a test is a sign of life to give."""
LAST_WAITING = 0.1
"""Seconds more until the process is killed, if it does not heed the end of its waiting."""
LAST = 0.005
"""CPU seconds more until the process is killed, if it does not heed the end of its time."""
INFINITE = float("inf")
TURNS = 1000
"""Loop turns a candidate gets beside ten times those of the unchanged code."""
BASE_TURNS = 3000000
"""Loop turns after which the unchanged code counts as endless itself."""
HUNG_TURNS = 20000
"""The same in a test that is known not to end."""
BASE_SECONDS = 0.3
"""CPU seconds after which it does in a test, where it is known that some hang."""
OF_ENDLESS = 20
"""Times SLACK that candidates get where the unchanged code is endless."""
GROUP = 16
"""Candidates after which this process looks for what they left behind; more where there is much to look at."""
FORGET = 256
"""Candidates after which what they printed is thrown away."""


_DRAWING = (types.ModuleType, types.MethodType, types.BuiltinMethodType)


class OutOfTime(BaseException):
    """A candidate's CPU time is over; not an Exception, which it may well catch."""


class Uncertain(Exception):
    """What a run in this process gives says nothing about a run in a process of its own."""


class Screen:
    """Collected tests, ready to judge batches of candidates in forks of this process.

    Make it once the tests are collected, before gc.freeze(), and never run a
    test in the process that makes it.
    """

    def __init__(self, items, root, identify, codes, seed=0):
        """`items`: pytest's; `root`: real path of the workspace; `identify(nodeid)`: the id as the engine knows it.

        `codes`: what an ImportWatch saw during the collection. `seed`: of
        randomness, for each test that is called without pytest's protocol.
        """
        self._items, self._root, self._identify, self._codes = list(items), root, identify, codes
        self._config = self._items[0].config if self._items else None
        self._seed = seed
        self._meter, self._switch = Meter(), Switch()
        self._planted = {**self._meter.planted, **self._switch.planted}
        self._sources = {}
        self._outcomes = Outcomes()
        self._draws = self._find_draws()
        self._page = mmap.mmap(-1, _NUMBER.size)
        self._functions, self._caches, self._accepted = {}, [], ()
        self._test_files = frozenset(os.path.realpath(str(item.fspath)) for item in self._items)
        self._find_live()
        # As they are now: where no overlay is, a candidate's text may lie there when they are asked for.
        self._files = _contents({path for path, _ in self._functions})
        surround = bool(self._items) and can_surround(self._config)
        self._tests = [self._test(item, surround) for item in self._items]
        if any(type(test) is PytestsTest for _, test in self._tests):
            self._config.pluginmanager.register(_Reports(self._outcomes))
        # Values of parametrize are shared by all runs of a test.
        specs = [item.callspec for item in self._items if hasattr(item, "callspec")]
        self._leftovers = Leftovers(root, [getattr(s, n, None) for s in specs for n in ("params", "funcargs")])

    def prepare(self, files):
        """Read, compile and index source files, so that forks need not: `(path, encoding, bom)` of each."""
        for path, encoding, bom in files:
            source = self._source(path, encoding, bom) if self._is_read(path) else None
            for function in source.functions if source else ():
                function.ready()

    @property
    def running(self):
        """In the process that made the screen: the candidate that ran when a fork ended, None when none did."""
        number = _NUMBER.unpack(self._page[:])[0]
        return None if number < 0 else number

    def refuses(self, change):
        """Why a change cannot be swapped in memory for a run of its own in a fork; empty when it can."""
        if not self._is_read(change[0]):
            return "the function is not alive"
        function = self._function(change)
        if function is None:
            return "it reaches beyond the body of one function"
        if not self._live(function):
            return "the function is not alive"
        if function.code in self._codes:
            return "the function runs while modules are imported"
        if not function.is_plain():
            return "what decorates the function may hold its code"
        new = function.change(change[3], guarded=False)
        self._accepted = self._live(function), new
        return "it changes more than what the function does" if new is None or new is BROKEN else ""

    def swap(self):
        """In a fork: let the live functions run the change that `refuses` had nothing against, without fuel."""
        _swap(*self._accepted)

    def judge(
        self, candidates, say, chosen=None, patience=1, waiting=INFINITE, note=None, together=64, more=None, hung=()
    ):
        """In a fork: say `base`, `answers` with `screened`, and `canary`, and `alive` while those let themselves wait.

        A candidate is `[path, encoding, bom, [[start, end, text], …]]`.
        `chosen`: ids of tests, or of the files and classes they are in; all
        that are collected where it is left out.
        `base`: outcome, error and the line of the test it came to (0: not
        known), by test id, of the unchanged code; null when
        this batch cannot be screened. With it `tentative`: numbers of
        candidates whose failure here is no refusal.
        `answers`: more outcomes of that form;
        `screened`: pairs of a candidate's number and the number of its answer,
        counted over all messages, null for one to confirm; at least `together`
        pairs a message, but for the last. They are said once the unchanged
        code has shown that nothing disturbed them. `canary`: whether it has
        done so to the end; where it has not, the rest is without an answer.
        `hung`: ids of tests that are known not to end on the unchanged code.
        `patience`: how many times as long as usual a candidate may run.
        `waiting`: seconds that none may wait in a test, however long it is allowed by that.
        `note(number)` is called before each; without it `running` tells.
        `more()` gives another batch, its tests, patience and waiting, None
        when there is none; it is asked after one that has disturbed nothing.
        """
        batches = Batches(self, say, note or self._note, together, hung)
        batches.run((candidates, chosen, patience, waiting), more)

    def _note(self, number):
        self._page[:] = _NUMBER.pack(number)

    def _test(self, item, surround):
        id = self._identify(item.nodeid)
        try:
            test = bare_test(item) if surround else None
        except Exception:  # private parts of pytest: any other version may have others
            test = None
        return id, test or PytestsTest(item, self._outcomes)

    def _find_live(self):
        """Find functions of the workspace by code, and every functools cache around one; after gc.freeze() new ones."""
        cache, below = type(functools.lru_cache(maxsize=None)(len)), self._root + os.sep
        for thing in gc.get_objects():
            if type(thing) is types.FunctionType:
                path = thing.__code__.co_filename
                if path.startswith(below) and is_workspace(path, self._root):
                    self._functions.setdefault((path, thing.__code__), []).append(thing)
            elif type(thing) is cache:
                code = getattr(getattr(thing, "__wrapped__", None), "__code__", None)
                if code is not None and is_workspace(code.co_filename, self._root):
                    self._caches.append(thing)

    def _function(self, candidate):
        """The function that a candidate changes, None when it may not be swapped in memory."""
        path, encoding, bom, edits = candidate
        source = self._source(path, encoding, bom)
        edits.sort()
        function = source.function(edits) if source and edits else None
        return function if function is not None and function.ready() else None

    def _live(self, function):
        """The functions that run the code of a Function."""
        return self._functions.get((function.source.path, function.code), ())

    def _find_draws(self):
        """Whether a module of the workspace can draw random numbers: then each test starts from the same seed."""
        generator = random.random.__self__
        return any(
            thing is random or getattr(thing, "__self__", None) is generator or _is_numpys(thing)
            for module in list(sys.modules.values())
            if is_workspace(str(getattr(module, "__file__", None)), self._root)
            for thing in list(vars(module).values())
            if type(thing) in _DRAWING
        )

    def seed(self):
        """Before a test: give it the randomness that pytest's protocol gives it, if it may draw."""
        if self._draws:
            seed_randomness(self._seed)

    def _is_read(self, path):
        """Whether a file was read when the tests were collected; one without functions then was not."""
        return os.path.join(self._root, path) in self._files

    def _source(self, path, encoding, bom):
        """The file as it was imported, None when it cannot be read or compiled."""
        if path not in self._sources:
            try:
                full = os.path.join(self._root, path)
                self._sources[path] = Source(full, encoding, bom, self._planted, self._files.get(full))
            except (OSError, ValueError, SyntaxError, LookupError, RecursionError):
                self._sources[path] = None
        return self._sources[path]


class PytestsTest:
    """A test run by pytest's own protocol."""

    def __init__(self, item, outcomes):
        self._item, self._outcomes = item, outcomes

    def run(self):
        """Outcome, error text, and the line of the test it came to. Raises what ends a whole pytest run."""
        item = self._item
        if item.__dict__.pop("_instance", None) is not None:
            item.__dict__.pop("_obj", None)  # a test class's instance must not be met again, nor its method
        item.__dict__.pop("_excinfo", None)  # nor a TestCase's errors, of which pytest reports two
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
        capture = item.config.pluginmanager.getplugin("capturemanager")
        if capture is not None:
            capture.resume_global_capture()  # for the next one, which may be called bare
        found = self._outcomes.take(item.nodeid)
        return found["outcome"], found.get("error", ""), _line(found.get("report"), item)


class Batches:
    """Batches of candidates in their fork, one after the other."""

    def __init__(self, screen, say, note, together, hung):
        self._screen, self._tests = screen, []
        self._hung = frozenset(hung)
        self._base_allowed = BASE_SECONDS if hung else 0.0
        self._share_waiting = 1.0
        """The share of the time to wait that candidates are still given."""
        self._most_waiting = INFINITE
        self._signed = time.perf_counter()
        """When the last sign of life was given."""
        self._say, self._note, self._together = say, note, together
        self._leftovers, self._meter = screen._leftovers, screen._meter
        self._elsewhere = Elsewhere(screen._root)
        self._pid = os.getpid()
        self._disturbed = False
        self._originals = {}
        self._alarm = signal.getsignal(signal.SIGALRM) is signal.SIG_DFL
        """Whether the alarm is ours: nobody else waits for it."""
        self._waited = False
        """Whether it has rung in this test."""
        self._timing = False
        """Whether a test runs that may be ended."""

    def run(self, batch, more):
        """Judge a batch, and more of them while nothing is disturbed."""
        gc.freeze()
        self._note(-1)
        signal.signal(signal.SIGPROF, self._worked_out)
        if self._alarm:
            signal.signal(signal.SIGALRM, self._waited_out)
        self._elsewhere.listen()
        with surroundings(self._screen._config) as self._forget:
            self._leftovers.watch(warnings.filters)
            self._leftovers.enter()
            while batch is not None:
                clean = self._judge_batch(*batch)
                batch = more() if clean and more else None

    def _judge_batch(self, candidates, chosen, patience, waiting):
        """Say everything about a batch; return whether it has left nothing behind."""
        asked = None if chosen is None else frozenset(chosen)
        self._tests = [(id, test) for id, test in self._screen._tests if asked is None or is_chosen(id, asked)]
        if not self._tests:
            self._say(base=None)
            return False
        self._candidates, self._patience, self._most_waiting = candidates, patience, waiting
        self._share_waiting = 1.0
        # hypothesis, for one, reads the tests it runs.
        changed = {os.path.join(self._screen._root, path) for path, *_ in candidates}
        self._elsewhere.untouched = self._screen._test_files - changed
        self._answers, self._fresh, self._pairs = {}, [], []
        self._limits = self._last_limits = [
            Limit(self._base_allowed, HUNG_WAITING if id in self._hung else 0.0) for id in self._ids()
        ]
        try:
            base = self._run_base()
        except Uncertain:
            self._say(base=None)
            return False
        tentative = [number for number, function in enumerate(self._found) if function in self._early]
        self._say(base=_table(self._ids(), base), tentative=tentative)
        clean = self._judge_all(base)
        self._say(canary=clean)
        self._forget()
        return clean

    def _ids(self):
        return [id for id, _ in self._tests]

    # --- the unchanged code -------------------------------------------------------------------

    def _run_base(self):
        """Outcomes of the unchanged code, and the functions that may be swapped. Raises Uncertain."""
        screen = self._screen
        self._found = [screen._function(candidate) for candidate in self._candidates]
        functions = set(filter(None, self._found))
        self._arm(functions)
        seed_randomness(screen._seed)
        before = _randomness()
        turned, spent = [], []
        with CalledCode(screen._root) as calls:
            first = self._judge(turned, spent)
        ended = [found[0] != "timeout" for found in first or ()]
        self._ends = {id for id, end in zip(self._ids(), ended) if end}  # noqa: B905 - Python 3.8
        turns, endless = sum(itertools.compress(turned, ended)), not all(ended)
        screen._draws = screen._draws or _randomness() != before
        if first is None or self._elsewhere.noted:
            raise Uncertain()
        if any(id(code) in calls.seen for code in self._leftovers.generators()):
            raise Uncertain()
        if self._elsewhere.imported:
            screen._find_live()
            self._arm(functions)
        self._leftovers.expect_threads()
        changed = self._leftovers.changed()
        self._leftovers.remember(changed)
        self._leftovers.renew()
        if any(holder.changed() for holder in changed):
            raise Uncertain()
        self._turns = self._patience * (TURNS + 10 * turns + (TURNS if endless else 0))
        self._limits, self._last_limits = _limits([found[0] for found in first], spent, self._patience)
        self._swaps = self._effective(functions, calls, first)
        changes = [
            (function if function in self._swaps else None, candidate[3])
            for function, candidate in zip(self._found, self._candidates)  # noqa: B905 - Python 3.8
        ]
        self._schemata = Schemata(screen._switch, changes)
        return first

    def _arm(self, functions):
        """Let live functions run code of our own with guarded loops: the candidates', and others in their files."""
        for source in {function.source for function in functions}:
            for function in source.functions:
                if function in functions or function.is_guarded():
                    for live in self._screen._live(function):
                        if live.__code__ is not function.fuelled:
                            self._originals.setdefault(function, []).append(live.__code__)
                            live.__code__ = function.fuelled

    def _effective(self, functions, calls, first):
        """Live functions by Function, of those where new code is what runs, shown on a copy of the old one.

        Sets `_early`: those that have run while modules were imported. They are
        among the others the first time a candidate is tried, not when more
        patience is asked for. Raises Uncertain when the unchanged code does
        not behave the same again.
        """
        copies = {}
        imported = self._screen._codes
        self._early = {one for one in functions if one.code in imported or one.fuelled in calls.importing}
        for function in functions:
            live = self._screen._live(function)
            swapped = function not in self._early or self._patience == 1
            if live and swapped and id(function.fuelled) in calls.seen:
                copies[function] = live, function.fuelled.replace(co_name=function.fuelled.co_name)
                _swap(live, copies[function][1])
        with CalledCode(self._screen._root) as again:
            second = self._run_one()
        self._leftovers.expect_more_threads()
        if second is None or [found[0] for found in second] != [found[0] for found in first]:
            raise Uncertain()
        self._volatile = [one != other for one, other in zip(first, second)]  # noqa: B905 - Python 3.8
        effective = {}
        for function, (live, copy) in copies.items():
            _swap(live, function.fuelled)
            old = [function.fuelled, *self._originals[function]]
            elsewhere = any(id(code) in again.seen for code in old) or any(id(code) in calls.seen for code in old[1:])
            if id(copy) in again.seen and not elsewhere:
                effective[function] = live
        return effective

    def _is_undisturbed(self, base):
        """Whether the unchanged code still does what it did, and nothing was left behind."""
        if self._disturbed or self._leftovers_found():
            return False
        again = self._run_one()
        return again is not None and all(
            one[0] == other[0] and (volatile or one == other)
            for one, other, volatile in zip(base, again, self._volatile)  # noqa: B905 - Python 3.8
        )

    # --- candidates ---------------------------------------------------------------------------

    def _judge_all(self, base):
        """Answer for all candidates, as far as it shows that nothing disturbed them; return whether it always did."""
        size = max(GROUP, len(self._leftovers) // 8)
        for first in range(0, len(self._candidates), size):
            group = range(first, min(first + size, len(self._candidates)))
            found = [self._judge_one(number) for number in group]
            if not self._disturbed and self._leftovers_found():
                found = [self._judge_alone(number) for number in group]
            for number, outcomes in zip(group, found):  # noqa: B905 - Python 3.8
                self._answer(number, outcomes)
            if len(self._pairs) >= self._together or group.stop == len(self._candidates):
                if not self._is_undisturbed(base):
                    return False
                self._flush()
        return True

    def _judge_alone(self, number):
        found = self._judge_one(number)
        self._leftovers_found()
        return found

    def _leftovers_found(self):
        """Whether there is anything, which is then put back, as far as can be."""
        self._leftovers.renew()
        changed = self._leftovers.changed()
        for holder in changed:
            holder.restore()
        self._disturbed = self._disturbed or any(holder.changed() for holder in changed)
        return bool(changed)

    def _judge_one(self, number):
        """Outcomes of a candidate, test by test; None when it must be confirmed."""
        function = self._found[number]
        if function not in self._swaps:
            return None
        new = self._schemata.code(number)
        if new is None:
            return None
        if new is BROKEN:  # the file cannot be imported, nor can what needs it
            return tuple([("error", "SyntaxError", 0)] * len(self._tests))
        live = self._swaps[function]
        self._note(number)
        _swap(live, new)
        try:
            return self._run_one(self._share_waiting)
        finally:
            _swap(live, function.fuelled)
            self._note(-1)
            if number % FORGET == FORGET - 1:
                self._forget()

    def _run_one(self, share=1.0):
        """One run from the state that the first one started from, within the turns and the time allowed.

        `share`: of the time to wait, in tests in which the unchanged code ends.
        """
        self._leftovers.renew()
        self._elsewhere.clear()
        self._meter.fill(self._turns)
        found = self._judge(share=share)
        if self._elsewhere.noted or self._elsewhere.imported:
            return None
        return found

    def _judge(self, turned=None, spent=None, share=1.0):
        """Run every test; outcome, error and line of each, None when one of them ends a whole pytest run.

        `turned`, `spent`: of the unchanged code, the loop turns of each test and its times are added to them.
        """
        for cache in self._screen._caches:
            cache.cache_clear()
        found, limits = [], self._limits
        try:
            for number, (id, test) in enumerate(self._tests):
                if turned is not None:
                    self._turns = HUNG_TURNS if id in self._hung else BASE_TURNS
                    self._meter.fill(self._turns)
                    before = time.process_time(), time.perf_counter()
                limit = limits[number]
                if share < 1.0 and id in self._ends:
                    limit = limit._replace(waiting=limit.waiting * share)
                threads = _thread._count()
                found.append(self._timed(test, limit))
                self._sign()
                if found[-1][0] == "timeout":
                    limits = self._last_limits
                    if self._waited:
                        # What it waited for may never come: threads of it wait on, and do no more than that.
                        self._leftovers.allow_threads(_thread._count() - threads)
                        if turned is None and id in self._ends:
                            self._share_waiting = max(LEAST_WAITING, self._share_waiting / 2)
                if turned is not None:
                    turned.append(self._meter.used())
                    spent.append(Spent(time.process_time() - before[0], time.perf_counter() - before[1]))
        except (KeyboardInterrupt, Exception):
            return None
        finally:
            if os.getpid() != self._pid:
                os._exit(0)  # a test forked, and its child came back here
        return tuple(found)

    def _sign(self):
        """Say that this process goes on, where it has said nothing for a while."""
        now = time.perf_counter()
        if now - self._signed >= SIGN_SECONDS:
            self._say(alive=True)
            self._signed = now

    def _timed(self, test, limit):
        self._screen.seed()
        linecache.cache.clear()  # who reads a source file must be heard
        if self._meter.empty:
            self._meter.fill(self._turns)
        late = self._waited = False
        try:
            try:
                self._timing = True
                if limit.working:
                    signal.setitimer(signal.ITIMER_PROF, limit.working)
                    signal.setitimer(signal.ITIMER_VIRTUAL, limit.working + LAST)  # its default action ends the process
                if limit.waiting and self._alarm:
                    signal.setitimer(signal.ITIMER_REAL, min(limit.waiting, self._most_waiting))
                outcome, error, line = test.run()
                late = self._waited or not _timer_left(limit.working)
            finally:
                self._timing = False  # what comes now is late
        except OutOfTime:
            late = True
        finally:
            if limit.waiting and self._alarm:
                signal.setitimer(signal.ITIMER_REAL, 0)
                if self._waited:
                    signal.signal(signal.SIGALRM, self._waited_out)
            if limit.working:
                signal.setitimer(signal.ITIMER_PROF, 0)
                signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        if late or self._meter.empty:
            return "timeout", "the test did not end in time", 0
        error = ADDRESS.sub("0x\u2026", error) if "0x" in error else error
        return outcome, error[:ERROR_KEPT], line

    def _waited_out(self, *_):
        """End what waits as if it had raised; what goes on for all that is ended with the process."""
        self._waited = True
        if self._timing:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.setitimer(signal.ITIMER_REAL, LAST_WAITING)
            out_of_time()

    def _worked_out(self, *_):
        """End what works; a test that has ended meanwhile has ended in time."""
        if self._timing:
            out_of_time()

    # --- answers ------------------------------------------------------------------------------

    def _answer(self, number, outcomes):
        key = None
        if outcomes is not None:
            key = self._answers.get(outcomes)
            if key is None:
                key = self._answers[outcomes] = len(self._answers)
                self._fresh.append(_table(self._ids(), outcomes))
        self._pairs.append([number, key])

    def _flush(self):
        self._say(answers=self._fresh, screened=self._pairs)
        self._fresh, self._pairs = [], []


Spent = collections.namedtuple("Spent", "working waiting")
"""CPU seconds of a test, and seconds on the clock."""
Limit = collections.namedtuple("Limit", "working waiting")
"""The same that it may take; 0: as many as it likes."""


def _limits(outcomes, spent, patience):
    """What each test may take by what the unchanged code did, and what once a test has been cut short.

    A test that passed is a measure for itself. What failed ended early: with
    a repair it may take as long as all of these and the slowest other one,
    but what hangs in one test may not do so in each.
    """
    # How long the clock ran until a test was cut short is our doing.
    spent = [
        one._replace(waiting=0.0) if outcome == "timeout" else one
        for outcome, one in zip(outcomes, spent)  # noqa: B905 - Python 3.8
    ]
    failing = [one for outcome, one in zip(outcomes, spent) if outcome != "passed"]  # noqa: B905 - Python 3.8
    passing = [one for outcome, one in zip(outcomes, spent) if outcome == "passed"]  # noqa: B905 - Python 3.8
    endless = "timeout" in outcomes
    longest = Spent(*[sum(one[at] for one in failing) + max([one[at] for one in passing] or [0.0]) for at in (0, 1)])

    def limit(outcome, one):
        allowed = OF_ENDLESS * SLACK if endless and outcome != "passed" else SLACK + 10 * one.working
        waiting = HUNG_WAITING if outcome == "timeout" else WAITING
        return Limit(patience * allowed, patience * (waiting + WAITED * one.waiting))

    pairs = list(zip(outcomes, spent))  # noqa: B905 - Python 3.8
    first = [limit(outcome, one if outcome == "passed" else longest) for outcome, one in pairs]
    return first, [limit(outcome, one) for outcome, one in pairs]


def is_chosen(id, chosen):
    """Whether a test is in the set of those chosen, or lies in one of the files, folders and classes there."""
    return id in chosen or any(id[: end.start()] in chosen for end in _ENDS.finditer(id))


def _is_numpys(thing):
    """Whether it is one of numpy's modules, or a function that draws from its shared generator."""
    name = thing.__name__ if type(thing) is types.ModuleType else type(getattr(thing, "__self__", None)).__module__
    return str(name).partition(".")[0] == "numpy"


def _randomness():
    """Where the shared generators stand."""
    numpy = sys.modules.get("numpy.random")
    return random.getstate(), repr(numpy.get_state()) if numpy is not None else ""


def _contents(paths):
    """What files hold, by path; those that cannot be read are left out."""
    found = {}
    for path in paths:
        try:
            with open(path, "rb") as file:
                found[path] = file.read()
        except OSError:
            pass
    return found


def _swap(functions, code):
    for function in functions:
        function.__code__ = code


def _table(ids, outcomes):
    return {id: list(found) for id, found in zip(ids, outcomes)}  # noqa: B905 - Python 3.8


def _line(report, item):
    """The line a failed test came to, where the failure is in the test itself; else 0."""
    crash = getattr(getattr(report, "longrepr", None), "reprcrash", None)
    if crash is None or os.path.realpath(crash.path) != os.path.realpath(str(item.fspath)):
        return 0
    return crash.lineno


def out_of_time(*_):
    raise OutOfTime("the test did not end in time")


def _timer_left(allowed):
    return not allowed or signal.getitimer(signal.ITIMER_PROF)[0] > 0


class _Reports:
    """A pytest plugin that hands the reports of pytest's own protocol on."""

    def __init__(self, outcomes):
        self._outcomes = outcomes

    def pytest_runtest_logreport(self, report):
        self._outcomes.add(report)
