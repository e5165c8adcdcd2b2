"""Mistakes are what their kinds say, bugs are what tests notice, and a repair is judged by what it was not shown."""

from __future__ import annotations

import difflib
import random
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path

import pytest

from bench import cosmic_ray, injected, suite
from bench.fragment import Fragment, fragments
from bench.injected import Bug, Drawing, Size, Source, own_source
from bench.injector import KINDS, changed, mistakes
from bench.packages import Package
from bench.suite import Failing, Suite
from trm_lsp.core.state import Edit
from trm_lsp.patch.edits import apply

# Mistakes


def mutated(kind: str, text: str) -> set[str]:
    """What a kind makes of the first function of a text."""
    text = textwrap.dedent(text).lstrip("\n")
    fragment, (found,) = fragments("a.py", text)[0], [known for known in KINDS if known.name == kind]
    return {apply(text, [edit]) for edit in mistakes(fragment, found) if changed(fragment, edit)}


EXAMPLES = [
    ("wrong variable", "def f(a, b): return a", "def f(a, b): return b"),
    ("wrong attribute", "def f(x): x.left = x.right", "def f(x): x.left = x.left"),
    ("wrong attribute", "def f(x): x.append(1)", "def f(x): x.extend(1)"),
    ("wrong function", "def f(x): return max(x)", "def f(x): return min(x)"),
    ("swapped arguments", "def f(x): return pow(x, 2)", "def f(x): return pow(2, x)"),
    ("missing call", "def f(x): return x.strip() + '.'", "def f(x): return x + '.'"),
    ("missing call", "def f(x, y): return abs(x - y) * 2", "def f(x, y): return (x - y) * 2"),
    ("argument forgotten", "def f(x): return sorted(x, key=len)", "def f(x): return sorted(x)"),
    ("argument forgotten", "def f(x): return g(x, 1, a=2)", "def f(x): return g(x, a=2)"),
    ("copy forgotten", "def f(x): y = list(x); return y", "def f(x): y = x; return y"),
    ("copy forgotten", "def f(x): y = x[:]; return y", "def f(x): y = x; return y"),
    ("off by one", "def f(n): return range(n)", "def f(n): return range(n - 1)"),
    ("off by one", "def f(x): return x[1:]", "def f(x): return x[2:]"),
    ("off by one", "def f(x): return x <= 3", "def f(x): return x < 3"),
    ("off by one", "def f(x): return x + 1", "def f(x): return x"),
    ("wrong index", "def f(x): return x[0]", "def f(x): return x[1]"),
    ("wrong index", "def f(x): a, b = x; return a", "def f(x): b, a = x; return a"),
    ("wrong default", "def f(x=True): return x", "def f(x=False): return x"),
    ("missing not", "def f(x): return not x", "def f(x): return x"),
    ("missing not", "def f(x, y): return x not in y", "def f(x, y): return x in y"),
    ("condition weakened", "def f(x, y): return x and y", "def f(x, y): return x"),
    ("condition weakened", "def f(x, y): return x and y", "def f(x, y): return y"),
    ("wrong exception", "def f(): raise KeyError(1)", "def f(): raise IndexError(1)"),
    ("text edited", "def f(x): return split(r'a+', x)", "def f(x): return split(r'a*', x)"),
    ("text edited", "def f(x): return x + 'ab'", "def f(x): return x + 'a'"),
]


@pytest.mark.parametrize(("kind", "before", "after"), EXAMPLES)
def test_a_mistake_in_an_expression(kind: str, before: str, after: str) -> None:
    assert after in mutated(kind, before)


LOOP = """
def total(rows, limit=None):
    \"\"\"Sum them.\"\"\"
    if limit is None:
        return 0
    found = 0
    for row in rows:
        found += row
        limit -= 1
    print(found)
    for row in rows:
        limit += row
    return found
"""


