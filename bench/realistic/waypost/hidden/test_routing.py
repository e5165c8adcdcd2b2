import pytest

from waypost import BadPattern, Headers, MethodNotAllowed, NotFound, Pattern, Request, Response, Router


def named(name):
    def handler(request, **values):
        return name

    handler.__name__ = name
    return handler


@pytest.mark.parametrize(
    ("pattern", "path", "values"),
    [
        ("/a/<b>/c/<int:d>", "/a/x/c/0", {"b": "x", "d": 0}),
        ("/a/<b>/c/<int:d>", "/a/x/y/c/0", None),
        ("/<path:p>/<int:n>", "/a/b/3/4/", {"p": "a/b/3", "n": 4}),
        ("/c/<hex:c>", "/c/0g", None),
        ("/c/<hex:c>", "/c/-1", None),
        ("/v(1)/<x>", "/v(1)/%C3%A4", {"x": "ä"}),
        ("/v(1)", "/v1", None),
        ("/<x>", "/", None),
        ("/x/", "/x/", {}),
        ("/x", "/x/y/", None),
    ],
)
def test_matching(pattern, path, values):
    assert Pattern(pattern).match(path) == values


@pytest.mark.parametrize(
    ("pattern", "values"),
    [
        ("/<name>", {"name": "ä/b c?"}),
        ("/x/<hex:n>/y", {"n": 4095}),
        ("/<path:p>", {"p": "a/b#c"}),
        ("/<int:n>", {"n": -3}),
    ],
)
def test_what_is_built_is_matched(pattern, values):
    one = Pattern(pattern)
    built = one.build(**values)
    assert "?" not in built and "#" not in built and " " not in built
    if "path" not in pattern:
        assert one.match(built) == values


def test_an_empty_value_fits_no_place():
    for pattern in ("/<x>", "/<path:x>", "/<int:x>"):
        with pytest.raises(BadPattern):
            Pattern(pattern).build(x="")


def test_weights_by_part():
    assert Pattern("/a/<int:b>/<c>/<path:d>").weights == (3, 2, 1, 0)
    assert Pattern("/<hex:a>/b").weights == (2, 3)


def test_routes_of_all_kinds():
    router = Router()
    for path, name in [
        ("/<path:rest>", "rest"),
        ("/<page>", "page"),
        ("/<int:year>", "year"),
        ("/about", "about"),
        ("/<page>/edit", "edit"),
    ]:
        router.add(path, named(name))
    found = [
        router.resolve("GET", path)[0].name for path in ("/about/", "/2024", "/x", "/x/edit", "/x/y", "/about/edit")
    ]
    assert found == ["about", "year", "page", "edit", "rest", "edit"]


def test_methods_of_several_routes_are_told_together():
    router = Router()
    router.add("/<x>", named("a"), ["POST"])
    router.add("/<int:n>", named("b"), ["put"])
    with pytest.raises(MethodNotAllowed) as error:
        router.resolve("GET", "/5")
    assert error.value.headers["Allow"] == "POST, PUT"
    assert error.value.status == 405
    with pytest.raises(NotFound):
        router.resolve("GET", "/5/6")


def test_mounting_twice_and_within():
    inner, middle, outer = Router(), Router(), Router()
    inner.add("/", named("index"), ["GET", "POST"])
    inner.add("/<int:id>/", named("show"))
    middle.mount("shop", inner, "shop")
    outer.mount("/en/", middle, "en")
    outer.mount("/de", middle, "de")
    assert outer.url_for("de.shop.show", id=2) == "/de/shop/2"
    assert outer.resolve("POST", "/en/shop")[0].name == "en.shop.index"
    assert len(outer) == 4
    with pytest.raises(BadPattern, match=r"de\.shop\.index, de\.shop\.show"):
        outer.mount("/xx", middle, "de")
    assert len(outer) == 4
    with pytest.raises(NotFound):
        outer.resolve("GET", "/xx/shop")


def test_a_refused_route_is_not_there():
    router = Router()
    router.add("/a", named("x"))
    router.resolve("GET", "/a")
    with pytest.raises(BadPattern):
        router.add("/b", named("x"), ["POST"])
    with pytest.raises(NotFound):
        router.resolve("POST", "/b")
    assert [route.pattern.text for route in router] == ["/a"]


def test_new_routes_are_seen_at_once():
    router = Router()
    router.add("/<x>", named("any"))
    assert router.resolve("GET", "/a")[0].name == "any"
    inner = Router()
    inner.add("/a", named("a"))
    router.mount("/", inner)
    assert router.resolve("GET", "/a")[0].name == "a"


def test_headers():
    headers = Headers({"A": "1", "a": "2"})
    assert dict(headers) == {"a": "2"}
    headers.append("B", "x;q=1")
    headers.append("b", "Y")
    assert headers.tokens("B") == ["x", "y"]
    assert headers.pop("B") == "x;q=1, Y"
    assert list(headers) == ["a"]


def test_requests():
    request = Request("Post", "http://host/p/q?b=2&a=1&b=", Headers({"H": "1"}))
    assert (request.path, request.query, request.parameter("b")) == ("/p/q", {"b": ["2", ""], "a": ["1"]}, "")
    assert request.parameter("none") is None


def test_copies_of_responses():
    first = Response("b", 404, {"X": "1"})
    first.copy().headers["X"] = "2"
    del first.copy().headers["X"]
    assert (first.headers["X"], first.copy().status, first.is_ok) == ("1", 404, False)
    assert Response.of(first) is first


def test_routes_of_the_same_weights_answer_in_their_order():
    router = Router()
    router.add("/<hex:a>", named("a"))
    router.add("/<int:b>", named("b"))
    router.add("/<c>", named("c"))
    router.add("/<d>", named("d"))
    assert [router.resolve("GET", path)[0].name for path in ("/12", "/-5", "/ff", "/x")] == ["a", "b", "a", "c"]
