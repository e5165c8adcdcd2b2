"""Whatever a run leaves behind, its results are an answer, and a run that failed is never all well."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from projects import make

from trm_lsp.core.verdict import TestResult
from trm_lsp.judging.commands.node import EVENTS
from trm_lsp.judging.commands.recognising import recognise
from trm_lsp.judging.commands.tool import BAD, Finished

LINES = [
    "     Running unittests src/lib.rs (target/debug/deps/a-0123456789abcdef)",
    "   Doc-tests a",
    "running 2 tests",
    "test a ... ok",
    "test a::b ... ",
    "test b ... FAILED",
    "test c has been running for over 60 seconds",
    "failures:",
    "---- b stdout ----",
    "thread 'b' (1) panicked at src/lib.rs:1:1:",
    "test result: ok. 1 passed; 0 failed",
    "error: could not compile `a` (lib) due to 1 previous error",
    "error[E0277]: cannot add",
    " --> src/lib.rs:1:7",
    "# x/a [x/a.test]",
    "a/a.go:1:2: undefined: y",
    "FAIL\tx/a [build failed]",
    *(
        json.dumps({"Action": action, "Package": package, "Test": test, "Output": "panic: y\n", "Elapsed": elapsed})
        for action, package, test, elapsed in [
            ("run", "x/a", "TestA", None),
            ("output", "x/a", "TestA", 1),
            ("pass", "x/a", "TestA", "soon"),
            ("fail", "x/a", "", {}),
            ("skip", "", "", []),
            ("pass", 3, ["x"], -1),
        ]
    ),
]
NAMES = st.sampled_from(["a", "b", "", "a::b", "x\ny", 3, None, ["a"]])
KINDS = ("dequeue", "complete", "start", "pass", "fail", "stderr")
ERRORS = [None, {}, {"failureType": "x"}, {"cause": {"name": "E", "stack": 3}}, {"cause": None}]
EVENT = st.fixed_dictionaries(
    {
        "type": st.sampled_from(
            ["test:dequeue", "test:complete", "test:start", "test:pass", "test:fail", "test:stderr", 1]
        ),
        "name": NAMES,
        "file": st.sampled_from(["/nowhere/a.test.js", "", None, 3, "a\0b"]),
        "nesting": st.sampled_from([0, 1, 2, None]),
    },
    optional={
        "line": st.sampled_from([1, None]),
        "message": NAMES,
        "skip": NAMES,
        "todo": NAMES,
        "error": st.sampled_from(
            [None, {}, {"failureType": "x"}, {"cause": {"name": "E", "stack": 3}}, {"cause": None}]
        ),
        "seconds": st.sampled_from([None, 1.5]),
    },
)


def results(command: str, output: str, exit: int | None, events: str = "") -> tuple[TestResult, ...]:
    with TemporaryDirectory() as folder:
        root = make(Path(folder), {"go.mod": "module x\n", "src/lib.rs": "", EVENTS: events})
        return recognise(command, root).results(Finished(output, exit, None, root, root))


def check(found: tuple[TestResult, ...], exit: int | None) -> None:
    assert found and len({one.id for one in found}) == len(found)
    assert exit == 0 or any(one.outcome in BAD for one in found)


@pytest.mark.parametrize("command", ["go test ./...", "cargo test", "make test"])
@given(lines=st.lists(st.sampled_from(LINES) | st.text(max_size=20)), exit=st.sampled_from([0, 1, None]))
def test_any_lines(command: str, lines: list[str], exit: int | None) -> None:
    check(results(command, "\n".join(lines), exit), exit)


@given(events=st.lists(EVENT, max_size=12), exit=st.sampled_from([0, 1, None]))
def test_any_events(events: list[dict[str, Any]], exit: int | None) -> None:
    check(results("node --test", "", exit, "\n".join(map(json.dumps, events))), exit)


@given(st.text(st.sampled_from("node go cargo npm test --;&|'\"\\\n$=#"), max_size=40))
def test_any_command_line_is_some_command(line: str) -> None:
    with TemporaryDirectory() as folder:
        tool = recognise(line, Path(folder))
        assert tool.command((), Path(folder)) is not None
