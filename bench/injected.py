"""`python -m bench.injected`: bugs of one and of two edits in five packages, to measure repair with.

    python -m bench.injected [--seed N] [--quick] [PACKAGE ...]

A bug is what tests notice: edits of functions, after which sound tests that
reach them fail in a fresh process. The edits come from a mutation tool
(bench/cosmic_ray.py) and from mistakes as people make them
(bench/injector.py). All is drawn by the seed, and by nothing that a repair
does. Half of the failing tests are shown, the others judge.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import os
import random
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from bench import cosmic_ray, injector
from bench.cold import digest, write
from bench.fragment import Fragment, fragments
from bench.packages import PACKAGES, Package, fetch
from bench.reach import Reached
from bench.suite import Suite
from trm_lsp.core.state import Edit
from trm_lsp.patch.edits import apply_all

OWN, TOOL, BOTH = "injector", "cosmic-ray", "both"
SECONDS = 8
"""Second edits that are tried for a first one, until another first one is drawn."""


class Size(NamedTuple):
    """How many bugs of each package."""

    one: int
    """Of one edit; half of them from each source."""
    two: int
    """Of two edits; half of them in two functions, the others in one."""


FULL, QUICK = Size(20, 12), Size(2, 2)


@dataclass(frozen=True)
class Bug:
    """A package with a bug in it."""

    id: str
    package: str
    source: str
    """`injector`, `cosmic-ray`, or `both` of two edits."""
    edits: int
    files: Mapping[str, str]
    """Whole texts, by path in the package's tree: those that differ from it."""
    shown: tuple[str, ...]
    """Half of the failing tests, at least one; at least one that each edit alone fails, too."""
    failing: tuple[str, ...]
    """Every sound test that reaches an edited function and fails, twice."""
    single: bool
    """No failing test is hidden, so a repair can be plausible and no more."""
    kinds: tuple[str, ...]
    """What kind of mistake each edit is."""


class Judged(NamedTuple):
    """What a workspace's code is worth."""

    plausible: bool
    """The tests that were shown pass."""
    correct: bool
    """And so does every test that passes whenever the package's own code is run."""


class Single(NamedTuple):
    """One edit."""

    source: str
    kind: str
    fragment: Fragment
    edit: Edit


class Source(NamedTuple):
    """Where single edits come from."""

    name: str
    weights: Mapping[str, int]
    """How often a kind is drawn."""
    edits: Callable[[Fragment, str], Sequence[Edit]]
    """All of a kind in a function."""


@dataclass
class Drawn:
    """Bugs of a package, and what was drawn besides."""

    bugs: list[Bug] = field(default_factory=list)
    besides: Counter[str] = field(default_factory=Counter)
    """How many draws were no bugs, by the reason."""


# What others use


def draw(seed: int, size: Size = FULL, packages: Sequence[Package] = PACKAGES) -> list[Bug]:
    """The bugs of a seed, package by package. What has been run is remembered, so the second time is quick."""
    return [bug for drawn in draws(seed, size, packages) for bug in drawn.bugs]


def lay(bug: Bug, folder: Path, package: Package | None = None) -> None:
    """Make `folder` the workspace of a bug: the package's checkout with the bug, committed, and nothing else."""
    package = package or _package(bug)
    shutil.copytree(package.tree, folder, symlinks=True, dirs_exist_ok=True)
    write(folder, bug.files)
    for command in (["init", "--quiet"], ["add", "--all", "--force"], ["commit", "--quiet", "--message", "As it is"]):
        subprocess.run(["git", *_NOBODY, *command], cwd=folder, env=_alone(), check=True, stdout=subprocess.DEVNULL)


def judge(bug: Bug, folder: Path, suite: Suite | None = None) -> Judged:
    """Whether the code in a bug's workspace is repaired: run with the package's own tests, cold, on a copy."""
    with contextlib.ExitStack() as stack:
        if suite is None:
            place = stack.enter_context(tempfile.TemporaryDirectory(prefix="trm-bench-"))
            suite = Suite(fetch(_package(bug)), Path(place).resolve())
        texts = _changed(suite, folder)
        shown = suite(texts, bug.shown)
        plausible = not shown.endless and not shown.tests
        if not plausible:
            return Judged(False, False)
        whole = suite(texts)
        return Judged(True, not whole.endless and not whole.tests)


