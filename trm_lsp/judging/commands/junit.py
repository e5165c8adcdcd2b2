"""JUnit's XML, as many tools write it."""

from __future__ import annotations

import re
import xml.parsers.expat
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from trm_lsp.core.verdict import Outcome, TestResult
from trm_lsp.judging.commands.reading import LARGEST
from trm_lsp.judging.commands.sources import Sources
from trm_lsp.judging.commands.tool import BAD, result

_TEST = "testcase"
_PARTS = {"failure": Outcome.FAILED, "error": Outcome.ERROR, "skipped": Outcome.SKIPPED}
DEEPEST = 100
"""Elements within each other; reports have four."""


class Refused(ValueError):
    """The file is no report that we would read."""


def parse(path: Path, sources: Sources) -> tuple[TestResult, ...]:
    """The tests a report tells of; of one that is cut off, those before the cut. Raises Refused."""
    found: dict[str, TestResult] = {}
    seen: dict[str, int] = {}
    for case, suites in _cases(path):
        one = _result(case, suites, sources)
        number = seen[one.id] = seen.get(one.id, 0) + 1
        if number > 1:  # repeated runs and parametrised tests may share a name
            one = one.model_copy(update={"id": f"{one.id}#{number}"})
        found[one.id] = one
    return tuple(found.values())


def _cases(path: Path) -> Iterator[tuple[ElementTree.Element, tuple[dict[str, str], ...]]]:
    """Each `testcase` of a report, with the attributes of the suites it is in. Raises Refused."""
    cases: list[tuple[ElementTree.Element, tuple[dict[str, str], ...]]] = []
    suites: list[dict[str, str]] = []
    builder: ElementTree.TreeBuilder | None = None
    depth = 0
    root = True

    def refuse(*_: Any) -> Any:
        raise Refused("it declares a document type or entities")

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal builder, depth, root
        name = name.rpartition(":")[2]
        depth += 1
        if root and name not in {"testsuites", "testsuite"}:
            raise Refused("it is another kind of XML")
        if depth > DEEPEST:
            raise Refused("it is too deep")
        root = False
        if builder is None and name == _TEST:
            builder = ElementTree.TreeBuilder()
        if builder is not None:
            builder.start(name, attributes)
        else:
            suites.append(attributes)

    def end(name: str) -> None:
        nonlocal builder, depth
        depth -= 1
        if builder is None:
            suites.pop()
            return
        name = name.rpartition(":")[2]
        builder.end(name)
        if name == _TEST:
            cases.append((builder.close(), tuple(suites)))
            builder = None

    def data(text: str) -> None:
        if builder is not None:
            builder.data(text)

    parser = xml.parsers.expat.ParserCreate()
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = parser.ExternalEntityRefHandler = refuse
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, data
    left = LARGEST
    try:
        with path.open("rb") as file:
            while left > 0 and (part := file.read(min(left, 1 << 16))):
                left -= len(part)
                parser.Parse(part, False)
                yield from cases
                cases.clear()
            if left > 0:
                parser.Parse(b"", True)
    except OSError as error:
        raise Refused(str(error)) from error
    except xml.parsers.expat.ExpatError as error:
        if root:
            raise Refused(str(error)) from error
        yield from cases  # what was whole before the cut


def _result(case: ElementTree.Element, suites: tuple[dict[str, str], ...], sources: Sources) -> TestResult:
    outcome, text, error = Outcome.PASSED, "", ""
    for part in case:
        of = _PARTS.get(part.tag)
        if of is None or outcome in BAD:
            continue
        said = part.get("message") or ""
        text = "\n".join(filter(None, [said if said not in (part.text or "") else "", (part.text or "").strip()]))
        kind = (part.get("type") or "").rpartition(".")[2]
        first = said or (text.splitlines() or [""])[0]
        named = re.fullmatch(r"[A-Z]\w*(?:Error|Exception|Failure)", kind)
        outcome, error = of, f"{kind}: {first}" if named and not re.match(r"[\w.]*" + kind, first) else first
    file = _file(case, suites, sources)
    frames = sources.mentioned(text) if outcome in BAD else ()
    if outcome in BAD and not frames and file:
        frames = ((file, _number(case.get("line"))),)
    id = "::".join(filter(None, [file, *_way(case, suites, file), case.get("name") or "(no name)"]))
    seconds = _number(case.get("time"))
    return result(id, outcome, error or "it failed", text, frames, seconds)


def _file(case: ElementTree.Element, suites: tuple[dict[str, str], ...], sources: Sources) -> str:
    """The file of a test, where the report names it."""
    for attributes in (case.attrib, *reversed(suites)):
        for name in ("file", "filepath"):
            found = sources.relative(attributes[name]) if attributes.get(name) else ""
            if found:
                return found
    dotted = (case.get("classname") or "").split(".")
    for end in range(len(dotted), 0, -1):  # pytest names classes by module, and the module by its path
        if found := sources.relative("/".join(dotted[:end]) + ".py"):
            return found
    return ""


def _way(case: ElementTree.Element, suites: tuple[dict[str, str], ...], file: str) -> list[str]:
    """The names on the way to a test: its class, or the suites it is in."""
    classname = case.get("classname") or ""
    if file:
        module = file.rpartition(".")[0].replace("/", ".")
        if classname == module or classname.startswith(f"{module}."):
            return [name for name in classname[len(module) :].split(".") if name]
    names = [suite["name"] for suite in suites[1:] if suite.get("name")]
    if classname and classname not in {"test", *names}:
        names.append(classname)
    return names


def _number(text: str | None) -> Any:
    """A number of a report, 0 for what is none; whole when it is written so."""
    text = (text or "").replace(",", "")
    if text.isdecimal():
        return int(text[:9])
    try:
        value = float(text)
    except ValueError:
        return 0
    return value if 0 <= value <= 1e9 else 0
