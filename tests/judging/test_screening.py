"""The screen says what a process for each candidate would say, and drops none that would pass."""

from __future__ import annotations

import io
import random
import textwrap
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest
from projects import judging, make

from trm_lsp.core.state import Edit, Variant
from trm_lsp.core.verdict import Tier
from trm_lsp.judging.judge import TestJudge


def edits(judge: TestJudge, path: str, *changes: tuple[str, str]) -> list[Variant]:
    """One variant for each `(old, new)`; `old` stands once in the file."""
    text = judge.texts[path].text
    assert all(text.count(old) == 1 for old, _ in changes)
    return [Variant({}, (Edit(path, text.index(old), text.index(old) + len(old), new),)) for old, new in changes]


def both(judge: TestJudge, variants: list[Variant]) -> list[tuple[Tier, bool, bool]]:
    """By variant: the tier that answered the screen, whether it passed there, and when confirmed."""
    screened = list(judge(variants, Tier.SCREEN))
    confirmed = list(judge(variants, Tier.CONFIRM))
    return [(s.tier, not s.failing, not c.failing) for s, c in zip(screened, confirmed, strict=True)]


LIKE_LIFE = {
    "shop.py": """
        import functools
        from dataclasses import dataclass

        LIMIT = 10

        def limit(default=5):
            return default

        @functools.lru_cache(maxsize=None)
        def rate(kind):
            return 1 + len(kind)

        @dataclass(frozen=True)
        class Item:
            price: int

            @property
            def net(self):
                return self.price + 1

            @staticmethod
            def of(text):
                return Item(int(text) + 7)

            def __add__(self, other):
                return Item(self.price - other.price)

        def numbers(count):
            for n in range(count):
                yield n + 1

        def adder(amount):
            def add(value):
                return value * amount
            return add

        def built():
            return {"key": 3}

        TABLE = built()
        """,
    "test_shop.py": """
        import unittest

        import pytest

        import shop

        @pytest.fixture
        def item():
            return shop.Item(3)

        @pytest.fixture(scope="module")
        def pair():
            return shop.Item(3) + shop.Item(4)

        def test_net(item):
            assert item.net == 3

        def test_of():
            assert shop.Item.of("5").price == 5

        def test_add(pair):
            assert pair.price == 7

        def test_rate():
            assert shop.rate("abc") == 3

        def test_numbers():
            assert list(shop.numbers(3)) == [0, 1, 2]

        @pytest.mark.parametrize("amount", [3, 5])
        def test_adder(amount):
            assert shop.adder(amount)(2) == 2 + amount

        def test_limit():
            assert shop.limit() == 6

        def test_constant():
            assert shop.LIMIT == 12

        def test_table():
            assert shop.TABLE["key"] == 4

        class Old(unittest.TestCase):
            def setUp(self):
                self.item = shop.Item(3)

            def test_net(self):
                self.assertEqual(self.item.net, 3)
        """,
}
REPAIRS = {
    "test_net": ("self.price + 1", "self.price"),
    "test_of": ("int(text) + 7", "int(text)"),
    "test_add": ("self.price - other.price", "self.price + other.price"),
    "test_rate": ("1 + len(kind)", "len(kind)"),
    "test_numbers": ("yield n + 1", "yield n"),
    "test_adder": ("value * amount", "value + amount"),
    "test_limit": ("default=5", "default=6"),
    "test_constant": ("LIMIT = 10", "LIMIT = 12"),
    "test_table": ('"key": 3', '"key": 4'),
    "Old": ("self.price + 1", "self.price"),
}
CONFIRMED = {"test_limit", "test_constant", "test_table"}
"""What has had its effect when the module was imported may not be swapped in memory."""


@pytest.mark.parametrize("name", REPAIRS)
def test_it_sees_the_repair_of_anything_that_python_has(root: Path, name: str) -> None:
    make(root, LIKE_LIFE)
    with judging(root, f"test_shop.py::{name}") as judge:
        judge.baseline()
        wrong = [("range(count)", "range(count + 1)"), ("return default", "return -default")]
        found = both(judge, edits(judge, "shop.py", *wrong, REPAIRS[name], ("return add", "return None")))
    assert [tier for tier, _, _ in found][2] is (Tier.CONFIRM if name in CONFIRMED else Tier.SCREEN)
    assert [screened for _, screened, _ in found] == [confirmed for _, _, confirmed in found]
    assert found[2][1]


