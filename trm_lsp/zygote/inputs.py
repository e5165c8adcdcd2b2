"""Values that functions are called with: copies of them, how they are shown, and others that are like them.

Nothing here runs code of the user's but `__hash__` of enum members.
"""

import collections
import dataclasses
import enum
import math
import types
import zlib

ITEMS = 400
"""Things in a value that is copied, at most."""
LONGEST = 2000
"""Characters of a text in it."""
ITEMS_SHOWN = 5000
"""Things in a value that is shown; more of them tell nothing."""
SHOWN = 300
"""Characters of a value that is shown; of more, the beginning and what tells it from others."""
DEPTH = 12
BITS = 2000
"""Bits of an integer that is written: Python may refuse to write one of 640 digits, and takes long for a large one."""

_FLAT = frozenset([int, float, complex, bool, type(None), range, type(Ellipsis), type(NotImplemented)])
_HOLDING = (dict, list, tuple, set, frozenset, int, float, str, bytes)
_SHARED = (
    type, types.FunctionType, types.BuiltinFunctionType, types.ModuleType, types.MethodDescriptorType, enum.Enum,
)  # fmt: skip
_VALUES = {
    "datetime": "import datetime", "decimal": "from decimal import %s", "fractions": "from fractions import %s",
    "pathlib": "from pathlib import %s",
}  # fmt: skip
"""Modules whose values never change and show themselves as expressions, and what those need."""
_COPYING = (
    "__deepcopy__",
    "__copy__",
    "__reduce__",
    "__reduce_ex__",
    "__getstate__",
    "__setstate__",
    "__getattribute__",
)
"""Who has one of these says how it is copied; running that is not ours."""
_SEQUENCES = {list: "[%s]", tuple: "(%s)", set: "{%s}", frozenset: "frozenset({%s})"}


class Unfit(Exception):
    """A value cannot be copied: it is too large, or nobody but its own code knows how."""


class Copier:
    """Copies of what is given at one moment: what is one thing in it is one thing in its copy."""

    def __init__(self):
        self._known, self._left = {}, ITEMS

    def copy(self, value):
        """A copy of its own. Raises Unfit."""
        try:
            return self._copy(value)
        except RecursionError:
            raise Unfit("it is nested too deeply") from None

    def _copy(self, value):
        kind = type(value)
        if kind in _FLAT or kind is object or isinstance(value, _SHARED) or kind.__module__ in _VALUES:
            return value  # an `object()` is there to be told from all others
        if kind in (str, bytes):
            if len(value) > LONGEST:
                raise Unfit("it is too large")
            return value
        if id(value) not in self._known:
            self._left -= 1
            if self._left < 0:
                raise Unfit("it is too large")
            self._known[id(value)] = self._made(kind, value), value
        return self._known[id(value)][0]

    def _made(self, kind, value):
        if kind is tuple:
            return tuple([self._copy(item) for item in value])
        if kind in (set, frozenset):
            return kind([self._key(item) for item in value])
        if issubclass(kind, tuple) and hasattr(kind, "_fields"):
            return tuple.__new__(kind, [self._copy(item) for item in value])
        new = self._empty(kind, value)
        self._known[id(value)] = new, value  # before what it holds, which may hold it
        if kind in (list, collections.deque):
            new.extend([self._copy(item) for item in value])
        elif kind is bytearray:
            new.extend(value)
        elif isinstance(value, dict):
            for key, item in value.items():
                new[self._key(key)] = self._copy(item)
        else:
            self._fill(new, value)
        return new

    def _fill(self, new, value):
        """Give an object its data as it lies there: a property of the same name must not run."""
        slots = _slots(type(value))
        for name, item in data(value):
            if name in slots:
                slots[name].__set__(new, self._copy(item))
            else:
                object.__getattribute__(new, "__dict__")[name] = self._copy(item)

    def _empty(self, kind, value):
        if kind in (list, dict, bytearray, collections.OrderedDict, collections.Counter):
            return kind()
        if kind is collections.deque:
            return collections.deque(maxlen=value.maxlen)
        if kind is collections.defaultdict:
            return collections.defaultdict(value.default_factory)
        own = [one for one in kind.__mro__ if one is not object]
        if not _is_python(kind) or any(name in vars(one) for one in own for name in _COPYING):
            raise Unfit("an object of class %s cannot be copied" % kind.__name__)
        return object.__new__(kind)

    def _key(self, key):
        if type(key) in _FLAT or type(key) in (str, bytes) or isinstance(key, enum.Enum):
            return key
        if type(key) in (tuple, frozenset):
            for item in key:
                self._key(item)
            return key
        if type(key).__module__ in _VALUES:
            return key
        raise Unfit("a key of class %s cannot be copied" % type(key).__name__)


