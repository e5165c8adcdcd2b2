"""What places of the code see while tests run, and the small expressions that could stand there.

A slot is wrapped, `(P @ (True not in P and (E)))`, where P is a placeholder
that stands for a probe once the code is compiled, as the counters of fuel.py
do: no name is added, and E is evaluated once, as it was. Before E the probe
copies what the frame holds; after it, what E gave. All slots of all functions
are observed in one run of the tests.
"""

import ast
import collections
import gc
import itertools
import os
import reprlib
import signal
import sys
import types

from _trm_zygote import operations
from _trm_zygote.bare import surroundings
from _trm_zygote.fuel import OutOfFuel
from _trm_zygote.inputs import is_short, size
from _trm_zygote.screening import OutOfTime, is_chosen, out_of_time
from _trm_zygote.swapping import BROKEN
from _trm_zygote.terms import MISSING, Environment, Original, classes, conditions, wanted

FIRST = 6
"""Evaluations of a slot in a test that are recorded from the first one on; beside these the last one."""
OFTEN = 32
"""Evaluations after which not every one is copied, in case it is the last: then one in nine, as they grow."""
KEPT = 32
"""Evaluations of a slot that are kept, over all tests: the first of each, the last of each, then their second ones."""
REACHED = 100000
"""Evaluations of slots after which a test is ended."""
TURNS = 1000000
"""Turns of other loops after which it is."""
SHOWN = 6
"""Values of a slot that are shown to the user."""
PLACEHOLDER = 0x74726D_70726F6265
"""The constant that stands for the first slot's probe; the others follow."""

_WRAPPED = "(%d@(True not in %d and ("
_PASSED = "True in %d\n%s"
_ANSWERED = "True in %d%sreturn %d @ %d"
_REFUSED = ("AssertionError", "assert ")
_INNER = frozenset(["<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>"])
_LEVELS = {
    ast.IfExp: operations.CONDITIONAL, ast.Lambda: operations.CONDITIONAL, ast.Compare: operations.COMPARISON,
    ast.Await: operations.AWAIT,
    ast.Or: operations.OR, ast.And: operations.AND, ast.Not: operations.NOT, ast.UAdd: operations.SIGN,
    ast.USub: operations.SIGN, ast.Invert: operations.SIGN, ast.BitOr: operations.BITS_OR,
    ast.BitXor: operations.BITS_XOR, ast.BitAnd: operations.BITS_AND, ast.LShift: operations.SHIFT,
    ast.RShift: operations.SHIFT, ast.Add: operations.SUM, ast.Sub: operations.SUM, ast.Mult: operations.PRODUCT,
    ast.Div: operations.PRODUCT, ast.FloorDiv: operations.PRODUCT, ast.Mod: operations.PRODUCT,
    ast.MatMult: operations.PRODUCT, ast.Pow: operations.POWER,
}  # fmt: skip
"""How tightly expressions and operators bind; all others are closed in themselves."""
_BITWISE = (ast.BitAnd, ast.BitOr, ast.BitXor, ast.LShift, ast.RShift, ast.Invert)
_LOOSE = tuple(getattr(ast, name) for name in ("NamedExpr", "Yield", "YieldFrom", "GeneratorExp"))
"""Expressions that need parentheses, or have those of a call, and so have no level."""
_IMPURE = (ast.Call, ast.Await, ast.Yield, ast.YieldFrom, ast.NamedExpr)


def observe(screen, request, chosen, say):
    """In a fork: run tests with probes in slots; say what each slot saw and what could stand there.

    `screen`: of the collected tests. `request`: `files`, a list of `[path,
    encoding, bom, [[start, end], …]]`; `atoms`, `size`, `most` and `steps` as
    terms.py takes them; `seconds` of CPU a test may take; `stubs`, whether the
    functions of the slots are not written: then they give a value that agrees
    with whatever it is compared to, and that is what is wanted. `chosen`: ids of
    tests, or of the files and classes they are in. For each slot, numbered
    over all files, `observed` is `[number, facts]`; none for a slot that is no
    expression of a function, or no place before a statement.
    """
    recorder = Recorder()
    slots = planted(screen, request["files"], recorder, request.get("stubs", False))
    asked = frozenset(chosen)
    tests = [(id, test) for id, test in screen._tests if is_chosen(id, asked)]
    if not slots or not tests:
        return
    _run(screen, tests, recorder, request["seconds"])
    gc.disable()  # this process ends soon, and what it makes now is all of use
    for slot in slots:
        say(observed=[slot.number, slot.facts(request)])


