"""`go test`: its own stream of JSON events, and what the compiler says between them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from trm_lsp.core.verdict import Outcome, TestResult
from trm_lsp.judging.commands.line import Call, Word, calls, shell
from trm_lsp.judging.commands.reading import read
from trm_lsp.judging.commands.sources import Sources
from trm_lsp.judging.commands.tool import BAD, Finished, honest, result, unended

_NOT_BUILT = re.compile(r"^FAIL\t(?P<package>\S+) \[(?:build|setup) failed\]", re.M)
_PACKAGE_HEADING = re.compile(r"^# (?P<package>\S+)")
_MODULE = re.compile(r'^module\s+"?(?P<path>[^\s"]+)"?', re.M)
_GOROUTINE_PLACE = re.compile(r"^\t(?P<path>\S+\.go):(?P<line>\d+)(?: \+0x[0-9a-f]+)?$", re.M)
_LOGGED = re.compile(r"^\s+(?P<path>\S+\.go):(?P<line>\d+): ?(?P<text>.*)$", re.M)
_PANIC = re.compile(r"^(?:\S.*)?(?P<text>(?:panic|fatal error): .*?)(?: \[recovered\])?$", re.M)
_MARKS = re.compile(r"^\s*(?:=== (?:RUN|PAUSE|CONT|NAME) |--- (?:PASS|FAIL|SKIP|BENCH): ).*\n?", re.M)
_TIMED_OUT = "panic: test timed out after"
_OUTCOMES = {"pass": Outcome.PASSED, "skip": Outcome.SKIPPED, "fail": Outcome.FAILED}


def recognise(command: str, root: Path) -> GoTest | None:
    """`go test …`, also among other programs of a line."""
    found = [call for call in calls(command) if call.program == "go" and call.arguments[:1] == ("test",)]
    if len(found) != 1 or {"-c", "-h", "-help", "-args"}.intersection(found[0].arguments):
        return None
    module = _MODULE.search(read(root / "go.mod"))
    return GoTest(command, found[0], module["path"] if module else "")


@dataclass(frozen=True)
class GoTest:
    """Go's own test runner. Ids are `folder::TestName/subtest`, with the folder of the package."""

    shown: str
    call: Call
    module: str
    """The path that the module at the root is imported by."""
    kind: str = field(default="go test", init=False)

    def command(self, tests: Sequence[str], _reports: Path, /) -> list[str] | None:
        go, test, *rest = self.call.words
        added = [option for option in ("-json", "-count=1") if not self._says(option)]
        if not tests:
            return shell(self.call.line_with([go, test, *added, *rest]))
        names = dict.fromkeys(name.split("/")[0] for name in (id.partition("::")[2] for id in tests) if name)
        folders = dict.fromkeys(id.split("::")[0] for id in tests)
        chosen = [f"-run=^({'|'.join(map(re.escape, names))})$"] if all("::" in id for id in tests) else []
        options = [word for word in rest if not self._is_package(word)]
        return shell(self.call.line_with([go, test, *added, *options, *chosen, *map(self._package, folders)]))

    def _says(self, option: str) -> bool:
        name = option.partition("=")[0]
        return any(word.lstrip("-").partition("=")[0] == name.lstrip("-") for word in self.call.arguments)

    def _is_package(self, word: Word) -> bool:
        text = word.text
        inside = bool(self.module) and (text == self.module or text.startswith(f"{self.module}/"))
        return inside or text in {".", "..", "all"} or text.startswith(("./", "../")) or text.endswith("...")

    def _package(self, folder: str) -> str:
        """How a folder of an id is named on the command line."""
        if self.module and PurePosixPath(folder).parts[:1] == PurePosixPath(self.module).parts[:1]:
            return folder  # the path of a package outside the module, as it was reported
        return "." if folder == "." else f"./{folder}"

    def environment(self, environ: Mapping[str, str], cache: Path, /) -> dict[str, str]:
        """The modules that are there already, and a build cache that lasts: it knows sources by their content."""
        home = environ.get("HOME", "")
        path = environ.get("GOPATH") or f"{home}/go"
        modules = environ.get("GOMODCACHE") or f"{path.partition(':')[0]}/pkg/mod"
        found = {"GOCACHE": str(cache / "go"), "GOPATH": path, "GOMODCACHE": modules}
        return found | {name: environ[name] for name in ("GOFLAGS", "GOROOT", "GOTOOLCHAIN") if name in environ}

    def results(self, run: Finished) -> tuple[TestResult, ...]:
        return honest(_Events(run, self.module).results(), run, self.shown)


