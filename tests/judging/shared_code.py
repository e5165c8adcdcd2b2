"""Whether candidates that share one code object do what each does that is compiled alone: run both, and compare.

A program for any Python from 3.8 on. Its functions run in a world of spies:
every name that they read is one, every operation on one gives another, is
noted, and goes by chance, so that nothing real is touched. What is compared
are the notes, with the lines they come from, the result, and the loop turns.
"""

import json
import os
import random
import sys
import types

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))

from trm_lsp.zygote.main import load_package

load_package()

from _trm_zygote import swapping  # noqa: E402
from _trm_zygote.fuel import Meter  # noqa: E402
from _trm_zygote.schemata import Schemata, Switch  # noqa: E402
from _trm_zygote.swapping import BROKEN, Source  # noqa: E402

TURNS, OPERATIONS, DEPTH, ITEMS = 60, 400, 4, 3
_ERRORS = {
    name: value
    for name, value in vars(__import__("builtins")).items()
    if isinstance(value, type) and issubclass(value, BaseException)
}
_RAISED = (ValueError, KeyError, AttributeError, TypeError, StopIteration, OSError)
_STEPPED = (types.GeneratorType, types.CoroutineType, types.AsyncGeneratorType)
_MADE = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and", "or", "xor", "lshift", "rshift")
_OPERATIONS = [
    *_MADE, *("r" + name for name in _MADE), *("i" + name for name in _MADE), "lt", "le", "gt", "ge", "eq", "ne",
    "getitem", "setitem", "delitem", "neg", "pos", "invert", "call", "enter", "aenter", "aexit", "anext", "await",
]  # fmt: skip


class Enough(BaseException):
    """The world has seen as many operations as it allows."""


class World:
    """What has been done with its spies, and the chance that decides what they say."""

    def __init__(self, seed, path, lines):
        self._chance, self._path, self._lines = random.Random(seed), path, lines
        self.notes, self._spies, self._telling = [], 0, 0

    def spy(self):
        self._spies += 1
        made = Spy()
        object.__setattr__(made, "_world", self)
        object.__setattr__(made, "_number", self._spies)
        object.__setattr__(made, "_truth", None)
        return made

    def note(self, *what):
        """Note an operation, on the line it comes from; raise an error now and then."""
        self.notes.append((self._line(), *what))
        if len(self.notes) > OPERATIONS:
            raise Enough()
        if self._chance.random() < 0.02:
            raise self._chance.choice(_RAISED)("by chance")

    def is_so(self):
        return self._chance.random() < 0.5

    def _line(self):
        frame = sys._getframe(2)
        while frame is not None and frame.f_code.co_filename != self._path:
            frame = frame.f_back
        return self._lines.get(frame.f_lineno, frame.f_lineno) if frame is not None else 0

    def told(self, thing, depth=DEPTH):
        """A value as what can be compared: what it holds, what it does when it is called or gone through."""
        kind = type(thing)
        if kind is Spy:
            return f"spy {object.__getattribute__(thing, '_number')}"
        if kind in (tuple, list) and depth:
            return [kind.__name__] + [self.told(part, depth - 1) for part in thing]
        if kind in (dict, types.MappingProxyType) and depth:
            return [kind.__name__] + [[self.told(k, depth - 1), self.told(v, depth - 1)] for k, v in thing.items()]
        if kind in (set, frozenset) and depth:
            return [kind.__name__, *sorted(str(self.told(part, depth - 1)) for part in thing)]
        if kind is slice:
            return ["slice"] + [self.told(part, depth) for part in (thing.start, thing.stop, thing.step)]
        if kind is RecursionError:
            return kind.__name__  # how deep it came, and where it was then, is up to the interpreter
        if isinstance(thing, BaseException):
            return [
                kind.__name__,
                self.told(thing.args, depth),
                [str(type(e)) for e in (thing.__cause__, thing.__context__)],
            ]
        run = (
            self._called
            if isinstance(thing, types.FunctionType)
            else self._driven
            if isinstance(thing, _STEPPED)
            else None
        )
        if run is not None and depth and self._telling < DEPTH:
            self._telling += 1
            try:
                return run(thing, depth)
            finally:
                self._telling -= 1
        if depth and isinstance(thing, type) and thing.__module__ == "spied":
            names = {name: value for name, value in vars(thing).items() if name not in ("__dict__", "__weakref__")}
            names.pop("__firstlineno__", None)
            names.pop("__static_attributes__", None)
            return [thing.__qualname__, self.told(names, depth)]
        return repr(thing) if kind in (int, float, complex, str, bytes, bool, type(None), range) else kind.__name__

    def _called(self, function, depth):
        code = function.__code__
        about = [function.__qualname__, function.__doc__, self.told(function.__annotations__, depth - 1)]
        about += [self.told(function.__defaults__, 1), code.co_varnames[: code.co_argcount], code.co_flags & 0x2AC]
        return [*about, self.outcome(lambda: call(function, self), depth - 1)]

    def _driven(self, thing, depth):
        step = next
        if isinstance(thing, types.CoroutineType):
            step = lambda coroutine: coroutine.send(None)  # noqa: E731
        elif isinstance(thing, types.AsyncGeneratorType):
            step = lambda generator: generator.asend(None).send(None)  # noqa: E731
        found = [type(thing).__name__]
        for _ in range(ITEMS):
            found.append(self.outcome(lambda: step(thing), depth - 1))
            if found[-1][0] == "raised":
                break
        return found

    def outcome(self, do, depth=DEPTH):
        """What comes of it: a value or an error, with the lines that the error came through."""
        try:
            return ["gave", self.told(do(), depth)]
        except BaseException as error:  # code may well raise SystemExit
            lines, trace = [], error.__traceback__
            if isinstance(error, UnboundLocalError):
                trace = None  # Python 3.11 may tell the line before
            while trace is not None:
                if trace.tb_frame.f_code.co_filename == self._path:
                    lines.append(self._lines.get(trace.tb_lineno, trace.tb_lineno))
                trace = trace.tb_next
            return ["raised", self.told(error, 2), lines]


