import pytest

from waypost import App, Cache, HttpError, Response, caching, cookies, limiting
from waypost.errors import TooMany
from waypost.middleware import read_cookies


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def app():
    app = App()
    app.calls = []

    @app.router.route("/items/<int:id>")
    def show(request, id):
        app.calls.append(request.target)
        return f"item {id} {len(app.calls)}"

    @app.router.route("/items/<int:id>", "DELETE", "POST", name="edit")
    def edit(request, id):
        return "done", 202

    @app.router.route("/fail")
    def fail(request):
        error = HttpError("wait", 503)
        error.headers["Retry-After"] = "9"
        raise error

    return app


def test_errors_keep_their_headers(app):
    response = app.request("GET", "/fail")
    assert (response.status, response.body, response.headers["retry-after"]) == (503, "wait", "9")
    assert response.headers["Content-Length"] == "4"


def test_errors_share_no_headers():
    first, second = HttpError("a"), TooMany("b")
    first.headers["X"] = "1"
    assert (second.headers, second.status, first.status) == ({}, 429, 500)


def test_middleware_sees_errors_of_handlers_as_answers(app):
    seen = []

    def watching(following):
        def endpoint(request):
            response = following(request)
            seen.append(response.status)
            return response

        return endpoint

    app.use(watching)
    for target in ("/items/1", "/items/x", "/fail"):
        app.request("GET", target)
    app.request("PATCH", "/items/1")
    assert seen == [200, 404, 503, 405]


def test_middleware_added_after_the_first_request(app, clock):
    app.request("GET", "/items/1")
    app.use(limiting(clock, 1, 5))
    assert [app.request("GET", "/items/1").status for _ in range(2)] == [200, 429]


def test_a_sliding_window(app, clock):
    app.use(limiting(clock, 2, 10))
    statuses = []
    for now in (0, 4, 9, 10, 13, 14, 15):
        clock.now = now
        statuses.append(app.request("GET", "/items/1", client="x").status)
    assert statuses == [200, 200, 429, 200, 429, 200, 429]


def test_the_wait_is_rounded_up(app, clock):
    app.use(limiting(clock, 1, 10))
    app.request("GET", "/items/1")
    clock.now = 2.5
    assert app.request("GET", "/items/1").headers["Retry-After"] == "8"


def test_cached_answers_by_path_and_query(app, clock):
    app.use(caching(Cache(clock, ttl=60)))
    for target in ("/items/1?a=1&b=2", "/items/1?b=2&a=1", "/items/1", "/items/2", "/items/1?a=1&b=2&b=", "/items/1"):
        app.request("GET", target)
    assert app.calls == ["/items/1?a=1&b=2", "/items/1", "/items/2", "/items/1?a=1&b=2&b="]


def test_every_kind_of_change_forgets(app, clock):
    app.use(caching(Cache(clock)))
    for method in ("DELETE", "POST", "PATCH"):
        app.request("GET", "/items/1")
        app.request("GET", "/items/1?x")
        app.request(method, "/items/1")
        app.request("GET", "/items/2")
    assert len(app.calls) == 7


def test_a_forgotten_answer_is_kept_anew(app, clock):
    app.use(caching(Cache(clock)))
    app.request("GET", "/items/1")
    app.request("POST", "/items/1")
    assert [app.request("GET", "/items/1").body for _ in range(2)] == ["item 1 2", "item 1 2"]
    app.request("POST", "/items/1")
    assert app.request("GET", "/items/1").body == "item 1 3"


def test_answers_by_language(app, clock):
    app.use(caching(Cache(clock), vary=("Accept-Language", "COOKIE")))
    for headers in (
        {"accept-language": "de"},
        {"Accept-Language": "en"},
        {"Accept-Language": "de"},
        {"cookie": "a"},
        {},
    ):
        app.request("GET", "/items/1", headers)
    assert len(app.calls) == 4


def test_no_error_is_kept(app, clock):
    cache = Cache(clock)
    app.use(caching(cache))
    for target in ("/fail", "/nothing", "/items/x"):
        assert not app.request("GET", target).is_ok
        assert "X-Cache" not in app.request("GET", target).headers
    assert len(cache) == 0


def test_a_hit_is_marked_only_for_its_reader(app, clock):
    app.use(caching(Cache(clock)))
    first = app.request("GET", "/items/1")
    hit = app.request("GET", "/items/1")
    hit.headers["X-Other"] = "1"
    again = app.request("GET", "/items/1")
    assert ("X-Cache" in first.headers, "X-Other" in again.headers, again.headers["X-Cache"]) == (False, False, "hit")


def test_the_least_recently_used_goes_first(clock):
    cache = Cache(clock, size=3)
    for key in "abc":
        cache.put(key, key)
    cache.get("a")
    cache.put("b", "B")
    cache.put("d", "d")
    cache.put("e", "e")
    assert [key for key in "abcde" if key in cache] == ["b", "d", "e"]
    assert cache.stats.evicted == 2


def test_a_value_put_again_is_neither_evicted_nor_evicts(clock):
    cache = Cache(clock, size=1)
    for value in range(3):
        cache.put("a", value)
    assert (cache.get("a"), cache.stats.evicted, len(cache)) == (2, 0, 1)


def test_ages(clock):
    cache = Cache(clock, size=3, ttl=4)
    cache.put("a", 1)
    cache.put("b", 2, ttl=8)
    clock.now = 4
    assert ("a" in cache, "b" in cache, len(cache)) == (False, True, 1)
    cache.put("c", 3)
    cache.put("d", 4)
    assert (cache.stats.expired, cache.stats.evicted, len(cache)) == (1, 0, 3)
    clock.now = 8
    assert cache.purge() == 3
    assert (cache.stats.expired, len(cache)) == (4, 0)


def test_statistics(clock):
    cache = Cache(clock)
    for number in range(3):
        cache.get_or_make(number % 2, lambda: None)
    assert (cache.stats.hits, cache.stats.misses) == (1, 2)
    assert cache.stats.ratio == pytest.approx(1 / 3)
    cache.drop(0)
    assert cache.get(0, "gone") == "gone"
    assert cache.stats.expired == 0


def test_made_values_have_an_age(clock):
    cache = Cache(clock, ttl=100)
    cache.get_or_make("a", lambda: 1, ttl=1)
    clock.now = 1
    assert cache.get_or_make("a", lambda: 2) == 2
    clock.now = 100
    assert cache.get("a") == 2


def test_cookies_that_do_not_change_are_not_sent(app):
    @app.router.route("/jar")
    def jar(request):
        request.state["cookies"].update(a="1", b="2")
        del request.state["cookies"]["z"]
        return Response("", headers={"Set-Cookie": "own=1"})

    response = app.use(cookies()).request("GET", "/jar", {"Cookie": "a=1; z=0; b=1"})
    assert response.headers["set-cookie"] == "own=1, b=2; Path=/, z=; Path=/; Max-Age=0"


def test_reading_cookies():
    assert read_cookies('a="1"; b=x=y;c = 3;;=4; d') == {"a": "1", "b": "x=y", "c": "3"}
    assert read_cookies("") == {}


def test_middleware_is_in_the_order_of_its_addition(app, clock):
    app.use(limiting(clock, 2, 5)).use(caching(Cache(clock)))
    statuses = [app.request("GET", "/items/1").status for _ in range(3)]
    assert (statuses, len(app.calls)) == ([200, 200, 429], 1)