def _run(screen, tests, recorder, seconds):
    pid = os.getpid()
    for cache in screen._caches:
        cache.cache_clear()
    signal.signal(signal.SIGPROF, out_of_time)
    with surroundings(screen._config):
        for id, test in tests:
            recorder.begin(id)
            screen._meter.fill(TURNS)
            screen.seed()
            try:
                try:
                    signal.setitimer(signal.ITIMER_PROF, seconds)
                    outcome, error, _ = test.run()
                finally:
                    signal.setitimer(signal.ITIMER_PROF, 0)  # it may ring once more
                if outcome == "failed" and error.startswith(_REFUSED):
                    recorder.contradict()
            except (OutOfTime, OutOfFuel, KeyboardInterrupt, Exception):
                pass  # what ends the test ends what can be seen of it
            finally:
                if os.getpid() != pid:
                    os._exit(0)  # a test forked, and its child came back here
            recorder.end()


# --- slots ----------------------------------------------------------------------------------------


class Slot:
    """A slot that is observed: its place in the tree, and its probe."""

    def __init__(self, number, start, end, probe):
        self.number, self.start, self.end, self.probe = number, start, end, probe
        self.original = None
        self.by_truth, self.level = False, operations.CONDITIONAL
        self.bitwise = False
        """Whether the function has to do with bits."""
        self.answered = False
        """Whether the function ends there, with a value that agrees with everything."""
        self.behind = None
        """Where the docstring ends that stands there: it must stay what it is."""
        self.bound = frozenset()
        """Names that the function binds: those of the module are hidden behind them."""

    def describe(self, node, parents, text):
        """Take in what the tree says of an expression."""
        self.original = Original(text[self.start : self.end], _level(node), _is_pure(node))
        self.by_truth = _is_test(node, parents)
        enclosed = _enclosed(text, self.start, self.end)
        self.level = operations.CONDITIONAL if enclosed else _needed(node, parents.get(node))

    def facts(self, request):
        """What the slot saw, and classes of texts that could stand there."""
        kept = self.probe.kept()
        given = [evaluation.given for evaluation in kept]
        known = [value for value in given if value is not MISSING]
        facts = {
            "evaluations": self.probe.evaluations,
            "kinds": list(dict.fromkeys([type(value).__name__ for value in known])),
            "shown": list(dict.fromkeys([_SHORT.repr(value) for value in known]))[:SHOWN],
            "tests": [evaluation.test for evaluation in kept],
            "classes": [],
            "original": None,
        }
        if kept:
            atoms = [atom for atom in request["atoms"] if atom.partition(".")[0] not in self.bound]
            facts["classes"], facts["original"] = classes(
                [evaluation.environment for evaluation in kept], given, self.original, atoms,
                request["size"], request["most"], request["steps"], self.by_truth, self.bitwise, self.level,
            )  # fmt: skip
            if self.answered:
                facts["wanted"] = wanted(
                    [evaluation.environment for evaluation in kept], given, atoms,
                    request["size"], request["most"], request["steps"], self.bitwise,
                )  # fmt: skip
            elif self.start == self.end:
                facts.update(self._before(kept, atoms, request))
        return facts

    def _before(self, kept, atoms, request):
        """What code that stands there could ask, name and call."""
        environments = [evaluation.environment for evaluation in kept]
        names, calls = collections.OrderedDict(), collections.OrderedDict()
        for environment in environments:
            for name, value in within_reach(environment):
                names.setdefault(name, type(value).__name__)
                calls.update(_calls(name, value, environment.scope))
        return {
            "conditions": conditions(
                environments, atoms, request["size"], request["most"], request["steps"], self.bitwise
            ),
            "names": list(names.items()),
            "calls": list(calls.items()),
        }


