import pytest

from textmark import PlainWriter, parse, slug, to_plain
from textmark.plain import wrap


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("aa bb cc", 5, ["aa bb", "cc"]),
        ("aa bb cc", 4, ["aa", "bb", "cc"]),
        ("aaaaaa b", 3, ["aaaaaa", "b"]),
        ("a b c d", 3, ["a b", "c d"]),
        ("", 5, [""]),
    ],
)
def test_wrapping(text, width, lines):
    assert wrap(text, width) == lines


def test_wrapping_with_prefixes_of_different_lengths():
    assert wrap("a b c d e", 5, ">>> ", "> ") == [">>> a", "> b c", "> d e"]


def test_slugs_of_marks_and_letters():
    assert slug("Ça va? — Ja!") == "ca-va-ja"
    assert slug("日本") == "section"
    assert slug("A/B Testing (v1.2)") == "a-b-testing-v1-2"


def test_second_titles_are_underlined_to_their_width():
    assert to_plain("## one two three", 7) == "one two\nthree\n-------"


def test_notes_are_numbered_by_first_use_across_blocks():
    text = "# [t](/z)\n- [a](/a)\n  - [b](/z)\n\n> [c](/c)"
    assert to_plain(text) == "t [1]\n=====\n\n- a [2]\n  - b [1]\n\n> c [3]\n\n[1] /z\n[2] /a\n[3] /c"


def test_a_writer_forgets_its_notes():
    writer = PlainWriter(40)
    writer.write(parse("[a](/1) [b](/2)"))
    assert writer.write(parse("none")) == "none"
    assert writer.write(parse("[b](/2)")).endswith("[1] /2")


def test_nested_quotes_keep_within_the_width():
    lines = to_plain("> aa bb cc\n>> dd ee ff", 9).splitlines()
    assert lines == ["> aa bb", "> cc", ">", "> > dd ee", "> > ff"]


def test_long_lists_are_aligned_to_their_last_number():
    text = "\n".join(f"{number}. x" for number in range(98, 101))
    assert to_plain(text) == " 98. x\n 99. x\n100. x"


def test_nested_lists_keep_within_the_width():
    assert to_plain("10. aa bb\n    - cc dd ee", 9) == "10. aa bb\n    - cc\n      dd\n      ee"


def test_strong_words_are_capitals_within_emphasis():
    assert to_plain("*a **b** `c`*") == "*a B 'c'*"
