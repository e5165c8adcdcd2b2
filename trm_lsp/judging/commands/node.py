"""`node --test`, run plainly or by a script of package.json."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trm_lsp.core.verdict import Outcome, TestResult
from trm_lsp.judging.commands.line import Call, calls, shell
from trm_lsp.judging.commands.reading import lines_of, read_json
from trm_lsp.judging.commands.tool import BAD, Finished, honest, result, unended

REPORTER = "reporter.mjs"
EVENTS = "events.jsonl"
STDERR_KEPT = 8000

_REPORTER_SOURCE = """\
// Writes every event of node's test runner as a line of JSON, at the moment it comes.
const plain = (error) => error instanceof Error
  ? { name: error.name, message: error.message, stack: error.stack, failureType: error.failureType,
      cause: plain(error.cause) }
  : error === undefined ? undefined : { message: String(error) };

export default async function* report(events) {
  for await (const { type, data } of events) {
    const { name, nesting, file, line, skip, todo, message, details } = data;
    yield JSON.stringify({ type, name, nesting, file, line, skip, todo, message, kind: details?.type,
      seconds: details?.duration_ms / 1000, error: plain(details?.error) }) + "\\n";
  }
}
"""

_VALUE = re.compile(
    r"-r|-C|--(?:require|import|loader|experimental-loader|conditions|env-file|tsconfig|test-(?:concurrency|timeout|shard"
    r"|name-pattern|skip-pattern|reporter|reporter-destination|coverage-include|coverage-exclude|global-setup|isolation))"
)
"""Options whose value is a word of its own."""
_REPORTING = ("--test-reporter", "--test-reporter-destination")
_NOT_CHOSEN = "test name does not match pattern"
"""Why node says it skipped a test that `--test-name-pattern` left out."""
_STACK_PLACE = re.compile(r"^\s+at .*?(?P<path>(?:file://|/)[^\s()]+?|[A-Za-z]:\\[^()]+?):(?P<line>\d+):\d+\)?$", re.M)
_ERROR_LINE = re.compile(r"^(?:Uncaught )?((?:[A-Z]\w*)?(?:Error|Exception)(?: \[\w+\])?: .*)$", re.M)


def recognise(command: str, root: Path) -> NodeTest | None:
    """`node --test …`, or `npm test` (yarn, pnpm; `run` and a name) for a script that is one."""
    found = list(calls(command))
    direct = [call for call in found if _is_node_test(call)]
    if len(direct) == 1:
        return NodeTest(command, direct[0])
    scripted = [call for call in found if call.program in {"npm", "yarn", "pnpm"}]
    if len(scripted) != 1 or direct:
        return None
    call = scripted[0]
    scripts = read_json(root / "package.json").get("scripts")
    scripts = scripts if isinstance(scripts, dict) else {}
    name = _script_name(call.arguments)
    script = scripts.get(name)
    if not isinstance(script, str):
        return None
    inner = [one for one in calls(script) if _is_node_test(one)]
    # node takes what it is told through NODE_OPTIONS beside its arguments: two reporters would want two destinations.
    if len(inner) != 1 or "--test-reporter" in script or "NODE_OPTIONS=" in script:
        return None
    hooks = {f"pre{name}", f"post{name}"} & scripts.keys()
    return NodeTest(command, inner[0], script=True, whole=bool(hooks) or len(list(calls(command))) > 1)


def _is_node_test(call: Call) -> bool:
    return call.program in {"node", "nodejs", "tsx"} and "--test" in call.arguments[: _first_file(call) - 1]


def _first_file(call: Call) -> int:
    """The number of the call's first word that is no option and no option's value."""
    number = 1
    while number < len(call.words) and call.words[number].text.startswith("-"):
        number += 2 if _VALUE.fullmatch(call.words[number].text) else 1
    return min(number, len(call.words))


def _script_name(arguments: Sequence[str]) -> str:
    """The script of package.json that npm's arguments name; empty when they do more than run it."""
    words = [word for word in arguments if word not in {"-s", "--silent", "--quiet", "run", "run-script"}]
    if len(words) != 1:
        return ""
    return "test" if words[0] in {"test", "t", "tst"} else words[0]


