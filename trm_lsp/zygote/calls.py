"""Calls that tests make, as they can be made again, and calls that are like them."""

import inspect
import itertools
import os
import random
import sys

from _trm_zygote.inputs import Copier, Shown, Unfit, is_plain, variations

LOOKED_AT = 60
"""Calls of a function in a test that are looked at."""
KEPT = {"failing": 8, "passing": 16}
"""Different calls of a function that are kept, by the outcome of the tests that make them."""
_NEAR = {"failing": "near failing", "passing": "near passing"}
_GENERATOR = inspect.CO_GENERATOR


class Callee:
    """A function as it is called by those who know its name. `why` says why it cannot be."""

    def __init__(self, function):
        self.function, self.name = function, function.__name__
        self._owner, self.kind = None, "function"
        self.why = self._find()
        self.makes = self.kind == "method" and self.name == "__init__"

    def _find(self):
        function = self.function
        if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
            return "%s is asynchronous, so it was not called." % self.name
        *owners, name = function.__qualname__.split(".")
        thing = sys.modules.get(function.__module__)
        try:
            for owner in owners:
                thing = self._owner = vars(thing)[owner]
            member = vars(thing)[name]
        except (KeyError, TypeError):
            return "%s has no name that others could call it by." % self.name
        if owners:
            kinds = {staticmethod: "static", classmethod: "of the class", property: "property"}
            self.kind = kinds.get(type(member), "method")
        behind = getattr(member, "__func__", None) or getattr(member, "fget", None) or member
        if inspect.unwrap(behind) is not function:
            return "%s is not what its name stands for." % self.name
        if behind is not function and inspect.isgeneratorfunction(function):
            return "%s is a generator that is decorated, so it was not called." % self.name
        return ""

    @property
    def receives(self):
        """How many of its first arguments stand for an object or a class."""
        return 1 if self.kind in ("method", "of the class", "property") else 0

    def import_line(self):
        first = self.function.__qualname__.partition(".")[0]
        return "from %s import %s" % (self.function.__module__, first)


class Call:
    """A call that can be made again and again, each time with arguments of its own."""

    def __init__(self, callee, positional, named, origin):
        """Keeps what it is given. Raises Unfit when that cannot be copied."""
        self.callee, self.origin = callee, origin
        self._positional, self._named = positional, named
        self.exact, self.imports = True, []
        self.text = self._text()

    def arguments(self):
        """Fresh copies of its arguments: a list, and a dict of those by name. Raises Unfit."""
        copier = Copier()
        return [copier.copy(value) for value in self._positional], {
            name: copier.copy(value) for name, value in self._named.items()
        }

    def places(self):
        """Where a plain value stands that another one could stand for."""
        found = [*range(self.callee.receives, len(self._positional)), *self._named]
        return [place for place in found if is_plain(self.at(place))]

    def at(self, place):
        """The argument at a place, a number or a name; raises LookupError."""
        return self._positional[place] if isinstance(place, int) else self._named[place]

    def like(self, place, value):
        """The same call with another value at one place."""
        positional, named = list(self._positional), dict(self._named)
        (positional if isinstance(place, int) else named)[place] = value
        return Call(self.callee, positional, named, _NEAR[self.origin])

    def left(self, before, positional, named):
        """What a call made of its arguments, as text, where they were changed; `before`: as they were shown."""
        code = self.callee.function.__code__
        names = [*code.co_varnames[: code.co_argcount], *("*%d" % n for n in range(len(positional)))][: len(positional)]
        after = [Shown(value).text for value in (*positional, *named.values())]
        changed = [
            "%s = %s" % (name, now)
            for name, was, now in zip([*names, *named], before, after)  # noqa: B905 - Python 3.8
            if was != now
        ]
        return ", ".join(changed[self.callee.makes :] if changed and self.callee.makes else changed)

    # --- as a person reads it -----------------------------------------------------------------

    def _text(self):
        callee, shown = self.callee, self._shown_arguments()
        owner = callee.function.__qualname__.rpartition(".")[0]
        inside = "(%s)" % ", ".join(shown)
        if callee.makes:
            self._need(callee.import_line())
            return owner + inside
        if callee.kind in ("method", "property"):
            receiver = self._show(self._positional[0])
            return "%s.%s%s" % (receiver, callee.name, inside if callee.kind == "method" else "")
        self._need(callee.import_line())
        return (owner + "." if owner else "") + callee.name + inside

    def _shown_arguments(self):
        code, function = self.callee.function.__code__, self.callee.function
        positional = self._positional[self.callee.receives :]
        shown = [self._show(value) for value in positional]
        defaults = [Shown(value).text for value in function.__defaults__ or ()]
        if len(self._positional) == code.co_argcount:  # what is as it would be is not said
            while shown and defaults and shown[-1] == defaults[-1]:
                shown.pop()
                defaults.pop()
        usual = {name: Shown(value).text for name, value in (function.__kwdefaults__ or {}).items()}
        for name, value in self._named.items():
            text = self._show(value)
            if usual.get(name) != text:
                shown.append("%s=%s" % (name, text))
        return shown

    def _show(self, value):
        shown = Shown(value)
        self.exact = self.exact and shown.exact
        for line in shown.imports:
            self._need(line)
        return shown.text

    def _need(self, line):
        if line not in self.imports:
            self.imports.append(line)


