"""`make demo` does what it says, and so do the bugs of the examples."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from editor.harness import PYTHON

from examples import bug

REPOSITORY = Path(bug.HERE).parent
WORK = 60_000
"""Work units a bug may cost: a slow machine takes longer, not more."""
NUMBERS = re.compile(r"\d+\.\d+s")


def test_the_demo_goes_the_whole_way() -> None:
    ran = subprocess.run(
        [PYTHON, "examples/demo.py"], cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=300
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    printed = ran.stdout
    expected = [
        "\n1. An editor opens a workspace\n",
        "\n2. A bug comes in while typing, and is not saved\n",
        "    +            if quantity > minimum:\n",
        "\n3. The code actions at test_volume_discount_at_the_first_piece_of_a_tier\n",
        "  - Refine with TRM: make test_volume_discount_at_the_first_piece_of_a_tier pass\n",
        "\n4. Refine with TRM\n",
        "  [diagnostic] tests/test_discounts.py:",
        "  step 1/64 - cycle 1/3 - z ",
        "\n5. The answer: diff, reasoning, verdict\n",
        "    +            if quantity >= minimum:\n",
        "  Verdict: Passes 67 tests",
        "\n6. Apply\n",
        "    +            if quantity >= minimum:\n",
        "  On disk nothing has changed since the beginning",
        "\n7. Save, and run the tests\n",
        "  python -m pytest -q: 67 passed in ",
        "\n8. What the workspace remembers (trm.statistics)\n",
        "    | `fix/assertion` | 100 % |",
    ]
    for part in expected:
        assert part in printed, ran.stdout
        printed = printed.partition(part)[2]
    assert len(ran.stdout.splitlines()) <= 100
    assert missing_from(ran.stdout, shown_in_readme()) == []


def shown_in_readme() -> list[str]:
    """The lines of the demo that the README quotes."""
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    return readme.partition("```text\n")[2].partition("```")[0].splitlines()


def missing_from(printed: str, quoted: list[str]) -> list[str]:
    """Quoted lines that were not printed, in that order; how long the tests took may differ."""
    lines = iter(NUMBERS.sub("", line) for line in printed.splitlines())
    return [line for line in quoted if not any(NUMBERS.sub("", line) == seen for seen in lines)]


@pytest.mark.parametrize("name", bug.names())
def test_a_bug_of_the_examples_is_repaired(tmp_path: Path, name: str) -> None:
    root, broken = bug.copy_billing(tmp_path), bug.read(name)
    sound = {path: (root / path).read_text() for path in broken.paths}
    for path, text in broken.put_into(sound).items():
        (root / path).write_text(text)
    command = [PYTHON, "-m", "trm_lsp.app.cli", "refine", "--root", str(root), "--apply"]
    budget = ["--budget-work", str(WORK), "--budget-seconds", "3600"]
    ran = subprocess.run(
        [*command, *budget, *broken.failing], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    tests = subprocess.run([PYTHON, "-m", "pytest", "-q"], cwd=root, capture_output=True, text=True, check=False)
    assert tests.returncode == 0, ran.stdout + tests.stdout
