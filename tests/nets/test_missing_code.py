"""Code that is missing, found in real runs: guards, resets and stubs, with the tests of a real workspace."""

from __future__ import annotations

from pathlib import Path

from projects import end, make, settings, task, untouched

from trm_lsp.core.events import Halted
from trm_lsp.engine.refine import refine

WORK = 15_000
"""Work units of a run: more than the repairs here need."""


def repaired(root: Path, body: str, test: str, *tests: str, work: float = WORK) -> Halted:
    """The end of a run on one file, which leaves the workspace as it was."""
    with untouched(make(root, {"calc.py": body, "test_calc.py": test})):
        knobs = settings(budget={"work": work, "seconds": 3600})
        events = list(refine(task(root, *(tests or ("test_calc.py",))), knobs, ask=lambda _: True))
    return end(events)


def text_of(halted: Halted) -> str:
    assert halted.solved and halted.proposal is not None
    return halted.proposal.texts["calc.py"]


CATALOGUE = """
    class Catalogue:
        def __init__(self):
            self.entries = {}
            self.tagged = {}

        def add(self, entry, tag):
            self.entries[entry] = tag
            self.tagged.setdefault(tag, set()).add(entry)

        def remove(self, entry):
            self.tagged[self.entries.pop(entry)].discard(entry)
"""
CATALOGUE_TEST = """
    from calc import Catalogue

    def test_replaced():
        catalogue = Catalogue()
        catalogue.add("a", "x")
        catalogue.add("b", "x")
        catalogue.add("a", "y")
        assert catalogue.tagged == {"x": {"b"}, "y": {"a"}}

    def test_added():
        catalogue = Catalogue()
        catalogue.add("a", "x")
        catalogue.add("b", "x")
        assert catalogue.tagged == {"x": {"a", "b"}}
"""


def test_a_call_is_added_where_a_condition_tells_failing_runs_from_passing_ones(root: Path) -> None:
    halted = repaired(root, CATALOGUE, CATALOGUE_TEST, "test_calc.py::test_replaced")
    lines = "        if entry in self.entries:\n            self.remove(entry)\n"
    assert lines in text_of(halted)


def test_what_an_object_remembers_is_forgotten_when_it_changes(root: Path) -> None:
    body = """
        class Words:
            def __init__(self):
                self.words = []
                self.known = None

            def add(self, word):
                self.words.append(word)

            def count(self):
                if self.known is None:
                    self.known = len(self.words)
                return self.known
    """
    test = """
        from calc import Words

        def test_later():
            words = Words()
            words.add("a")
            assert words.count() == 1
            words.add("b")
            assert words.count() == 2

        def test_once():
            words = Words()
            words.add("a")
            assert words.known is None
            assert words.count() == words.known == 1
    """
    halted = repaired(root, body, test, "test_calc.py::test_later")
    assert "self.words.append(word)\n        self.known = None\n" in text_of(halted)


def test_a_stub_is_written_from_what_the_tests_compare_it_to(root: Path) -> None:
    body = 'def share(part, whole):\n    """Of 100 parts, so many."""\n    raise NotImplementedError\n'
    test = """
        from calc import share

        def test_share():
            assert share(1, 4) == 25
            assert share(3, 2) == 150
            assert share(0, 7) == 0
    """
    halted = repaired(root, body, test)
    scope: dict[str, object] = {}
    exec(text_of(halted), scope)
    assert [scope["share"](part, 8) for part in (1, 2, 8)] == [12.5, 25, 100]  # type: ignore[operator]
    assert '"""Of 100 parts, so many."""' in text_of(halted)
    assert halted.z is not None and any("is a stub" in thought for thought in halted.z.thoughts)


def test_a_stub_that_no_expression_fills_is_said_to_be_more_than_that(root: Path) -> None:
    body = "def spell(number):\n    pass\n"
    test = """
        from calc import spell

        def test_spell():
            assert [spell(7), spell(12), spell(30)] == ["seven", "twelve", "thirty"]
    """
    halted = repaired(root, body, test, work=WORK / 5)
    assert not halted.solved and halted.z is not None
    said = "`spell` is a stub, and may need more than an expression: the embedded net does not write whole functions."
    assert said in halted.z.thoughts and halted.summary.endswith(said)