class Recording:
    """Records calls while tests run: of some functions, and of what the tests themselves call to reach them."""

    def __init__(self, screen, functions):
        self._screen, self._origin = screen, ""
        self._changed = {id(function.fuelled): screen._live(function)[0] for function in functions}
        self._files = {os.path.realpath(str(item.fspath)) for item in screen._items}
        self._below = screen._root + os.sep
        self._callees, self._kept, self._open, self._frames = {}, {}, [], []
        self._looked, self._reaching = {}, set()
        self.left_out = {}
        self._armed = {id(live.__code__): live for both in screen._functions.values() for live in both}

    def of(self, origin):
        """A context in which the calls of a test are recorded."""
        self._origin, self._looked, self._open, self._frames = origin, {}, [], []
        return _Profiled(self._note)

    def has_enough(self, origin):
        """Whether no more calls from such tests are wanted."""
        changed = [self._kept.get(key, {}) for key in self._changed]
        return all(len([c for c in kept.values() if c.origin == origin]) >= KEPT[origin] for kept in changed)

    def found(self):
        """The calls, those of failing tests first, each function's in turn; what the tests call first."""
        keys = [key for key in self._kept if key in self._reaching and key not in self._changed]
        keys += [key for key in self._kept if key in self._changed]
        found = []
        for origin in ("failing", "passing"):
            lists = [[call for call in self._kept[key].values() if call.origin == origin] for key in keys]
            found += [call for turn in itertools.zip_longest(*lists) for call in turn if call is not None]
        return found

    def _note(self, frame, event, argument):
        if event == "return":
            if self._open and self._open[-1][0] is frame:
                self._open.pop()
            return
        if event != "call":
            return
        code = frame.f_code
        key = id(code)
        if key in self._changed:
            self._reaching.update(outer for _, outer in self._open)
            self._take(key, self._changed[key], frame)
        elif code.co_filename.startswith(self._below) and frame.f_back is not None:
            caller = frame.f_back.f_code.co_filename
            if caller in self._files and code.co_filename not in self._files and key in self._armed:
                self._open.append((frame, key))
                self._take(key, self._armed[key], frame)

    def _take(self, key, function, frame):
        """Keep a call, when it is another one than those that are kept."""
        looked = self._looked[key] = self._looked.get(key, 0) + 1
        kept = self._kept.setdefault(key, {})
        if looked > LOOKED_AT or sum(call.origin == self._origin for call in kept.values()) >= KEPT[self._origin]:
            return
        if frame.f_code.co_flags & _GENERATOR:
            if any(one is frame for one in self._frames):
                return  # it goes on
            self._frames.append(frame)
        if key not in self._callees:
            self._callees[key] = Callee(function)
        callee = self._callees[key]
        if callee.why:
            self.left_out[callee.why] = None
            return
        try:
            call = Call(callee, *_arguments(frame), self._origin)
        except Unfit as unfit:
            self.left_out["Some calls of %s were left out: %s." % (callee.name, unfit)] = None
            return
        kept.setdefault(call.text, call)


class _Profiled:
    def __init__(self, note):
        self._note = note

    def __enter__(self):
        sys.setprofile(self._note)

    def __exit__(self, *_):
        sys.setprofile(None)


def _arguments(frame):
    """Copies of what a call that begins was given: a list, and a dict of those by name. Raises Unfit."""
    code, held, copier = frame.f_code, frame.f_locals, Copier()
    names, positional = code.co_varnames, code.co_argcount
    by_name = names[positional : positional + code.co_kwonlyargcount]
    rest = positional + code.co_kwonlyargcount
    given = [copier.copy(held[name]) for name in names[:positional]]
    named = {name: copier.copy(held[name]) for name in by_name}
    if code.co_flags & inspect.CO_VARARGS:
        given += [copier.copy(value) for value in held[names[rest]]]
        rest += 1
    if code.co_flags & inspect.CO_VARKEYWORDS:
        named.update((name, copier.copy(value)) for name, value in held[names[rest]].items())
    return given, named


# --- calls that are like them -----------------------------------------------------------------------


def likes(calls, known, seed):
    """Other calls, one like each in turn, the simplest changes first; `known` are texts of calls that there are."""
    turns = [_like(call, [other for other in calls if other.callee is call.callee], seed) for call in calls]
    while turns:
        for turn in list(turns):
            for call in turn:
                if call.text not in known:
                    known.add(call.text)
                    yield call
                    break
            else:
                turns.remove(turn)


def _like(call, others, seed):
    """Calls that differ from one at one place: values like its own there, None where it may be, values of others."""
    places = call.places()
    lists = [[(place, value) for value in variations(call.at(place))] for place in places]
    yield from (call.like(*change) for turn in itertools.zip_longest(*lists) for change in turn if change is not None)
    mixed = []
    for place in places:
        for other in others:
            try:
                value = other.at(place)
            except LookupError:
                continue
            if other is not call and is_plain(value):
                mixed.append((place, value))
    random.Random(seed).shuffle(mixed)
    yield from (call.like(*change) for change in mixed)
