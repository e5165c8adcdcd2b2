"""Expressions for slots: which slots are watched, and what becomes of what was seen there."""

from __future__ import annotations

from fakes import FakeJudge, task_of, verdict

from trm_lsp.core.ports import Slot, Values, X
from trm_lsp.core.state import Candidate, Reasoning
from trm_lsp.nets.repair.families import Hints
from trm_lsp.nets.repair.source import Source
from trm_lsp.nets.repair.synthesis import SLOTS, Synthesis, atoms, expressions, others, slots, synthesised

TEXT = '''\
def mean(values, scale: int = 1):
    """The mean."""
    total = sum(values) * scale
    for value in values:
        self.seen[value] = f"{value}"
    return total / len(values)
'''
SOURCE = Source("m.py", TEXT)
PLACES = {SOURCE.place(statement): 1.0 for statement in SOURCE.statements}
Z = Reasoning(suspicion=PLACES)


def watched(z: Reasoning = Z) -> list[str]:
    return [TEXT[slot.start : slot.end] for slot, _ in slots(SOURCE, z)]


def values_of(text: str, *classes: tuple[str, ...], original: int | None = None) -> tuple[Values, int]:
    start = TEXT.index(text)
    return Values(slot=Slot("m.py", start, start + len(text)), classes=classes, original=original), start


def statement_of(text: str) -> object:
    return next(statement for slot, statement in slots(SOURCE, Z) if TEXT[slot.start : slot.end] == text)


def test_expressions_that_are_read_are_watched() -> None:
    assert {"sum(values) * scale", "scale", "total / len(values)", "total", "values"} <= set(watched())


def test_targets_names_of_functions_annotations_docstrings_and_parts_of_f_strings_are_not() -> None:
    assert not {"sum", "len", "int", "self", "self.seen[value]", '"""The mean."""', "{value}"} & set(watched())
    assert watched().count("value") == 1  # the index, and neither the loop's variable nor what the f-string shows


def test_a_value_that_nobody_reads_and_what_makes_a_generator_are_not() -> None:
    text = "def f(n):\n    print(n + 1)\n    given = yield n + 2\n    yield n + 3\n    return given\n"
    source = Source("m.py", text)
    z = Reasoning(suspicion={source.place(statement): 1.0 for statement in source.statements})
    found = {text[slot.start : slot.end] for slot, _ in slots(source, z)}
    assert {"n + 1", "n + 2", "n + 3", "given"} <= found
    assert not any("yield" in one or "print" in one for one in found)


def test_only_suspect_statements_are_watched() -> None:
    (returned,) = (place for place in PLACES if "return" in place)
    found = watched(Reasoning(suspicion={returned: 0.5}))
    assert found == ["total / len(values)", "total", "len(values)", "values"]


def test_each_behaviour_gives_one_hypothesis_but_the_originals() -> None:
    values, start = values_of("total / len(values)", ("total",), ("total / len(values)",), ("0",), original=1)
    found = list(expressions(values, SOURCE, statement_of("total / len(values)")))
    assert [hypothesis.edits[0].text for hypothesis in found] == ["total", "0"]
    assert found[0].prior > found[1].prior > 0
    assert {hypothesis.edits[0].start for hypothesis in found} == {start}
    assert {(h.family, h.cost, h.line) for h in found} == {(Synthesis.name, Synthesis.cost, 6)}


def test_of_a_class_the_text_most_like_the_old_one_is_tried_and_the_others_when_it_passes() -> None:
    values, _ = values_of("total / len(values)", ("1", "total / max(values)", "scale"))
    (tried,) = expressions(values, SOURCE, statement_of("total / len(values)"))
    assert tried.edits[0].text == "total / max(values)"
    rest = list(others(tried, {"m.py": TEXT}))
    assert {hypothesis.edits[0].text for hypothesis in rest} == {"1", "scale"}
    assert all(hypothesis.prior < tried.prior and not hypothesis.rest for hypothesis in rest)


def test_the_failing_tests_are_run_once_for_all_slots() -> None:
    asked: list[tuple[object, ...]] = []

    def observer(
        variant: object, wanted: tuple[Slot, ...], tests: tuple[str, ...], **more: object
    ) -> tuple[Values, ...]:
        asked.append((variant, wanted, tests, more["atoms"]))
        return tuple(Values(slot=slot, classes=(("42",),)) for slot in wanted)

    base = {"m.py": TEXT}
    x = task_of(base, FakeJudge(base, lambda texts, tier: verdict("failed")), verdict("failed"))
    x = X(**{**vars(x), "observer": observer})
    found = synthesised(x, Candidate(), Z, [SOURCE], ["test_m.py::test_1"], Hints(numbers=(42,), strings=("a",)))
    ((_, wanted, tests, literals),) = asked
    assert len(wanted) == len(set(wanted)) == len(found) <= SLOTS
    assert (tests, literals) == (["test_m.py::test_1"], ("42", "'a'"))


def test_nothing_is_run_where_nothing_can_be_watched() -> None:
    base = {"m.py": TEXT}
    x = task_of(base, FakeJudge(base, lambda texts, tier: verdict("failed")), verdict("failed"))
    assert synthesised(x, Candidate(), Reasoning(), [SOURCE], ["test_m.py::test_1"], Hints()) == ()


def test_literals_of_the_tests_are_told_once_each() -> None:
    assert atoms(Hints(numbers=(1, 2.5), strings=("it's", "it's"))) == ("1", "2.5", '"it\'s"')
