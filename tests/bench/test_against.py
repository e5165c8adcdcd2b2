"""Two arms are compared bug by bug at equal work, and the sentence that follows is the contract's."""

from __future__ import annotations

import math
import random

import pytest
from repair_runs import found, made

from bench.against import against_rows, contract, limit
from bench.paired import e_value, estimate, geometric_mean, mcnemar, median, of_totals
from bench.repairing import TRM
from bench.runs import Run
from bench.tasks import OWN, TWO

FLAT = "flat"


def pairs(count: int, ours: float, theirs: float, **facts: object) -> list[Run]:
    """So many bugs that both arms solve, with so much work each."""
    names = [f"one {number}" for number in range(count)]
    return [found(arm, name, work, **facts) for name in names for arm, work in ((TRM, ours), (FLAT, theirs))]


def alone(arm: str, other: str, count: int) -> list[Run]:
    """So many two-edit bugs that one arm solves, and the other does not with as much work."""
    names = [f"two {arm} {number}" for number in range(count)]
    solved = [found(arm, name, 100.0, set=TWO) for name in names]
    return solved + [made(other, name, set=TWO, work=900.0, halt="budget") for name in names]


# Equal work


def test_both_have_what_the_poorer_one_spent_when_its_budget_ended() -> None:
    spent = [made(work=work, halt="budget") for work in (30.0, 20.0)]
    assert limit((spent[0], spent[1])) == 20.0
    assert limit((spent[0], made(work=5.0, halt="stuck"))) == 30.0  # it gave up by itself: more would not have helped
    assert limit((found(TRM, "t", 5.0), found(FLAT, "t", 9.0))) == math.inf


def test_bugs_are_solved_at_equal_work() -> None:
    runs = [
        found(TRM, "a", 10.0, set=TWO),
        made(FLAT, "a", set=TWO, work=5.0, halt="budget"),  # it spent less: that trm goes on is no merit
        found(TRM, "b", 10.0, set=TWO),
        made(FLAT, "b", set=TWO, work=50.0, halt="budget"),
        made(TRM, "c", set=TWO, work=5.0, halt="stuck"),  # it gave up by itself
        found(FLAT, "c", 20.0, set=TWO),
    ]
    row, _ = against_rows(runs, 0)
    assert row.measured.startswith("1 of 3 (trm alone 1, flat alone 1)")
    assert row.control.startswith("flat 1 of 3")


def test_what_fails_the_hidden_tests_solves_nothing() -> None:
    runs = [found(TRM, "a", 1.0, set=TWO, correct=False), found(FLAT, "a", 9.0, set=TWO)]
    row, _ = against_rows(runs, 0)
    assert row.measured.startswith("0 of 1 (trm alone 0, flat alone 1)")


def test_bugs_with_nothing_hidden_are_no_pairs_of_two_edits() -> None:
    assert list(against_rows([found(arm, "a", 1.0, set=TWO, single=True) for arm in (TRM, FLAT)], 0)) == []


# Work saved


def test_work_in_vain_is_charged_in_full() -> None:
    runs = pairs(4, 50.0, 100.0)
    runs += [found(TRM, "e", 50.0), made(FLAT, "e", work=100.0, halt="budget")]
    row, _ = against_rows(runs, 0)
    assert row.measured == "50 % (50 to 50 %; mean of 5 pairs; median 50 %, of the total 50 %)"
    assert row.control == "5 solved by trm, 4 by flat, of 5"


def test_to_give_up_early_saves_nothing() -> None:
    row, _ = against_rows([made(TRM, "a", work=5.0, halt="stuck"), found(FLAT, "a", 100.0)], 0)
    assert row.measured == "0 % (0 to 0 %; mean of 1 pairs; median 0 %, of the total 0 %)"


def test_a_patch_that_comes_later_than_the_other_one_could_go_on_is_none() -> None:
    runs = [found(TRM, "a", 90.0), made(FLAT, "a", work=40.0, halt="budget"), *pairs(1, 10.0, 20.0)]
    row, _ = against_rows(runs, 0)
    assert row.measured == "50 % (50 to 50 %; mean of 1 pairs; median 50 %, of the total 50 %)"
    assert row.control == "1 solved by trm, 1 by flat, of 2"


def test_an_answer_counts_from_its_own_moment_and_not_from_that_of_a_patch_that_was_refused_later() -> None:
    early = {"seconds": 2.0, "cpu": 1.01, "work": 10.0, "tried": 1}
    runs = [found(TRM, "a", 50.0, first_passed=early), found(FLAT, "a", 100.0)]
    row, _ = against_rows(runs, 0)
    assert row.measured.startswith("50 % ")
    refused = [made(TRM, "a", work=50.0, halt="stuck", first_passed=early), found(FLAT, "a", 100.0)]
    row, _ = against_rows(refused, 0)
    assert row.control == "0 solved by trm, 1 by flat, of 1"


def test_a_wrong_answer_saves_nothing_and_one_that_nothing_hidden_can_refuse_does() -> None:
    wrong = {"correct": False}
    row, _ = against_rows([found(TRM, "a", 50.0, **wrong), found(FLAT, "a", 100.0)], 0)
    assert row.measured.startswith("0 % ") and row.control == "0 solved by trm, 1 by flat, of 1"
    row, _ = against_rows([found(arm, "a", 50.0, **wrong, single=True) for arm in (TRM, FLAT)], 0)
    assert row.control == "1 solved by trm, 1 by flat, of 1"


