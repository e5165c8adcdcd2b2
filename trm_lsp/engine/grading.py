"""How sure an answer is: by what else passes, and by whether it is made for the tests alone."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping

from trm_lsp.core.events import Grade
from trm_lsp.core.ports import X
from trm_lsp.core.state import BaseText, Candidate, Reasoning

Literal = tuple[type, object]
"""A constant by type and value: 1, 1.0 and True are three."""
_EVERYWHERE: frozenset[Literal] = frozenset(
    (type(value), value) for value in (None, True, False, 0, 1, -1, "", b"", 0.0)
)
"""Constants that say nothing wherever they stand."""
_EQUALITIES = (ast.Eq, ast.NotEq, ast.Is, ast.IsNot, ast.In, ast.NotIn)


def grade(x: X, y: Candidate, z: Reasoning) -> Grade:
    """How sure the answer is; passing is not enough to be sure."""
    if y.verdict is None or not y.verdict.passed:
        return "not confirmed"
    if any(commit.family == "special-case" for commit in y.commits) or special_cased(x, y):
        return "special-cases the tests"
    return "rivals" if len(behaviours(y, z)) > 1 else "unique"


def behaviours(y: Candidate, z: Reasoning) -> tuple[tuple[str, ...], ...]:
    """Keys of all answers that pass, by what they do; that of y first. One that was not compared is by itself."""
    keys = [y.digest, *(attempt.key for attempt in z.survivors if attempt.key != y.digest)]
    known = z.doubts.behaviours if z.doubts else ()
    groups = [tuple(key for key in group if key in keys) for group in known]
    alone = [(key,) for key in keys if not any(key in group for group in groups)]
    return tuple(sorted(filter(None, (*groups, *alone)), key=lambda group: y.digest not in group))


# --- special cases ------------------------------------------------------------------------------


def special_cased(x: X, y: Candidate) -> bool:
    """Whether y compares a parameter with a literal that a failing test has and nothing else does, or just gives it."""
    compared: set[Literal] = set()
    elsewhere: set[Literal] = set(_EVERYWHERE)
    for path in y.touched:
        before, after = _parsed(x.texts[path].text), _parsed(y.texts[path])
        if before is None or after is None:
            continue
        known = {ast.dump(node) for node, _ in (*_comparisons(before), *_constant_functions(before))}
        special = (*_comparisons(after), *_constant_functions(after))
        compared |= {one for node, found in special if ast.dump(node) not in known for one in found}
        elsewhere |= _literals([before])
    if not compared:
        return False
    failing, others = _tests(x.texts, x.baseline.failing)
    return bool(compared & failing - others - elsewhere)


def _parsed(text: str) -> ast.Module | None:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return None


def _comparisons(tree: ast.AST, parameters: frozenset[str] = frozenset()) -> Iterator[tuple[ast.Compare, set[Literal]]]:
    """Tests of a parameter for being a literal, or one of some, with these literals."""
    if isinstance(tree, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
        arguments = tree.args
        given = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
        parameters = parameters | {argument.arg for argument in given}
    if isinstance(tree, ast.Compare) and all(isinstance(op, _EQUALITIES) for op in tree.ops):
        sides = [tree.left, *tree.comparators]
        if any(isinstance(side, ast.Name) and side.id in parameters for side in sides):
            yield tree, _literals(side for side in sides if not isinstance(side, ast.Name))
    for child in ast.iter_child_nodes(tree):
        yield from _comparisons(child, parameters)


def _constant_functions(tree: ast.AST) -> Iterator[tuple[ast.AST, set[Literal]]]:
    """Functions with parameters that give literals whatever they are given, with these."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and (node.args.args or node.args.vararg):
            given = [part.value for part in ast.walk(node) if isinstance(part, ast.Return) and part.value is not None]
            if given and all(isinstance(value, (ast.Constant, ast.UnaryOp)) for value in given):
                yield node, _literals(given)


def _literals(trees: Iterable[ast.AST]) -> set[Literal]:
    found: set[Literal] = set()
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant):
                found.add((type(node.value), node.value))
            elif isinstance(node, ast.UnaryOp) and isinstance(node.operand, ast.Constant):
                value = node.operand.value
                if isinstance(node.op, ast.USub) and isinstance(value, (int, float)):
                    found.add((type(value), -value))
    return found


def _tests(texts: Mapping[str, BaseText], failing: Iterable[str]) -> tuple[set[Literal], set[Literal]]:
    """Literals of the failing tests, and of the other functions in their files."""
    names: dict[str, set[str]] = {}
    for test in failing:
        path, _, rest = test.partition("::")
        names.setdefault(path, set()).add(rest.rpartition("::")[2].partition("[")[0])
    inside: set[Literal] = set()
    others: set[Literal] = set()
    for path, wanted in names.items():
        tree = _parsed(texts[path].text) if path in texts else None
        for node in ast.walk(tree) if tree else ():
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                (inside if node.name in wanted else others).update(_literals([node]))
    return inside, others