class Spy:
    """Anything: every operation gives another spy."""

    __slots__ = ("_number", "_truth", "_world")

    def __bool__(self):
        # It says the same each time: before Python 3.10, how often it is asked is up to the length of the code.
        truth = object.__getattribute__(self, "_truth")
        if truth is None:
            world = object.__getattribute__(self, "_world")
            world.note("bool", world.told(self))
            truth = world.is_so()
            object.__setattr__(self, "_truth", truth)
        return truth

    def __getattribute__(self, name):
        world = object.__getattribute__(self, "_world")
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        world.note("get", world.told(self), name)
        return world.spy()

    def __setattr__(self, name, value):
        world = object.__getattribute__(self, "_world")
        world.note("set", world.told(self), name, world.told(value))

    def __delattr__(self, name):
        world = object.__getattribute__(self, "_world")
        world.note("del", world.told(self), name)

    def __iter__(self):
        world = object.__getattribute__(self, "_world")
        world.note("iter", world.told(self))
        return iter([world.spy() for _ in range(1 + world.is_so() + world.is_so())])

    __aiter__ = None

    def __contains__(self, thing):
        world = object.__getattribute__(self, "_world")
        world.note("contains", world.told(self), world.told(thing))
        return world.is_so()

    def __exit__(self, *given):
        world = object.__getattribute__(self, "_world")
        world.note("exit", world.told(self), world.told(given))
        return world.is_so()

    def keys(self):  # for `**`
        return ["key"]

    def __str__(self):
        world = object.__getattribute__(self, "_world")
        world.note("str", world.told(self))
        return world.told(self)

    __repr__ = __str__

    def __format__(self, how):
        world = object.__getattribute__(self, "_world")
        world.note("format", world.told(self), how)
        return world.told(self)

    def __hash__(self):
        return object.__getattribute__(self, "_number")

    def __index__(self):
        world = object.__getattribute__(self, "_world")
        world.note("index", world.told(self))
        return 2


def _operation(name):
    def operate(self, *given, **named):
        world = object.__getattribute__(self, "_world")
        world.note(name, world.told(self), world.told(given), world.told(named))
        return world.spy()

    return operate


for _name in _OPERATIONS:
    setattr(Spy, f"__{_name}__", _operation(_name))


def call(function, world):
    """Call a function with as many spies as it has arguments."""
    code = function.__code__
    positional = code.co_argcount + 2 * bool(code.co_flags & 0x4)
    named = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
    return function(*[world.spy() for _ in range(positional)], **{name: world.spy() for name in named})