def data(thing):
    """Attributes of an object with what they hold, in the order they were made; nothing of the user's is run."""
    found = collections.OrderedDict()
    for name, slot in _slots(type(thing)).items():
        try:
            found[name] = slot.__get__(thing, type(thing))
        except AttributeError:
            continue
    try:
        found.update(object.__getattribute__(thing, "__dict__"))
    except AttributeError:
        pass
    return [(name, value) for name, value in found.items() if type(name) is str]


def _is_python(kind):
    """Whether all that objects of a class hold is in their dictionary and slots."""
    base = next(one for one in kind.__mro__ if not one.__flags__ & _HEAP_TYPE)
    return base is object and (kind.__dictoffset__ != 0 or any("__slots__" in vars(one) for one in kind.__mro__))


_HEAP_TYPE = 1 << 9


def _slots(kind):
    return {
        name: member
        for one in kind.__mro__
        for name, member in vars(one).items()
        if type(member) is types.MemberDescriptorType and not name.startswith("__")
    }


# --- showing --------------------------------------------------------------------------------------


def is_short(number):
    """Whether an integer may be written."""
    return int.bit_length(number) < BITS


def size(number):
    """In words, how large an integer is that is not written."""
    return "int of about %d digits" % (math.log10(int.__abs__(number)) + 1)


