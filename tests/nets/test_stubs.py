"""Stubs: which functions are not written, and what becomes of what their calls have shown."""

from __future__ import annotations

from fakes import FakeJudge, task_of, verdict

from trm_lsp.core.ports import Slot, Values, X
from trm_lsp.core.state import Candidate, Reasoning
from trm_lsp.nets.repair.source import Source
from trm_lsp.nets.repair.stubs import SIZE, Stub, Unwritten, answers, implemented, unwritten
from trm_lsp.patch.edits import apply_all

TEXT = '''\
def documented(a, b):
    """Half of 12 at most."""


def refused(a):
    raise NotImplementedError("later")


class C:
    def passed(self):
        """Says nothing."""
        pass

    def dotted(self): ...

    def raised(self):
        raise ValueError


def written(a):
    if a:
        pass
    return a
'''
SOURCE = Source("m.py", TEXT)
PLACES = dict.fromkeys((SOURCE.place(statement) for statement in SOURCE.statements), 1.0)
Z = Reasoning(suspicion=PLACES)


def stub(name: str) -> Unwritten:
    return next(found for found in unwritten(SOURCE) if found.function.name == name)


def written_as(name: str, text: str) -> str:
    """The file where a stub gives an expression."""
    found = stub(name)
    (hypothesis,) = answers(Values(slot=found.slot, wanted=((text,),)), found, found.place(Z))
    return apply_all({"m.py": TEXT}, hypothesis.edits)["m.py"]


def test_functions_without_a_body_of_their_own_are_stubs() -> None:
    assert [found.function.name for found in unwritten(SOURCE)] == ["documented", "refused", "passed"]


def test_what_stands_for_the_body_is_replaced_and_the_docstring_stays() -> None:
    assert written_as("refused", "a * 2") == TEXT.replace('raise NotImplementedError("later")', "return a * 2")
    assert written_as("passed", "self") == TEXT.replace("        pass\n\n", "        return self\n\n")
    assert written_as("documented", "a + b") == TEXT.replace('12 at most."""\n', '12 at most."""\n    return a + b\n')


def test_the_head_of_a_function_speaks_for_a_docstring_alone() -> None:
    head = next(place for place in PLACES if "def documented" in place)
    assert stub("documented").place(Reasoning(suspicion={head: 0.5})) == head


def test_expressions_that_give_what_is_wanted_are_tried_each_and_nothing_else() -> None:
    found = stub("refused")
    values = Values(slot=found.slot, wanted=(("a + a", "2 * a"), ("a << 1",)), classes=(("0",), ("a",)))
    made = list(answers(values, found, "place"))
    assert [hypothesis.edits[0].text for hypothesis in made] == ["return a + a", "return 2 * a", "return a << 1"]
    assert made[0].prior == Stub.prior > made[1].prior > made[2].prior
    assert {hypothesis.cost for hypothesis in made} == {1}


def test_where_it_is_not_known_what_is_wanted_each_behaviour_is_tried() -> None:
    found = stub("refused")
    made = list(answers(Values(slot=found.slot, classes=(("0",), ("a", "abs(a)"))), found, "place"))
    assert [hypothesis.edits[0].text for hypothesis in made] == ["return 0", "return a"]
    assert made[1].rest == ("return abs(a)",)
    assert made[0].prior < Stub.prior


def test_the_failing_tests_are_run_once_with_what_the_docstrings_name() -> None:
    asked: list[tuple[object, ...]] = []

    def observer(variant: object, wanted: tuple[Slot, ...], tests: tuple[str, ...], **more: object) -> object:
        asked.append((tests, more["atoms"], more["size"], more["stubs"]))
        return tuple(Values(slot=slot, evaluations=slot == stub("refused").slot) for slot in wanted)

    base = {"m.py": TEXT}
    x = task_of(base, FakeJudge(base, lambda texts, tier: verdict("failed")), verdict("failed"))
    x = X(**{**vars(x), "observer": observer})
    looked = implemented(x, Candidate(), Z, [SOURCE], ["test_m.py::test_1"])
    assert asked == [(["test_m.py::test_1"], ("12",), SIZE, True)]
    assert looked.names == ("refused",)
    assert not looked.wanted
    assert implemented(x, Candidate(), Reasoning(), [SOURCE], ["test_m.py::test_1"]).names == ()
    assert len(asked) == 1
