"""`python -m bench.parity`: do screen, confirm and suite say what a cold run says?

    python -m bench.parity [--seed N] [--quick] [--cold] [PACKAGE ...]

Mutants of real packages, drawn by the seed and none dropped. They are drawn
function by function: one that the tests kill becomes the text to be repaired,
and the original and the other mutants are candidates for it. Every candidate
is judged by us in all tiers and, apart from us, by a cold run of the tests
that reach the function; a tenth of the mutants also by the whole suite.
"""

from __future__ import annotations

import argparse
import random
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from bench.cold import Said, Truth, environment, write
from bench.mutants import Range, draw, mutations, ranges
from bench.packages import PACKAGES, Package, fetch
from bench.reach import Reached, reached
from trm_lsp.core.state import Edit, Task, Variant
from trm_lsp.core.verdict import Tier, Verdict
from trm_lsp.judging.judge import TestJudge
from trm_lsp.patch.edits import apply
from trm_lsp.settings import Settings

MUTANTS, FEW = 100, 5
"""Mutants to judge in each package at least, and with --quick."""
OF_ONE_PLACE = 6
"""Mutants drawn from one function, or from what a file does outside of its functions."""
BESIDES = 1
"""Of these, so many are tried on top of the mutant under repair as well: candidates that repair nothing."""
ECHOES = 3
"""So many candidates do what the original does: among those that may disturb a screen, they show whether it notices."""
SELECTED_SECONDS, SELECTED = 2.0, 100
"""Of the tests that reach a place so many are drawn, by what they take in all and by their number."""
WITH_SUITE = 5
"""Candidates of a place that are judged by the whole suite as well, until those are a tenth of the mutants."""
AGAIN = 3
"""Cold runs to settle whether a difference is the tests' own unsteadiness."""


class Place(NamedTuple):
    """One function, or what a file does outside of its functions, and the tests that reach it."""

    path: str
    text: str
    range: Range
    tests: tuple[str, ...]
    mutants: tuple[Edit, ...]

    @property
    def line(self) -> int:
        return self.range.first_line

    def mutated(self, mutant: Edit) -> str:
        return apply(self.text, [mutant])


class Candidate(NamedTuple):
    """One answer to the mutant under repair."""

    shown: str
    variant: Variant
    """Edits on the mutant's text."""
    text: str
    """The whole text they give."""


class Difference(NamedTuple):
    """We and the cold run do not agree."""

    tier: str
    package: str
    place: str
    repairing: str
    candidate: str
    tests: tuple[str, ...]
    cold: str
    ours: str
    unsteady: bool = False
    """Cold runs do not agree among themselves."""

    def __str__(self) -> str:
        about = "unsteady tests" if self.unsteady else "DIFFERENCE"
        lines = (
            f"{about}: {self.tier}, {self.package}, {self.place}",
            f"  repairing: {self.repairing}",
            f"  candidate: {self.candidate}",
            f"  cold:      {self.cold}",
            f"  ours:      {self.ours}",
            *(f"  test:      {test}" for test in self.tests),
        )
        return "\n".join(lines)


@dataclass
class Found:
    """What a comparison has counted."""

    mutants: int = 0
    """Mutants that were judged."""
    places: int = 0
    survived: int = 0
    """Mutants of places in which the tests kill none, so that there is nothing to repair: not judged."""
    broken: int = 0
    """Among the judged ones, mutants that cannot even be imported."""
    endless: int = 0
    """Among the judged ones, mutants whose tests do not end."""
    candidates: int = 0
    in_screen: int = 0
    """Candidates the screen answered itself."""
    passing: int = 0
    """Candidates that pass cold."""
    kept: int = 0
    """Of these, candidates the screen did not refuse."""
    put_off: int = 0
    """Of those kept, candidates the screen has cut short, to be confirmed when nothing else is left."""
    besides: int = 0
    """Candidates the screen refuses for tests that the targets stand beside."""
    besides_alike: int = 0
    """Of these, candidates of which a confirm says the same."""
    confirmed_alike: int = 0
    suites: int = 0
    suites_alike: int = 0
    differences: list[Difference] = field(default_factory=list)

    def add(self, other: Found) -> None:
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)


