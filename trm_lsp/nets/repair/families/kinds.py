"""Which types an expression can have, and what can be done with them."""

from __future__ import annotations

import ast
import collections

BUILTIN_TYPES: dict[str, type] = {
    t.__name__: t
    for t in (
        int, float, complex, bool, str, bytes, list, tuple, dict, set, frozenset, range, type(None),
        collections.deque, collections.Counter, collections.defaultdict, collections.OrderedDict,
    )
}  # fmt: skip
"""Types whose methods are known. An expression of any other type can do everything, as far as we know."""
NUMBERS = frozenset({"int", "float", "complex", "bool", "Decimal", "Fraction"})
TEXTS = frozenset({"str", "bytes"})
SEQUENCES = frozenset({"list", "tuple", "str", "bytes", "range", "deque"})
MAPPINGS = frozenset({"dict", "Counter", "defaultdict", "OrderedDict"})
COLLECTIONS = SEQUENCES | MAPPINGS | frozenset({"set", "frozenset"})
METHODS = {
    kind: tuple(name for name in dir(known) if not name.startswith("_") and callable(getattr(known, name)))
    for kind, known in BUILTIN_TYPES.items()
}
"""Names of the methods of each built-in type."""
_FORMS = {
    ast.JoinedStr: "str", ast.List: "list", ast.ListComp: "list", ast.Dict: "dict", ast.DictComp: "dict",
    ast.Set: "set", ast.SetComp: "set", ast.Tuple: "tuple", ast.Compare: "bool",
}  # fmt: skip
_RESULTS = {
    "len": "int", "int": "int", "ord": "int", "str": "str", "repr": "str", "chr": "str", "list": "list",
    "sorted": "list", "dict": "dict", "set": "set", "tuple": "tuple", "float": "float", "bool": "bool",
    "range": "range", "isinstance": "bool", "any": "bool", "all": "bool",
}  # fmt: skip


def kinds_by_form(node: ast.expr) -> frozenset[str]:
    """The types an expression can only have by how it is written; empty when that says nothing."""
    match node:
        case ast.Constant(value=value):
            return frozenset({type(value).__name__})
        case ast.Call(func=ast.Name(id=name)) if name in _RESULTS:
            return frozenset({_RESULTS[name]})
        case ast.UnaryOp(op=ast.Not()):
            return frozenset({"bool"})
        case ast.BinOp(left=left, right=right):
            one, other = kinds_by_form(left), kinds_by_form(right)
            if one & TEXTS and isinstance(node.op, ast.Mod):
                return one
            return one if one == other and not one & NUMBERS else frozenset()
    form = _FORMS.get(type(node))
    return frozenset({form}) if form else frozenset()


def can_be(kinds: frozenset[str], wanted: frozenset[str]) -> bool:
    """Whether a value of one of these types may be a wanted one: unknown types may be anything."""
    return not kinds or bool(kinds & wanted) or not kinds <= BUILTIN_TYPES.keys()


def fit_together(one: frozenset[str], other: frozenset[str], operator: str) -> bool:
    """Whether an arithmetic operator can work on values of these types."""
    if not one or not other or not one <= BUILTIN_TYPES.keys() or not other <= BUILTIN_TYPES.keys():
        return True
    if one & NUMBERS and other & NUMBERS:
        return True
    if operator == "+":
        return bool(one & other & SEQUENCES)
    if operator == "*":
        return bool((one & SEQUENCES and other & {"int"}) or (other & SEQUENCES and one & {"int"}))
    if operator in {"-", "&", "|", "^"}:
        return bool(one & {"set", "frozenset", "Counter"} and other & {"set", "frozenset", "Counter"})
    return operator == "%" and bool(one & TEXTS)