ENDLESS = {
    "loop.py": """
        def count(n):
            total = 0
            while n:
                total += 1
                n -= 2
                if n < 0:
                    break
            return total
        """,
    "test_loop.py": "from loop import count\n\n\ndef test_count():\n    assert count(3) == 3\n",
}


def test_a_candidate_without_end_or_that_ends_the_process_leaves_the_others_judged(root: Path) -> None:
    make(root, ENDLESS)
    with judging(root) as judge:
        judge.baseline()
        variants = edits(
            judge,
            "loop.py",
            ("n -= 2", "n -= 0"),
            ("n -= 2", "n -= 1"),
            ("total = 0", "import os; os._exit(0)"),
            (
                "while n:",
                "while True:\n        try:\n            pass\n        except BaseException:\n            pass",
            ),
            ("n < 0", "n < 1"),
            ("n -= 2", "n -= 1 "),
        )
        passed = [not verdict.failing for verdict in judge(variants, Tier.SCREEN)]
    assert passed == [False, True, False, False, False, True]


def test_a_candidate_that_disturbs_the_others_drops_none_of_them(root: Path) -> None:
    make(
        root,
        {
            "state.py": """
                SEEN = []

                def note(value):
                    return value

                def first(values):
                    return (SEEN + values)[1]
                """,
            "test_state.py": """
                from state import first, note

                def test_first():
                    note(1)
                    assert first([4, 5]) == 4
                """,
        },
    )
    with judging(root) as judge:
        judge.baseline()
        variants = edits(
            judge, "state.py", ("return value", "SEEN.append(0)\n    return value"), ("values)[1]", "values)[0]")
        )
        found = both(judge, variants)
    assert [screened for _, screened, _ in found] == [confirmed for _, _, confirmed in found]
    assert found[1][1]


BEYOND_SIGHT = {
    "calc.py": """
        import os
        import string

        def add(a, b):
            return a - b
        """,
    "test_calc.py": """
        import os
        import string

        from calc import add

        def test_add():
            left = hasattr(string, "LEFT")
            found = add(2, 3)
            {deed}
            assert found == 5
        """,
}
"""What is left in a module that is not the workspace's is seen by the tests alone."""
LEAVES, RIGHT, ENDS = "setattr(string, 'LEFT', 1) or a - b", "a + b", "os._exit(3)"


@pytest.mark.parametrize(
    ("deed", "values"),
    [
        ("assert not left", [LEAVES, RIGHT, *(f"a - b - {n}" for n in range(200)), ENDS, "b + a"]),
        ("left and os._exit(3)", [LEAVES, RIGHT, "b + a"]),
        ("left and os._exit(3)", ["a * b", ENDS, "b * a", LEAVES, *(f"a - b - {n}" for n in range(9)), RIGHT, "b + a"]),
    ],
    ids=["fails behind it", "ends behind it", "ends among others"],
)
def test_what_ends_or_fails_behind_a_candidate_that_disturbs_it_is_judged_anew(
    root: Path, deed: str, values: list[str]
) -> None:
    make(root, {**BEYOND_SIGHT, "test_calc.py": BEYOND_SIGHT["test_calc.py"].format(deed=deed)})
    with judging(root) as judge:
        judge.baseline()
        variants = edits(judge, "calc.py", *(("a - b", value) for value in values))
        found = [not verdict.failing for verdict in judge(variants, Tier.SCREEN)]
    assert [value for value, passed in zip(values, found, strict=True) if passed] == [
        value for value in values if value in (RIGHT, "b + a")
    ]


THREADED = {
    "calc.py": """
        import threading

        def wait():
            threading.Thread(target=threading.Event().wait, daemon=True).start()

        def add(a, b):
            return a - b
        """,
    "test_calc.py": """
        import threading

        from calc import add

        def test_add():
            assert add(2, 3) == 5
            assert threading.active_count() == 1
        """,
}


def test_a_thread_that_a_candidate_leaves_behind_fails_no_other(root: Path) -> None:
    make(root, THREADED)
    with judging(root) as judge:
        judge.baseline()
        leaves, right = judge(edits(judge, "calc.py", ("a - b", "wait() or a - b"), ("a - b", "a + b")), Tier.SCREEN)
    assert leaves.failing and not right.failing


