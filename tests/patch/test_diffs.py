"""Diffs that git takes and people read; hunks that an editor can apply one by one."""

from __future__ import annotations

import itertools
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from unidiff import PatchSet

from trm_lsp.core.state import Edit
from trm_lsp.patch.diffs import hunks, size, unified
from trm_lsp.patch.edits import apply

# Lines with everything that has ever been taken for a line end, or was thought to be one column wide.
contents = st.text(
    st.sampled_from(["a", "b", " ", "é", "😀", "\f", "\v", "\x85", "\u2028", "\x1c", "\\", "-", "+"]), max_size=4
)
ends = st.sampled_from(["\n", "\n", "\r\n", "\r"])
lines = st.builds(lambda content, end: content + end, contents, ends)
texts = st.builds(lambda lines, rest: "".join(lines) + rest, st.lists(lines, max_size=12), contents)


@st.composite
def changes(draw: st.DrawFn) -> tuple[str, str]:
    """A text and what became of it: mostly the same lines."""
    old = draw(st.lists(lines, max_size=14))
    new = [other for line in old for other in draw(st.sampled_from([[line]] * 4 + [[], [line, "new\n"], ["x\r\n"]]))]
    return "".join(old) + draw(contents), "".join(new) + draw(contents)


pairs = st.one_of(changes(), st.tuples(texts, texts))


# --- hunks --------------------------------------------------------------------------------------


@given(pairs)
def test_all_hunks_of_a_change_give_the_new_text(pair: tuple[str, str]) -> None:
    old, new = pair
    edits = [Edit(hunk.path, hunk.start, hunk.end, hunk.after) for hunk in hunks("m.py", old, new)]
    assert apply(old, edits) == new


@given(pairs)
def test_a_hunk_says_what_it_replaces_and_where(pair: tuple[str, str]) -> None:
    old, new = pair
    found = list(hunks("m.py", old, new))
    for hunk in found:
        assert old[hunk.start : hunk.end] == hunk.before != hunk.after
        before = old[: hunk.start].replace("\r\n", "\n").replace("\r", "\n")
        assert hunk.first_line == before.count("\n") + 1
    assert all(one.end < other.start for one, other in itertools.pairwise(found))


@given(texts)
def test_a_text_that_did_not_change_has_no_hunks(text: str) -> None:
    assert list(hunks("m.py", text, text)) == []


def test_hunks_are_runs_of_whole_lines() -> None:
    old = "a\nb\nc\nd\ne\n"
    new = "a\nB\nc\nd\ne\nf\n"
    assert [(hunk.first_line, hunk.before, hunk.after) for hunk in hunks("m.py", old, new)] == [
        (2, "b\n", "B\n"),
        (6, "", "f\n"),
    ]


def test_a_form_feed_does_not_end_a_line() -> None:
    (hunk,) = hunks("m.py", "a\fb\nc\n", "a\fb\nd\n")
    assert (hunk.first_line, hunk.before) == (2, "c\n")


# --- unified diffs ------------------------------------------------------------------------------


@pytest.fixture
def git(tmp_path: Path) -> Callable[[dict[str, str], str], dict[str, str]]:
    """Apply a diff to files with the real git, and read them again."""
    env = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_CEILING_DIRECTORIES": "/"}

    def applied(base: dict[str, str], diff: str) -> dict[str, str]:
        for path, text in base.items():
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_bytes(text.encode())
        done = subprocess.run(
            ["git", "apply", "--whitespace=nowarn", "-"],
            cwd=tmp_path,
            env=env,
            input=diff.encode(),
            capture_output=True,
        )
        assert done.returncode == 0, done.stderr.decode()
        return {path: (tmp_path / path).read_bytes().decode() for path in base}

    return applied


Git = Callable[[dict[str, str], str], dict[str, str]]


