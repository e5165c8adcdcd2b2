"""A package of many lines and many tests, made by a seed, with one bug that one test notices."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

MODULES_OF_A_PART = 25
BORROWED = 2
"""Functions that a module imports from those before it; the first one cannot."""
PAIRS = 8
"""Of functions in a module; each pair has a test."""
RIGHT, WRONG = "if number < limit:", "if number > limit:"

HEAD = '"""Figures, part {part}, sheet {sheet}."""\n{imports}'
STEPS = '''

def {name}(number):
    """Count the steps from a number down to {a}."""
    if number < 0:
        return {c}
    steps = 0
    while number > {a}:
        number = number // {b} if number % 2 == 0 else number - {c}
        steps += 1
    return steps + {d}
'''
TOTAL = '''

def {name}(values, limit={e}):
    """Sum what lies below a limit by its weight, and count the steps of the rest."""
    total = 0
    for number in values:
        {condition}
            total += number * {b}
        elif number % {c} == 0:
            total -= {d}
        else:
            total += {steps}(number)
    if total < 0:
        total += {d}
    return total
'''
TEST = """

def test_{name}():
    assert {name}({values}) == {expected}
"""


class Size(NamedTuple):
    """How large."""

    modules: int

    @property
    def lines(self) -> int:
        """Of code, without those of the tests."""
        module = HEAD.count("\n") + BORROWED + PAIRS * (STEPS.count("\n") + TOTAL.count("\n"))
        return self.modules * module - BORROWED

    @property
    def tests(self) -> int:
        return self.modules * PAIRS


FULL, QUICK = Size(250), Size(10)


def lay(folder: Path, seed: int, size: Size = FULL) -> Path:
    """Write the package `atlas`, its tests and the bug into a folder; returns the folder."""
    chance = random.Random(f"{seed} large")
    broken = chance.randrange(size.modules)
    helpers: list[tuple[str, Callable[[int], int]]] = []
    (folder / "tests").mkdir(parents=True)
    for number in range(size.modules):
        part, sheet = divmod(number, MODULES_OF_A_PART)
        package = folder / "atlas" / f"part{part}"
        package.mkdir(parents=True, exist_ok=True)
        for inside in (package, package.parent):
            (inside / "__init__.py").touch()
        text, tests = module(part, sheet, helpers, chance)
        if number == broken:
            at = chance.choice([at for at in range(len(text)) if text.startswith(RIGHT, at)])
            text = text[:at] + WRONG + text[at + len(RIGHT) :]
        (package / f"sheet{sheet}.py").write_text(text, encoding="utf-8")
        (folder / "tests" / f"test_part{part}_sheet{sheet}.py").write_text(tests, encoding="utf-8")
    return folder


def module(
    part: int, sheet: int, helpers: list[tuple[str, Callable[[int], int]]], chance: random.Random
) -> tuple[str, str]:
    """The texts of a module and of its tests. `helpers` are functions of modules before it; it adds its own."""
    path = f"atlas.part{part}.sheet{sheet}"
    borrowed = chance.sample(helpers, BORROWED) if helpers else []
    known: dict[str, Any] = {name.rpartition(".")[2]: function for name, function in borrowed}
    imports = [f"from {name.rpartition('.')[0]} import {name.rpartition('.')[2]}\n" for name, _ in borrowed]
    text, names = HEAD.format(part=part, sheet=sheet, imports="".join(imports)), list(known)
    tests = []
    for number in range(PAIRS):
        steps, total = (f"{kind}_{part}_{sheet}_{number}" for kind in ("steps", "total"))
        names.append(steps)
        a, b, c, d, e = (chance.randint(*within) for within in ((1, 5), (2, 4), (2, 5), (1, 9), (20, 60)))
        code = STEPS.format(name=steps, a=a, b=b, c=chance.randint(1, 3), d=d)
        code += TOTAL.format(name=total, b=b, c=c, d=d, e=e, condition=RIGHT, steps=chance.choice(names))
        exec(code, known)
        text += code
        values = [chance.randint(1, e - 1), *(chance.randint(e + 1, 200) for _ in range(3))]
        tests.append(TEST.format(name=total, values=values, expected=known[total](values)))
        helpers.append((f"{path}.{steps}", known[steps]))
    return text, "".join(_with_import(path, tests))


def _with_import(path: str, tests: list[str]) -> Iterator[str]:
    names = ",\n".join(f"    {test.split('(')[0].split('test_')[1]}" for test in tests)
    yield f"from {path} import (\n{names},\n)\n"
    yield from tests
