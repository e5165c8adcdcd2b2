import pytest

from layers import BadReference, BadSyntax, Missing, from_environment, from_text
from layers.references import resolve
from layers.tree import drop, get, leaves, merge, put


@pytest.mark.parametrize(
    ("below", "above", "merged"),
    [
        ({}, {}, {}),
        ({"a": 1}, {}, {"a": 1}),
        ({"a": {"b": 1}}, {"a": {}}, {"a": {"b": 1}}),
        ({"a": {"b": 1}}, {"a": None}, {"a": None}),
        ({"a": {"b": {"c": 1}}}, {"a": {"b": {"d": 2}}}, {"a": {"b": {"c": 1, "d": 2}}}),
    ],
)
def test_merging(below, above, merged):
    assert merge(below, above) == merged


def test_merging_copies_deeply_on_both_sides():
    below, above = {"a": {"b": {"c": []}}}, {"a": {"d": {"e": []}}}
    merged = merge(below, above)
    merged["a"]["b"]["c"].append(1)
    merged["a"]["d"]["e"].append(1)
    assert (below, above) == ({"a": {"b": {"c": []}}}, {"a": {"d": {"e": []}}})


def test_paths_through_values_lead_nowhere():
    assert get({"a": "text"}, "a.b", 1) == 1
    assert get({"a": {"b": False}}, "a.b", 1) is False
    with pytest.raises(Missing):
        get({}, "a")


def test_putting_below_a_value_replaces_it():
    tree = {"a": 1}
    put(tree, "a.b.c", 2)
    put(tree, "a.b.d", 3)
    assert tree == {"a": {"b": {"c": 2, "d": 3}}}


def test_dropping_stops_at_what_is_not_empty():
    tree = {"a": {"b": {"c": {"d": 1}}, "e": 0}}
    drop(tree, "a.b.c.d")
    assert tree == {"a": {"e": 0}}
    with pytest.raises(Missing):
        drop(tree, "a.e.f")


def test_leaves_of_an_empty_tree():
    assert list(leaves({})) == []
    assert list(leaves({"x": {"y": {}, "z": {"w": None}}})) == [("x.y", {}), ("x.z.w", None)]


def test_a_text_of_everything():
    text = (
        'Top = 1\n[Web.Server]\nPort = 8080 ; http\nmotto = "a ; b # c"  # said\n'
        "hosts =\n  a,\n  b # second\n\n[db]\nurl = x;y#z"
    )
    assert from_text(text) == {
        "top": "1",
        "web": {"server": {"port": "8080", "motto": "a ; b # c", "hosts": "a,\nb"}},
        "db": {"url": "x;y#z"},
    }


def test_later_lines_win():
    assert from_text("a = 1\n[b]\nc = 2\n[b]\nc = 3\nd = 4") == {"a": "1", "b": {"c": "3", "d": "4"}}


@pytest.mark.parametrize(("text", "line"), [("x", 1), ("a = 1\n  b\nc", 3), ("a = 1\n# c\n\na. = 2", 4), ("[a b]", 1)])
def test_lines_are_counted_as_an_editor_does(text, line):
    with pytest.raises(BadSyntax, match=f"^line {line}: ") as error:
        from_text(text)
    assert error.value.line == line


def test_quotes_within_values():
    assert from_text("a = say \"x\" # y\nb = \"x\nc = 'a' 'b'") == {"a": 'say "x"', "b": '"x', "c": "a' 'b"}


def test_the_environment():
    variables = {"MY_APP_A__B__C": "1", "MY_APP_LOG_LEVEL": "x", "MY_APPS": "n", "my_app_z": "n", "MY_APP_E": ""}
    assert from_environment(variables, "my_app") == {"a": {"b": {"c": "1"}}, "log_level": "x"}


def test_deep_references():
    tree = {"a": {"list": ["${b.x}", {"c": "${d}"}]}, "b": {"x": "${d}-${d}"}, "d": True, "e": "${b}"}
    assert resolve(tree) == {
        "a": {"list": ["True-True", {"c": True}]},
        "b": {"x": "True-True"},
        "d": True,
        "e": {"x": "True-True"},
    }


def test_references_with_defaults_and_dollars():
    assert resolve({"a": "$$${b:-5}", "c": "${a}${a}", "e": "${ c :-no}"}) == {"a": "$5", "c": "$5$5", "e": "$5$5"}


def test_a_value_that_is_nothing_but_a_dollar():
    assert resolve({"a": "$$", "b": "${a}"}) == {"a": "$", "b": "$"}


def test_long_circles():
    with pytest.raises(BadReference, match=r"^x -> y -> z -> x$"):
        resolve({"a": "${x}", "x": "${y}", "y": "-${z}-", "z": "${x:-1}"})


def test_a_failed_resolution_names_what_is_missing():
    with pytest.raises(BadReference, match=r"^no is not known$"):
        resolve({"a": "${b}", "b": "${no}"})
