"""Candidates that share one code object do what each of them does that is compiled alone, on every Python."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.mutants import mutations, ranges
from trm_lsp.zygote.main import load_package

load_package()

from _trm_zygote.fuel import Meter  # noqa: E402
from _trm_zygote.schemata import MOST, Schemata, Switch  # noqa: E402
from _trm_zygote.swapping import BROKEN, Source  # noqa: E402

PROGRAM = Path(__file__).parent / "shared_code.py"
PYTHONS = [Path(sys.executable), *sorted(Path("~/.pyenv/versions").expanduser().glob("3.[89]*/bin/python"))]
PYTHONS += sorted(Path("~/.pyenv/versions").expanduser().glob("3.1?.*/bin/python"))
EVERY = pytest.mark.parametrize("python", PYTHONS, ids=[path.parts[-3] for path in PYTHONS])
Edits = list[list[Any]]


def compared(python: str | Path, requests: Sequence[object], *options: str) -> tuple[list[Any], int]:
    """What differs, and how many candidates that share code were compared; requests as shared_code.py reads them."""
    done = subprocess.run(
        [python, "-X", "utf8", "-W", "ignore", *options, PROGRAM],
        input=json.dumps(requests), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    return answer["differences"], answer["compared"]


# --- functions of the standard library ----------------------------------------------------------------------


def drawn(path: Path, chance: random.Random, functions: int = 3, each: int = 80) -> list[Edits]:
    """One-token mutations of some functions of a file; none where this Python does not know its syntax."""
    text = path.read_text("utf-8")
    try:
        found = ranges(text)[:-1]
    except SyntaxError:
        return []
    candidates = []
    for function in chance.sample(found, min(functions, len(found))):
        edits = [edit for edit in mutations(path.name, text, function) if edit.start >= function.body]
        candidates += [[[edit.start, edit.end, edit.text]] for edit in chance.sample(edits, min(each, len(edits)))]
    return candidates


@EVERY
def test_mutants_that_share_code_do_what_they_do_alone(python: Path) -> None:
    """Functions of the standard library and their one-token mutations, among spies."""
    where = subprocess.run([python, "-c", "import os; print(os.__file__)"], capture_output=True, text=True, check=True)
    library = Path(where.stdout.strip()).parent
    chance = random.Random(python.parts[-3])
    files = sorted(path for folder in ("", "asyncio", "email", "json") for path in (library / folder).glob("*.py"))
    requests = [[str(path), "utf-8", drawn(path, chance), 2] for path in chance.sample(files, 12)]
    different, count = compared(python, requests)
    assert different == []
    assert count > 300


# --- constructs ---------------------------------------------------------------------------------------------

Change = tuple[tuple[str, str], ...]
CASES: dict[str, tuple[str, list[Change]]] = {
    "a name that is bound nowhere": ("def f(x):\n    y = x\n    return y + g\n", ["y + g>y + h", "y + g>z", "g>f"]),
    "a name that is bound later": (
        "def f(x):\n    if x:\n        y = x.a\n    z = x.b\n    return y, z\n",
        ["x.b>y", "x.a>z", "y, z>z, y", "x:>y:"],
    ),
    "a name that is deleted": (
        "def f(x):\n    y = x\n    del y\n    return g(x.a)\n",
        ["x.a>y", "x.a>x.b", "(x.a)>(y or x)"],
    ),
    "walrus": (
        "def f(x):\n    if (n := x.a) and g(n.b):\n        return h(n)\n    return [m := x.c, m, g(x)]\n",
        ["n.b>x.b", "h(n)>h(x)", "g(x)>g(m)", "g(x)>(k := x)", "h(n)>h(n, k)"],
    ),
    "walrus in a comprehension": (
        "def f(x):\n    y = [last := g(a.b) for a in x]\n    return h(last, y)\n",
        ["a.b>a.c", "a.b>last", "last, y>y, last", "g(a.b)>x", "g(a.b)>x.b"],
    ),
    "yield": (
        "def f(x):\n    a = yield g(x.a)\n    yield h(a), x\n    return x.b\n",
        ["x.a>x.c", "x.b>x", "x.b>(yield x)", "h(a)>h(x, a)", "x.b>a"],
    ),
    "a function that becomes a generator": ("def f(x):\n    return g(x.a)\n", ["x.a>x.b", "x.a>(yield x)", "g(x.a)>x"]),
    "yield from": ("def f(x):\n    yield from g(x.a)\n    return x.b\n", ["x.a>x.c", "x.b>x.c", "yield from >"]),
    "async": (
        "async def f(x):\n    async with x.a as y, g(x.z):\n        z = await g(y.b)\n    async for w in x.c:\n"
        "        h(w)\n    return z.d\n",
        ["x.a>x", "y.b>y.c", "x.c>x.d", "z.d>z", "z.d>await z", "h(w)>h(x)", "x.z>y"],
    ),
    "async comprehension": (
        "async def f(x):\n    y = [g(a.b) async for a in x.c if h(a.d)]\n    return y, [await b.c for b in x.e]\n",
        ["a.b>a", "x.c>x", "a.d>x", "x.e>x.f", "y, [>x, ["],
    ),
    "async generator": ("async def f(x):\n    yield g(x.a)\n    yield x.b\n", ["x.a>x.c", "g(x.a)>x", "x.b>x"]),
    "comprehension scopes": (
        "def f(x):\n    a = [g(i.a) for i in x.b]\n    b = {j: h(i) for j in x.c}\n    c = {k for k in x if k.d}\n"
        "    return a, b, c, (lambda: i)\n",
        [
            "i.a>x",
            "x.b>i",
            "x.c>a",
            "(i)>(j)",
            "(i)>(a)",
            "k.d>i",
            "a, b, c>c, b, i",
            "for j>for i",
            "lambda: i>lambda: k",
        ],
    ),
    "comprehensions that bind other names": (
        "def f(x):\n    a = [x.a[i] for i in g(7)]\n    b = [x.b[i] for i in g(8)]\n    return a, b\n",
        [
            "for i in g(7)>for x in g(7)",
            "for i in g(7)>for g in i",
            "for i in g(8)>for j in g(8)",
            "a, b>a, i",
            "x.b>x.c",
        ],
    ),
    "generator expressions": (
        "def f(x):\n    y = g(a.b for a in x.c)\n    return h((b for b in y.d), *(c for c in y.e if y.f))\n",
        [
            "a.b>a",
            "x.c>x",
            "a.b for a in x.c>",
            "a.b for a in x.c>x",
            "a.b for a in x.c>x, y",
            "a.b for a in x.c>*x",
            "y.d>a",
            "y.e>b",
        ],
    ),
    "a generator expression that is a call": (
        "def f(x):\n    return g(h(a, x) for a in x)\n",
        ["h(>;) for a in x>", "g(h(a, x) for a in x)>g()", "(a, x)>(x, a)", "h(a>x(a"],
    ),
    "closures": (
        "def f(x):\n    y = x.a\n    z = x.b\n    def inner(w):\n        return g(w, y)\n    del z\n"
        "    return inner, x.c\n",
        ["w, y>w, z", "w, y>w, x", "x.b>y", "x.c>y", "x.c>z", "w, y>inner, y"],
    ),
    "nonlocal and global": (
        "def f(x):\n    global TOP\n    n = x.a\n    def inner(y):\n        nonlocal n\n        n = y.b\n"
        "        return g(n, TOP)\n"
        "    TOP = x.c\n    return inner, n\n",
        ["y.b>n", "y.b>TOP", "x.c>n", "n, TOP>TOP, n", "inner, n>inner, TOP", "x.a>TOP"],
    ),
    "a name that is read before it is global": (
        "def f(x):\n    y = x.a\n    global TOP\n    TOP = x.b\n    return y\n",
        ["x.a>TOP", "x.a>x", "x.b>TOP", "return y>return TOP"],
    ),
    "what sees the variables around it": (
        "def f(x):\n    y = x.a\n    z = x.b\n    def inner(w):\n        return h(w.c), locals()\n"
        "    return inner, eval('y'), z\n",
        ["w.c>y", "w.c>z", "w.c>w", "x.a>z"],
    ),
    "a candidate that sees the variables around it": (
        "def f(x):\n    y = x.a\n    def inner(w):\n        return h(w.c), g(w)\n    return inner, y\n",
        ["w.c>y", "g(w)>locals()", "g(w)>g(y)", "g(w)>g(locals())", "w.c>x"],
    ),
    "classes in functions": (
        "def f(x):\n    y = x.a\n    class Inner:\n        y = y\n        z = x.b\n        def m(self):\n"
        "            return g(self, z)\n"
        "    return Inner, y\n",
        [
            "x.b>y",
            "x.b>x",
            "self, z>self, y",
            "self, z>self, __class__",
            "self, z>super()",
            "Inner, y>y, Inner",
            "= x.a>= y",
        ],
    ),
    "super in a method": (
        "class A(B):\n    def f(self, x):\n        y = super().f(x.a)\n        return g(y, __class__)\n",
        ["x.a>x", "x.a>self", "super()>self", "__class__>self", "super()>super(A, self)", "y, __class__>__class__, y"],
    ),
    "a first super": (
        "class A(B):\n    def f(self, x):\n        return g(x.a)\n",
        ["x.a>super()", "x.a>x", "x.a>__class__", "g(x.a)>self"],
    ),
    "private names": (
        "class _A:\n    def f(self, x):\n        return g(self.__a, x.__b, __c)\n",
        ["__a>__d", "x.__b>__b", "__c>self.__c"],
    ),
    "docstrings of inner functions": (
        "def f(x):\n    def inner(y):\n        'What it does.'\n        return g(y.a)\n    class C:\n"
        "        'What it is.'\n"
        "        z = x.b\n    return inner, C\n",
        ["'What it does.'>'Else.'", "'What it does.'>''", "'What it is.'>x", "y.a>y", "x.b>x.c"],
    ),
    "what becomes a docstring": (
        "def f(x):\n    def inner(y):\n        y.a\n        return y.b\n    return inner, g(x.c)\n",
        ["y.a>'y'", "y.a>y.d", "x.c>x", "y.b>y"],
    ),
    "a first statement that becomes a docstring": ("def f(x):\n    0\n    return g(x.a)\n", ["0>''", "0>1", "x.a>x"]),
    "annotations": (
        "from __future__ import annotations\ndef f(x):\n    y: x.a = x.b\n    class C:\n        z: x.c = x.d\n"
        "    def inner(w: x.e) -> x.f:\n        return g(w)\n    return C, inner, y\n",
        ["x.a>x", "x.c>x", "x.c>y", "x.b>x.g", "x.d>y", "x.e>x", "x.f>x", "(w)>(y)"],
    ),
    "annotations that are evaluated": (
        "def f(x):\n    class C:\n        z: x.c = x.d\n        w: x.e\n    x.y: x.g = x.h\n    return C\n",
        ["x.c>x", "x.c>f", "x.d>x", "x.e>z", "x.g>x", "x.h>x.c"],
    ),
    "lambda and defaults": (
        "def f(x):\n    y = lambda a, b=x.a: g(a, b.c)\n    def inner(c=x.b, *d, e=x.d):\n"
        "        return h(c.e)\n    return y, inner, x.f\n",
        ["x.a>x", "b.c>a", "x.b>x", "x.d>y", "c.e>d", "x.f>lambda: x", "x.f>lambda x, y: y", "b.c>lambda: b"],
    ),
    "starred": (
        "def f(x):\n    a, *b = x.a, *x.b\n    return g(*b, h(a), *x.c, k=a.d, **x.d), [*b, a.e], (*a, a.f)\n",
        ["x.a>x", "a.d>b", "h(a)>*a", "h(a)>**a", "a.e>*a", "*x.c>x.c", "a.f>b", "h(a)>a, a", "h(a)>i=a", "a.e>"],
    ),
    "keyword arguments": (
        "def f(x):\n    return g(x.a, k=x.b, l=h(m=x.c))\n",
        ["x.b>x", "x.c>x.b", "x.a>x=x", "x.b>x, n=x", "x.c>x, n=x", "k=x.b>**x.b"],
    ),
    "dicts and sets": (
        "def f(x):\n    return {x.a: x.b, **x.c, 'k': {x.d, x.e}, 'l': {x.f}}\n",
        ["x.a>x", "x.b>x.c", "x.d>x", "x.e>x.e: x", "x.f>x.f: x", "x.b>x.b, x", "'k'>x", "x.c>x", "x.a>**x"],
    ),
    "subscripts and slices": (
        "def f(x):\n    a = x[x.a], x[x.b, x.c], x[x.d:x.e], x[x.f:, x.g]\n    x[x.h] = x.i\n"
        "    x[x.j, x.k] += x.l\n    del x[x.m], x[x.n:]\n    return a\n",
        [
            "x.a>x",
            "x.a>x, x",
            "x.a>:x",
            "x.b>x",
            "x.c>1:2",
            "x.d>x",
            "x.g>x.g:x",
            "x.h>x",
            "x.h>x, x",
            "x.j>x",
            "x.l>x",
            "x.m>x",
            "x.m>a",
            "x.n>a",
        ],
    ),
    "targets": (
        "def f(x):\n    x.a.b = x.c\n    x.d[x.e].f += x.g\n    for x.h[x.i] in x.j:\n        x.k()\n"
        "    with x.l as x.m[x.n]:\n        x.o\n"
        "    del x.p.q\n    return x\n",
        [
            "x.a>x",
            "x.d>x",
            "x.e>x",
            "x.g>x.a",
            "x.i>x",
            "x.j>x",
            "x.k>x",
            "x.l>x",
            "x.n>x",
            "x.o>x",
            "x.p>x",
            "x.a>y",
            "x.c>x.a.b",
        ],
    ),
    "f-strings": (
        "def f(x):\n    a = f'{x.a}{x.b!r:>{x.c}}' 'tail'\n    return a, f\"{x['k']}\", rf'{x.d}\\d', x.e\n",
        ["x.a>x", "x.b>x", "x.c>3", "'k'>'l'", "x.d>x.f", "x.e>x", "tail>x", "x.e>f'{x}'", "!r>", "x['k']>x"],
    ),
    "a prefix of a string": (
        "def f(x):\n    return g('{', r'\\d', b'y', x.a, '}', 'a{', 'b}')\n",
        ["'{'>f'{'", "'}'>f'}'", "r'>'", "b'>f'", "x.a>x", "'a{'>f'a{'", "'b}'>f'b}'", "'y'>y'"],
    ),
    "quotes that come together": (
        "def f(x):\n    return g('' + 'a', x.a, '' + 'b', \"\" + \"c\", 'd' 'e')\n",
        ["' + 'a>''a", "' + 'b>''b", '" + "c>""c', "x.a>x", " + 'a'>'a'", " + 'b'>'b'", "'d' 'e'>'d''e'", "'d' >"],
    ),
    "a colon before quotes in an f-string": (
        'def f(x, r):\n    return g(f"{r:\'}", x.a), f"{r:\'}"\n',
        ["r:'}\", x>r'}\", x", "x.a>x", "), f>) or f"],
    ),
    "strings in a row": (
        "def f(x):\n    return g('a' 'b', 'c'\n             'd', u'e', x.a)\n",
        ["'a'>'x'", "'b'>x", "'d'>'y'", "x.a>x", "u'e'>'e'", "'c'\n>x\n"],
    ),
    "bytes and escapes": (
        "def f(x):\n    return g(b'a\\x00', '\\'', \"\\\\\", x.a, '\\N{DIGIT ONE}')\n",
        ["b'a>b'b", "\\'>\\\"", "x.a>x", "ONE>TWO", "\\x00>\\xff"],
    ),
    "hashes in strings": (
        "def f(x):\n    return g('#', x.a, '\"#')\n",
        ["'#',>'##',", "x.a>'#'", "x.a>x", "'\"#'>'#\"'", "x.a>x # y"],
    ),
    "line continuations": (
        "def f(x):\n    y = x.a + \\\n        x.b\n    z = g(y, \\\n          x.c)\n    return z, x.d\n",
        ["x.a>x", "x.b>y", "x.c>x", "x.d>z", "z, x.d>x.d"],
    ),
    "comments inside brackets": (
        "def f(x):\n    y = g(x.a,  # one, (\n          x.b)  # two\n    return [\n        # three\n"
        "        y, x.c,\n        x.d,  # '\n    ]\n",
        ["x.a>x", "x.b>y", "x.c>x", "x.d>y", "one>two", "y, x.c>x.c, y"],
    ),
    "expressions of many lines": (
        "def f(x):\n    y = g(\n        x.a,\n        h(\n            x.b,\n            k=x.c\n        ),\n"
        "    )\n    if (x.d and\n            x.e):\n"
        "        y = x.f\n    while (x.g or\n           x.h):\n        y = x.i; x.g = 0\n        break\n"
        "    raise x.j(y,\n              x.k)\n",
        [
            "x.a>x",
            "x.b>y",
            "x.c>x",
            "x.d>x",
            "and\n>or\n",
            "x.e>y",
            "x.f>x",
            "x.h>x",
            "or\n>and\n",
            "x.k>x",
            "x.j(>x(",
            "h(\n>x.h(\n",
        ],
    ),
    "lines end otherwise": (
        "def f(x):\r\n    y = g(x.a,\r\n          x.b)\r\n    return (y or\r\n            x.c)\r\n",
        ["x.a>x", "x.b>y", "or>and", "x.c>x", "g(x>h(x"],
    ),
    "letters beyond ASCII": (
        "def f(ä):\n    ö = 'ü€😀', ä.é, [ä.ß, '𝔘']\n    return g(ä.ñ, ö), {'é': ä.ç}\n",
        ["ä.é>ä", "ä.ß>'ß'", "ä.ñ>ö", "ä.ç>ä", "'𝔘'>ä", "ö), >ä), "],
    ),
    "tabs": (
        "class A:\n\tdef f(self,\tx):\n\t\ty = g(x.a,\tx.b)\n\t\treturn\ty if\tx.c\telse\tx.d\n",
        ["x.a>x", "x.b>\ty\t", "x.c>y", "x.d>x", "x.c>x\tand\ty"],
    ),
    "form feeds": ("def f(x):\n    y = g(x.a,\f x.b)\n\f\n    return y, x.c\n", ["x.a>x", "x.b>y", "x.c>\fx", "x.c>y"]),
    "decorators": (
        "@dec(1)\ndef f(x):\n    @dec(x.a)\n    @x.b\n    def inner():\n        return g(x.c)\n    return inner, x.d\n",
        ["x.a>x", "x.b>x", "x.c>x", "x.d>x.c"],
    ),
    "conditional expressions": (
        "def f(x):\n    y = x.a if x.b else x.c\n    if x.d if x.e else x.f:\n        return y\n"
        "    return g(x.g if y else x.h) if x.i else x.j\n",
        [
            "x.a>x",
            "x.b>x.c",
            "x.c>lambda: y",
            "x.d>x",
            "x.e>not x",
            "x.g>y",
            "x.i>y",
            "x.j>y if x else g",
            "x.a>lambda: x",
        ],
    ),
    "chained comparisons": (
        "def f(x):\n    if x.a < x.b <= x.c:\n        return x.d == x.e != x.f\n    return not x.g in x.h\n",
        ["< x>> x", "<=>==", "x.c>x", "==>is", "!=>not in", "not x.g>x.g", "x.g>x.g < x"],
    ),
    "and, or, not": (
        "def f(x):\n    while not (x.a and x.b) or x.c:\n        x.d\n    return x.e or x.f and not x.g\n",
        ["and x.b>or x.b", "not (>(", "or x.c>and x.c", "or x.f>and x.f", "not x>x", "x.d>break"],
    ),
    "assert": (
        "def f(x):\n    assert x.a, x.b\n    assert g(x.c, x.d)\n    assert [x.e, x.f]\n    return x\n",
        ["x.a>x", "x.b>x", "x.a>x, x", "x.c>x", "g(x.c, x.d)>(x.c, x.d)", "[x.e>x.e;x.f]>x.f", "[x.e, x.f]>x.e, x.f"],
    ),
    "with": (
        "def f(x):\n    with x.a as b, g(x.c):\n        y = x.d\n    with (x.e):\n        z = y\n"
        "    with [x.f, x.g] as h:\n        return h, z\n",
        ["x.a>x", "x.c>b", "x.c>x as i", "x.a>x, x", "x.d>b", "x.e>x", "x.e>x, x", "[x.f>x.f;x.g]>x.g", "x.f>y"],
    ),
    "raise from": (
        "def f(x):\n    try:\n        g(x.a)\n        raise ValueError(x.b) from x.c\n"
        "    except (KeyError, ValueError) as e:\n        raise OSError(e) from None\n",
        [
            "x.a>x",
            "x.b>x",
            "x.c>None",
            "x.c>KeyError()",
            "(e)>(x)",
            "None>e",
            "ValueError(x.b)>KeyError",
            "OSError(e)>e",
        ],
    ),
    "try": (
        "def f(x):\n    try:\n        y = x.a\n    except x.b:\n        y = x.c\n    else:\n"
        "        y = x.d\n    finally:\n        g(x.e)\n    return y\n",
        ["x.a>y", "x.b>KeyError", "x.c>x", "x.d>y", "x.e>y", "return y>return x"],
    ),
    "loops": (
        "def f(x):\n    for a in x.a:\n        if g(a):\n            continue\n        while x.b:\n"
        "            x.c += a\n        else:\n            x.d(a)\n    else:\n        return x.e\n    return a\n",
        [
            "x.a>x",
            "x.a>x, x",
            "(a):>(x):",
            "x.b>a",
            "x.b>True",
            "x.c>x",
            "+= a>-= a",
            "x.e>a",
            "(a)\n>(x)\n",
            "continue>break",
        ],
    ),
    "constants": (
        "def f(x):\n    while 1:\n        if 0:\n            return x.a\n        if True:\n"
        "            return g((1, 2), 'abc'[0], 3 + 4, -1, 1.0, None)\n",
        ["1:>0:", "0:>1:", "True>False", "2)>3)", "[0]>[1]", "3 + 4>3 - 4", "-1>1", "1.0>1", "None>x", "x.a>x"],
    ),
    "match": (
        "def f(x):\n    match x.a:\n        case [1, y] if g(y):\n            return h(y.b)\n"
        "        case {'k': z}:\n            return x.c\n        case _:\n            return x.d\n",
        ["x.a>x", "(y):>(x):", "y.b>y", "x.c>z", "x.d>y", "1, y>2, y", "'k'>'l'"],
    ),
    "except groups": (
        "def f(x):\n    try:\n        g(x.a)\n    except* ValueError as e:\n        h(e.b)\n    return x.c\n",
        ["x.a>x", "e.b>e", "x.c>x", "ValueError>KeyError"],
    ),
    "type aliases": (
        "def f(x):\n    type T = x.a\n    def inner[S](y: S) -> T:\n        return g(y.b)\n"
        "    return T.__value__, inner\n",
        ["x.a>x", "y.b>S", "y.b>T", "y.b>y"],
    ),
    "borders": (
        "def f(x):\n    y = g(x.a,x.b)\n    return(y)if(x.c)else(x.d)\n",
        [
            "x.a>not x.a",
            "x.a,>x.a or y,",
            ",x.b>,-x.b",
            "x.b)>x.b,)",
            "(x.c)>[x.c]",
            "g(>not g(",
            "y = >y = z = ",
            "return(>return not(",
            "x.b)\n>x.b) + y\n",
            "x.a>*x.a",
        ],
    ),
    "many edits": (
        "def f(x):\n    y = g(x.a, x.b) - x.c\n    z = h(x.d)\n    return y, z\n",
        [
            "x.a>x;x.b>y",
            "x.a>x;x.d>y",
            "x.a>y;x.d>y",
            "x.b>x;x.d>y",
            "x.d>y;y, z>z, y",
            "x.a>x;y, z>z",
            "x.a>x;h(>g(;y, z>z",
            "g(x>(x;x.b)>x.b)",
            "g(>;x.b) ->x.b -",
            "x.a>y;x.b) ->) -",
            "x.a>x;, x.b) ->) -",
            "x.a>x.e;, x.b) ->) -",
            "x.a>x;\n    z = h(x.d)>",
            "x.a>y;\n    z = h(x.d)>",
            "x.a>x;    y = >    y = z = ",
            "x.a>y;    y = >    y = z = ",
            "x.c>x.c\n    x = z;x.d>y",
            "x.c>x.c\n    x = z;x.d>x",
            "g(x.a>[x.a][0](x.a;x.b)>x.b)",
        ],
    ),
    "edits that meet or overlap": (
        "def f(x):\n    y = g(x.aa, x.b)\n    return y\n",
        ["x.aa>y;a, x>a, x", "x.aa>y;.aa>.b", "x.aa>y;aa, >b, ", "x.b>x", "x.aa>x;x.aa>y"],
    ),
    "brackets that are taken away": (
        "def f(x):\n    return g(h(x.a, x.b), [x.c for y in x.d]), x.e\n",
        ["h(>;x.b)>x.b", "[x>x;x.d]>x.d", "h(x.a>x.a;x.b),>x.b,", "x.a>x", "x.e>x", "h(x>(x", "[x.c>(x.c;x.d]>x.d)"],
    ),
    "insertions and deletions": (
        "def f(x):\n    y = -x.a + 10\n    g(not x.b, y)\n    return y, x.c\n",
        ["-x>x", " + 10>", "not >", "10>", "10>100", ", y)>)", "x.b, >", ", x.c>", "x.c>x.c.d", "y, x.c>"],
    ),
    "odd places of spaces": (
        "def f(x):\n    y=x.a if x.b else'a'\n    return[x.c,y]if y else{x.d:1}\n",
        ["x.a>x", "'a'>b'a'", "x.c>x", "[x.c>(x.c", "x.d>y", "if y else>or"],
    ),
}
"""By construct: a file, and candidates: `old>new` for an edit, `;` between edits; `old` stands once in the file."""
WRONG = [
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "'",
    '"',
    '"""',
    "'''",
    "f'{",
    "f'}'",
    "f'{'",
    "}'",
    "'{",
    "\\",
    "#",
    "\n",
    "\r",
    ";",
    ":",
    ",",
    "=",
    "*",
    "**x",
    "1:2",
    "k=1",
    "lambda",
    "lambda:",
    "if",
    "else",
    "x if x",
    ") + (",
    ") if (",
    "'+'",
    "yield",
    "await x",
    "for",
    "x for x in x",
    "not",
    "$",
    "\0",
    "0777",
    "x :=",
    "(x := 1)",
    "print x",
    "global x",
    "\t",
    "x)\n    (x",
    "x\n    y",
    "é" * 9,
    "(" * 99,
    "[" * 99 + "]" * 99,
    "1" * 5000,
    ") or True or (",
    "x]\n[x",
]
"""What breaks a program in most places."""