@pytest.mark.parametrize(
    ("kind", "old", "new"),
    [
        ("missing guard", "    if limit is None:\n        return 0\n", ""),
        ("statement dropped", "        limit -= 1\n", ""),
        ("statement moved", "        limit -= 1\n", "    limit -= 1\n"),
        ("statement moved", "    print(found)\n", "        print(found)\n"),
        ("early return", "    return found\n", "        return found\n"),
        ("wrong start", "found = 0", "found = 1"),
        ("assignment for addition", "found += row", "found = row"),
    ],
)
def test_a_mistake_among_statements(kind: str, old: str, new: str) -> None:
    assert LOOP.lstrip("\n").replace(old, new) in mutated(kind, LOOP)


def test_nothing_is_moved_behind_a_return() -> None:
    assert not mutated("statement moved", "def f(x):\n    if x:\n        return 1\n    g(x)\n")


def test_pass_stands_where_a_block_would_be_empty() -> None:
    assert "def f(x):\n    pass\n" in mutated("statement dropped", "def f(x):\n    return x\n")


def test_an_else_is_lost_with_its_branch_or_without() -> None:
    text = "def f(x):\n    if x:\n        g()\n    else:\n        h()\n"
    assert mutated("lost else", text) == {
        "def f(x):\n    if x:\n        g()\n",
        "def f(x):\n    if x:\n        g()\n    h()\n",
    }


def test_docstrings_and_annotations_are_no_place_for_mistakes() -> None:
    text = 'def f(a: "int", b: "str" = None) -> "bool":\n    """Text."""\n    return g(a)\n'
    for kind in KINDS:
        assert all(
            '"int"' in t and '"str"' in t and '"bool"' in t and '"""Text."""' in t for t in mutated(kind.name, text)
        )


RICH = '''
class Ünit:
    """Über."""

    def push(self, item, *, front=False):
        """One more."""
        if item is None or not self.open:
            raise ValueError("größe", item)
        if front:
            self.items.insert(0, item)
        else:
            self.items.append(item)
        n = 0
        while n < len(self.items) and self.items[n]:
            n += 1
            self.last = self.items[:]
        return sorted(self.items, key=str)[1:]
'''


def test_every_mistake_compiles_and_is_another_function_and_stays_in_it() -> None:
    (fragment,) = fragments("a.py", RICH)
    seen = set()
    for kind in KINDS:
        edits = [edit for edit in mistakes(fragment, kind) if changed(fragment, edit)]
        assert len(edits) == len(set(edits))
        for edit in edits:
            compile(apply(RICH, [edit]), "a.py", "exec")
            assert fragment.within.start <= edit.start <= edit.end <= fragment.within.end
        seen |= {kind.name for _ in edits}
    assert len(seen) > len(KINDS) / 2


def test_the_innermost_statement_of_an_edit_is_found() -> None:
    text = "@g\ndef f(x):\n    if x:\n        y = 1\n        z = 2\n    return x\n"
    (fragment,) = fragments("a.py", text)

    def line(part: str) -> int:
        return fragment.statement(text.index(part), text.index(part) + len(part)).lineno

    assert [line(part) for part in ("1", "        z = 2\n", "if", "        y = 1\n        z = 2\n", "@g")] == [
        4,
        5,
        3,
        3,
        2,
    ]


def test_the_tool_names_its_operators_by_what_they_do() -> None:
    names = ("core/ReplaceBinaryOperator_Add_Sub", "core/NumberReplacer", "core/AddNot")
    assert [cosmic_ray.kind(name) for name in names] == ["replace binary operator", "number replacer", "add not"]


def some(kind: str, fragment: Fragment, count: int, seed: int) -> list[str]:
    source = own_source()._replace(weights={kind: 1})
    return [
        single.edit.text
        for single, _ in zip(injected.singles(source, [fragment] * 9, random.Random(seed)), range(count), strict=False)
    ]


def test_a_draw_of_edits_is_repeated_by_its_seed() -> None:
    (fragment,) = fragments("a.py", RICH)
    draws = [some("wrong variable", fragment, 9, seed) for seed in (1, 1, 2)]
    assert draws[0] == draws[1] != draws[2]


