"""Regular expressions: anchors, greed, escapes, quantifiers, groups, flags."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from typing import ClassVar

from trm_lsp.nets.repair.families.base import Change, Family, Site
from trm_lsp.nets.repair.source import called

FUNCTIONS = frozenset({"compile", "match", "search", "fullmatch", "findall", "finditer", "sub", "subn", "split"})
_LITERAL = re.compile(r"""([rR]?)(['"])([^'"\n]*)\2""")
_REPEATED = re.compile(r"(?<!\\)[*+?](?!\?)|\{\d+(?:,\d*)?\}(?!\?)")
_LAZY = re.compile(r"(?<=[*+?}])\?")
_CLASS = re.compile(r"\\[dDwWsSbB]")
_ATOM = re.compile(r"\\[dws]|\]|\)|(?<!\\)\.")
_SET = re.compile(r"\[\^?")
_GROUP = re.compile(r"(?<!\\)\((?!\?)")


def is_pattern(site: Site, node: ast.expr) -> bool:
    """Whether a string is the pattern of a call of the `re` module."""
    parent = site.parent(node)
    return (
        isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and isinstance(parent, ast.Call)
        and bool(parent.args)
        and parent.args[0] is node
        and called(parent.func) in FUNCTIONS
        and isinstance(parent.func, ast.Attribute | ast.Name)
        and (not isinstance(parent.func, ast.Attribute) or site.code(parent.func.value) in {"re", "regex"})
    )


class Pattern(Family):
    name, prior = "pattern", 0.5
    reason = "a regular expression matches too much or too little"

    def at_expression(self, site: Site, node: ast.expr) -> Iterator[Change]:
        literal = _LITERAL.fullmatch(site.slot(node).code) if is_pattern(site, node) else None
        if not literal:
            return
        prefix, quote, body = literal.groups()
        seen = {body}
        for new, weight in _variations(body):
            if new not in seen and _compiles(new if prefix else new.replace("\\\\", "\\")):
                seen.add(new)
                raw = prefix or ("r" if "\\" in new and "\\" not in body else "")
                yield site.swap(node, f"{raw}{quote}{new}{quote}", weight)


def _variations(body: str) -> Iterator[tuple[str, float]]:
    """Patterns one step away, with weights."""
    yield f"^{body}", 0.6
    yield f"{body}$", 0.6
    yield f"^{body}$", 0.5
    yield rf"\b{body}\b", 0.5
    yield rf"^(?:{body})$", 0.2
    for anchor in ("^", r"\b", r"\A"):
        yield body.removeprefix(anchor), 0.6
    for anchor in ("$", r"\b", r"\Z"):
        yield body.removesuffix(anchor), 0.6
    for found in _REPEATED.finditer(body):
        front, sign, back = body[: found.start()], found.group(), body[found.end() :]
        yield f"{front}{sign}?{back}", 0.7
        yield front + back, 0.5
        for other in {"*": "+?", "+": "*?", "?": "*+"}.get(sign, ""):
            yield front + other + back, 0.7
        if sign[0] == "{":
            low, _, high = sign[1:-1].partition(",")
            for count in (int(low) + 1, max(0, int(low) - 1)):
                yield f"{front}{{{count}{',' + high if ',' in sign else ''}}}{back}", 0.5
            if high:
                yield f"{front}{{{low},{int(high) + 1}}}{back}", 0.5
            yield f"{front}{{{low},}}{back}", 0.4
            yield f"{front}{{{low}}}{back}", 0.4
            yield f"{front}+{back}", 0.3
    for found in _LAZY.finditer(body):
        yield body[: found.start()] + body[found.end() :], 0.7
    for found in _CLASS.finditer(body):
        front, letter, back = body[: found.start()], found.group()[1], body[found.end() :]
        yield f"{front}\\{letter.swapcase()}{back}", 0.4
        for other in "dws".replace(letter, ""):
            yield f"{front}\\{other}{back}", 0.3
    for found in _ATOM.finditer(body):
        if body[found.end() : found.end() + 1] not in ("*", "+", "?", "{"):
            for sign, weight in (("+", 0.6), ("*", 0.5), ("?", 0.5)):
                yield body[: found.end()] + sign + body[found.end() :], weight
    for i, character in enumerate(body):
        escaped = i > 0 and body[i - 1] == "\\"
        if character in ".+*?()[]|$^" and not escaped:
            yield f"{body[:i]}\\{body[i:]}", 0.6 if character == "." else 0.4
        if escaped:
            yield body[: i - 1] + body[i:], 0.4
        yield body[:i] + body[i + 1 :], 0.2
    for found in _SET.finditer(body):
        front, sign, back = body[: found.start()], found.group(), body[found.end() :]
        yield front + ("[" if sign == "[^" else "[^") + back, 0.5
        for more in ("A-Z", "a-z", "0-9", "_", " ", "-", "."):
            end = back.find("]")
            if end >= 0 and more not in back[:end]:
                at_end = back[:end] + ("\\-" if more == "-" else more) + back[end:]
                yield front + sign + at_end, 0.4
    for found in _GROUP.finditer(body):
        yield f"{body[: found.start()]}(?:{body[found.end() :]}", 0.4
    yield body.replace("(?:", "(", 1), 0.4
    yield f"({body})", 0.3
    yield f"(?i){body}", 0.3


def _compiles(pattern: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            re.compile(pattern)
    except (re.error, OverflowError, RecursionError, Warning):
        return False
    return True


class Flag(Family):
    name, prior = "flag", 0.5
    reason = "a flag of a regular expression is missing, or too many"

    FLAGS: ClassVar = {"IGNORECASE": 0.7, "MULTILINE": 0.6, "DOTALL": 0.6, "VERBOSE": 0.2, "ASCII": 0.2}

    def at_expression(self, site: Site, node: ast.expr) -> Iterator[Change]:
        if isinstance(node, ast.Attribute) and node.attr in self.FLAGS and isinstance(node.value, ast.Name):
            for flag, weight in self.FLAGS.items():
                if flag != node.attr:
                    yield site.swap(node, f"{node.value.id}.{flag}", weight)
        if not isinstance(node, ast.Call) or not node.args or not is_pattern(site, node.args[0]):
            return
        if not isinstance(node.func, ast.Attribute) or any("." in site.code(a) for a in node.args[1:]):
            return
        if any(keyword.arg == "flags" for keyword in node.keywords):
            return
        code = site.slot(node).code
        for flag, weight in self.FLAGS.items():
            yield site.swap(
                node, f"{code[:-1].rstrip().rstrip(',')}, flags={site.code(node.func.value)}.{flag})", weight
            )


PATTERNS: tuple[Family, ...] = (Pattern(), Flag())
