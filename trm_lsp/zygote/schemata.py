"""Many candidates in one code object: what stands in a slot of the function is chosen while it runs.

Compiling is most of what it costs to screen a candidate. Those that differ in
expressions of one function are compiled together, as mutant schemata (Untch,
Offutt and Harrold, 1993): `(a <= b) if True in <a constant> else (a < b)`. The
constants are placeholders that stand for lists once the code is compiled; the
lists say which candidate it is. Only whole expressions that are read and that
bind no name can be chosen between, for then nothing else in the function can
tell which others it was compiled with.
"""

import ast
import collections
import re
import sys

from _trm_zygote import fuel

MOST = 32
"""Candidates in one code object. More of them cost more where slots are evaluated than they save."""
_READ = ("value", "test", "iter", "exc", "cause", "context_expr")
"""Fields of statements, and of what `with` enters, that are expressions which are read."""
# Python 3.12 may take a name that one comprehension binds for a variable of the function in another one.
_BINDS = re.compile(r":=|\b(?:yield|await|async%s)\b" % ("|for" if sys.version_info[:2] == (3, 12) else ""))
_SEES = frozenset(["locals", "vars", "dir", "eval", "exec", "_getframe", "currentframe"])
"""What sees the variables around it: inside inner functions, which these are is for all candidates together to say."""
_TELLING = re.compile(r"\b(?:super|__class__|%s)\b" % "|".join(sorted(_SEES)))
"""These, and names that give what stands around them a cell."""
_PLAIN = re.compile(r"[\w .+\-*/%&|^<>=!~,:@]*")
_SPREADS = re.compile(r"""[\r\n#;]|'''|\"\"\"""")
_TANGLED = re.compile(_SPREADS.pattern + r"|\\")
_LINE_END = re.compile(r"\r?\n[ \t\f]*")
_FORMATS = re.compile(r"""\b[rR]?[fFtT][rR]?["']""")
_STRINGS = re.compile(r""""(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'""")
_PAIRS = {")": "(", "]": "[", "}": "{"}

Slot = collections.namedtuple("Slot", "start end lines alone")
"""Where an expression is, how many line ends it has, and whether neither a second one nor a `for` may stand there."""
_Group = collections.namedtuple("_Group", "function others members")


# --- slots ----------------------------------------------------------------------------------------


def slots(node, offset, text):
    """Where a function has expressions that can be chosen between: outer ones first, else in the order of the text.

    `offset(line, column)` gives the position of a place in the text.
    """
    found = set()
    if any(getattr(part, "id", None) in _SEES or getattr(part, "attr", None) in _SEES for part in ast.walk(node)):
        return []
    for expression, alone in _expressions(node):
        start = offset(expression.lineno, expression.col_offset)
        end = offset(expression.end_lineno, expression.end_col_offset)
        lines = expression.end_lineno - expression.lineno
        within = text[start:end]
        tangled = _BINDS.search(within) or (lines and _TANGLED.search(_LINE_END.sub(" ", within)))
        if not tangled and _is_all(within, expression):
            found.add(Slot(start, end, lines, alone))
    return sorted(found, key=lambda slot: (slot.start, -slot.end))


def _expressions(node):
    """Expressions that a function reads and that need no parentheses where they stand, and whether they stand alone."""
    first = {id(part.body[0]) for part in ast.walk(node) if isinstance(part, _DOCUMENTED)}
    classes = [part for part in ast.walk(node) if isinstance(part, ast.ClassDef)]
    in_classes = {id(part) for inner in classes for part in ast.walk(inner)}
    for part in ast.walk(node):
        if part is node or not isinstance(part, (ast.stmt, ast.withitem)):
            continue
        read = [getattr(part, field, None) for field in _READ]
        if isinstance(part, ast.AnnAssign) and part.simple and id(part) not in in_classes:
            read.append(part.annotation)  # of a variable: nothing reads it
        if isinstance(part, ast.Expr) and id(part) in first:  # it may be a docstring, or become one
            read = []
            for inner in _inner(part.value):
                yield inner, True
        for target in [*getattr(part, "targets", ()), getattr(part, "target", None)]:
            if isinstance(target, (ast.Attribute, ast.Subscript)):
                read += [target.value, getattr(target, "slice", None)]
        for expression in read:
            if isinstance(expression, ast.expr):
                yield expression, isinstance(part, (ast.Assert, ast.withitem))
                for inner in _inner(expression):
                    yield inner, True


