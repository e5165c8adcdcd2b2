import pytest

from textmark import to_html


def check(text, *lines):
    assert to_html(text) == "\n".join(lines)


def test_lines_without_a_gap_are_one_paragraph():
    check("one\n  two\n\n\nthree", "<p>one two</p>", "<p>three</p>")


def test_nothing_is_an_empty_page():
    check("")
    check("\n  \n")


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("# One", "<h1>One</h1>"),
        ("###### Six", "<h6>Six</h6>"),
        ("####### Seven", "<p>####### Seven</p>"),
        ("#hash", "<p>#hash</p>"),
        ("## Closed ##", "<h2>Closed</h2>"),
        ("## C#", "<h2>C</h2>"),
        ("# *a* `b`", "<h1><em>a</em> <code>b</code></h1>"),
    ],
)
def test_headings(text, html):
    check(text, html)


def test_a_heading_ends_a_paragraph():
    check("one\n# Two\nthree", "<p>one</p>", "<h1>Two</h1>", "<p>three</p>")


def test_code_is_kept_as_it_is():
    check(
        "```python\nif a < b:\n    *x*\n\n# y\n```\nend",
        '<pre><code class="language-python">if a &lt; b:',
        "    *x*",
        "",
        "# y",
        "</code></pre>",
        "<p>end</p>",
    )


def test_code_that_never_ends_takes_the_rest():
    check("```\na", "<pre><code>a", "</code></pre>")


def test_quotes_hold_blocks():
    check(
        "> # Title\n> said\n>\n>> twice\n\nme",
        "<blockquote>",
        "<h1>Title</h1>",
        "<p>said</p>",
        "<blockquote>",
        "<p>twice</p>",
        "</blockquote>",
        "</blockquote>",
        "<p>me</p>",
    )


def test_lists():
    check("- one\n- *two*\n\nend", "<ul>", "<li>one</li>", "<li><em>two</em></li>", "</ul>", "<p>end</p>")


def test_ordered_lists_keep_their_first_number():
    check("1. a\n2. b", "<ol>", "<li>a</li>", "<li>b</li>", "</ol>")
    check("7) a\n9) b", '<ol start="7">', "<li>a</li>", "<li>b</li>", "</ol>")


def test_items_that_are_indented_are_below():
    check(
        "- a\n  - b\n    - c\n  - d\n- e",
        "<ul>",
        "<li>a",
        "<ul>",
        "<li>b",
        "<ul>",
        "<li>c</li>",
        "</ul>",
        "</li>",
        "<li>d</li>",
        "</ul>",
        "</li>",
        "<li>e</li>",
        "</ul>",
    )


def test_another_kind_of_item_begins_another_list():
    check("- a\n1. b\n2. c", "<ul>", "<li>a</li>", "</ul>", "<ol>", "<li>b</li>", "<li>c</li>", "</ol>")


def test_an_item_goes_on_in_the_next_line():
    check("- a\n  b\n- c", "<ul>", "<li>a b</li>", "<li>c</li>", "</ul>")


def test_a_list_ends_at_a_line_that_is_not_indented():
    check("- a\nb", "<ul>", "<li>a</li>", "</ul>", "<p>b</p>")


def test_a_dash_within_a_paragraph_is_no_list():
    check("a\n- b", "<p>a - b</p>")


def test_tabs_indent():
    check("- a\n\t- b", "<ul>", "<li>a", "<ul>", "<li>b</li>", "</ul>", "</li>", "</ul>")


def test_two_kinds_of_items_below_an_item_are_two_lists():
    check(
        "1. a\n   - b\n   1. c",
        "<ol>",
        "<li>a",
        "<ul>",
        "<li>b</li>",
        "</ul>",
        "<ol>",
        "<li>c</li>",
        "</ol>",
        "</li>",
        "</ol>",
    )


def test_headings_and_prose_alternate():
    check("a\n# B\n## C\nd\n\n### E", "<p>a</p>", "<h1>B</h1>", "<h2>C</h2>", "<p>d</p>", "<h3>E</h3>")
