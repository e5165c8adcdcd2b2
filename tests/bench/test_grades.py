"""What a grade is worth is told of answers that had no part in finding it out."""

from __future__ import annotations

import pytest
from repair_runs import made

from bench.grades import brier, calibration_rows, predicted, probability
from bench.runs import Run
from bench.tasks import DEVELOPMENT


def answers(grade: str, right: int, wrong: int, **facts: object) -> list[Run]:
    """Answers of one grade."""
    return [
        made(name=f"{grade} {number} {facts}", **{"grade": grade, "correct": number < right, **facts})
        for number in range(right + wrong)
    ]


def test_probabilities_are_fitted_on_the_odd_half_and_told_of_the_rest() -> None:
    odd = answers("unique", 3, 0, set=DEVELOPMENT, kinds=("odd",)) + answers(
        "rivals", 0, 2, set=DEVELOPMENT, kinds=("odd",)
    )
    rest = answers("unique", 1, 1) + answers("rivals", 1, 0, set=DEVELOPMENT, kinds=("even",))
    told, how = predicted([*odd, *rest])
    assert how == "fitted on 5 odd ones of the development set"
    assert [(each.grade, each.correct) for each in told] == [("unique", True), ("unique", False), ("rivals", True)]
    assert [each.stated for each in told] == [0.8, 0.8, 0.25]
    assert {each.plain for each in told} == {4 / 7}


def test_without_it_each_answer_is_left_out_of_what_is_fitted_for_it() -> None:
    told, how = predicted(answers("unique", 2, 1))
    assert "left out" in how
    assert [each.stated for each in told] == [2 / 4, 2 / 4, 3 / 4]


def test_a_grade_that_was_never_fitted_has_what_all_have() -> None:
    odd = answers("unique", 4, 0, set=DEVELOPMENT, kinds=("odd",))
    ((only,), _) = predicted([*odd, *answers("special-cases the tests", 0, 1)])
    assert only.stated == only.plain == probability(odd) == 5 / 6


def test_the_score_is_the_mean_squared_distance() -> None:
    assert brier([(0.9, True), (0.6, False)]) == pytest.approx((0.1**2 + 0.6**2) / 2)


def test_the_table_has_every_grade_as_it_comes_and_the_score() -> None:
    rows = list(calibration_rows(answers("unique", 4, 0) + answers("rivals, 2 behaviours", 1, 1)))
    assert [row.figure for row in rows] == [
        "grade: rivals, 2 behaviours",
        "grade: unique",
        "Brier score of the grades",
    ]
    assert rows[0].measured.startswith("50 % right (1 of 2; ")
    assert rows[1].control.startswith("stated 80 %")


def test_answers_of_controls_and_bugs_with_nothing_hidden_are_not_graded() -> None:
    rest = answers("unique", 2, 0, single=True) + answers("unique", 2, 0, arm="flat") + answers("", 2, 0)
    assert list(calibration_rows(rest)) == []