_DOCUMENTED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def _inner(expression):
    """Expressions between brackets and commas inside an expression."""
    queue = collections.deque([expression])
    while queue:
        node = queue.popleft()
        if isinstance(node, ast.JoinedStr):
            continue  # what stands in it has no place of its own in older Pythons
        queue.extend(ast.iter_child_nodes(node))
        found = []
        if isinstance(node, ast.Call):
            found = [*node.args, *(keyword.value for keyword in node.keywords)]
            if len(found) == 1 and isinstance(found[0], ast.GeneratorExp):
                found = []  # its brackets are those of the call
        elif isinstance(node, (ast.List, ast.Tuple, ast.Set)) and isinstance(getattr(node, "ctx", None), _LOADS):
            found = node.elts
        elif isinstance(node, ast.Dict):
            found = [part for pair in zip(node.keys, node.values) if pair[0] for part in pair]  # noqa: B905 - Python 3.8
        elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
            found = [node.slice]
        for inner in found:
            if isinstance(inner, ast.expr) and not isinstance(inner, ast.Starred):
                yield inner


_LOADS = (ast.Load, type(None))


def _is_all(text, expression):
    """Whether the text alone is the expression."""
    try:
        return ast.dump(ast.parse("(%s)" % text, mode="eval").body) == ast.dump(expression)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False


def edited(slot, edits, text):
    """The text of a slot with sorted edits inside it, on one line; None when it might not stay within the slot."""
    parts, last, plain = [], slot.start, True
    for start, end, new in edits:
        if (
            not last <= start <= end
            or "\n" in new
            or "\n" in text[start:end]
            or (slot.alone and ("," in new or "for" in new))
        ):
            return None
        if _TELLING.search(new):
            return None
        # What comes to stand before quotes says how they are read.
        plain = plain and text[end : end + 1] not in ('"', "'") and _PLAIN.fullmatch(new)
        plain = plain and _PLAIN.fullmatch(text, start, end)
        parts += [text[last:start], new]
        last = end
    parts.append(text[last : slot.end])
    found = "".join(parts)
    if slot.lines:
        found = _LINE_END.sub(" ", found)
    if not found or found.isspace() or _BINDS.search(found):
        return None
    if plain:
        return found if not _FORMATS.search(found) or _compiles(found, 0) else None
    return found if _is_closed(found, slot.alone) else None


def _is_closed(text, alone):
    """Whether whatever the text opens, it closes, and whether it has no commas outside, where it stands alone."""
    if _SPREADS.search(text) or _FORMATS.search(text):
        return False
    opened = []
    for sign in _STRINGS.sub("0", text):
        if sign in "([{":
            opened.append(sign)
        elif sign in ")]}":
            if not opened or opened.pop() != _PAIRS[sign]:
                return False
        elif sign in "\"'\\" or (alone and sign == "," and not opened):
            return False
    return not opened


def _compiles(text, flags):
    """Whether a text is an expression."""
    try:
        compile("(%s)" % text, "<slot>", "eval", flags, True)
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
        return False
    return True


# --- choices --------------------------------------------------------------------------------------


class _Reached(list):
    """Whether a candidate is reached, as its one item; code that holds it can be hashed, as any code."""

    __slots__ = ()
    __hash__ = object.__hash__


class Switch:
    """Which of the candidates in a code object is the one that runs."""

    def __init__(self):
        self._chosen = 0
        self._reached = [_Reached([False]) for _ in range(MOST + 2)]
        self.planted = {fuel.PLACEHOLDER + 1 + number: reached for number, reached in enumerate(self._reached)}
        """What the placeholders stand for."""

    def choose(self, number):
        """Let the candidate of this number, from 1, run."""
        before, self._chosen = self._chosen, number
        for between in range(min(before, number) + 1, max(before, number) + 1):
            self._reached[between][0] = between <= number


def _reached(number):
    """A condition: that the candidate that runs has this number, or one above."""
    return "True in %d" % (fuel.PLACEHOLDER + 1 + number)


def _one_of(texts, first):
    """An expression that is one of these, whose candidates are numbered from `first`."""
    if len(texts) == 1:
        return "(%s)" % texts[0]
    middle = len(texts) // 2
    low, high = _one_of(texts[:middle], first), _one_of(texts[middle:], first + middle)
    return "(%s if %s else %s)" % (high, _reached(first + middle), low)