@dataclass(frozen=True)
class NodeTest:
    """node's own test runner."""

    shown: str
    call: Call
    """`node --test …`, in the command itself or in the script that it runs."""
    script: bool = False
    """Whether it is in a script of package.json."""
    whole: bool = False
    """Whether more belongs to the script than its text, so that parts of it cannot be run alone."""
    kind: str = field(default="node:test", init=False)

    def command(self, tests: Sequence[str], reports: Path, /) -> list[str] | None:
        (reports / REPORTER).write_text(_REPORTER_SOURCE, encoding="utf-8")
        reporting = [
            f"--test-reporter={reports / REPORTER}",
            f"--test-reporter-destination={reports / EVENTS}",
            "--test-reporter=spec",
            "--test-reporter-destination=stdout",
        ]
        if not self.script:
            return shell(self._line(reporting, tests))
        if not tests:
            options = " ".join('"' + re.sub(r'(["\\])', r"\\\1", option) + '"' for option in reporting)
            added = f'export NODE_OPTIONS="${{NODE_OPTIONS:-}} "{shlex.quote(options)}'
            return shell(f"{added}\n{self.shown}")
        if self.whole:
            return None
        return shell(f'export PATH="$PWD/node_modules/.bin:$PATH"\n{self._line(reporting, tests)}')

    def _line(self, reporting: Sequence[str], tests: Sequence[str]) -> str:
        """The call with our reporter in place of its own, and the files and names of the tests if there are any."""
        first = _first_file(self.call)
        options = []
        words = iter(self.call.words[1:first])
        for word in words:
            if word.text in _REPORTING:
                next(words, None)
            elif not word.text.startswith(tuple(f"{option}=" for option in _REPORTING)):
                options.append(word)
        if not tests:
            return self.call.line_with([self.call.words[0], *reporting, *options, *self.call.words[first:]])
        files = dict.fromkeys(test.split("::")[0] for test in tests)
        return self.call.line_with([self.call.words[0], *reporting, *_patterns(tests), *options, *files])

    def environment(self, _environ: Mapping[str, str], _cache: Path, /) -> dict[str, str]:
        return {"NO_UPDATE_NOTIFIER": "1"}

    def results(self, run: Finished) -> tuple[TestResult, ...]:
        return honest(_Events(run).results(), run, self.shown)


def _patterns(tests: Sequence[str]) -> list[str]:
    """Options that choose tests by name; none when a whole file is among them.

    Versions of node differ in what a pattern is held against: a test's own
    name, each name on the way to it, or all of them in one. Whichever it is,
    these choose at least the tests.
    """
    chosen: dict[str, None] = {}
    for test in tests:
        names = test.split("::")[1:]
        if not names:
            return []
        chosen |= dict.fromkeys([*names, " ".join(names)])
    return [f"--test-name-pattern=/^{_escaped(name)}$/" for name in chosen]


def _escaped(name: str) -> str:
    return re.sub(r"([\\^$.*+?()\[\]{}|/])", r"\\\1", name)