def test_a_pool_that_the_unchanged_code_starts_keeps_nobody_from_being_screened(root: Path) -> None:
    body = """
        from concurrent.futures import ThreadPoolExecutor

        POOL = ThreadPoolExecutor(1)

        def add(a, b):
            return POOL.submit(lambda: a).result() - b
        """
    make(
        root, {"calc.py": body, "test_calc.py": "from calc import add\n\ndef test_add():\n    assert add(2, 3) == 5\n"}
    )
    with judging(root) as judge:
        judge.baseline()
        wrong, right = both(judge, edits(judge, "calc.py", ("() - b", "() * b"), ("() - b", "() + b")))
    assert wrong == (Tier.SCREEN, False, False) and right == (Tier.SCREEN, True, True)


NUMPYS = {
    "numpy/__init__.py": "from . import random\n",
    "numpy/random.py": """
        import random

        generator = random.Random(99)
        rand, seed, get_state = generator.random, generator.seed, generator.getstate
        """,
}
"""What a test process knows of numpy."""


@pytest.mark.parametrize(
    "line", ["import numpy.random as drawn", "from numpy.random import rand", "from random import random as rand"]
)
def test_each_test_draws_from_the_seed_that_a_process_of_its_own_has(root: Path, line: str) -> None:
    body = f"""
        {line}

        def add(a, b):
            return a - b, {"drawn." if "drawn" in line else ""}rand()
    """
    test = """
        import random

        from calc import add

        def test_add():
            assert add(2, 3) == (5, random.Random(0).random())

        def test_again():
            assert add(2, 0) == (2, random.Random(0).random())
    """
    make(root, {"calc.py": body, "test_calc.py": test, **NUMPYS})
    with judging(root) as judge:
        assert judge.baseline().failing == ("test_calc.py::test_add",)
        assert both(judge, edits(judge, "calc.py", ("a - b", "a * b"), ("a - b", "a + b"))) == [
            (Tier.SCREEN, False, False),
            (Tier.SCREEN, True, True),
        ]


PACKAGES = ".venv/lib/python3/site-packages"


def test_what_is_installed_below_the_workspace_is_not_the_users_code(root: Path) -> None:
    files = {
        "conftest.py": f"""
            import os
            import sys

            sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "{PACKAGES}"))
            """,
        f"{PACKAGES}/third/__init__.py": "SEEN = []\n",
        "calc.py": """
            import third

            def add(a, b):
                return a - b
            """,
        "test_calc.py": "from calc import add\n\ndef test_add():\n    assert add(2, 3) == 5\n",
    }
    with judging(make(root, files)) as judge:
        judge.baseline()
        changes = [("a - b", "open(third.__file__).close() or a * b"), ("a - b", "third.SEEN.append(1) or a + b")]
        assert both(judge, edits(judge, "calc.py", *changes)) == [
            (Tier.SCREEN, False, False),
            (Tier.SCREEN, True, True),
        ]


def test_a_candidate_that_kills_the_test_process_is_refused_and_the_next_is_judged(root: Path) -> None:
    make(
        root,
        {
            "calc.py": "def sub(a, b):\n    return a + b\n",
            "test_calc.py": """
                import os
                import signal

                from calc import sub

                def test_sub():
                    if sub(3, 2) == 6:
                        os.kill(os.getppid(), signal.SIGKILL)
                    assert sub(3, 2) == 1
                """,
        },
    )
    with judging(root) as judge:
        judge.baseline()
        changes = [("a + b", "a * b"), ("a + b", "a - b")]
        for tier in (Tier.SCREEN, Tier.CONFIRM, Tier.COLD):
            passed = [verdict.passed for verdict in judge(edits(judge, "calc.py", *changes), tier)]
            assert passed == [False, True], tier


def test_the_screen_reads_the_encoding_and_the_line_ends_of_the_file(root: Path) -> None:
    text = "# coding: latin-1\r\ndef greet():\r\n    return 'gr\u00fc\u00df' + '!'\r\n"
    test = "from hello import greet\n\n\ndef test_greet():\n    assert greet() == 'gr\\xfc\\xdf'\n"
    make(root, {"hello.py": text.encode("latin-1"), "test_hello.py": test})
    with judging(root) as judge:
        judge.baseline()
        (found,) = both(judge, edits(judge, "hello.py", (" + '!'", "")))
    assert found == (Tier.SCREEN, True, True)


