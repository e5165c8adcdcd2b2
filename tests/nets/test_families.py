"""Families of typed edits: each mistake has its repair among the changes, and every change is a program."""

from __future__ import annotations

import ast
import itertools
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import trm_lsp
from trm_lsp.core.state import Edit
from trm_lsp.nets.repair.families import FAMILIES, Change, Family, Hints, Kinds, Site
from trm_lsp.nets.repair.families.imports import imports_of
from trm_lsp.nets.repair.hypotheses import Hypothesis, changes, enumerate_all, parse_all
from trm_lsp.nets.repair.source import Source
from trm_lsp.patch.edits import apply

BY_NAME = {family.name: family for family in FAMILIES}
NOTHING = Hints()
HINTED = Hints(strings=("abc", "it's"), numbers=(7, 0.5), exceptions=("LookupError",), undefined=("totl", "nmae"))


def asked(family: Family, text: str, hints: Hints = NOTHING, kinds: Kinds | None = None) -> Iterator[Change]:
    """Every change of one family in a source."""
    (source,) = parse_all({"m.py": text})
    for statement in source.statements:
        yield from changes(family, Site(source, statement, hints, kinds))


def possible(text: str, hints: Hints = NOTHING) -> tuple[Hypothesis, ...]:
    """Every single edit of every family in a source, as the net has them; of a long one at every eighth place."""
    source = Source("m.py", text)
    places = list(dict.fromkeys(map(source.place, source.statements)))
    return enumerate_all([source], dict.fromkeys(places[:: 1 + 7 * (len(places) > 40)], 1.0), hints)


# --- the mistake and its repair -----------------------------------------------------------------

LOOP = "def f(items):\n    for item in items:\n        if item:\n            {}\n    return items\n"
CLASS = "class C:\n    def f(self):\n        self.name = self.size = 0\n        return {}\n"

KEEPER = (
    "class C:\n    def __init__(self, a):\n        self.kept: int | None = None\n        self.all = []\n"
    "        self.seen, self.own = set(), a\n        self.seen = set()\n\n    def f(self, a):\n        {}\n"
)
TWO = (
    "class C:\n    def g(self, c):\n        print(self.a, self.d[c])\n        self.n = 1\n"
    "    def f(self, b):\n        {}\n"
)
RAISED = Hints(raised=("IndexError", "UnknownHere"))