# What is judged


def places(package: Package, reach: Mapping[str, Reached], sound: frozenset[str], seed: int) -> Iterator[Place]:
    """Every place that sound tests reach, with its mutants: all in an order drawn by the seed."""
    found = []
    for path in package.sources():
        text = (package.tree / path).read_bytes().decode("utf-8")
        found += [(path, text, within) for within in ranges(text)]
    for path, text, within in random.Random(f"{seed} {package.name}").sample(found, len(found)):
        chance = random.Random(f"{seed} {package.name} {path} {within.start}")
        drawn = draw(mutations(path, text, within), OF_ONE_PLACE, chance)
        reaching = sorted(test for test, did in reach.items() if test in sound and _enters(did, path, within))
        tests = select(chance.sample(reaching, len(reaching)), reach)
        if drawn and tests:
            yield Place(path, text, within, tests, tuple(drawn))


def _enters(did: Reached, path: str, within: Range) -> bool:
    """Whether a test enters a function; what lies outside of functions is met by all that enter one of the file."""
    lines = [line for file, line in did.places if file == path]
    return bool(lines) and (bool(within.gaps) or any(within.first_line <= n <= within.last_line for n in lines))


def select(tests: Sequence[str], reach: Mapping[str, Reached]) -> tuple[str, ...]:
    """The first of the tests, as many as are affordable; one at least, if there is one."""
    taken: list[str] = []
    seconds = 0.0
    for test in tests[:SELECTED]:
        seconds += reach[test].seconds
        if taken and seconds > SELECTED_SECONDS:
            break
        taken.append(test)
    return tuple(taken)


def candidates(place: Place, broken: Edit) -> list[Candidate]:
    """Answers to a mutant: the original, every other mutant in its stead, some on top of it; echoes of the original."""
    base, others = place.mutated(broken), [mutant for mutant in place.mutants if mutant != broken]
    besides = [other for other in others if other.start != broken.start][:BESIDES]
    # The line on which a function ends is the end of a statement, or of a comment.
    end = len(place.text[: place.range.end].rstrip())
    echoes = [Edit(place.path, end, end, f";{' ' * number}pass") for number in range(1, ECHOES + 1)]
    found = [
        ("the original", back(place, broken)),
        *((shown(place, other), back(place, broken, other)) for other in others),
        *((f"{shown(place, other)}, the rest as it is", (moved(broken, other),)) for other in besides),
        *((f"the original and {echo.text!r} at its end", back(place, broken, echo)) for echo in echoes),
    ]
    # Outside of functions there is no such line, and no screen.
    kept = found[:-ECHOES] if place.range.gaps else found
    return [Candidate(name, Variant({}, edits), apply(base, edits)) for name, edits in kept]


def back(place: Place, broken: Edit, other: Edit | None = None) -> tuple[Edit, ...]:
    """Edits on a mutant's text that take it back, and make another of the original's mutants if there is one."""
    end = broken.start + len(broken.text)
    if other is not None and other.start == broken.start:
        return (Edit(place.path, broken.start, end, other.text),)
    undone = Edit(place.path, broken.start, end, place.text[broken.start : broken.end])
    return (undone,) if other is None else (undone, moved(broken, other))


def moved(broken: Edit, other: Edit) -> Edit:
    """An edit of the original as an edit of a mutant's text, at another place."""
    by = len(broken.text) - (broken.end - broken.start) if other.start >= broken.end else 0
    return other._replace(start=other.start + by, end=other.end + by)


def shown(place: Place, edit: Edit) -> str:
    line = place.text.count("\n", 0, edit.start) + 1
    return f"{place.path}:{line}: {place.text[edit.start : edit.end]!r} -> {edit.text!r} (offset {edit.start})"


# The truth