def edit_of(text: str, change: str) -> Edits:
    edits = []
    for part in change.split(";"):
        old, _, new = part.partition(">")
        assert text.count(old) == 1 and old, (old, text)
        at = text.index(old)
        edits.append([at, at + len(old), new])
    return sorted(edits)


def written(folder: Path, name: str) -> tuple[Path, list[Edits]]:
    """The file of a case and its candidates."""
    text, changes = CASES[name]
    path = folder / (name.replace(" ", "_").replace(",", "") + ".py")
    path.write_bytes(text.encode())
    return path, [edit_of(text, change) for change in changes]


@EVERY
def test_candidates_of_every_construct_that_share_code_do_what_they_do_alone(tmp_path: Path, python: Path) -> None:
    requests = [[str(path), "utf-8", candidates, 6] for path, candidates in (written(tmp_path, name) for name in CASES)]
    different, count = compared(python, requests)
    assert different == []
    assert count > 200


@EVERY
def test_a_broken_neighbour_spoils_nobody(tmp_path: Path, python: Path) -> None:
    chance = random.Random(python.parts[-3])
    requests = []
    for name in CASES:
        path, candidates = written(tmp_path, name)
        places = [edits[0][:2] for edits in candidates if edits[0][0] < edits[0][1]]
        for wrong in WRONG:
            start, end = chance.choice(places)
            broken = [[chance.choice([start, end]), end, wrong]]
            candidates.insert(chance.randrange(len(candidates) + 1), broken)
        requests.append([str(path), "utf-8", candidates, 1])
    different, count = compared(python, requests)
    assert different == []
    assert count > 200


