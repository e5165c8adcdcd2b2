import pytest

from layers import BadReference
from layers.references import resolve


def test_references_are_replaced_within_text():
    tree = {"host": "h", "port": 80, "url": "http://${host}:${ port }/"}
    assert resolve(tree)["url"] == "http://h:80/"


def test_a_lone_reference_keeps_the_type():
    tree = {"a": {"b": 5, "l": [1, "${a.b}"]}, "c": "${a.b}", "d": "${a.l}"}
    assert resolve(tree) == {"a": {"b": 5, "l": [1, 5]}, "c": 5, "d": [1, 5]}


def test_references_lead_on():
    tree = {"a": "${b}!", "b": "${c}?", "c": "x"}
    assert resolve(tree) == {"a": "x?!", "b": "x?", "c": "x"}


def test_the_same_value_can_be_referred_to_twice():
    tree = {"a": "${c} ${b} ${c}", "b": "${c}", "c": "x"}
    assert resolve(tree)["a"] == "x x x"


def test_defaults_of_references():
    tree = {"a": "${x:-y}", "b": "${a:-z}", "c": "-${x:-}-"}
    assert resolve(tree) == {"a": "y", "b": "y", "c": "--"}


def test_dollars():
    assert resolve({"a": "$5 $${b} $$"}) == {"a": "$5 ${b} $"}


def test_references_to_nothing():
    with pytest.raises(BadReference, match=r"a\.x is not known"):
        resolve({"a": {"b": "${a.x}"}})


def test_circles_are_named():
    with pytest.raises(BadReference, match=r"^b -> a -> b$"):
        resolve({"a": "${b}", "b": "x${a}"})
    with pytest.raises(BadReference, match=r"^s -> s$"):
        resolve({"s": "${s}"})


def test_the_tree_itself_is_left_alone():
    tree = {"a": ["${b}"], "b": 1}
    resolve(tree)
    assert tree == {"a": ["${b}"], "b": 1}


def test_circles_are_found_behind_defaults_and_in_lists():
    with pytest.raises(BadReference, match=r"^x -> y -> x$"):
        resolve({"l": ["${x}"], "x": "${y:-1}", "y": "${x:-2}"})