class Case(NamedTuple):
    """A mutant to repair, and what cold runs say of it and of its candidates."""

    place: Place
    broken: Edit
    base: Said
    candidates: tuple[Candidate, ...]
    truths: tuple[Said, ...]

    @property
    def targets(self) -> frozenset[str]:
        return frozenset(test for test in self.place.tests if not self.base.passed[test])

    def passes(self, said: Said) -> bool:
        """Whether a candidate passes: the targets do, and what passed on the mutant still does."""
        return all(said.passed.get(test, False) for test in {*self.targets, *_passed(self.base)})


def _passed(said: Said) -> frozenset[str]:
    return frozenset(test for test, passed in said.passed.items() if passed)


def case(place: Place, truth: Truth, found: Found) -> Case | None:
    """Run the mutants of a place cold; None where none of them can be the one to repair.

    That is the first one that the tests kill without keeping any from being run.
    """
    said = {mutant: truth({place.path: place.mutated(mutant)}, place.tests) for mutant in place.mutants}
    killed = (m for m, s in said.items() if s.passed.keys() >= set(place.tests) and not all(s.passed.values()))
    broken = next(killed, None)
    if broken is None:
        found.survived += len(said)
        return None
    found.places += 1
    found.mutants += len(said)
    found.endless += sum(not s.ended for s in said.values())
    found.broken += sum(s.ended and s.passed.keys().isdisjoint(place.tests) for s in said.values())
    answers = candidates(place, broken)
    truths = tuple(truth({place.path: answer.text}, place.tests) for answer in answers)
    return Case(place, broken, said[broken], tuple(answers), truths)


def suites(case: Case, truth: Truth) -> list[Said]:
    """What the whole suite says cold: of the mutant to repair, then of the first candidates."""
    texts = [case.place.mutated(case.broken), *(candidate.text for candidate in case.candidates[:WITH_SUITE])]
    return [truth({case.place.path: text}, ()) for text in texts]


# Ours


def judged(case: Case, truth: Truth, folder: Path, whole: bool) -> Found:
    """Let the judge answer a case in every tier; with the whole suite as well where that is asked for."""
    found = Found(candidates=len(case.candidates), passing=sum(map(case.passes, case.truths)))
    root = folder / "ours" / truth.package.name
    shutil.rmtree(root, ignore_errors=True)
    shutil.copytree(truth.package.tree, root, symlinks=True)
    write(root, {case.place.path: case.place.mutated(case.broken)})
    task = Task(id="parity", root=str(root), tests=case.place.tests)
    settings = Settings.model_validate({"python": str(truth.package.python), "test": {"timeout": 240.0, "idle": 60.0}})
    differ = Differences(case, truth, found)
    answers = list(zip(case.candidates, case.truths, strict=True))
    # In a screen candidates share a process: the original must not always come before all that may disturb it.
    mixed = random.Random(case.place.mutated(case.broken)).sample(answers, len(answers))
    try:
        with TestJudge(task, settings, lambda: None, environment(truth.package, root)) as judge:
            differ.baseline(judge.baseline())
            screened = list(judge(variants(mixed), Tier.SCREEN))
            for (candidate, said), verdict in zip(mixed, screened, strict=True):
                differ.screened(candidate, said, verdict)
            confirmed = judge(variants(mixed), Tier.CONFIRM)
            for (candidate, said), before, verdict in zip(mixed, screened, confirmed, strict=True):
                differ.confirmed(candidate, said, verdict)
                differ.besides(candidate, before, verdict)
            if whole:
                base, *truths = suites(case, truth)
                answers = list(zip(case.candidates, truths, strict=False))
                for (candidate, said), verdict in zip(answers, judge(variants(answers), Tier.SUITE), strict=True):
                    differ.suite(candidate, base, said, verdict)
    except Exception as error:  # whatever it raises, it has not judged what a cold run can judge
        differ.note("the judge itself", "-", (), "a verdict for each", f"{type(error).__name__}: {error}")
    return found


def variants(answers: Sequence[tuple[Candidate, Said]]) -> list[Variant]:
    return [candidate.variant for candidate, _ in answers]


