"""`cargo test`: the plain text of the test harness, for its JSON is not stable."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trm_lsp.core.verdict import Outcome, TestResult
from trm_lsp.judging.commands.line import Call, calls, shell
from trm_lsp.judging.commands.reading import read
from trm_lsp.judging.commands.sources import Sources
from trm_lsp.judging.commands.tool import BAD, Finished, honest, result, unended

_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_TARGET = re.compile(r"^\s+Running (?:unittests )?(?P<path>\S.*?) \((?P<binary>.*)\)$")
_DOCTESTS = re.compile(r"^\s+Doc-tests (?P<crate>\S+)$")
_TEST = re.compile(r"^test (?P<name>.+?)(?: - should panic)? \.\.\. (?P<rest>.*)$")
_SLOW = re.compile(r"^test (?P<name>.+?) has been running for over \d+ seconds$")
_END = re.compile(r"(?:^|.*?)(?P<outcome>ok|FAILED|ignored)(?:, .*)?(?: <[\d.]+s>)?$")
_OF_TEST = re.compile(r"^---- (?P<name>.+?)(?: - should panic)? (?:stdout|compile|stderr)? ?----$")
_NAME_OF_BINARY = re.compile(r"(?P<crate>[^/\\]+?)-[0-9a-f]{8,}(?:\.exe)?$")
_PANIC = re.compile(
    r"^thread '.*' (?:\(\d+\) )?panicked at (?:'(?P<old>[\s\S]*?)', )?(?P<path>[^\s:]+):(?P<line>\d+):\d+:?$", re.M
)
_BACKTRACE = re.compile(r"^\s+at (?P<path>\S+\.rs):(?P<line>\d+):\d+$", re.M)
_COMPILE_ERROR = re.compile(
    r"^error(?:\[E\d+\])?: (?P<text>.*)\n(?:.*\n)??\s*--> (?P<path>.+?):(?P<line>\d+):\d+$", re.M
)
_NOT_COMPILED = re.compile(r"^error: could not compile `(?P<package>[^`]+)`", re.M)
_DIED = re.compile(r"process didn't exit successfully: .*? \((?P<how>(?:signal|exit).*)\)$", re.M)
MEMBERS_READ = 200
"""More packages than a workspace has whose tests are run at once."""


def recognise(command: str, root: Path) -> CargoTest | None:
    """`cargo test …` (also `cargo +nightly test`), among other programs of a line too."""
    found = []
    for call in calls(command):
        arguments = [word for word in call.arguments if not word.startswith("+")]
        if call.program == "cargo" and arguments[:1] in (["test"], ["t"]) and "--no-run" not in arguments:
            found.append(call)
    return CargoTest(command, found[0], dict(_packages(root))) if len(found) == 1 else None


@dataclass(frozen=True)
class CargoTest:
    """Rust's own test runner. Ids are `src/lib.rs::module::test`: the file a target begins with, and the test in it.

    Tests in documentation have the id `src/lib.rs - item (line 3)` of the harness behind `doc::`.
    """

    shown: str
    call: Call
    packages: Mapping[str, str]
    """Folders of the workspace's packages, by name."""
    kind: str = field(default="cargo test", init=False)

    def command(self, tests: Sequence[str], _reports: Path, /) -> list[str] | None:
        names = [test.partition("::")[2] for test in tests]
        if not all(names) or any(test.startswith("doc::") for test in tests):
            return None  # a package has no name of a test, and rustdoc takes no names with spaces
        words = list(self.call.words)
        end = next((number for number, word in enumerate(words) if word.text == "--"), len(words))
        added = [] if "--no-fail-fast" in self.call.arguments else ["--no-fail-fast"]
        line: list[Any] = [*words[:end], *added, *words[end:]]
        if tests:
            harness = [] if end < len(words) else ["--"]
            line = [*line, *harness, *(["--exact"] if "--exact" not in self.call.arguments else []), *names]
        return shell(f"{_forget(self.packages)}{self.call.line_with(line)}")

    def environment(self, environ: Mapping[str, str], cache: Path, /) -> dict[str, str]:
        """The tools and crates that are there already, and a folder for what is built that lasts."""
        home = environ.get("HOME", "")
        return {
            "CARGO_HOME": environ.get("CARGO_HOME") or f"{home}/.cargo",
            "RUSTUP_HOME": environ.get("RUSTUP_HOME") or f"{home}/.rustup",
            "CARGO_TARGET_DIR": str(cache / "cargo"),
            "CARGO_NET_OFFLINE": "true",
            "CARGO_TERM_COLOR": "never",
        }

    def results(self, run: Finished) -> tuple[TestResult, ...]:
        return honest(_Text(run, self.packages).results(), run, self.shown)


def _forget(packages: Mapping[str, str]) -> str:
    """A line that has the user's packages built anew: cargo goes by times of files, which a copy does not keep."""
    marks = " ".join(f'"$CARGO_TARGET_DIR"/*/.fingerprint/{name}-*' for name in packages)
    return f'[ -z "${{CARGO_TARGET_DIR:-}}" ] || rm -rf {marks}\n' if packages else ""


