import pytest

from textmark import HtmlWriter, Outline, parse, to_html
from textmark.html import escape, is_safe
from textmark.nodes import Item, Paragraph, Text


def line(text):
    return to_html(text).removeprefix("<p>").removesuffix("</p>")


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("__a__b", "<strong>a</strong>b"),
        ("x_y_ z", "x_y_ z"),
        ("(_a_)", "(<em>a</em>)"),
        ("* a*", "<li>a*</li>"),
        ("a * b*", "a * b*"),
        ("*a **b* c**", "<em>a **b</em> c**"),
        ("**a `**` b**", "<strong>a <code>**</code> b</strong>"),
        ("*a ` b*", "<em>a ` b</em>"),
        ("**", "**"),
        ("*a* and *b*", "<em>a</em> and <em>b</em>"),
    ],
)
def test_emphasis_in_odd_places(text, html):
    assert line(text).removeprefix("<ul>\n").removesuffix("\n</ul>") == html


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("`` x", "<code></code> x"),
        ("a`b`c", "a<code>b</code>c"),
        (r"\`a\`", "`a`"),
        (r"\\*a*", r"\<em>a</em>"),
        (r"\q", r"\q"),
        ('`a & "b"`', '<code>a &amp; "b"</code>'),
        ("[a](b) [c](d)", '<a href="b">a</a> <a href="d">c</a>'),
        ("[](#)", '<a href="#">#</a>'),
        ("**[a](b)**", '<strong><a href="b">a</a></strong>'),
        ("[`<`](b)", '<a href="b"><code>&lt;</code></a>'),
    ],
)
def test_spans_beside_each_other(text, html):
    assert line(text) == html


@pytest.mark.parametrize(
    ("target", "safe"),
    [
        ("page", True),
        ("a/b:c", True),
        ("http://x", True),
        ("HTTPS://x", True),
        ("data:x", False),
        ("Vbscript:x", False),
        ("", True),
        ("#a", True),
    ],
)
def test_links_that_may_be_followed(target, safe):
    assert is_safe(target) is safe


def test_an_ampersand_is_escaped_once_and_quotes_on_demand():
    assert escape('<"&">') == '&lt;"&amp;"&gt;'
    assert escape('<"&">', quotes=True) == "&lt;&quot;&amp;&quot;&gt;"
    assert to_html('```a"b\n```') == '<pre><code class="language-a&quot;b"></code></pre>'


def test_everything_in_one_page():
    text = "intro\n# T #\n3. x\n   y\n   - z\n4. w\n- v\n> q\n```\n> code\n```\nlast\n\n> r"
    assert to_html(text).splitlines() == [
        "<p>intro</p>",
        "<h1>T</h1>",
        '<ol start="3">',
        "<li>x y",
        "<ul>",
        "<li>z</li>",
        "</ul>",
        "</li>",
        "<li>w</li>",
        "</ol>",
        "<ul>",
        "<li>v</li>",
        "</ul>",
        "<blockquote>",
        "<p>q</p>",
        "</blockquote>",
        "<pre><code>&gt; code",
        "</code></pre>",
        "<p>last</p>",
        "<blockquote>",
        "<p>r</p>",
        "</blockquote>",
    ]


def test_lists_of_two_depths_and_kinds():
    text = "- a\n  1. b\n  - c\n- d"
    assert to_html(text).splitlines() == [
        "<ul>",
        "<li>a",
        "<ol>",
        "<li>b</li>",
        "</ol>",
        "<ul>",
        "<li>c</li>",
        "</ul>",
        "</li>",
        "<li>d</li>",
        "</ul>",
    ]


def test_two_blocks_of_code():
    assert to_html("```\na\n```\n\n```x \nb\n```").splitlines() == [
        "<pre><code>a",
        "</code></pre>",
        '<pre><code class="language-x">b',
        "</code></pre>",
    ]


def test_blocks_are_walked_in_the_order_of_the_text():
    document = parse("a\n\n- b\n  - c\n\n> d")
    texts = [block.spans[0] for block in document.walk() if isinstance(block, Item | Paragraph)]
    assert texts == [Text("a"), Text("b"), Text("c"), Text("d")]
    assert len(list(document.walk())) == 8


def test_a_writer_can_be_used_twice():
    writer = HtmlWriter(anchors=True)
    assert writer.write(parse("# A")) == writer.write(parse("# A")) == '<h1 id="a">A</h1>'


def test_outlines_skip_levels_and_come_back():
    outline = Outline(parse("# A\n#### B\n### C\n## D\n### E\n# F"))
    assert outline.lines() == [
        "- A (#a)",
        "  - B (#b)",
        "  - C (#c)",
        "  - D (#d)",
        "    - E (#e)",
        "- F (#f)",
    ]
    assert outline.lines(1) == ["- A (#a)", "- F (#f)"]
    assert outline.lines(3) == ["- A (#a)", "  - C (#c)", "  - D (#d)", "    - E (#e)", "- F (#f)"]


def test_anchors_are_unique_however_they_arise():
    entries = Outline(parse("# x 2\n# x\n# x\n# x\n# !\n# ?")).entries
    assert [entry.anchor for entry in entries] == ["x-2", "x", "x-3", "x-4", "section", "section-2"]