def test_beside_work_stands_what_is_saved_and_solved_at_equal_cpu() -> None:
    slow = {"seconds": 9.0, "cpu": 9.0, "work": 50.0, "tried": 1}
    runs = [
        found(TRM, "a", 50.0, answered=slow, cpu=9.0),
        found(FLAT, "a", 100.0, cpu=5.0, answered={**slow, "cpu": 5.0, "work": 100.0}),
    ]
    runs += [
        found(TRM, "b", 50.0, answered=slow, cpu=9.0, set=TWO),
        made(FLAT, "b", set=TWO, work=50.0, cpu=5.0, halt="budget"),
    ]
    rows = {row.figure: row.measured for row in against_rows(runs, 0)}
    assert rows["work saved on one-edit bugs, against flat"].startswith("50 % ")
    assert rows["CPU saved on one-edit bugs, against flat"].startswith("-100 % ")  # 8 s after the baseline for 4 s
    assert rows["two-edit bugs solved at equal work, against flat"].startswith("1 of 1")
    assert rows["two-edit bugs solved at equal CPU, against flat"].startswith("0 of 1")


# The contract


def test_the_net_stays_the_default_when_it_saves_work_and_solves_more() -> None:
    said = contract([*pairs(9, 50.0, 100.0), *alone(TRM, FLAT, 8)], 0)
    assert said.endswith("By the contract, `trm` stays the default.") and "not met" not in said


@pytest.mark.parametrize(
    ("work", "ours", "theirs"),
    [(90.0, 8, 0), (50.0, 7, 0), (50.0, 0, 9), (50.0, 9, 7)],
    ids=["saves too little", "weak evidence", "solves less", "solves hardly more"],
)
def test_otherwise_the_control_becomes_the_default(work: float, ours: int, theirs: int) -> None:
    runs = [*pairs(9, work, 100.0), *alone(TRM, FLAT, ours), *alone(FLAT, TRM, theirs)]
    said = contract(runs, 0)
    assert said.endswith("By the contract, `flat` becomes the default.") and said.count("not met") == 1


def test_the_contract_says_what_it_is_based_on_and_what_follows_without_our_own_bugs() -> None:
    own = [found(arm, "money/late", work, set=OWN, kinds=("one edit",)) for arm, work in ((TRM, 1.0), (FLAT, 1000.0))]
    strangers = [*pairs(3, 90.0, 100.0), *alone(TRM, FLAT, 8)]
    both, without = contract([*strangers, *own], 0).split("\n\n")
    assert both.startswith("On 4 (3 injected and 1 our own, of 2 packages) one-edit bugs")
    assert both.endswith("By the contract, `trm` stays the default.")
    assert without.startswith("Without our own bugs: On 3 (3 injected, of 1 package) one-edit bugs")
    assert without.endswith("By the contract, `flat` becomes the default.")
    assert without == f"Without our own bugs: {contract(strangers, 0)}"


def test_half_a_comparison_says_nothing() -> None:
    assert contract(pairs(9, 50.0, 100.0), 0) == contract(alone(TRM, FLAT, 8), 0) == ""


# Statistics


@pytest.mark.parametrize(("first", "second", "p"), [(0, 0, 1.0), (5, 0, 0.0625), (0, 5, 0.0625), (3, 3, 1.0)])
def test_the_exact_test_of_pairs(first: int, second: int, p: float) -> None:
    assert mcnemar(first, second) == pytest.approx(p)


@pytest.mark.parametrize(("first", "second", "e"), [(0, 0, 1.0), (1, 1, 2 / 3), (7, 0, 16.0), (0, 8, 256 / 9)])
def test_the_evidence_that_arms_are_not_alike(first: int, second: int, e: float) -> None:
    assert e_value(first, second) == pytest.approx(e)


def test_evidence_is_one_on_average_where_no_arm_is_better() -> None:
    assert sum(math.comb(12, k) * e_value(k, 12 - k) for k in range(13)) / 2**12 == pytest.approx(1.0)


def test_ratios_of_pairs() -> None:
    pairs = [(1.0, 1.0), (1.0, 1.0), (1.0, 4.0), (64.0, 16.0), (1.0, 1024.0)]
    assert geometric_mean(pairs) == pytest.approx(1 / 4)
    assert median(pairs) == 1.0
    assert of_totals(pairs) == 68 / 1046


def test_a_ratio_has_an_interval_around_it() -> None:
    assert estimate(geometric_mean, [[(1.0, 2.0)] * 9], 0) == pytest.approx((0.5, 0.5, 0.5))
    chance = random.Random(0)
    drawn = estimate(geometric_mean, [[(chance.uniform(1, 3), 2.0) for _ in range(50)]], 0)
    assert drawn.low < drawn.value < drawn.high
    with pytest.raises(ValueError, match="no pairs"):
        estimate(geometric_mean, [[]], 0)


def test_tasks_that_resemble_each_other_are_resampled_together() -> None:
    many = [[(1.0, 2.0)] * 50, [(1.0, 8.0)] * 50]
    apart, together = estimate(geometric_mean, [many[0] + many[1]], 0), estimate(geometric_mean, many, 0)
    assert apart.value == together.value == pytest.approx(1 / 4)
    assert together.low == pytest.approx(1 / 8) and together.high == pytest.approx(1 / 2)
    assert together.low < apart.low < apart.high < together.high