# --- parity: nothing is refused that a process of its own would pass ------------------------------

SWAPPED = {
    "+": "-", "-": "+", "*": "+", "//": "*", "%": "+", "<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=",
    "!=": "==", "and": "or", "or": "and", "is": "==", "in": "not in", "True": "False", "False": "True",
    "+=": "-=", "-=": "+=", "append": "extend", "min": "max", "max": "min",
}  # fmt: skip


def mutants(text: str) -> Iterator[tuple[int, int, str]]:
    """Edits of one token each, with everything else as it was; some give no program."""
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    names = sorted({t.string for t in tokens if t.type == tokenize.NAME and t.string.isidentifier()})
    for token in tokens:
        start, end = starts[token.start[0] - 1] + token.start[1], starts[token.end[0] - 1] + token.end[1]
        if token.string in SWAPPED:
            yield start, end, SWAPPED[token.string]
        elif token.type == tokenize.NUMBER:
            yield from ((start, end, str(int(token.string) + step)) for step in (-1, 1))
        elif token.type == tokenize.NAME and len(token.string) <= 5:
            yield from ((start, end, name) for name in names if len(name) <= 5 and name != token.string)


CASES: dict[str, tuple[str, str, tuple[str, str]]] = {
    "a mutable value of parametrize": (
        "def top(items):\n    items.sort()\n    return items[0]\n",
        """
        @pytest.mark.parametrize("items", [[3, 1, 2]])
        def test_it(items):
            assert code.top(items) == 3 and items == [1, 2, 3]
        """,
        ("[0]", "[-1]"),
    ),
    "its order": (
        "def moved(items):\n    items.reverse()\n    return items[0]\n",
        """
        @pytest.mark.parametrize("items", [[1, 2, 3]])
        def test_it(items):
            assert code.moved(items) == 2
        """,
        ("[0]", "[1]"),
    ),
    "a counter of the module": (
        "COUNT = 0\n\ndef count(step):\n    global COUNT\n    COUNT += step + 1\n    return COUNT\n",
        "def test_it():\n    assert code.count(1) == 1\n",
        ("+ 1", "+ 0"),
    ),
    "a memo of the module": (
        "MEMO = {}\n\ndef square(n):\n    return n * n + 1\n\ndef known(n):\n    if n not in MEMO:\n"
        "        MEMO[n] = square(n)\n    return MEMO[n]\n",
        "def test_it():\n    assert code.known(3) == 9\n",
        ("n + 1", "n + 0"),
    ),
    "a memo in a closure": (
        "def memo(f):\n    known = {}\n    def inner(n):\n        if n not in known:\n            known[n] = f(n)\n"
        "        return known[n]\n    return inner\n\n@memo\ndef square(n):\n    return n * n + 1\n",
        "def test_it():\n    assert code.square(3) == 9\n",
        ("n + 1", "n + 0"),
    ),
    "a memo of functools": (
        "import functools\n\n@functools.lru_cache(maxsize=None)\ndef fib(n):\n"
        "    return n if n < 2 else fib(n - 1) + fib(n - 1)\n",
        "def test_it():\n    assert code.fib(7) == 13\n",
        ("+ fib(n - 1)", "+ fib(n - 2)"),
    ),
    "a default that gathers": (
        "def gather(n, seen=[]):\n    seen.append(n + 1)\n    return seen\n",
        "def test_it():\n    assert code.gather(1) == [1]\n",
        ("n + 1", "n + 0"),
    ),
    "attributes of a class": (
        "class Box:\n    made = 0\n    all = []\n    def __init__(self, n):\n        Box.made += n + 1\n"
        "        Box.all.append(self)\n",
        "def test_it():\n    code.Box(1)\n    assert code.Box.made == 1 and len(code.Box.all) == 1\n",
        ("n + 1", "n + 0"),
    ),
    "an object of the module": (
        "class Till:\n    def __init__(self):\n        self.sum = 0\n    def add(self, n):\n        self.sum += n + 1\n"
        "        return self.sum\n\nTILL = Till()\n",
        "def test_it():\n    assert code.TILL.add(2) == 2\n",
        ("n + 1", "n + 0"),
    ),
    "an iterator that cannot be put back": (
        "import itertools\n\nIDS = itertools.count()\n\ndef name(kind):\n    return kind * 2 + next(IDS)\n",
        "def test_it():\n    assert code.name(5) == 5\n",
        ("* 2", "* 1"),
    ),
    "a generator of the module": (
        "def numbers():\n    n = 0\n    while True:\n        yield n + 1\n        n += 1\n\nNUMBERS = numbers()\n"
        "next(NUMBERS)\n\ndef number():\n    return next(NUMBERS) + 1\n",
        "def test_it():\n    assert code.number() == 2\n",
        ("(NUMBERS) + 1", "(NUMBERS) + 0"),
    ),
    "a copy of the code": (
        "import types\n\ndef square(n):\n    return n * n + 1\n\n"
        "class Kept:\n    def __init__(self, f):\n        self.code = f.__code__\n    def __call__(self, n):\n"
        "        return types.FunctionType(self.code, {})(n)\n\nsquare = Kept(square)\n",
        "def test_it():\n    assert code.square(3) == 9\n",
        ("n + 1", "n + 0"),
    ),
    "a decorator": (
        "import functools\n\ndef twice(f):\n    @functools.wraps(f)\n    def inner(*given):\n"
        "        return f(*given) * 2\n    return inner\n\n@twice\ndef half(n):\n    return n // 2 + 1\n",
        "def test_it():\n    assert code.half(6) == 6\n",
        ("2 + 1", "2 + 0"),
    ),
    "a test in another process": (
        "def add(a, b):\n    return a - b\n",
        """
        def test_it():
            import subprocess, sys
            said = subprocess.check_output([sys.executable, "-c", "import code_; print(code_.add(2, 3))"])
            assert said.strip() == b"5"
        """,
        ("a - b", "a + b"),
    ),
    "a function that has run at import": (
        "def twice(n):\n    return n * 3\n\nTABLE = [twice(n) for n in range(3)]\n",
        "def test_it():\n    assert code.twice(2) == 4 and code.TABLE == [0, 2, 4]\n",
        ("n * 3", "n * 2"),
    ),
    "a decorator of the tests' own functions": (
        "def plus(f):\n    def inner(n):\n        return f(n) + 2\n    return inner\n",
        """
        @code.plus
        def early(n):
            return n

        def test_it():
            assert code.plus(abs)(-2) == 3 and early(2) == 3
        """,
        ("+ 2", "+ 1"),
    ),
    "a test of its own source": (
        "def add(a, b):\n    return a - b\n",
        "def test_it():\n    import inspect\n    assert inspect.getsource(test_it) and code.add(2, 3) == 5\n",
        ("a - b", "a + b"),
    ),
    "a test of the source": (
        "def add(a, b):\n    return a - b\n",
        "def test_it():\n    import inspect\n    assert 'a + b' in inspect.getsource(code.add)\n",
        ("a - b", "a + b"),
    ),
    "a test that reads the file": (
        "def add(a, b):\n    return a - b\n",
        "def test_it():\n    assert 'a + b' in open(code.__file__).read()\n",
        ("a - b", "a + b"),
    ),
    "a test that imports anew": (
        "def add(a, b):\n    return a - b\n",
        "def test_it():\n    import importlib\n    assert importlib.reload(code).add(2, 3) == 5\n",
        ("a - b", "a + b"),
    ),
    "an import inside the test": (
        "def add(a, b):\n    return a - b\n\nTABLE = 1\n",
        "def test_it():\n    import late\n    assert late.SUM == 5\n",
        ("a - b", "a + b"),
    ),
    "a file that stays": (
        "import os\n\ndef note(n):\n    with open('notes.txt', 'a') as file:\n        file.write('x' * (n + 1))\n"
        "    return os.path.getsize('notes.txt')\n",
        "def test_it():\n    assert code.note(2) == 2\n",
        ("n + 1", "n + 0"),
    ),
    "the folder it works in": (
        "import os\n\ndef go(n):\n    os.chdir('..' if n > 1 else '.')\n    return os.path.basename(os.getcwd())\n",
        "def test_it():\n    here = code.go(1)\n    assert code.go(2) == here\n",
        ("n > 1", "n > 2"),
    ),
    "the environment": (
        "import os\n\ndef put(n):\n    os.environ['N'] = os.environ.get('N', '') + 'x' * (n + 1)\n"
        "    return os.environ['N']\n",
        "def test_it():\n    assert code.put(1) == 'x'\n",
        ("n + 1", "n + 0"),
    ),
    "randomness": (
        "import random\n\ndef draw(n):\n    return [random.random() < 1 for _ in range(n + 1)]\n",
        "def test_it():\n    assert code.draw(3) == [True] * 3\n",
        ("n + 1", "n + 0"),
    ),
    "warnings as errors": (
        "import warnings\n\ndef warn(n):\n    if n < 3:\n        warnings.warn('small', DeprecationWarning)\n"
        "    return n\n",
        "def test_it():\n    assert code.warn(2) == 2\n",
        ("< 3", "< 2"),
    ),
    "fixtures": (
        "def add(a, b):\n    return a - b\n",
        """
        @pytest.fixture
        def five(tmp_path, monkeypatch):
            monkeypatch.setattr(code, "LIMIT", 5, raising=False)
            return code.add(2, 3)

        def test_it(five, capsys):
            print(five)
            assert capsys.readouterr().out == "5\\n"
        """,
        ("a - b", "a + b"),
    ),
    "xfail": (
        "def add(a, b):\n    return a - b\n",
        """
        @pytest.mark.xfail(strict=True)
        def test_it():
            assert code.add(2, 3) == -1
        """,
        ("a - b", "a + b"),
    ),
    "a skip by the code's answer": (
        "def add(a, b):\n    return a - b\n",
        """
        def test_it():
            if code.add(1, 1) == 1:
                pytest.skip("not today")
            if code.add(1, 1) == 3:
                pytest.exit("enough")
            if code.add(1, 1) == 0:
                raise SystemExit(code.add(2, 3))
        """,
        ("a - b", "a + b"),
    ),
    "unittest": (
        "def add(a, b):\n    return a - b\n",
        """
        import unittest

        class Sums(unittest.TestCase):
            def test_it(self):
                for n in range(3):
                    with self.subTest(n=n):
                        self.assertEqual(code.add(n, 3), n + 3)
        """,
        ("a - b", "a + b"),
    ),
    "classes": (
        "def add(a, b):\n    return a - b\n",
        """
        class TestSums:
            seen = []

            def setup_method(self):
                self.n = code.add(1, 1)

            def test_it(self):
                assert self.n == 2

            def test_more(self):
                self.seen.append(code.add(2, 3))
                assert self.seen == [5]
        """,
        ("a - b", "a + b"),
    ),
    "async": (
        "async def add(a, b):\n    return a - b\n",
        """
        @pytest.mark.asyncio
        async def test_it():
            assert await code.add(2, 3) == 5
        """,
        ("a - b", "a + b"),
    ),
    "generators and recursion": (
        "def flat(items):\n    for item in items:\n        if type(item) is list:\n            yield from flat(items)\n"
        "        else:\n            yield item\n",
        "def test_it():\n    assert list(code.flat([1, [2, [3]]])) == [1, 2, 3]\n",
        ("flat(items)\n        e", "flat(item)\n        e"),
    ),
    "loops": (
        "def binary(items, x):\n    low, high = 0, len(items)\n    while low < high:\n        mid = (low + high) // 2\n"
        "        if items[mid] <= x:\n            low = mid + 1\n        else:\n            high = mid\n"
        "    return low\n",
        "def test_it():\n    assert [code.binary([1, 3, 5], x) for x in range(7)] == [0, 0, 1, 1, 2, 2, 3]\n",
        ("<= x", "< x"),
    ),
    "many turns": (
        "def total(n):\n    s = 0\n    if n > 1:\n        return s + 1\n    while n:\n        n -= 1\n        s += 1\n"
        "    return s\n",
        "def test_it():\n    assert code.total(30000) == 30000\n",
        ("n > 1:", "n > 90000:"),
    ),
}
EXTRA = {
    "an import inside the test": {"late.py": "from code_ import add\n\nSUM = add(2, 3)\n"},
    "warnings as errors": {"pytest.ini": "[pytest]\nfilterwarnings = error\n"},
    "async": {"pytest.ini": "[pytest]\naddopts = -p pytest_asyncio.plugin\n"},
}