def within_reach(environment):
    """Names with their values, and the data of what they name."""
    for name, value in environment.names.items():
        yield name, value
        for attribute, data in environment.fields.get(id(value), {}).items():
            yield "%s.%s" % (name, attribute), data


def _calls(name, value, scope):
    """What can be called of a value, with how many arguments it needs: functions and methods of the same package."""
    if isinstance(value, types.FunctionType):
        return [(name, needed) for needed in _needs(value, 0)]
    package, found = str(scope.get("__name__")).partition(".")[0], {}
    for kind in reversed(type(value).__mro__):
        if str(kind.__module__).partition(".")[0] == package:
            for method, function in list(vars(kind).items()):
                if isinstance(function, types.FunctionType) and not method.startswith("__"):
                    found.update(("%s.%s" % (name, method), needed) for needed in _needs(function, 1))
    return found.items()


def _needs(function, bound):
    """How many arguments a function needs beside those it is bound to; nothing where it needs some by name."""
    required = function.__code__.co_argcount - len(function.__defaults__ or ()) - bound
    by_name = function.__code__.co_kwonlyargcount - len(function.__kwdefaults__ or ())
    return [max(0, required)] if not by_name and required + bound >= 0 else []


def planted(screen, files, recorder, stubs=False):
    """Let live functions run code with probes; the slots that have one."""
    found, number = [], 0
    for path, encoding, bom, places in files:
        source = screen._source(path, encoding, bom)
        by_function = collections.OrderedDict()
        for start, end in places:
            function = source.function([[start, end, ""]]) if source else None
            if function is not None and function.ready() and screen._live(function):
                slot = Slot(number, start, end, recorder.probe())
                slot.answered = stubs and start == end
                by_function.setdefault(function, []).append(slot)
            number += 1
        for function, slots in by_function.items():
            found += _plant(function, screen._live(function), slots)
    return found


def _plant(function, live, slots):
    """Put probes into one function; the slots that are in its tree."""
    tree = _Tree(function)
    known = [slot for slot in slots if tree.describe(slot)]
    code = _code(function, known)
    if code is None:  # one of them cannot be wrapped where it stands
        known = [slot for slot in known if _code(function, [slot]) is not None]
        code = _code(function, known)
    if code is None:
        return []
    names = frozenset(function.code.co_varnames + function.code.co_cellvars + function.code.co_freevars)
    for slot in known:
        slot.bound, slot.bitwise = names, tree.bitwise
    for one in live:
        one.__code__ = code
    return known


def _code(function, slots):
    """The function's code with probes; None when it does not compile."""
    text, planted = function.source.text, function.source.planted
    insertions = collections.defaultdict(lambda: ([], [], []))
    for slot in slots:
        placeholder = PLACEHOLDER + slot.probe.number
        planted[placeholder] = slot.probe
        _, passing, opening = insertions[slot.start]
        if slot.answered:
            indentation = "\n" + _indentation(text, slot.start)
            answer = _ANSWERED % (placeholder, indentation, placeholder, placeholder)
            if slot.behind is None:
                passing.append(answer + indentation)
            else:
                insertions[slot.behind][0].append(indentation + answer)
        elif slot.start == slot.end:
            passing.append(_PASSED % (placeholder, _indentation(text, slot.start)))
        else:
            opening.append((-slot.end, _WRAPPED % (placeholder, placeholder)))
            insertions[slot.end][0].append(")))")
    edits = [
        [position, position, "".join(closing + passing + [text for _, text in sorted(opening)])]
        for position, (closing, passing, opening) in sorted(insertions.items())
    ]
    code = function.change(edits)
    return None if code is BROKEN else code