class Shown:
    """A value as text; `exact` when the text is an expression that gives it, once `imports` are made.

    `opaque`: whether there is more to it than what is shown, which only its own code knows.
    """

    def __init__(self, value):
        self.exact, self.imports, self.opaque = True, [], False
        self._inside, self._left = [], ITEMS_SHOWN
        self.text = self._show(value)
        if len(self.text) > SHOWN:
            self.exact = False
            sum = zlib.crc32(self.text.encode("utf-8", "backslashreplace"))
            self.text = "%s... (%d characters, %08x)" % (self.text[:SHOWN], len(self.text), sum)

    def _show(self, value):
        kind = type(value)
        if kind in (float, complex):
            self.exact = self.exact and not any(sign in repr(value) for sign in ("n", "j"))  # nan and inf
            return repr(value)
        if kind is int:
            return self._integer(value)
        if kind in _FLAT or kind in (str, bytes, bytearray):
            return self._written(value)
        self._left -= 1
        if id(value) in self._inside or len(self._inside) > DEPTH or self._left < 0:
            self.exact = False
            return "..."
        self._inside.append(id(value))
        try:
            return self._compound(kind, value)
        finally:
            self._inside.pop()

    def _compound(self, kind, value):
        if kind in _SEQUENCES:
            return self._sequence(kind, value)
        if kind is dict:
            return "{%s}" % self._pairs(value)
        if kind in (collections.OrderedDict, collections.Counter, collections.defaultdict, collections.deque):
            self._need("from collections import %s" % kind.__name__)
            if kind is collections.deque:
                self.exact = self.exact and value.maxlen is None
                return "deque([%s])" % ", ".join([self._show(item) for item in value])
            if kind is collections.defaultdict:
                return "defaultdict(%s, {%s})" % (self._show(value.default_factory), self._pairs(value))
            return "%s({%s})" % (kind.__name__, self._pairs(value))
        if kind.__module__ in _VALUES:
            needed = _VALUES[kind.__module__]
            self._need(needed % kind.__name__ if "%s" in needed else needed)
            return self._written(value)
        if isinstance(value, enum.Enum):
            self._name(kind)
            self.exact = self.exact and value.name is not None
            return "%s.%s" % (kind.__name__, value.name)
        if isinstance(value, (type, types.FunctionType, types.BuiltinFunctionType)):
            self._name(value)
            return value.__qualname__
        if isinstance(value, tuple) and hasattr(kind, "_fields"):
            self._name(kind)
            return "%s(%s)" % (kind.__name__, self._fields(zip(kind._fields, value)))  # noqa: B905 - Python 3.8
        if isinstance(value, BaseException):
            self.exact = False
            return "%s(%s)" % (kind.__name__, ", ".join([self._show(part) for part in value.args]))
        return self._object(kind, value)

    def _sequence(self, kind, value):
        items = [self._show(item) for item in value]
        if kind in (set, frozenset):
            items.sort()
            if not items:
                return "%s()" % kind.__name__
        return _SEQUENCES[kind] % (", ".join(items) + ("," if kind is tuple and len(items) == 1 else ""))

    def _pairs(self, mapping):
        return ", ".join(["%s: %s" % (self._show(key), self._show(item)) for key, item in mapping.items()])

    def _fields(self, fields):
        return ", ".join(["%s=%s" % (name, self._show(item)) for name, item in fields])

    def _object(self, kind, value):
        found = data(value)
        if dataclasses.is_dataclass(kind) and "__post_init__" not in dir(kind):
            made = [field for field in dataclasses.fields(kind) if field.init]
            if [field.name for field in made] == [name for name, _ in found]:
                self._name(kind)
                return "%s(%s)" % (kind.__name__, self._fields(found))
        self.exact = False
        held = [self._held(value)] if isinstance(value, _HOLDING) else []
        self.opaque = self.opaque or not (held or kind is object or _is_python(kind))
        return "<%s>" % " ".join([kind.__name__, *held, *["%s=%s" % (name, self._show(item)) for name, item in found]])

    def _held(self, value):
        """What an object of a class that is derived from a builtin one holds as such."""
        for base in (dict, list, tuple, set, frozenset):
            if isinstance(value, base):
                return self._show(dict(dict.items(value)) if base is dict else base(base.__iter__(value)))
        base = next(base for base in _HOLDING if isinstance(value, base))
        return self._integer(value) if base is int else base.__repr__(value)

    def _integer(self, value):
        """An integer, or how many digits it has and what tells it from others."""
        if is_short(value):
            return int.__repr__(value)
        self.exact = False
        data = int.to_bytes(value, int.bit_length(value) // 8 + 1, "big", signed=True)
        return "<%s, %08x>" % (size(value), zlib.crc32(data))

    def _written(self, value):
        try:
            return repr(value)
        except ValueError:  # an integer in it has more digits than Python writes
            self.exact, self.opaque = False, True
            return "<%s>" % type(value).__name__

    def _name(self, thing):
        """Something that is known by its name in a module."""
        module, name = getattr(thing, "__module__", None), thing.__qualname__
        if module == "builtins":
            return
        if not isinstance(module, str) or "<" in name:
            self.exact = False
            return
        self._need("from %s import %s" % (module, name.partition(".")[0]))

    def _need(self, line):
        if line not in self.imports:
            self.imports.append(line)


# --- others that are like it ------------------------------------------------------------------------


def is_plain(value, depth=DEPTH):
    """Whether a value is made of builtin types alone, so that others like it can be made up."""
    kind = type(value)
    if kind in _FLAT or kind in (str, bytes):
        return True
    if not depth:
        return False
    if kind in _SEQUENCES:
        return all(is_plain(item, depth - 1) for item in value)
    return kind is dict and all(is_plain(k, depth - 1) and is_plain(v, depth - 1) for k, v in value.items())


def variations(value, depth=2):
    """Values of the same type that are like a plain one, the simplest changes first; each is new."""
    kind = type(value)
    if kind is bool:
        found = [not value]
    elif kind is int:
        found = [0, value - 1, value + 1, 1, -value]
    elif kind is float:
        found = [0.0, value + 1, value - 1, -value, value / 2]
    elif kind in (str, bytes):
        found = [value[:0], value[:1], value[:-1], value[1:], value[::-1], value + value[-1:], value + value]
    elif kind in (list, tuple):
        found = _sequences(kind, value, depth)
    elif kind in (set, frozenset):
        items = sorted(value, key=lambda item: Shown(item).text)
        found = [kind(), kind(items[:1]), kind(items[:-1]), kind(items[1:])]
    elif kind is dict:
        found = _mappings(value, depth)
    else:
        found = []
    return [one for one in found if one != value or type(one) is not type(value)]


def _sequences(kind, value, depth):
    found = [value[:0], value[:1], value[:-1], value[1:], value[::-1], value + value[-1:], value[:1] + value]
    if depth:
        for place in sorted({0, len(value) // 2, len(value) - 1}) if value else ():
            for new in variations(value[place], depth - 1)[:3]:
                found.append(value[:place] + kind([new]) + value[place + 1 :])
    return found


def _mappings(value, depth):
    pairs = list(value.items())
    found = [{}, dict(pairs[:1]), dict(pairs[:-1]), dict(pairs[1:])]
    if pairs and depth:
        key, item = pairs[0]
        found += [{**value, key: new} for new in variations(item, depth - 1)[:3]]
    return found
