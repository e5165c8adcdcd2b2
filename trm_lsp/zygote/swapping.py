"""From edits of a source file to the new code of one function, and what may not be swapped that way.

Only the changed function is compiled, inside the chain of its classes. A
function shows first, unchanged, that this gives the very code that compiling
the whole file gives; one that does not is never swapped.
"""

import __future__

import ast
import bisect
import inspect
import re
import types

from _trm_zygote import fuel, schemata

_FUTURE = 0
for _name in __future__.all_feature_names:
    _FUTURE |= getattr(__future__, _name).compiler_flag
_FUTURE &= ~0x10  # CO_NESTED, the compiler flag of nested_scopes, is set in any nested function
_CALLING = frozenset(
    [
        "property", "setter", "getter", "deleter", "staticmethod", "classmethod", "cached_property", "lru_cache",
        "cache", "wraps", "contextmanager", "asynccontextmanager", "abstractmethod", "total_ordering", "override",
        "final", "overload", "singledispatch", "singledispatchmethod", "register",
    ]
)  # fmt: skip
"""Decorators that keep the function and call it."""
_OPTIMIZED = 0x1
_SHAPE = 0x3FF & ~0x40  # CO_NOFREE says what co_freevars does
"""Flags that say what calling the function gives and takes: arguments, generator, coroutine."""
BROKEN = object()
"""In place of the code of a text that does not compile."""
_LOCAL = re.compile(r"[\w .+\-*/%&|^<>=!~,:@]*")
"""A piece of text that cannot change how what stands around it is read: no quotes, brackets, comments or lines."""
_HAS_DOCSTRING = getattr(inspect, "CO_HAS_DOCSTRING", None)


class Source:
    """One source file as it was imported."""

    def __init__(self, path, encoding, bom, planted, data=None):
        """Read it; `path` as live code has it. Raises OSError, UnicodeError, SyntaxError, ValueError.

        `planted`: what to put into code in place of placeholders of fuel and schemata. `data`: what the file held.
        """
        if data is None:
            with open(path, "rb") as file:
                data = file.read()
        self.path, self.planted = path, planted
        self.text = (data[3:] if bom else data).decode(encoding)
        self.code = compile(self.text, path, "exec", dont_inherit=True)
        self.flags = self.code.co_flags & _FUTURE
        tree, place = ast.parse(self.text), _Places(self.text)
        self.imported = set(_imported(tree.body))
        self.functions = [Function(self, node, classes, place) for node, classes in _outermost(tree.body, ())]
        self._starts = [function.start for function in self.functions]

    def function(self, edits):
        """The function whose body takes in all of the edits; None when they reach beyond it."""
        number = bisect.bisect_right(self._starts, edits[0][0]) - 1
        if number < 0:
            return None
        found = self.functions[number]
        first = found.body if found.is_watched else found.start
        inside = all(first <= start and end <= found.end for start, end, _ in edits)
        return found if inside else None

    def compiles(self, edits):
        """Whether the file still compiles with sorted edits, of which it is known that they break a function."""
        if all(_LOCAL.fullmatch(self.text[start:end]) and _LOCAL.fullmatch(new) for start, end, new in edits):
            return False
        text, parts, last = self.text, [], 0
        for start, end, new in edits:
            parts += [text[last:start], new]
            last = end
        try:
            compile("".join(parts) + text[last:], self.path, "exec", dont_inherit=True)
        except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
            return False
        return True


