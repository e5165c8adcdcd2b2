"""What a run leaves behind in memory: found by comparing, and put back.

Looks at what the workspace's modules hold and reach: globals, attributes of
classes and of objects, containers, closures and defaults. An object is
compared by the identity of its parts, so that no code of the user's runs.
"""

import builtins
import collections
import gc
import itertools
import operator
import os
import random
import signal
import sys
import types

from _trm_zygote.paths import is_workspace
from _trm_zygote.runs import threads

MOST = 20000
"""Things looked at; what lies behind them is not."""
_DEPTH = 8
_FOREIGN_DEPTH = 3
"""How far into objects whose class is not the workspace's."""
_IGNORED_MODULES = ("logging", "threading", "_thread", "re", "weakref", "_weakref", "pytest", "_pytest", "unittest")
_IGNORED_KEYS = frozenset(["__warningregistry__", "PYTEST_CURRENT_TEST", b"PYTEST_CURRENT_TEST"])
_ATOMS = (int, float, complex, str, bytes, bool, type(None), range, types.CodeType, types.ModuleType)
_STATEFUL = tuple(
    type(thing)
    for thing in (
        iter(()), iter([]), iter({}), iter(set()), iter(""), iter(range(0)), iter({}.values()), iter({}.items()),
        reversed([]), enumerate(()), zip(), map(len, ()), filter(None, ()), itertools.count(), itertools.cycle(()),
    )
)  # fmt: skip


class Leftovers:
    """The state as it is now, to compare with later and to go back to."""

    def __init__(self, root, values=()):
        """Look at every imported module of the workspace, at `values`, and at what all of Python shares."""
        self._seen = {}
        self._holders = []
        self._queue = collections.deque()
        self._own = set()
        for name, module in list(sys.modules.items()):
            path = getattr(module, "__file__", None)
            if isinstance(path, str) and is_workspace(os.path.abspath(path), root):
                self._own.add(name)
                self._hold(_Names(vars(module)))
        for value in (*values, os.environ._data, sys.path):
            self._reach(value, 0)
        while self._queue:
            self._look(*self._queue.popleft())
        self._holders.append(_Names(vars(builtins)))
        self._known = []

    def __len__(self):
        return len(self._holders)

    def changed(self):
        """Those that differ from the state."""
        return [holder for holder in self._holders if holder.changed()]

    def remember(self, holders):
        """These change with every run: `renew` looks at them alone."""
        self._known = list(holders)

    def renew(self):
        """Put back what was remembered."""
        for holder in self._known:
            if holder.changed():
                holder.restore()

    def generators(self):
        """Code of the generators that are there: where one stands cannot be put back, nor be seen for sure."""
        return [holder.code for holder in self._holders if isinstance(holder, _Generator)]

    def enter(self):
        """In the process that is to be looked at: look at what is its own as well."""
        self._threads = _Threads()
        self._holders += (_Process(), self._threads)

    def expect_threads(self):
        """Those that run now belong to the state: a pool's, or what waits for ever."""
        self._threads.allowed = threads()

    def allow_threads(self, more):
        """So many more belong to the state from now on."""
        self._threads.allowed += max(0, more)

    def expect_more_threads(self):
        """When there are more by now, there are more with every run: no longer look at them."""
        if self._threads.changed():
            self._threads.allowed = float("inf")

    def watch(self, thing):
        """Look at one more container."""
        self._add(next(holder for base, holder in _CONTAINERS if isinstance(thing, base))(thing))

    def _hold(self, holder):
        self._holders.append(holder)
        for part in holder.parts():
            self._reach(part, 1)

    def _reach(self, thing, depth, foreign=0):
        # type(), not isinstance(): a proxy may run code of its own to say what it is.
        if issubclass(type(thing), _ATOMS) or id(thing) in self._seen or len(self._seen) >= MOST or depth > _DEPTH:
            return
        self._seen[id(thing)] = thing
        self._queue.append((thing, depth, foreign))

    def _look(self, thing, depth, foreign):
        kind = type(thing)
        parts = ()
        if issubclass(kind, type):
            if thing.__module__ in self._own:
                parts = self._add(_Attributes(thing))
        elif kind is types.FunctionType:
            parts = [*(thing.__defaults__ or ()), *(thing.__kwdefaults__ or {}).values()]
            cells = [cell for cell in thing.__closure__ or () if _filled(cell)]
            for cell in cells:
                parts += self._add(_Cell(cell))
            if thing.__dict__:
                parts += self._add(_Names(thing.__dict__))
        elif kind in (types.MethodType, staticmethod, classmethod):
            parts = [thing.__func__, getattr(thing, "__self__", None)]
        elif kind is property:
            parts = [thing.fget, thing.fset, thing.fdel]
        elif kind in (tuple, frozenset):
            parts = thing
        elif kind is random.Random:
            self._add(_Random(thing))
        elif kind in _STATEFUL:
            self._add(_Iterator(thing))
        elif kind is types.GeneratorType:
            self._add(_Generator(thing))
        elif kind.__module__.partition(".")[0] in _IGNORED_MODULES:
            return
        else:
            parts = self._contents(thing)
            if kind.__module__ not in self._own and kind.__module__ not in ("builtins", "collections"):
                foreign += 1
        if foreign <= _FOREIGN_DEPTH:
            for part in parts:
                self._reach(part, depth + 1, foreign)

    def _contents(self, thing):
        """What an object holds as a container, in its dictionary and in its slots."""
        kind, parts = type(thing), []
        for base, holder in _CONTAINERS:
            if issubclass(kind, base):
                parts += self._add(holder(thing))
                break
        else:
            if issubclass(kind, tuple):
                parts += tuple.__iter__(thing)
        try:
            names = object.__getattribute__(thing, "__dict__")
        except AttributeError:
            names = None
        if type(names) is dict:
            parts += self._add(_Names(names))
        slots = _slots(kind)
        if slots:
            parts += self._add(_Slots(thing, slots))
        return parts

    def _add(self, holder):
        self._holders.append(holder)
        return list(holder.parts())


