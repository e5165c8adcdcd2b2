"""cargo test: with cargo itself."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from projects import Files, make

from trm_lsp.core.verdict import TestResult
from trm_lsp.judging.commands.recognising import recognise
from trm_lsp.judging.commands.tool import Finished

needs_cargo = pytest.mark.skipif(not shutil.which("cargo"), reason="cargo is not installed")

KIND = "cargo test"
MANIFEST = '[package]\nname = "my-calc"\nversion = "0.1.0"\nedition = "2021"\n'
LIB = """
    /// Subtracts.
    ///
    /// ```
    /// assert_eq!(my_calc::sub(3, 0), 3);
    /// ```
    pub fn sub(a: i32, b: i32) -> i32 {
        a + b
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn subtracts() {
            println!("test something ... ok");
            assert_eq!(sub(3, 2), 1, "of {}", 3);
        }
        #[test]
        fn fine() {}
        #[test]
        #[ignore = "slow"]
        fn later() {}
        #[test]
        #[should_panic]
        fn panics() {
            panic!("x");
        }
        #[test]
        #[should_panic(expected = "y")]
        fn panics_not() {}
        #[test]
        fn gives_err() -> Result<(), String> {
            Err("no".into())
        }
    }
"""
OUTSIDE = "#[test]\nfn from_outside() {\n    assert!(my_calc::sub(1, 1) == 0);\n}\n"
FILES: Files = {"Cargo.toml": MANIFEST, "src/lib.rs": LIB, "tests/outside.rs": OUTSIDE}
EXPECTED = {
    "src/lib.rs::tests::subtracts": "failed",
    "src/lib.rs::tests::fine": "passed",
    "src/lib.rs::tests::later": "skipped",
    "src/lib.rs::tests::panics": "passed",
    "src/lib.rs::tests::panics_not": "failed",
    "src/lib.rs::tests::gives_err": "failed",
    "tests/outside.rs::from_outside": "failed",
    "doc::src/lib.rs - sub (line 4)": "passed",
}


def outcomes(found: Mapping[str, TestResult]) -> dict[str, str]:
    return {id: str(one.outcome) for id, one in found.items()}


@needs_cargo
def test_every_test_has_a_result_and_some_can_be_run_alone(ran: Any) -> None:
    found = ran("cargo test", FILES, kind=KIND)
    assert outcomes(found) == EXPECTED
    subtracts = found["src/lib.rs::tests::subtracts"]
    assert subtracts.signature == "panicked: assertion `left == right` failed: of 3 left: 5 right: 1"
    assert (subtracts.path, subtracts.line) == ("src/lib.rs", 18)
    assert found["tests/outside.rs::from_outside"].frames == (("tests/outside.rs", 3),)
    assert found["src/lib.rs::tests::gives_err"].signature == 'Error: "no"'
    assert "did not panic as expected" in found["src/lib.rs::tests::panics_not"].signature
    for asked in (["src/lib.rs::tests::fine"], ["tests/outside.rs::from_outside", "src/lib.rs::tests::subtracts"]):
        assert outcomes(ran("cargo test", FILES, *asked, kind=KIND)) == {id: EXPECTED[id] for id in asked}
    lib = {id: outcome for id, outcome in EXPECTED.items() if id.startswith("src/")}
    assert outcomes(ran("true && cargo test --lib -- --test-threads 1", FILES, kind=KIND)) == lib


@needs_cargo
def test_a_frame_of_a_backtrace_counts(ran: Any) -> None:
    lib = "pub fn at(i: usize) -> i32 {\n    [1][i]\n}\n#[test]\nfn finds() {\n    assert_eq!(at(3), 1);\n}\n"
    found = ran("RUST_BACKTRACE=1 cargo test --lib", {"Cargo.toml": MANIFEST, "src/lib.rs": lib}, kind=KIND)
    assert found["src/lib.rs::finds"].frames[-2:] == (("src/lib.rs", 6), ("src/lib.rs", 2))
    assert "index out of bounds: the len is 1 but the index is 3" in found["src/lib.rs::finds"].signature


@needs_cargo
def test_what_does_not_compile_is_one_error_of_its_package(ran: Any) -> None:
    found = ran("cargo test", {**FILES, "src/lib.rs": "pub fn sub(a: i32) -> i32 {\n    a + nowhere\n}\n"}, kind=KIND)
    assert outcomes(found) == {"my-calc": "error"}
    assert found["my-calc"].signature == "cannot find value `nowhere` in this scope"
    assert (found["my-calc"].path, found["my-calc"].line) == ("src/lib.rs", 2)


@needs_cargo
def test_a_test_that_ends_the_process_spoils_its_file_alone(ran: Any) -> None:
    aborts = "#[test]\nfn aborts() {\n    std::process::abort();\n}\n"
    files = {"Cargo.toml": MANIFEST, "src/lib.rs": "#[test]\nfn fine() {}\n", "tests/a.rs": aborts}
    found = ran("cargo test", files, kind=KIND)
    assert outcomes(found) == {"src/lib.rs::fine": "passed", "tests/a.rs": "error"}
    assert "signal: 6" in found["tests/a.rs"].signature
    one_by_one = ran("cargo test -- --test-threads=1", files, kind=KIND)
    assert outcomes(one_by_one) == {"src/lib.rs::fine": "passed", "tests/a.rs::aborts": "error"}


@needs_cargo
def test_a_run_that_is_ended_says_what_was_running(ran: Any) -> None:
    hang = "#[test]\nfn before() {}\n#[test]\nfn hangs() {\n    loop {\n        std::thread::park();\n    }\n}\n"
    files = {"Cargo.toml": MANIFEST, "src/lib.rs": hang}
    found = ran("cargo test", files, kind=KIND, until=lambda output, _: "test before ... ok" in output)
    assert outcomes(found) == {"src/lib.rs::before": "passed", "src/lib.rs": "timeout"}
    one = ran("cargo test -- --test-threads=1", files, kind=KIND, until=lambda output, _: "test hangs" in output)
    assert outcomes(one) == {"src/lib.rs::before": "passed", "src/lib.rs::hangs": "timeout"}


@needs_cargo
def test_files_of_a_workspace_are_counted_from_its_root(ran: Any) -> None:
    member = "#[test]\nfn equals() {\n    assert_eq!(1, 2);\n}\n"
    files = {
        "Cargo.toml": '[workspace]\nmembers = ["crates/*"]\nresolver = "2"\n',
        **{f"crates/{name}/Cargo.toml": MANIFEST.replace("my-calc", name) for name in ("a-b", "c")},
        **{f"crates/{name}/src/lib.rs": member for name in ("a-b", "c")},
    }
    found = ran("cargo test", files, kind=KIND)
    assert outcomes(found) == {"crates/a-b/src/lib.rs::equals": "failed", "crates/c/src/lib.rs::equals": "failed"}
    assert all(one.path == id.split("::")[0] and one.line == 3 for id, one in found.items())


@needs_cargo
def test_a_candidate_of_the_same_age_and_size_is_compiled(ran: Any, root: Path) -> None:
    lib = "pub fn one() -> i32 {{\n    {}\n}}\n#[test]\nfn is_one() {{\n    assert_eq!(one(), 1);\n}}\n"
    seen = []
    for value in (2, 1, 2):
        make(root, {"Cargo.toml": MANIFEST, "src/lib.rs": lib.format(value)})
        os.utime(root / "src/lib.rs", (1_000_000_000, 1_000_000_000))
        seen += outcomes(ran("cargo test --lib", {}, kind=KIND)).values()
    assert seen == ["failed", "passed", "failed"]


# --- texts that the tool has written ----------------------------------------------------------------

OLD_PANIC = """\
     Running unittests src/lib.rs (target/debug/deps/my_calc-7a3dc1c7412f43dd)

