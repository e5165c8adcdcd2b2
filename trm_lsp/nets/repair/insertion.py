"""Missing code at the places before suspect statements: what to do, and when, by what is seen there.

In the manner of angelic debugging (Chandra and others, 2011; Nopol, Xuan and
others, 2017): an action that is missing is done in some evaluations of a place
and not in others, and conditions that hold in the same ones are one behaviour
(see x.observer). So each action is tried once for each set of evaluations.
Those come first that are in failing tests alone: where passing tests go, too,
nothing should change as a rule.
"""

from __future__ import annotations

import ast
import builtins
import functools
import heapq
import itertools
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from trm_lsp.core.ports import Slot, Values, X
from trm_lsp.core.state import Candidate, Reasoning
from trm_lsp.nets.repair.families import Change, Family, Hints, Site
from trm_lsp.nets.repair.families.blocks import DEFINED, chained, only_if
from trm_lsp.nets.repair.hypotheses import Hypothesis, belief
from trm_lsp.nets.repair.source import FunctionNode, Source, Statement, called, is_docstring
from trm_lsp.nets.repair.synthesis import TESTS, atoms

PLACES = 20
"""Places that are looked at, the most suspect ones."""
PASSING = 16
"""Passing tests that are observed beside the failing ones, at most."""
OCCASIONS, ANSWERS, GUARDS = 12, 30, 120
"""Of a place: sets of evaluations in which something may be done, values to return, guards that are tried."""
UPDATES, CALLS, ARGUMENTS = 100, 80, 8
"""Updates and calls that are tried at a place, and values that a call may be given."""
REST = 12
"""Texts with the same effect that are tried when one passes, at most."""
ELSEWHERE, UNKNOWN = 0.2, 0.6
"""Weight of what is done in passing tests as well, and where no passing test comes."""
FADING, UNUSUAL, AMONG_CALLS = 0.95, 0.8, 0.97
"""What is left of a weight from one value to the next, for what one seldom writes, and from call to call."""
_QUOTED = re.compile(r"'[^']+'|\d{2,}")
_DIGIT = re.compile(r"(?<![\w.])[3-9](?![\w.])")
_COPYING = re.compile(
    r"\b(set|list|tuple|sorted|bool|any|all|dict|min|max|ord)\("
    r"|\.(copy|keys|values|items|l?r?strip|is[a-z]+|title|capitalize|swapcase|upper|lower|split(lines)?)\("
)


class MissingGuard(Family):
    name, prior, cost = "missing-guard", 0.35, 2
    reason = "a case that the failing tests meet is not answered, skipped or refused"


class OnlyIf(Family):
    name, prior, cost = "only-if", 0.3, 2
    reason = "a statement is done where it should depend on something"


class MissingUpdate(Family):
    name, prior, cost = "missing-update", 0.2, 2
    reason = "something is not kept up to date"


class MissingCall(Family):
    name, prior, cost = "missing-call", 0.12, 2
    reason = "something is not called where it should be"


class CallAtTimes(Family):
    name, prior, cost = "call-at-times", 0.35, 2
    reason = "something is not called in a case where it should be"


INSERTIONS: tuple[type[Family], ...] = (MissingGuard, OnlyIf, MissingUpdate, MissingCall, CallAtTimes)


class Occasion(NamedTuple):
    """When something may be done: conditions that hold in the same evaluations, the likeliest first."""

    texts: tuple[str, ...]
    weight: float


def inserted(
    x: X,
    y: Candidate,
    z: Reasoning,
    sources: Iterable[Source],
    failing: Sequence[str],
    passing: Sequence[str],
    hints: Hints,
) -> tuple[Hypothesis, ...]:
    """What could be missing before the most suspect statements of y. Runs these tests once."""
    found = [(source, statement) for source in sources for statement in source.statements if _open(source, statement)]
    likely = [(belief(source.place(statement), z), source, statement) for source, statement in found]
    likely.sort(key=lambda item: -item[0])
    places = {_slot(source, at): (value, Site(source, at, hints)) for value, source, at in likely[:PLACES] if value}
    if not places:
        return ()
    seen = x.observer(y.variant, tuple(places), [*failing[:TESTS], *passing[:PASSING]], atoms=atoms(hints))
    made: list[Hypothesis] = []
    for values in seen:
        suspicion, site = places[values.slot]
        made += additions(values, site, failing, suspicion / likely[0][0])
    return tuple(made)