def _indentation(text, position):
    """What stands before a position on its line."""
    return text[max(text.rfind("\n", 0, position), text.rfind("\r", 0, position)) + 1 : position]


class _Tree:
    """Expressions and statements of a function, by where they are."""

    def __init__(self, function):
        self._text, self._column = function.source.text, function._place.column
        self._parents, self._expressions, self._statements = {}, {}, set()
        self.bitwise = False
        for statement in function.node.body:
            self._add(statement)
        first = function.node.body[0]
        documents = ast.get_docstring(function.node, clean=False) is not None
        self._docstring = (
            (self._start(first), self._column(first.end_lineno, first.end_col_offset)) if documents else None
        )

    def _add(self, node):
        if isinstance(node, ast.stmt):
            first = min([node, *getattr(node, "decorator_list", ())], key=lambda part: part.lineno)
            self._statements.add(self._start(first) - (first is not node))  # the @ stands before a decorator
        elif isinstance(node, ast.expr) and _can_be_wrapped(node, self._parents.get(node)):
            place = self._start(node), self._column(node.end_lineno, node.end_col_offset)
            self._expressions.setdefault(place, node)
        self.bitwise = self.bitwise or isinstance(getattr(node, "op", None), _BITWISE)
        for field, value in ast.iter_fields(node):
            if field in _LEFT_OUT or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
                continue
            for inner in value if isinstance(value, list) else [value]:
                if isinstance(inner, ast.AST) and not isinstance(inner, ast.JoinedStr):
                    self._parents[inner] = node
                    self._add(inner)

    def _start(self, node):
        return self._column(node.lineno, node.col_offset)

    def describe(self, slot):
        """Tell a slot what stands there; return whether it can be observed."""
        if slot.start == slot.end:
            if slot.answered and self._docstring and slot.start == self._docstring[0]:
                slot.behind = self._docstring[1]
            return slot.start in self._statements and not _indentation(self._text, slot.start).strip()
        node = self._expressions.get((slot.start, slot.end))
        if node is None:
            return False
        slot.describe(node, self._parents, self._text)
        return True


_LEFT_OUT = frozenset(["annotation", "returns", "decorator_list", "pattern", "type_params", "ctx", "op", "ops"])
"""Fields of a tree without expressions that are evaluated there, or in which nothing can be wrapped."""


# --- what the tree says of an expression ----------------------------------------------------------


def _can_be_wrapped(node, parent):
    """Whether an expression can stand in parentheses, and is read."""
    if isinstance(node, (ast.Starred, _SLICE)) or not isinstance(getattr(node, "ctx", _LOAD), ast.Load):
        return False
    if isinstance(node, ast.Tuple) and any(isinstance(item, _SLICE) for item in node.elts):
        return False
    # The parentheses of `f(x for x in y)` are the call's too.
    shared = isinstance(node, ast.GeneratorExp) and isinstance(parent, ast.Call)
    return not (shared and (node.end_lineno, node.end_col_offset) == (parent.end_lineno, parent.end_col_offset))


_LOAD, _SLICE = ast.Load(), ast.Slice


def _level(node):
    """How tightly an expression binds as it is written."""
    if isinstance(node, ast.Tuple):
        first = node.elts[0] if node.elts else None
        bare = first is not None and (first.lineno, first.col_offset) == (node.lineno, node.col_offset)
        return 0 if bare else operations.PRIMARY
    if isinstance(node, _LOOSE):
        return 0
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        return operations.AWAIT
    return _LEVELS.get(type(getattr(node, "op", node)), operations.PRIMARY)