PIECES = [
    "x",
    "y",
    "x.a",
    "g(x)",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ", ",
    " + ",
    " for y in x",
    " if x else y",
    "lambda: ",
    "'",
    '"',
    "f'",
    "'a'",
    "not ",
    "*",
    "**",
    "k=",
    ":",
    " := ",
    "super()",
    "__class__",
    "locals()",
    "\n",
    "#",
    ";",
    " and ",
    " in ",
    "yield ",
    "await ",
    "1",
    "-",
    ".",
    "=",
    "==",
    "r'",
    "b",
    "''",
    "\\",
    " as z",
    "None",
    "",
]


def jumbled(text: str, chance: random.Random) -> Edits:
    """One, two or three edits of random pieces, at places where a word or a sign begins or ends."""
    first = text.index("):")
    places = [n for n in range(first, len(text)) if not (text[n - 1].isalnum() and text[n].isalnum())]
    edits: Edits = []
    for _ in range(chance.choice([1, 1, 2, 3])):
        at = chance.randrange(len(places))
        start, end = places[at], places[min(len(places) - 1, at + chance.choice([0, 1, 1, 2, 3, 5]))]
        edits.append([start, end, "".join(chance.choices(PIECES, k=chance.choice([0, 1, 1, 2, 3])))])
    return sorted(edits)


