import pytest

from waypost import BadPattern, Pattern


@pytest.mark.parametrize(
    ("pattern", "path", "values"),
    [
        ("/", "/", {}),
        ("/users", "/users", {}),
        ("/users/", "/users", {}),
        ("/users", "/users/", {}),
        ("/users", "/users/x", None),
        ("/users", "/Users", None),
        ("/users/<id>", "/users/ada", {"id": "ada"}),
        ("/users/<id>", "/users/", None),
        ("/users/<id>", "/users/a/b", None),
        ("/users/<int:id>", "/users/42", {"id": 42}),
        ("/users/<int:id>", "/users/-4", {"id": -4}),
        ("/users/<int:id>", "/users/x", None),
        ("/c/<hex:c>", "/c/fF", {"c": 255}),
        ("/files/<path:name>", "/files/a/b.txt", {"name": "a/b.txt"}),
        ("/files/<path:name>/raw", "/files/a/b/raw", {"name": "a/b"}),
        ("/<a>-<b>.html", "/x-y.html", {"a": "x", "b": "y"}),
        ("/a.b", "/aXb", None),
        ("/q/<word>", "/q/a%20b%2Fc", {"word": "a b/c"}),
    ],
)
def test_matching(pattern, path, values):
    assert Pattern(pattern).match(path) == values


@pytest.mark.parametrize("text", ["", "users", "/<float:x>", "/<x>/<x>"])
def test_bad_patterns(text):
    with pytest.raises(BadPattern):
        Pattern(text)


@pytest.mark.parametrize(
    ("pattern", "values", "path"),
    [
        ("/", {}, "/"),
        ("/u/<int:id>/", {"id": 7}, "/u/7"),
        ("/u/<name>", {"name": "a b/c"}, "/u/a%20b%2Fc"),
        ("/f/<path:name>", {"name": "a b/c"}, "/f/a%20b/c"),
        ("/c/<hex:c>", {"c": 255}, "/c/ff"),
        ("/<a>/<b>", {"b": 1, "a": 2}, "/2/1"),
    ],
)
def test_building(pattern, values, path):
    assert Pattern(pattern).build(**values) == path
    assert Pattern(pattern).match(path) is not None


@pytest.mark.parametrize("values", [{}, {"id": "x"}, {"id": 1, "more": 2}, {"other": 1}])
def test_values_that_do_not_fit(values):
    with pytest.raises(BadPattern):
        Pattern("/u/<int:id>").build(**values)


def test_special_parts_weigh_more():
    texts = ["/a/<x>", "/a/<path:x>", "/a/b", "/a/<int:x>", "/<x>/b"]
    assert sorted(texts, key=lambda text: Pattern(text).weights, reverse=True) == [
        "/a/b",
        "/a/<int:x>",
        "/a/<x>",
        "/a/<path:x>",
        "/<x>/b",
    ]