running 2 tests
test tests::fine ... ok
test tests::subtracts ... FAILED

failures:

---- tests::subtracts stdout ----
thread 'tests::subtracts' panicked at 'assertion failed: `(left == right)`
  left: `5`,
 right: `1`', src/lib.rs:17:9
note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace


failures:
    tests::subtracts

test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s
"""


def read(root: Path, text: str, exit: int | None = 101, ended: str | None = None) -> dict[str, TestResult]:
    tool = recognise("cargo test", make(root, {"Cargo.toml": MANIFEST, "src/lib.rs": LIB}))
    return {one.id: one for one in tool.results(Finished(text, exit, ended, root, root))}


def test_a_panic_as_older_compilers_tell_it(root: Path) -> None:
    found = read(root, OLD_PANIC)
    assert outcomes(found) == {"src/lib.rs::tests::fine": "passed", "src/lib.rs::tests::subtracts": "failed"}
    subtracts = found["src/lib.rs::tests::subtracts"]
    assert (subtracts.path, subtracts.line) == ("src/lib.rs", 17)
    assert subtracts.signature.startswith("panicked: assertion failed: `(left == right)` left: `5`, right: `1`")


def test_a_text_cut_off_anywhere_is_never_all_well(root: Path) -> None:
    for end in range(0, len(OLD_PANIC), 7):
        found = read(root, OLD_PANIC[:end])
        assert any(one.outcome in {"failed", "error"} for one in found.values()), OLD_PANIC[:end]
        assert all(one.outcome in {"failed", "error"} for id, one in found.items() if not id.endswith("::fine"))


def test_a_text_without_its_beginning_is_read_on(root: Path) -> None:
    for start in range(0, len(OLD_PANIC), 7):
        found = read(root, OLD_PANIC[start:])
        assert any(one.outcome in {"failed", "error"} for one in found.values()), OLD_PANIC[start:]


def test_a_test_that_runs_for_long_is_named_when_the_run_is_ended(root: Path) -> None:
    text = (
        OLD_PANIC.partition("test tests::subtracts")[0] + "test tests::subtracts has been running for over 60 seconds\n"
    )
    found = read(root, text, None, "hard")
    assert outcomes(found) == {"src/lib.rs::tests::fine": "passed", "src/lib.rs::tests::subtracts": "timeout"}


def test_cargo_that_cannot_start_is_one_failure(root: Path) -> None:
    found = read(root, "error: no matching package named `gone` found\nlocation searched: crates.io index\n")
    assert outcomes(found) == {"cargo test": "failed"}
    assert "no matching package" in found["cargo test"].signature


def test_what_has_no_name_to_ask_for_is_not_run_alone(root: Path, tmp_path: Path) -> None:
    tool = recognise("cargo test", root)
    assert tool.command(["my-calc"], tmp_path) is None
    assert tool.command(["doc::src/lib.rs - sub (line 4)"], tmp_path) is None


@pytest.mark.parametrize(
    "command", ["cargo build", "cargo test --no-run", "cargo nextest run", "cargo test; cargo test"]
)
def test_what_is_something_else_is_left_alone(root: Path, command: str) -> None:
    assert recognise(command, root).kind == "another command"


@pytest.mark.parametrize(
    "command", ["cargo test", "cargo t -p x", "cargo +nightly test", "make x && cargo test -- --x"]
)
def test_ways_to_say_it(root: Path, command: str) -> None:
    assert recognise(command, root).kind == KIND
