import pytest

from recordset import QueryError, parse

ADA = {"name": "Ada", "age": 36, "city": "New York", "score": -1.5, "ok": True, "left": None, "a.b": 1, "a": {"b": 2}}


@pytest.mark.parametrize(
    "text",
    [
        "age = 36",
        "age>=36",
        "age != 35",
        "name = ada",
        'city = "new york"',
        'city ~ "york"',
        "score = -1.5",
        "score < 0",
        "ok = true",
        "left = NONE",
        "a.b = 2",
        "name in (bob, Ada)",
        "name not in (bob)",
        "not name in (bob)",
        "not not age = 36",
        "age = 1 or age = 36",
        "(age = 36)",
        "age = 36 AND (name = x OR ok = true)",
        "age = 36 or age = 1 and age = 2",
        "not age = 1 and name = ada",
        "not (age = 1 and name = ada)",
    ],
)
def test_true(text):
    assert parse(text)(ADA)


@pytest.mark.parametrize(
    "text",
    [
        "age = 35",
        'age = "36"',
        "age < 36",
        "left > 1",
        "name not in (bob, ada)",
        "not age = 36",
        "not age = 36 or age = 1",
        "not age = 1 and name = bob",
        "not name = bob and age = 1",
        "(age = 36 or age = 1) and age = 2",
        "name = ada and age = 1",
        "not (age = 36 or name = x)",
    ],
)
def test_false(text):
    assert not parse(text)(ADA)


def test_quotes_within_quotes():
    assert parse(r'x = "a \"b\" \\"')({"x": 'a "b" \\'})
    assert parse('x = ""')({"x": ""})


def test_words_with_digits_are_texts():
    assert parse("x = 2nd")({"x": "2nd"})
    assert parse("x = 1.2.3")({"x": "1.2.3"})
    assert parse("x = a-1")({"x": "a-1"})


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("", 0),
        ("age", 3),
        ("age =", 5),
        ("age = 1 and", 11),
        ("age = 1 2", 8),
        ("(age = 1", 8),
        ("age = 1)", 7),
        ("age in 1", 7),
        ("age in ()", 8),
        ("age in (1,)", 10),
        ("and = 1", 0),
        ("age = or", 6),
        ("age not = 1", 8),
        ("age = 1 &", 8),
        ('age = "x', 6),
    ],
)
def test_what_cannot_be_read(text, at):
    with pytest.raises(QueryError) as error:
        parse(text)
    assert error.value.at == at