@pytest.mark.parametrize("case", CASES)
def test_what_the_screen_refuses_a_process_of_its_own_refuses(root: Path, case: str) -> None:
    text, test, (old, new) = CASES[case]
    files = {"code_.py": text, "test_code.py": f"import pytest\n\nimport code_ as code\n\n{textwrap.dedent(test)}"}
    make(root, {**files, **EXTRA.get(case, {})})
    at = text.index(old)
    choice = [edit for edit in mutants(text) if _compiles(_applied(text, edit))]
    chosen = random.Random(case).sample(choice, min(24, len(choice)))
    repair = len(chosen) // 2
    chosen.insert(repair, (at, at + len(old), new))
    with judging(root) as judge:
        judge.baseline()
        screened = list(judge([Variant({}, (Edit("code_.py", *edit),)) for edit in chosen], Tier.SCREEN))
        refused = [edit for edit, found in zip(chosen, screened, strict=True) if found.failing and not found.cut]
        # A whole text cannot be swapped: these are imported anew, each in a process of its own.
        confirmed = list(judge([Variant({"code_.py": _applied(text, edit)}) for edit in refused], Tier.CONFIRM))
    assert [edit for edit, found in zip(refused, confirmed, strict=True) if not found.failing] == []
    assert case == "xfail" or not screened[repair].failing or screened[repair].cut
    again = {edit: found.signature for edit, found in zip(refused, confirmed, strict=True)}
    assert [
        (edit, found.signature, again[edit])
        for edit, found in zip(chosen, screened, strict=True)
        if edit in again and found.tier is Tier.SCREEN and not _same(found.signature, again[edit])
    ] == []


