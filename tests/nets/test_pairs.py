"""Two edits at once, where neither helps alone."""

from __future__ import annotations

import pytest
from fakes import FakeJudge, Texts, meter, task_of, verdict

from trm_lsp.core.events import Shape
from trm_lsp.core.halting import HaltReason
from trm_lsp.core.state import Attempt, Commit, Edit, Reasoning
from trm_lsp.core.supervision import Ended, deep_supervision
from trm_lsp.core.verdict import Tier, Verdict
from trm_lsp.learning import learn
from trm_lsp.nets.repair import RepairNet
from trm_lsp.nets.repair import pairs as module
from trm_lsp.nets.repair.hypotheses import Hypothesis, rank
from trm_lsp.nets.repair.pairs import overlap, pairs

PLACE = "m.py::f: x"
TEXTS = {"m.py": "".join(map(chr, range(200, 400)))}
"""Each edit replaces another character, so no two are the same change."""
BETWEEN = """\
def between(low, x, high):
    if x < low or x > high:
        return 1
    return 0
"""


def edit(start: int, *, family: str = "number", prior: float = 0.5, place: str = PLACE) -> Hypothesis:
    return Hypothesis((Edit("m.py", start, start + 1, "y"),), family, f"edit {start}", place, 1, 1, prior)


def edit_of(text: str, old: str, new: str, *, prior: float = 0.5) -> Hypothesis:
    start = text.index(old)
    return Hypothesis((Edit("m.py", start, start + len(old), new),), "wrap", f"{new}", PLACE, 1, 1, prior)


def suspecting(*places: str) -> Reasoning:
    return Reasoning(suspicion=dict.fromkeys(places, 1.0))


def test_two_mistakes_that_hide_each_other_are_repaired_at_once() -> None:
    def says(texts: Texts, tier: Tier) -> Verdict:
        return verdict("passed" if "x <= low or x >= high" in texts["m.py"] else "failed")

    base = {"m.py": BETWEEN}
    x = task_of(base, FakeJudge(base, says), says(base, Tier.COLD))
    net = RepairNet()
    *_, end = deep_supervision(net, x, *net.start(x, 0), shape=Shape(), meter=meter(), learn=learn)
    assert isinstance(end, Ended) and end.decision.reason is HaltReason.PASSED
    (commit,) = end.best.commits
    assert commit.family == "pair" and len(commit.edits) == 2
    assert "`x < low` → `x <= low`" in commit.reason and "`x > high` → `x >= high`" in commit.reason


def test_pairs_are_of_one_function_and_do_not_overlap() -> None:
    other = "m.py::g: x"
    found = pairs([edit(1), edit(1, prior=0.4), edit(5), edit(9, place=other)], TEXTS, suspecting(PLACE, other))
    assert [[one.start for one in pair.edits] for pair in found] == [[1, 5]]


def test_what_helps_alone_is_built_on_and_not_paired() -> None:
    helps = edit(1)
    attempt = Attempt(
        commit=Commit(family="number", edits=helps.edits),
        parent="",
        base={"m.py": BETWEEN},
        texts={"m.py": "y" + BETWEEN},
        verdict=verdict("passed", "failed"),
    )
    z = suspecting(PLACE).model_copy(update={"partial": (attempt,)})
    found = pairs([helps, edit(5), edit(9)], TEXTS, z)
    assert [[one.start for one in pair.edits] for pair in found] == [[5, 9]]


def test_what_a_screen_cannot_judge_is_not_paired() -> None:
    module, alone = "m.py::<module>: x", "m.py::g: x"
    z = suspecting(module, alone).model_copy(update={"apart": {"m.py::g": (9, 0)}})
    found = pairs([edit(1, place=module), edit(5, place=module), edit(9, place=alone), edit(13, place=alone)], TEXTS, z)
    assert found == []


def test_nothing_is_paired_where_nothing_is_suspect() -> None:
    assert pairs([edit(1), edit(5)], TEXTS, Reasoning()) == []


def test_the_same_change_at_two_places_is_the_likeliest() -> None:
    text = "f(one) or two or g(three)"
    words = [edit_of(text, word, f"h({word})") for word in ("one", "two", "three")]
    others = [edit_of(text, "f", "g", prior=0.6), edit_of(text, "g", "f", prior=0.6)]
    found = pairs([*others, *words], {"m.py": text}, suspecting(PLACE))
    wrapped = {one.edits for one in words}
    assert all({part.edits for part in pair.parts} <= wrapped for pair in found[:3])


def test_of_a_pair_that_passes_only_what_is_needed_stays() -> None:
    text = "def f(a, b):\n    return (a - 1) * (b - 1)\n"

    def says(texts: Texts, tier: Tier) -> Verdict:
        """What a screen says of the right edit alone is wrong."""
        right = "(a + 1)" in texts["m.py"] and "b" in texts["m.py"].partition("*")[2]
        alone = "(b - 1)" in texts["m.py"]
        return verdict("passed" if right and not (alone and tier is Tier.SCREEN) else "failed")

    base = {"m.py": text}
    x = task_of(base, FakeJudge(base, says), says(base, Tier.COLD))
    net = RepairNet()
    *_, end = deep_supervision(net, x, *net.start(x, 0), shape=Shape(), meter=meter(), learn=learn)
    assert isinstance(end, Ended)
    assert end.best.texts["m.py"] == text.replace("a - 1", "a + 1")


def test_who_made_a_mistake_may_have_made_it_twice() -> None:
    rare = [edit(1, family="logic", prior=0.3), edit(3, family="logic", prior=0.3)]
    common = [edit(5 + 2 * number, family="variable", prior=0.4) for number in range(30)]
    first = pairs([*rare, *common], TEXTS, suspecting(PLACE))[0]
    assert [one.start for one in first.edits] == [1, 3]


def test_the_likeliest_come_first_and_there_are_not_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAIRS", 99)
    z = suspecting(PLACE)
    found = pairs([edit(2 * number, prior=0.9 - number / 100) for number in range(60)], TEXTS, z)
    ranks = [rank(pair, z) for pair in found]
    assert ranks == sorted(ranks, reverse=True) and len(found) == 99
    assert [one.start for one in found[0].edits] == [0, 2]


def test_what_is_inserted_at_one_offset_twice_overlaps() -> None:
    here, there = Edit("m.py", 3, 3, "a"), Edit("m.py", 3, 3, "b")
    assert overlap([here], [there])
    assert not overlap([here], [Edit("n.py", 3, 3, "a")])
    assert not overlap([here], [Edit("m.py", 3, 5, "b")])