def _needed(node, parent):
    """How tightly what stands in place of an expression must bind; as it is where it has parentheses already."""
    if isinstance(parent, ast.BinOp):
        level = _LEVELS[type(parent.op)]
        if isinstance(parent.op, ast.Pow):
            return operations.AWAIT if node is parent.left else operations.SIGN
        return level if node is parent.left else level + 1
    if isinstance(parent, (ast.UnaryOp, ast.BoolOp)):
        level = _LEVELS[type(parent.op)]
        return level + 1 if isinstance(parent, ast.BoolOp) else level
    if isinstance(parent, (ast.Compare, ast.Starred)):
        return operations.COMPARISON + 1
    if isinstance(parent, ast.Await) or (
        isinstance(parent, (ast.Call, ast.Attribute, ast.Subscript))
        and node is getattr(parent, "func", getattr(parent, "value", None))
    ):
        return operations.PRIMARY
    if isinstance(parent, ast.comprehension):
        return operations.OR
    if isinstance(parent, ast.IfExp):
        return operations.CONDITIONAL if node is parent.orelse else operations.OR
    return operations.CONDITIONAL


def _enclosed(text, start, end):
    """Whether an expression has brackets or a line of its own around it."""
    return text[:start].rstrip()[-1:] in ("(", "[") and text[end:].lstrip()[:1] in (")", "]")


def _is_test(node, parents):
    """Whether only the truth of an expression counts."""
    parent = parents.get(node)
    if isinstance(parent, ast.BoolOp):
        return _is_test(parent, parents)
    if isinstance(parent, ast.UnaryOp):
        return isinstance(parent.op, ast.Not)
    if isinstance(parent, ast.comprehension):
        return node is not parent.iter
    return node is getattr(parent, "test", None)


def _is_pure(node):
    """Whether it is plain that evaluating an expression twice is evaluating it once."""
    return not any(isinstance(part, _IMPURE) for part in ast.walk(node))


# --- recording ------------------------------------------------------------------------------------


class Evaluation:
    """One evaluation of a slot: what was there before it, and what it gave."""

    __slots__ = ("environment", "given", "test")

    def __init__(self, environment, test):
        self.environment, self.given, self.test = environment, MISSING, test


class Recorder:
    """The probes of a run, and how much they may still record of a test."""

    def __init__(self):
        self._probes = []
        self.left, self.test = 0, ""
        self.paused = True
        """Whether code that runs now is not the test's: nothing is recorded."""
        self.answered = None
        """The last call of a stub."""

    def probe(self):
        probe = Probe(self, len(self._probes))
        self._probes.append(probe)
        return probe

    def begin(self, test):
        """A test begins."""
        self.left, self.test, self.paused = REACHED, test, False

    def contradict(self):
        """The test has failed: where it asked last whether an answer is true, that should have been false."""
        if self.answered is not None and self.answered.given is True:
            self.answered.given = False

    def end(self):
        """The test has ended."""
        self.paused, self.answered = True, None
        for probe in self._probes:
            probe.end()


class Probe:
    """Stands in the code beside a slot: `in` is asked before it is evaluated, `@` after it."""

    def __init__(self, recorder, number):
        self._recorder, self.number = recorder, number
        self.evaluations = 0
        self._tests = []
        self._here, self._due = 0, 1  # evaluations in this test, and the next one to be recorded
        self._first, self._last, self._begun = [], None, {}

    def __contains__(self, _):
        recorder = self._recorder
        if recorder.paused:
            return False
        recorder.left -= 1
        if recorder.left < 0:
            raise OutOfFuel("the slots were evaluated %d times" % REACHED)
        self.evaluations += 1
        self._here += 1
        frame = sys._getframe(1)
        if self._here < self._due:
            self._begun.pop(id(frame), None)
            return False
        self._due = self._here + 1 + max(0, self._here - OFTEN) // 8
        recorder.paused = True
        evaluation = self._begun[id(frame)] = Evaluation(seen(frame), recorder.test)
        recorder.paused = False
        if self._here <= FIRST:
            self._first.append(evaluation)
        else:
            self._last = evaluation
        return False

    def __matmul__(self, value):
        evaluation = self._begun.pop(id(sys._getframe(1)), None)
        if value is self:
            self._recorder.answered = evaluation
            return Agreeing(evaluation, self._recorder)
        if evaluation is not None:
            paused, self._recorder.paused = self._recorder.paused, True
            evaluation.given = _Copies().whole(value)
            self._recorder.paused = paused
        return value

    def end(self):
        """The test has ended."""
        if self._here:
            self._tests.append(self._first + ([self._last] if self._last else []))
        self._here, self._due = 0, 1
        self._first, self._last, self._begun = [], None, {}

    def kept(self):
        """The evaluations that are kept, in their order: of each test the first and the last, then others in turn."""
        turns = [[test[0], *test[:0:-1][:1], *test[1:-1]] for test in self._tests]
        chosen = [one for turn in itertools.zip_longest(*turns) for one in turn if one is not None][:KEPT]
        return [one for test in self._tests for one in test if one in chosen]


