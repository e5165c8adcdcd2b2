"""The screen says what a process for each candidate would say, and drops none that would pass."""

from __future__ import annotations

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
