import pytest

from textmark import Outline, parse, slug, to_html


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Hello, World!", "hello-world"),
        ("  Über  uns ", "uber-uns"),
        ("a--b__c", "a-b-c"),
        ("...", "section"),
        ("2nd part", "2nd-part"),
    ],
)
def test_slugs(title, name):
    assert slug(title) == name


def test_headings_below_each_other():
    outline = Outline(parse("# A\n## B\n### C\n## D\n# E"))
    assert outline.lines() == ["- A (#a)", "  - B (#b)", "    - C (#c)", "  - D (#d)", "- E (#e)"]


def test_the_outline_can_be_cut():
    outline = Outline(parse("# A\n## B\n### C\n# D"))
    assert outline.lines(deepest=2) == ["- A (#a)", "  - B (#b)", "- D (#d)"]


def test_a_text_may_begin_below_the_first_level():
    assert Outline(parse("## A\n# B\n### C")).lines() == ["- A (#a)", "- B (#b)", "  - C (#c)"]


def test_titles_are_plain():
    (entry,) = Outline(parse("# The *big* `one` [here](x)")).entries
    assert (entry.title, entry.anchor) == ("The big one here", "the-big-one-here")


def test_no_two_anchors_are_the_same():
    entries = Outline(parse("# A\n# a\n# A 2\n# A!")).entries
    assert [entry.anchor for entry in entries] == ["a", "a-2", "a-2-2", "a-3"]


def test_quoted_headings_are_not_listed():
    assert Outline(parse("> # A\n\n# B")).lines() == ["- B (#b)"]


def test_pages_have_the_anchors_of_the_outline():
    text = "# A\n> # A\n\n## A"
    assert to_html(text, anchors=True).splitlines() == [
        '<h1 id="a">A</h1>',
        "<blockquote>",
        "<h1>A</h1>",
        "</blockquote>",
        '<h2 id="a-2">A</h2>',
    ]


def test_every_title_of_many_that_are_the_same_has_its_anchor():
    entries = Outline(parse("# Same\n" * 4)).entries
    assert [entry.anchor for entry in entries] == ["same", "same-2", "same-3", "same-4"]
