"""What Python lets one do with values of the builtin types, without changing them and within bounds.

An operation is a form of text, how tightly it binds, how tightly its operands
must, and the function that gives its value. Whoever applies one has seen to
it that the operands are of a family it is made for; it may raise any
Exception, and then has no value.
"""

import collections
import functools
import operator
import sys

LONGEST = 2000
"""Items of the longest value that is looked at."""
LARGEST = 1 << 64
"""Integers beyond this are not looked at."""

# How tightly expressions bind, from Python's grammar.
CONDITIONAL, OR, AND, NOT, COMPARISON, BITS_OR, BITS_XOR, BITS_AND, SHIFT, SUM, PRODUCT, SIGN, POWER, AWAIT, PRIMARY = (
    range(1, 16)
)

(NUMBER, TRUTH, TEXT, SEQUENCE, MAPPING, SET, RANGE, DRAWN, MOMENT, NOTHING, OTHER) = (
    "number", "truth", "text", "sequence", "mapping", "set", "range", "drawn", "moment", "nothing", "other",
)  # fmt: skip

Operation = collections.namedtuple("Operation", "form level needs function same plain")
"""`form`: with `{}` for operands. `level`: how tightly it binds, `needs`: how tightly each operand must.

`same`: whether it says nothing new with its operands exchanged; of one operand, when it gives that back.
`plain`: whether it may call what a user's object defines, and so is only for values that have none.
"""

_MAPPINGS = (dict, collections.OrderedDict, collections.defaultdict, collections.Counter)
_FAMILIES = {
    int: NUMBER, float: NUMBER, bool: TRUTH, str: TEXT, list: SEQUENCE, tuple: SEQUENCE, collections.deque: SEQUENCE,
    set: SET, frozenset: SET, range: RANGE, type(None): NOTHING,
}  # fmt: skip
_HASHED = (*_MAPPINGS, set, frozenset)
_SIMPLE = frozenset([int, float, bool, str, bytes, complex, type(None)])
_FAMILIES.update((kind, MAPPING) for kind in _MAPPINGS)
_PURE = (
    ("decimal", ("Decimal",), NUMBER), ("fractions", ("Fraction",), NUMBER),
    ("datetime", ("date", "datetime", "time", "timedelta"), MOMENT),
)  # fmt: skip
"""Types of the standard library whose values never change and whose operators run nothing of the user's."""


_PURE_MODULES = frozenset([module for module, _, _ in _PURE])


class Drawn:
    """What an iterator or a view gives, item by item: it can be looked at again and again."""

    __slots__ = ("items", "name")

    def __init__(self, name, items):
        self.name, self.items = name, list(items)

    def __iter__(self):
        return iter(self.items)

    def __bool__(self):
        return bool(self.items) or not self.name.startswith("dict")  # a view is false when it is empty

    def __repr__(self):
        return "%s(%r)" % (self.name, self.items)


def families():
    """The family of each type whose values are looked into; types of modules that are imported already."""
    found = dict(_FAMILIES)
    found[Drawn] = DRAWN
    for module, names, family in _PURE:
        if module in sys.modules:
            found.update((getattr(sys.modules[module], name), family) for name in names)
    return found


def is_pure(kind):
    """Whether looking at values of a type runs nothing of the user's."""
    return kind in _FAMILIES or kind is Drawn or kind.__module__ in _PURE_MODULES


def joined(table, *others):
    """A table with what others have, each only where it is asked for."""
    found = dict(table)
    for other in others:
        for key, more in other.items():
            found[key] = [*found.get(key, ()), *more]
    return found


# --- functions that keep within bounds ------------------------------------------------------------


def _bounded(items):
    """The items of what is not too long to be gone through. Raises OverflowError."""
    if type(items) is range and len(items) > LONGEST:
        raise OverflowError
    return items


def _on_items(function):
    return lambda items: function(_bounded(items))


def _drawn(name, function):
    return lambda *items: Drawn(name, function(*map(_bounded, items)))


def _power(base, exponent):
    if not (0 <= exponent <= 16 and -65536 <= base <= 65536):
        raise OverflowError
    return base**exponent


def _shifted(value, places):
    if places > 64:
        raise OverflowError
    return value << places


def _repeated(items, times):
    if times * len(items) > LONGEST or type(times) is not int:
        raise OverflowError
    return items * times