def choices(texts, text):
    """Edits that put choices in place of slots, candidates numbered from 1 in the order of `texts`.

    `texts`: pairs of a slot and what a candidate has there, those of one slot
    next to each other, in the order of `slots`. What follows an edit stays on
    its lines.
    """
    by_slot = collections.OrderedDict()
    for number, (slot, new) in enumerate(texts):
        by_slot.setdefault(slot, (number + 1, []))[1].append(new)
    edits = []
    for slot in reversed(by_slot):
        first, news = by_slot[slot]
        inside = [edit for edit in edits if edit[1] <= slot.end]
        edits = [edit for edit in edits if edit[1] > slot.end]
        old = _with(text, slot, inside)
        chosen = "%s and not %s" % (_reached(first), _reached(first + len(news)))
        new = "(%s if %s else (%s)%s)" % (_one_of(news, first), chosen, old, "\n" * slot.lines)
        edits.insert(0, (slot.start, slot.end, new))
    return edits


def _with(text, slot, edits):
    """The slot's own text, on one line, with sorted edits that hold no line ends but at their ends."""
    parts, last = [], slot.start
    for start, end, new in edits:
        parts += [text[last:start], new]
        last = end
    return _LINE_END.sub(" ", "".join(parts) + text[last : slot.end])


# --- candidates -----------------------------------------------------------------------------------


class Schemata:
    """The code of a batch's candidates, compiled when it is first asked for."""

    def __init__(self, switch, changes):
        """`changes`: of each candidate its Function, None where it has none, and its sorted edits."""
        self._switch, self._changes = switch, changes
        self._groups, self._made = {}, {}
        for group in _groups(changes):
            self._groups.update((number, group) for number, _, _ in group.members)

    def code(self, number):
        """What a candidate's function is to run, the candidate being chosen; else what Function.change says."""
        if number not in self._made:
            self._make(self._groups[number]) if number in self._groups else self._make_alone(number)
        code, chosen = self._made[number]
        self._switch.choose(chosen)
        return code

    def _make(self, group):
        """Compile a group together; without those that are no expression, or in halves, when that fails."""
        function, others, members = group
        if len(members) == 1:
            self._make_alone(members[0][0])
            return
        code = function.choose([member[1:] for member in members], others)
        if code is not None:
            self._made.update((number, (code, chosen + 1)) for chosen, (number, _, _) in enumerate(members))
            return
        sound = [member for member in members if _compiles(member[2], function.source.flags)]
        parts = [sound] if len(sound) < len(members) else [members[: len(members) // 2], members[len(members) // 2 :]]
        for number in {member[0] for member in members}.difference(member[0] for member in sound):
            self._make_alone(number)
        for part in filter(None, parts):
            self._make(group._replace(members=part))

    def _make_alone(self, number):
        function, edits = self._changes[number]
        self._made[number] = function.change(edits), 0


def _groups(changes):
    """Candidates that can be compiled together. A member is its number, a slot and its text there.

    A candidate of several edits joins those that have all but one slot in common with it, the more the better.
    """
    alike = {}
    for number, (function, edits) in enumerate(changes):
        if function is not None:
            for slot, text, others in _readings(function, edits):
                alike.setdefault((function, others), []).append((number, slot, text))
    taken = set()
    for key in sorted(alike, key=lambda key: -len(alike[key])):
        members = [member for member in alike[key] if member[0] not in taken]
        members.sort(key=lambda member: (member[1].start, -member[1].end))
        taken.update(number for number, _, _ in members)
        for first in range(0, len(members), MOST):
            yield _Group(*key, members[first : first + MOST])


def _readings(function, edits):
    """The ways to see a change as another text of one slot beside other edits."""
    seen = set()
    for start, end, _ in edits:
        slot = function.slot(start, end)
        if slot is not None and slot not in seen:
            seen.add(slot)
            inside = [edit for edit in edits if slot.start <= edit[0] and edit[1] <= slot.end]
            others = [edit for edit in edits if edit not in inside]
            text = edited(slot, inside, function.source.text)
            if text is not None and all(end <= slot.start or slot.end <= start for start, end, _ in others):
                yield slot, text, tuple([tuple(edit) for edit in others])