class _Events:
    """Reads what a run wrote."""

    def __init__(self, run: Finished, module: str) -> None:
        self._run, self._module = run, module
        self._output: dict[tuple[str, str], list[str]] = {}
        """By package and test (empty: the package's own), what it printed."""
        self._build: dict[str, list[str]] = {}
        """By package, what the compiler said."""
        self._running: dict[tuple[str, str], None] = {}
        self._found: dict[str, TestResult] = {}

    def results(self) -> list[TestResult]:
        heading = ""
        for line in self._run.output.splitlines():
            event = _event(line)
            if event is not None:
                self._take(event)
            elif match := _NOT_BUILT.match(line):
                self._not_built(match["package"])
            elif match := _PACKAGE_HEADING.match(line):
                heading = match["package"]
            else:
                self._build.setdefault(heading, []).append(line)
        # The compiler's words come by another pipe, before or after the line that tells of the failure.
        for package in [one for one in self._build if self._folder(one) in self._found]:
            self._not_built(package)
        for package, test in list(self._running):
            self._cut_off(package, test)
        return list(self._found.values())

    def _take(self, event: Mapping[str, Any]) -> None:
        action, package, test = (str(event.get(name, "")) for name in ("Action", "Package", "Test"))
        match action:
            case "build-output":
                self._build.setdefault(str(event.get("ImportPath", "")).split(" ")[0], []).append(
                    str(event.get("Output", "")).rstrip("\n")
                )
            case "output":
                text = str(event.get("Output", ""))
                self._output.setdefault((package, test), []).append(text)
                if match := _NOT_BUILT.match(text):
                    self._not_built(match["package"])
            case "run":
                self._running[package, test] = None
            case "pass" | "fail" | "skip" if test:
                self._running.pop((package, test), None)
                elapsed = event.get("Elapsed")
                self._tell(package, test, _OUTCOMES[action], elapsed if isinstance(elapsed, int | float) else 0.0)
            case "fail" if package:
                self._package_failed(package)

    def _package_failed(self, package: str) -> None:
        running = [test for of, test in self._running if of == package]
        for test in running:
            del self._running[package, test]
            self._cut_off(package, test)
        folder = self._folder(package)
        told = any(id.split("::")[0] == folder and one.outcome in BAD for id, one in self._found.items())
        if not told:  # TestMain, or the import of a package, ended it
            self._tell(package, "", Outcome.ERROR)

    def _cut_off(self, package: str, test: str) -> None:
        """A test that began and never ended."""
        if any(of == package and other.startswith(f"{test}/") for of, other in self._running):
            return
        text = "".join(self._output.get((package, test), ()))
        # Before go 1.20 a test that prints a line without its end hides the mark of its own end.
        if ended := re.search(rf"--- (PASS|FAIL|SKIP): {re.escape(test)} \(", text):
            self._tell(package, test, _OUTCOMES[ended[1].lower()])
        elif _TIMED_OUT in text:
            self._tell(package, test, Outcome.TIMEOUT)
        elif _PANIC.search(text):
            self._tell(package, test, Outcome.ERROR)
        else:
            id = self._id(package, test)
            self._found[id] = unended(id, self._run)

    def _tell(self, package: str, test: str, outcome: Outcome, seconds: float = 0.0) -> None:
        text = _MARKS.sub("", "".join(self._output.get((package, test), ()))).rstrip("\n")
        folder = self._folder(package)
        bad = outcome in BAD
        id = self._id(package, test)
        frames = _frames(text, folder, self._run.sources) if bad else ()
        text = text if bad or outcome is Outcome.SKIPPED else ""
        self._found[id] = result(id, outcome, _said(text), text, frames, seconds)

    def _not_built(self, package: str) -> None:
        """A package that does not compile: its tests have no names yet, so its folder stands for them."""
        package = package.removesuffix(".test").removesuffix("_test")
        lines = [line for line in self._build.get(package, ()) if line.strip() and not line.startswith("# ")]
        text = "\n".join(lines) or f"{package} could not be built"
        folder = self._folder(package)
        frames = self._run.sources.mentioned(text)[:1]
        error = re.sub(r"^\S+\.go:\d+(?::\d+)?: ", "", text.splitlines()[0])
        self._found[folder] = result(folder, Outcome.ERROR, error, text, frames)

    def _folder(self, package: str) -> str:
        """The folder of a package; its import path when it is not of the module at the root."""
        package = package.removesuffix("_test") if package.endswith("_test") else package
        if package == self._module:
            return "."
        return package.removeprefix(f"{self._module}/") if self._module else package

    def _id(self, package: str, test: str) -> str:
        return f"{self._folder(package)}::{test}" if test else self._folder(package)


def _event(line: str) -> Mapping[str, Any] | None:
    if not line.startswith("{"):
        return None
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) and "Action" in event else None


def _said(text: str) -> str:
    """What a failed test says is wrong: its panic, else all it logged, without the places."""
    if panic := _PANIC.search(text):
        return panic["text"]
    lines = (_LOGGED.sub(lambda match: match["text"], line).strip() for line in text.splitlines())
    return " ".join(filter(None, lines))


def _frames(text: str, folder: str, sources: Sources) -> tuple[tuple[str, int], ...]:
    """Sources of a failure, outermost first: of the panicking goroutine, else of the first thing logged."""
    if _PANIC.search(text):
        first = text.partition("\ngoroutine ")[2].partition("\n\n")[0]
        stack = [(sources.relative(m["path"]), int(m["line"])) for m in _GOROUTINE_PLACE.finditer(first)]
        found = [(path, line) for path, line in stack if path]
        if found:
            return tuple(reversed(found))
    logged = [(sources.relative(m["path"], folder), int(m["line"])) for m in _LOGGED.finditer(text)]
    return tuple((path, line) for path, line in logged if path)[:1]
