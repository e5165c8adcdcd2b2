"""Fuel: loops of a candidate count their turns, so that an endless one ends soon and always at the same turn.

Each loop gets a guard, `True in <a constant>`, on the line it is on. The
constant is a placeholder that stands for an iterator once the code is
compiled: no name is added, and a turn costs one search of that iterator, in C.
"""

import ast
import re

PLACEHOLDER = 0x74726D_6675656C
"""The constant of guards, until the iterator of a Meter is put in its place."""
_GUARD = "True in %d" % PLACEHOLDER
_TRICKY = re.compile(r"""\\|'''|\"\"\"""")
_OPENS, _INSERTS, _CLOSES, _REPLACES = range(4)


class OutOfFuel(BaseException):
    """Raised in the candidate's loop; not an Exception, which it may well catch."""


class Meter:
    """How many loop turns are left. `iterator` is what guards look into, `planted` says in place of what.

    It runs over a list of True that ends with the meter itself: a search that
    gets there compares with the meter, which winds the iterator back, or
    raises OutOfFuel and sets `empty`.
    """

    _BLOCK = 4096

    def __init__(self):
        self.iterator = iter([True] * self._BLOCK + [self])
        self.planted = {PLACEHOLDER: self.iterator}
        self.fill(0)

    def fill(self, turns):
        """Allow this many turns from now on."""
        self.empty = False
        self._turns = turns
        self._blocks, rest = divmod(turns, self._BLOCK + 1)
        self.iterator.__setstate__(self._BLOCK - rest)

    def used(self):
        """Turns since it was filled."""
        left = self._blocks * (self._BLOCK + 1) + self.iterator.__length_hint__() - 1
        return self._turns - left

    def __eq__(self, other):
        if self._blocks:
            self._blocks -= 1
            self.iterator.__setstate__(0)
            return True
        self.iterator.__setstate__(self._BLOCK)
        self.empty = True
        raise OutOfFuel("the loops turned %d times" % self._turns)

    __hash__ = None


def guards(tree, offset):
    """Insertions that put a guard into every loop below a syntax tree, as `(position, rank, text)`, sorted.

    `offset(line, column)` gives the position of a place in the text. A loop
    that cannot be guarded in one line is left out: a timer stands behind.
    """
    found = []

    def wrap(expression):
        begin = offset(expression.lineno, expression.col_offset)
        end = offset(expression.end_lineno, expression.end_col_offset)
        found.append((begin, _OPENS, "(%s) and (" % _GUARD))
        found.append((end, _CLOSES, ")"))

    def begin(body):
        first = body[0]
        if isinstance(first, ast.While):
            return  # it looks at its own guard
        if isinstance(first, ast.If):
            wrap(first.test)
        elif isinstance(first, (ast.For, ast.AsyncFor)):
            wrap(first.iter)
        elif isinstance(first, (ast.With, ast.AsyncWith)):
            wrap(first.items[0].context_expr)
        elif isinstance(first, ast.Try):
            begin(first.body)
        elif not hasattr(first, "body") and not hasattr(first, "cases"):
            found.append((offset(first.lineno, first.col_offset), _OPENS, _GUARD + ";"))

    for node in ast.walk(tree):
        if isinstance(node, ast.While):
            wrap(node.test)
        elif isinstance(node, (ast.For, ast.AsyncFor)):
            begin(node.body)
    return sorted(found)


def carried(insertions, edits, text, choices=()):
    """All as one sorted list of `(start, end, text)`; None where the edits may have moved what is guarded.

    `choices`: more edits, each of which puts a whole expression in place of another.
    """
    marks = [(start, _REPLACES, end, new) for start, end, new in choices]
    for start, end, new in edits:
        if "for" in new or "while" in new or (insertions and _TRICKY.search(new + " " + text[start:end])):
            return None
        if end - start > 1 and any(start < position < end for position, _, _ in insertions):
            return None
        marks.append((start, _INSERTS if start == end else _REPLACES, end, new))
    for position, rank, guard in insertions:
        marks.append((position, rank, position, guard))
    marks.sort()
    return [(start, end, new) for start, _, end, new in marks]


def insert(text, insertions):
    """The text with insertions made by `guards` of its own tree."""
    parts, last = [], 0
    for position, _, new in insertions:
        parts += (text[last:position], new)
        last = position
    return "".join([*parts, text[last:]])
