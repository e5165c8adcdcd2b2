"""What several texts of the same functions do with the same inputs.

Inputs are the calls that the tests make, and others like them. They are made
on copies of their arguments, with each text's code swapped into the live
functions, and are cut by fuel. A call that would write, start a process or use
the network is ended there; one whose outcome says nothing, because it leaves
something behind or gives another one each time, is left out.
"""

import gc
import inspect
import itertools
import os
import signal
import sys
import time

from _trm_zygote.bare import surroundings
from _trm_zygote.calls import Recording, likes
from _trm_zygote.fuel import OutOfFuel
from _trm_zygote.inputs import Shown, Unfit
from _trm_zygote.paths import is_workspace
from _trm_zygote.reporting import seed_randomness
from _trm_zygote.screening import ADDRESS, OutOfTime, is_chosen
from _trm_zygote.swapping import BROKEN
from _trm_zygote.watching import CHANGES, PROCESSES, WRITES

TURNS, TURNS_IN_TESTS = 20000, 100000
"""Loop turns that a made-up call may take, and one that a test makes."""
TEST_TURNS = 300000
"""Loop turns a test may take whose calls are recorded."""
ALL_TURNS = 2000000
"""Loop turns all calls may take together."""
CPU_SECONDS, SECONDS = 0.1, 0.3
"""What a call may take, its loops aside: CPU time, and time."""
ALL_SECONDS = 3.0
"""Time that all of it may take where the code waits: CPU time is counted apart."""
YIELDED = 50
"""Items that a generator is asked for."""
TOLD = 16
"""Inputs in one message."""
GIVES, RAISES, ENDLESS, UNKNOWN = "gives", "raises", "endless", "unknown"
_NOTHING = [UNKNOWN, "", "", False]
_NETWORK = frozenset(["socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo"])
_LEAVES = "Calls that leave something behind in their modules were left out."


class Forbidden(BaseException):
    """A call would have an effect outside this process's memory; not an Exception, which it may well catch."""


_CUT = OutOfTime, Forbidden


def compare(screen, request, say):
    """In a fork: say what texts do. `screen`: of the collected tests.

    `request`: `variants`, a list of `[path, encoding, bom, [[start, end,
    text], …]]` for each text, the unchanged one being an empty list;
    `failing` and `passing`, ids of tests; `most` inputs, `seed`, and `seconds`
    of CPU. Says `compared` (by text, why it is not; empty when it is),
    `inputs`, `examples`, and `left_out`.
    """
    texts = [_Text(screen, changes) for changes in request["variants"]]
    say(compared=[text.why for text in texts])
    able = [text for text in texts if not text.why]
    functions = list(dict.fromkeys([function for text in able for function in text.codes]))
    if len(able) < 2 or not functions:
        return
    gc.freeze()
    signal.signal(signal.SIGPROF, _out_of_time)
    signal.signal(signal.SIGALRM, _out_of_time)
    with surroundings(screen._config):
        _Comparison(screen, request, texts, functions, say).run()


def _out_of_time(*_):
    """End a call; the other timer is not to ring when it has ended."""
    _stop_timers()
    raise OutOfTime("the call did not end in time")


def _stop_timers():
    signal.setitimer(signal.ITIMER_PROF, 0)
    signal.setitimer(signal.ITIMER_REAL, 0)


class _Text:
    """One of the texts: the code of the functions it changes, or why it cannot be compared."""

    def __init__(self, screen, changes):
        self.codes, self.why = {}, ""
        for path, encoding, bom, edits in changes:
            source = screen._source(path, encoding, bom) if screen._is_read(path) else None
            by_function = {}
            for edit in sorted(edits):
                by_function.setdefault(source.function([edit]) if source else None, []).append(edit)
            for function, own in by_function.items():
                self.why = self.why or self._take(screen, function, own)

    def _take(self, screen, function, edits):
        """Why a function cannot be swapped; empty when it can."""
        if function is None or not function.ready() or not screen._live(function):
            return "it changes more than the bodies of functions"
        if function.code in screen._codes:
            return "what it changes runs while modules are imported"
        if not function.is_plain():
            return "what decorates %s may hold its code" % function.node.name
        new = function.change(edits)
        if new is None or new is BROKEN:
            return "it changes more than what %s does" % function.node.name
        self.codes[function] = new
        return ""


