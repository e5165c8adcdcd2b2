"""Mistakes that people make, one edit each: what goes wrong while a function is written, moved or tidied.

The kinds were listed from what bug collections and reviews describe, apart
from any repair operator. Each proposes whatever it can; a proposal stays if
the function still parses and is another one.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, TypeVar

from bench.fragment import Block, Fragment
from trm_lsp.core.state import Edit

_Node = TypeVar("_Node", bound=ast.AST)


class Change(NamedTuple):
    """Replace `module[start:end]` of a fragment by `text`."""

    start: int
    end: int
    text: str


class Kind(NamedTuple):
    """A kind of mistake."""

    name: str
    weight: int
    """How often it is drawn, against the others."""
    propose: Callable[[Fragment], Iterator[Change]]


def mistakes(fragment: Fragment, kind: Kind) -> list[Edit]:
    """Every edit of the file that a kind finds in a function, each once."""
    changes = dict.fromkeys(kind.propose(fragment))
    return [edit for change in changes if changed(fragment, edit := fragment.edit(*change))]


def changed(fragment: Fragment, edit: Edit) -> bool:
    """Whether a function still compiles after an edit of its file, and is another one."""
    after = parsed(fragment.after(edit))
    return after is not None and ast.dump(after) != ast.dump(fragment.tree)


def parsed(module: str) -> ast.Module | None:
    """None for what does not compile."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # `1 is x` and the like: a mistake as well
            compile(module, "fragment", "exec", dont_inherit=True)
            return ast.parse(module)
    except (SyntaxError, ValueError):
        return None


# Names


def wrong_variable(fragment: Fragment) -> Iterator[Change]:
    for node in _all(fragment, ast.Name):
        if isinstance(node.ctx, ast.Load) and node.id in fragment.variables:
            for other in fragment.variables:
                if other not in {node.id, "self", "cls"} and node.id not in {"self", "cls"}:
                    yield _put(fragment, node, other)


_RELATIVES = (
    ("append", "extend", "insert"),
    ("add", "update"),
    ("get", "pop", "setdefault"),
    ("keys", "values", "items"),
    ("startswith", "endswith"),
    ("strip", "lstrip", "rstrip"),
    ("split", "rsplit", "partition"),
    ("find", "rfind", "index"),
    ("upper", "lower", "title"),
    ("pop", "popleft"),
    ("match", "search", "fullmatch"),
    ("min", "max"),
    ("any", "all"),
    ("isinstance", "issubclass"),
    ("zip", "zip_longest"),
    ("floor", "ceil", "round"),
    ("next", "list"),
    ("hasattr", "getattr"),
)
"""Methods and functions that are taken for each other."""


def wrong_attribute(fragment: Fragment) -> Iterator[Change]:
    for node in _all(fragment, ast.Attribute):
        owner = node.value.id if isinstance(node.value, ast.Name) else ""
        for other in [*fragment.siblings.get(owner, ()), *_relatives(node.attr)]:
            if other != node.attr:
                yield _put_end(fragment, node, node.attr, other)


def wrong_function(fragment: Fragment) -> Iterator[Change]:
    for node in _all(fragment, ast.Call):
        if isinstance(node.func, ast.Name):
            for other in _relatives(node.func.id):
                yield _put(fragment, node.func, other)


def _relatives(name: str) -> list[str]:
    return [other for row in _RELATIVES if name in row for other in row if other != name]


# Calls


def swapped_arguments(fragment: Fragment) -> Iterator[Change]:
    for node in _all(fragment, ast.Call):
        for left, right in zip(node.args, node.args[1:], strict=False):
            if not isinstance(left, ast.Starred) and not isinstance(right, ast.Starred):
                yield _swapped(fragment, left, right)


_WRAPPERS = {
    "abs", "bool", "bytes", "enumerate", "float", "frozenset", "int", "iter", "len", "max", "min",
    "repr", "reversed", "round", "sorted", "str", "sum", "tuple",
}  # fmt: skip
_FINISHERS = {"strip", "lstrip", "rstrip", "lower", "upper", "title", "casefold", "encode", "decode", "items", "keys",
              "values", "replace", "splitlines"}  # fmt: skip


