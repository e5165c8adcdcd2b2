import pytest

from layers import Missing
from layers.tree import drop, get, leaves, merge, put


def test_upper_values_win_and_the_others_stay():
    below = {"a": {"b": 1, "c": {"d": 2}}, "e": 3}
    above = {"a": {"c": {"d": 4, "f": 5}}, "g": 6}
    assert merge(below, above) == {"a": {"b": 1, "c": {"d": 4, "f": 5}}, "e": 3, "g": 6}


def test_lists_and_other_values_replace_each_other():
    assert merge({"a": [1, 2], "b": {"c": 1}}, {"a": [3], "b": 2}) == {"a": [3], "b": 2}
    assert merge({"a": 1}, {"a": {"b": 2}}) == {"a": {"b": 2}}


def test_merging_changes_and_shares_nothing():
    below, above = {"a": {"b": [1]}, "x": {"y": 1}}, {"a": {"c": [2]}, "n": [3]}
    merged = merge(below, above)
    merged["a"]["b"].append(9)
    merged["a"]["c"].append(9)
    merged["n"].append(9)
    merged["x"]["y"] = 9
    assert below == {"a": {"b": [1]}, "x": {"y": 1}}
    assert above == {"a": {"c": [2]}, "n": [3]}


def test_values_are_found_by_path():
    tree = {"a": {"b": {"c": 0}}, "n": None}
    assert get(tree, "a.b.c") == 0
    assert get(tree, "a.b") == {"c": 0}
    assert get(tree, "n", 5) is None
    assert get(tree, "a.x", 5) == 5
    assert get(tree, "a.b.c.d", None) is None
    with pytest.raises(Missing, match=r"no value for a\.x\.y"):
        get(tree, "a.x.y")


def test_values_are_put_by_path():
    tree = {"a": {"b": 1}, "x": 2}
    put(tree, "a.c.d", 3)
    put(tree, "x.y", 4)
    put(tree, "z", 5)
    assert tree == {"a": {"b": 1, "c": {"d": 3}}, "x": {"y": 4}, "z": 5}


def test_dropping_leaves_no_empty_trees():
    tree = {"a": {"b": {"c": 1}, "d": 2}}
    drop(tree, "a.b.c")
    assert tree == {"a": {"d": 2}}
    drop(tree, "a.d")
    assert tree == {}


@pytest.mark.parametrize("path", ["x", "a.x", "a.b.c", "a.x.y"])
def test_only_what_is_there_can_be_dropped(path):
    tree = {"a": {"b": 1}}
    with pytest.raises(Missing):
        drop(tree, path)
    assert tree == {"a": {"b": 1}}


def test_leaves_have_whole_paths():
    tree = {"a": {"b": 1, "c": {"d": 2}}, "e": {}, "f": [1]}
    assert list(leaves(tree)) == [("a.b", 1), ("a.c.d", 2), ("e", {}), ("f", [1])]


def test_dropping_the_only_value_leaves_nothing():
    tree = {"a": {"b": {"c": {"d": 1}}}}
    drop(tree, "a.b.c.d")
    assert tree == {}