def _open(source: Source, statement: Statement) -> bool:
    """Whether something can be put on lines of its own before a statement of a function."""
    node = statement.node
    if statement.function is None or is_docstring(node) or isinstance(node, (*DEFINED, ast.Global, ast.Nonlocal)):
        return False
    return source.alone(node) and not chained(source, node)


def _slot(source: Source, statement: Statement) -> Slot:
    start = source.span(statement.node)[0]
    return Slot(source.path, start, start)


def additions(values: Values, site: Site, failing: Iterable[str], suspicion: float = 1.0) -> Iterator[Hypothesis]:
    """What could be missing at one place, kind by kind; nothing where the failing tests do not come.

    `suspicion`: of the place, as a part of the highest.
    """
    wanted = frozenset(failing)
    if not wanted.intersection(values.tests):
        return
    when = occasions(values, wanted, suspicion)
    drafts = [
        *_likeliest(guards(values, site, when), GUARDS),
        *restrictions(site, occasions(values, wanted, suspicion, holding=False)),
        *_likeliest(updates(values, site), UPDATES),
        *_likeliest(calls(values, site, when), CALLS),
    ]
    for draft in drafts:
        hypothesis = _hypothesis(site, draft)
        if hypothesis is not None:
            yield hypothesis


class Draft(NamedTuple):
    """What could be missing: codes of the same effect in the observed tests, or conditions, the likeliest first."""

    family: type[Family]
    put: Callable[[str, float], Change | None]
    """How a code gets into the text."""
    codes: tuple[str, ...]
    weight: float


def _likeliest(drafts: Iterable[Draft], most: int) -> list[Draft]:
    return heapq.nlargest(most, drafts, key=lambda draft: draft.weight)


# --- when ---------------------------------------------------------------------------------------


def occasions(
    values: Values, failing: frozenset[str], suspicion: float = 1.0, *, holding: bool = True
) -> tuple[Occasion, ...]:
    """When something may be done (with `holding` false: left undone) in failing tests, the likeliest first.

    A place that passing tests reach, too, is not suspect for that where a
    condition tells the failing ones from them, so such a condition makes up
    for half of it (predicates as places: Liblit and others, 2005).
    """
    found: list[Occasion] = []
    known = UNKNOWN if failing.issuperset(values.tests) else 1.0 / math.sqrt(suspicion)
    for texts, holds in values.conditions:
        done = [test for test, held in zip(values.tests, holds, strict=True) if held is holding]
        if failing.isdisjoint(done):
            continue
        asking = sorted(texts, key=_unusual)
        share = known if failing.issuperset(done) else ELSEWHERE
        weight = share * FADING ** len(found) * UNUSUAL ** _unusual(asking[0])
        found.append(Occasion(tuple(asking[:REST]), weight))
    return tuple(sorted(found, key=lambda occasion: -occasion.weight)[:OCCASIONS])


def _unusual(text: str) -> int:
    """How far a condition is from what one writes: it converts, takes apart, or names what the tests name."""
    copied = len(_COPYING.findall(text)) + text.count("[")
    named = 4 * len(_QUOTED.findall(text)) + len(_DIGIT.findall(text))
    return 2 * copied + named + (text in {"self", "cls"}) * 9


# --- what ---------------------------------------------------------------------------------------

Action = Callable[[str], str]
"""The code of an action, given the condition under which it is done."""


