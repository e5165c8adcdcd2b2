"""Survivors doubted: one behaviour or rivals, in which order, and where they differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from fakes import FakeJudge, task_of, verdict

from trm_lsp.core.behaviour import Comparison, Did, Example, Input, Kind, Origin
from trm_lsp.core.ports import X
from trm_lsp.core.state import Attempt, Candidate, Commit, Edit, Reasoning, Variant, detach
from trm_lsp.core.verdict import Outcome, TestResult
from trm_lsp.nets.repair import RepairNet
from trm_lsp.nets.repair.doubting import concluded, differs, doubt

TEXT = "def f(xs):\n    return xs\n"


def gives(shown: str, left: str = "") -> Did:
    return Did(Kind.GIVES, shown, left, exact=not left)


def raises(kind: str) -> Did:
    return Did(Kind.RAISES, f"{kind}: it says why")


ENDLESS, UNKNOWN = Did(Kind.ENDLESS), Did(Kind.UNKNOWN)


def survivor(number: int, rank: float = 0.5) -> Attempt:
    text = TEXT.replace("return xs", f"return xs[{number}]")
    edit = Edit("m.py", 22, 24, f"xs[{number}]")
    return Attempt(
        commit=Commit(family="comparison", edits=(edit,), reason=f"number {number}"),
        parent=Candidate().digest,
        base={"m.py": TEXT},
        texts={"m.py": text},
        verdict=verdict("passed"),
        rank=rank,
    )


ONE, TWO, THREE = survivor(1, 0.9), survivor(2, 0.8), survivor(3, 0.7)


def at(call: str, *did: Did, origin: Origin = Origin.NEAR_FAILING, exact: bool = True) -> Input:
    return Input(call=call, origin=origin, did=did, exact=exact, imports=("from m import f",))


def comparison(
    *inputs: Input, texts: int = 3, examples: Sequence[Example] = (), without: Sequence[int] = ()
) -> Comparison:
    return Comparison(
        inputs=inputs,
        examples=tuple(examples),
        compared=tuple(number not in without for number in range(texts)),
    )


# --- behaviours ---------------------------------------------------------------------------------


def test_survivors_that_do_the_same_everywhere_are_one_behaviour() -> None:
    same = comparison(at("f([1])", gives("0"), gives("1"), gives("1")), at("f([])", *[raises("IndexError")] * 3))
    found = concluded([ONE, TWO], same)
    assert found.behaviours == ((ONE.key, TWO.key),)
    assert (found.distinction, found.inputs) == (None, 2)


def test_survivors_that_differ_are_rivals_and_the_simplest_input_tells_them_apart() -> None:
    found = concluded(
        [ONE, TWO, THREE],
        comparison(
            at("f([1, 2, 3])", gives("0"), gives("1"), gives("1"), gives("3")),
            at("f([])", gives("0"), gives("0"), gives("0"), raises("IndexError")),
            at("f([1, 2])", gives("0"), gives("1"), gives("1"), gives("2")),
            at("f(<Odd>)", gives("0"), gives("1"), gives("1"), gives("2"), exact=False),
            texts=4,
        ),
    )
    assert found.behaviours == ((ONE.key, TWO.key), (THREE.key,))
    assert found.distinction is not None
    assert (found.distinction.call, found.distinction.imports) == ("f([1, 2])", ("from m import f",))
    assert dict(found.distinction.did) == {ONE.key: gives("1"), THREE.key: gives("2")}


def test_where_nothing_else_tells_them_apart_an_exception_does() -> None:
    found = concluded([ONE, TWO], comparison(at("f([])", gives("0"), gives("0"), raises("IndexError"))))
    assert found.distinction is not None
    assert [did.in_words for did in found.distinction.did.values()] == ["0", "IndexError"]


def test_what_could_not_be_compared_is_a_behaviour_by_itself() -> None:
    found = concluded([ONE, TWO], comparison(at("f([1])", gives("0"), gives("1"), UNKNOWN), without=[2]))
    assert found.behaviours == ((ONE.key,), (TWO.key,))
    assert found.distinction is None and TWO.key not in found.moved


def test_without_an_input_nothing_says_that_two_texts_are_one_behaviour() -> None:
    assert concluded([ONE, TWO], comparison()).behaviours == ((ONE.key,), (TWO.key,))
    unknown = comparison(at("f([1])", gives("0"), gives("1"), UNKNOWN))
    assert concluded([ONE, TWO], unknown).behaviours == ((ONE.key,), (TWO.key,))


@pytest.mark.parametrize(
    ("one", "other", "two"),
    [
        (gives("1"), gives("1"), False),
        (gives("1"), gives("2"), True),
        (gives("None", "xs = [1]"), gives("None", "xs = [2]"), True),
        (gives("[0.30000000000000004]"), gives("[0.3]"), False),
        (gives("0.1"), gives("0.2"), True),
        (gives("1"), raises("IndexError"), True),
        (gives("1"), ENDLESS, True),
        (raises("KeyError"), raises("IndexError"), False),
        (raises("KeyError"), ENDLESS, False),
        (gives("1"), UNKNOWN, False),
    ],
)
def test_two_outcomes_differ_when_one_is_a_value_that_the_other_is_not(one: Did, other: Did, two: bool) -> None:
    assert differs(one, other) is differs(other, one) is two


# --- order --------------------------------------------------------------------------------------


def test_who_contradicts_a_docstring_comes_last_and_is_told() -> None:
    said = Example(call="f([2])", want="2", got=("1", "3", ""))
    x, _ = asked(comparison(at("f([1])", gives("0"), gives("1"), gives("4")), examples=[said]))
    z = doubt(x, Reasoning(survivors=(ONE, TWO)))
    assert [attempt.key for attempt in z.survivors] == [TWO.key, ONE.key]
    assert z.doubts is not None
    assert z.doubts.contradicts == {ONE.key: "the docstring says that `f([2])` gives 2, it gives 3"}
    assert z.doubts.behaviours == ((TWO.key,), (ONE.key,))


def test_what_each_changes_near_passing_tests_is_counted() -> None:
    found = concluded(
        [ONE, TWO],
        comparison(
            at("f([1])", gives("0"), gives("1"), gives("0"), origin=Origin.PASSING),
            at("f([2])", gives("0"), gives("1"), gives("1"), origin=Origin.NEAR_PASSING),
            at("f([3])", gives("0"), gives("1"), gives("1"), origin=Origin.NEAR_FAILING),
        ),
    )
    assert (found.near, dict(found.moved)) == (2, {ONE.key: 2, TWO.key: 1})


def test_who_changes_most_calls_near_passing_tests_gives_way_to_who_does_not() -> None:
    moves = [at(f"f([{n}])", gives("0"), gives("1"), gives("0"), origin=Origin.NEAR_PASSING) for n in range(3)]
    stays = [at(f"f([{n}, 0])", *[gives("0")] * 3, origin=Origin.NEAR_PASSING) for n in range(2)]
    for inputs, order in ((moves + stays, (TWO, ONE)), (moves[1:] + stays, (ONE, TWO)), (moves, (ONE, TWO))):
        x, _ = asked(comparison(*inputs))
        assert doubt(x, Reasoning(survivors=(ONE, TWO))).survivors == order


# --- in the loop --------------------------------------------------------------------------------


def asked(found: Comparison) -> tuple[X, list[tuple[list[Variant], list[str], list[str]]]]:
    """X with a comparer that finds this, and what it was asked for."""
    calls: list[tuple[list[Variant], list[str], list[str]]] = []

    def comparer(
        variants: Sequence[Variant], failing: Sequence[str], passing: Sequence[str], *, seed: int = 0
    ) -> Comparison:
        calls.append((list(variants), list(failing), list(passing)))
        return found

    beside = tuple(TestResult(id=id, outcome=Outcome.PASSED) for id in ("test_a.py::test_b", "test_m.py::test_c"))
    base = {"m.py": TEXT}
    judge = FakeJudge(base, lambda texts, tier: verdict("passed"))
    x = task_of(base, judge, verdict("failed", beside=beside))
    return replace(x, comparer=comparer), calls


def test_the_unchanged_text_stands_beside_the_survivors_and_tests_of_the_same_file_come_first() -> None:
    x, calls = asked(comparison(at("f([1])", gives("0"), gives("1"), gives("1"))))
    z = doubt(x, Reasoning(survivors=(ONE, TWO)))
    ((variants, failing, passing),) = calls
    assert variants == [Variant({}), Variant(ONE.texts), Variant(TWO.texts)]
    assert (failing, passing) == (["test_m.py::test_0"], ["test_m.py::test_c", "test_a.py::test_b"])
    assert z.thoughts == ("Doubted 2 answers with 1 call: one behaviour.",)


def test_an_answer_is_doubted_once_and_again_when_another_one_passes() -> None:
    x, calls = asked(comparison(at("f([1])", gives("0"), gives("1"), gives("1"))))
    y = Candidate(base=ONE.base, texts=ONE.texts, commits=(ONE.commit,))
    net, z = RepairNet(), Reasoning(survivors=(ONE, TWO))
    z = net(x, y, z)
    assert net(x, y, z) is z
    _, resumed = detach(y, z)
    assert net(x, y, resumed) is resumed
    fewer = resumed.model_copy(update={"survivors": (ONE,)})
    assert net(x, y, fewer) is fewer
    assert len(calls) == 1
    x, more = asked(comparison(at("f([1])", gives("0"), gives("1"), gives("1"), gives("2")), texts=4))
    z = net(x, y, z.model_copy(update={"survivors": (ONE, TWO, THREE)}))
    assert len(more) == 1 and z.doubts is not None and len(z.doubts.behaviours) == 2
    assert z.thoughts[-1] == "Doubted 3 answers with 1 call: 2 behaviours; at `f([1])` two of them differ: 1 or 2."


def test_a_committed_answer_is_exchanged_for_one_that_the_docstring_does_not_contradict() -> None:
    said = Example(call="f([2])", want="2", got=("1", "3", ""))
    x, _ = asked(comparison(at("f([1])", gives("0"), gives("1"), gives("4")), examples=[said]))
    y = Candidate(base=ONE.base, texts=ONE.texts, commits=(ONE.commit,))
    net = RepairNet()
    z = net(x, y, Reasoning(survivors=(ONE, TWO)))
    assert net(y, z).texts == TWO.texts


def test_where_nothing_can_be_compared_every_text_is_a_behaviour() -> None:
    x, _ = asked(Comparison(compared=(False, False, False)))
    z = doubt(x, Reasoning(survivors=(ONE, TWO)))
    assert z.doubts is not None and z.doubts.behaviours == ((ONE.key,), (TWO.key,))
    assert z.thoughts == ("Doubted 2 answers: no call could be compared.",)
