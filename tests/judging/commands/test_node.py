"""node --test: with node itself."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from projects import Files, make

from trm_lsp.core.verdict import TestResult
from trm_lsp.judging.commands.node import EVENTS, NodeTest
from trm_lsp.judging.commands.recognising import recognise
from trm_lsp.judging.commands.tool import Finished

pytestmark = pytest.mark.skipif(not shutil.which("node"), reason="node is not installed")

KIND = "node:test"
SUM = "exports.sub = (a, b) => {\n  if (b > 100) throw new RangeError('too large');\n  return a + b;\n};\n"
TEST = """
    const test = require('node:test');
    const assert = require('node:assert');
    const { sub } = require('../sum.js');

    test('subtracts', () => { assert.strictEqual(sub(3, 2), 1); });
    test('adds "nothing" & <more>', () => { assert.equal(sub(3, 0), 3); });
    test('skipped', { skip: 'later' }, () => {});
    test('to do', { todo: true }, () => { throw new Error('not yet'); });
    test.describe('suite', () => {
      test.it('throws', () => { sub(1, 101); });
      test.it('is fine', () => {});
    });
    test('parent', async (t) => { await t.test('child', async () => { assert.equal(1, 2); }); });
"""
FILES: Files = {"sum.js": SUM, "test/sum.test.js": TEST}
EXPECTED = {
    "test/sum.test.js::subtracts": "failed",
    'test/sum.test.js::adds "nothing" & <more>': "passed",
    "test/sum.test.js::skipped": "skipped",
    "test/sum.test.js::to do": "skipped",
    "test/sum.test.js::suite::throws": "failed",
    "test/sum.test.js::suite::is fine": "passed",
    "test/sum.test.js::parent::child": "failed",
    "test/sum.test.js::parent": "failed",
}


def outcomes(found: Mapping[str, TestResult]) -> dict[str, str]:
    return {id: str(one.outcome) for id, one in found.items()}


@pytest.mark.parametrize(
    "command",
    [
        "node --test",
        "node --test test/",
        "node --test 'test/sum.test.js'",
        "node --test --test-reporter=dot --test-concurrency 1 test/",
        "NODE_ENV=test node --no-warnings --test test/ > log.txt 2>&1",
        "true && node --test test/",
    ],
)
def test_every_test_has_a_result(ran: Any, command: str) -> None:
    assert outcomes(ran(command, FILES, kind=KIND)) == EXPECTED


def test_a_failure_has_its_error_and_the_way_to_it(ran: Any) -> None:
    found = ran("node --test", FILES, kind=KIND)
    subtracts, throws = found["test/sum.test.js::subtracts"], found["test/sum.test.js::suite::throws"]
    assert subtracts.signature == "AssertionError: Expected values to be strictly equal: 5 !== 1"
    assert (subtracts.path, subtracts.line) == ("test/sum.test.js", 6)
    assert throws.signature == "RangeError: too large"
    assert throws.frames == (("test/sum.test.js", 11), ("sum.js", 2))
    assert "sum.js:2:" in throws.message
    assert all(one.seconds >= 0 for one in found.values())


@pytest.mark.parametrize("command", ["npm test", "npm run test --silent", "npm t"])
def test_a_script_of_package_json_is_looked_into(ran: Any, command: str) -> None:
    if not shutil.which("npm"):
        pytest.skip("npm is not installed")
    script = '{"scripts": {"pretest": "echo first", "test": "node --test test/"}}'
    assert outcomes(ran(command, {**FILES, "package.json": script}, kind=KIND)) == EXPECTED


def test_some_tests_can_be_run_alone(ran: Any) -> None:
    other = "require('node:test')('other', () => { process.exit(1); });\n"
    files = {**FILES, "test/other.test.js": other, "package.json": '{"scripts": {"test": "node --test test/"}}'}
    for command in ("node --test", "node --test test/", "npm test"):
        asked = "test/sum.test.js::subtracts"
        assert outcomes(ran(command, files, asked, kind=KIND)) == {asked: "failed"}
        asked = "test/sum.test.js::suite::throws"
        assert outcomes(ran(command, files, asked, kind=KIND))[asked] == "failed"
        assert outcomes(ran(command, files, "test/sum.test.js", kind=KIND)) == EXPECTED


def test_a_script_with_more_to_it_is_run_whole_or_not_at_all(root: Path, tmp_path: Path) -> None:
    make(root, {"package.json": '{"scripts": {"pretest": "tsc", "test": "node --test dist/"}}'})
    tool = recognise("npm test", root)
    assert tool.kind == KIND and tool.command((), tmp_path)
    assert tool.command(["dist/a.test.js::a"], tmp_path) is None


@pytest.mark.parametrize(
    ("name", "said", "line"),
    [
        ("process.exit(3);", "the file ended its own process", 0),
        ("const x = ;", "SyntaxError: Unexpected token ';'", 3),
        ("require('./gone.js');", "Error: Cannot find module './gone.js'", 3),
        ("null.x;", "TypeError: Cannot read properties of null (reading 'x')", 3),
    ],
)
def test_a_file_that_ends_early_is_one_error(ran: Any, name: str, said: str, line: int) -> None:
    early = f"const test = require('node:test');\ntest('first', () => {{}});\n{name}\n"
    found = ran("node --test", {"a.test.js": early, "b.test.js": "require('node:test')('b', () => {});\n"}, kind=KIND)
    assert outcomes(found) == {"a.test.js": "error", "b.test.js::b": "passed"}
    assert found["a.test.js"].signature.startswith(said)
    assert (found["a.test.js"].path, found["a.test.js"].line) == ("a.test.js", line)


def test_an_error_in_what_a_test_imports_is_found_there(ran: Any) -> None:
    files = {
        "lib/sum.mjs": "\nexport const sub = (a, b) => ;\n",
        "a.test.mjs": "import { sub } from './lib/sum.mjs';\n",
    }
    found = ran("node --test", files, kind=KIND)
    assert found["a.test.mjs"].signature == "SyntaxError: Unexpected token ';'"
    assert (found["a.test.mjs"].path, found["a.test.mjs"].line) == ("lib/sum.mjs", 2)


def test_a_run_that_is_ended_says_what_was_running(ran: Any) -> None:
    hang = """
        const test = require('node:test');
        test('before', () => {});
        test.describe('suite', () => {
          test('hangs', async () => { await new Promise((done) => setTimeout(done, 3600e3)); });
          test('after', () => {});
        });
    """

    def hanging(output: str, reports: Path) -> bool:
        events = reports / EVENTS
        return events.is_file() and '"test:dequeue","name":"hangs"' in events.read_text()

    found = ran("node --test", {"hang.test.js": hang}, kind=KIND, until=hanging)
    assert outcomes(found) == {"hang.test.js::before": "passed", "hang.test.js::suite::hangs": "timeout"}


def test_a_loop_without_end_is_a_timeout_of_its_file(ran: Any) -> None:
    loop = "const test = require('node:test');\ntest('loops', () => { for (;;); });\n"

    def begun(output: str, reports: Path) -> bool:
        events = reports / EVENTS
        return events.is_file() and '"test:dequeue"' in events.read_text()

    (one,) = ran("node --test", {"loop.test.js": loop}, kind=KIND, until=begun).values()
    assert one.id.startswith("loop.test.js") and one.outcome == "timeout"


def test_a_test_with_a_time_limit_of_its_own_is_a_timeout(ran: Any) -> None:
    slow = """
        require('node:test')('slow', { timeout: 20 }, ({ signal }) => new Promise((done) => {
          const timer = setTimeout(done, 3600e3);
          signal.addEventListener('abort', () => clearTimeout(timer));
        }));
    """
    assert outcomes(ran("node --test", {"slow.test.js": slow}, kind=KIND)) == {"slow.test.js::slow": "timeout"}


def test_a_report_that_is_cut_off_counts_up_to_the_cut(root: Path, tmp_path: Path) -> None:
    tool = recognise("node --test", make(root, FILES))
    assert isinstance(tool, NodeTest)
    file = str(root / "test" / "sum.test.js")
    lines = [
        f'{{"type": "test:start", "name": "a", "nesting": 0, "file": "{file}"}}',
        f'{{"type": "test:pass", "name": "a", "nesting": 0, "file": "{file}"}}',
        "null",
        "[]",
        '{"type": "test:start", "name": "b", "nest',
    ]
    (tmp_path / EVENTS).write_text("\n".join(lines))
    found = tool.results(Finished("", 1, None, root, tmp_path))
    assert {one.id: str(one.outcome) for one in found} == {"test/sum.test.js::a": "passed", "node --test": "failed"}


@pytest.mark.parametrize(
    "command",
    [
        "node test.js",
        "node run.js --test",
        "jest",
        "npm run build",
        "npm test --workspace a",
        "node --test a & node --test b",
    ],
)
def test_what_is_something_else_is_left_alone(root: Path, command: str) -> None:
    make(root, {"package.json": '{"scripts": {"test": "node --test"}}'})
    assert recognise(command, root).kind == "another command"


@pytest.mark.parametrize(
    "script", ['"jest"', '"node --test --test-reporter=dot"', "3", "null", '{"a": 1}', '"NODE_OPTIONS=-x node --test"']
)
def test_a_script_that_is_something_else_is_left_alone(root: Path, script: str) -> None:
    make(root, {"package.json": f'{{"scripts": {{"test": {script}}}}}'})
    assert recognise("npm test", root).kind == "another command"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"scripts": 3}', "[" * 100_000])
def test_a_broken_package_json_is_no_obstacle(root: Path, text: str) -> None:
    make(root, {"package.json": text})
    assert recognise("npm test", root).kind == "another command"