@EVERY
def test_jumbled_candidates_that_share_code_do_what_they_do_alone(tmp_path: Path, python: Path) -> None:
    chance = random.Random(python.parts[-3])
    requests = []
    for name, (text, _) in CASES.items():
        path, candidates = written(tmp_path, name)
        candidates += [jumbled(text, chance) for _ in range(60)]
        chance.shuffle(candidates)
        requests.append([str(path), "utf-8", candidates, 1])
    different, count = compared(python, requests)
    assert different == []
    assert count > 300


def test_a_warning_that_is_an_error_breaks_the_candidate_that_gives_it_alone(tmp_path: Path) -> None:
    path = tmp_path / "warns.py"
    path.write_text("def f(x):\n    return g(x.a, 'b'[0]), h(x.c)\n")
    text = path.read_text()
    changes = ["x.a>x is 1", "x.a>1()", "x.a>x", "'b'>'\\d'", "0>'0'", "0>1", "x.c>1[0]", "x.c>x", "h(x.c)>(x, 1)()"]
    candidates = [edit_of(text, change) for change in changes]
    for options in ((), ("-W", "error::SyntaxWarning", "-W", "error::DeprecationWarning")):
        different, count = compared(sys.executable, [[str(path), "utf-8", candidates, 3]], *options)
        assert different == []
        assert count >= 3


