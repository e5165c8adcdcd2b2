import pytest

from layers import Boolean, Choice, Integer, Invalid, ListOf, Schema, String


@pytest.mark.parametrize("value", ["1", "TRUE", " yes", "on", True, 1])
def test_words_for_yes(value):
    assert Boolean().convert(value) is True


@pytest.mark.parametrize("value", ["0", "False", "no", "off", False, 0])
def test_words_for_no(value):
    assert Boolean().convert(value) is False


@pytest.mark.parametrize(("value", "number"), [("5", 5), (" -5 ", -5), (5.0, 5), (0, 0), (10, 10)])
def test_whole_numbers(value, number):
    assert Integer(least=-5, most=10).convert(value) == number


@pytest.mark.parametrize("value", ["x", "1.5", 1.5, True, None, "", 11, "-6", []])
def test_other_numbers(value):
    with pytest.raises(ValueError):
        Integer(least=-5, most=10).convert(value)


def test_texts_have_a_length():
    field = String(least=2, most=3)
    assert field.convert("abc") == "abc"
    assert field.convert(12) == "12"
    for text in ("a", "abcd"):
        with pytest.raises(ValueError):
            field.convert(text)


def test_choices_are_written_as_the_schema_does():
    field = Choice("Debug", "info")
    assert field.convert(" DEBUG ") == "Debug"
    with pytest.raises(ValueError, match="none of Debug, info"):
        field.convert("trace")


def test_lists():
    assert ListOf(Integer()).convert("1, 2,,3,\n4") == [1, 2, 3, 4]
    assert ListOf(Integer()).convert(("5",)) == [5]
    assert ListOf(String()).convert("") == []
    for value in ("1,x", 5):
        with pytest.raises(ValueError):
            ListOf(Integer()).convert(value)


SCHEMA = Schema(
    {
        "db.host": String(),
        "db.port": Integer(default=5432, least=1),
        "debug": Boolean(default=False, about="Say more."),
        "note": String(required=False),
        "tags": ListOf(String(), default=["a"]),
        "zero": Integer(default=0, required=False),
    }
)


def test_values_get_their_types():
    assert SCHEMA.check({"db": {"host": "h", "port": "1"}, "debug": "yes", "tags": "x,y"}) == {
        "db": {"host": "h", "port": 1},
        "debug": True,
        "tags": ["x", "y"],
    }


def test_all_problems_are_told_at_once():
    with pytest.raises(Invalid) as error:
        SCHEMA.check({"db": {"port": "0", "hosts": "h"}, "debug": "maybe", "tags": []})
    assert error.value.problems == [
        "db.host: is missing",
        "db.port: 0 is less than 1",
        "debug: 'maybe' is neither yes nor no",
        "db.hosts: is not known, perhaps db.host",
    ]


def test_a_default_makes_a_field_optional():
    with pytest.raises(Invalid) as error:
        SCHEMA.check({})
    assert error.value.problems == ["db.host: is missing"]


def test_defaults_are_fresh_and_may_be_falsy():
    first = SCHEMA.defaults()
    assert first == {"db": {"port": 5432}, "debug": False, "tags": ["a"], "zero": 0}
    first["tags"].append("b")
    assert SCHEMA.defaults()["tags"] == ["a"]


def test_a_schema_that_is_not_strict_keeps_what_it_does_not_know():
    schema = Schema({"a": Integer(default=1)}, strict=False)
    assert schema.check({"a": "2", "b": {"c": "3"}}) == {"a": 2, "b": {"c": "3"}}


def test_the_reference_lists_all_fields():
    assert SCHEMA.reference().splitlines() == [
        "db.host (string, required)",
        "db.port (integer, default 5432)",
        "debug (boolean, default False): Say more.",
        "note (string, default None)",
        "tags (list of string, default ['a'])",
        "zero (integer, default 0)",
    ]