def _same(one, other):
    return len(one) == len(other) and all(map(operator.is_, one, other))


class _Names:
    """A dictionary, of names or of any keys."""

    def __init__(self, thing):
        self._thing = thing
        self._kind = collections.OrderedDict if issubclass(type(thing), collections.OrderedDict) else dict
        self._keys, self._values = list(self._kind.keys(thing)), list(self._kind.values(thing))

    def parts(self):
        return self._values

    def changed(self):
        keys, values = list(self._kind.keys(self._thing)), list(self._kind.values(self._thing))
        if _same(values, self._values) and _same(keys, self._keys):
            return False
        return not all(map(_same, _counted(keys, values), _counted(self._keys, self._values)))

    def restore(self):
        pairs = list(zip(self._keys, self._values))  # noqa: B905 - Python 3.8; `zip` itself may be among the names
        self._kind.clear(self._thing)
        for key, value in pairs:
            self._kind.__setitem__(self._thing, key, value)


def _counted(keys, values):
    """Keys and values, without those that do not count."""
    kept = [(k, v) for k, v in zip(keys, values) if not (type(k) in (str, bytes) and k in _IGNORED_KEYS)]  # noqa: B905 - Python 3.8
    return [k for k, _ in kept], [v for _, v in kept]


class _List:
    def __init__(self, thing):
        self._thing, self._saved = thing, list(list.__iter__(thing))

    def parts(self):
        return self._saved

    def changed(self):
        return not _same(list(list.__iter__(self._thing)), self._saved)

    def restore(self):
        list.__setitem__(self._thing, slice(None), self._saved)


class _Deque(_List):
    def __init__(self, thing):
        self._thing, self._saved = thing, list(collections.deque.__iter__(thing))

    def changed(self):
        return not _same(list(collections.deque.__iter__(self._thing)), self._saved)

    def restore(self):
        collections.deque.clear(self._thing)
        collections.deque.extend(self._thing, self._saved)


class _Set(_List):
    def __init__(self, thing):
        self._thing, self._saved = thing, list(set.__iter__(thing))

    def changed(self):
        return set(map(id, set.__iter__(self._thing))) != set(map(id, self._saved))

    def restore(self):
        set.clear(self._thing)
        set.update(self._thing, self._saved)


class _Bytes:
    def __init__(self, thing):
        self._thing, self._saved = thing, bytes(thing)

    def parts(self):
        return ()

    def changed(self):
        return bytes(self._thing) != self._saved

    def restore(self):
        self._thing[:] = self._saved


_CONTAINERS = [
    (dict, _Names), (list, _List), (set, _Set), (collections.deque, _Deque), (bytearray, _Bytes),
]  # fmt: skip


