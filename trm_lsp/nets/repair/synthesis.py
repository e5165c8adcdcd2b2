"""Small expressions for a slot, by what the slot sees when the failing tests run.

Expressions that give the same values in the failing run are one class (see
x.observer): the tests need judge one of them. What tells the others of a class
apart are the other tests, and how little they change.
"""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence

from trm_lsp.core.ports import Slot, Values, X
from trm_lsp.core.state import Candidate, Edit, Reasoning
from trm_lsp.nets.repair.families import Family, Hints
from trm_lsp.nets.repair.families.base import shorten
from trm_lsp.nets.repair.hypotheses import Hypothesis, belief
from trm_lsp.nets.repair.source import Source, Statement

SLOTS, CLASSES = 48, 300
"""Slots observed at once, the most suspect ones, and classes of each that are tried."""
ATOMS = 24
"""Literals of the failing tests that expressions may be made of."""
MEMBERS = 12
"""Texts of a class that are tried when its simplest passes."""
TESTS = 8
"""Failing tests that are observed, at most."""
FIRST, FADING = 0.3, 0.985
"""Prior of the simplest class of a slot, and what is left of it from one class to the next."""


class Synthesis(Family):
    """Expressions made of what is in scope, one for each behaviour. It has no changes of its own: they are observed."""

    name, prior, cost = "synthesis", FIRST, 2
    reason = "another value is needed there, and this is the simplest expression that gives it"


def synthesised(
    x: X, y: Candidate, z: Reasoning, sources: Iterable[Source], tests: Sequence[str], hints: Hints
) -> tuple[Hypothesis, ...]:
    """One expression for each behaviour at the most suspect slots of y. Runs the failing tests once."""
    found = [(slot, source, statement) for source in sources for slot, statement in slots(source, z)]
    found.sort(key=lambda item: -belief(item[1].place(item[2]), z))
    places = {slot: (source, statement) for slot, source, statement in found[:SLOTS]}
    if not places:
        return ()
    seen = x.observer(y.variant, tuple(places), tests[:TESTS], atoms=atoms(hints))
    return tuple(hypothesis for values in seen for hypothesis in expressions(values, *places[values.slot]))


def atoms(hints: Hints) -> tuple[str, ...]:
    """The literals that failing tests name."""
    return tuple(dict.fromkeys(repr(value) for value in (*hints.numbers, *hints.strings)))[:ATOMS]


def slots(source: Source, z: Reasoning) -> Iterator[tuple[Slot, Statement]]:
    """Expressions of suspect statements that are read, inside functions."""
    for statement in source.statements:
        if statement.function is None or belief(source.place(statement), z) <= 0 or _documents(statement):
            continue
        for node, parent in statement.nodes():
            if isinstance(node, ast.expr) and _is_slot(node, parent):
                start, end = source.span(node)
                yield Slot(source.path, start, end), statement


def _documents(statement: Statement) -> bool:
    return isinstance(statement.node, ast.Expr) and isinstance(statement.node.value, ast.Constant)


def _is_slot(node: ast.expr, parent: ast.AST) -> bool:
    """Whether another expression may stand there."""
    if isinstance(getattr(node, "ctx", None), ast.Store | ast.Del) or isinstance(node, ast.Starred | ast.Slice):
        return False
    if isinstance(parent, ast.JoinedStr | ast.FormattedValue | ast.arg | ast.arguments):
        return False
    if isinstance(parent, ast.AnnAssign) and parent.annotation is node:
        return False
    named = isinstance(parent, ast.Call) and parent.func is node
    owner = isinstance(parent, ast.Attribute)
    return not named and not owner


def expressions(values: Values, source: Source, statement: Statement) -> Iterator[Hypothesis]:
    """Hypotheses of one slot: the simplest text of each class but the original's, in their order."""
    slot = values.slot
    old = source.text[slot.start : slot.end]
    place, prior = source.place(statement), FIRST
    for number, texts in enumerate(values.classes[:CLASSES]):
        if number != values.original and texts:
            first, *rest = _likest(old, texts[:MEMBERS])
            yield hypothesis_of(slot, old, first, tuple(rest), place, source.index.line(slot.start), prior)
        prior *= FADING


def hypothesis_of(
    slot: Slot, old: str, new: str, rest: tuple[str, ...], place: str, line: int, prior: float
) -> Hypothesis:
    edit = Edit(slot.path, slot.start, slot.end, new)
    return Hypothesis((edit,), Synthesis.name, described(old, new), place, line, Synthesis.cost, prior, rest=rest)


def described(old: str, new: str) -> str:
    """One text in place of another, or where none stood, in words."""
    added = f"`{shorten(textwrap.dedent(new).strip())}`"
    return f"`{shorten(textwrap.dedent(old).strip())}` → {added}" if old.strip() else f"{added} added"


def others(hypothesis: Hypothesis, texts: Mapping[str, str]) -> Iterator[Hypothesis]:
    """What else of a class could stand there, when one of it passes: the earlier in it the likelier."""
    (edit,) = hypothesis.edits
    old = texts[edit.path][edit.start : edit.end]
    for number, text in enumerate(hypothesis.rest):
        edits, prior = (edit._replace(text=text),), hypothesis.prior * 0.97 ** (number + 1)
        yield hypothesis._replace(edits=edits, what=described(old, text), prior=prior, rest=())


def _likest(old: str, texts: Sequence[str]) -> Sequence[str]:
    """Expressions in the order of how much they look like another one, the likest first."""
    if len(texts) == 1:
        return texts
    where: dict[str, int] = {}
    for position, sign in enumerate(old):
        where[sign] = where.get(sign, 0) | 1 << position
    return sorted(texts, key=lambda text: _shared(where, len(old), text) / (len(old) + len(text)), reverse=True)


def _shared(where: Mapping[str, int], length: int, text: str) -> int:
    """Length of the longest common subsequence of two texts; of one there is given where each sign stands, as bits.

    By Hyyrö, "Bit-parallel LCS-length computation revisited" (2004): a zero in
    `row` is a position up to which the subsequence has grown by one.
    """
    every = row = (1 << length) - 1
    for sign in text:
        matched = row & where.get(sign, 0)
        row = (row + matched | row - matched) & every
    return length - bin(row).count("1")
