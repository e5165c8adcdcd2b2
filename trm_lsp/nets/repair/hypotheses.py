"""Every typed edit at every suspicious place, as plain tuples, ranked."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from trm_lsp.core.state import Edit, Reasoning
from trm_lsp.nets.repair.families import FAMILIES, Hints, Site
from trm_lsp.nets.repair.source import Source

SLOW_SHARE = 1e-6
"""What is left of the rank of a hypothesis each time it is cut short: it comes after every other."""
EVIDENCE_BEGINS_AS = 4
"""How many judged candidates the first belief about a place weighs."""


class Hypothesis(NamedTuple):
    """A plain tuple: one edit, what it does, where, how likely before and after experiments."""

    edits: tuple[Edit, ...]
    family: str
    what: str
    place: str
    line: int
    cost: int
    prior: float
    """The family's prior times the change's own weight."""
    cut: int = 0
    """How often a screen has cut it short: then it is tried when nothing else is left, and for longer."""


def key(y_digest: str, edits: Iterable[Edit]) -> str:
    """Names an edit of one y, for the ruled-out list."""
    text = "\0".join(f"{e.path}\0{e.start}\0{e.end}\0{e.text}" for e in edits)
    return hashlib.blake2b(f"{y_digest}\0{text}".encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()


def parse_all(texts: Mapping[str, str]) -> list[Source]:
    """The files that parse; one that does not cannot be what the tests ran."""
    sources = []
    for path, text in texts.items():
        try:
            sources.append(Source(path, text))
        except (SyntaxError, ValueError):
            continue
    return sources


def enumerate_all(sources: Iterable[Source], suspicion: Mapping[str, float], hints: Hints) -> tuple[Hypothesis, ...]:
    """All single edits at suspicious places, each resulting edit once, under its likeliest family."""
    found: dict[tuple[Edit, ...], Hypothesis] = {}
    for source in sources:
        for statement in source.statements:
            place = source.place(statement)
            if place not in suspicion:
                continue
            site = Site(source, statement, hints)
            expressions = [node for node in statement.expressions() if not _annotation(source, node)]
            for family in FAMILIES:
                changes = [*family.at_statement(site)]
                for node in expressions:
                    changes += family.at_expression(site, node)
                for change in changes:
                    prior = family.prior * change.weight
                    known = found.get(change.edits)
                    if known is None or known.prior < prior:
                        line = source.index.line(change.edits[0].start)
                        found[change.edits] = Hypothesis(
                            change.edits, family.name, change.what, place, line, family.cost, prior
                        )
    return tuple(found.values())


def _annotation(source: Source, node: ast.expr) -> bool:
    """Whether an expression is (part of) a type annotation: no test can tell it from another."""
    child: ast.AST = node
    while isinstance(child, ast.expr | ast.arg | ast.arguments):
        parent = source.parents[child]
        if isinstance(parent, ast.arg | ast.AnnAssign) and parent.annotation is child:
            return True
        if isinstance(parent, ast.FunctionDef | ast.AsyncFunctionDef) and parent.returns is child:
            return True
        child = parent
    return False


def rank(hypothesis: Hypothesis, z: Reasoning) -> float:
    """How likely a hypothesis is, by its family and by what experiments taught about its place."""
    count, total = z.evidence.get(hypothesis.place, (0, 0.0))
    # Evidence is an average that begins at 1: many refused edits at a place do not bury the right one.
    taught = (EVIDENCE_BEGINS_AS + total) / (EVIDENCE_BEGINS_AS + count)
    suspicion = z.suspicion.get(hypothesis.place, 0.0) * taught
    return hypothesis.prior * suspicion * z.families.get(hypothesis.family, 1.0) * SLOW_SHARE**hypothesis.cut


def ranked(queue: Iterable[Hypothesis], z: Reasoning) -> tuple[Hypothesis, ...]:
    """The queue, likeliest first; equal ranks in source order, so that a run can be repeated."""
    return tuple(sorted(queue, key=lambda h: (-rank(h, z), h.edits)))
