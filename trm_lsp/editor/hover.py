"""z where it matters: on the lines a proposal changes, and on failing tests."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from trm_lsp.core.events import Hunk
from trm_lsp.core.verdict import TestResult
from trm_lsp.editor import lines as counting
from trm_lsp.editor.buffers import text_of
from trm_lsp.editor.diagnostics import said
from trm_lsp.editor.proposals import Offer
from trm_lsp.editor.roots import Root
from trm_lsp.editor.session import Session

LIMIT = 2000
"""Characters of a hover at most."""
MESSAGE_LINES = 8
DIFF_LINES = 24
WHY_SENTENCES = 8
TESTS_NAMED = 3

RULE = "\n\n---\n\n"
_MARKUP = re.compile(r"[\\*_<\[\]`]")


class Explanation(NamedTuple):
    """What to say about lines of a file, counted from 0, both ends included."""

    markdown: str
    first_line: int
    last_line: int


def explain(session: Session, root: Root, path: str, line: int) -> Explanation | None:
    """What is known about a line (from 0): proposals that change it, and the failures shown on it."""
    parts: list[str] = []
    first = last = line
    for offer, hunk, (start, end) in _hunks_at(session, root, path, line):
        parts.append(_proposal(offer, hunk))
        first, last = min(first, start), max(last, end)
    for shown in session.failures.between(root, path, line, line):
        for offer in session.offers.answering(root, shown.result.id):
            parts.append(_answer(offer))
        parts.append(_failure(shown.result))
    return Explanation(capped(RULE.join(parts)), first, last) if parts else None


def _hunks_at(session: Session, root: Root, path: str, line: int) -> Iterator[tuple[Offer, Hunk, tuple[int, int]]]:
    """The hunks of live proposals that change a line; those of a stale one are nowhere."""
    offers = session.offers.touching(root, path)
    text = text_of(session.workspace, root, path) if offers else None
    if text is None:
        return
    lines = counting.split(text.base.text)
    for offer in offers:
        if text.base.digest == offer.proposal.base_digests.get(path):
            for hunk in offer.hunks(path):
                start, _ = counting.position(lines, hunk.start, "utf-32")
                # A hunk of whole lines ends at the start of the next one, which it does not change.
                end, _ = counting.position(lines, max(hunk.start, hunk.end - 1), "utf-32")
                if start <= line <= end:
                    yield offer, hunk, (start, end)


def _proposal(offer: Offer, hunk: Hunk) -> str:
    return "\n\n".join([_headline(offer), *_why(offer), *_said_before(offer), _fenced("diff", _diff(hunk))])


def _answer(offer: Offer) -> str:
    """A proposal as seen from the test it is for."""
    changes = _fenced("diff", _clipped("\n".join(_diff(hunk) for hunk in offer.proposal.hunks), DIFF_LINES))
    return "\n\n".join([f"{_headline(offer)}: {offer.size} in {', '.join(offer.files)}", *_why(offer), changes])


def _headline(offer: Offer) -> str:
    return f"**TRM: {offer.promise}**" + (f" ({offer.grade})" if offer.solved else "")


def _why(offer: Offer) -> Iterator[str]:
    if offer.proposal.why:
        yield "\n".join(f"- {_inline(sentence)}" for sentence in offer.proposal.why[:WHY_SENTENCES])


def _said_before(offer: Offer) -> Iterator[str]:
    """What the tests said, as far as the reasons do not say it."""
    reasons = " ".join(offer.proposal.why)
    said = [f"{failed.id}: {failed.signature or failed.outcome}" for failed in offer.failed if failed.id not in reasons]
    if said:
        yield "The tests said:\n\n" + _fenced("", _clipped("\n".join(said), TESTS_NAMED))


def _failure(result: TestResult) -> str:
    return f"**TRM: `{result.id}` fails**\n\n" + _fenced("", _clipped(said(result), MESSAGE_LINES))


def _diff(hunk: Hunk) -> str:
    removed = [f"-{line}" for line in _whole_lines(hunk.before)]
    added = [f"+{line}" for line in _whole_lines(hunk.after)]
    return _clipped("\n".join([*removed, *added]), DIFF_LINES)


def _whole_lines(text: str) -> Iterable[str]:
    lines = [counting.content(line) for line in counting.split(text)]
    return lines if lines[-1] else lines[:-1]


def _clipped(text: str, limit: int) -> str:
    lines = text.split("\n")
    return "\n".join(lines if len(lines) <= limit else [*lines[:limit], f"... {len(lines) - limit} lines more"])


def _fenced(language: str, text: str) -> str:
    """A code block; its fence is longer than any in the text."""
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}{language}\n{text}\n{fence}"


def _inline(sentence: str) -> str:
    """One line of Markdown that means what it says; code in backticks stays code."""
    parts = " ".join(sentence.split()).split("`")
    if len(parts) % 2 == 0:  # a backtick without its other half
        return _MARKUP.sub(r"\\\g<0>", "`".join(parts))
    return "`".join(part if i % 2 else _MARKUP.sub(r"\\\g<0>", part) for i, part in enumerate(parts))


def capped(markdown: str) -> str:
    """At most LIMIT characters; a code block that is cut is closed."""
    if len(markdown) <= LIMIT:
        return markdown
    cut = markdown[: LIMIT - 16].rsplit("\n", 1)[0]
    fence = ""
    for line in cut.split("\n"):
        if fence:
            fence = "" if line == fence else fence
        elif line.startswith("```"):
            fence = line[: len(line) - len(line.lstrip("`"))]
    return f"{cut}\n{fence}\n\n..." if fence else f"{cut}\n\n..."
