"""Lines, columns and offsets as the protocol counts them."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from trm_lsp.editor import lines

TEXTS = st.text(alphabet="ab é字😀\n\r\f\u2028\x85", max_size=40)
ENCODINGS = st.sampled_from(["utf-8", "utf-16", "utf-32"])


@given(TEXTS)
def test_lines_make_up_the_text_and_end_where_the_protocol_says(text: str) -> None:
    found = lines.split(text)
    assert "".join(found) == text
    assert [lines.content(line) for line in found] == re.split(r"\r\n|\r|\n", text)


@given(TEXTS, ENCODINGS, st.data())
def test_a_position_leads_back_to_its_offset(text: str, encoding: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(text)))
    if text[at - 1 : at + 1] == "\r\n":
        at += 1  # between CR and LF there is no position
    found = lines.split(text)
    assert lines.offset(found, *lines.position(found, at, encoding), encoding) == at


@given(TEXTS, ENCODINGS)
def test_units_are_those_of_the_encoding(text: str, encoding: str) -> None:
    codec, width = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}[encoding]
    assert lines.units(text, encoding) == len(text.encode(codec)) // width


@given(TEXTS, ENCODINGS, st.integers(0, 60), st.integers(0, 200))
def test_any_position_is_somewhere_in_the_text(text: str, encoding: str, line: int, character: int) -> None:
    assert 0 <= lines.offset(lines.split(text), line, character, encoding) <= len(text)


@given(st.lists(st.sampled_from("abc"), max_size=8), st.lists(st.sampled_from("abc"), max_size=8))
def test_a_line_that_is_followed_is_the_same_line(before: list[str], after: list[str]) -> None:
    moved = lines.Moved(before, after)
    for number, line in enumerate(before):
        now = moved.line(number)
        assert now is None or after[now] == line


def test_lines_around_an_edit_are_followed() -> None:
    moved = lines.Moved(["a", "b", "c"], ["a", "x", "y", "c"])
    assert [moved.line(number) for number in range(3)] == [0, None, 3]
