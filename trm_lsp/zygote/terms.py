"""Small expressions over what a slot saw, one class for all that give the same there.

Bottom-up enumeration with observational equivalence (Albarghouthi, Gulwani and
Kincaid, 2013; Udupa and others, 2013): a term is its values in every recorded
environment; terms with the same values are one class, and larger terms are
built from classes. The texts of a class are put together only at its end, from
the texts of the classes it was built from: `n - k` and `n - 1` are the same
where k has always been 1, and both are texts of it.
"""

import ast
import collections
import itertools
import marshal
import types

from _trm_zygote import operations
from _trm_zygote.operations import LARGEST, LONGEST, MAPPING, NOTHING, NUMBER, OTHER, PRIMARY, SIGN, TRUTH

KEPT = 12
"""Texts of a class, at most."""
KEPT_BY_TRUTH = 16
"""Texts of a class whose values are true and false in the same environments, at most."""
JOINED = 4
"""Of these, those that join the original with something, at most."""
WAYS = 16
"""Ways to build a class that are remembered, at most."""
EFFORT = 8
"""Work steps that an operation costs, beside one for each environment."""
WRITTEN, COMPARED = 512, 8
"""What one work step does besides: bytes of values that are written as a key, items that are taken apart for one."""
FOR_GUARDS = 12
"""What part of the work steps is kept for terms that look at what raises only where it does not."""
CONSTANTS = ("0", "1", "-1", "2", '""', "[]", "None", "True", "False")
"""Literals that are tried wherever they are."""
MISSING = type("Missing", (), {"__slots__": ()})()
"""In place of a value where there is none: a name is unbound, an operation raised."""
_NO_VALUE = type(MISSING)

Environment = collections.namedtuple("Environment", "names fields scope")
"""What an evaluation saw: values by name; data of the objects among them, by id and attribute; the module's names."""
Original = collections.namedtuple("Original", "text level pure")
"""The expression that stands in a slot, how tightly it binds, and whether evaluating it again changes nothing."""
_Text = collections.namedtuple("_Text", "size text level constant pure")

_NOT_OF_LITERALS = ("{}[", "{}.index", "{}.count", "{}.find", "{}.split", "{}.strip", "{}.get", "{}.union")
"""What nobody writes with a literal in front."""
_CONDITIONAL = operations.Operation("{} if {} else {}", 1, (2, 2, 1), None, False, False)
_EITHER = [
    operations.Operation("{} and {}", operations.AND, (operations.AND,) * 2, None, False, False),
    operations.Operation("{} or {}", operations.OR, (operations.OR,) * 2, None, False, False),
]
_NOT = operations.Operation("not {}", operations.NOT, (operations.NOT,), None, False, False)
_FLAT = frozenset([int, bool, str, bytes, complex, range, type(None)])
_NAN, _NEGATIVE_NAN = b"\xf8\x7f", b"\xf8\xff"
"""How marshal writes what is no number; others have these bytes by chance."""
_UNSIZED = (bool, float, type(None), range)
_SIZED = (str, bytes, list, tuple, dict, set, frozenset, collections.deque)
CLOSE = 1e-6
"""How near a number must be to a wanted one, as a part of it."""
_LARGER = 1 << 30
"""A size that no term has."""


def classes(environments, given, original, atoms, size, most, steps, by_truth=False, bitwise=False, level=1):
    """Classes of texts, simplest first, and the number of the original's class; None where it has none.

    `environments`: of each evaluation; `given`: what the original gave there,
    MISSING where it raised. `atoms`: more texts to build from: literals and
    dotted names of the module. `size`: operands and operations of a term.
    `most`: classes; `steps`: what they may cost (see EFFORT). `by_truth`: only
    whether values are true counts. `bitwise`: whether the code has to do with
    bits. `level`: how tightly a text must bind to stand in the slot without
    parentheses.
    """
    bank = _grown(_Bank(environments, given, original, by_truth, bitwise), atoms, size, steps)
    found = bank.by_truth() if by_truth else bank.by_value()
    own = next((number for number, (_, is_own) in enumerate(found) if is_own), None)
    if own is not None and own >= most:
        found[most - 1], own = found[own], most - 1  # what stands there now is always told
    return [[_within(level, text) for text in texts] for texts, _ in found[:most]], own


