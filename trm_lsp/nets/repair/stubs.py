"""Functions that are not written yet: one expression of their arguments, where that is all there is to write.

What stands there would be `return E`. While the failing tests are observed, a
stub gives a value that agrees with whatever it is compared to, so one run says
of each call what is wanted, and terms are enumerated until some give that (see
x.observer). They may be larger than elsewhere, for nothing is run to try them.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from trm_lsp.core.ports import Slot, Values, X
from trm_lsp.core.state import Candidate, Edit, Reasoning
from trm_lsp.nets.repair.families import Family
from trm_lsp.nets.repair.hypotheses import Hypothesis, belief
from trm_lsp.nets.repair.source import FunctionNode, Source, Statement, is_docstring
from trm_lsp.nets.repair.synthesis import TESTS, described

STUBS, SIZE, CLASSES = 4, 5, 600
"""Functions that are looked at, the most suspect ones; size of their terms, and classes that are tried."""
REST = 12
"""Texts of a class that are tried when its simplest passes."""
FADING, UNWANTED = 0.995, 0.4
"""What is left of the prior from one class to the next, and where it is not known what is wanted."""


class Stub(Family):
    """What a function that is not written gives. It has no changes of its own: they are observed."""

    name, prior, cost = "stub", 0.6, 1
    reason = "the function is not written, and this is the simplest expression that the tests take for its answer"


class Unwritten(NamedTuple):
    """A function without a body of its own."""

    source: Source
    function: FunctionNode
    statement: Statement
    """The last statement of its body: what stands for the body, or the docstring."""

    def place(self, z: Reasoning) -> str:
        """Where a run of it is seen: of a docstring alone, at the function's head."""
        places = [self.source.place(at) for at in (self.statement, self.statement.outer) if at]
        return max(places, key=lambda place: belief(place, z))

    @property
    def slot(self) -> Slot:
        start = self.source.span(self.statement.node)[0]
        return Slot(self.source.path, start, start)


def unwritten(source: Source) -> Iterator[Unwritten]:
    """The stubs of a file."""
    for statement in source.statements:
        function = statement.function
        if function is not None and statement.parent is function and statement.node is function.body[-1]:
            inside = [node for node in function.body if not is_docstring(node)]
            if all(map(_stands_for_nothing, inside)) and source.alone(statement.node):
                yield Unwritten(source, function, statement)


def _stands_for_nothing(node: ast.stmt) -> bool:
    if isinstance(node, ast.Raise):
        raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
        return isinstance(raised, ast.Name) and raised.id == "NotImplementedError"
    return isinstance(node, ast.Pass)


class Looked(NamedTuple):
    """What a look at the stubs has shown."""

    names: tuple[str, ...]
    """Those that the failing tests call."""
    wanted: bool
    """Whether some expressions give what the tests want of them."""
    hypotheses: tuple[Hypothesis, ...]


def implemented(x: X, y: Candidate, z: Reasoning, sources: Iterable[Source], tests: Sequence[str]) -> Looked:
    """`return E` for the most suspect stubs of y. Runs these tests once."""
    found = [(belief(stub.place(z), z), stub) for source in sources for stub in unwritten(source)]
    found.sort(key=lambda item: -item[0])
    stubs = {stub.slot: stub for value, stub in found[:STUBS] if value > 0}
    if not stubs:
        return Looked((), False, ())
    literals = tuple(dict.fromkeys(text for stub in stubs.values() for text in _literals(stub)))
    seen = x.observer(y.variant, tuple(stubs), tests[:TESTS], atoms=literals, size=SIZE, most=CLASSES, stubs=True)
    called = [(values, stubs[values.slot]) for values in seen if values.evaluations]
    return Looked(
        tuple(stub.function.name for _, stub in called),
        any(values.wanted for values, _ in called),
        tuple(hypothesis for values, stub in called for hypothesis in answers(values, stub, stub.place(z))),
    )


def _literals(stub: Unwritten) -> Iterator[str]:
    """Literals that the docstring names."""
    numbers, strings = stub.source.docstring_values(stub.function)
    yield from map(repr, (*numbers, *strings))


def answers(values: Values, stub: Unwritten, place: str) -> Iterator[Hypothesis]:
    """`return E` in place of a stub's body: what gives the wanted values, then one for each behaviour."""
    source, node = stub.source, stub.statement.node
    wanted = [(text,) for texts in values.wanted for text in texts]
    others = [] if values.wanted else values.classes
    for number, texts in enumerate([*wanted, *others]):
        edit, *rest = (_returning(source, node, text) for text in texts[: REST + 1])
        what, more = described(source.text[edit.start : edit.end], edit.text), tuple(other.text for other in rest)
        likely = Stub.prior * FADING**number * (1.0 if values.wanted else UNWANTED)
        yield Hypothesis((edit,), Stub.name, what, place, node.lineno, Stub.cost, likely, rest=more)


def _returning(source: Source, node: ast.stmt, text: str) -> Edit:
    """`return text` where the body's only statement stands, or behind the docstring."""
    start, end = source.span(node)
    code = f"return {text}"
    match node:
        case ast.Expr(value=ast.Constant(value=str())):
            behind = f"{source.newline}{source.index.indent(node.lineno)}{code}"
            return Edit(source.path, end, end, behind)
    return Edit(source.path, start, end, code)
