"""go test: with go itself where it is installed, and on what it has written."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from projects import Files, make

from trm_lsp.core.verdict import TestResult
from trm_lsp.judging.commands.recognising import recognise
from trm_lsp.judging.commands.tool import Finished

needs_go = pytest.mark.skipif(not shutil.which("go"), reason="go is not installed")

KIND = "go test"
MODULE = "module example.com/shop\n\ngo 1.18\n"
CALC = "package calc\n\nfunc Sub(a, b int) int { return a + b }\n\nfunc At(xs []int, i int) int {\n\treturn xs[i]\n}\n"
CALC_TEST = """
    package calc

    import "testing"

    func TestSub(t *testing.T) {
    \tif got := Sub(3, 2); got != 1 {
    \t\tt.Errorf("Sub(3, 2) = %d, want 1", got)
    \t}
    }

    func TestTable(t *testing.T) {
    \tfor _, name := range []string{"small one", "large"} {
    \t\tt.Run(name, func(t *testing.T) {
    \t\t\tif name == "large" {
    \t\t\t\tt.Fatal("too large")
    \t\t\t}
    \t\t})
    \t}
    }

    func TestSkip(t *testing.T) { t.Skip("later") }

    func TestFine(t *testing.T) {}
"""
OK = "package ok\n\nfunc F() int { return 1 }\n"
OK_TEST = 'package ok_test\n\nimport "testing"\n\nfunc TestOk(t *testing.T) {}\n'
NO_TESTS = "package none\n"
FILES: Files = {
    "go.mod": MODULE,
    "calc/calc.go": CALC,
    "calc/calc_test.go": CALC_TEST,
    "ok/ok.go": OK,
    "ok/ok_test.go": OK_TEST,
    "none/none.go": NO_TESTS,
}
EXPECTED = {
    "calc::TestSub": "failed",
    "calc::TestTable": "failed",
    "calc::TestTable/small_one": "passed",
    "calc::TestTable/large": "failed",
    "calc::TestSkip": "skipped",
    "calc::TestFine": "passed",
    "ok::TestOk": "passed",
}


def test_file(body: str, name: str = "one", imports: str = "") -> str:
    return f'package {name}\n\nimport (\n\t"testing"\n{imports})\n\n{body}\n'


test_file.__test__ = False  # type: ignore[attr-defined]


def outcomes(found: Mapping[str, TestResult]) -> dict[str, str]:
    return {id: str(one.outcome) for id, one in found.items()}


@needs_go
@pytest.mark.parametrize(
    "command", ["go test ./...", "go test -v -count=1 ./... | cat", "true; GO=1 go test ./calc ./ok"]
)
def test_every_test_has_a_result(ran: Any, command: str) -> None:
    found = ran(command, FILES, kind=KIND)
    assert outcomes(found) == EXPECTED
    assert found["calc::TestSub"].signature == "Sub(3, 2) = 5, want 1"
    assert (found["calc::TestSub"].path, found["calc::TestSub"].line) == ("calc/calc_test.go", 8)
    assert found["calc::TestTable/large"].frames == (("calc/calc_test.go", 16),)


@needs_go
def test_some_tests_can_be_run_alone(ran: Any) -> None:
    for command in ("go test ./...", "go test -run Sub example.com/shop/..."):
        assert outcomes(ran(command, FILES, "calc::TestSub", kind=KIND)) == {"calc::TestSub": "failed"}
        both = ran(command, FILES, "calc::TestTable/large", "ok::TestOk", kind=KIND)
        assert both.keys() == {id for id in EXPECTED if "Table" in id or "Ok" in id}
        assert outcomes(ran(command, FILES, "ok", kind=KIND)).keys() <= {"ok::TestOk", command}


@needs_go
def test_a_package_at_the_root(ran: Any) -> None:
    files = {"go.mod": MODULE, "a.go": "package shop\n", "a_test.go": test_file("func TestA(t *testing.T) {}", "shop")}
    assert outcomes(ran("go test", files, kind=KIND)) == {".::TestA": "passed"}
    assert outcomes(ran("go test ./...", files, ".::TestA", kind=KIND)) == {".::TestA": "passed"}


@needs_go
def test_a_panic_leads_to_the_code(ran: Any) -> None:
    body = "func TestPanic(t *testing.T) {\n\tAt(nil, 3)\n}\n\nfunc TestNever(t *testing.T) {}"
    found = ran("go test ./calc", {**FILES, "calc/calc_test.go": test_file(body, "calc")}, kind=KIND)
    assert outcomes(found) == {"calc::TestPanic": "failed"}
    panic = found["calc::TestPanic"]
    assert panic.signature == "panic: runtime error: index out of range [3] with length 0"
    assert panic.frames == (("calc/calc_test.go", 8), ("calc/calc.go", 6))


@needs_go
@pytest.mark.parametrize(
    ("name", "text", "said", "line"),
    [
        ("ok.go", "package ok\n\nfunc F() int { return nowhere }\n", "undefined: nowhere", 3),
        ("ok.go", "package ok\n\nfunc F() int { return 1\n", "syntax error: ", 4),
        (
            "ok_test.go",
            'package ok\n\nimport "testing"\n\nfunc TestOk(t *testing.T) { gone() }\n',
            "undefined: gone",
            5,
        ),
        ("ok_test.go", 'package ok\n\nimport "fmt"\n\nfunc f() { fmt.Printf("%d", "x") }\n', "fmt.Printf format %d", 5),
    ],
)
def test_what_does_not_compile_is_one_error_of_its_package(
    ran: Any, name: str, text: str, said: str, line: int
) -> None:
    found = ran("go test ./...", {**FILES, f"ok/{name}": text}, kind=KIND)
    expected = {id: outcome for id, outcome in EXPECTED.items() if id.startswith("calc")}
    assert outcomes(found) == {**expected, "ok": "error"}
    assert said in found["ok"].signature
    assert (found["ok"].path, found["ok"].line) == (f"ok/{name}", line)


@needs_go
def test_a_test_that_ends_the_process(ran: Any) -> None:
    body = (
        "func TestFirst(t *testing.T) {}\nfunc TestExit(t *testing.T) { os.Exit(3) }\nfunc TestNever(t *testing.T) {}"
    )
    files = {"go.mod": MODULE, "one/one_test.go": test_file(body, imports='\t"os"\n')}
    found = ran("go test ./...", files, kind=KIND)
    assert outcomes(found) == {"one::TestFirst": "passed", "one::TestExit": "error"}
    assert found["one::TestExit"].signature == "the test ended its own process"


@needs_go
def test_a_package_that_ends_before_its_tests(ran: Any) -> None:
    files = {
        "go.mod": MODULE,
        "one/one_test.go": test_file('func init() { panic("early") }\nfunc TestA(t *testing.T) {}'),
    }
    found = ran("go test ./...", files, kind=KIND)
    assert outcomes(found) == {"one": "error"}
    assert found["one"].signature == "panic: early"
    assert found["one"].frames[-1] == ("one/one_test.go", 7)


SLEEP = "func TestSleep(t *testing.T) {\n\ttime.Sleep(time.Hour)\n}\n"


@needs_go
def test_a_run_that_is_ended_says_what_was_running(ran: Any) -> None:
    files = {"go.mod": MODULE, "one/one_test.go": test_file(SLEEP, imports='\t"time"\n')}
    found = ran("go test ./...", files, kind=KIND, until=lambda output, _: '"run"' in output and "TestSleep" in output)
    assert outcomes(found) == {"one::TestSleep": "timeout"}
    assert found["one::TestSleep"].path == ""


@needs_go
def test_a_time_limit_of_its_own_is_a_timeout(ran: Any) -> None:
    files = {"go.mod": MODULE, "one/one_test.go": test_file(SLEEP, imports='\t"time"\n')}
    found = ran("go test -timeout 100ms ./...", files, kind=KIND)
    assert outcomes(found) == {"one::TestSleep": "timeout"}
    assert found["one::TestSleep"].signature.startswith("panic: test timed out after")


@needs_go
def test_a_line_without_its_end_hides_no_outcome(ran: Any) -> None:
    body = """
        func TestA(t *testing.T) { fmt.Print("no end") }
        func TestB(t *testing.T) { fmt.Print("no end"); t.Fail() }
        func TestC(t *testing.T) { fmt.Print("no end"); t.Skip() }
        func TestD(t *testing.T) {}
    """
    files = {"go.mod": MODULE, "one/one_test.go": test_file(body, imports='\t"fmt"\n')}
    found = ran("go test ./...", files, kind=KIND)
    assert outcomes(found) == dict(
        zip((f"one::Test{x}" for x in "ABCD"), ("passed", "failed", "skipped", "passed"), strict=True)
    )


@needs_go
def test_a_package_that_is_not_there_is_one_failure(ran: Any) -> None:
    found = ran("go test ./gone", FILES, kind=KIND)
    assert outcomes(found) == {"go test ./gone": "failed"}


# --- texts that the tool has written ----------------------------------------------------------------

RECORDED = """\
FAIL\texample.com/shop/broken [build failed]
{"Time":"2026-11-22T05:17:25.8Z","Action":"run","Package":"example.com/shop/calc","Test":"TestFine"}
{"Time":"2026-11-22T05:17:25.8Z","Action":"output","Package":"example.com/shop/calc","Test":"TestFine","Output":"=== RUN   TestFine\\n"}
{"Time":"2026-11-22T05:17:25.8Z","Action":"pass","Package":"example.com/shop/calc","Test":"TestFine","Elapsed":0}
{"Time":"2026-11-22T05:17:25.8Z","Action":"run","Package":"example.com/shop/calc","Test":"TestSub"}
{"Time":"2026-11-22T05:17:25.8Z","Action":"output","Package":"example.com/shop/calc","Test":"TestSub","Output":"=== RUN   TestSub\\n"}
{"Time":"2026-11-22T05:17:25.8Z","Action":"output","Package":"example.com/shop/calc","Test":"TestSub","Output":"    calc_test.go:8: Sub(3, 2) = 5, want 1\\n"}
{"Time":"2026-11-22T05:17:25.8Z","Action":"output","Package":"example.com/shop/calc","Test":"TestSub","Output":"--- FAIL: TestSub (0.25s)\\n"}
{"Time":"2026-11-22T05:17:25.8Z","Action":"fail","Package":"example.com/shop/calc","Test":"TestSub","Elapsed":0.25}
{"Time":"2026-11-22T05:17:25.8Z","Action":"output","Package":"example.com/shop/calc","Output":"FAIL\\n"}
{"Time":"2026-11-22T05:17:25.8Z","Action":"fail","Package":"example.com/shop/calc","Elapsed":0.004}
# example.com/shop/broken [example.com/shop/broken.test]
broken/b.go:3:23: undefined: nowhere
"""  # noqa: E501
"""Written by go 1.19."""


def read(root: Path, text: str, exit: int | None = 1, ended: str | None = None) -> dict[str, TestResult]:
    files = {**FILES, "broken/b.go": "package broken\n\nfunc F() int { return nowhere }\n"}
    tool = recognise("go test ./...", make(root, files))
    return {one.id: one for one in tool.results(Finished(text, exit, ended, root, root))}


def test_what_go_has_written_is_understood_without_it(root: Path) -> None:
    found = read(root, RECORDED)
    assert outcomes(found) == {"broken": "error", "calc::TestFine": "passed", "calc::TestSub": "failed"}
    assert found["broken"].signature == "undefined: nowhere"
    assert (found["broken"].path, found["broken"].line) == ("broken/b.go", 3)
    assert (found["calc::TestSub"].path, found["calc::TestSub"].line) == ("calc/calc_test.go", 8)
    assert found["calc::TestSub"].message == "    calc_test.go:8: Sub(3, 2) = 5, want 1"
    assert found["calc::TestSub"].seconds == 0.25


def test_what_newer_compilers_say_comes_as_events(root: Path) -> None:
    """As `go help buildjson` describes it from 1.24 on."""
    package = "example.com/shop/broken"
    text = f"""\
{{"ImportPath":"{package} [{package}.test]","Action":"build-output","Output":"# {package} [{package}.test]\\n"}}
{{"ImportPath":"{package} [{package}.test]","Action":"build-output","Output":"broken/b.go:3:23: undefined: nowhere\\n"}}
{{"ImportPath":"{package} [{package}.test]","Action":"build-fail"}}
{{"Action":"start","Package":"{package}"}}
{{"Action":"output","Package":"{package}","Output":"FAIL\\t{package} [build failed]\\n"}}
{{"Action":"fail","Package":"{package}","Elapsed":0,"FailedBuild":"{package}"}}
"""
    found = read(root, text)
    assert outcomes(found) == {"broken": "error"}
    assert found["broken"].signature == "undefined: nowhere"
    assert (found["broken"].path, found["broken"].line) == ("broken/b.go", 3)


def test_a_text_cut_off_anywhere_is_never_all_well(root: Path) -> None:
    for end in range(0, len(RECORDED), 29):
        for part in (RECORDED[:end], RECORDED[end:]):
            found = read(root, part)
            assert {"failed", "error"}.intersection(outcomes(found).values()), part


@pytest.mark.parametrize(
    "text", ["{}", '{"Action": 3}', '{"Action": "pass", "Test": "x"}', '{"Action":"fail"}', "[1]\n{"]
)
def test_a_text_that_is_something_else_is_never_all_well(root: Path, text: str) -> None:
    assert {"failed", "error"}.intersection(outcomes(read(root, text)).values())


@pytest.mark.parametrize(
    "command", ["go build ./...", "go vet", "go test -c", "go test ./a && go test ./b", "gotestsum"]
)
def test_what_is_something_else_is_left_alone(root: Path, command: str) -> None:
    assert recognise(command, root).kind == "another command"