class _Text:
    """Reads what a run printed, target by target."""

    def __init__(self, run: Finished, packages: Mapping[str, str]) -> None:
        self._run, self._packages = run, packages
        self._text = _ANSI.sub("", run.output).replace("\r\n", "\n")
        self._target = ""
        """The file that the target begins with, `doc` for the tests in documentation; empty before the first."""
        self._found: dict[str, TestResult] = {}
        self._running = ""
        self._slow: set[str] = set()
        self._count = self._ended = 0
        """Tests of the target, and those that have ended."""
        self._before = ""
        """What was read of the target up to now."""

    def results(self) -> list[TestResult]:
        for package in dict.fromkeys(match["package"] for match in _NOT_COMPILED.finditer(self._text)):
            self._not_compiled(package)
        of, said = "", dict[str, list[str]]()
        for line in self._text.splitlines():
            if match := _TARGET.match(line):
                self._leave()
                self._target = self._file(match["path"], match["binary"])
            elif match := _DOCTESTS.match(line):
                self._leave()
                self._target = "doc"
            elif match := _OF_TEST.match(line):
                of = f"{self._target}::{match['name']}"
                said[of] = []
                continue
            elif line in {"failures:", "successes:"} or line.startswith("test result: "):
                of = ""
            elif of:
                said[of].append(line)
                continue
            self._read(line)
            self._before += f"{line}\n"
        self._leave()
        for id, lines in said.items():
            if id in self._found and self._found[id].outcome in BAD:
                self._found[id] = self._failed(id, "\n".join(lines).strip())
        return list(self._found.values())

    def _read(self, line: str) -> None:
        if match := re.match(r"^running (\d+) tests?$", line):
            self._count, self._ended = int(match[1]), 0
        elif match := _SLOW.match(line):
            self._slow.add(match["name"])
        elif match := _TEST.match(line):
            self._running = match["name"]
            self._end(match["rest"])
        elif line.startswith("test result: "):
            self._ended = self._count
        elif self._running:
            self._end(line)  # it printed something before its outcome

    def _end(self, text: str) -> None:
        match = _END.match(text)
        if match is None or not self._running:
            return
        outcome = {"ok": Outcome.PASSED, "ignored": Outcome.SKIPPED}.get(match["outcome"], Outcome.FAILED)
        id = f"{self._target}::{self._running}"
        self._found[id] = result(id, outcome, "the test failed")
        self._slow.discard(self._running)
        self._running = ""
        self._ended += 1

    def _leave(self) -> None:
        """The end of a target's text: what began there and has no end was cut off."""
        cut_off = {self._running, *self._slow} - {""}
        for name in cut_off:
            id = f"{self._target}::{name}"
            self._found[id] = unended(id, self._run)
        if self._ended < self._count and not cut_off and self._target:
            # The harness names tests when they end: nobody knows which of the others was running.
            died = _DIED.search(self._before)
            one = unended(self._target, self._run)
            message = self._before[-2000:].strip()
            error = f"{one.signature} ({died['how']})" if died else one.signature
            self._found[self._target] = one.model_copy(update={"signature": error, "message": message})
        self._running, self._slow, self._count, self._ended, self._before = "", set(), 0, 0, ""

    def _file(self, path: str, binary: str) -> str:
        """The file of a target, from the root: cargo names it from the folder of its package."""
        match = _NAME_OF_BINARY.search(binary)
        crate = match["crate"] if match else ""
        likely = [folder for name, folder in self._packages.items() if name.replace("-", "_") == crate]
        for folder in [*likely, *self._packages.values()]:
            found = self._run.sources.relative(path, folder)
            if found:
                return found
        return path

    def _failed(self, id: str, text: str) -> TestResult:
        error, frames = _explained(text, self._run.sources)
        if not frames and not id.startswith("doc::"):
            frames = self._run.sources.mentioned(text)[:1]
        return result(id, Outcome.FAILED, error, text, frames)

    def _not_compiled(self, package: str) -> None:
        """A package that does not compile: it stands for its tests."""
        found = [(match["text"], match["path"], int(match["line"])) for match in _COMPILE_ERROR.finditer(self._text)]
        sources = self._run.sources
        located = [(text, sources.relative(path), line) for text, path, line in found]
        folder = self._packages.get(package, "")
        own = [one for one in located if one[1] and one[1].startswith(f"{folder}/" if folder else "")]
        start = self._text.find("error")
        message = self._text[start : start + 4000]
        error, path, line = (own or located or [("it does not compile", "", 0)])[0]
        self._found[package] = result(package, Outcome.ERROR, error, message, [(path, line)] if path else ())


def _explained(text: str, sources: Sources) -> tuple[str, tuple[tuple[str, int], ...]]:
    """What a failure says is wrong, and the user's places on the way to it, outermost first."""
    panic = _PANIC.search(text)
    if panic is None:
        return " ".join(text.split()), ()
    said = panic["old"] or text[panic.end() :].partition("stack backtrace:")[0].partition("note: ")[0]
    stack = [(sources.relative(m["path"]), int(m["line"])) for m in _BACKTRACE.finditer(text)]
    frames = [*reversed([(path, line) for path, line in stack if path])]
    place = (sources.relative(panic["path"]), int(panic["line"]))
    if place[0] and place not in frames:
        frames.append(place)
    return f"panicked: {' '.join(said.split())}", tuple(frames)


def _packages(root: Path) -> Iterator[tuple[str, str]]:
    """Names and folders of the packages of a workspace."""
    top = _manifest(root / "Cargo.toml")
    workspace = top.get("workspace")
    patterns = workspace.get("members", []) if isinstance(workspace, dict) else []
    folders = [""]
    for pattern in patterns if isinstance(patterns, list) else []:
        try:
            members = [path for path, _ in zip(sorted(root.glob(str(pattern))), range(MEMBERS_READ), strict=False)]
        except (ValueError, NotImplementedError, OSError):  # a pattern that leads elsewhere
            continue
        folders += [os.path.relpath(path, root).replace(os.sep, "/") for path in members]
    for folder in folders[:MEMBERS_READ]:
        package = _manifest(root / folder / "Cargo.toml").get("package")
        name = package.get("name") if isinstance(package, dict) else None
        if isinstance(name, str) and re.fullmatch(r"[\w-]+", name):
            yield name, folder


def _manifest(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(read(path))
    except (ValueError, RecursionError):
        return {}