def guards(values: Values, site: Site, when: Sequence[Occasion]) -> Iterator[Draft]:
    """Leave, go on or refuse, on each occasion."""
    for action, weight in actions(values, site):
        for occasion in when:
            codes = tuple(f"if {text}:\n{site.unit}{action(text)}" for text in occasion.texts)
            yield Draft(MissingGuard, site.before, codes, weight * occasion.weight)


def actions(values: Values, site: Site) -> Iterator[tuple[Action, float]]:
    """What a guard can do, with weights."""
    if site.statement.looped:
        yield _always("continue"), 1.0
        yield _always("break"), 0.6
    for code, weight in answers(values, site):
        yield _always(code), weight
    for exception in site.hints.exceptions:
        if not hasattr(builtins, exception) and exception not in site.source.module_names:
            continue
        raised = _raised(site.source, exception)
        for code in raised[:4]:
            yield _always(code), 1.0
        if not raised or hasattr(builtins, exception):
            yield functools.partial(_raising, exception), 0.9


def _always(code: str) -> Action:
    return lambda _: code


def _raising(exception: str, condition: str) -> str:
    return f"raise {exception}({condition!r})"


def _raised(source: Source, exception: str) -> list[str]:
    """How the file raises such an exception, each way once."""
    nodes = [s.node for s in source.statements if isinstance(s.node, ast.Raise) and s.node.lineno == s.node.end_lineno]
    made = [node for node in nodes if isinstance(node.exc, ast.Call) and called(node.exc.func) == exception]
    return list(dict.fromkeys(map(source.code, made)))


def answers(values: Values, site: Site) -> list[tuple[str, float]]:
    """`return` with each value that makes a difference, the likeliest first."""
    function = site.statement.function
    assert function is not None
    returned = _returned(function)
    if returned is None:
        return [("return", 0.8)]
    usual = {"None": 0.7, "0": 0.6, "[]": 0.6, "False": 0.6, "True": 0.6, '""': 0.6, "-1": 0.3, "1": 0.3}
    usual |= dict.fromkeys(map(site.source.code, returned), 0.6)
    usual |= {name: 0.5 for name, _ in values.names if name.isidentifier()}
    usual |= {argument.arg: 0.7 for argument in function.args.args}
    found: dict[str, float] = {"{}": 0.3, "set()": 0.2, "()": 0.2}
    for number, texts in enumerate(values.classes[: 4 * ANSWERS]):
        text = max(texts, key=lambda text: usual.get(text, 0.0))
        found[text] = usual.get(text, 0.3 * FADING**number)
    return [(f"return {text}", weight) for text, weight in sorted(found.items(), key=lambda item: -item[1])[:ANSWERS]]


def _returned(function: FunctionNode) -> list[ast.expr] | None:
    """What a function returns; None when it gives nothing back, or is a generator."""
    inner = list(_own_nodes(function))
    if any(isinstance(node, ast.Yield | ast.YieldFrom) for node in inner):
        return None
    values = [node.value for node in inner if isinstance(node, ast.Return) and node.value is not None]
    return [value for value in values if value.lineno == value.end_lineno] if values else None


def _own_nodes(function: FunctionNode) -> Iterator[ast.AST]:
    """Nodes of a function's body, not of functions inside it."""
    stack: list[ast.AST] = list(function.body)
    while stack:
        node = stack.pop()
        yield node
        if not isinstance(node, (*DEFINED, ast.Lambda)):
            stack.extend(ast.iter_child_nodes(node))


def restrictions(site: Site, when: Sequence[Occasion]) -> Iterator[Draft]:
    """The statement only under a condition."""
    for occasion in when:
        yield Draft(OnlyIf, functools.partial(only_if, site), occasion.texts, occasion.weight)