class Function:
    """An outermost function: where its text is, and how it is compiled alone."""

    def __init__(self, source, node, classes, place):
        self.source, self.node, self._place = source, node, place
        first = min([node.lineno] + [decorator.lineno for decorator in node.decorator_list])
        self.start, self.body = place.line(first), place.line(node.body[0].lineno)
        self.end = place.line(node.end_lineno + 1)
        # Decorators and classes that do things when they are made may have looked at arguments and kind.
        self.is_watched = bool(node.decorator_list) or any(c.decorator_list or c.keywords or c.bases for c in classes)
        self._names = [c.name for c in classes] + [node.name]
        # Python compiles a call of `module.name` in another way once it has seen the import.
        used = sorted(source.imported.intersection(n.id for n in ast.walk(node) if isinstance(n, ast.Name)))
        self._wrapper = "if 0: import %s\n" % ", ".join(used) if used else ""
        self._wrapper += _wrapper([place.indentation(c.lineno) for c in classes], classes, place.indentation(first))
        self._shift = first - 1 - self._wrapper.count("\n")
        self._ready = None

    def ready(self):
        """Whether it may be compiled alone, shown once; sets `code` (as imported) and `fuelled` (with guards)."""
        if self._ready is None:
            self._ready = self._prove()
        return self._ready

    def is_guarded(self):
        """Whether it is known to have guards; shows nothing anew."""
        return bool(self._ready) and self.fuelled is not self.code

    def _prove(self):
        alone = self._compiled(self.source.text[self.start : self.end])
        if alone is None or alone is BROKEN:
            return False
        self.code, self._around = alone
        self.code = self._placed(self.code)
        if self.code not in _codes(self.source.code, self._names):
            return False
        if not identical(self.code, _codes(self.source.code, self._names)[self.code]):
            return False
        try:
            self._guards = fuel.guards(self.node, self._place.column)
        except (AttributeError, TypeError):  # a place the tree does not know
            return False
        self.fuelled, self._shape = self.code, self._shape_of(self.code)
        self._slots = schemata.slots(self.node, self._place.column, self.source.text)
        self._slot_starts = [slot.start for slot in self._slots]
        if self._guards:
            fuelled = self.change([])
            if fuelled is None or fuelled is BROKEN:
                return False
            self.fuelled = fuelled
        return True

    def is_plain(self):
        """Whether everything that decorates the function is known to call it, and not a copy of its code."""
        return all(_name(decorator) in _CALLING for decorator in self.node.decorator_list)

    def change(self, edits, guarded=True):
        """The function's code with sorted edits of the file's text, its loops guarded.

        BROKEN when the file would not compile, None when the change may not be swapped.
        """
        if not all(start <= end for start, end, _ in edits) or not _apart(edits):
            return None
        marks = fuel.carried(self._guards, edits, self.source.text) if guarded else edits
        found = BROKEN if marks is None else self._compiled(self._with(marks))
        if found is BROKEN and guarded:  # a guard may have come to stand where it cannot
            found = self._compiled_anew(self._with(edits))
        if found is BROKEN:
            return None if self.source.compiles(edits) else BROKEN
        return self._exchanged(found)

    def slot(self, start, end):
        """The innermost slot of schemata.py that takes in a piece of the text, None when none does."""
        number = bisect.bisect_right(self._slot_starts, start)
        while number:
            number -= 1
            if end <= self._slots[number].end:
                return self._slots[number]
        return None

    def choose(self, texts, edits):
        """The code with sorted edits and choices between texts of slots, guarded; None when that cannot be had."""
        choices = schemata.choices(texts, self.source.text)
        marks = fuel.carried(self._guards, edits, self.source.text, choices) if _apart(edits) else None
        found = None if marks is None else self._compiled(self._with(marks))
        return None if found is BROKEN else self._exchanged(found)

    def _exchanged(self, found):
        if found is None or found[1] != self._around:
            return None
        new = self._placed(found[0])
        return new if self._shape_of(new) == self._shape else None

    def _shape_of(self, code):
        """What must not change under functions that run the code."""
        return _shape(code) if self.is_watched else (code.co_freevars, _docstring(code))

    def _with(self, edits):
        """The function's lines with sorted edits."""
        text, parts, last = self.source.text, [], self.start
        for start, end, new in edits:
            parts.append(text[last:start])
            parts.append(new)
            last = end
        parts.append(text[last : self.end])
        return "".join(parts)

    def _compiled(self, lines):
        """Code of the function whose lines these are, and what is around it.

        BROKEN when it does not compile, None when it does not stand alone.
        """
        if lines[-1:] not in ("\n", "\r") and self.end < len(self.source.text):
            return None  # what follows has become part of it
        if lines.rstrip()[-1:] == "\\":
            return None
        try:
            code = compile(self._wrapper + lines, self.source.path, "exec", self.source.flags, True)
        except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
            return BROKEN
        return _unwrap(code, self._names)

    def _compiled_anew(self, lines):
        """The same, with guards found in the new text itself."""
        text = self._wrapper + lines
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return BROKEN
        return self._compiled(fuel.insert(text, fuel.guards(tree, _Places(text).column))[len(self._wrapper) :])

    def _placed(self, code):
        """The code on its own lines in the file, nested functions too, with what stands for its placeholders."""
        planted = self.source.planted
        for constant in code.co_consts:
            if type(constant) is types.CodeType or (type(constant) is int and constant in planted):
                break
        else:
            return code.replace(co_firstlineno=code.co_firstlineno + self._shift) if self._shift else code
        return code.replace(
            co_firstlineno=code.co_firstlineno + self._shift,
            co_consts=tuple([self._placed_constant(constant) for constant in code.co_consts]),
        )

    def _placed_constant(self, constant):
        if type(constant) is types.CodeType:
            return self._placed(constant)
        return self.source.planted.get(constant, constant) if type(constant) is int else constant


def _apart(edits):
    """Whether sorted edits do not overlap."""
    return all(edits[n][1] <= edits[n + 1][0] for n in range(len(edits) - 1))


def _name(decorator):
    """The last name of a decorator: `functools.wraps(f)` is `wraps`."""
    if isinstance(decorator, ast.Call):
        decorator = decorator.func
    return decorator.attr if isinstance(decorator, ast.Attribute) else getattr(decorator, "id", "")