class _Events:
    """Reads the events of a run.

    Starts and ends come in the order of declaration, so that the names on the
    way to a test are those that have started and not ended in its file.
    """

    def __init__(self, run: Finished) -> None:
        self._run = run
        self._sources = run.sources
        self._way: dict[str, list[str]] = {}
        """By file, the names on the way to the test that is told of now."""
        self._begun: dict[str, list[str]] = {}
        """The same for those that run."""
        self._running: dict[str, None] = {}
        self._stderr: dict[str, str] = {}
        self._found: list[TestResult] = []

    def results(self) -> list[TestResult]:
        for event in _read(self._run.reports / EVENTS):
            self._take(event)
        leaves = [id for id in self._running if not any(other.startswith(f"{id}::") for other in self._running)]
        told = {one.id for one in self._found}
        return [*self._found, *(unended(id, self._run) for id in leaves if id not in told)]

    def _take(self, event: Mapping[str, Any]) -> None:
        name, file = str(event.get("name", "")), str(event.get("file") or "")
        path = self._sources.relative(file) or file
        match event.get("type"):
            case "test:dequeue":
                self._running[self._id(self._begun, event, path)] = None
            case "test:complete":
                # Those that run beside each other share a way: what ends is looked for by its end.
                ended = self._id(self._begun, event, path)
                self._running.pop(ended, None)
            case "test:start":
                self._id(self._way, event, path)
            case "test:stderr":
                self._stderr[path] = (self._stderr.get(path, "") + str(event.get("message", "")))[-STDERR_KEPT:]
            case "test:pass" | "test:fail" if not self._is_file(name, path) or event["type"] == "test:fail":
                self._end(event, path)

    def _is_file(self, name: str, path: str) -> bool:
        """Whether an event is about a file as a whole, which node names by its path."""
        return bool(path) and self._sources.relative(name) == path

    def _id(self, ways: dict[str, list[str]], event: Mapping[str, Any], path: str) -> str:
        """The id of the test an event is about."""
        name, nesting = str(event.get("name", "")), int(event.get("nesting") or 0)
        if self._is_file(name, path):
            return path
        way = ways.setdefault(path, [])
        way[nesting:] = [name.replace("\n", " ")]
        return "::".join([path, *way])

    def _end(self, event: Mapping[str, Any], path: str) -> None:
        error = event.get("error") or {}
        failure = str(error.get("failureType", ""))
        skip = event.get("skip")
        id = self._id(self._way, event, path)
        if skip == _NOT_CHOSEN or (event.get("kind") == "suite" and (not error or failure == "subtestsFailed")):
            return  # nothing was tested, or those inside have said it
        if id == path:
            self._found.append(self._of_file(path))
            return
        outcome = Outcome.PASSED if event["type"] == "test:pass" else _outcome(failure)
        if (skip not in (None, False)) or (event.get("todo") not in (None, False) and outcome is not Outcome.PASSED):
            outcome = Outcome.SKIPPED  # node itself lets neither fail a run
        cause = error.get("cause") or error
        said = f"{cause['name']}: {cause.get('message', '')}" if cause.get("name") else str(cause.get("message", ""))
        frames = self._frames(str(cause.get("stack", "")))
        if not frames and outcome in BAD and self._sources.relative(path):
            frames = ((path, int(event.get("line") or 0)),)
        message = str(cause.get("stack") or said) if error else ""
        self._found.append(result(id, outcome, said, message, frames, float(event.get("seconds") or 0.0)))

    def _of_file(self, path: str) -> TestResult:
        """A file that ended before its tests did: what it wrote last says why."""
        text = self._stderr.get(path, "").strip()
        errors = _ERROR_LINE.findall(text)
        frames = self._frames(text)
        if not frames:  # a syntax error has its place in the first line, and only node itself in the stack
            frames = self._sources.mentioned(text)[:1]
        said = errors[0] if errors else "the file ended its own process"
        return result(path, Outcome.ERROR, said, text or said, frames or ((path, 0),))

    def _frames(self, stack: str) -> tuple[tuple[str, int], ...]:
        """The user's places in a stack, outermost first."""
        found = [(self._sources.relative(m["path"]), int(m["line"])) for m in _STACK_PLACE.finditer(stack)]
        return tuple(reversed([(path, line) for path, line in found if path]))


def _outcome(failure: str) -> Outcome:
    if failure == "testTimeoutFailure":
        return Outcome.TIMEOUT
    return Outcome.ERROR if failure in {"hookFailed", "cancelledByParent", "testAborted"} else Outcome.FAILED


def _read(path: Path) -> Iterator[Mapping[str, Any]]:
    """The events of a report; the last one may be cut off."""
    for line in lines_of(path):
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict):
            yield event