class _Comparison:
    """Texts, run beside each other in this process."""

    def __init__(self, screen, request, texts, functions, say):
        self._screen, self._request, self._texts, self._functions = screen, request, texts, functions
        self._say, self._pid = say, os.getpid()
        self._hold = _Hold(screen._root)
        self._leftovers = screen._leftovers
        self._leftovers.enter()
        self._turns, self._opaque, self._drawn = ALL_TURNS, False, False
        self._ends = _Deadline(request["seconds"], ALL_SECONDS)
        self._left_out = {}

    def run(self):
        self._guard()
        calls = self._recorded()
        examples = self._examples()
        for some in _parts(self._inputs(calls), TOLD):
            self._say(inputs=some)
        self._say(examples=examples)
        self._say(left_out=list(self._left_out))

    def _guard(self):
        """Let all functions of the files count the turns of their loops."""
        for source in {function.source for function in self._functions}:
            for function in source.functions:
                if function.ready():
                    for live in self._screen._live(function):
                        live.__code__ = function.fuelled

    def _wear(self, text):
        """Let the live functions run the code of a text."""
        for function in self._functions:
            code = text.codes.get(function, function.fuelled)
            for live in self._screen._live(function):
                live.__code__ = code

    # --- what is called -----------------------------------------------------------------------

    def _recorded(self):
        """Calls that the tests make of the changed functions, and of those that they call to reach these."""
        calls = Recording(self._screen, self._functions)
        ends = _Deadline(self._request["seconds"] / 3, ALL_SECONDS / 3)
        for origin in ("failing", "passing"):
            asked = frozenset(self._request[origin])
            tests = [test for id, test in self._screen._tests if is_chosen(id, asked)]
            for test in tests:
                if calls.has_enough(origin) or ends.has_come():
                    break
                self._clear()
                self._screen._meter.fill(TEST_TURNS)
                with calls.of(origin):
                    try:
                        with _TimeLimit(*ends.left()):
                            test.run()
                    except (OutOfTime, OutOfFuel, KeyboardInterrupt, Exception):
                        pass  # what ends the test ends what can be seen of it
                    finally:
                        self._stay()
                self._restore()
        self._leftovers.expect_threads()
        self._left_out.update(dict.fromkeys(calls.left_out))
        return calls.found()

    def _inputs(self, recorded):
        """Inputs with what each text did, of the calls that were recorded and of others like them."""
        known = {call.text for call in recorded}
        more = likes(recorded, known, self._request["seed"])
        for call in itertools.islice(itertools.chain(recorded, more), self._request["most"]):
            if self._turns <= 0 or self._ends.has_come():
                self._left_out["Time was over before all inputs were compared."] = None
                return
            did = self._tried(call)
            if did is not None:
                yield {
                    "call": call.text, "origin": call.origin, "exact": call.exact, "imports": call.imports, "did": did,
                }  # fmt: skip

    def _tried(self, call):
        """What each text does with a call; None when that says nothing."""
        original, self._opaque = self._texts[0], False
        first = self._did(original, call)
        if self._hold.touched:
            self._left_out["Calls that would write, import, start a process or use the network were ended."] = None
            return None
        if first[0] == UNKNOWN and not self._opaque:
            self._left_out["Calls that take long were left out."] = None
            return None
        if self._restore():
            self._left_out[_LEAVES] = None
            return None
        if self._opaque:
            self._left_out["Calls that give what cannot be looked into were left out."] = None
            return None
        found = [first]
        for text in self._texts[1:]:
            found.append(_NOTHING if text.why else self._did(text, call))
            if self._hold.touched:
                found[-1] = _NOTHING
        if self._restore():
            self._left_out[_LEAVES] = None
            return None
        if self._did(original, call) != first:
            self._left_out["Calls that give another outcome each time were left out."] = None
            return None
        return found

    def _did(self, text, call):
        """What a text does with a call: kind, what is shown, what it made of its arguments, whether it is exact."""
        try:
            positional, named = call.arguments()
        except Unfit:
            return _NOTHING
        self._wear(text)
        self._clear()
        meter = self._screen._meter
        turns = TURNS if call.origin.startswith("near") else TURNS_IN_TESTS
        meter.fill(turns)
        before = [Shown(value).text for value in (*positional, *named.values())]
        kind, value = self._called(call, positional, named)
        self._turns -= turns if meter.empty else meter.used()
        if kind != GIVES:
            return [kind, value, "", False]
        value = Shown(positional[0] if call.callee.makes else value)
        if value.opaque:
            self._opaque = True
            return _NOTHING
        left = call.left(before, positional, named)
        return [GIVES, value.text, left, value.exact and not (left or value.imports or self._drawn)]

    def _called(self, call, positional, named):
        """Whether a call gives something or how else it ends, and what it gives or raises."""
        try:
            with self._hold, _TimeLimit(CPU_SECONDS, SECONDS):
                value = call.callee.function(*positional, **named)
                self._drawn = inspect.isgenerator(value) or type(value) in _DRAWN
                if self._drawn:
                    value = list(itertools.islice(value, YIELDED))
            return (ENDLESS, "") if self._screen._meter.empty else (GIVES, value)
        except OutOfFuel:
            return ENDLESS, ""
        except _CUT:
            return UNKNOWN, ""
        except BaseException as error:  # whatever it raises is what it does
            if self._screen._meter.empty:
                return ENDLESS, ""
            return RAISES, _raised(error)
        finally:
            self._stay()

    # --- what docstrings say ------------------------------------------------------------------

    def _examples(self):
        """Examples in the docstrings of the changed functions, with what each text gave where it is something else."""
        found = []
        for function in self._functions:
            live = self._screen._live(function)[0]
            if ">>>" not in (live.__doc__ or ""):
                continue
            from _trm_zygote import docstrings  # seldom needed, and heavy

            examples = docstrings.examples(live.__doc__)
            got = [{} if text.why else self._doctested(text, live, examples) for text in self._texts]
            for number, example in enumerate(examples):
                if example.want:
                    answers = [one.get(number, "") for one in got]
                    found.append({"call": example.source.strip(), "want": example.want.strip(), "got": answers})
        return found

    def _doctested(self, text, live, examples):
        """What examples gave that is not what they should, by number."""
        from _trm_zygote import docstrings

        self._wear(text)
        self._clear()
        self._screen._meter.fill(TURNS)
        runner = docstrings.Runner(_gave)
        try:
            with self._hold, _TimeLimit(CPU_SECONDS, SECONDS):
                runner.run_all(examples, live)
        except (*_CUT, OutOfFuel, KeyboardInterrupt, SystemExit):
            pass  # what it has come to so far was told
        finally:
            self._stay()
        self._restore()
        return {} if self._hold.ended else runner.found

    # --- this process -------------------------------------------------------------------------

    def _clear(self):
        for cache in self._screen._caches:
            cache.cache_clear()
        seed_randomness(self._request["seed"])

    def _restore(self):
        """Put back what was left behind; return whether there was anything."""
        changed = self._leftovers.changed()
        for holder in changed:
            holder.restore()
        return bool(changed)

    def _stay(self):
        if os.getpid() != self._pid:
            os._exit(0)  # the code forked, and its child came back here