def _is_compared_by_python(value):
    """Whether neither the hash of a value nor comparing it runs anything of the user's."""
    kind = type(value)
    if kind is tuple:
        return all(map(_is_compared_by_python, value))
    return kind in _SIMPLE or (kind.__eq__ is object.__eq__ and kind.__hash__ is object.__hash__)


def _equal(one, other):
    if not (_is_compared_by_python(one) and _is_compared_by_python(other)):
        raise TypeError
    return one == other


def _contained(item, items):
    looked_at = [item] if type(items) in _HASHED else [item, *_bounded(items)]
    if not all(map(_is_compared_by_python, looked_at)):
        raise TypeError
    return item in items


def _item(mapping, key):
    """What is under the key; a defaultdict must not gain one by being asked."""
    if not _is_compared_by_python(key):
        raise TypeError
    if key in mapping:
        return mapping[key]
    if type(mapping) is collections.Counter:
        return 0
    factory = getattr(mapping, "default_factory", None)
    if factory not in (int, float, str, list, dict, set, tuple):
        raise KeyError
    return factory()


def _joined(separator, texts):
    if sum(len(separator) + len(text) for text in texts) > LONGEST:
        raise OverflowError
    return separator.join(texts)


def _whole(number):
    """As int, of what is no longer than a machine word or two: Decimal has numbers of a million digits."""
    if type(number) is not str and abs(number) > LARGEST:
        raise OverflowError
    return int(number)


def _rounded(number, digits=None):
    if abs(number) > LARGEST or (digits is not None and abs(digits) > 30):
        raise OverflowError
    return round(number, digits) if digits is not None else round(number)


def _replaced(text, old, new):
    if len(text) * (1 + len(new)) > LONGEST:
        raise OverflowError
    return text.replace(old, new)


def _chained(name):
    """The method of this name, called."""
    return lambda value, *arguments: getattr(value, name)(*arguments)


# --- tables ---------------------------------------------------------------------------------------


def _infix(sign, level, function, same=False, plain=True):
    needs = (level + 1, level + 1) if level == COMPARISON else (level, level + 1)
    return Operation("{} %s {}" % sign, level, needs, function, same, plain)


def _call(name, function, operands=1, same=False, plain=True):
    return Operation("%s(%s)" % (name, ", ".join(["{}"] * operands)), PRIMARY, (1,) * operands, function, same, plain)


def _method(name, operands=0, function=None, plain=True):
    form = "{}.%s(%s)" % (name, ", ".join(["{}"] * operands))
    return Operation(form, PRIMARY, (PRIMARY, *(1,) * operands), function or _chained(name), False, plain)


def _after(form, function, operands=1, plain=False):
    """Brackets after the first operand; what stands in them needs none of its own."""
    return Operation("{}" + form, PRIMARY, (PRIMARY, *(1,) * (operands - 1)), function, False, plain)


_ITERABLE = [
    _call("len", len, plain=False),
    _call("sum", _on_items(sum)),
    _call("min", _on_items(min)),
    _call("max", _on_items(max)),
    _call("sorted", _on_items(sorted)),
    _call("list", _on_items(list), plain=False),
    _call("set", _on_items(set)),
    _call("tuple", _on_items(tuple), plain=False),
    _call("any", _on_items(any)),
    _call("all", _on_items(all)),
]
_ORDERED = [
    _call("reversed", _drawn("reversed", reversed), plain=False),
    _call("enumerate", _drawn("enumerate", enumerate), plain=False),
]
_CUT = [
    _after("[1:]", lambda items: items[1:]),
    _after("[:-1]", lambda items: items[:-1]),
    _after("[::-1]", lambda items: items[::-1]),
    _after("[-1]", lambda items: items[-1]),
]
IS_NONE = [
    Operation("{} is None", COMPARISON, (COMPARISON + 1,), lambda value: value is None, False, False),
    Operation("{} is not None", COMPARISON, (COMPARISON + 1,), lambda value: value is not None, False, False),
]
_NAMED = (bool, int, float, str, list, tuple, dict, set)


def instances(kinds):
    """What asks for the type of a value, where it is not always the same, or a bool that passes for a number."""
    if len(kinds) < 2 and bool not in kinds:
        return []
    return [
        Operation("isinstance({}, %s)" % kind.__name__, PRIMARY, (1,), functools.partial(_is_a, kind), False, False)
        for kind in _NAMED
        if kind in kinds
    ]