class _Places:
    """Positions in a text by line (from 1) and column (in bytes of UTF-8, as syntax trees count)."""

    def __init__(self, text):
        self._text = text
        self._starts = [0]
        position = 0
        for line in text.replace("\r\n", "\0\n").replace("\r", "\n").split("\n")[:-1]:
            position += len(line) + 1
            self._starts.append(position)

    def line(self, number):
        return self._starts[number - 1] if number <= len(self._starts) else len(self._text)

    def column(self, number, column):
        start = self.line(number)
        before = self._text[start : start + column]
        if before.isascii() if hasattr(before, "isascii") else False:
            return start + column
        return start + len(
            self._text[start : self.line(number + 1)].encode("utf-8", "replace")[:column].decode("utf-8")
        )

    def indentation(self, number):
        """What a line begins with."""
        line = self._text[self.line(number) : self.line(number + 1)]
        return line[: len(line) - len(line.lstrip(" \t\f"))]


def _outermost(body, classes):
    """Functions of a module and of its classes, not those inside functions, with the classes around them."""
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node, classes
        elif isinstance(node, ast.ClassDef):
            for found in _outermost(node.body, (*classes, node)):
                yield found
        else:
            for block in _blocks(node):
                for found in _outermost(block, classes):
                    yield found


def _imported(body):
    """Names that a module imports outside its functions and classes."""
    for node in body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            for alias in node.names:
                if alias.name != "*":
                    yield alias.asname or alias.name.partition(".")[0]
        elif not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            for block in _blocks(node):
                for name in _imported(block):
                    yield name


def _blocks(node):
    """The statement lists of a compound statement, in the order of their lines."""
    for field in ("body", "handlers", "cases", "orelse", "finalbody"):
        block = getattr(node, field, None)
        if not isinstance(block, list):
            continue
        if field in ("handlers", "cases"):
            for part in block:
                yield part.body
        else:
            yield block


def _wrapper(indentations, classes, own):
    """The classes around a function, each where it stands; `if 1:` where the outermost is in a block itself."""
    lines = [indentation + "class %s:\n" % node.name for indentation, node in zip(indentations, classes)]  # noqa: B905 - Python 3.8
    outermost = indentations[0] if indentations else own
    return "".join((["if 1:\n"] if outermost.strip("\f") else []) + lines)


def _unwrap(code, names):
    """The function inside a wrapper, and everything else the wrapper does; None when it is not there once."""
    around = []
    for name in names:
        inner, others = None, []
        for constant in code.co_consts:
            if type(constant) is not types.CodeType:
                others.append(constant if type(constant) in (str, type(None)) else (type(constant), repr(constant)))
            elif constant.co_name == name:
                if inner is not None:
                    return None
                inner = constant
            else:
                others.append(constant)
        if inner is None:
            return None
        around.append((code.co_code, code.co_names, others))
        code = inner
    return (code, around) if code.co_flags & _OPTIMIZED else None


def _codes(code, names):
    """Code objects by value at a path of class and function names."""
    level = [code]
    for name in names:
        level = [c for outer in level for c in outer.co_consts if type(c) is types.CodeType and c.co_name == name]
    return {code: code for code in level}


_COMPARED = [
    name
    for name in dir(types.CodeType)
    if name.startswith("co_") and name not in ("co_consts", "co_lines", "co_positions", "co_lnotab", "co_branches")
]
_LINES = "co_linetable" if "co_linetable" in _COMPARED else "co_lnotab"


def identical(one, other):
    """Whether two code objects are the same in everything, nested ones too."""
    if any(getattr(one, name) != getattr(other, name) for name in _COMPARED if not callable(getattr(one, name))):
        return False
    if getattr(one, _LINES) != getattr(other, _LINES) or len(one.co_consts) != len(other.co_consts):
        return False
    for a, b in zip(one.co_consts, other.co_consts):  # noqa: B905 - Python 3.8
        if type(a) is not type(b):
            return False
        if type(a) is types.CodeType:
            if not identical(a, b):
                return False
        elif a != b or (repr(a) != repr(b) and not isinstance(a, frozenset)):
            return False
    return True


def _shape(code):
    """What must not change under functions that run the code: arguments, kind, cells, docstring."""
    flags, positional, named = code.co_flags, code.co_argcount, code.co_kwonlyargcount
    arguments = positional + named + bool(flags & 0x4) + bool(flags & 0x8)
    return (
        flags & _SHAPE, positional, named, code.co_posonlyargcount, code.co_varnames[:arguments], code.co_freevars,
        _docstring(code),
    )  # fmt: skip


def _docstring(code):
    if not code.co_consts or (_HAS_DOCSTRING and not code.co_flags & _HAS_DOCSTRING):
        return None
    return code.co_consts[0] if isinstance(code.co_consts[0], str) else None