_ADDED: Mapping[str, tuple[tuple[str, float], ...]] = {
    "list": (("{}.append({})", 1.0), ("{}.extend({})", 0.3), ("{}.remove({})", 0.3), ("{}.insert(0, {})", 0.3)),
    "set": (("{}.add({})", 1.0), ("{}.discard({})", 0.6), ("{}.update({})", 0.3)),
    "dict": (("{}.pop({}, None)", 0.7),),
    "OrderedDict": (("{}.move_to_end({})", 0.9), ("{}.pop({}, None)", 0.7)),
    "defaultdict": (("{}.pop({}, None)", 0.7), ("{}[{}] += 1", 0.4)),
    "Counter": (("{}[{}] += 1", 0.8), ("{}[{}] -= 1", 0.4)),
    "deque": (("{}.append({})", 1.0), ("{}.appendleft({})", 0.5)),
    "int": (("{} += {}", 0.7), ("{} -= {}", 0.4)),
    "float": (("{} += {}", 0.7), ("{} -= {}", 0.4)),
    "str": (("{} += {}", 0.5),),
}
"""What changes a value of a type by another one."""
_ALONE: Mapping[str, tuple[tuple[str, float], ...]] = {
    "list": (("{}.clear()", 0.3), ("{}.pop()", 0.4), ("{}.sort()", 0.4), ("{}.reverse()", 0.3), ("{}.pop(0)", 0.2)),
    "set": (("{}.clear()", 0.3),),
    "dict": (("{}.clear()", 0.3),),
    "OrderedDict": (("{}.clear()", 0.3), ("{}.popitem(last=False)", 0.5)),
    "defaultdict": (("{}.clear()", 0.3),),
    "Counter": (("{}.clear()", 0.3),),
    "deque": (("{}.popleft()", 0.5), ("{}.pop()", 0.4), ("{}.clear()", 0.3)),
    "int": (("{} += 1", 0.4), ("{} -= 1", 0.25)),
}
"""What changes a value of a type by itself."""
_EMPTY = {"list": "[]", "dict": "{}", "set": "set()", "int": "0", "str": '""', "bool": "False", "float": "0.0"}
"""What empties a value of a type."""
_MAPPINGS = frozenset({"dict", "OrderedDict", "defaultdict"})
_UNHASHABLE = frozenset({"list", "set", "deque", "Counter", *_MAPPINGS})
_ANYTHING = frozenset({"list", "deque"})
_ADDED_TO_THEMSELVES = frozenset({"int", "float", "str"})


def updates(values: Values, site: Site) -> Iterator[Draft]:
    """Names, data and containers in scope changed, before the statement or at the end of its block."""
    for code, weight in updating(values, site):
        yield from _around(site, MissingUpdate, code, weight)


def updating(values: Values, site: Site) -> Iterator[tuple[str, float]]:
    """Statements that change what is in scope, with weights."""
    kinds = dict(values.names)
    given = _arguments(values, site)
    function = site.statement.function
    assigned = {name for name, line in site.source.bindings(function) if line} if function else set()
    for name, kind in kinds.items():
        if name in {"self", "cls"}:
            continue
        near = 1.0 if name.startswith("self.") or name in assigned else 0.5
        yield from ((form.format(name), near * weight) for form, weight in _ALONE.get(kind, ()))
        for number, other in enumerate(argument for argument in given if argument != name):
            share = near * 0.6 * FADING**number
            alike, hashable = kinds[other] == kind, kinds[other] not in _UNHASHABLE
            for form, weight in _ADDED.get(kind, ()):
                if alike if kind in _ADDED_TO_THEMSELVES else hashable or kind in _ANYTHING:
                    yield form.format(name, other), share * weight
            if kind in _MAPPINGS and hashable:
                yield from (
                    (f"{name}[{other}] = {value}", share * 0.6) for value in given if value not in {name, other}
                )
        yield from ((code, near * weight) for code, weight in _assigned(name, kinds, values))


