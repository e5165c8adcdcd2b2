"""What is at a position, from the syntax tree alone."""

from __future__ import annotations

import pytest

from trm_lsp.editor.targets import Outlines

PATH = "/w/tests/test_x.py"


def check(marked: str, expected: str, path: str = PATH) -> None:
    """The target at the line that holds `<-`: its name, its pytest id, its lines."""
    line = marked[: marked.index("<-")].count("\n") + 1
    target = Outlines().of(path, marked.replace("<-", "")).at(line)
    shown = target and f"{target.name} [{target.node_id}] {target.first_line}-{target.last_line}"
    assert str(shown) == expected


@pytest.mark.parametrize(
    ("marked", "expected"),
    [
        ("def test_a():\n    pass  # <-\n", "test_a [test_a] 1-2"),
        ("async def test_a():\n    pass  # <-\n", "test_a [test_a] 1-2"),
        ("@deco(\n  1)  # <-\ndef test_a(): pass\n", "test_a [test_a] 1-3"),
        ("def test_a():\n    def inner():\n        pass  # <-\n    inner()\n", "test_a [test_a] 1-4"),
        ("class TestA:\n    def test_b(self):\n        pass  # <-\n", "TestA.test_b [TestA::test_b] 2-3"),
        (
            "class TestA:\n    class TestB:\n        def test_c(self): pass  # <-\n",
            "TestA.TestB.test_c [TestA::TestB::test_c] 3-3",
        ),
        ("class Case(unittest.TestCase):\n    def test_b(self): pass  # <-\n", "Case.test_b [Case::test_b] 2-2"),
        ("class Helper:\n    def test_b(self): pass  # <-\n", "Helper.test_b [] 2-2"),
        ("if True:\n    def test_a(): pass  # <-\n", "test_a [test_a] 2-2"),
        ("def helper():\n    pass  # <-\n", "helper [] 1-2"),
        ("x = 1  # <-\n\n\ndef test_a(): pass\n", "None"),
        ("# <-", "None"),
    ],
)
def test_the_target_at_a_line(marked: str, expected: str) -> None:
    check(marked, expected)


def test_outside_of_test_files_a_test_is_a_function() -> None:
    check("def test_connection(): pass  # <-\n", "test_connection [] 1-1", path="/w/src/db.py")


def test_a_text_that_does_not_parse_has_the_last_tree_that_did_moved_along() -> None:
    outlines = Outlines()
    text = "def a():\n    return 1\n\n\ndef b():\n    return 2\n"
    outlines.of(PATH, text)
    broken = text.replace("return 1", "return (1\n    # more\n")
    assert [(t.name, t.first_line, t.last_line) for t in outlines.of(PATH, broken).targets] == [
        ("a", 1, 2),
        ("b", 7, 8),
    ]


def test_a_text_that_never_parsed_is_read_without_its_broken_lines() -> None:
    check("def test_a():\n    return )\n\ndef test_b():\n    pass  # <-\n", "test_b [test_b] 4-5")


@pytest.mark.parametrize("text", ["(" * 5000, "\0", "def f(:\n" * 50, "x = '\ud800'", "def"])
def test_nothing_is_too_broken_to_be_looked_at(text: str) -> None:
    assert Outlines().of(PATH, text).at(1) is None


def test_parameters_do_not_matter_to_find_a_test() -> None:
    outline = Outlines().of(PATH, "class TestA:\n    def test_b(self): pass\n")
    for id in ("p.py::TestA::test_b", "p.py::TestA::test_b[1]", "p.py::TestA::test_b[a::b[c]]"):
        found = outline.test(id)
        assert found and found.def_line == 2
    assert outline.test("p.py") is None


def test_the_tests_of_a_selection() -> None:
    outline = Outlines().of(PATH, "def test_a(): pass\n\ndef helper(): pass\n\ndef test_b():\n    pass\n")
    assert [target.name for target in outline.tests_between(1, 5)] == ["test_a", "test_b"]
    assert [target.name for target in outline.tests_between(2, 4)] == []


def test_odd_escapes_in_the_users_text_are_not_our_news(recwarn) -> None:
    Outlines().of(PATH, "x = '\\d'\n")
    assert list(recwarn) == []
