import pytest

from recordset import field
from recordset.values import compare, order_key, value_of

ADA = {"name": "Ada", "age": 36, "home": {"city": "London"}, "tags": ["Math", "code"], "left": None}


def test_fields_are_found_by_path():
    assert value_of(ADA, "home.city") == "London"
    assert value_of(ADA, "home.street") is None
    assert value_of(ADA, "age.x") is None
    assert value_of({"a": {"b": 0}}, "a.b") == 0


@pytest.mark.parametrize(
    ("condition", "true"),
    [
        (field("age") == 36, True),
        (field("age") != 36, False),
        (field("age") < 36, False),
        (field("age") <= 36, True),
        (field("age") > 36, False),
        (field("age") >= 36, True),
        (field("name") == "ADA", True),
        (field("name") != "ada", False),
        (field("name") < "bob", True),
        (field("name") > "Bob", False),
        (field("left") == None, True),  # noqa: E711
        (field("none") != 1, True),
    ],
)
def test_comparisons(condition, true):
    assert condition(ADA) is true


def test_what_has_no_order_is_neither_less_nor_more():
    for condition in (field("left") < 1, field("left") >= 1, field("age") < "x", field("age") >= "x"):
        assert condition(ADA) is False
    assert compare(1, 2) == -1
    assert compare("b", "A") == 1
    assert compare(None, None) is None


def test_one_of_several():
    assert field("name").among(["bob", "ada"])(ADA)
    assert not field("name").among([])(ADA)
    assert field("left").among([None, 1])(ADA)


def test_parts():
    assert field("name").contains("DA")(ADA)
    assert field("tags").contains("math")(ADA)
    assert not field("tags").contains("mat")(ADA)
    assert not field("left").contains("x")(ADA)


def test_between_includes_both_ends():
    assert field("age").between(36, 40)(ADA)
    assert field("age").between(30, 36)(ADA)
    assert not field("age").between(37, 40)(ADA)


def test_conditions_combine():
    young, london = field("age") < 30, field("home.city") == "london"
    assert (young | london)(ADA)
    assert not (young & london)(ADA)
    assert (~young & london)(ADA)


def test_required_values():
    one = (field("a") == 1) & (field("b") == 2) & (field("c") > 3)
    assert one.required() == {"a": 1, "b": 2}
    assert ((field("a") == 1) | (field("b") == 2)).required() == {}
    assert (~(field("a") == 1)).required() == {}


def test_values_of_every_kind_have_an_order():
    values = [None, "b", 2, (1,), "A", 1.5, True]
    assert sorted(values, key=order_key) == [True, 1.5, 2, "A", "b", (1,), None]