class _Attributes:
    """The attributes of a class."""

    def __init__(self, thing):
        self._thing, self._saved = thing, dict(vars(thing))
        self._values = list(self._saved.values())

    def parts(self):
        return self._values

    def changed(self):
        return (
            not _same(list(vars(self._thing).values()), self._values) or vars(self._thing).keys() != self._saved.keys()
        )

    def restore(self):
        now = dict(vars(self._thing))
        for name in now.keys() - self._saved.keys():
            type.__delattr__(self._thing, name)
        for name, value in self._saved.items():
            if name not in now or now[name] is not value:
                type.__setattr__(self._thing, name, value)


def _slots(kind):
    """Descriptors of the slots a class and its bases declare."""
    return [
        descriptor
        for base in kind.__mro__
        if "__slots__" in vars(base)
        for descriptor in vars(base).values()
        if type(descriptor) is types.MemberDescriptorType
    ]


class _Slots:
    def __init__(self, thing, slots):
        self._thing, self._slots = thing, slots
        self._saved = self._now()

    def _now(self):
        values = []
        for slot in self._slots:
            try:
                values.append(slot.__get__(self._thing))
            except AttributeError:
                values.append(Leftovers)  # nothing there
        return values

    def parts(self):
        return [value for value in self._saved if value is not Leftovers]

    def changed(self):
        return not _same(self._now(), self._saved)

    def restore(self):
        for slot, value in zip(self._slots, self._saved):  # noqa: B905 - Python 3.8
            try:
                slot.__delete__(self._thing) if value is Leftovers else slot.__set__(self._thing, value)
            except AttributeError:
                pass  # nothing was there to delete


def _filled(cell):
    try:
        cell.cell_contents  # noqa: B018 - an empty cell says so
    except ValueError:
        return False
    return True


class _Cell:
    """A variable of an outer function."""

    def __init__(self, cell):
        self._cell, self._saved = cell, cell.cell_contents

    def parts(self):
        return (self._saved,)

    def changed(self):
        return not _filled(self._cell) or self._cell.cell_contents is not self._saved

    def restore(self):
        self._cell.cell_contents = self._saved


class _Random:
    def __init__(self, thing):
        self._thing, self._saved = thing, thing.getstate()

    def parts(self):
        return ()

    def changed(self):
        return self._thing.getstate() != self._saved

    def restore(self):
        self._thing.setstate(self._saved)


class _Iterator:
    """Where an iterator stands; it cannot be put back."""

    def __init__(self, thing):
        self._thing = thing
        self._saved = self._state()

    def parts(self):
        return ()

    def _state(self):
        return repr(self._thing), operator.length_hint(self._thing, -1)

    def changed(self):
        return self._state() != self._saved

    def restore(self):
        pass


class _Generator(_Iterator):
    """Where a generator stands, as far as can be seen: what it loops over cannot."""

    def _state(self):
        frame = self._thing.gi_frame
        return None if frame is None else (frame.f_lasti, [id(value) for value in frame.f_locals.values()])

    @property
    def code(self):
        return self._thing.gi_code


_SIGNALS = [getattr(signal, name) for name in ("SIGALRM", "SIGINT", "SIGTERM", "SIGUSR1") if hasattr(signal, name)]


class _Process:
    """What a process has once: the folder it works in, how deep it may recurse, signals, open files."""

    def __init__(self):
        self._saved = self._now()

    def _now(self):
        try:
            folder = os.getcwd()
        except OSError:
            folder = None
        try:
            files = len(os.listdir("/proc/self/fd"))
        except OSError:
            files = None
        handlers = [signal.getsignal(one) for one in _SIGNALS]
        decimal, socket = sys.modules.get("decimal"), sys.modules.get("socket")
        context = repr(decimal.getcontext()) if decimal else None
        timeout = socket.getdefaulttimeout() if socket else None
        return folder, sys.getrecursionlimit(), handlers, gc.isenabled(), files, context, timeout

    def parts(self):
        return ()

    def changed(self):
        return self._now() != self._saved

    def restore(self):
        folder, depth, handlers, collects = self._saved[:4]
        sys.setrecursionlimit(depth)
        if folder is not None:
            os.chdir(folder)
        for one, handler in zip(_SIGNALS, handlers):  # noqa: B905 - Python 3.8
            signal.signal(one, handler)
        gc.enable() if collects else gc.disable()


class _Threads:
    """Threads that go on; they cannot be ended, but may end by themselves."""

    def __init__(self):
        self.allowed = threads()

    def parts(self):
        return ()

    def changed(self):
        return threads() > self.allowed

    def restore(self):
        pass
