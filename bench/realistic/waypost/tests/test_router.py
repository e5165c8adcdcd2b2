import pytest

from waypost import BadPattern, MethodNotAllowed, NotFound, Router


def named(name):
    def handler(request, **values):
        return name

    handler.__name__ = name
    return handler


@pytest.fixture
def router():
    router = Router()
    router.add("/users/<name>", named("user"))
    router.add("/users", named("users"), ["get", "post"])
    router.add("/users/me", named("me"))
    router.add("/users/<int:id>", named("by_id"), ["DELETE"])
    return router


def resolved(router, method, path):
    route, values = router.resolve(method, path)
    return route.name, values


def test_the_most_special_route_answers(router):
    assert resolved(router, "GET", "/users/ada") == ("user", {"name": "ada"})
    assert resolved(router, "GET", "/users/me") == ("me", {})


def test_a_route_of_another_method_is_passed_over(router):
    assert resolved(router, "DELETE", "/users/5") == ("by_id", {"id": 5})
    assert resolved(router, "GET", "/users/5") == ("user", {"name": "5"})


def test_a_route_that_comes_later_is_seen(router):
    assert resolved(router, "GET", "/users/you") == ("user", {"name": "you"})
    router.add("/users/you", named("you"))
    assert resolved(router, "GET", "/users/you") == ("you", {})


def test_of_equal_routes_the_first_answers(router):
    router.add("/users/<other>", named("other"))
    assert resolved(router, "GET", "/users/ada") == ("user", {"name": "ada"})


def test_methods_are_not_case_sensitive(router):
    assert resolved(router, "post", "/users")[0] == "users"
    assert resolved(router, "HEAD", "/users")[0] == "users"


def test_unknown_paths(router):
    with pytest.raises(NotFound):
        router.resolve("GET", "/nothing")


def test_other_methods_are_told(router):
    with pytest.raises(MethodNotAllowed) as error:
        router.resolve("PUT", "/users/5")
    assert error.value.headers["Allow"] == "DELETE, GET, HEAD"
    with pytest.raises(MethodNotAllowed) as error:
        router.resolve("DELETE", "/users")
    assert error.value.headers["Allow"] == "GET, HEAD, POST"


def test_paths_by_name(router):
    assert router.url_for("by_id", id=3) == "/users/3"
    assert router.url_for("me") == "/users/me"
    with pytest.raises(BadPattern):
        router.url_for("nobody")


def test_a_name_is_given_once(router):
    with pytest.raises(BadPattern):
        router.add("/x", named("me"))
    assert len(router) == 4
    with pytest.raises(NotFound):
        router.resolve("GET", "/x")


def test_decorated_handlers():
    router = Router()

    @router.route("/x", "PUT", name="put_x")
    def handler(request):
        return "x"

    @router.route("/x")
    def show(request):
        return "x"

    assert resolved(router, "PUT", "/x") == ("put_x", {})
    assert resolved(router, "GET", "/x") == ("show", {})
    assert handler(None) == "x"


def test_mounted_routes(router):
    outer = Router()
    outer.add("/", named("home"))
    outer.mount("/api/", router, "api")
    assert resolved(outer, "GET", "/api/users/me") == ("api.me", {})
    assert resolved(outer, "POST", "/api/users")[0] == "api.users"
    assert outer.url_for("api.by_id", id=1) == "/api/users/1"
    with pytest.raises(NotFound):
        outer.resolve("GET", "/users/me")


def test_a_root_is_mounted_at_the_prefix():
    inner, outer = Router(), Router()
    inner.add("/", named("index"))
    outer.mount("/blog", inner)
    assert resolved(outer, "GET", "/blog/")[0] == "index"
    assert outer.url_for("index") == "/blog"


def test_routers_are_mounted_whole_or_not_at_all(router):
    outer = Router()
    outer.add("/x", named("users"))
    with pytest.raises(BadPattern):
        outer.mount("/api", router)
    assert len(outer) == 1
    outer.mount("/api", router, "api")
    assert len(outer) == 5


def test_mounted_routes_are_seen_after_others_were_asked_for(router):
    inner = Router()
    inner.add("/late", named("late"))
    with pytest.raises(NotFound):
        router.resolve("GET", "/late")
    router.mount("/", inner)
    assert resolved(router, "GET", "/late") == ("late", {})


def test_the_first_of_three_equal_routes_answers():
    router = Router()
    for name in ("one", "two", "three"):
        router.add(f"/<{name}>/x", named(name))
    assert resolved(router, "GET", "/a/x") == ("one", {"one": "a"})