class Agreeing:
    """What a function gives that is not written: equal to whatever it is compared to, which is what is wanted."""

    __slots__ = ("_evaluation", "_recorder")

    def __init__(self, evaluation, recorder):
        self._evaluation, self._recorder = evaluation, recorder

    def __eq__(self, other):
        if self._evaluation is not None and self._evaluation.given is MISSING:
            if type(other).__name__ == "ApproxScalar":
                other = other.expected
            paused, self._recorder.paused = self._recorder.paused, True
            self._evaluation.given = _Copies().whole(other)
            self._recorder.paused = paused
        return True

    def __ne__(self, other):
        return True

    def __bool__(self):
        if self._evaluation is not None and self._evaluation.given is MISSING:
            self._evaluation.given = True  # unless the test fails at once
        return True

    def __hash__(self):
        return 0


def seen(frame):
    """The environment of a frame: copies of what it holds, and of the data of the objects it holds."""
    copies, names = _Copies(), {}
    scope = frame.f_globals
    for name, value in _held(frame).items():
        if name.isidentifier() and not name.startswith("__") and not isinstance(value, types.ModuleType):
            copied = copies.whole(value)
            if copied is not MISSING:
                names[name] = copied
    return Environment(names, copies.fields, scope)


def _held(frame):
    """The names of a frame; in a comprehension those of the function around it, too."""
    held = dict(frame.f_locals)
    while frame.f_code.co_name in _INNER and frame.f_back is not None:
        inner, frame = frame.f_code, frame.f_back
        if not any(constant is inner for constant in frame.f_code.co_consts):
            break
        held.update((name, value) for name, value in frame.f_locals.items() if name not in held)
    return held


class _TooMuch(Exception):
    """A value is larger than what is copied, or contains itself."""


class _Copies:
    """Copies of what is there at one moment: builtin containers item by item, the data of other objects beside them.

    `fields`: by the id of an object, its data by attribute. The objects
    themselves are not copied: whoever reads their data must read it there.
    """

    ITEMS = 2000
    DEPTH = 6
    OBJECTS = 64

    def __init__(self):
        self.fields = {}
        self._left = self.ITEMS
        self._known = {}

    def whole(self, value):
        """A copy; MISSING when it would be too large."""
        try:
            return self._copy(value, self.DEPTH)
        except (_TooMuch, RuntimeError):  # another thread may change what is copied
            return MISSING

    def _copy(self, value, depth):
        kind = type(value)
        if kind in _FLAT:
            return value
        if kind in (str, bytes):
            if len(value) > operations.LONGEST:
                raise _TooMuch()
            return value
        if kind not in _COPIED:
            self._look_into(value, depth)
            return value
        if id(value) not in self._known:
            self._left -= len(value)
            if self._left < 0 or not depth:
                raise _TooMuch()
            self._known[id(value)] = _BUSY, value
            self._known[id(value)] = _COPIED[kind](value, lambda item: self._copy(item, depth - 1)), value
        copied = self._known[id(value)][0]
        if copied is _BUSY:
            raise _TooMuch()
        return copied

    def _look_into(self, thing, depth):
        """Copy the data of an object."""
        if id(thing) in self.fields or not depth or len(self.fields) == self.OBJECTS or isinstance(thing, _CODE):
            return
        fields = self.fields[id(thing)] = {}
        for name, value in _data(thing):
            try:
                fields[name] = self._copy(value, depth - 1)
            except _TooMuch:
                continue


