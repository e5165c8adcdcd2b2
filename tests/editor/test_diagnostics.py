"""Failing tests where the user sees them."""

from __future__ import annotations

from editor.harness import BARE, FULL, SUB, ZERO, Editor, failed
from lsprotocol import types


def place(diagnostic: types.Diagnostic) -> tuple[int, int, int, int]:
    at = diagnostic.range
    return at.start.line, at.start.character, at.end.line, at.end.character


async def test_a_failure_is_shown_on_its_line_with_the_test_as_its_code(editor: Editor) -> None:
    await editor.refine(tests=[SUB])
    first, second = await editor.published("tests/test_calc.py", 2)
    assert (first.source, first.code, first.severity) == ("trm", SUB, types.DiagnosticSeverity.Error)
    assert first.message == "assert 4 == 2\n +  where 4 = sub(3, 1)"
    assert place(first) == (5, 4, 5, 22)
    assert (second.code, place(second)) == (ZERO, (10, 8, 10, 29))


async def test_a_failure_elsewhere_is_shown_at_its_place_in_the_test_with_a_link(editor: Editor, scene) -> None:
    frames = [["tests/test_calc.py", 5], ["calc.py", 5]]
    scene.play(baseline=[failed(SUB, 5, path="calc.py", frames=frames)])
    await editor.refine(tests=[SUB])
    (shown,) = await editor.published("tests/test_calc.py", 1)
    assert place(shown)[0] == 4
    assert shown.related_information is not None
    (related,) = shown.related_information
    assert (related.location.uri, related.location.range.start.line) == (editor.uri("calc.py"), 4)


async def test_a_failure_without_a_place_is_shown_at_the_def(editor: Editor, scene) -> None:
    scene.play(baseline=[failed(f"{ZERO}[a::b]", 0, path="")])
    await editor.refine(tests=[ZERO])
    (shown,) = await editor.published("tests/test_calc.py", 1)
    assert place(shown) == (9, 4, 9, 24)


async def test_a_client_without_related_information_gets_none(start, scene) -> None:
    editor = await start(BARE)
    scene.play(baseline=[failed(SUB, 5, path="calc.py")])
    await editor.refine(tests=[SUB])
    (shown,) = await editor.published("tests/test_calc.py", 1)
    assert shown.related_information is None


async def test_a_failure_follows_edits(editor: Editor, scene) -> None:
    scene.play(then="hold")
    await editor.refine(tests=[SUB])
    await editor.published("tests/test_calc.py", 2)
    # Below what was edited, what was published is found again where it is now.
    editor.change("tests/test_calc.py", "from calc", "# a comment\nfrom calc")
    assert "test_sub` fails" in await editor.hover_text("tests/test_calc.py", 6)
    assert await editor.hover_text("tests/test_calc.py", 5) == ""
    await scene.go()
    await editor.state("ready")
    # A run on the new text counts in the new text.
    scene.play(baseline=[failed(SUB, 7)])
    after = len(editor.heard)
    await editor.refine(tests=[SUB])
    assert place((await editor.published("tests/test_calc.py", 2, after=after))[0])[0] == 6


async def test_a_test_that_is_gone_is_not_shown_after_the_next_baseline(editor: Editor, scene) -> None:
    await editor.refine(tests=[SUB])
    await editor.published("tests/test_calc.py", 2)
    await editor.state("ready")
    editor.change("tests/test_calc.py", "def test_zero", "def test_nought")
    scene.play(baseline=[failed(SUB, 6)])
    after = len(editor.heard)
    await editor.refine(tests=[SUB])
    assert [d.code for d in await editor.published("tests/test_calc.py", 1, after=after)] == [SUB]


async def test_a_file_that_can_be_collected_again_is_not_shown_as_broken(editor: Editor, scene) -> None:
    broken = failed("tests/test_calc.py", 1, outcome="error", message="E   NameError: oops")
    scene.play(baseline=[broken])
    await editor.refine(tests=["tests/test_calc.py"])
    await editor.published("tests/test_calc.py", 1)
    await editor.state("ready")
    scene.play(baseline=[failed(SUB, 6)])
    after = len(editor.heard)
    await editor.refine(tests=[SUB])
    assert [d.code for d in await editor.published("tests/test_calc.py", 1, after=after)] == [SUB]


async def test_long_failures_are_shown_by_their_first_lines(editor: Editor, scene) -> None:
    scene.play(baseline=[failed(SUB, 6, message="\n".join(f"line {i}" for i in range(100)))])
    await editor.refine(tests=[SUB])
    (shown,) = await editor.published("tests/test_calc.py", 1)
    assert shown.message.splitlines() == [f"line {i}" for i in range(6)]


async def test_the_files_need_not_be_open(start, scene) -> None:
    editor = await start(FULL)
    await editor.refine(tests=[SUB])
    assert place((await editor.published("tests/test_calc.py", 2))[0]) == (5, 4, 5, 22)


async def test_of_pytests_report_only_what_it_marks_is_shown(editor: Editor, scene) -> None:
    report = "    def test_sub():\n>       assert sub(3, 1) == 2\nE       assert 4 == 2\nE        + more"
    scene.play(baseline=[failed(SUB, 6, message=report)])
    await editor.refine(tests=[SUB])
    (shown,) = await editor.published("tests/test_calc.py", 1)
    assert shown.message == "assert 4 == 2\n + more"
    assert "```\nassert 4 == 2\n + more\n```" in await editor.hover_text("tests/test_calc.py", 5)