def _assigned(name: str, kinds: Mapping[str, str], values: Values) -> Iterator[tuple[str, float]]:
    """A name or an attribute given another value: what empties it, and one of each class but its own."""
    kind = kinds[name]
    usual = {_EMPTY[kind]: 0.6} if kind in _EMPTY else {}
    usual |= {"True": 0.5} if kind == "bool" else {}
    usual |= {other: 0.4 for other, its in kinds.items() if its == kind} | {"None": 0.4}
    for number, texts in enumerate(values.classes[: 2 * UPDATES]):
        if name not in texts:
            text = max(texts, key=lambda text: usual.get(text, 0.0))
            own = re.fullmatch(rf"{re.escape(name)} ([-+*]) (\w[\w.]*)", text)
            weight = usual.get(text, (0.4 if own else 0.15) * FADING**number)
            yield (f"{name} {own[1]}= {own[2]}" if own else f"{name} = {text}"), weight


def _arguments(values: Values, site: Site) -> tuple[str, ...]:
    """Names and data that may be given to something, those that the statement uses first."""
    used = site.source.code(site.statement.node)
    plain = [name for name, kind in values.names if name not in {"self", "cls"} and kind != "function"]
    return tuple(sorted(plain, key=lambda name: (name not in used, "." in name)))[:ARGUMENTS]


def calls(values: Values, site: Site, when: Sequence[Occasion]) -> Iterator[Draft]:
    """Functions in scope and methods of what is in scope, called always or on an occasion."""
    own = site.statement.function.name if site.statement.function else ""
    given, beside = _arguments(values, site), site.source.code(site.statement.node)
    for name, needed in values.calls:
        called_name = name.rpartition(".")[2]
        if called_name == own or needed > 2 or _only_answers(site.source, called_name):
            continue
        owner = name.rpartition(".")[0]
        near = 1.5 if owner and owner != "self" and f"{owner}." in beside else 0.8 if owner in {"", "self"} else 0.6
        for number, arguments in enumerate(itertools.permutations(given, needed)):
            code, weight = f"{name}({', '.join(arguments)})", near * AMONG_CALLS**number
            yield from _around(site, MissingCall, code, weight)
            for occasion in when[:4]:
                about = sorted(occasion.texts, key=lambda text: not any(argument in text for argument in arguments))
                codes = tuple(f"if {text}:\n{site.unit}{code}" for text in about)
                share = 1.0 if any(argument in about[0] for argument in arguments) else 0.5
                yield Draft(CallAtTimes, site.before, codes, weight * share * occasion.weight)


def _only_answers(source: Source, name: str) -> bool:
    """Whether the file's function of this name gives a value and changes nothing by itself."""
    functions = [s.node for s in source.statements if isinstance(s.node, FunctionNode) and s.node.name == name]
    return bool(functions) and all(_returned(f) and not any(map(_changes, _own_nodes(f))) for f in functions)


def _changes(node: ast.AST) -> bool:
    """Whether a node of a function does something beyond its own names."""
    if isinstance(node, ast.Expr):
        return not is_docstring(node)
    stored = isinstance(getattr(node, "ctx", None), ast.Store | ast.Del)
    return isinstance(node, ast.Raise | ast.Nonlocal | ast.Global) or (stored and not isinstance(node, ast.Name))


# --- hypotheses ---------------------------------------------------------------------------------


def _around(site: Site, family: type[Family], code: str, weight: float) -> Iterator[Draft]:
    """Code before the statement; where it is the last of its block and does not leave it, behind it too."""
    yield Draft(family, site.before, (code,), weight)
    node, block = site.statement.node, site.statement.block
    if block[-1] is node and not isinstance(node, ast.Return | ast.Raise | ast.Break | ast.Continue):
        yield Draft(family, site.behind, (code,), weight)


def _hypothesis(site: Site, draft: Draft) -> Hypothesis | None:
    """The first code of a draft, the others in its `rest`; None where it cannot be put there."""
    made = [change for code in draft.codes if (change := draft.put(code, draft.weight))]
    if not made:
        return None
    first, *others = made
    rest = tuple(edit.text for change in others for edit in change.edits)
    source, statement, family = site.source, site.statement, draft.family
    place, line = source.place(statement), statement.node.lineno
    prior = family.prior * draft.weight
    return Hypothesis(first.edits, family.name, first.what, place, line, family.cost, prior, rest=rest)