def missing_call(fragment: Fragment) -> Iterator[Change]:
    for node in _all(fragment, ast.Call):
        if isinstance(node.func, ast.Name) and node.func.id in _WRAPPERS and len(node.args) == 1 and not node.keywords:
            yield _kept(fragment, node, node.args[0])
        elif isinstance(node.func, ast.Attribute) and node.func.attr in _FINISHERS:
            yield _kept(fragment, node, node.func.value)


def argument_forgotten(fragment: Fragment) -> Iterator[Change]:
    for node in _all(fragment, ast.Call):
        arguments: list[ast.expr | ast.keyword] = [*node.args, *node.keywords]
        if len(arguments) > 1 or node.keywords:
            # The last positional one, and any keyword: a key function, a default, a flag.
            first = max(1, len(node.args) - 1) if node.args else 0
            yield from (_without(fragment, arguments, argument) for argument in arguments[first:])


def alias(fragment: Fragment) -> Iterator[Change]:
    """A copy that is none: both names now mean one object."""
    for node in _all(fragment, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name in {"copy", "deepcopy", "list", "dict", "set"} and not node.keywords and len(node.args) == 1:
            yield _kept(fragment, node, node.args[0])
        elif name == "copy" and isinstance(node.func, ast.Attribute) and not node.args:
            yield _kept(fragment, node, node.func.value)
    for taken in _all(fragment, ast.Subscript):
        if isinstance(taken.slice, ast.Slice) and not (taken.slice.lower or taken.slice.upper or taken.slice.step):
            yield _kept(fragment, taken, taken.value)


# Numbers and boundaries


_BOUNDARIES = {ast.Lt: ("<", "<="), ast.LtE: ("<=", "<"), ast.Gt: (">", ">="), ast.GtE: (">=", ">")}


def off_by_one(fragment: Fragment) -> Iterator[Change]:
    for node in fragment.body:
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"range", "islice"} and node.args:
            bound = node.args[1] if len(node.args) > 1 else node.args[0]
            yield from _by_one(fragment, bound)
        elif isinstance(node, ast.Slice):
            for edge in (node.lower, node.upper):
                if edge:
                    yield from _by_one(fragment, edge)
        elif isinstance(node, ast.Compare):
            yield from _boundaries(fragment, node)
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub) and _is_one(node.right):
            yield _put(fragment, node, fragment.code(node.left))


def _by_one(fragment: Fragment, node: ast.expr) -> Iterator[Change]:
    if isinstance(node, ast.Constant) and isinstance(node.value, int):
        yield from (_put(fragment, node, str(node.value + by)) for by in (1, -1))
    else:
        yield from (_put(fragment, node, f"{fragment.code(node)} {by} 1") for by in "+-")


