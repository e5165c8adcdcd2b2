"""Command lines: what they run, and how a part of one is exchanged."""

from __future__ import annotations

import shlex
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trm_lsp.judging.commands.line import calls


def check(line: str, *programs: list[str]) -> None:
    assert [[word.text for word in call.words] for call in calls(line)] == list(programs)


@pytest.mark.parametrize(
    ("line", "programs"),
    [
        ("", []),
        ("go test ./...", [["go", "test", "./..."]]),
        ("A=1 B='x y' env C=2 npx mocha 'a b'", [["mocha", "a b"]]),
        ("cd a && go vet;go test|tee out", [["cd", "a"], ["go", "vet"], ["go", "test"], ["tee", "out"]]),
        ("go test >out 2>&1", [["go", "test"], ["out"]]),
        ('echo "a && b" \\; c', [["echo", "a && b", ";", "c"]]),
        ("one # two && three\nfour", [["one"], ["four"]]),
        ("(one) || { two; }", [["one"], ["{", "two"], ["}"]]),
        ("one \\\n  two", [["one", "two"]]),
        ("A=1", []),
    ],
)
def test_programs_are_found_where_a_shell_finds_them(line: str, programs: list[list[str]]) -> None:
    check(line, *programs)


@pytest.mark.parametrize("line", ["one 'two", 'one "two', "one \\"])
def test_what_a_shell_does_not_understand_runs_nothing(line: str) -> None:
    check(line)


def test_words_that_stay_are_left_as_they_were_written() -> None:
    line = 'A="$B" go  test "$C"/*  ./x && true'
    (call, _) = calls(line)
    assert call.line_with([call.words[0], "a b", *call.words[1:]]) == 'A="$B" go \'a b\' test "$C"/* ./x && true'
    assert not call.alone


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8), min_size=1, max_size=4))
def test_what_was_quoted_comes_back(words: list[str]) -> None:
    line = shlex.join(["program", *words])
    check(line, ["program", *words])
    (call,) = calls(line)
    again = call.line_with([word.text for word in call.words])
    assert shlex.split(again) == ["program", *words]


@given(st.text(st.sampled_from("ab '\"\\;&|()<>#\n$=12"), max_size=20))
def test_any_line_is_read(line: str) -> None:
    for call in calls(line):
        assert call.line_with(call.words).startswith(line[: call.words[0].start])
        assert all(line.startswith(word.written, word.start) for word in call.words)


def test_a_shell_sees_the_same_words() -> None:
    line = """printf '<%s>' a "b c" 'd e' f\\ g 'h'"i"\\j && printf '<%s>' k"""
    seen = subprocess.run(["/bin/sh", "-c", line], capture_output=True, text=True, check=True).stdout
    assert seen == "".join(f"<{word}>" for call in calls(line) for word in call.arguments[1:])
