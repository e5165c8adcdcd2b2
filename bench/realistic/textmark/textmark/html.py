"""Nodes written as HTML."""

from __future__ import annotations

from collections.abc import Iterable

from textmark.nodes import (
    Block,
    Code,
    CodeBlock,
    Document,
    Emphasis,
    Heading,
    Item,
    Link,
    List,
    Paragraph,
    Quote,
    Span,
    plain,
)
from textmark.outline import Anchors

SAFE_SCHEMES = ("http", "https", "mailto")


def escape(text: str, quotes: bool = False) -> str:
    """Text that means itself in HTML; with `quotes` also between double quotes."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace('"', "&quot;") if quotes else text


def is_safe(target: str) -> bool:
    """Whether a link may be followed: within the site, or by a scheme that runs nothing."""
    scheme, colon, _ = target.partition(":")
    return not colon or "/" in scheme or scheme.strip().lower() in SAFE_SCHEMES


class HtmlWriter:
    """Writes a document, one block a line."""

    def __init__(self, anchors: bool = False) -> None:
        self.anchors = anchors
        self._given = Anchors()

    def write(self, document: Document) -> str:
        self._given = Anchors()
        return "\n".join(self._block(block, top=True) for block in document.blocks)

    def _block(self, block: Block, top: bool = False) -> str:
        match block:
            case Heading(level, spans):
                name = f' id="{self._given.take(plain(spans))}"' if self.anchors and top else ""
                return f"<h{level}{name}>{self._spans(spans)}</h{level}>"
            case Paragraph(spans):
                return f"<p>{self._spans(spans)}</p>"
            case CodeBlock(lines, language):
                kind = f' class="language-{escape(language, quotes=True)}"' if language else ""
                code = "".join(f"{escape(line)}\n" for line in lines)
                return f"<pre><code{kind}>{code}</code></pre>"
            case Quote(blocks):
                return "\n".join(["<blockquote>", *map(self._block, blocks), "</blockquote>"])
            case List(ordered, start, items):
                tag = "ol" if ordered else "ul"
                first = f' start="{start}"' if ordered and start != 1 else ""
                return "\n".join([f"<{tag}{first}>", *map(self._item, items), f"</{tag}>"])
        raise TypeError(f"no block: {block!r}")

    def _item(self, item: Item) -> str:
        inner = "\n".join(self._block(below) for below in item.lists)
        text = self._spans(item.spans)
        return f"<li>{text}\n{inner}\n</li>" if inner else f"<li>{text}</li>"

    def _spans(self, spans: Iterable[Span]) -> str:
        return "".join(map(self._span, spans))

    def _span(self, span: Span) -> str:
        match span:
            case Code(text):
                return f"<code>{escape(text)}</code>"
            case Emphasis(spans, strong):
                tag = "strong" if strong else "em"
                return f"<{tag}>{self._spans(spans)}</{tag}>"
            case Link(spans, target):
                if not is_safe(target):
                    return self._spans(spans)
                return f'<a href="{escape(target, quotes=True)}">{self._spans(spans)}</a>'
        return escape(span.text)
