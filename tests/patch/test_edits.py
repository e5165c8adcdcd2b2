"""Edits on source ranges: what they give, and what is refused."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trm_lsp.core.state import Edit, Variant
from trm_lsp.patch.edits import Overlap, apply, apply_all, texts_of

texts = st.text(max_size=8)
# A change of a text: what is kept, what is taken out, what is put in its place; and so on.
segments = st.lists(st.tuples(st.text(min_size=1, max_size=5), texts, texts), max_size=6)
Segments = list[tuple[str, str, str]]


def change(segments: Segments, path: str = "m.py") -> tuple[str, str, list[Edit]]:
    """An old text, a new one, and the edits that turn the one into the other."""
    old, new, edits = "", "", []
    for kept, removed, added in segments:
        old += kept
        edits.append(Edit(path, len(old), len(old) + len(removed), added))
        old, new = old + removed, new + kept + added
    return old, new, edits


@given(segments)
def test_the_edits_that_turn_old_into_new_give_new(segments: Segments) -> None:
    old, new, edits = change(segments)
    assert apply(old, edits) == new


@given(segments, st.randoms(use_true_random=False))
def test_the_order_of_the_edits_does_not_matter(segments: Segments, chance: random.Random) -> None:
    old, new, edits = change(segments)
    chance.shuffle(edits)
    assert apply(old, edits) == new


@given(texts)
def test_no_edits_give_the_text_itself(text: str) -> None:
    assert apply(text, []) == text


@given(texts, texts)
def test_one_edit_over_everything_gives_its_text(old: str, new: str) -> None:
    assert apply(old, [Edit("m.py", 0, len(old), new)]) == new


@given(st.tuples(*[st.integers(0, 12)] * 4))
def test_edits_that_touch_the_same_text_are_refused(ends: tuple[int, int, int, int]) -> None:
    a, b = sorted(ends[:2])
    c, d = sorted(ends[2:])
    edits = [Edit("m.py", a, b, "one"), Edit("m.py", c, d, "other")]
    shared = max(a, c) < min(b, d) or a < c == d < b or c < a == b < d
    if shared:
        with pytest.raises(Overlap, match="two edits touch offset"):
            apply("abcdefghijkl", edits)
    elif (a, b) != (c, d):
        assert apply("abcdefghijkl", edits) == apply("abcdefghijkl", edits[::-1])


@pytest.mark.parametrize("place", [0, 3, 6])
def test_two_insertions_at_the_same_place_are_refused(place: int) -> None:
    with pytest.raises(Overlap):
        apply("abcdef", [Edit("m.py", place, place, "one"), Edit("m.py", place, place, "other")])


def test_edits_that_only_meet_are_both_made() -> None:
    assert apply("abcdef", [Edit("m.py", 2, 4, "X"), Edit("m.py", 0, 2, "Y"), Edit("m.py", 4, 4, "Z")]) == "YXZef"


def test_offsets_count_code_points() -> None:
    assert apply("'é😀' + x", [Edit("m.py", 7, 8, "y")]) == "'é😀' + y"


@given(segments, segments, texts)
def test_each_file_gets_its_own_edits(one: Segments, other: Segments, third: str) -> None:
    old_a, new_a, edits_a = change(one, "a.py")
    old_b, new_b, edits_b = change(other, "b.py")
    mixed = sorted([*edits_b, *edits_a], key=lambda edit: edit.start)
    base = {"a.py": old_a, "b.py": old_b, "c.py": third}
    assert apply_all(base, mixed) == {"a.py": new_a, "b.py": new_b, "c.py": third}
    assert base == {"a.py": old_a, "b.py": old_b, "c.py": third}


def test_an_edit_of_a_text_that_is_not_there_is_an_error() -> None:
    with pytest.raises(KeyError, match=r"b\.py"):
        apply_all({"a.py": ""}, [Edit("b.py", 0, 0, "x")])


@given(segments.filter(bool), texts)
def test_a_variant_is_edits_on_the_texts_of_y_and_on_the_task_where_y_has_none(segments: Segments, other: str) -> None:
    old, new, edits = change(segments)
    assert texts_of(Variant({"y.py": other}, tuple(edits)), {"m.py": old, "y.py": "", "n.py": ""}) == {
        "y.py": other,
        "m.py": new,
    }
    assert texts_of(Variant({"m.py": old}, tuple(edits)), {"m.py": "not this one"}) == {"m.py": new}
