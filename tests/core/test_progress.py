"""Whether the loop still moves: best so far, idle steps, answers seen before."""

from __future__ import annotations

from collections.abc import Sequence

from fakes import candidate, verdict
from hypothesis import given
from hypothesis import strategies as st

from trm_lsp.core.progress import Progress
from trm_lsp.core.state import Reasoning
from trm_lsp.core.verdict import Verdict

BASELINE = verdict("failed", "failed")
HALF = verdict("passed", "failed")
SEARCHING, EXHAUSTED = Reasoning(), Reasoning(exhausted=True)

Step = tuple[str, Verdict, Reasoning]


def after(*steps: Step, patience: int = 3) -> Progress:
    progress = Progress(best=candidate("base\n").model_copy(update={"verdict": BASELINE}), patience=patience)
    for text, said, z in steps:
        progress = progress.after(candidate(text).model_copy(update={"verdict": said}), z, said)
    return progress


def check(steps: Sequence[Step], *, idle: int, stuck: bool = False, best: str = "base\n") -> None:
    progress = after(*steps)
    assert (progress.idle, progress.stuck, progress.best.texts["m.py"]) == (idle, stuck, best)


def test_a_better_verdict_is_the_new_best_and_counts_as_movement() -> None:
    check(
        [("one", BASELINE, SEARCHING), ("two", BASELINE, SEARCHING), ("three", HALF, SEARCHING)], idle=0, best="three"
    )


def test_commits_that_fail_in_the_same_way_make_it_stuck_when_patience_ends() -> None:
    steps = [(name, BASELINE, SEARCHING) for name in ("one", "two", "three", "four")]
    check(steps[:3], idle=2)
    check(steps, idle=3, stuck=True)


def test_a_commit_that_fails_in_another_way_is_movement() -> None:
    other = verdict("failed", "failed", signatures=("KeyError", "KeyError"))
    check([("one", BASELINE, SEARCHING), ("two", BASELINE, SEARCHING), ("three", other, SEARCHING)], idle=0)


def test_the_same_answer_while_more_is_left_to_try_is_searching() -> None:
    check([("one", BASELINE, SEARCHING)] * 9, idle=0)


def test_the_same_answer_with_nothing_left_is_stuck_at_once() -> None:
    check([("one", BASELINE, SEARCHING), ("one", BASELINE, EXHAUSTED)], idle=3, stuck=True)


def test_regressions_are_not_progress() -> None:
    done = after(("one", verdict("passed", "passed", regressions=("a", "b", "c")), SEARCHING))
    assert done.best.texts["m.py"] == "base\n"


def test_tests_that_cannot_run_are_worse_than_tests_that_fail() -> None:
    check([("one", verdict("failed", "failed", broken="No tests were found."), SEARCHING)], idle=0)


def test_a_fresh_start_forgets_the_idle_steps_and_takes_one_restart() -> None:
    stuck = after(*[(str(number), BASELINE, SEARCHING) for number in range(4)])
    again = stuck.restarted()
    assert (again.idle, again.stuck, again.restarts_left, again.seen) == (0, False, 0, stuck.seen)


verdicts = st.lists(
    st.sampled_from(["passed", "failed", "error", "timeout", "missing", "skipped"]), min_size=2, max_size=2
)
steps = st.tuples(
    st.sampled_from("abcde"),
    st.builds(
        lambda outcomes, broken, lost: verdict(*outcomes, broken=broken, regressions=tuple("r" * lost)),
        verdicts,
        st.sampled_from(["", "It broke."]),
        st.integers(0, 3),
    ),
    st.sampled_from([SEARCHING, EXHAUSTED]),
)


@given(st.lists(steps, max_size=20))
def test_the_best_never_gets_worse_and_every_answer_is_remembered_once(taken: list[Step]) -> None:
    scores = []
    for count in range(len(taken) + 1):
        progress = after(*taken[:count])
        assert progress.best.verdict is not None
        scores.append(progress.best.verdict.score)
    assert scores == sorted(scores)
    assert sorted(set(progress.seen)) == sorted(progress.seen)
    assert len(progress.seen) == len({text for text, _, _ in taken})