_NOBODY = ("-c", "user.name=nobody", "-c", "user.email=nobody@localhost", "-c", "init.defaultBranch=main")


def _alone() -> dict[str, str]:
    """Variables for a git that asks nobody's settings."""
    return {"PATH": os.environ.get("PATH", os.defpath), "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}


def _package(bug: Bug) -> Package:
    return next(package for package in PACKAGES if package.name == bug.package)


def _changed(suite: Suite, folder: Path) -> dict[str, str]:
    """The package's code that is another one in a workspace; a file that is gone counts as empty."""
    package, own = suite.package, set(suite.package.sources())
    there = {path.relative_to(folder).as_posix(): path for path in (folder / package.code).rglob("*.py")}
    found = dict.fromkeys(own - there.keys(), "")
    for path, file in there.items():
        if not path.startswith(f"{package.tests}/"):
            text = file.read_bytes().decode("utf-8")
            if path not in own or text != suite.original(path):
                found[path] = text
    return found


# How bugs are drawn


def draws(seed: int, size: Size, packages: Sequence[Package] = PACKAGES) -> Iterator[Drawn]:
    """Package by package."""
    with tempfile.TemporaryDirectory(prefix="trm-bench-") as place:
        for package in packages:
            yield Drawing(Suite(fetch(package), Path(place).resolve()), seed).draw(size)


def fragments_of(package: Package) -> list[Fragment]:
    """Every function of its code."""
    return [
        fragment
        for path in package.sources()
        for fragment in fragments(path, (package.tree / path).read_bytes().decode("utf-8"))
    ]


def own_source() -> Source:
    """Mistakes of people."""
    kinds = {kind.name: kind for kind in injector.KINDS}
    weights = {kind.name: kind.weight for kind in injector.KINDS}
    return Source(OWN, weights, lambda fragment, kind: injector.mistakes(fragment, kinds[kind]))


def tool_source(functions: Sequence[Fragment]) -> Source:
    """Mutants of the tool, each of its kinds as often as any other."""
    known = dict(zip(map(id, functions), cosmic_ray.mutants(functions), strict=True))
    kinds = sorted({kind for those in known.values() for kind in those})
    return Source(TOOL, dict.fromkeys(kinds, 1), lambda fragment, kind: known[id(fragment)].get(kind, ()))


def singles(source: Source, functions: Sequence[Fragment], chance: random.Random) -> Iterator[Single]:
    """Edits that change a function and compile: a kind by its weight, a function by chance, one of its edits.

    A kind comes back to a function only when it has been to all others that have it.
    """
    waiting = {kind: chance.sample(functions, len(functions)) for kind in source.weights}
    while waiting:
        kinds = list(waiting)
        (kind,) = chance.choices(kinds, [source.weights[kind] for kind in kinds])
        while waiting[kind]:
            fragment = waiting[kind].pop()
            found = source.edits(fragment, kind)
            edit = next((e for e in chance.sample(found, len(found)) if injector.changed(fragment, e)), None)
            if edit is not None:
                yield Single(source.name, kind, fragment, edit)
                break
        else:
            del waiting[kind]


class Drawing:
    """Draws the bugs of one package."""

    def __init__(self, suite: Suite, seed: int, sources: Sequence[Source] = ()) -> None:
        """The sources are the injector and the tool, unless others are given."""
        self.suite, self._seed = suite, seed
        everywhere = fragments_of(suite.package)
        self._sources = list(sources) or [own_source(), tool_source(everywhere)]
        self._reaching = {id(f): reaching(f, suite.reach, frozenset(suite.sound)) for f in everywhere}
        self.functions = [fragment for fragment in everywhere if self._reaching[id(fragment)]]
        self.drawn = Drawn()
        self._used: set[int] = set()
        """Functions that have a bug of one edit."""

    def draw(self, size: Size) -> Drawn:
        """Fewer than asked for only where a package has no more."""
        parts = len(self._sources)
        for number, source in enumerate(self._sources):
            self._one(source, size.one // parts + (number < size.one % parts))
        self._two(size.two // 2, apart=False)
        self._two(size.two - size.two // 2, apart=True)
        return self.drawn

    def _one(self, source: Source, count: int) -> None:
        """Bugs of one edit, each in a function of its own."""
        chance = self._chance("one", source.name)
        wanted = len(self._used) + count
        for single in singles(source, self.functions, chance):
            if len(self._used) == wanted:
                break
            if id(single.fragment) not in self._used and self._add([single], self._failing([single]), chance):
                self._used.add(id(single.fragment))

    def _two(self, count: int, *, apart: bool) -> None:
        """Bugs of two edits, each in a first function of its own."""
        chance = self._chance("two", str(apart))
        streams = [singles(source, self.functions, chance) for source in self._sources]
        used: set[int] = set()
        while len(used) < count and streams:
            stream = chance.choice(streams)
            first = next(stream, None)
            if first is None:
                streams.remove(stream)
            elif id(first.fragment) not in used and self._pair(first, apart, chance):
                used.add(id(first.fragment))

    def _pair(self, first: Single, apart: bool, chance: random.Random) -> bool:
        """Whether a second edit was found for a first one, so that undoing one alone leaves tests that fail."""
        near = self._neighbours(first.fragment) if apart else [first.fragment]
        for second in islice(self._seconds(first, near, chance), SECONDS):
            failing = self._failing([first, second])
            if failing and not self._alone(first, failing):
                return False  # no test notices it
            if self._add([first, second], failing, chance):
                return True
        return False

    def _seconds(self, first: Single, near: Sequence[Fragment], chance: random.Random) -> Iterator[Single]:
        streams = [singles(source, near, chance) for source in self._sources]
        while streams:
            stream = chance.choice(streams)
            second = next(stream, None)
            if second is None:
                streams.remove(stream)
            elif separate(first, second):
                yield second

    def _neighbours(self, fragment: Fragment) -> list[Fragment]:
        """Functions that call it or that it calls; where there are none, those that share a test with it."""
        others = [other for other in self.functions if other is not fragment]
        calling = [other for other in others if calls(other, fragment) or calls(fragment, other)]
        shared = set(self._reaching[id(fragment)])
        return calling or [other for other in others if shared & set(self._reaching[id(other)])]

    def _failing(self, edits: Sequence[Single]) -> tuple[str, ...]:
        """The tests that notice edits; none where they are no bug."""
        tests = {test for single in edits for test in self._reaching[id(single.fragment)]}
        said = self.suite(self._texts(edits), tests)
        about = "endless" if said.endless else "not imported" if said.missing else "" if said.tests else "unnoticed"
        if about:
            self.drawn.besides[f"{' and '.join(single.source for single in edits)}: {about}"] += 1
            return ()
        return said.tests

    def _texts(self, edits: Sequence[Single]) -> dict[str, str]:
        paths = {single.edit.path for single in edits}
        return apply_all({path: self.suite.original(path) for path in paths}, [single.edit for single in edits])

    def _alone(self, single: Single, failing: Sequence[str]) -> tuple[str, ...]:
        """Those of a bug's tests that one of its edits fails alone."""
        found = self.suite(self._texts([single]), failing).tests
        if not found:
            self.drawn.besides[f"{single.source}: does not matter beside another edit"] += 1
        return found

    def _add(self, edits: Sequence[Single], failing: tuple[str, ...], chance: random.Random) -> bool:
        """Keep a bug, if it is one: its tests fail again, and among them are some that each edit alone fails."""
        if not failing:
            return False
        alone = [self._alone(single, failing) for single in edits] if len(edits) > 1 else [failing]
        texts = self._texts(edits)
        steady = self.suite(texts, failing, again=1).tests if all(alone) else ()
        needed = [[test for test in steady if test in tests] for tests in alone]
        if not all(needed):
            if all(alone):
                self.drawn.besides["unsteady"] += 1
            return False
        shown = choose(steady, needed, chance)
        package, sources = self.suite.package.name, {single.source for single in edits}
        self.drawn.bugs.append(
            Bug(
                id=f"{package}-{len(edits)}-{digest(sorted(texts.items()))[:8]}",
                package=package,
                source=sources.pop() if len(sources) == 1 else BOTH,
                edits=len(edits),
                files=texts,
                shown=shown,
                failing=steady,
                single=len(shown) == len(steady),
                kinds=tuple(single.kind for single in edits),
            )
        )
        return True

    def _chance(self, *what: str) -> random.Random:
        return random.Random(" ".join([str(self._seed), self.suite.package.name, *what]))


def reaching(fragment: Fragment, reach: Mapping[str, Reached], sound: frozenset[str]) -> tuple[str, ...]:
    """The sound tests that enter a function, sorted."""
    lines = range(fragment.within.first_line, fragment.within.last_line + 1)
    places = {(fragment.path, line) for line in lines}
    return tuple(sorted(test for test, did in reach.items() if test in sound and places & did.places))


def calls(one: Fragment, other: Fragment) -> bool:
    """Whether a function calls something of another one's name."""
    name = other.name.rpartition(".")[2]
    called = (node.func for node in one.body if isinstance(node, ast.Call))
    return any(name == (f.attr if isinstance(f, ast.Attribute) else getattr(f, "id", "")) for f in called)


def separate(first: Single, second: Single) -> bool:
    """Whether two edits lie in different statements and do not touch."""
    if first.fragment is not second.fragment:
        return True
    (a, b), (c, d) = (single.edit[1:3] for single in (first, second))
    return (b < c or d < a) and first.fragment.statement(a, b) is not second.fragment.statement(c, d)


def choose(failing: Sequence[str], needed: Sequence[Sequence[str]], chance: random.Random) -> tuple[str, ...]:
    """The tests to show: one of each row of needed ones, and others until it is half."""
    shown: list[str] = []
    for row in needed:
        if not set(shown) & set(row):
            shown.append(chance.choice(row))
    rest = [test for test in failing if test not in shown]
    return tuple(sorted([*shown, *chance.sample(rest, max(0, len(failing) // 2 - len(shown)))]))


# What was drawn


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.injected", description="Bugs to measure repair with.")
    parser.add_argument("--seed", type=int, default=0, help="seed of the bugs that are drawn")
    parser.add_argument("--quick", action="store_true", help="a few bugs a package, to see that it works")
    parser.add_argument("packages", nargs="*", help="names of packages; none: all")
    arguments = parser.parse_args()
    packages = [p for p in PACKAGES if not arguments.packages or p.name in arguments.packages]
    total = Drawn()
    for package, drawn in zip(
        packages, draws(arguments.seed, QUICK if arguments.quick else FULL, packages), strict=True
    ):
        print(f"{package.name} {package.version}\n{told(drawn)}", flush=True)
        total.bugs += drawn.bugs
        total.besides += drawn.besides
    print(f"all\n{told(total)}")


def told(drawn: Drawn) -> str:
    """The counts in words, and no bug's text."""
    lines = []
    for edits in sorted({bug.edits for bug in drawn.bugs}):
        bugs = [bug for bug in drawn.bugs if bug.edits == edits]
        hidden = sum(not bug.single for bug in bugs)
        tests = sum(len(bug.failing) for bug in bugs)
        lines.append(
            f"  {edits} edit{'s'[: edits - 1]}: {len(bugs)} bugs, {hidden} with hidden tests; {tests} failing tests"
        )
        lines.append(f"    from {_counted(Counter(bug.source for bug in bugs))}")
        lines.append(f"    {_counted(Counter(kind for bug in bugs for kind in bug.kinds))}")
    return "\n".join([*lines, f"  no bugs: {_counted(drawn.besides)}"])


def _counted(what: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in what.most_common())


if __name__ == "__main__":
    main()