def _is_a(kind, value):
    return kind in type(value).__mro__  # a user's class may have an answer of its own to isinstance


DISPLAY = Operation("[{}]", PRIMARY, (1,), lambda value: [value], False, False)
_SIGNED = [Operation("-{}", SIGN, (SIGN,), operator.neg, False, True), _call("abs", abs)]
UNARY = {
    NUMBER: [
        *_SIGNED, _call("int", _whole, same=True),
        _call("round", _rounded, same=True), _call("float", float, same=True), _call("bool", bool, same=True),
    ],
    TRUTH: [_call("int", int, same=True)],
    TEXT: [
        _call("len", len), *_CUT, *map(_method, ("strip", "lower", "upper", "split", "title", "capitalize")),
        _call("int", _whole, same=True), _call("float", float, same=True),
        *map(_method, ("isdigit", "isalpha", "isupper", "islower", "isspace", "lstrip", "rstrip", "splitlines")),
        _call("list", list), _call("set", set), _call("sorted", sorted), _call("ord", ord),
        *map(_method, ("swapcase", "isalnum")),
    ],
    SEQUENCE: [
        *_ITERABLE, *_CUT,
        Operation("{}.copy()", PRIMARY, (PRIMARY,), lambda items: items.copy(), False, False),
    ],
    MAPPING: [
        _call("len", len, plain=False),
        Operation("{}.values()", PRIMARY, (PRIMARY,), lambda m: Drawn("dict_values", m.values()), False, False),
        Operation("{}.items()", PRIMARY, (PRIMARY,), lambda m: Drawn("dict_items", m.items()), False, False),
        Operation("{}.keys()", PRIMARY, (PRIMARY,), lambda m: Drawn("dict_keys", m.keys()), False, False),
        *_ITERABLE[1:],
        Operation("{}.copy()", PRIMARY, (PRIMARY,), lambda mapping: mapping.copy(), False, False),
    ],
    SET: [*_ITERABLE, Operation("{}.copy()", PRIMARY, (PRIMARY,), lambda items: items.copy(), False, False)],
    RANGE: [_ITERABLE[0], _ITERABLE[5]],
    DRAWN: [*_ITERABLE[1:]],
    MOMENT: [],
    NOTHING: [],
    OTHER: [],
}  # fmt: skip