# A package

CODE = """
LIMIT = 10
CALLS = []


def clamp(value, low=0, high=LIMIT):
    CALLS.append(value)
    if value < low:
        return low
    if value > high:
        return high
    return value


def total(values):
    found = 0
    for value in values:
        found += clamp(value)
    return found


def unused(value):
    return value + 1
"""
TESTS = """
import os
import unittest

import pytest
from code_of import CALLS, clamp, total


@pytest.mark.parametrize(("value", "wanted"), [(-1, 0), (0, 0), (5, 5), (10, 10), (11, 10)])
def test_clamp(value, wanted):
    assert clamp(value) == wanted


def test_total():
    assert total([4, 5, 20]) == 19


def test_total_of_nothing():
    assert total([]) == 0


def test_fails_anyway():
    assert clamp(3) == 4


@pytest.mark.skip
def test_later():
    clamp(3)


class Old(unittest.TestCase):
    def test_low(self):
        for value in (-3, -2):
            with self.subTest(value):
                self.assertEqual(clamp(value, -2), -2)
"""
PLAIN = '[tool.pytest.ini_options]\naddopts = "-p no:asyncio -p no:hypothesispytest -p no:pytest-lsp"\n'
"""Plugins of our own environment stay out."""
PATH, FILE = "src/code_of.py", "tests/test_it.py"
CLAMPED = tuple(
    f"{FILE}::test_clamp[{value}-{wanted}]" for value, wanted in ((-1, 0), (0, 0), (5, 5), (10, 10), (11, 10))
)
TOTAL, NOTHING, LOW = f"{FILE}::test_total", f"{FILE}::test_total_of_nothing", f"{FILE}::Old::test_low"


@dataclass(frozen=True)
class Local(Package):
    """A package that is here already, run by our own interpreter."""

    home: Path = Path()

    @property
    def version(self) -> str:
        return "1.0"

    @property
    def folder(self) -> Path:
        return self.home

    @property
    def python(self) -> Path:
        return Path(sys.executable)


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Package:
    home = tmp_path_factory.mktemp("home")
    for path, text in ((PATH, CODE), (FILE, TESTS), ("pyproject.toml", PLAIN)):
        (home / "tree" / path).parent.mkdir(parents=True, exist_ok=True)
        (home / "tree" / path).write_text(text)
    (home / "env").mkdir()
    (home / "env" / "requirements.txt").write_text("none")
    return Local("local", "src", "tests", "src", home=home)


@pytest.fixture(scope="module")
def tests(package: Package, tmp_path_factory: pytest.TempPathFactory) -> Suite:
    folder = tmp_path_factory.mktemp("suite")
    return Suite(package, folder, folder / "memory.jsonl")


def test_tests_that_fail_or_are_skipped_in_the_original_are_set_aside(tests: Suite) -> None:
    assert tests.sound == (*CLAMPED, TOTAL, NOTHING, LOW)
    assert tests({}) == Failing(())


def test_a_run_tells_what_fails_and_is_remembered(tests: Suite, package: Package, tmp_path: Path) -> None:
    texts = {PATH: CODE.replace("found = 0", "found = 1")}
    assert tests(texts) == Failing((TOTAL, NOTHING))
    assert tests(texts, [TOTAL, LOW]) == Failing((TOTAL,))
    again = Suite(package, tmp_path, tests._memory)
    assert again(texts) == Failing((TOTAL, NOTHING))
    assert again.ran == 0


def test_an_endless_test_costs_itself_alone(tests: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suite, "LEAST_SECONDS", 0.2)
    endless = "    while value == 5:\n        pass\n    if value < low:"
    assert tests({PATH: CODE.replace("    if value < low:", endless)}) == Failing((CLAMPED[2], TOTAL))