@dataclass
class Differences:
    """Compares verdicts on one case with the truth, and keeps what differs."""

    case: Case
    truth: Truth
    found: Found

    def baseline(self, verdict: Verdict) -> None:
        ours, cold = set(verdict.targets), set(self.case.targets)
        if ours != cold:
            text = self.case.place.mutated(self.case.broken)
            self.note("baseline", "-", sorted(ours ^ cold), f"{len(cold)} fail", f"{len(ours)} fail", text)

    def screened(self, candidate: Candidate, said: Said, verdict: Verdict) -> None:
        self.found.in_screen += verdict.tier is Tier.SCREEN
        if not self.case.passes(said):
            return
        if verdict.cut:
            self.found.put_off += 1
            self.found.kept += 1
            return
        refused = (*verdict.failing, *self._sound(candidate, said, verdict.regressions))
        if refused or verdict.broken:
            what = f"refused by {verdict.tier}: {verdict.signature}"
            tests = (*self.case.place.tests, *(test for test in refused if test not in self.case.place.tests))
            steady = self.note("screen", candidate.shown, refused, "passes", what, candidate.text, tests)
            self.found.kept += not steady
        else:
            self.found.kept += 1

    def _sound(self, candidate: Candidate, said: Said, regressions: Sequence[str]) -> tuple[str, ...]:
        """Those of the tests that a screen calls broken which pass cold; it may have run more than were drawn."""
        more = [test for test in regressions if test not in said.passed]
        others = self.truth({self.case.place.path: candidate.text}, more).passed if more else {}
        return tuple(test for test in regressions if said.passed.get(test, others.get(test, False)))

    def besides(self, candidate: Candidate, screened: Verdict, confirmed: Verdict) -> None:
        """What a screen says of tests beside the targets, a confirm must say too."""
        if screened.tier is not Tier.SCREEN or not screened.regressions:
            return
        self.found.besides += 1
        apart = sorted({*screened.regressions} - {*confirmed.regressions})
        if confirmed.broken or not apart:
            self.found.besides_alike += 1
            return
        ours = f"{confirmed.tier}: {confirmed.signature or 'it passes'}"
        steady = self.note(
            "beside", candidate.shown, apart, "broken by the screen's account", ours, candidate.text, apart
        )
        self.found.besides_alike += not steady

    def confirmed(self, candidate: Candidate, said: Said, verdict: Verdict) -> None:
        self.found.confirmed_alike += self._alike("confirm", candidate, self.case.place.tests, said, verdict)

    def suite(self, candidate: Candidate, base: Said, said: Said, verdict: Verdict) -> None:
        self.found.suites += 1
        alike = self._alike("suite", candidate, (), said, verdict)
        passes = all(said.passed.get(test, False) for test in {*self.case.targets, *_passed(base)})
        if alike and passes != verdict.passed:
            lost = tuple(test for test in _passed(base) if not said.passed.get(test, False))
            ours = f"{'passes' if verdict.passed else 'does not pass'}: {verdict.signature}"
            cold = "passes" if passes else f"does not pass, {len(lost)} regressions"
            apart = sorted({*lost} ^ {*verdict.regressions})
            alike = not self.note("suite", candidate.shown, apart, cold, ours, candidate.text, ())
        self.found.suites_alike += alike

    def _alike(self, tier: str, candidate: Candidate, tests: Sequence[str], said: Said, verdict: Verdict) -> bool:
        """Whether the tests that both ran came out the same, and the targets in any case."""
        apart = differing(self.case.targets, said, verdict)
        if not apart:
            return True
        ours = f"{verdict.tier}: {len(verdict.failing)} targets fail; {verdict.signature}"
        cold = ", ".join(f"{test.rpartition('::')[2]} {_word(said, test)}" for test in apart)
        return not self.note(tier, candidate.shown, apart, cold, ours, candidate.text, tests)

    def note(
        self,
        tier: str,
        candidate: str,
        apart: Sequence[str],
        cold: str,
        ours: str,
        text: str | None = None,
        tests: Sequence[str] | None = None,
    ) -> bool:
        """Keep a difference; whether it is one, rather than tests that cold runs do not agree on themselves."""
        place = self.case.place
        unsteady = text is not None and self._unsteady(text, place.tests if tests is None else tests, apart)
        self.found.differences.append(
            Difference(
                tier,
                self.truth.package.name,
                f"{place.path}:{place.line} {place.range.name}",
                shown(place, self.case.broken),
                candidate,
                tuple(apart),
                cold,
                ours,
                unsteady,
            )
        )
        return not unsteady

    def _unsteady(self, text: str, tests: Sequence[str], apart: Sequence[str]) -> bool:
        runs = [self.truth.again({self.case.place.path: text}, tests) for _ in range(AGAIN)]
        runs.append(self.truth({self.case.place.path: text}, tests))
        return len({tuple(run.passed.get(test) for test in apart) for run in runs}) > 1


