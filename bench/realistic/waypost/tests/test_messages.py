import pytest

from waypost import Headers, Request, Response
from waypost.messages import joined


def test_headers_are_found_however_capitalised():
    headers = Headers({"Content-Type": "text/html"})
    assert headers["content-type"] == "text/html"
    assert "CONTENT-TYPE" in headers
    headers["content-TYPE"] = "x"
    assert dict(headers) == {"content-TYPE": "x"}
    del headers["Content-type"]
    assert len(headers) == 0


def test_headers_collect_values():
    headers = Headers()
    headers.append("Vary", "Accept")
    headers.append("vary", "Cookie")
    assert headers["Vary"] == "Accept, Cookie"


def test_tokens_of_a_header():
    headers = Headers({"Accept": "text/HTML;q=0.5,, */* ", "Empty": ""})
    assert headers.tokens("accept") == ["text/html", "*/*"]
    assert headers.tokens("empty") == headers.tokens("none") == []


def test_targets_have_a_path_and_parameters():
    request = Request("get", "/a%20b?x=1&y=&x=2%263#top", {"X-Y": "z"})
    assert (request.method, request.path) == ("GET", "/a%20b")
    assert request.query == {"x": ["1", "2&3"], "y": [""]}
    assert request.parameter("x") == "2&3"
    assert request.parameter("y", "no") == ""
    assert request.parameter("z", "no") == "no"
    assert request.headers["x-y"] == "z"
    assert Request("GET", "").path == "/"


def test_requests_share_nothing():
    Request("GET", "/").state["a"] = 1
    assert Request("GET", "/").state == {}


@pytest.mark.parametrize(
    ("result", "body", "status"),
    [("x", "x", 200), (None, "", 204), (("x", 201), "x", 201), (5, "5", 200), ("", "", 200), (0, "0", 200)],
)
def test_results_become_responses(result, body, status):
    response = Response.of(result)
    assert (response.body, response.status) == (body, status)


def test_a_copy_has_headers_of_its_own():
    first = Response("x", 201, {"A": "b"})
    second = first.copy()
    second.headers["A"] = "c"
    assert (first.headers["a"], second.status) == ("b", 201)


def test_good_responses():
    assert [status for status in (199, 200, 204, 299, 300, 404) if Response(status=status).is_ok] == [200, 204, 299]


@pytest.mark.parametrize(
    ("paths", "path"), [(["/a/", "/b/"], "/a/b"), (["/", "/"], "/"), (["a", "", "b/c"], "/a/b/c"), ([], "/")]
)
def test_joined_paths(paths, path):
    assert joined(paths) == path