REPAIRS: list[tuple[str, str, str, Hints]] = [
    (
        "binding",
        "def g(form):\n    func, args = form[0], form[1:]\n    return func(args)\ndef f(*a):\n    return func(*args)\n",
        "def g(form):\n    func, args = form[0], form[1:]\n    return func(args)\n"
        "def f(*a):\n    func, args = a[0], a[1:]\n    return func(*args)\n",
        NOTHING,
    ),
    ("binding", "def f(a):\n    return a + b\n", "def f(a):\n    b = 0\n    return a + b\n", NOTHING),
    ("transplant", TWO.format("return b"), TWO.format("print(self.a, b)\n        return b"), NOTHING),
    ("transplant", TWO.format("return b"), TWO.format("self.n = 1\n        return b"), NOTHING),
    (
        "otherwise",
        "def f(a):\n    if a:\n        b = 1\n    b = 2\n    c = b\n",
        "def f(a):\n    if a:\n        b = 1\n    else:\n        b = 2\n    c = b\n",
        NOTHING,
    ),
    (
        "otherwise",
        "def f(a):\n    if a:\n        b = 1\n    elif c:\n        b = 3\n    if d:\n        b = 2\n    c = b\n",
        "def f(a):\n    if a:\n        b = 1\n    elif c:\n        b = 3\n"
        "    else:\n        if d:\n            b = 2\n        c = b\n",
        NOTHING,
    ),
    ("argument", "def f(a):\n    return isinstance(a)\n", "def f(a):\n    return isinstance(a, str)\n", NOTHING),
    ("argument", "def f(a, kwds):\n    x(a)\n", "def f(a, kwds):\n    x(a, kwds)\n", Hints(missing=("kwds",))),
    (
        "decorator",
        "@curry\ndef f(a): pass\ndef g(a):\n    return a\n",
        "@curry\ndef f(a): pass\n@curry\ndef g(a):\n    return a\n",
        NOTHING,
    ),
    ("comparison", "y = a < b\n", "y = a <= b\n", NOTHING),
    ("comparison", "y = a is not None\n", "y = a is None\n", NOTHING),
    ("comparison", "y = a < b < c\n", "y = a < b <= c\n", NOTHING),
    ("comparison", "y = x not   in xs\n", "y = x in xs\n", NOTHING),
    ("arithmetic", "y = a + b\n", "y = a - b\n", NOTHING),
    ("arithmetic", "y = (a // b)\n", "y = (a / b)\n", NOTHING),
    ("arithmetic", "y += b\n", "y -= b\n", NOTHING),
    ("arithmetic", "y = -a * b\n", "y = -a / b\n", NOTHING),
    ("accumulate", "y = b\n", "y += b\n", NOTHING),
    ("accumulate", "y += b\n", "y = b\n", NOTHING),
    ("logic", "y = a and b\n", "y = a or b\n", NOTHING),
    ("logic", "y = a or b or c\n", "y = a or b and c\n", NOTHING),
    ("negation", "if a:\n    pass\n", "if not a:\n    pass\n", NOTHING),
    ("negation", "if not a:\n    pass\n", "if a:\n    pass\n", NOTHING),
    ("negation", "if a and b:\n    pass\n", "if not (a and b):\n    pass\n", NOTHING),
    ("sign", "y = -a\n", "y = a\n", NOTHING),
    ("sign", "y = f(a)\n", "y = f(-a)\n", NOTHING),
    ("operands", "y = a - b\n", "y = b - a\n", NOTHING),
    ("operands", "y = a in b\n", "y = b in a\n", NOTHING),
    ("operands", "y = (a + b) / c\n", "y = (c) / (a + b)\n", NOTHING),
    ("drop-term", "y = a + b\n", "y = a\n", NOTHING),
    ("drop-term", "y = a + b\n", "y = b\n", NOTHING),
    ("drop-term", "y = a if b else c\n", "y = c\n", NOTHING),
    ("term", "def f(a, b):\n    return a\n", "def f(a, b):\n    return a + b\n", NOTHING),
    ("term", "def f(a, b):\n    c = a[1:b]\n", "def f(a, b):\n    c = a[1:b - a]\n", NOTHING),
    ("off-by-one", "y = xs[0]\n", "y = xs[1]\n", NOTHING),
    ("off-by-one", "for i in range(n):\n    pass\n", "for i in range(n + 1):\n    pass\n", NOTHING),
    ("off-by-one", "y = n - 1\n", "y = n\n", NOTHING),
    ("number", "y = 30\n", "y = 10\n", NOTHING),
    ("number", "y = 30\nz = 42\n", "y = 42\nz = 42\n", NOTHING),
    ("number", "y = 30\n", "y = 0.5\n", HINTED),
    ("truth", "y = True\n", "y = False\n", NOTHING),
    ("truth", "y = None\n", "y = []\n", NOTHING),
    ("text", "y = 'Abd'\n", "y = 'abc'\n", HINTED),
    ("text", 'y = ", "\n', 'y = ","\n', NOTHING),
    ("text", "y = hasattr(a, 'andom')\na.random()\n", "y = hasattr(a, 'random')\na.random()\n", NOTHING),
    ("text", "y = 'its'\n", 'y = "it\'s"\n', HINTED),
    ("slice", "y = xs[1:n]\n", "y = xs[:n]\n", NOTHING),
    ("slice", "for x in xs:\n    pass\n", "for x in xs[1:]:\n    pass\n", NOTHING),
    ("misspelling", "total = 1\ny = totl\n", "total = 1\ny = total\n", HINTED),
    ("misspelling", "y = a.name\nz = a.nmae\n", "y = a.name\nz = a.name\n", HINTED),
    ("variable", "def f(a, b):\n    return a\n", "def f(a, b):\n    return b\n", NOTHING),
    ("variable", "LIMIT = 3\ndef f(a):\n    return a\n", "LIMIT = 3\ndef f(a):\n    return LIMIT\n", NOTHING),
    ("attribute", CLASS.format("self.name"), CLASS.format("self.size"), NOTHING),
    ("attribute", "y = a.left\nz = a.right\n", "y = a.right\nz = a.right\n", NOTHING),
    ("attribute-of", CLASS.format("self.name"), CLASS.format("self"), NOTHING),
    ("attribute-of", "n = a.next\nif a:\n    pass\n", "n = a.next\nif a.next:\n    pass\n", NOTHING),
    ("exception", "raise ValueError('no')\n", "raise LookupError('no')\n", HINTED),
    ("exception", "try:\n    f()\nexcept KeyError: pass\n", "try:\n    f()\nexcept IndexError: pass\n", NOTHING),
    ("callee", "y = min(a, b)\n", "y = max(a, b)\n", NOTHING),
    ("callee", "y = a.lstrip()\n", "y = a.rstrip()\n", NOTHING),
    ("callee", "def g(a):\n    pass\ndef h(a):\n    g(a)\n", "def g(a):\n    pass\ndef h(a):\n    h(a)\n", NOTHING),
    ("arguments", "y = f(a, b)\n", "y = f(b, a)\n", NOTHING),
    ("arguments", "y = f(a, b, k=c)\n", "y = f(a, b)\n", NOTHING),
    ("unwrap", "y = int(a)\n", "y = a\n", NOTHING),
    ("unwrap", "y = a.strip()\n", "y = a\n", NOTHING),
    ("unwrap", "y = 2 * int(a + b)\n", "y = 2 * (a + b)\n", NOTHING),
    ("wrap", "y = a\n", "y = len(a)\n", NOTHING),
    ("wrap", "from k import f\nx = f(b)\ny = a\n", "from k import f\nx = f(b)\ny = f(a)\n", NOTHING),
    ("wrap", "import m\nx = m.f(b)\ny = a\n", "import m\nx = m.f(b)\ny = m.f(a)\n", NOTHING),
    ("wrap", "from k import f\ny = a\n", "from k import f\ny = f(a)\n", NOTHING),
    ("wrap", "y = a == b\n", "y = a == b.lower()\n", NOTHING),
    ("order", "y = sorted(a)\n", "y = sorted(a, reverse=True)\n", NOTHING),
    ("order", "y = max(a, key=len)\n", "y = max(a)\n", NOTHING),
    ("order", "s.y\na.sort(key=lambda s: s.x)\n", "s.y\na.sort(key=lambda s: (s.y, s.x))\n", NOTHING),
    ("jump", LOOP.format("break"), LOOP.format("continue"), NOTHING),
    ("jump", LOOP.format("continue"), LOOP.format("pass"), NOTHING),
    ("move", "for a in b:\n    f(a)\n    g(b)\n", "for a in b:\n    f(a)\ng(b)\n", NOTHING),
    ("otherwise", "if a:\n    b()\nelif e:\n    c()\nd(\n    1,\n)\n",
     "if a:\n    b()\nelif e:\n    c()\nelse:\n    d(\n        1,\n    )\n", NOTHING),
    ("move", "for a in b:\n    f(a)\ng(b)\n", "for a in b:\n    f(a)\n    g(b)\n", NOTHING),
    ("swap-lines", "a = b\nc = d\n", "c = d\na = b\n", NOTHING),
    ("swap-lines", "if a:\n    b()\nc()\n", "c()\nif a:\n    b()\n", NOTHING),
    ("remove", "a()\nb()\n", "b()\n", NOTHING),
    ("remove", "if a:\n    b()\n    c()\n", "b()\nc()\n", NOTHING),
    ("remove", LOOP.format("f()"), LOOP.format("pass"), NOTHING),
    ("guard", "def f(a):\n    b()\n", "def f(a):\n    if not a:\n        return None\n    b()\n", NOTHING),
    (
        "guard",
        'def f(self, a):\n    """Doc."""\n    b()\n',
        'def f(self, a):\n    """Doc."""\n    if a is None:\n        return 0\n    b()\n',
        NOTHING,
    ),
    ("special-case", "def f(a):\n    b()\n", "def f(a):\n    if not a:\n        return 7\n    b()\n", HINTED),
    ("special-case", "def f(a):\n    b()\n", "def f(a):\n    if not a:\n        return 'abc'\n    b()\n", HINTED),
    (
        "step",
        "def f(a):\n    n = 0\n    for b in a:\n        g(b)\n    return n\n",
        "def f(a):\n    n = 0\n    for b in a:\n        g(b)\n        n += 1\n    return n\n",
        NOTHING,
    ),
    ("step", LOOP.format("f()"), LOOP.format("f()\n            break"), NOTHING),
    ("drop-condition", "y = a and b and c\n", "y = a and c\n", NOTHING),
    ("drop-condition", "y = a < b < c\n", "y = b < c\n", NOTHING),
    ("drop-condition", "y = [a for a in b if a > c]\n", "y = [a for a in b]\n", NOTHING),
    ("arithmetic", "y = a & b\n", "y = a and b\n", NOTHING),
    ("arithmetic", "y = a ^ 2\n", "y = a ** 2\n", NOTHING),
    ("comparison", "if a == []:\n    pass\n", "if a != []:\n    pass\n", NOTHING),
    ("comparison", "y = a is 'b'\n", "y = a == 'b'\n", NOTHING),
    ("comparison", "y = a == b\n", "y = a in b\n", NOTHING),
    ("chain", "y = 0 < a < n\n", "y = 0 <= a <= n\n", NOTHING),
    ("chain", "y = a > b > c\n", "y = a < b < c\n", NOTHING),
    ("rounding", "y = a // b\n", "y = -(-a // b)\n", NOTHING),
    ("rounding", "y = (a + b) / c\n", "y = round((a + b) / c)\n", NOTHING),
    ("grouping", "y = a + b * c\n", "y = (a + b) * c\n", NOTHING),
    ("grouping", "y = a - (b + c)\n", "y = a - b + c\n", NOTHING),
    ("grouping", "y = (a or b) and c\n", "y = a or b and c\n", NOTHING),
    ("grouping", "y = not (a == b)\n", "y = not a == b\n", NOTHING),
    ("truth-test", "if a:\n    pass\n", "if a is not None:\n    pass\n", NOTHING),
    ("truth-test", "if a is None:\n    pass\n", "if not a:\n    pass\n", NOTHING),
    ("truth-test", "y = a.b or c()\n", "y = a.b if a.b is not None else c()\n", NOTHING),
    (
        "truth-test",
        "y = [b for a in c if (b := f(a))]\n",
        "y = [b for a in c if (b := f(a)) is not None]\n",
        NOTHING,
    ),
    ("truth-test", "if n % 2:\n    pass\n", "if n % 2 == 0:\n    pass\n", NOTHING),
    ("choice", "y = a == 'x' or c == 'y'\n", "y = a in ('x', 'y') or c == 'y'\n", NOTHING),
    ("choice", "y = isinstance(a, int)\n", "y = isinstance(a, (int, float))\n", NOTHING),
    ("choice", "y = a in ('abc', 'x')\n", "y = a in ('abc',)\n", NOTHING),
    (
        "condition",
        "def f(a):\n    if a.b:\n        pass\n",
        "def f(a):\n    if a is not None and a.b:\n        pass\n",
        NOTHING,
    ),
    ("condition", "def f(a, b):\n    return a < 0\n", "def f(a, b):\n    return a < 0 and b > 0\n", NOTHING),
    ("condition", "def f(a):\n    return [b for b in a]\n", "def f(a):\n    return [b for b in a if b]\n", NOTHING),
    ("initial", "best = 0\n", "best = float('-inf')\n", NOTHING),
    ("initial", "def f(a=[]):\n    pass\n", "def f(a=None):\n    pass\n", NOTHING),
    ("character", "y = 'colour'\n", "y = 'color'\n", NOTHING),
    ("character", "y = 'a-b'\n", "y = 'acb'\n", HINTED),
    ("filled", "y = 'Hello {name}'\n", "y = f'Hello {name}'\n", NOTHING),
    ("filled", "y = f'{{}}'\n", "y = '{{}}'\n", NOTHING),
    ("filled-text", "y = f'{a}, {b}'\n", "y = f'{a},{b}'\n", NOTHING),
    ("filled-text", "y = f'{a:.1f}'\n", "y = f'{a:.2f}'\n", NOTHING),
    ("pattern", "y = re.match(r'[0-9]+', a)\n", "y = re.match(r'[0-9]+$', a)\n", NOTHING),
    ("pattern", "y = re.sub(r'<.*>', '', a)\n", "y = re.sub(r'<.*?>', '', a)\n", NOTHING),
    ("pattern", "y = re.split(r'.', a)\n", "y = re.split(r'\\.', a)\n", NOTHING),
    ("pattern", "y = re.findall(r'[a-z]', a)\n", "y = re.findall(r'[a-zA-Z]', a)\n", NOTHING),
    ("flag", "y = re.search('a', b)\n", "y = re.search('a', b, flags=re.IGNORECASE)\n", NOTHING),
    ("flag", "y = re.search('a', b, re.DOTALL)\n", "y = re.search('a', b, re.MULTILINE)\n", NOTHING),
    ("missing-import", "y = math.pi\n", "import math\ny = math.pi\n", NOTHING),
    (
        "missing-import",
        "'Doc.'\nimport os\n\ny = Counter(os)\n",
        "'Doc.'\nimport os\nfrom collections import Counter\n\ny = Counter(os)\n",
        NOTHING,
    ),
    ("wrong-import", "from itertools import reduce\n", "from functools import reduce\n", NOTHING),
    ("wrong-import", "import jsn\njsn.loads\n", "import json as jsn\njsn.loads\n", NOTHING),
    (
        "wrong-import",
        "from collections import Countr\nCounter()\n",
        "from collections import Counter\nCounter()\n",
        NOTHING,
    ),
    ("owner", "a.size\nb.name\ny = a.name\nb = a\n", "a.size\nb.name\ny = b.name\nb = a\n", NOTHING),
    ("owner", "def f(a, b):\n    return a.x + b.y + a.y\n", "def f(a, b):\n    return a.x + b.y + b.y\n", NOTHING),
    ("method", "y = a.split(b)\n", "y = a.join(b)\n", NOTHING),
    ("method", "y = [].append(a)\n", "y = [].count(a)\n", NOTHING),
    ("arguments", "y = f(a,  # first\n      b)\n", "y = f(a)\n", NOTHING),
    ("argument", "def f(s):\n    return s.split()\n", "def f(s):\n    return s.split(',')\n", NOTHING),
    (
        "argument",
        "def g(a, b=1): pass\ndef f(c, b):\n    g(c)\n",
        "def g(a, b=1): pass\ndef f(c, b):\n    g(c, b=b)\n",
        NOTHING,
    ),
    ("argument", "f(width=1)\nf(height=2)\n", "f(width=1)\nf(width=2)\n", NOTHING),
    ("chained", "y = s.a('<').b().c()\n", "y = s.c().a('<').b()\n", NOTHING),
    ("chained", "y = s.a('<').b().c()\n", "y = s.b().a('<').c()\n", NOTHING),
    (
        "bounded",
        "def f(a, b):\n    if a.end:\n        a = g(b.end)\n",
        "def f(a, b):\n    if a.end:\n        a = g(max(b.end, a.end))\n",
        NOTHING,
    ),
    ("bounded", "def f(a):\n    return a\n", "def f(a):\n    return max(a, 0)\n", NOTHING),
    ("bounded", "def f(a, b):\n    c = g[a:b]\n", "def f(a, b):\n    c = g[a:min(b, a)]\n", NOTHING),
    ("call-it", "y = a.lower\n", "y = a.lower()\n", NOTHING),
    ("call-it", "y = f(g())\n", "y = f(g)\n", NOTHING),
    ("await", "async def f():\n    y = g()\n", "async def f():\n    y = await g()\n", NOTHING),
    ("await", "async def f():\n    y = await g\n", "async def f():\n    y = g\n", NOTHING),
    ("lookup", "y = a[b]\n", "y = a.get(b, 0)\n", NOTHING),
    ("lookup", "y = a.get(b)\n", "y = a[b]\n", NOTHING),
    ("copy", "y = a\n", "y = list(a)\n", NOTHING),
    ("copy", "for x in xs:\n    xs.remove(x)\n", "for x in xs[:]:\n    xs.remove(x)\n", NOTHING),
    ("copy", "import copy\nb.append(a)\n", "import copy\nb.append(copy.deepcopy(a))\n", NOTHING),
    ("repeat", "y = [[0] * n] * m\n", "y = [[0] * n for _ in range(m)]\n", NOTHING),
    ("repeat", "y = dict.fromkeys(a, [])\n", "y = {key: [] for key in a}\n", NOTHING),
    ("index", "y = xs[i]\n", "y = xs[-1]\n", NOTHING),
    ("index", "y = f(xs)\n", "y = f(xs[0])\n", NOTHING),
    ("range", "for i in range(n):\n    pass\n", "for i in range(1, n + 1):\n    pass\n", NOTHING),
    ("range", "for i in range(a, b):\n    pass\n", "for i in range(b, a, -1):\n    pass\n", NOTHING),
    ("iterated", "for k, v in d:\n    pass\n", "for k, v in d.items():\n    pass\n", NOTHING),
    ("iterated", "y = [i for i in n]\n", "y = [i for i in range(n)]\n", NOTHING),
    ("order", "y = sorted(d, key=lambda p: p[1])\n", "y = sorted(d, key=lambda p: (p[1], p[0]))\n", NOTHING),
    (
        "order",
        "y = sorted(d, key=lambda p: (p[1], p[0]), reverse=True)\n",
        "y = sorted(d, key=lambda p: (-p[1], p[0]))\n",
        NOTHING,
    ),
    ("order", "y = sorted(d, key=f)[::-1]\n", "y = sorted(d, key=f, reverse=True)\n", NOTHING),
    ("comprehension", "y = [a for a in b]\n", "y = {a for a in b}\n", NOTHING),
    ("comprehension", "y = [a if a else 0 for a in b]\n", "y = [a for a in b if a]\n", NOTHING),
    ("branch", "if a:\n    b()\nif c:\n    d()\n", "if a:\n    b()\nelif c:\n    d()\n", NOTHING),
    ("branch", "if a:\n    b()\nelif c:\n    d()\n", "if a:\n    b()\nif c:\n    d()\n", NOTHING),
    ("branch", "if a:\n    b()\n", "while a:\n    b()\n", NOTHING),
    ("result", "def f(a):\n    a + 1\n", "def f(a):\n    return a + 1\n", NOTHING),
    ("result", "def f(a):\n    a.strip()\n", "def f(a):\n    a = a.strip()\n", NOTHING),
    ("result", "ValueError('no')\n", "raise ValueError('no')\n", NOTHING),
    ("result", "def f(a):\n    yield a\n", "def f(a):\n    yield from a\n", NOTHING),
    ("move", "for a in b:\n    f(a)\n    if a:\n        g(b)\n", "for a in b:\n    f(a)\nif a:\n    g(b)\n", NOTHING),
    ("take", "a()\nfor b in c:\n    d()\n", "for b in c:\n    a()\n    d()\n", NOTHING),
    ("take", "for b in c:\n    a = []\n    d(a)\n", "a = []\nfor b in c:\n    d(a)\n", NOTHING),
    ("remove", "if a:\n    b()\nelse:\n    c()\n", "if a:\n    b()\n", NOTHING),
    ("remove", "for a in b:\n    c()\nelse:\n    d()\n", "for a in b:\n    c()\nd()\n", NOTHING),
    ("echo", "def f(a, b):\n    a.sort()\n", "def f(a, b):\n    a.sort()\n    b.sort()\n", NOTHING),
    ("echo", "def f(a, b):\n    a += 1\n", "def f(a, b):\n    a += 1\n    b += 1\n", NOTHING),
    ("inside", "def f(a, b):\n    a.append(b)\n", "def f(a, b):\n    if b not in a:\n        a.append(b)\n", NOTHING),
    ("inside", "def f(a):\n  a()\n", "def f(a):\n  if a is not None:\n    a()\n", NOTHING),
    (
        "mutable-default",
        "def f(a, b=[]):\n    b.append(a)\n",
        "def f(a, b=None):\n    if b is None:\n        b = []\n    b.append(a)\n",
        NOTHING,
    ),
    (
        "mutable-default",
        "def f(*, b: dict = {}):\n    'Doc.'\n    b[1] = 2\n",
        "def f(*, b: dict = None):\n    'Doc.'\n    if b is None:\n        b = {}\n    b[1] = 2\n",
        NOTHING,
    ),
    ("parameter", "def f(a, b):\n    pass\n", "def f(a, b=None):\n    pass\n", NOTHING),
    ("parameter", "class C:\n    def f(a): pass\n", "class C:\n    def f(self, a): pass\n", NOTHING),
    ("decorator", "class C:\n    def f(self): pass\n", "class C:\n    @property\n    def f(self): pass\n", NOTHING),
    ("decorator", "class C:\n    @staticmethod\n    def f(self): pass\n", "class C:\n    def f(self): pass\n", NOTHING),
    ("shared", "n = 0\ndef f():\n    n = n + 1\n", "n = 0\ndef f():\n    global n\n    n = n + 1\n", NOTHING),
    (
        "shared",
        "def f():\n    n = 0\n    def g():\n        n += 1\n",
        "def f():\n    n = 0\n    def g():\n        nonlocal n\n        n += 1\n",
        NOTHING,
    ),
    (
        "shared",
        "class C(B):\n    def __init__(self, a):\n        self.a = a\n",
        "class C(B):\n    def __init__(self, a):\n        super().__init__(a)\n        self.a = a\n",
        NOTHING,
    ),
    (
        "refusal",
        "def f(a):\n    b()\n",
        "def f(a):\n    if a < 0:\n        raise LookupError('a < 0')\n    b()\n",
        HINTED,
    ),
    (
        "refusal",
        "def f(a):\n    b()\n",
        "def f(a):\n    if not a:\n        raise ValueError('not a')\n    b()\n",
        NOTHING,
    ),
    (
        "skip",
        LOOP.format("f()"), LOOP.format("f()").replace("        if",
        "        if item is None:\n            continue\n        if"),
        NOTHING,
    ),
    (
        "skip",
        "def f(a):\n    b = a\n    return b[0]\n",
        "def f(a):\n    b = a\n    if not b:\n        return None\n    return b[0]\n",
        NOTHING,
    ),
    ("value", "def f(a):\n    return 0\n", "def f(a):\n    return a\n", NOTHING),
    ("value", "def f(a):\n    return g(a + 1)\n", "def f(a):\n    return a\n", NOTHING),
    ("constant", "y = a\n", "y = 0\n", NOTHING),
    ("constant", "f(a, 60)\n", "f(60, 60)\n", NOTHING),
    (
        "ingredient",
        "def f(a):\n    b = len(a) - 1\n    return b\n",
        "def f(a):\n    b = len(a) - 1\n    return len(a)\n",
        NOTHING,
    ),
    ("ingredient", "def f(a):\n    b = a.x\n    return 0\n", "def f(a):\n    b = a.x\n    return a.x\n", NOTHING),
    ("step", "def f(s):\n    g(s)\n", "def f(s):\n    s = s.strip()\n    g(s)\n", NOTHING),
    (
        "step",
        "def f(a):\n    b = []\n    for c in a:\n        g(c)\n",
        "def f(a):\n    b = []\n    for c in a:\n        g(c)\n        b.append(c)\n",
        NOTHING,
    ),
    ("step", "def f(a):\n    b = g(a)\n", "def f(a):\n    b = g(a)\n    return b\n", NOTHING),
    ("reset", KEEPER.format("g(a)"), KEEPER.format("g(a)\n        self.kept = None"), NOTHING),
    ("reset", KEEPER.format("g(a)"), KEEPER.format("self.all = []\n        g(a)"), NOTHING),
    ("reset", KEEPER.format("self.all = a"), KEEPER.format("self.all = a\n        self.seen = set()"), NOTHING),
    ("remove-several", "def f(a):\n    a += 1\n    g(a)\n    return a\n", "def f(a):\n    return a\n", NOTHING),
    ("remove-several", "def f(a):\n    a += 1\n    g(a)\n", "def f(a):\n    pass\n", NOTHING),
    (
        "caught",
        "def f(a):\n    b = a[0]\n    return b\n",
        "def f(a):\n    try:\n        b = a[0]\n    except IndexError:\n        return None\n    return b\n",
        RAISED,
    ),
    (
        "caught",
        LOOP.format("f(item)"),
        LOOP.format("try:\n                f(item)\n            except IndexError:\n                continue"),
        RAISED,
    ),
    (
        "caught",
        "def f(a):\n    b = a[0]\n    g(b)\n",
        "def f(a):\n    try:\n        b = a[0]\n    except IndexError:\n        b = 0\n    g(b)\n",
        RAISED,
    ),
    ("syntax", "def f(a)\n    return a\n", "def f(a):\n    return a\n", NOTHING),
    ("syntax", "y = f(a\nz = 1\n", "y = f(a)\nz = 1\n", NOTHING),
    ("syntax", "y = [1, 2 3]\n", "y = [1, 2, 3]\n", NOTHING),
    ("syntax", "y = 'a\n", "y = 'a'\n", NOTHING),
    ("syntax", "if a = b:\n    pass\n", "if a == b:\n    pass\n", NOTHING),
    ("syntax", "def f():\n    a = 1\n      b = 2\n", "def f():\n    a = 1\n    b = 2\n", NOTHING),
    ("syntax", "whlie a:\n    pass\n", "while a:\n    pass\n", NOTHING),
]  # fmt: skip