def differing(targets: frozenset[str], said: Said, verdict: Verdict) -> tuple[str, ...]:
    """Tests on which a verdict and a cold run differ: of the targets, and of whatever else both have run."""
    ours = {result.id: result.passed for result in verdict.results}
    if not said.ended:
        return () if verdict.failing or verdict.regressions or verdict.broken else tuple(sorted(targets))
    both = targets | (ours.keys() & said.passed.keys())
    return tuple(sorted(test for test in both if ours.get(test, False) != said.passed.get(test, False)))


def _word(said: Said, test: str) -> str:
    if not said.ended:
        return "does not end"
    return {True: "passes", False: "fails", None: "is not there"}[said.passed.get(test)]


# All of it


def compare(package: Package, folder: Path, seed: int, enough: int, *, cold: bool = False) -> Found:
    """Judge mutants of a package until there are enough; with `cold`, have the cold runs done and nothing else."""
    found = Found()
    reach = reached(fetch(package), folder)
    truth = Truth(package, folder)
    sound = _passed(truth({}, ()))
    for place in places(package, reach, sound, seed):
        if found.mutants >= enough:
            break
        about = case(place, truth, found)
        if about is None:
            continue
        whole = 10 * found.suites < enough
        if cold:
            found.suites += len(suites(about, truth)[1:]) if whole else 0
        else:
            found.add(judged(about, truth, folder, whole))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.parity", description="Do our verdicts equal those of cold runs?")
    parser.add_argument("--seed", type=int, default=0, help="seed of the mutants that are drawn")
    parser.add_argument("--quick", action="store_true", help=f"{FEW} mutants a package, to see that it works")
    parser.add_argument("--cold", action="store_true", help="only the cold runs, which are remembered")
    parser.add_argument("packages", nargs="*", help="names of packages; none: all")
    arguments = parser.parse_args()
    total = Found()
    with tempfile.TemporaryDirectory(prefix="trm-bench-") as folder:
        tempfile.tempdir = folder  # the copies that tests run in are made there
        for package in PACKAGES:
            if not arguments.packages or package.name in arguments.packages:
                enough = FEW if arguments.quick else MUTANTS
                found = compare(package, Path(folder).resolve(), arguments.seed, enough, cold=arguments.cold)
                print(f"{package.name} {package.version}: {told(found)}", flush=True)
                total.add(found)
    for difference in total.differences:
        print(f"\n{difference}")
    print(f"\nall: {told(total)}")


def told(found: Found) -> str:
    """The counts in words."""
    differences = sum(not difference.unsteady for difference in found.differences)
    return (
        f"{found.mutants} mutants in {found.places} places ({found.broken} cannot be imported, {found.endless} do not "
        f"end; {found.survived} more where nothing is killed), {found.candidates} candidates, {found.in_screen} "
        f"answered by the screen; {found.passing} pass cold, the screen keeps {found.kept} ({found.put_off} put off); "
        f"it refuses {found.besides} for tests beside the targets, confirm agrees on {found.besides_alike}; "
        f"confirm agrees on {found.confirmed_alike}; suite on {found.suites_alike} of {found.suites}; "
        f"{differences} differences, {len(found.differences) - differences} of unsteady tests"
    )


if __name__ == "__main__":
    main()