def test_a_process_that_dies_costs_the_test_it_died_in(tests: Suite) -> None:
    dying = "    if value == 5:\n        import os\n        os._exit(1)\n    if value < low:"
    assert tests({PATH: CODE.replace("    if value < low:", dying)}) == Failing((CLAMPED[2], TOTAL))


def test_where_too_many_tests_do_not_end_nothing_is_said(tests: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suite, "HUNG", 1)
    dying = "    import os\n    os._exit(1)\n"
    assert tests({PATH: CODE.replace("    CALLS.append(value)\n", dying)}).endless
    monkeypatch.setattr(suite, "LEAST_SECONDS", 0.2)
    monkeypatch.setattr(suite, "ENDLESS", 2)
    endless = "    while True:\n        pass\n"
    assert tests({PATH: CODE.replace("    CALLS.append(value)\n", endless)}).endless


def test_tests_that_cannot_be_imported_are_missing(tests: Suite) -> None:
    said = tests({PATH: "import nothing_of_this_name\n"})
    assert (said.missing, said.tests) == (len(tests.sound), tuple(sorted(tests.sound)))


# Bugs


@pytest.fixture(scope="module")
def bugs(tests: Suite) -> list[Bug]:
    return Drawing(tests, 3, [own_source()]).draw(Size(2, 4)).bugs


def test_bugs_are_drawn_as_many_as_asked_and_again_by_their_seed(tests: Suite, bugs: list[Bug]) -> None:
    assert [bug.edits for bug in bugs] == [1, 1, 2, 2, 2, 2]
    assert len({bug.id for bug in bugs}) == len(bugs)
    ran = tests.ran
    assert Drawing(tests, 3, [own_source()]).draw(Size(2, 4)).bugs == bugs
    assert tests.ran == ran
    assert Drawing(tests, 4, [own_source()]).draw(Size(2, 0)).bugs != bugs[:2]