@pytest.mark.parametrize(
    ("family", "mistake", "repaired", "hints"), REPAIRS, ids=[f"{row[0]}-{n}" for n, row in enumerate(REPAIRS)]
)
def test_the_repair_is_among_the_changes(family: str, mistake: str, repaired: str, hints: Hints) -> None:
    assert repaired in {apply(mistake, change.edits) for change in asked(BY_NAME[family], mistake, hints)}


def test_a_name_is_imported_as_siblings_import_or_define_it() -> None:
    siblings = {
        "src/pkg/one.py": "from money import Money\nfrom .two import Rate\n",
        "src/pkg/two.py": "class Rate:\n    pass\n\ndef charge():\n    pass\n",
        "far/other.py": "from .own import Money\n",
        "broken.py": "Money = = 1\n",
    }
    known = imports_of(["Money", "Rate", "charge", "absent"], siblings)
    assert set(known) == {
        ("Money", "from money import Money", "src/pkg/one.py"),
        ("Rate", "from .two import Rate", "src/pkg/one.py"),
        ("Rate", "from pkg.two import Rate", "src/pkg/two.py"),
        ("charge", "from pkg.two import charge", "src/pkg/two.py"),
        ("Money", "from .own import Money", "far/other.py"),
    }
    source = Source("src/pkg/three.py", "a = Money(1, Rate())\n")
    (statement,) = source.statements
    site = Site(source, statement, Hints(imports=known))
    added = {change.edits[0].text for change in changes(BY_NAME["missing-import"], site)}
    assert added == {
        "from money import Money\n", "from .two import Rate\n", "from pkg.two import Rate\n",
    }  # fmt: skip