EARLY = {
    "code.py": "def twice(n):\n    return n * 3\n\nTABLE = [twice(n) for n in range(3)]\n",
    "test_code.py": """
        import code_ as code

        def test_now():
            assert code.twice(2) == 4

        def test_then():
            assert code.twice(2) == 4
            assert code.TABLE == [0, 2, 4]
    """,
}


def test_what_fails_in_a_function_that_ran_at_import_is_put_off_and_what_passes_is_seen_at_once(root: Path) -> None:
    make(root, {"code_.py": EARLY["code.py"], "test_code.py": EARLY["test_code.py"]})
    for test, passes_at_once in (("test_now", True), ("test_then", False)):
        with judging(root, f"test_code.py::{test}") as judge:
            judge.baseline()
            right, wrong = edits(judge, "code_.py", ("n * 3", "n * 2")) + edits(judge, "code_.py", ("n * 3", "n * 4"))
            screened = list(judge([right, wrong], Tier.SCREEN))
            patient = list(judge([v._replace(patience=10) for v in (right, wrong)], Tier.SCREEN))
        assert [(v.tier, v.passed, v.cut) for v in screened] == [
            (Tier.SCREEN, passes_at_once, not passes_at_once),
            (Tier.SCREEN, False, True),
        ]
        assert [(v.tier, v.passed, v.cut) for v in patient] == [
            (Tier.CONFIRM, True, False),
            (Tier.CONFIRM, False, False),
        ]


def test_tests_that_read_their_own_source_are_screened(root: Path) -> None:
    text, test, change = CASES["a test of its own source"]
    make(root, {"code_.py": text, "test_code.py": f"import code_ as code\n\n{test}"})
    with judging(root) as judge:
        judge.baseline()
        assert both(judge, edits(judge, "code_.py", change)) == [(Tier.SCREEN, True, True)]


def _same(screened: str, confirmed: str) -> bool:
    """Whether both tell of the same failure; of an endless loop or recursion, where it was stopped may differ."""
    return screened == confirmed or "did not end" in screened or "RecursionError" in screened


def _applied(text: str, edit: tuple[int, int, str]) -> str:
    return text[: edit[0]] + edit[2] + text[edit[1] :]


def _compiles(text: str) -> bool:
    try:
        compile(text, "code_.py", "exec", dont_inherit=True)
    except SyntaxError:
        return False
    return True
