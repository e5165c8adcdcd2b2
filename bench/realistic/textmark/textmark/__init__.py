"""A small markup language: read into nodes, written as HTML or as wrapped plain text."""

from textmark.blocks import parse
from textmark.html import HtmlWriter
from textmark.outline import Outline, slug
from textmark.plain import PlainWriter

__all__ = ["HtmlWriter", "Outline", "PlainWriter", "parse", "slug", "to_html", "to_plain"]


def to_html(text: str, *, anchors: bool = False) -> str:
    """Read a text and write it as HTML.

    >>> to_html("# Hello *you*")
    '<h1>Hello <em>you</em></h1>'
    """
    return HtmlWriter(anchors=anchors).write(parse(text))


def to_plain(text: str, width: int = 72) -> str:
    """Read a text and write it as plain text, in lines of so many characters at most."""
    return PlainWriter(width).write(parse(text))