def test_only_what_the_file_knows_is_caught_and_only_what_depends_on_nothing_is_set_anew() -> None:
    caught = asked(BY_NAME["caught"], "def f(a):\n    g(a)\n", RAISED)
    assert all("UnknownHere" not in change.edits[0].text for change in caught)
    anew = {change.edits[0].text.strip() for change in asked(BY_NAME["reset"], KEEPER.format("g(a)"))}
    assert anew == {"self.kept = None", "self.all = []", "self.seen = set()"}


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_every_family_has_a_name_a_reason_and_two_examples(family: Family) -> None:
    assert sum(name == family.name for name, *_ in REPAIRS) >= 2
    assert 0 < family.prior < 1 and family.cost in (1, 2, 3)
    assert family.reason and not family.reason.endswith(".")
    assert [other.name for other in FAMILIES].count(family.name) == 1


# --- what holds for every change ----------------------------------------------------------------

SRC = Path(trm_lsp.__file__).parent
LIBRARY = Path(os.__file__).parent
REAL = [SRC / "core" / "halting.py", SRC / "patch" / "edits.py", LIBRARY / "bisect.py", LIBRARY / "fnmatch.py"]
"""Code as people write it, some of it from the standard library."""
AWKWARD = '''\
def f(a, b, *items, scale: int = -1, **rest: "dict[str, int]") -> "int | None":
    """Doc of f, 1 < 2."""
    first = {a: (a + b) * -scale, "é😀": a[1:-1], **rest}
    text = f"{a + 1} {items[0]!r:>{scale}}" + 'x' "y"
    if (a or b) and not rest and items:
        raise ValueError("nö", *items)
    x = 1; y = 2
    total = sum(i for i in items) if a else [i for i in items if i]
    try:
        total += (lambda s: s.x)(a) ** 2 // b
    except (KeyError, ValueError) as error:
        del error
    else:
        total = a < b <= scale
    return total


class C:
    """Doc of C."""
    name: str = "C"

    @property
    async def m(self, q: int = 1, *, r: tuple[int, ...] = (1, 2)) -> None:
        async with q as w:
            await w.f(q, k="z")
        while True:
            match q:
                case 1 | -2: break
                case C(name="x"): return sorted(r, key=lambda s: s.x)
                case _: continue


def g(x): return x
'''
ONE_LINERS = """\
class Counter:
    def __init__(self, n=0): self.n = n
    def next(self, step): return self.n + step
    def parts(self, text): words = text.split(); return words[0]
    @property
    def empty(self): return not self.n


def plain(a, b): return a + b
def doc(items): "Doc."; return items[0]
async def later(a): return await a
def outer(a):
    def inner(b): return a + b
    return inner(a)
"""
CORPUS = {path.name: path.read_text(encoding="utf-8") for path in REAL} | {"awkward": AWKWARD, "one": ONE_LINERS}
every_source = pytest.mark.parametrize("text", CORPUS.values(), ids=CORPUS)