def _data(thing):
    """Attributes of an object that hold data, with what they hold; nothing of the user's is run."""
    kind = type(thing)
    found = dict(_class_data(thing if isinstance(thing, type) else kind))
    if kind.__module__ in _MEASURES:
        names = [name for name in _MEASURES[kind.__module__] if hasattr(thing, name)]
        found.update((name, getattr(thing, name)) for name in names)
    elif not isinstance(thing, type):
        for one in kind.__mro__:
            for name, member in vars(one).items():
                if type(member) is types.MemberDescriptorType and not name.startswith("__"):
                    try:
                        found[name] = member.__get__(thing, kind)
                    except AttributeError:
                        continue
        if isinstance(thing, tuple):
            found.update(zip(getattr(kind, "_fields", ()), thing))  # noqa: B905 - Python 3.8
        own = _own_names(thing)
        found.update((name, value) for name, value in own.items() if type(name) is str and name.isidentifier())
    return [(name, value) for name, value in found.items() if not isinstance(value, _CODE)]


def _own_names(thing):
    try:
        own = object.__getattribute__(thing, "__dict__")
    except AttributeError:
        return {}
    return dict(own) if type(own) is dict else {}


def _class_data(kind):
    """Data that a class of the user's gives all of its objects."""
    found = {}
    for one in reversed(kind.__mro__):
        if one.__module__ not in ("builtins", "enum", "abc", "typing", "datetime", "decimal", "fractions"):
            for name, value in list(vars(one).items()):
                if type(value) in _DATA and not name.startswith("_"):
                    found[name] = value
    return found


def _are_flat(items):
    """Whether no item needs a copy of its own, said without a step of Python for each."""
    return _FLAT.issuperset(map(type, items))


def _copied_mapping(mapping, copied):
    found = mapping.copy()  # keys are not hashed anew: theirs may be the user's code
    if _are_flat(mapping.values()):
        return found
    for key, value in mapping.items():
        new = copied(value)
        if new is not value:
            found[key] = new
    return found


def _copied_set(items, copied):
    if not _are_flat(items):
        for item in items:
            copied(item)
    return items.copy()


def _copied_list(items, copied):
    return items.copy() if _are_flat(items) else [copied(item) for item in items]


_BUSY = object()
_FLAT = frozenset([int, float, bool, complex, type(None), range, type(Ellipsis)])
_COPIED = {
    list: _copied_list,
    tuple: lambda items, copied: items if _are_flat(items) else tuple([copied(item) for item in items]),
    set: _copied_set,
    frozenset: _copied_set,
    collections.deque: lambda items, copied: collections.deque([copied(item) for item in items], items.maxlen),
    dict: _copied_mapping,
    collections.OrderedDict: _copied_mapping,
    collections.Counter: _copied_mapping,
    collections.defaultdict: _copied_mapping,
}
_DATA = frozenset([*_FLAT, *_COPIED, str, bytes])
_CODE = (
    types.FunctionType, types.BuiltinFunctionType, types.MethodType, types.ModuleType, property, classmethod,
    staticmethod,
)  # fmt: skip
_MEASURES = {
    "datetime": ("year", "month", "day", "hour", "minute", "second", "days", "seconds"),
    "fractions": ("numerator", "denominator"),
}
"""Data of values of the standard library that is worth looking at, by module."""


class _Short(reprlib.Repr):
    """Values as the user reads them, in short. Texts that their own classes write would run their code."""

    def __init__(self):
        reprlib.Repr.__init__(self)
        self.maxstring = self.maxother = 60

    def repr_int(self, x, level):
        return reprlib.Repr.repr_int(self, x, level) if is_short(x) else "<%s>" % size(x)

    def repr_instance(self, x, level):
        if operations.is_pure(type(x)):
            try:
                return repr(x)[: self.maxother]
            except ValueError:  # an integer in it has more digits than Python writes
                pass
        return "<%s>" % type(x).__name__


_SHORT = _Short()