def check(git: Git, base: dict[str, str], texts: dict[str, str]) -> str:
    diff = unified(base, texts)
    assert git(base, diff) == {**base, **texts}
    return diff


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pairs)
def test_git_applies_the_diff_of_any_change_of_a_text(git: Git, pair: tuple[str, str]) -> None:
    old, new = pair
    if old != new and old and new:
        check(git, {"m.py": old}, {"m.py": new})


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("a\nb", "a\nc"),
        ("a\nb", "a\nb\n"),
        ("a\nb\n", "a\nb"),
        ("a", "b\nc"),
        ("a\r\nb\r\n", "a\r\nc\r\n"),
        ("a\r\nb", "a\nb\r\n"),
        ("a\rb\rc\n", "a\rx\rc\n"),
        ("a\fb\nc\n", "a\fb\nd\n"),
        ("x = '\u2028'\ny = 1\n", "x = '\u2028'\ny = 2\n"),
        ("# 😀\ny = 1\n", "# 😀\ny = 2\n"),
        ("", "new\n"),
        ("all of it\n", ""),
    ],
)
def test_git_applies_the_diff_of_unusual_line_ends(git: Git, old: str, new: str) -> None:
    check(git, {"m.py": old}, {"m.py": new})


def test_git_applies_a_diff_over_several_files_whatever_their_names(git: Git) -> None:
    base = {"a.py": "1\n", "src/b c.py": "2\n", "src/é.py": "3", "same.py": "4\n"}
    diff = check(git, base, {"src/é.py": "33", "a.py": "11\n", "src/b c.py": "22\n", "same.py": "4\n"})
    assert [file.path for file in PatchSet(diff)] == ["a.py", "src/b c.py", "src/é.py"]


@given(pairs)
@example(("a\n" + "b\n" * 7, "b\n" * 7 + "a\n"))  # two hunks
def test_the_diff_reads_as_one_file_with_the_lines_that_changed(pair: tuple[str, str]) -> None:
    old, new = pair
    patch = PatchSet(unified({"m.py": old}, {"m.py": new}))
    assert len(patch) == (old != new)
    for file in patch:
        assert file.path == "m.py"
        for hunk in file:
            removed = "".join(line.value for line in hunk if line.is_removed or line.is_context)
            assert removed.removesuffix("\n") in old + "\n"


def test_a_diff_is_the_usual_one() -> None:
    old = "".join(f"line {number}\n" for number in range(1, 10))
    assert (
        unified({"m.py": old}, {"m.py": old.replace("line 5", "line five")})
        == """\
--- a/m.py
+++ b/m.py
@@ -2,7 +2,7 @@
 line 2
 line 3
 line 4
-line 5
+line five
 line 6
 line 7
 line 8
"""
    )


def test_a_missing_line_end_is_said() -> None:
    assert unified({"m.py": "a"}, {"m.py": "b"}).splitlines()[-4:] == [
        "-a",
        r"\ No newline at end of file",
        "+b",
        r"\ No newline at end of file",
    ]


def test_nothing_changed_is_an_empty_diff() -> None:
    assert unified({"m.py": "a\n"}, {"m.py": "a\n"}) == ""


@pytest.mark.parametrize(
    ("base", "texts", "expected"),
    [
        ({"m.py": "a\n"}, {"m.py": "b\n"}, "1 line in 1 file"),
        ({"m.py": "a\n"}, {"m.py": "a\nb\nc\n"}, "2 lines in 1 file"),
        ({"m.py": "a\nb\nc\n"}, {"m.py": "a\n"}, "2 lines in 1 file"),
        ({"m.py": "a\n", "n.py": "a\n"}, {"m.py": "b\n", "n.py": "b\nc\n"}, "3 lines in 2 files"),
        ({"m.py": "a\n"}, {"m.py": "a\n"}, "0 lines in 0 files"),
    ],
)
def test_the_size_of_a_diff_in_words(base: dict[str, str], texts: dict[str, str], expected: str) -> None:
    assert size(unified(base, texts)) == expected