def conditions(environments, atoms, size, most, steps, bitwise=False):
    """Classes of conditions where none stands yet, simplest first: texts, and in which evaluations they hold."""
    bank = _grown(_Bank(environments, [MISSING] * len(environments), None, True, bitwise), atoms, size, steps)
    found = []
    for truths, texts in bank.texts_by_truth().items():
        asking = [text for text in texts if not text.constant]
        if asking:
            found.append((asking, truths))
    found.sort(key=lambda item: item[0][0].size)
    return [[[text.text for text in texts], list(truths)] for texts, truths in found[:most]]


def wanted(environments, given, atoms, size, most, steps, bitwise=False):
    """Classes of texts that give what is wanted wherever that is known, the smallest alone. `given`: what is wanted."""
    bank = _Bank(environments, given, None, False, bitwise)
    bank.add_atoms(atoms)
    bank.grow(size, steps, bank.agreeing)
    found = [[text.text for text in bank.texts_of(one)[:KEPT]] for one in bank.agreeing()]
    return [texts for texts in found if texts][:most]


def _grown(bank, atoms, size, steps):
    """A bank with its terms, for so many work steps."""
    bank.add_atoms(atoms)
    bank.grow(size, steps - steps // FOR_GUARDS)
    bank.guard(steps // FOR_GUARDS)
    return bank


def _within(level, text):
    return text.text if text.level >= level else "(%s)" % text.text


class _Spent(Exception):
    """The work steps are used up."""


class _Class:
    """Terms that give the same values."""

    __slots__ = (
        "_truths", "_varies", "constant", "family", "number", "operands", "plain", "size", "texts", "total", "values",
        "ways",
    )  # fmt: skip

    def __init__(self, number, values, size, family, plain, constant):
        self.number, self.values, self.size, self.family, self.plain = number, values, size, family, plain
        self.total = True
        for value in values:
            if value is MISSING:
                self.total = False
                break
        self.constant = constant  # whether none of its atoms is anything but a literal
        self.ways, self.texts, self.operands = [], {}, {}
        self._truths = self._varies = None

    @property
    def truths(self):
        """Where it is true; MISSING where that is not known."""
        if self._truths is None:
            self._truths = list(map(_truth, self.values))
        return self._truths

    @property
    def varies(self):
        """Whether it is known everywhere to be true or not, and is not the same everywhere."""
        if self._varies is None:
            self._varies = True in self.truths and False in self.truths and MISSING not in self.truths
        return self._varies


class _Bank:
    """Every class that was found, by size."""

    def __init__(self, environments, given, original, by_truth, bitwise):
        self._environments, self._given, self._original = environments, given, original
        self._families, self._tests = operations.families(), by_truth
        self._unary, self._binary = operations.UNARY, operations.BINARY
        self._wanted = {self._families.get(type(value), OTHER) for value in given if value is not MISSING}
        if not by_truth and not (self._wanted and self._wanted <= {NUMBER, TRUTH, NOTHING}):
            self._unary = operations.joined(self._unary, operations.UNARY_IN_LOOPS)
            self._binary = operations.joined(self._binary, operations.BINARY_IN_LOOPS)
        if bitwise:
            self._binary = operations.joined(self._binary, operations.BITWISE)
        self._steps, self._cost = 0, EFFORT + len(environments)
        self._known, self._all = {}, []
        self._sized = collections.defaultdict(list)
        self._own = None  # the class of the original

    # --- atoms --------------------------------------------------------------------------------

    def add_atoms(self, atoms):
        """Names, data of objects, what the engine found in the file, common literals, the original."""
        names = collections.OrderedDict()
        for environment in self._environments:
            names.update((name, None) for name in environment.names)
        for name in names:
            self._add_atom(name, [environment.names.get(name, MISSING) for environment in self._environments])
        for name in names:
            self._add_fields(name)
        for text in dict.fromkeys([*atoms, *CONSTANTS]):
            if text not in names:
                self._add_given(text)
        if self._original is not None:
            text, level, pure = self._original
            self._own = self._add_atom(text, self._given, level, pure=pure)

    def _add_fields(self, name):
        data = [e.fields.get(id(e.names.get(name, MISSING)), {}) for e in self._environments]
        for attribute in collections.OrderedDict((key, None) for fields in data for key in fields):
            self._add_atom("%s.%s" % (name, attribute), [fields.get(attribute, MISSING) for fields in data])

    def _add_given(self, text):
        """A literal, or a name of the module."""
        try:
            value = ast.literal_eval(text)
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            self._add_atom(text, [_looked_up(text, environment.scope) for environment in self._environments])
            return
        level = SIGN if text.startswith(("-", "+")) else PRIMARY
        if type(value) in (int, float) and level == PRIMARY:
            level = PRIMARY - 1  # no attribute of a number without parentheses
        self._add_atom(text, [value] * len(self._environments), level, constant=True)

    def _add_atom(self, text, values, level=PRIMARY, constant=False, pure=True):
        way = 1, None, _Text(1, text, level, constant, pure)
        foreign = []
        key = tuple([_frozen(value, self._families, foreign) for value in values])
        return self._admit(key if foreign else self._key(values), values, way, not foreign, constant)

    # --- classes ------------------------------------------------------------------------------

    def _key(self, values):
        """Of values in which there is nothing of the user's own: equal keys, equal types and structures."""
        try:
            key = marshal.dumps(values, 2)
        except ValueError:
            key = None
        # Sets are written in any order; they begin with a sign that others have by chance.
        if key is None or b"<" in key or b">" in key or _NAN in key or _NEGATIVE_NAN in key:
            return tuple([_frozen(value, self._families, []) for value in values])
        return key

    def _admit(self, key, values, way, plain, constant=False):
        """The class of a term, a new one when its values are new; None when there is no value, or one too large."""
        found = self._known.get(key)
        if found is None:
            family = self._family(values)
            if family is None:
                return None
            found = _Class(len(self._all), values, way[0], family, plain, constant)
            self._known[key] = found
            self._all.append(found)
            self._sized[way[0]].append(found)
        if way[1] is None:
            found.constant = found.constant and constant
        if way[1] is None or (len(found.ways) < WAYS and _says_something(way, found)):
            found.ways.append(way)
        return found

    def _family(self, values):
        """What operations are for the values; None when there are none, or one is too large."""
        kinds = set(map(type, values))
        if len(kinds) == 1:
            kind = kinds.pop()
            if kind in self._families:
                return self._families[kind] if _are_small(kind, values) else None
            return OTHER if kind is not _NO_VALUE else None
        kinds.discard(_NO_VALUE)
        for kind in kinds:
            if kind in self._families and not _are_small(kind, [value for value in values if type(value) is kind]):
                return None
        families = {self._families.get(kind, OTHER) for kind in kinds}
        if len(families) > 1:
            families.discard(NOTHING)
        if families == {NUMBER, TRUTH}:
            return NUMBER
        if len(families) > 1:
            return OTHER
        return families.pop() if families else None

    # --- growing ------------------------------------------------------------------------------

    def grow(self, size, steps, enough=lambda: False):
        """Add every term up to a size, while there are steps, and until there is enough."""
        self._steps = steps
        try:
            for total in range(2, size + 1):
                if enough():
                    return
                self._grow_to(total)
        except _Spent:
            pass

    def guard(self, steps):
        """Complete terms that have no value somewhere: `t if c else a`, where c says where they have one."""
        self._steps = steps
        patterns = {}
        for one in [*self._sized[1], *self._sized[2]]:
            if one.varies:
                patterns.setdefault(tuple(one.truths), one)
        try:
            for one in [one for one in self._all if not one.total]:
                there = tuple([value is not MISSING for value in one.values])
                if there in patterns:
                    self._guard(one, patterns[there], patterns.get(tuple([not known for known in there])))
        except _Spent:
            pass

    def _guard(self, one, where, elsewhere):
        size = one.size + where.size + 1
        if self._tests:
            for operation, test in zip(_EITHER, (where, elsewhere)):  # noqa: B905 - Python 3.8
                if test is not None:
                    self._pay()
                    values = _either(operation, test.truths, test.values, one.values)
                    self._made(operation, (test, one), values, size, test.plain and one.plain)
            return
        for other in tuple(self._sized[1]):
            if other.total and other.family in (one.family, NOTHING):
                self._pay()
                values = [b if a is MISSING else a for a, b in zip(one.values, other.values)]  # noqa: B905
                self._made(_CONDITIONAL, (one, where, other), values, size, one.plain and other.plain)

    def _grow_to(self, size):
        for one in tuple(self._sized[size - 1]):
            self._grow_by_one(one, size)
        for left in range(1, size - 1):
            for one in tuple(self._sized[left]):
                for other in tuple(self._sized[size - 1 - left]):
                    self._grow_by_two(one, other, size)
        # Of three operands, it is they that make the size.
        thirds = [(one, two, size - one - two) for one in range(1, size - 1) for two in range(1, size - one)]
        for sizes in () if self._tests else thirds:
            self._grow_by_condition(size, *[tuple(self._sized[part]) for part in sizes])
        for sizes in thirds:
            self._grow_by_three(size, *[tuple(self._sized[part]) for part in sizes])

    def _grow_by_one(self, one, size):
        if one.constant:
            return
        for operation in self._unary[one.family]:
            self._apply(operation, (one,), size)
        if any(value is None for value in one.values):
            for operation in operations.IS_NONE:
                self._apply(operation, (one,), size)
        if self._tests and one.size == 1:
            for operation in operations.instances(set(map(type, one.values))):
                self._apply(operation, (one,), size)
        if operations.SEQUENCE in self._wanted and not self._tests and one.family != operations.DRAWN:
            self._apply(operations.DISPLAY, (one,), size)
        self._pay()
        self._made(_NOT, (one,), [truth if truth is MISSING else not truth for truth in one.truths], size, True)
        if one.family == OTHER:
            self._grow_by_attribute(one, size)

    def _grow_by_attribute(self, one, size):
        data = [
            environment.fields.get(id(value), {})
            for value, environment in zip(one.values, self._environments)  # noqa: B905 - Python 3.8
        ]
        for name in dict.fromkeys([key for fields in data for key in fields]):
            self._pay()
            form = operations.Operation("{}.%s" % name, PRIMARY, (PRIMARY,), None, False, False)
            self._made(form, (one,), [fields.get(name, MISSING) for fields in data], size, False)

    def _grow_by_two(self, one, other, size):
        if (one.constant and (other.constant or one.family == TRUTH)) or (other.constant and other.family == TRUTH):
            return
        for operation in self._binary.get((one.family, other.family), ()):
            if not operation.same and not (one.constant and operation.form.startswith(_NOT_OF_LITERALS)):
                self._apply(operation, (one, other), size)
            elif operation.same and one.number <= other.number:
                # `n > 0` says what `0 < n` does, and reads better.
                self._apply(operation, (other, one) if one.constant else (one, other), size)
        if one.varies and one is not other and self._are_alike(one, other):
            for operation in _EITHER:
                self._pay()
                values = _either(operation, one.truths, one.values, other.values)
                self._made(operation, (one, other), values, size, one.plain and other.plain)

    def _are_alike(self, one, other):
        return one.family == other.family or not {NOTHING, TRUTH}.isdisjoint((one.family, other.family))

    def _grow_by_condition(self, size, tests, ones, others):
        """Terms `a if c else b`, with one condition of all that are true in the same environments."""
        patterns = {}
        for test in tests:
            if test.varies:
                patterns.setdefault(tuple(test.truths), test)
        for truths, test in patterns.items():
            for one in ones:
                for other in others:
                    plain_truth = (one.constant and one.family == TRUTH) or (other.constant and other.family == TRUTH)
                    if one is not other and not plain_truth and self._are_alike(one, other):
                        self._pay()
                        values = [a if c else b for c, a, b in zip(truths, one.values, other.values)]  # noqa: B905
                        self._made(_CONDITIONAL, (one, test, other), values, size, one.plain and other.plain)

    def _grow_by_three(self, size, ones, others, lasts):
        for families, found in operations.TERNARY.items():
            chosen = [
                [part for part in parts if part.family == family]
                for family, parts in zip(families, (ones, others, lasts))  # noqa: B905 - Python 3.8
            ]
            for operands in itertools.product(*chosen):
                if not operands[0].constant and operands[1] is not operands[2]:
                    for operation in found:
                        self._apply(operation, operands, size)

    def _pay(self):
        self._steps -= self._cost
        if self._steps < 0:
            raise _Spent()

    def _apply(self, operation, operands, size):
        """Add an operation on classes, unless it gives no value anywhere."""
        plain = total = True
        for one in operands:
            plain, total = plain and one.plain, total and one.total
        if operation.plain and not plain:
            return
        self._pay()
        vectors = [one.values for one in operands]
        values = None
        if total:
            try:
                values = list(map(operation.function, *vectors))
            except Exception:  # in one environment or another
                pass
        if values is None:
            values = [_value(operation.function, arguments) for arguments in zip(*vectors)]  # noqa: B905 - Python 3.8
        self._made(operation, operands, values, size, plain)

    def _made(self, operation, operands, values, size, plain):
        key = None
        if not plain:
            foreign = []
            key = tuple([_frozen(value, self._families, foreign) for value in values])
            plain = not foreign
        key = self._key(values) if plain else key
        # Long values cost more: so that they do not take all the time, they take more of the steps.
        self._steps -= len(key) // WRITTEN if type(key) is bytes else _items(values) // COMPARED
        self._admit(key, values, (size, operation, operands), plain)

    def agreeing(self):
        """Classes that give what is wanted, wherever that is known."""
        known = [number for number, value in enumerate(self._given) if value is not MISSING]
        return [one for one in self._all if known and all(_agree(one.values[n], self._given[n]) for n in known)]

    # --- texts --------------------------------------------------------------------------------

    def by_value(self):
        """Texts of each class with a value everywhere, and whether it is the original's.

        Among equally simple ones those of the kind that the original gave come first.
        """
        chosen = [one for one in self._all if one.total]
        chosen.sort(key=lambda one: (one.size, bool(self._wanted) and one.family not in self._wanted))
        found = []
        for one in chosen:
            texts = self.texts_of(one)
            if texts:
                found.append((self._with_own(texts[:KEPT]) if one is self._own else texts[:KEPT], one is self._own))
        return found

    def by_truth(self):
        """Texts by where their values are true, and whether the original's are true there.

        The original is joined with the simplest of each, too.
        """
        texts = self.texts_by_truth()
        own = None
        if self._own is not None:
            self._join_own(tuple(self._own.truths), texts)
            if MISSING not in self._own.truths:
                own = tuple(self._own.truths)
                texts[own] = self._with_own(texts[own])
        found = sorted(texts.values(), key=lambda some: some[0].size)
        return [(some, own is not None and some is texts[own]) for some in found]

    def texts_by_truth(self):
        """Texts by where their values are true: one tuple of truths for those of a class."""
        members, texts = {}, {}
        for one in self._all:
            if MISSING not in one.truths:
                members.setdefault(tuple(one.truths), []).append(one)
        for truths, some in members.items():
            # What is true or false itself says more plainly what is asked.
            if any(one.family == TRUTH for one in some):
                some = [one for one in some if one.size == 1 or one.family == TRUTH]
            some.sort(key=lambda one: (one.size, one.family != TRUTH))
            found = [text for one in some[:KEPT_BY_TRUTH] for text in self.texts_of(one)]
            found.sort(key=_simplicity)
            if found:
                texts[truths] = _unique(found, KEPT_BY_TRUTH)
        return texts

    def _with_own(self, texts):
        """Texts, among them the original's."""
        leaf = self._leaf()
        if any(text.text == leaf.text for text in texts):
            return texts
        return [*texts[: KEPT - 1], leaf]

    def _leaf(self):
        return _Text(1, self._original.text, self._original.level, False, self._original.pure)

    def _join_own(self, own, texts):
        """Conditions narrowed or widened: `own and t`, `own or t`; what keeps one from raising stands before it."""
        guarded, found = MISSING in own, {}
        for truths, members in sorted(texts.items(), key=lambda item: item[1][0].size):
            for operation in _EITHER:
                first, second = (truths, own) if guarded else (own, truths)
                new = tuple(_either(operation, first, first, second))
                if MISSING not in new:
                    parts = [members[:2], [self._leaf()]]
                    made = _put_together(operation, parts if guarded else parts[::-1])
                    found.setdefault(new, []).extend(made)
        for new, made in found.items():
            others = texts.get(new, [])[: KEPT_BY_TRUTH - len(made[:JOINED])]
            texts[new] = _unique(sorted([*others, *made[:JOINED]], key=_simplicity), KEPT_BY_TRUTH)

    def _operands(self, one, below):
        """Of a class's texts those that are worth to be put into larger ones: the simplest, and atoms."""
        if below not in one.operands:
            texts = self.texts_of(one, below)[:3]
            one.operands[below] = [text for text in texts if text.size in (1, texts[0].size)]
        return one.operands[below]

    def texts_of(self, one, below=_LARGER):
        """Texts of a class that are smaller than a size, simplest first."""
        if below not in one.texts:
            found = []
            for size, operation, made_of in one.ways:
                if operation is None:
                    found.append(made_of)
                elif size < below and len(found) < KEPT + 4:
                    found += _put_together(operation, [self._operands(part, size) for part in made_of])
            found.sort(key=_simplicity)
            one.texts[below] = _unique(found, KEPT_BY_TRUTH)
        return one.texts[below]


def _either(operation, truths, ones, others):
    """What `and` or `or` gives: the first operand where that settles it, by its truth, else the second."""
    settles = operation is _EITHER[1]
    return [one if truth is settles else other for truth, one, other in zip(truths, ones, others)]  # noqa: B905


def _says_something(way, found):
    """Whether a way to a class is more than there and back again, as `abs(-n)` is to `n`."""
    _, operation, operands = way
    if len(operands) > 1:
        return True
    if operands[0] is found:
        return found.size == 1 and not operation.same
    return not any(found in made_of for _, inner, made_of in operands[0].ways if inner is not None)


def _put_together(operation, parts):
    """The texts of an operation on any of the texts of its operands, without what says nothing or repeats an effect."""
    if len(parts) == 1:
        again = operation.level if operation.level in (SIGN, operations.NOT) else None
        return [_formed(operation, (text,)) for text in parts[0] if not text.constant and text.level != again]
    if len(parts) == 2:
        again = operation.form in _WITH_ITSELF
        return [
            _formed(operation, (one, other))
            for one in parts[0]
            for other in parts[1]
            if not (one.constant and other.constant) and (one.pure or other.pure) and (again or one.text != other.text)
        ]
    return [
        _formed(operation, chosen)
        for chosen in itertools.product(*parts)
        if not all(text.constant for text in chosen)
        and len({text.text for text in chosen}) > 1
        and [text.pure for text in chosen].count(False) < 2
    ]


_WITH_ITSELF = ("{} + {}", "{} * {}")


def _formed(operation, chosen):
    size, pure, texts = len(chosen) < 3, True, []
    for text, need in zip(chosen, operation.needs):  # noqa: B905 - Python 3.8
        size += text.size
        pure = pure and text.pure
        texts.append(text.text if text.level >= need else "(%s)" % text.text)
    return _Text(size, operation.form.format(*texts), operation.level, False, pure)


def _simplicity(text):
    """Less is simpler; of what is put together from as much, what is shorter."""
    return text.size, len(text.text)


def _unique(texts, most):
    found = {}
    for text in texts:
        found.setdefault(text.text, text)
    return list(found.values())[:most]


# --- values ---------------------------------------------------------------------------------------


def _value(function, arguments):
    """What a function gives; MISSING when it raises, or an argument is missing."""
    for argument in arguments:
        if argument is MISSING:
            return MISSING
    try:
        return function(*arguments)
    except Exception:
        return MISSING


def _agree(value, wanted):
    """Whether a value is the wanted one, numbers nearly; of the user's own values only the same one is."""
    if value is wanted:
        return True
    numbers = (int, float)
    if type(value) in numbers and type(wanted) in numbers:
        return abs(value - wanted) <= CLOSE * max(1.0, abs(wanted))
    if type(value) is not type(wanted):
        return False
    foreign, families = [], operations.families()
    same = _frozen(value, families, foreign) == _frozen(wanted, families, foreign)
    return same and not foreign


_SPACES = (types.ModuleType, type)


def _looked_up(text, scope):
    """The value of a dotted name of a module; MISSING where it has none, or it would have to be worked out."""
    first, *attributes = text.split(".")
    value = scope.get(first, MISSING)
    for name in attributes:
        value = vars(value).get(name, MISSING) if isinstance(value, _SPACES) else MISSING
    return value


def _truth(value):
    """Whether a value is true; MISSING where there is none, or only the user's own code could say."""
    kind = type(value)
    if operations.is_pure(kind):
        return bool(value)
    if kind is _NO_VALUE or hasattr(kind, "__bool__") or hasattr(kind, "__len__"):
        return MISSING
    return True


def _are_small(kind, values):
    if kind is int:
        return min(values) >= -LARGEST and max(values) <= LARGEST
    if kind in _UNSIZED or not hasattr(kind, "__len__"):
        return True
    return max(map(len, values)) <= LONGEST


def _items(values):
    """How many items and characters there are in values of Python's own kinds."""
    return sum([len(value) for value in values if type(value) in _SIZED])


def _frozen(value, families, foreign):
    """A key of a value: equal keys, equal types and structures. What is the user's own goes into `foreign`."""
    kind = type(value)
    if kind in _FLAT:
        return kind, value
    if kind is float:
        return kind, repr(value)
    family = families.get(kind)
    if family is None:
        if value is not MISSING:
            foreign.append(value)
        return "object", id(value)
    if family == MAPPING:
        if _are_flat(value) and _are_flat(value.values()):
            return kind, _with_types(value), _with_types(value.values())
        return kind, tuple([(_frozen(k, families, foreign), _frozen(v, families, foreign)) for k, v in value.items()])
    if family == operations.SET:
        if _are_flat(value):
            return kind, frozenset(zip(map(type, value), value))  # noqa: B905 - Python 3.8
        return kind, frozenset([_frozen(item, families, foreign) for item in value])
    if kind is operations.Drawn:
        return value.name, tuple([_frozen(item, families, foreign) for item in value.items])
    if family == operations.SEQUENCE:
        if _are_flat(value):
            return kind, _with_types(value)
        return kind, tuple([_frozen(item, families, foreign) for item in value])
    try:
        return kind, repr(value)
    except ValueError:  # a fraction of more digits than Python writes
        return kind, value


def _are_flat(items):
    """Whether items stand for themselves in a key, said without a step of Python for each."""
    return _FLAT.issuperset(map(type, items))


def _with_types(items):
    """A key of flat items: what is equal may be of another type."""
    return tuple(map(type, items)), tuple(items)