# --- what is shared, and what is chosen ---------------------------------------------------------------------


def shared(folder: Path, text: str, changes: Sequence[Edits]) -> tuple[Schemata, Any]:
    """Candidates of the one function of a file, and that function."""
    path = folder / "module.py"
    path.write_text(text)
    switch = Switch()
    source = Source(str(path), "utf-8", False, {**Meter().planted, **switch.planted})
    (function,) = source.functions
    assert function.ready()
    return Schemata(switch, [(function, edits) for edits in changes]), function


def value(code: Any, *arguments: object) -> object:
    return type(value)(code, {"__builtins__": __builtins__})(*arguments)


@given(order=st.permutations(range(2 * MOST + 7)))
def test_the_candidate_that_runs_is_the_one_that_was_chosen_last(
    tmp_path_factory: pytest.TempPathFactory, order: list[int]
) -> None:
    text = "def f(x):\n    if x > 0:\n        return 0\n    return x - 1\n"
    places = [text.index("0\n"), text.index("x - 1")]
    changes = [[[places[n % 2], places[n % 2] + 1, str(n + 1)]] for n in range(len(order))]
    schemata, _ = shared(tmp_path_factory.mktemp("chosen"), text, changes)
    codes = set()
    for number in order:
        code = schemata.code(number)
        codes.add(code)
        assert (value(code, 1), value(code, 0)) == ((number + 1, -1) if number % 2 == 0 else (0, number))
    assert len(codes) == 3


def test_candidates_without_a_function_or_a_slot_have_code_of_their_own(tmp_path: Path) -> None:
    text = "def f(x):\n    y = x\n    return y\n"
    at, end = text.index("    y = x"), text.index("    return")
    changes: list[Edits] = [
        [[at, end, "    y = 3\n"]],
        [[at, end, "    y = (\n"]],
        [[end - 2, end - 1, "5"]],
        [[end - 2, end - 1, "6"]],
    ]
    schemata, _ = shared(tmp_path, text, changes)
    assert schemata.code(1) is BROKEN
    assert [value(schemata.code(number), 1) for number in (2, 0, 3, 2)] == [5, 3, 6, 5]
    assert schemata.code(2) is schemata.code(3) is not schemata.code(0)


def test_shared_code_can_be_hashed_and_compared_as_any_other(tmp_path: Path) -> None:
    """Who keeps something by function may keep it by code."""
    text = "def f(x):\n    return x\n"
    at = text.index("x\n")
    schemata, function = shared(tmp_path, text, [[[at, at + 1, "1"]], [[at, at + 1, "2"]]])
    code = schemata.code(0)
    assert {code: 1, function.code: 2}[schemata.code(1)] == 1