@every_source
def test_every_change_is_an_edit_of_the_file_that_changes_its_text(text: str) -> None:
    hypotheses = possible(text, HINTED)
    assert hypotheses
    for hypothesis in hypotheses:
        assert all(0 <= edit.start <= edit.end <= len(text) for edit in hypothesis.edits)
        assert {edit.path for edit in hypothesis.edits} == {"m.py"}
        assert apply(text, hypothesis.edits) != text
        assert 0 < hypothesis.prior <= 1


@every_source
def test_no_edit_is_proposed_twice(text: str) -> None:
    hypotheses = possible(text, HINTED)
    assert len({apply(text, hypothesis.edits) for hypothesis in hypotheses}) == len(hypotheses)


@every_source
def test_the_same_source_has_the_same_changes_in_the_same_order(text: str) -> None:
    assert possible(text, HINTED) == possible(text, HINTED)


def some(hypotheses: tuple[Hypothesis, ...], count: int = 500) -> list[Hypothesis]:
    """A spread of them."""
    return list(hypotheses[:: max(1, len(hypotheses) // count)])


def parsed(text: str) -> ast.Module | None:
    try:
        return ast.parse(text)
    except SyntaxError:
        return None


@every_source
def test_all_but_a_few_changes_give_a_program(text: str) -> None:
    tried = some(possible(text, HINTED))
    broken = [hypothesis.what for hypothesis in tried if parsed(apply(text, hypothesis.edits)) is None]
    print(f"{len(tried) - len(broken)} of {len(tried)} parse")
    assert len(broken) <= 0.02 * len(tried), broken


@every_source
def test_an_expression_that_is_replaced_stays_one_expression(text: str) -> None:
    """Brackets: the surroundings do not tear the new expression apart."""
    source = Source("m.py", text)
    spans = {source.span(node) for node in ast.walk(source.tree) if isinstance(node, ast.expr)}
    for hypothesis in some(possible(text, HINTED)):
        if len(hypothesis.edits) != 1 or (hypothesis.edits[0].start, hypothesis.edits[0].end) not in spans:
            continue
        (edit,) = hypothesis.edits
        new, wanted = parsed(apply(text, [edit])), parsed(f"({edit.text}\n)")
        if new is not None and wanted is not None:
            assert isinstance(wanted.body[0], ast.Expr)
            assert dumped(wanted.body[0].value) in expressions_inside(apply(text, [edit]), edit), hypothesis.what


def dumped(node: ast.AST) -> str:
    return ast.dump(node).replace("Store()", "Load()")


def expressions_inside(text: str, edit: Edit) -> set[str]:
    after, end = Source("m.py", text), edit.start + len(edit.text)
    nodes = [node for node in ast.walk(after.tree) if isinstance(node, ast.expr)]
    return {dumped(node) for node in nodes if edit.start <= after.span(node)[0] and after.span(node)[1] <= end}


@every_source
def test_annotations_and_docstrings_are_never_edited(text: str) -> None:
    source = Source("m.py", text)
    spans = [source.span(node) for node in untouchable(source.tree)]
    edits = {edit[1:3]: hypothesis.what for hypothesis in possible(text, HINTED) for edit in hypothesis.edits}
    for (first, last), (start, end) in itertools.product(edits, spans):
        assert not (start <= first < last <= end), edits[first, last]


def untouchable(tree: ast.AST) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        if isinstance(node, ast.arg | ast.AnnAssign) and node.annotation:
            yield node.annotation
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.returns:
            yield node.returns
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield node.value


@every_source
def test_a_source_with_crlf_has_the_same_changes_with_crlf(text: str) -> None:
    crlf = text.replace("\n", "\r\n")
    there, here = possible(crlf, HINTED), possible(text, HINTED)
    assert not [edit for h in there for edit in h.edits if re.search(r"(?<!\r)\n|\r(?!\n)", edit.text)]
    assert {apply(crlf, h.edits).replace("\r\n", "\n") for h in there} == {apply(text, h.edits) for h in here}


@every_source
def test_names_outside_ascii_shift_no_edit(text: str) -> None:
    """The same program with a wider name in every function has the same changes, that name aside."""
    ascii, wide = re.sub(r"\bself\b|\ba\b", "zz_zz", text), re.sub(r"\bself\b|\ba\b", "ñ名𐐨éö", text)
    changed = {apply(wide, h.edits).replace("ñ名𐐨éö", "zz_zz") for h in possible(wide) if not spelt(h)}
    assert changed == {apply(ascii, h.edits) for h in possible(ascii) if not spelt(h)}


def spelt(hypothesis: Hypothesis) -> bool:
    """Whether a change is about how something is spelt, not where it stands."""
    return hypothesis.family in ("text", "character", "filled-text", "misspelling", "order")


# --- single laws by example ---------------------------------------------------------------------


@pytest.mark.parametrize("family", ["guard", "special-case", "refusal"])
def test_a_function_on_one_line_has_no_lines_put_before_it(family: str) -> None:
    (before,) = {change.edits[0].start for change in asked(BY_NAME[family], ONE_LINERS, HINTED)}
    assert ONE_LINERS[before:].startswith("    def inner(b)")


@pytest.mark.parametrize("text", ["def f(a):\n    return a", "def f(a):\n    b = 1; return a\n"])
@pytest.mark.parametrize("family", ["guard", "special-case", "refusal"])
def test_a_first_statement_that_begins_its_line_has_lines_put_before_it(family: str, text: str) -> None:
    changes = list(asked(BY_NAME[family], text, HINTED))
    assert changes
    assert all(apply(text, change.edits).startswith("def f(a):\n    if ") for change in changes)


def changed(text: str, family: str) -> set[str]:
    return {apply(text, change.edits) for change in asked(BY_NAME[family], text)}


def test_an_edit_inside_an_f_string_stands_where_the_expression_stands() -> None:
    assert "y = f'é {b - 1} {c!r}'\n" in changed("y = f'é {b + 1} {c!r}'\n", "arithmetic")


def test_an_operator_in_a_comment_between_the_operands_is_not_taken_for_the_operator() -> None:
    assert changed("y = (a  # a + b\n  + b)\n", "arithmetic") == set()


def test_names_that_have_no_value_yet_are_not_proposed() -> None:
    text = "def f(a):\n    b = a\n    later = 1\n    return b\n"
    assert "def f(a):\n    b = later\n    later = 1\n    return b\n" not in changed(text, "variable")


def test_a_place_that_is_not_suspect_is_left_alone() -> None:
    source = Source("m.py", "a = 1\nb = 2\n")
    place = source.place(source.statements[1])
    lines = {hypothesis.line for hypothesis in enumerate_all([source], {place: 1.0}, NOTHING)}
    assert lines == {2}


def test_a_place_keeps_its_name_when_lines_are_added_elsewhere() -> None:
    one, other = Source("m.py", "def f():\n    return 1\n"), Source("m.py", "x = 0\n\ndef f():\n\n    return 1\n")
    assert one.place(one.statements[-1]) == other.place(other.statements[-1]) == "m.py::f: return 1"


@pytest.mark.parametrize(
    "text",
    [
        "y = (a +\n     b) * c\n",
        "y = (a\n     .strip()\n     .lower())\n",
        "y = f('one'\n      'two')\n",
        (SRC / "workspace" / "files.py").read_text(encoding="utf-8"),
    ],
    ids=["operation", "chained calls", "strings", "files.py"],
)
def test_expressions_over_several_lines_have_changes_too(text: str) -> None:
    assert possible(text)


def test_a_condition_that_is_left_out_leaves_the_brackets_of_the_others() -> None:
    assert "y = (a or b) and c\n" in changed("y = (a or b) and c and d\n", "drop-condition")


def test_one_more_is_added_to_the_whole_operation() -> None:
    assert "y = (a & b) + 1\n" in changed("y = a & b\n", "off-by-one")


def test_a_term_joins_the_whole_operation() -> None:
    text = "def f(a, b, c):\n    return {}\n"
    assert text.format("(a + b) * c") in changed(text.format("a + b"), "term")


def test_a_statement_is_removed_without_the_one_behind_it() -> None:
    assert "b()\n" not in {text.strip() for text in changed("a(); b()\nc()\n", "remove")}
    assert "c()\n" not in changed("a(); b()\nc()\n", "remove")


@pytest.mark.parametrize("statement", ["b = h(\n        a,\n    )", f"b = {' + '.join(['a_long_name'] * 8)}"])
def test_a_step_is_inserted_whole_or_not_at_all(statement: str) -> None:
    text = f"def f(a):\n    g(a)\n    {statement}\n"
    inserted = [new.replace(text[: text.index("    " + statement)], "") for new in changed(text, "step")]
    torn = [
        new for new in inserted if new.startswith(f"    {statement[:6]}") and not new.startswith(f"    {statement}\n")
    ]
    assert inserted and not torn


def test_the_docstring_of_an_attribute_stays_behind_it() -> None:
    text = 'class C:\n    x = 1\n    """What x is."""\n    y = 2\n'
    assert all('    """What x is."""\n    y' in new for new in changed(text, "swap-lines"))


def test_whole_functions_are_not_removed() -> None:
    text = "async def f():\n    await g()\n    await h()\nx = 1\n"
    assert "x = 1\n" not in changed(text, "remove")


# --- what the values seen at run time rule out --------------------------------------------------


def fits(text: str, family: str, what: str, kind: str) -> set[str]:
    """The changes of a family when the expression `what` has had values of one type."""
    start = text.rindex(what)
    kinds = {(start, start + len(what)): (kind,)}
    return {apply(text, change.edits) for change in asked(BY_NAME[family], text, kinds=kinds)}


def test_a_number_has_no_methods_of_strings() -> None:
    assert "y = a.strip()\n" in fits("y = a\n", "wrap", "a", "str")
    assert "y = a.strip()\n" not in fits("y = a\n", "wrap", "a", "int")


def test_a_string_is_not_one_too_low() -> None:
    assert "y = f(a + 1)\n" in fits("y = f(a)\n", "off-by-one", "a", "int")
    assert "y = f(a + 1)\n" not in fits("y = f(a)\n", "off-by-one", "a", "str")


def test_a_type_that_is_not_known_may_do_anything() -> None:
    assert fits("y = a\n", "wrap", "a", "Invoice") == changed("y = a\n", "wrap")


# --- what stays as it is ------------------------------------------------------------------------


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_comments_and_blank_lines_beside_the_change_stay(family: Family) -> None:
    for _, mistake, _, hints in (row for row in REPAIRS if row[0] == family.name):
        framed = f"# before\n\n{mistake}\n\n# behind, 'x' < 1\n"
        for change in asked(family, framed, hints):
            new = apply(framed, change.edits)
            assert "# before\n\n" in new and new.endswith("# behind, 'x' < 1\n"), change.what


def test_brackets_stand_only_where_they_are_needed() -> None:
    text = "def f(a, b, c):\n    return {}\n"
    assert text.format("(b) * c") not in changed(text.format("(a + b) * c"), "drop-term")
    assert text.format("f(a + 1)") in changed(text.format("f(a)"), "off-by-one")
    assert text.format("(a - b) - c") not in changed(text.format("a - b - c"), "variable")


def test_a_file_that_does_not_parse_has_only_changes_after_which_it_parses() -> None:
    text = "def f(a, b:\n    return a +\n"
    assert not list(asked(BY_NAME["syntax"], text))  # two mistakes
    once = "def f(a, b:\n    return a + b\n"
    assert "def f(a, b):\n    return a + b\n" in changed(once, "syntax")
    assert all(parsed(new) for new in changed(once, "syntax"))
    assert {hypothesis.family for hypothesis in broken_everywhere(once)} == {"syntax"}


def broken_everywhere(text: str) -> tuple[Hypothesis, ...]:
    (source,) = parse_all({"m.py": text})
    return enumerate_all([source], {source.place(statement): 1.0 for statement in source.statements}, NOTHING)
