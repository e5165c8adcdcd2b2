import pytest

from layers import BadSyntax, from_environment, from_text


def test_names_and_values_below_sections():
    text = "a = 1\n\n[one]\nb=2\n[one.two]\nc = x = y\n"
    assert from_text(text) == {"a": "1", "one": {"b": "2", "two": {"c": "x = y"}}}


def test_names_may_have_dots_and_capitals():
    assert from_text("[One]\nTwo.Three = X") == {"one": {"two": {"three": "X"}}}


def test_comments_say_nothing():
    text = "# a\n; b\n  # c\na = 1 # one\nb = x#y ; z\n"
    assert from_text(text) == {"a": "1", "b": "x#y"}


def test_signs_of_comments_within_words_are_kept():
    assert from_text("url = http://x/#top ; page\nparts = a;b") == {"url": "http://x/#top", "parts": "a;b"}


def test_quotes_keep_what_they_hold():
    assert from_text("a = ' # x '\nb = \"it's\" # y\nc = 'x\nd = it's # z") == {
        "a": " # x ",
        "b": "it's",
        "c": "'x",
        "d": "it's",
    }


def test_indented_lines_go_on():
    text = "a = 1,\n    2, # two\n\n    3\nb = 4"
    assert from_text(text) == {"a": "1,\n2,\n3", "b": "4"}


@pytest.mark.parametrize(
    ("text", "line"), [("a = 1\nb", 2), ("\n\n= 1", 3), ("a b = 1", 1), ("# x\n[a]\n[b", 3), (".a = 1", 1)]
)
def test_other_lines_are_errors_with_their_number(text, line):
    with pytest.raises(BadSyntax) as error:
        from_text(text)
    assert error.value.line == line


def test_an_empty_value_is_empty():
    assert from_text("a =\nb = ''") == {"a": "", "b": ""}


def test_variables_with_the_prefix():
    variables = {"APP_DEBUG": "1", "APP_DB__HOST": "x", "APP_DB__MAX_SIZE": "5", "APPLE_X": "n", "OTHER": "n"}
    assert from_environment(variables, "app") == {"debug": "1", "db": {"host": "x", "max_size": "5"}}


def test_empty_variables_say_nothing():
    assert from_environment({"APP_A": "", "APP_": "x", "APP_B": " "}, "APP") == {"b": " "}
