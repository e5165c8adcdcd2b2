"""The queue of hypotheses: what is drawn from it, in which order, and what stays in it."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import trm_lsp
from trm_lsp.core.state import Reasoning
from trm_lsp.core.verdict import Outcome, TestResult, Tier, Verdict
from trm_lsp.nets.repair.families import FAMILIES, Hints, Site
from trm_lsp.nets.repair.hypotheses import (
    APART_SHARE,
    APART_TIME,
    UNREAD,
    Hypothesis,
    Queue,
    apart_share,
    changes,
    enumerate_all,
    essence_of,
    everything,
    function_of,
    parse_all,
    rank,
    ranked,
)
from trm_lsp.nets.repair.source import Source
from trm_lsp.patch.edits import apply

TEXT = """\
def mean(values, scale=1):
    total = 0
    for value in values:
        if value > 0:
            total += value
        total += 0
    return total / len(values) * scale
"""
SOURCE = Source("m.py", TEXT)
PLACES = tuple(dict.fromkeys(SOURCE.place(statement) for statement in SOURCE.statements))
HINTS = Hints(numbers=(7,))

suspicions = st.fixed_dictionaries({place: st.sampled_from([0.1, 0.5, 1.0]) for place in PLACES})
evidence = st.dictionaries(st.sampled_from(PLACES), st.tuples(st.integers(1, 50), st.floats(0, 75)))
weights = st.dictionaries(st.sampled_from([family.name for family in FAMILIES]), st.floats(0.3, 3.0))


def queue(z: Reasoning, **more: object) -> Queue:
    return everything([SOURCE], z.suspicion, HINTS, weights=z.families, **more)  # type: ignore[arg-type]


def believing(**more: object) -> Reasoning:
    return Reasoning(suspicion=dict.fromkeys(PLACES, 1.0), **more)  # type: ignore[arg-type]


def texts(drawn: tuple[Hypothesis, ...]) -> list[str]:
    return [apply(TEXT, hypothesis.edits) for hypothesis in drawn]


@settings(max_examples=15, deadline=None)
@given(suspicions, evidence, weights, st.integers(1, 3))
def test_what_is_drawn_are_the_first_of_all_ranked(
    suspicion: dict[str, float], seen: dict[str, tuple[int, float]], families: dict[str, float], bound: int
) -> None:
    z = Reasoning(suspicion=suspicion, evidence=seen, families=families)
    every = ranked((h for h in proposed_anywhere(z) if h.cost <= bound), z)
    first: dict[str, Hypothesis] = {}
    for hypothesis in every:
        first.setdefault(apply(TEXT, hypothesis.edits), hypothesis)
    # Where two kinds propose the same edit and rank alike, either may give it its name.
    drawn = [(h.edits, rank(h, z)) for h in queue(z).likeliest(z, 200, bound)]
    assert drawn == [(h.edits, rank(h, z)) for h in list(first.values())[:200]]


def proposed_anywhere(z: Reasoning) -> list[Hypothesis]:
    """What every family proposes at every place, the same edit as often as it is proposed."""
    found = []
    for statement, family in itertools.product(SOURCE.statements, FAMILIES):
        place, last = SOURCE.place(statement), statement.node.end_lineno or statement.node.lineno
        for change in changes(family, Site(SOURCE, statement, HINTS)):
            if apply(TEXT, change.edits) != TEXT:
                line = min(last, SOURCE.index.line(change.edits[0].start))
                prior = family.prior * change.weight
                found.append(Hypothesis(change.edits, family.name, change.what, place, line, family.cost, prior))
    return found


def test_drawing_goes_on_where_it_stopped_until_nothing_is_left() -> None:
    z, left = believing(), queue(believing())
    drawn: list[Hypothesis] = []
    while batch := left.likeliest(z, 500):
        drawn += batch
        left = left.after(batch)
    assert not left and list(left) == []
    assert set(texts(tuple(drawn))) == set(texts(enumerate_all([SOURCE], z.suspicion, HINTS)))
    assert len(set(texts(tuple(drawn)))) == len(drawn)
    assert drawn == list(ranked(drawn, z))


def test_few_of_those_drawn_lie_outside_functions_however_likely_they_are() -> None:
    constants = "\n".join(f"LIMIT_{n} = [{n}, {n} + 1]" for n in range(40))
    source = Source("m.py", f"{constants}\n\n\n{TEXT}")
    body = {source.place(statement) for statement in source.statements if statement.function is not None}
    z = Reasoning(suspicion={source.place(s): 0.5 if source.place(s) in body else 1.0 for s in source.statements})
    drawn = everything([source], z.suspicion, HINTS).likeliest(z, 128)
    outside = [h for h in drawn if h.place.startswith("m.py::<module>: LIMIT_")]
    assert len(outside) == 2
    assert outside == list(drawn[:2])
    assert {h.place for h in drawn if h not in outside} <= body | {source.place(source.statements[40])}


def test_what_experiments_teach_changes_what_comes_next() -> None:
    z = believing()
    before = queue(z)
    batch = before.likeliest(z, 20)
    refused = {batch[0].place: (100, 0.0)}
    after = before.after(batch).likeliest(believing(evidence=refused), 20)
    assert batch[0].place not in {hypothesis.place for hypothesis in after}


def test_taking_leaves_the_queue_it_was_taken_from_as_it_is() -> None:
    z, whole = believing(), queue(believing())
    first = whole.likeliest(z, 10)
    rest = whole.after(first)
    assert whole.likeliest(z, 10) == first
    assert rest.likeliest(z, 10) == whole.likeliest(z, 20)[10:]


def test_queues_are_equal_when_the_same_was_taken() -> None:
    z, one, other = believing(), queue(believing()), queue(believing())
    batch = one.likeliest(z, 10)
    assert one == other
    assert one.after(batch) != other
    assert one.after(batch) == other.after(other.likeliest(z, 10))


def test_those_that_were_cut_short_come_last() -> None:
    z, whole = believing(), queue(believing())
    batch = whole.likeliest(z, 10)
    left = whole.after(batch, cut=batch[:2])
    assert not {h.edits for h in batch[:2]} & {h.edits for h in left.likeliest(z, 50)}
    everything_left = left.likeliest(z, len(list(left)))
    assert [h.edits for h in everything_left[-2:]] == [h.edits for h in batch[:2]]
    assert all(h.cut == 1 for h in everything_left[-2:])


def test_what_is_ruled_out_is_not_drawn() -> None:
    z = believing()
    whole = queue(z).likeliest(z, 20)
    known = {hypothesis.edits for hypothesis in whole[::2]}
    assert queue(z, ruled_out=known.__contains__).likeliest(z, 10) == whole[1::2]


def test_a_few_are_drawn_without_making_all() -> None:
    made: list[str] = []
    z = believing()
    lazily = everything([SOURCE], z.suspicion, HINTS, ruled_out=lambda edits: made.append(edits[0].text) is not None)
    lazily.likeliest(z, 10, bound=1)
    few = len(made)
    list(lazily)
    assert few < len(made) / 10


EDITS = st.tuples(st.integers(0, len(TEXT)), st.integers(0, 12), st.text("ab \n", max_size=6))


@given(EDITS, EDITS)
def test_edits_with_the_same_essence_give_the_same_text_and_no_others(
    one: tuple[int, int, str], other: tuple[int, int, str]
) -> None:
    text = "aab ab\nbaa ab\n" * 3
    edits = [
        SOURCE.replace(SOURCE.tree.body[0], new)._replace(start=s % 30, end=s % 30 + n) for s, n, new in (one, other)
    ]
    news = [apply(text, [edit]) for edit in edits]
    essences = [essence_of(text, [edit]) for edit in edits]
    assert (essences[0] == essences[1]) == (news[0] == news[1])
    assert (essences[0] is None) == (news[0] == text)


@pytest.mark.parametrize("name", ["nets/repair/net.py", "zygote/fuel.py"])
def test_a_line_that_is_shown_belongs_to_its_place(name: str) -> None:
    text = (Path(trm_lsp.__file__).parent / name).read_text(encoding="utf-8")
    (source,) = parse_all({"m.py": text})
    for statement in source.statements[::9]:
        place = source.place(statement)
        same = [s for s in source.statements if source.place(s) == place]
        last = max(s.node.end_lineno or s.node.lineno for s in same)
        found = everything([source], {place: 1.0}, HINTS).likeliest(Reasoning(suspicion={place: 1.0}), 100)
        assert all(hypothesis.line <= last for hypothesis in found)


def test_what_reads_a_variable_that_nothing_reads_is_likelier() -> None:
    text = "def f(xs, spare):\n    return [map(str) for x in xs], len(xs)\n"
    source = Source("m.py", text)
    found = enumerate_all([source], {source.place(statement): 1.0 for statement in source.statements}, Hints())
    prior = {apply(text, h.edits).splitlines()[1].strip(): h.prior for h in found}
    forgotten = prior["return [map(str, x) for x in xs], len(xs)"]
    assert forgotten == pytest.approx(UNREAD * prior["return [map(str, xs) for x in xs], len(xs)"])


def test_where_tests_are_slow_more_may_take_processes() -> None:
    def share(seconds: float) -> float:
        failed = TestResult(id="t.py::a", outcome=Outcome.FAILED, seconds=seconds)
        passed = TestResult(id="t.py::b", outcome=Outcome.PASSED, seconds=1.0)
        return apart_share(Verdict(tier=Tier.CONFIRM, results=(failed, passed), targets=(failed.id, passed.id)))

    assert share(0.0) == APART_SHARE < share(0.01) < share(9.0) < APART_TIME


def test_what_takes_processes_waits_while_there_is_anything_else() -> None:
    text = "def dear(a, b):\n    return a + b\n\n\ndef cheap(a, b):\n    return a - b\n"
    source = Source("m.py", text)
    places = {source.place(statement): 1.0 for statement in source.statements}
    queue = everything([source], places, Hints())
    dear, cheap = "m.py::dear", "m.py::cheap"
    z = Reasoning(suspicion=places, apart={dear: (4, 0), cheap: (1, 9)})
    everywhere = [h.place for h in queue.likeliest(z, 10_000)]
    few = [function_of(h.place) for h in queue.likeliest(z, 20)]
    assert few.count(dear) <= 1 and few.count(cheap) >= 18
    assert dear not in {function_of(h.place) for h in queue.likeliest(z, 20, share=0.0)}
    assert {function_of(place) for place in everywhere} >= {dear, cheap}  # it waits, and is not forgotten
    assert set(queue.likeliest(z, 10_000)) == set(queue.likeliest(Reasoning(suspicion=places), 10_000))