def test_the_tests_of_a_bug_fail_and_half_of_them_are_shown(tests: Suite, bugs: list[Bug]) -> None:
    for bug in bugs:
        assert bug.failing == tests(bug.files).tests
        assert set(bug.shown) <= set(bug.failing)
        assert max(1, len(bug.failing) // 2) <= len(bug.shown) <= max(2, len(bug.failing) // 2)
        assert bug.single == (bug.shown == bug.failing)
        assert len(bug.kinds) == bug.edits


def test_half_of_the_bugs_of_two_edits_have_them_in_two_functions(bugs: list[Bug]) -> None:
    original = {f.name: f.module for f in fragments(PATH, CODE)}
    touched = [sum(original[f.name] != f.module for f in fragments(PATH, bug.files[PATH])) for bug in bugs]
    assert touched == [1, 1, 1, 1, 2, 2]


def test_undoing_one_edit_alone_leaves_shown_tests_that_fail(tests: Suite, bugs: list[Bug]) -> None:
    for bug in bugs[2:]:
        for text in halves(bug.files[PATH]):
            assert tests({PATH: text}, bug.shown).tests


def halves(text: str) -> list[str]:
    """A text with one of its differences from the original, and with the others."""
    old, new = CODE.splitlines(keepends=True), text.splitlines(keepends=True)
    parts = [part for part in difflib.SequenceMatcher(None, old, new).get_opcodes() if part[0] != "equal"]
    return ["".join([*old[: p[1]], *new[p[3] : p[4]], *old[p[2] :]]) for p in parts]


def given(*texts: str) -> Source:
    """A source that has these replacements alone: `old -> new`, in the order of the text."""

    def edits(fragment: Fragment, kind: str) -> list[Edit]:
        old, new = kind.split(" -> ")
        start = fragment.module.find(old)
        return [fragment.edit(start, start + len(old), new)] if start >= 0 else []

    return Source("given", dict.fromkeys(texts, 1), edits)


def test_what_no_test_notices_is_no_bug_and_is_counted(tests: Suite) -> None:
    drawn = Drawing(tests, 1, [given("CALLS.append -> CALLS.count")]).draw(Size(1, 0))
    assert not drawn.bugs
    assert drawn.besides == {"given: unnoticed": 1}


def test_a_second_edit_that_undoes_the_first_makes_no_bug(tests: Suite) -> None:
    drawn = Drawing(tests, 1, [given("found = 0 -> found = 1", "return found -> return found - 1")]).draw(Size(0, 2))
    assert not drawn.bugs
    assert drawn.besides["given and given: unnoticed"] > 0


def test_functions_that_no_sound_test_enters_are_left_alone(tests: Suite) -> None:
    assert [fragment.name for fragment in Drawing(tests, 1, [own_source()]).functions] == ["clamp", "total"]


def test_shown_tests_are_half_and_tell_of_each_edit() -> None:
    failing = [f"test_{number}" for number in range(10)]
    for seed in range(20):
        chance = random.Random(seed)
        assert len(injected.choose(failing, [failing], chance)) == 5
        shown = injected.choose(failing, [failing[:1], failing[9:]], chance)
        assert {failing[0], failing[9]} <= set(shown)
        assert len(shown) == 5
    assert injected.choose(["only"], [["only"]], random.Random(1)) == ("only",)


# Repairs


BUG = Bug(
    id="local-1",
    package="local",
    source="injector",
    edits=1,
    files={PATH: CODE.replace("value > high", "value >= low")},
    shown=(CLAMPED[1],),
    failing=CLAMPED[1:3],
    single=False,
    kinds=("off by one",),
)


@pytest.fixture
def workspace(package: Package, tmp_path: Path) -> Path:
    injected.lay(BUG, tmp_path / "workspace", package)
    return tmp_path / "workspace"


def test_a_workspace_is_the_checkout_with_the_bug_and_clean(workspace: Path) -> None:
    assert (workspace / PATH).read_text() == BUG.files[PATH]
    files = {path.relative_to(workspace).as_posix() for path in workspace.rglob("*") if path.is_file()}
    assert {path for path in files if not path.startswith(".git/")} == {PATH, FILE, "pyproject.toml"}
    told = subprocess.run(["git", "status", "--porcelain"], cwd=workspace, capture_output=True, text=True, check=True)
    assert told.stdout == ""


@pytest.mark.parametrize(
    ("text", "judged"),
    [
        (CODE, (True, True)),
        (CODE.replace("value > high", "value >= high"), (True, True)),
        (BUG.files[PATH], (False, False)),
        (BUG.files[PATH].replace("return high", "return 0 if value == 0 else high"), (True, False)),
        ("import nothing_of_this_name\n", (False, False)),
    ],
)
def test_a_repair_is_plausible_by_what_is_shown_and_correct_by_the_whole_suite(
    workspace: Path, tests: Suite, text: str, judged: tuple[bool, bool]
) -> None:
    (workspace / PATH).write_text(text)
    assert injected.judge(BUG, workspace, tests) == judged


def test_tests_changed_in_the_workspace_do_not_count(workspace: Path, tests: Suite) -> None:
    (workspace / FILE).write_text("def test_clamp():\n    pass\n")
    assert injected.judge(BUG, workspace, tests) == (False, False)


def test_a_new_module_and_one_that_is_gone_count(workspace: Path, tests: Suite) -> None:
    (workspace / PATH).unlink()
    assert injected.judge(BUG, workspace, tests) == (False, False)
    (workspace / PATH).write_text("from moved import *\nfrom moved import CALLS\n")
    (workspace / "src" / "moved.py").write_text(CODE)
    assert injected.judge(BUG, workspace, tests) == (True, True)


def test_what_was_drawn_is_told_by_counts_and_no_text(bugs: list[Bug]) -> None:
    told = injected.told(injected.Drawn(bugs))
    assert "1 edit: 2 bugs" in told
    assert "2 edits: 4 bugs" in told
    assert all(kind in told for bug in bugs for kind in bug.kinds)
    assert "clamp" not in told