_COMPARED = [
    _infix("==", COMPARISON, operator.eq, same=True),
    _infix("<", COMPARISON, operator.lt, same=True),
    _infix("<=", COMPARISON, operator.le, same=True),
    _infix(">", COMPARISON, operator.gt, same=True),
    _infix(">=", COMPARISON, operator.ge, same=True),
    _infix("!=", COMPARISON, operator.ne, same=True),
]
_EQUAL = [_COMPARED[0], _COMPARED[-1]]
_CHOSEN = [_call("max", max, 2, same=True), _call("min", min, 2, same=True)]
_INDEXED = [
    _after("[{}]", operator.getitem, 2),
    _after("[{}:]", lambda items, start: items[start:], 2),
    _after("[:{}]", lambda items, end: items[:end], 2),
]
_JOINED = _infix("+", SUM, operator.add, plain=False)
_FOUND = [
    _infix("in", COMPARISON, _contained, plain=False),
    _infix("not in", COMPARISON, lambda item, items: not _contained(item, items), plain=False),
]
_BY_ITEM = [
    Operation("{} + [{}]", SUM, (SUM, 1), lambda items, item: operator.add(items, [item]), False, False),
    _method("index", 1),
    _method("count", 1),
]
_BY_KEY = [
    _after("[{}]", _item, 2),
    _method("get", 1, lambda mapping, key: _item(mapping, key) if _contained(key, mapping) else None, plain=False),
]
_SETS = [
    _infix("|", BITS_OR, operator.or_, same=True),
    _infix("&", BITS_AND, operator.and_, same=True),
    _infix("-", SUM, operator.sub),
    _infix("^", BITS_XOR, operator.xor, same=True),
    _infix("<=", COMPARISON, operator.le),
]
_WITH_ITEMS = [_method("union", 1), _method("intersection", 1), _method("difference", 1)]
_ZIPPED = _call("zip", _drawn("zip", zip), 2, plain=False)
BINARY = {
    (NUMBER, NUMBER): [
        _infix("+", SUM, operator.add, same=True), _infix("-", SUM, operator.sub), *_COMPARED,
        _infix("*", PRODUCT, operator.mul, same=True), *_CHOSEN, _infix("//", PRODUCT, operator.floordiv),
        _infix("%", PRODUCT, operator.mod), _infix("/", PRODUCT, operator.truediv),
        Operation("{} ** {}", POWER, (AWAIT, SIGN), _power, False, True), _call("round", _rounded, 2),
    ],
    (TEXT, TEXT): [
        _infix("+", SUM, operator.add), *_COMPARED, *_FOUND, _method("startswith", 1), _method("endswith", 1),
        _method("split", 1), _method("strip", 1), _method("count", 1), _method("find", 1),
        _method("index", 1), _method("lstrip", 1), _method("rstrip", 1), _method("partition", 1),
    ],
    (TEXT, NUMBER): [*_INDEXED, _infix("*", PRODUCT, _repeated)],
    (TEXT, SEQUENCE): [_method("join", 1, _joined)],
    (TEXT, DRAWN): [_method("join", 1, _joined)],
    (SEQUENCE, NUMBER): [*_INDEXED, _infix("*", PRODUCT, _repeated, plain=False)],
    (SEQUENCE, SEQUENCE): [_JOINED, *_COMPARED],
    (RANGE, NUMBER): _INDEXED[:1],
    (MAPPING, MAPPING): list(_EQUAL),
    (SET, SET): [*_SETS, *_EQUAL],
    (MOMENT, MOMENT): [
        _infix("-", SUM, operator.sub), _infix("+", SUM, operator.add, same=True), *_COMPARED, *_CHOSEN,
    ],
    (MOMENT, NUMBER): [_infix("*", PRODUCT, operator.mul), _infix("/", PRODUCT, operator.truediv)],
    (TRUTH, TRUTH): list(_EQUAL),
    (OTHER, OTHER): [
        _infix("==", COMPARISON, _equal, same=True, plain=False),
        _infix("!=", COMPARISON, lambda one, other: not _equal(one, other), same=True, plain=False),
    ],
}  # fmt: skip
for _family in (NUMBER, TEXT, TRUTH, SEQUENCE, MOMENT, OTHER):
    for _container in (SEQUENCE, SET, MAPPING, RANGE):
        BINARY.setdefault((_family, _container), []).extend(_FOUND)
    BINARY.setdefault((MAPPING, _family), []).extend(_BY_KEY)
    BINARY.setdefault((SEQUENCE, _family), []).extend(_BY_ITEM)
BINARY[(SEQUENCE, MAPPING)] = _BY_ITEM[:1]
for _family in (SEQUENCE, RANGE, DRAWN):
    BINARY.setdefault((SET, _family), []).extend(_WITH_ITEMS)

UNARY_IN_LOOPS = {
    NUMBER: [_call("range", range), _call("str", str)],
    TEXT: _ORDERED,
    SEQUENCE: _ORDERED,
    RANGE: _ORDERED,
}
BINARY_IN_LOOPS = {
    (NUMBER, NUMBER): [_call("range", range, 2)],
    (SEQUENCE, SEQUENCE): [_ZIPPED],
    (SEQUENCE, TEXT): [_ZIPPED],
    (TEXT, SEQUENCE): [_ZIPPED],
    (TEXT, TEXT): [_ZIPPED],
}
"""What is of no use but to go through: for slots that give something of the kind, and places before statements."""
BITWISE = {
    (NUMBER, NUMBER): [
        _infix("&", BITS_AND, operator.and_, same=True),
        _infix("|", BITS_OR, operator.or_, same=True),
        _infix("^", BITS_XOR, operator.xor, same=True),
        _infix(">>", SHIFT, operator.rshift),
        _infix("<<", SHIFT, _shifted),
    ]
}
"""For code that has to do with bits."""
_BETWEEN = _after("[{}:{}]", lambda items, start, end: items[start:end], 3)
TERNARY = {
    (TEXT, TEXT, TEXT): [_method("replace", 2, _replaced)],
    (SEQUENCE, NUMBER, NUMBER): [_BETWEEN],
    (TEXT, NUMBER, NUMBER): [_BETWEEN],
}