_DRAWN = (map, filter, zip, enumerate, reversed, type(iter([])), type(iter(())), type(iter(range(0))))


def _gave(error):
    """What an example gave that ended so; None where that says nothing."""
    if isinstance(error, _CUT):
        return None
    return "no end in sight" if isinstance(error, OutOfFuel) else _raised(error)


def _raised(error):
    try:
        said = str(error)
    except Exception:  # whatever its own text raises
        said = ""
    name = type(error).__name__
    return ADDRESS.sub("0x\u2026", "%s: %s" % (name, said) if said else name)[:300]


def _parts(things, size):
    """Things in lists of at most `size`."""
    part = []
    for thing in things:
        part.append(thing)
        if len(part) == size:
            yield part
            part = []
    if part:
        yield part


class _Deadline:
    """An end in CPU time and in time, whichever comes first."""

    def __init__(self, cpu, seconds):
        self._cpu, self._time = time.process_time() + cpu, time.monotonic() + seconds

    def left(self):
        """Seconds of both that are left, a few of them always."""
        return max(0.01, self._cpu - time.process_time()), max(0.01, self._time - time.monotonic())

    def has_come(self):
        return time.process_time() > self._cpu or time.monotonic() > self._time


class _TimeLimit:
    """A context in which the clock ends what is not counted: loops inside C, sleep, recursion."""

    def __init__(self, cpu, seconds):
        self._cpu, self._seconds = cpu, seconds

    def __enter__(self):
        signal.setitimer(signal.ITIMER_PROF, self._cpu)
        signal.setitimer(signal.ITIMER_REAL, self._seconds)

    def __exit__(self, *_):
        _stop_timers()


class _Hold:
    """A context in which nothing reaches beyond this process's memory: what would is ended by Forbidden.

    `ended`: whether anything would have. `touched`: whether it would, or read or imported code of the workspace.
    """

    _FORBIDDEN = PROCESSES | CHANGES | _NETWORK

    def __init__(self, root):
        self._root, self._on = root, False
        self.touched = self.ended = False
        sys.addaudithook(self._hear)  # Python gives these no end

    def __enter__(self):
        self._on, self.touched, self.ended = True, False, False

    def __exit__(self, *_):
        self._on = False

    def _hear(self, event, arguments):
        if not self._on:
            return
        if event == "open":
            path, _, flags = arguments
            if isinstance(flags, int) and flags & WRITES:
                self._end(event)
            self.touched = self.touched or (str(path).endswith(".py") and is_workspace(str(path), self._root))
        elif event == "exec":
            self.touched = self.touched or is_workspace(getattr(arguments[0], "co_filename", ""), self._root)
        elif event in self._FORBIDDEN:
            self._end(event)

    def _end(self, event):
        self.touched = self.ended = True
        raise Forbidden(event)
