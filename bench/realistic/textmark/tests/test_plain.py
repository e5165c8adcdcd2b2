import pytest

from textmark import PlainWriter, parse, to_plain
from textmark.plain import wrap


@pytest.mark.parametrize(
    ("width", "lines"),
    [
        (9, ["one two", "three", "four"]),
        (10, ["one two", "three four"]),
        (13, ["one two three", "four"]),
        (100, ["one two three four"]),
        (2, ["one", "two", "three", "four"]),
    ],
)
def test_lines_are_as_long_as_they_may_be(width, lines):
    assert wrap("one two  three four", width) == lines


def test_a_prefix_counts():
    assert wrap("one two three", 9, "* ", "  ") == ["* one two", "  three"]
    assert wrap("", 9, "* ") == ["*"]


def test_titles_are_underlined():
    assert to_plain("# Hello\n## Big world\n### No") == "Hello\n=====\n\nBig world\n---------\n\nNo"


def test_a_title_of_two_lines_is_underlined_as_its_longer_one():
    assert to_plain("# My longer title", 9) == "My longer\ntitle\n========="


def test_emphasis_and_code():
    assert to_plain("so *very* **big** `x`") == "so *very* BIG 'x'"


def test_links_become_notes():
    text = "[a](/1) and [b](/2), [c](/1)"
    assert to_plain(text) == "a [1] and b [2], c [1]\n\n[1] /1\n[2] /2"


def test_notes_begin_anew_with_every_document():
    writer = PlainWriter()
    assert writer.write(parse("[a](/1)")) == "a [1]\n\n[1] /1"
    assert writer.write(parse("[b](/2)")) == "b [1]\n\n[1] /2"


def test_code_is_indented_and_never_wrapped():
    assert to_plain("```\none two\n\nthree\n```", 5) == "    one two\n\n    three"


def test_quotes_are_marked_on_every_line():
    assert to_plain("> one two three\n>\n> four", 9) == "> one two\n> three\n>\n> four"


def test_numbers_of_a_list_are_aligned():
    assert to_plain("9. a\n10. b") == " 9. a\n10. b"
    assert to_plain("1. a\n2. b") == "1. a\n2. b"


def test_items_are_wrapped_below_their_text():
    assert to_plain("- one two three\n  1. four five", 9) == "- one two\n  three\n  1. four\n     five"


def test_a_writer_starts_anew_even_without_links():
    writer = PlainWriter()
    writer.write(parse("[a](/1)"))
    assert writer.write(parse("b")) == "b"


def test_prefixes_count_for_the_width():
    assert wrap("aaa bbb ccc", 8, "- ", "  ") == ["- aaa", "  bbb", "  ccc"]


def test_lines_of_quotes_are_no_longer_than_the_width():
    assert to_plain("> aa bb cc", 8) == "> aa bb\n> cc"


def test_lines_of_lists_are_no_longer_than_the_width():
    assert to_plain("- aa bb cc\n  - dd ee", 8) == "- aa bb\n  cc\n  - dd\n    ee"
