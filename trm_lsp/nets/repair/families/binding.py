"""How tightly code binds: brackets around what replaces an expression only where they are needed."""

from __future__ import annotations

import ast
from enum import IntEnum


class Binds(IntEnum):
    """Python's grammar from loose to tight; code stands bare where its surroundings ask for no more."""

    TUPLE = 0
    TEST = 1
    OR = 2
    AND = 3
    NOT = 4
    COMPARE = 5
    BITOR = 6
    BITXOR = 7
    BITAND = 8
    SHIFT = 9
    SUM = 10
    PRODUCT = 11
    SIGN = 12
    POWER = 13
    AWAIT = 14
    ATOM = 15
    ALWAYS = 16
    """Asked for where the brackets went with what is replaced."""


OPERATORS = {
    ast.Add: Binds.SUM, ast.Sub: Binds.SUM, ast.Mult: Binds.PRODUCT, ast.Div: Binds.PRODUCT,
    ast.FloorDiv: Binds.PRODUCT, ast.Mod: Binds.PRODUCT, ast.MatMult: Binds.PRODUCT, ast.Pow: Binds.POWER,
    ast.BitAnd: Binds.BITAND, ast.BitOr: Binds.BITOR, ast.BitXor: Binds.BITXOR, ast.LShift: Binds.SHIFT,
    ast.RShift: Binds.SHIFT,
}  # fmt: skip
SYMBOLS = {
    "+": Binds.SUM, "-": Binds.SUM, "*": Binds.PRODUCT, "/": Binds.PRODUCT, "//": Binds.PRODUCT, "%": Binds.PRODUCT,
    "**": Binds.POWER, "&": Binds.BITAND, "|": Binds.BITOR, "^": Binds.BITXOR, "<<": Binds.SHIFT, ">>": Binds.SHIFT,
    "and": Binds.AND, "or": Binds.OR,
}  # fmt: skip
_NODES = {
    ast.Yield: Binds.TUPLE, ast.YieldFrom: Binds.TUPLE, ast.NamedExpr: Binds.TUPLE, ast.Starred: Binds.TUPLE,
    ast.IfExp: Binds.TEST, ast.Lambda: Binds.TEST, ast.Compare: Binds.COMPARE, ast.Await: Binds.AWAIT,
    ast.Slice: Binds.TUPLE,
}  # fmt: skip


def binds(node: ast.expr, code: str) -> Binds:
    """How tightly the code of `node` binds."""
    match node:
        case ast.BinOp(op=operator):
            return OPERATORS[type(operator)]
        case ast.BoolOp(op=ast.And()):
            return Binds.AND
        case ast.BoolOp():
            return Binds.OR
        case ast.UnaryOp(op=ast.Not()):
            return Binds.NOT
        case ast.UnaryOp():
            return Binds.SIGN
        case ast.Tuple():
            return Binds.ATOM if code.startswith("(") and code.endswith(")") else Binds.TUPLE
        case ast.Constant(value=str() | bytes()) | ast.JoinedStr() if code[-1:] in "'\"" and "\n" not in code:
            return Binds.ATOM
    return _NODES.get(type(node), Binds.ATOM)


def asked(parent: ast.AST, node: ast.AST) -> Binds:
    """How tightly code must bind to stand where `node` stands without brackets."""
    match parent:
        case ast.BinOp(op=ast.Pow()):
            return Binds.AWAIT if parent.left is node else Binds.SIGN
        case ast.BinOp(op=operator):
            level = OPERATORS[type(operator)]
            return level if parent.left is node else Binds(level + 1)
        case ast.UnaryOp(op=ast.Not()):
            return Binds.NOT
        case ast.UnaryOp():
            return Binds.SIGN
        case ast.BoolOp(op=ast.And()):
            return Binds.NOT
        case ast.BoolOp():
            return Binds.AND
        case ast.Compare() | ast.Starred():
            return Binds.BITOR
        case ast.IfExp():
            return Binds.TEST if parent.orelse is node else Binds.OR
        case ast.comprehension():
            return Binds.OR
        case ast.Attribute() | ast.Await():
            return Binds.ATOM
        case ast.Subscript() if parent.value is node:
            return Binds.ATOM
        case ast.Call() if parent.func is node:
            return Binds.ATOM
        case ast.Dict() if any(key is None for key in parent.keys):
            return Binds.BITOR
        case ast.FormattedValue():
            return Binds.OR  # a lambda's colon would end the expression
        case ast.Assign() | ast.Return() if parent.value is node:
            return Binds.TUPLE
    return Binds.TEST


def torn(code: str) -> bool:
    """Whether code has a line end outside brackets: it needs some of its own."""
    if "\n" not in code and "\r" not in code:
        return False
    depth = 0
    for character in code:
        if character in "([{":
            depth += 1
        elif character in ")]}":
            depth -= 1
        elif character in "\r\n" and depth <= 0:
            return True
    return False
