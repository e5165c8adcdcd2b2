"""What cannot be refined, or need not be: each gets one sentence, and nothing is lost."""

from __future__ import annotations

from typing import Any

import pytest
from end_to_end.real import TEST
from projects import CALC, untouched


@pytest.mark.parametrize(
    ("path", "old", "new", "asked", "state", "sentence"),
    [
        pytest.param(
            "calc.py", "a + b", "a - b", {"tests": [TEST]}, "idle",
            "Nothing to refine: 1 test passes already.",
            id="the tests pass already",
        ),
        pytest.param(
            "calc.py", "+ b\n", "+ b\n\n\ndef lonely():\n    return 1\n",
            {"focus": {"first_line": 5, "last_line": 6, "name": "lonely"}}, "idle",
            "Nothing to refine: no failing test reaches lonely.",
            id="no test reaches the function",
        ),
        pytest.param(
            "calc.py", "b):", "b:", {"tests": [TEST]}, "failed",
            "calc.py has a syntax error in line 1: '(' was never closed. Mend it first.",
            id="a syntax error in the buffer",
        ),
        pytest.param(
            "test_calc.py", "():", "(:", {"tests": [TEST]}, "failed",
            "test_calc.py has a syntax error in line 4: invalid syntax. Mend it first.",
            id="a syntax error in the test",
        ),
        pytest.param(
            "test_calc.py", "test_sub", "check_sub", {}, "failed",
            "No tests were found in {root}.",
            id="no tests",
        ),
        pytest.param(
            "test_calc.py", "test_sub", "check_sub", {"tests": [TEST]}, "failed",
            "No tests were found in test_calc.py::test_sub.",
            id="the test is gone",
        ),
    ],
)  # fmt: skip
async def test_one_sentence(
    opening, root, path: str, old: str, new: str, asked: dict[str, Any], state: str, sentence: str
) -> None:
    editor = await opening(CALC, "calc.py", "test_calc.py")
    with untouched(root):
        editor.change(path, old, new)
        before = dict(editor.buffers)
        job = (await editor.refine("calc.py", **asked))["job"]
        ended = await editor.until("trm/state", lambda p: p.job == job and p.state not in ("queued", "running"))
    assert (ended.state, ended.tooltip) == (state, sentence.format(root=root))
    assert editor.messages[-1] == ended.tooltip
    assert editor.buffers == before


async def test_a_file_outside_of_the_workspace(opening, root) -> None:
    editor = await opening(CALC)
    elsewhere = root.parent / "elsewhere.py"
    answer = await editor.command("trm.refine", {"uri": elsewhere.as_uri()})
    assert answer == {"error": f"{elsewhere} is outside of the workspace: open the folder it belongs to."}
    assert editor.below() == []
