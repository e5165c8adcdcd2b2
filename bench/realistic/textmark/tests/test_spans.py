import pytest

from textmark import to_html


def line(text):
    return to_html(text).removeprefix("<p>").removesuffix("</p>")


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("plain words", "plain words"),
        ("*one* word", "<em>one</em> word"),
        ("_one_ word", "<em>one</em> word"),
        ("a **strong** word", "a <strong>strong</strong> word"),
        ("a __strong__ word", "a <strong>strong</strong> word"),
        ("**all *of* it**", "<strong>all <em>of</em> it</strong>"),
        ("*all **of** it*", "<em>all <strong>of</strong> it</em>"),
        ("_all __of__ it_ too", "<em>all <strong>of</strong> it</em> too"),
        ("2 * 3 * 4", "2 * 3 * 4"),
        ("*never closed", "*never closed"),
        ("some_snake_name", "some_snake_name"),
        ("an empty ** mark", "an empty ** mark"),
    ],
)
def test_emphasis(text, html):
    assert line(text) == html


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("run `make`", "run <code>make</code>"),
        ("`a * b * c`", "<code>a * b * c</code>"),
        ("*see `a*b`*", "<em>see <code>a*b</code></em>"),
        ("`if a < b`", "<code>if a &lt; b</code>"),
        ("a ` alone", "a ` alone"),
        ("", ""),
    ],
)
def test_code(text, html):
    assert line(text) == html


@pytest.mark.parametrize(
    ("text", "html"),
    [
        (r"\*not this\*", "*not this*"),
        (r"*a \* b*", "<em>a * b</em>"),
        (r"\[x](y)", "[x](y)"),
        (r"C:\new", r"C:\new"),
        ("at the end \\", "at the end \\"),
    ],
)
def test_escapes(text, html):
    assert line(text) == html


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("[home](/)", '<a href="/">home</a>'),
        ("see [the *docs*](https://a.b/c).", 'see <a href="https://a.b/c">the <em>docs</em></a>.'),
        ("[](https://a.b)", '<a href="https://a.b">https://a.b</a>'),
        ('[x](/?a=1&b="2")', '<a href="/?a=1&amp;b=&quot;2&quot;">x</a>'),
        ("[x](javascript:run)", "x"),
        ("[x](JavaScript:run)", "x"),
        ("[x](MAILTO:me)", '<a href="MAILTO:me">x</a>'),
        ("[x](/a:b)", '<a href="/a:b">x</a>'),
        ("[no target]", "[no target]"),
    ],
)
def test_links(text, html):
    assert line(text) == html


def test_signs_of_html_mean_themselves():
    assert line("a < b & c > d") == "a &lt; b &amp; c &gt; d"
    assert line("&lt;") == "&amp;lt;"
