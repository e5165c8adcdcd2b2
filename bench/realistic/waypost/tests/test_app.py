import pytest

from waypost import App, Cache, HttpError, Response, caching, cookies, limiting


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def log():
    return []


@pytest.fixture
def app(log):
    app = App(log=log.append)
    app.count = 0

    @app.router.route("/hello/<name>")
    def hello(request, name):
        app.count += 1
        return f"hëllo {name} {app.count}"

    @app.router.route("/hello/<name>", "PUT")
    def change(request, name):
        return None

    @app.router.route("/broken")
    def broken(request):
        raise KeyError("x")

    @app.router.route("/teapot")
    def teapot(request):
        raise HttpError("short and stout", 418)

    @app.router.route("/secret")
    def secret(request):
        app.count += 1
        return Response(str(app.count), headers={"Cache-Control": "private, No-Store"})

    return app


def test_handlers_get_the_values_of_the_path(app):
    response = app.request("GET", "/hello/ada")
    assert (response.status, response.body) == (200, "hëllo ada 1")
    assert response.headers["content-length"] == "12"


def test_an_answer_to_head_has_a_length_but_no_body(app):
    response = app.request("head", "/hello/ada")
    assert (response.status, response.body, response.headers["Content-Length"]) == (200, "", "12")


def test_errors_are_answers(app, log):
    assert app.request("GET", "/none").status == 404
    response = app.request("POST", "/hello/ada")
    assert (response.status, response.headers["allow"]) == (405, "GET, HEAD, PUT")
    assert app.request("GET", "/teapot").status == 418
    assert log == []


def test_what_is_broken_is_logged_and_told_to_nobody(app, log):
    response = app.request("GET", "/broken?x=1")
    assert (response.status, response.body) == (500, "internal error")
    assert log == ["GET /broken: KeyError: 'x'"]


def test_the_first_middleware_is_the_outermost(app):
    seen = []

    def marking(name):
        def around(following):
            def endpoint(request):
                seen.append(f"{name} in")
                response = following(request)
                seen.append(f"{name} out {response.status}")
                return response

            return endpoint

        return around

    app.use(marking("a"), marking("b"))
    app.request("GET", "/none")
    assert seen == ["a in", "b in", "b out 404", "a out 404"]
    seen.clear()
    app.use(marking("c"))
    app.request("GET", "/hello/x")
    assert seen[:3] == ["a in", "b in", "c in"]


def test_errors_of_middleware_are_answers_too(app, log):
    def failing(following):
        def endpoint(request):
            raise RuntimeError("no")

        return endpoint

    assert app.use(failing).request("GET", "/hello/x").status == 500
    assert log == ["GET /hello/x: RuntimeError: no"]


def test_clients_may_ask_so_often(app, clock):
    app.use(limiting(clock, 2, 60))
    assert [app.request("GET", "/hello/x", client="a").status for _ in range(3)] == [200, 200, 429]
    assert app.request("GET", "/hello/x", client="b").status == 200
    clock.now += 59.5
    response = app.request("GET", "/hello/x", client="a")
    assert (response.status, response.headers["Retry-After"]) == (429, "1")
    clock.now += 0.5
    assert app.request("GET", "/hello/x", client="a").status == 200


def test_refused_requests_do_not_count(app, clock):
    app.use(limiting(clock, 1, 10))
    statuses = []
    for _ in range(4):
        statuses.append(app.request("GET", "/hello/x").status)
        clock.now += 5
    assert statuses == [200, 429, 200, 429]


def test_answers_are_kept(app, clock):
    app.use(caching(Cache(clock, ttl=10)))
    first, second = app.request("GET", "/hello/a"), app.request("GET", "/hello/a")
    assert (first.body, second.body) == ("hëllo a 1", "hëllo a 1")
    assert ("x-cache" in first.headers, second.headers["x-cache"]) == (False, "hit")
    assert app.request("GET", "/hello/b").body == "hëllo b 2"
    clock.now += 10
    assert app.request("GET", "/hello/a").body == "hëllo a 3"


def test_the_order_of_parameters_does_not_matter(app, clock):
    app.use(caching(Cache(clock)))
    bodies = [app.request("GET", f"/hello/a{query}").body[-1] for query in ("?x=1&y=", "?y=&x=1", "?x=1", "?x=2")]
    assert bodies == ["1", "1", "2", "3"]


def test_answers_differ_by_headers(app, clock):
    app.use(caching(Cache(clock), vary=["Accept"]))
    bodies = [app.request("GET", "/hello/a", {name: "x"}).body[-1] for name in ("accept", "ACCEPT", "other", "more")]
    assert bodies == ["1", "1", "2", "2"]


def test_a_head_and_a_get_are_kept_apart(app, clock):
    app.use(caching(Cache(clock)))
    assert app.request("HEAD", "/hello/a").body == ""
    assert app.request("GET", "/hello/a").body == "hëllo a 2"


def test_a_change_forgets_the_answers_of_its_path(app, clock):
    app.use(caching(Cache(clock)))
    for target in ("/hello/a", "/hello/a?x=1", "/hello/b"):
        app.request("GET", target)
    app.request("PUT", "/hello/a?y=2")
    assert [app.request("GET", target).body[-1] for target in ("/hello/a", "/hello/a?x=1", "/hello/b")] == [
        "4",
        "5",
        "3",
    ]


def test_bad_and_private_answers_are_not_kept(app, clock):
    cache = Cache(clock)
    app.use(caching(cache))
    for target in ("/none", "/broken", "/secret"):
        app.request("GET", target)
    assert len(cache) == 0
    assert [app.request("GET", "/secret").body for _ in range(2)] == ["2", "3"]


def test_kept_answers_cannot_be_changed(app, clock):
    app.use(caching(Cache(clock)))
    app.request("GET", "/hello/a").headers["X"] = "1"
    app.request("GET", "/hello/a").headers["X"] = "2"
    assert "X" not in app.request("GET", "/hello/a").headers


def test_cookies_are_read_and_written(app):
    @app.router.route("/cookie")
    def cookie(request):
        jar = request.state["cookies"]
        seen = dict(jar)
        jar["b"] = "2"
        jar["new"] = "n"
        jar.pop("gone", None)
        return str(sorted(seen.items()))

    response = app.use(cookies()).request("GET", "/cookie", {"cookie": 'a=1; b=1; gone="x y"; a=3; bad'})
    assert response.body == "[('a', '1'), ('b', '1'), ('gone', 'x y')]"
    assert response.headers["Set-Cookie"] == "b=2; Path=/, new=n; Path=/, gone=; Path=/; Max-Age=0"
    assert "Set-Cookie" not in app.request("GET", "/hello/x", {"Cookie": "a=1"}).headers


def test_a_patient_client_is_let_in_again(app, clock):
    app.use(limiting(clock, 2, 10))
    statuses = []
    for _ in range(6):
        statuses.append(app.request("GET", "/hello/x").status)
        clock.now += 4
    assert statuses == [200, 200, 429, 200, 200, 429]


def test_what_is_refused_within_is_not_kept_around(app, clock):
    app.use(caching(Cache(clock)), limiting(clock, 1, 10))
    statuses = [app.request("GET", target).status for target in ("/hello/a", "/hello/a", "/hello/b", "/hello/a")]
    assert statuses == [200, 200, 429, 200]