def _is_one(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value == 1


def _boundaries(fragment: Fragment, node: ast.Compare) -> Iterator[Change]:
    sides = [node.left, *node.comparators]
    for left, operator, right in zip(sides, node.ops, sides[1:], strict=False):
        if type(operator) in _BOUNDARIES:
            old, new = _BOUNDARIES[type(operator)]
            start, end = fragment.span(left)[1], fragment.span(right)[0]
            between = fragment.module[start:end]
            yield Change(start, end, between.replace(old, new, 1))


def wrong_index(fragment: Fragment) -> Iterator[Change]:
    for node in fragment.body:
        if isinstance(node, ast.Subscript):
            code = fragment.code(node.slice)
            for other in {"0": ("1", "-1"), "1": ("0", "2"), "-1": ("0", "-2"), "2": ("1",)}.get(code, ()):
                yield _put(fragment, node.slice, other)
        elif isinstance(node, ast.Tuple) and isinstance(node.ctx, ast.Store) and len(node.elts) > 1:
            yield _swapped(fragment, node.elts[0], node.elts[1])


def wrong_start(fragment: Fragment) -> Iterator[Change]:
    """What a loop adds to, or a flag it sets, begins with something else."""
    changed = {fragment.code(n.target) for n in _all(fragment, ast.AugAssign)}
    loops = [loop for loop in fragment.body if isinstance(loop, ast.For | ast.While | ast.AsyncFor)]
    for loop in loops:
        changed |= {fragment.code(t) for n in ast.walk(loop) if isinstance(n, ast.Assign) for t in n.targets}
    for node in _all(fragment, ast.Assign):
        if len(node.targets) == 1 and fragment.code(node.targets[0]) in changed:
            yield from _other_values(fragment, node.value)


def wrong_default(fragment: Fragment) -> Iterator[Change]:
    functions = [n for n in ast.walk(fragment.function) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    for function in functions:
        for default in [*function.args.defaults, *filter(None, function.args.kw_defaults)]:
            yield from _other_values(fragment, default)


def _other_values(fragment: Fragment, node: ast.expr) -> Iterator[Change]:
    code = fragment.code(node)
    known = {"True": ["False"], "False": ["True"], "None": ["0", "()", "''"], "[]": ["[None]"], "''": ["' '"]}
    others = known.get(code, [])
    if re.fullmatch(r"-?\d+", code):
        others = [str(int(code) + 1), str(int(code) - 1), "None"]
    for other in others:
        yield _put(fragment, node, other)


# Conditions and guards


def missing_not(fragment: Fragment) -> Iterator[Change]:
    for node in fragment.body:
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            start, end = fragment.span(node)
            yield Change(start, end, fragment.module[start + len("not") : end].lstrip())
        elif isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.NotIn | ast.IsNot) and len(node.ops) == 1:
            start, end = fragment.span(node.left)[1], fragment.span(node.comparators[0])[0]
            between = fragment.module[start:end]
            yield Change(start, end, re.sub(r"\bnot\s+in\b", "in", re.sub(r"\bis\s+not\b", "is", between)))


def missing_guard(fragment: Fragment) -> Iterator[Change]:
    """`if x is None: return …` was never written."""
    for block, node in _statements(fragment):
        if isinstance(node, ast.If) and not node.orelse and isinstance(node.body[-1], _LEAVING):
            yield _dropped(fragment, block, node)


def condition_weakened(fragment: Fragment) -> Iterator[Change]:
    for node in _all(fragment, ast.BoolOp):
        for number, value in enumerate(node.values):
            start, end = fragment.span(value)
            if number:  # with the word before it
                yield Change(fragment.span(node.values[number - 1])[1], end, "")
            else:
                yield Change(start, fragment.span(node.values[1])[0], "")


_LEAVING = (ast.Return, ast.Raise, ast.Continue, ast.Break)


# Statements


def statement_dropped(fragment: Fragment) -> Iterator[Change]:
    simple = (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Expr, ast.Delete, ast.Break, ast.Continue, ast.Return)
    for block, node in _statements(fragment):
        docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if isinstance(node, simple) and not docstring:
            yield _dropped(fragment, block, node)


def statement_moved(fragment: Fragment) -> Iterator[Change]:
    """The last statement of a block stands after it, or the one after the block has slipped into it."""
    for block, node in _statements(fragment):
        if not isinstance(node, ast.If | ast.For | ast.While | ast.With) or getattr(node, "orelse", None):
            continue
        if isinstance(node.body[-1], _LEAVING):
            continue  # nothing that follows is ever reached
        if len(node.body) > 1:
            yield _indented(fragment, node.body[-1], node)
        after = _after(block, node)
        if after and not isinstance(after, _LEAVING):
            yield _indented(fragment, after, node.body[-1])


def early_return(fragment: Fragment) -> Iterator[Change]:
    """What is returned after a loop is returned in its first round."""
    for block, node in _statements(fragment):
        if isinstance(node, ast.For | ast.While) and not node.orelse:
            after = _after(block, node)
            if isinstance(after, ast.Return):
                yield _indented(fragment, after, node.body[-1])


def lost_else(fragment: Fragment) -> Iterator[Change]:
    """The other branch was forgotten, or its `else` was, so that it always runs."""
    for _, node in _statements(fragment):
        if not isinstance(node, ast.If | ast.For | ast.While | ast.Try) or not node.orelse:
            continue
        start, end = fragment.lines(node.orelse)
        word = fragment.module.rfind("else", 0, start)
        if word < fragment.span(node.body[-1])[1] or fragment.module[word:start].strip() != "else:":
            continue  # `elif`, or something between
        top = fragment.module.rfind("\n", 0, word) + 1
        yield Change(top, end, "")
        by = len(fragment.indent(node.orelse[0])) - len(fragment.indent(node))
        yield Change(top, end, _shifted(fragment.module[start:end], -by))


def assignment_for_addition(fragment: Fragment) -> Iterator[Change]:
    """`=` for `+=`, or the other way round where there is something to add to."""
    for node in _all(fragment, ast.AugAssign):
        start, end = fragment.span(node.target)[1], fragment.span(node.value)[0]
        yield Change(start, end, re.sub(r"[^\s=(]+=", "=", fragment.module[start:end], count=1))
    seen: set[str] = set(fragment.variables) & {n.arg for n in fragment.body if isinstance(n, ast.arg)}
    for assigned in sorted(_all(fragment, ast.Assign), key=lambda n: n.lineno):
        target = fragment.code(assigned.targets[0])
        if target in seen and len(assigned.targets) == 1:
            start, end = fragment.span(assigned.targets[0])[1], fragment.span(assigned.value)[0]
            yield Change(start, end, fragment.module[start:end].replace("=", "+=", 1))
        seen.add(target)


# Exceptions and texts


_EXCEPTIONS = (
    ("KeyError", "IndexError", "LookupError", "AttributeError"),
    ("ValueError", "TypeError", "RuntimeError"),
    ("StopIteration", "RuntimeError"),
    ("OSError", "IOError", "FileNotFoundError", "PermissionError"),
    ("ZeroDivisionError", "ValueError", "OverflowError"),
    ("ImportError", "NameError", "AttributeError"),
    ("NotImplementedError", "TypeError"),
    ("Exception", "ValueError", "KeyError"),
)


def wrong_exception(fragment: Fragment) -> Iterator[Change]:
    for node in fragment.body:
        named = node.exc if isinstance(node, ast.Raise) else node.type if isinstance(node, ast.ExceptHandler) else None
        for name in ast.walk(named) if named else ():
            if isinstance(name, ast.Name):
                for row in _EXCEPTIONS:
                    if name.id in row:
                        yield from (_put(fragment, name, other) for other in row if other != name.id)


_PATTERN_SLIPS = (
    (r"+", "*"),
    (r"*", "+"),
    (r"\d", r"\w"),
    (r"\s*", " "),
    ("^", ""),
    ("$", ""),
    ("?", ""),
    (".", r"\."),
)


def text_edited(fragment: Fragment) -> Iterator[Change]:
    """A slip in a string or a regular expression: a letter lost, another case, a quantifier."""
    in_f_strings = {id(n) for node in _all(fragment, ast.JoinedStr) for n in ast.walk(node)}
    for node in _all(fragment, ast.Constant):
        if not isinstance(node.value, str | bytes) or not node.value or id(node) in in_f_strings:
            continue
        code = fragment.code(node)
        quoted = re.fullmatch(r"([A-Za-z]*)('''|\"\"\"|'|\")(.*)\2", code, re.DOTALL)
        if not quoted:
            continue  # several strings side by side
        prefix, quote, inside = quoted.groups()
        others = [inside[:-1], inside[1:], inside.swapcase(), f"{inside} "]
        if "r" in prefix.lower():
            others += [inside.replace(old, new, 1) for old, new in _PATTERN_SLIPS]
        yield from (_put(fragment, node, f"{prefix}{quote}{other}{quote}") for other in others if other != inside)


KINDS = (
    Kind("wrong variable", 3, wrong_variable),
    Kind("wrong attribute", 2, wrong_attribute),
    Kind("wrong function", 1, wrong_function),
    Kind("swapped arguments", 2, swapped_arguments),
    Kind("missing call", 2, missing_call),
    Kind("argument forgotten", 2, argument_forgotten),
    Kind("copy forgotten", 1, alias),
    Kind("off by one", 3, off_by_one),
    Kind("wrong index", 2, wrong_index),
    Kind("wrong start", 1, wrong_start),
    Kind("wrong default", 1, wrong_default),
    Kind("missing not", 2, missing_not),
    Kind("missing guard", 3, missing_guard),
    Kind("condition weakened", 3, condition_weakened),
    Kind("statement dropped", 3, statement_dropped),
    Kind("statement moved", 2, statement_moved),
    Kind("early return", 1, early_return),
    Kind("lost else", 2, lost_else),
    Kind("assignment for addition", 1, assignment_for_addition),
    Kind("wrong exception", 1, wrong_exception),
    Kind("text edited", 1, text_edited),
)


# How a change is written


def _all(fragment: Fragment, kind: type[_Node]) -> list[_Node]:
    return [node for node in fragment.body if isinstance(node, kind)]


def _put(fragment: Fragment, node: ast.AST, text: str) -> Change:
    return Change(*fragment.span(node), text)


def _kept(fragment: Fragment, node: ast.expr, inner: ast.expr) -> Change:
    """Of an expression only something inside it is left, in brackets where it would fall apart without."""
    loose = isinstance(inner, ast.BinOp | ast.UnaryOp | ast.BoolOp | ast.Compare | ast.IfExp | ast.Lambda)
    inside = isinstance(fragment.parents[node], ast.BinOp | ast.UnaryOp | ast.Compare | ast.Attribute | ast.Subscript)
    return _put(fragment, node, f"({fragment.code(inner)})" if loose and inside else fragment.code(inner))


def _put_end(fragment: Fragment, node: ast.AST, old: str, new: str) -> Change:
    _, end = fragment.span(node)
    return Change(end - len(old), end, new)


def _swapped(fragment: Fragment, left: ast.AST, right: ast.AST) -> Change:
    (start, middle), (after, end) = fragment.span(left), fragment.span(right)
    return Change(start, end, fragment.code(right) + fragment.module[middle:after] + fragment.code(left))


def _without(fragment: Fragment, items: Sequence[ast.expr | ast.keyword], item: ast.expr | ast.keyword) -> Change:
    """One of some items with commas between them is gone."""
    ordered = sorted(items, key=lambda node: fragment.span(node))
    at = ordered.index(item)
    if at:
        return Change(fragment.span(ordered[at - 1])[1], fragment.span(item)[1], "")
    end = fragment.span(ordered[1])[0] if len(ordered) > 1 else fragment.span(item)[1]
    return Change(fragment.span(item)[0], end, "")


def _statements(fragment: Fragment) -> Iterator[tuple[Block, ast.stmt]]:
    for block in fragment.blocks:
        for statement in block.statements:
            yield block, statement


def _after(block: Block, node: ast.stmt) -> ast.stmt | None:
    at = block.statements.index(node) + 1
    return block.statements[at] if at < len(block.statements) else None


def _dropped(fragment: Fragment, block: Block, node: ast.stmt) -> Change:
    """The statement's lines are gone; `pass` stands for it where nothing else would be left."""
    start, end = fragment.lines([node])
    return Change(start, end, f"{fragment.indent(node)}pass\n" if len(block.statements) == 1 else "")


def _indented(fragment: Fragment, node: ast.stmt, like: ast.stmt) -> Change:
    """The statement's lines stand as deep as another one."""
    start, end = fragment.lines([node])
    by = len(fragment.indent(like)) - len(fragment.indent(node))
    return Change(start, end, _shifted(fragment.module[start:end], by))


def _shifted(lines: str, by: int) -> str:
    """Lines of code, so many columns to the right; of strings that span lines, the inner ones too."""
    if by >= 0:
        return "".join(" " * by + line if line.strip() else line for line in lines.splitlines(keepends=True))
    return "".join(line[-by:] if not line[:-by].strip() else line for line in lines.splitlines(keepends=True))
