"""How much nearer to passing a candidate is, from what its failures say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trm_lsp.core.verdict import Outcome, TestResult, Tier, Verdict
from trm_lsp.nets.repair.nearness import closeness_of, nearness
from trm_lsp.nets.repair.reading import Reading

TEST = "test_m.py::test_it"


def failed(signature: str, line: int = 0, test: str = TEST) -> TestResult:
    frames = ((test.split("::")[0], line), ("m.py", 99)) if line else ()
    return TestResult(id=test, outcome=Outcome.FAILED, signature=signature, frames=frames)


def passed(test: str = TEST) -> TestResult:
    return TestResult(id=test, outcome=Outcome.PASSED)


def judged(*results: TestResult) -> Verdict:
    return Verdict(tier=Tier.SCREEN, results=results, targets=tuple(result.id for result in results))


def test_a_candidate_that_passes_is_as_near_as_can_be() -> None:
    assert nearness(judged(passed()), judged(failed("assert 1 == 2"))) == 1.0


def test_a_candidate_that_changes_nothing_is_no_nearer() -> None:
    standing = judged(failed("assert 1 == 2", line=4))
    assert nearness(standing, standing) == 0.0


def test_each_target_that_passes_counts() -> None:
    other = "test_m.py::test_other"
    standing = judged(failed("assert 1 == 2"), failed("assert 3 == 4", test=other))
    assert nearness(judged(passed(), failed("assert 3 == 4", test=other)), standing) == 0.5


def test_a_test_that_comes_further_says_more_than_a_nearer_value_and_that_more_than_another_failure() -> None:
    standing = judged(failed("assert 1 == 9", line=4))
    further = nearness(judged(failed("assert 0 == 9", line=5)), standing)
    nearer = nearness(judged(failed("assert 8 == 9", line=4)), standing)
    another = nearness(judged(failed("TypeError: no", line=4)), standing)
    assert 1 > further > nearer > another > 0


def raised(signature: str, line: int) -> TestResult:
    frames = (("test_m.py", 4), ("m.py", line), ("n.py", 7))
    return TestResult(id=TEST, outcome=Outcome.FAILED, signature=signature, frames=frames)


def answered(signature: str) -> TestResult:
    return TestResult(id=TEST, outcome=Outcome.FAILED, signature=signature, frames=(("test_m.py", 4),))


def test_code_that_answers_says_more_than_code_that_raises_later_and_that_more_than_another_error() -> None:
    standing = judged(raised("TypeError: no", 20))
    answer = nearness(judged(answered("assert [] == [1]")), standing)
    later = nearness(judged(raised("KeyError: 1", 21)), standing)
    otherwise = nearness(judged(raised("KeyError: 1", 19)), standing)
    assert answer > later > otherwise > 0


def test_code_that_raises_where_it_gave_an_answer_only_fails_in_another_way() -> None:
    standing = judged(answered("assert [] == [1]"))
    raises = nearness(judged(raised("KeyError: 1", 21)), standing)
    assert raises == nearness(judged(answered("KeyError: 1")), standing) > 0


@pytest.mark.parametrize("now", [failed("assert 1 == 9", line=3), failed("assert -9 == 9", line=4)])
def test_what_fails_earlier_or_further_off_is_no_nearer(now: TestResult) -> None:
    assert nearness(judged(now), judged(failed("assert 1 == 9", line=4))) == 0.0


def test_a_target_that_comes_away_from_passing_counts_against_the_others() -> None:
    other = "test_m.py::test_other"
    standing = judged(failed("assert 1 == 9", line=4), failed("assert 1 == 9", line=14, test=other))
    one = nearness(judged(failed("assert 8 == 9", line=4), failed("assert 1 == 9", line=14, test=other)), standing)
    both = nearness(judged(failed("assert 8 == 9", line=4), failed("assert 1 == 9", line=11, test=other)), standing)
    assert one > both == 0.0


def test_what_could_not_be_run_is_no_nearer() -> None:
    broken = Verdict(tier=Tier.CONFIRM, targets=(TEST,), broken="it does not import")
    assert nearness(broken, judged(failed("assert 1 == 2"))) == 0.0


@pytest.mark.parametrize(
    ("further", "nearer"),
    [
        ("assert 5 == 9", "assert 8 == 9 + where 8 = f(2)"),
        ("assert 0.5 == 2.0", "assert 1.5 == 2.0"),
        ("assert [] == [1, 2]", "assert [1] == [1, 2] Right contains one more item: 2"),
        ("assert [3, 1, 2] == [1, 2, 3]", "assert [1, 3, 2] == [1, 2, 3] At index 1 diff: 3 != 2"),
        ("assert 'x' == 'abc' - abc + x", "assert 'ab' == 'abc' - abc ? - + ab"),
        ("assert {'a': 2} == {'a': 1, 'b': 2}", "assert {'a': 1} == {'a': 1, 'b': 2} Omitting 1 identical items"),
        ("assert {1} == {2, 3}", "assert {2} == {2, 3}"),
        ("assert (1, 'a') == (2, 'b')", "assert (2, 'a') == (2, 'b')"),
        ("assert None == [1]", "assert [] == [1]"),
        ("assert '1' == 1", "assert 3 == 1"),
        ("assert (1+2j) == (1-2j)", "assert (1-1j) == (1-2j)"),
        ("assert [b'a'] == [b'bc']", "assert [b'b'] == [b'bc']"),
        ("assert 1e999 == 2.0", "assert 1.0 == 2.0"),
        ('assert "it\'s" == "it\'s == so"', 'assert "it\'s ==" == "it\'s == so"'),
    ],
)
def test_values_come_nearer(further: str, nearer: str) -> None:
    before, after = closeness_of(further), closeness_of(nearer)
    assert before is not None and after is not None and 0 <= before < after < 1


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-3, 3).map(lambda sign: sign * 10**400),
    st.floats(allow_nan=False),
    st.complex_numbers(allow_nan=False),
    st.text(),
    st.binary(),
    st.just(...),
)
KEYS = SCALARS | st.tuples(SCALARS)
LITERALS = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner), st.lists(inner).map(tuple), st.dictionaries(KEYS, inner), st.sets(KEYS, min_size=1)
    ),
    max_leaves=8,
)
"""What can stand in a comparison that failed, and be read; numbers too large for a float as well."""


def written(literal: object) -> str:
    return repr(literal).replace("inf", "1e999").replace("Ellipsis", "...")


@given(LITERALS, LITERALS)
def test_any_two_literals_have_a_closeness_below_one(one: object, other: object) -> None:
    for left, right in ((one, other), ([one], [other]), ([one, 1], [other, 2])):
        closeness = closeness_of(f"assert {written(left)} == {written(right)}")
        assert closeness is None or 0 <= closeness < 1


def test_literals_that_hold_each_other_as_deep_as_they_can_be_read_have_a_closeness() -> None:
    one, other = (f"{'[' * 90}{number}{']' * 90}" for number in (1, 2))
    assert closeness_of(f"assert {one} == {other}") is not None


@pytest.mark.parametrize(
    "signature",
    [
        "assert False",
        "ValueError: assert",
        "assert f(x) == y",
        "assert [1, == 3",
        "",
        "assert 1 ==",
        f"assert [0x{'f' * 5000}] == [1, 2]",
    ],
)
def test_what_compares_no_literals_that_can_be_shown_has_no_closeness(signature: str) -> None:
    assert closeness_of(signature) is None


def hanging(test: str) -> TestResult:
    return TestResult(id=test, outcome=Outcome.TIMEOUT)


def test_nothing_is_built_on_a_candidate_that_lets_a_target_hang_while_another_fails() -> None:
    two, three = "test_m.py::test_two", "test_m.py::test_three"
    standing = judged(*(failed("assert 1 == 2", test=test) for test in (TEST, two, three)))
    ends = judged(passed(), failed("assert 1 == 2", test=two), failed("assert 3 == 2", test=three))
    hangs = judged(passed(), hanging(two), failed("assert 1 == 2", test=three))
    read = Reading(standing)
    assert read(ends).fewer and read(ends).gain > 0
    assert not read(hangs).fewer and read(hangs).gain == 0.0


def test_a_candidate_that_is_cut_short_may_be_all_right_and_a_target_that_hung_before_says_nothing() -> None:
    two, three = "test_m.py::test_two", "test_m.py::test_three"
    cut = judged(passed(), hanging(two))
    said = Reading(judged(failed("assert 1 == 2"), failed("assert 1 == 2", test=two)))(cut)
    assert said.cut and said.fewer
    standing = judged(failed("assert 1 == 2"), hanging(two), failed("assert 1 == 2", test=three))
    assert Reading(standing)(judged(passed(), hanging(two), failed("assert 1 == 2", test=three))).fewer
