"""An unsaved bug is repaired in its buffer, whatever the bytes of the file; the disk is the user's."""

from __future__ import annotations

import subprocess

import pytest
from editor.harness import PYTHON
from end_to_end.real import TEST
from lsprotocol import types
from projects import CALC, RIGHT, WRONG, untouched

MARK = "\ufeff"


async def test_an_unsaved_bug_is_repaired_in_the_buffer_alone(opening, root) -> None:
    editor = await opening({**CALC, "calc.py": RIGHT}, "calc.py", "test_calc.py")
    with untouched(root):
        editor.change("calc.py", "a - b", "a + b")
        job = await editor.refined()
        assert await editor.command("trm.apply", {"job": job}) == {"applied": True, "job": job}
    assert editor.buffers[editor.uri("calc.py")] == RIGHT


async def test_a_saved_repair_makes_the_tests_green(opening, root) -> None:
    editor = await opening(CALC, "calc.py", "test_calc.py")
    await editor.command("trm.apply", {"job": await editor.refined()})
    (root / "calc.py").write_text(editor.buffers[editor.uri("calc.py")])
    ran = subprocess.run([PYTHON, "-m", "pytest", "-q"], cwd=root, capture_output=True, text=True, check=False)
    assert "1 passed" in ran.stdout and ran.returncode == 0


@pytest.mark.parametrize("kept", [MARK, ""], ids=["the editor keeps the mark", "the editor hides the mark"])
async def test_carriage_returns_and_a_byte_order_mark_are_kept(opening, root, kept: str) -> None:
    windows = WRONG.replace("\n", "\r\n")
    editor = await opening({**CALC, "calc.py": (MARK + windows).encode()}, "test_calc.py")
    editor.open("calc.py", kept + windows)
    editor.change("calc.py", "    return", "    # edited\r\n    return")
    with untouched(root):
        await editor.command("trm.apply", {"job": await editor.refined()})
    expected = windows.replace("    return a + b", "    # edited\r\n    return a - b")
    assert editor.buffers[editor.uri("calc.py")] == kept + expected


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
async def test_characters_beyond_the_first_plane_in_the_edited_line(opening, encoding: str) -> None:
    text = 'def sub(a, b):\n    sign = "😀 é 字"; return a + b  # 😀\n'
    editor = await opening({**CALC, "calc.py": text}, "calc.py", "test_calc.py", encodings=[encoding])
    assert editor.encoding == encoding
    await editor.command("trm.apply", {"job": await editor.refined()})
    assert editor.buffers[editor.uri("calc.py")] == text.replace("a + b", "a - b")


async def test_a_failing_test_is_shown_where_it_failed_until_it_passes(opening) -> None:
    editor = await opening(CALC, "calc.py", "test_calc.py")
    job = await editor.refined()
    (shown,) = await editor.published("test_calc.py", 1)
    assert (shown.code, shown.source, shown.message.splitlines()[0]) == (TEST, "trm", "assert 5 == 1")
    assert shown.range == types.Range(
        start=types.Position(line=4, character=4),
        end=types.Position(line=4, character=len("    assert sub(3, 2) == 1")),
    )
    assert "passes 1 test" in await editor.hover_text("calc.py", 1)
    after = len(editor.heard)
    await editor.command("trm.apply", {"job": job})
    await editor.published("test_calc.py", 0, after=after)


async def test_what_the_workspace_learned_survives_a_restart(opening) -> None:
    editor = await opening(CALC, "calc.py", "test_calc.py")
    assert "Nothing yet" in await editor.command("trm.statistics")
    await editor.refined()
    learned = await editor.command("trm.statistics")
    assert "| `fix/assertion` | 100 % |" in learned
    await editor.leave()
    again = await opening({})
    assert await again.command("trm.statistics") == learned