def names(code):
    """Names that code reads, nested code too."""
    for name in code.co_names:
        yield name
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            for name in names(constant):
                yield name


def observed(code, seed, meter, lines, given):
    """Everything that a function with this code does among spies; `given`: every name there is."""
    world = World(seed, code.co_filename, lines)
    space = {name: world.spy() for name in given}
    builtins = dict(_ERRORS, __build_class__=__build_class__)
    for name in ("super", "locals", "type", "property", "staticmethod", "classmethod", "str", "range", "len"):
        if name in space and world.is_so():
            builtins[name] = vars(__import__("builtins"))[name]
            del space[name]
    builtins["__import__"] = space["__import__"] = world.spy()
    space.update(__builtins__=builtins, __name__="spied")
    for name in _ERRORS:
        space.pop(name, None)
    cells = tuple([types.CellType(Spied if name == "__class__" else world.spy()) for name in code.co_freevars])
    meter.fill(TURNS)
    function = types.FunctionType(code, space, code.co_name, None, cells)
    found = world.outcome(lambda: call(function, world))
    used = TURNS if meter.empty else meter.used()
    return {"outcome": found, "turns": used, "notes": world.notes}


class Spied:
    """What `__class__` is in methods."""


def lines_of(function):
    """Lines of expressions of many lines, by line: which of them a shared code object comes from does not matter."""
    text, found = function.source.text, {}
    for slot in reversed(function._slots):
        first = text.count("\n", 0, slot.start) + 1
        found.update((line, first) for line in range(first, first + slot.lines + 1))
    return found


def in_file(function, edits):
    """The code of a function in its whole file with sorted edits, None when there is none, or more."""
    text, parts, last = function.source.text, [], 0
    for start, end, new in edits:
        parts += [text[last:start], new]
        last = end
    try:
        whole = compile("".join(parts) + text[last:], function.source.path, "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        return None
    first = function.code.co_firstlineno
    found = [code for code in swapping._codes(whole, function._names) if code.co_firstlineno == first]
    return found[0] if len(found) == 1 else None


def differences(path, encoding, candidates, seeds):
    """Of candidates of one file, each a list of edits: those that share code and do another thing than alone.

    Returns these as `(edits, what differs, shared, alone)`, and how many were compared that share code.
    """
    meter, switch = Meter(), Switch()
    source = Source(path, encoding, False, {**meter.planted, **switch.planted})
    changes = []
    for edits in candidates:
        function = source.function(edits)
        changes.append((function if function and function.ready() else None, edits))
    schemata = Schemata(switch, changes)
    found, compared, lines = [], 0, {}
    for number, (function, edits) in enumerate(changes):
        if function is None:
            continue
        shared, alone = schemata.code(number), function.change(edits)
        is_shared = switch._chosen != 0
        if alone is BROKEN or not is_shared:
            continue
        compared += 1
        guarded = alone is not None
        if not guarded:  # what cannot be swapped alone has yet to do what it does in the whole file
            alone = in_file(function, edits)
        if alone is None or swapping._docstring(alone) != swapping._docstring(shared):
            found.append((edits, "it is refused alone", "", ""))
            continue
        if function not in lines:
            lines[function] = lines_of(function)
        given = sorted({*names(alone), *names(shared)})
        for seed in range(seeds):
            schemata.code(number)
            both = [observed(code, seed, meter, lines[function], given) for code in (shared, alone)]
            if sys.version_info[:2] == (3, 12) and "UnboundLocalError" in str(both[1]["outcome"]):
                continue  # alone, the compiler may take another comprehension's name for a variable
            what = next((key for key in both[0] if both[0][key] != both[1][key] and (guarded or key != "turns")), None)
            if what is not None:
                found.append((edits, what, repr(both[0][what]), repr(both[1][what])))
                break
    return found, compared


def main():
    """Read requests from stdin, one for each file; write what differs."""
    answer = {"differences": [], "compared": 0}
    for path, encoding, candidates, seeds in json.load(sys.stdin):
        try:
            found, compared = differences(path, encoding, candidates, seeds)
        except SyntaxError:
            continue  # it is of another version's syntax
        answer["differences"] += [(path, *difference) for difference in found]
        answer["compared"] += compared
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
