"""z in plain sentences: where the fault is and why there, what was ruled out, why this answer, what is not known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from trm_lsp.core.events import OpenQuestion
from trm_lsp.core.ports import X
from trm_lsp.core.state import Candidate, Commit, Reasoning
from trm_lsp.engine.grading import behaviours
from trm_lsp.nets.repair.doubting import counted

FAILURES, KINDS, FUNCTIONS = 3, 4, 3
"""How many are named, at most."""
LONG = 200
"""Letters of a failure that are shown."""


def explain(x: X, y: Candidate, z: Reasoning, question: OpenQuestion | None = None) -> tuple[str, ...]:
    """The reasoning on an answer, in the order in which a reader asks."""
    return (*failed(x), *changed(y, z), *found(y), *doubted(y, z, question), *tried(y, z), *unknown(x, y))


def failed(x: X) -> Iterator[str]:
    """What the tests said before."""
    results, failing = x.baseline.by_id, x.baseline.failing
    for test in failing[:FAILURES]:
        said = results[test].signature or str(results[test].outcome) if test in results else "missing"
        yield f"{test} failed: {_short(said)}"
    if len(failing) > FAILURES:
        yield f"{counted(len(failing) - FAILURES, 'more test')} failed."


def changed(y: Candidate, z: Reasoning) -> Iterator[str]:
    """Each edit, and why there."""
    for commit in y.commits:
        yield f"Changed {commit.reason}."
        if commit.place in z.suspicion:
            yield _suspected(commit, z)


def _suspected(commit: Commit, z: Reasoning) -> str:
    """How the place stood among those that the failing tests reach."""
    suspect = z.suspicion[commit.place]
    more = sum(value > suspect for value in z.suspicion.values())
    passing = z.passing.get(commit.place, 0)
    stands = f"{counted(more, 'line')} were more suspect"
    if more < 2:
        stands = "One line was more suspect" if more else "No line was more suspect"
    of = f"of {counted(len(z.suspicion), 'statement')} that the failing tests reach"
    also = f"{counted(passing, 'passing test')} also run{'s' * (passing == 1)} it" if passing else ""
    return f"{stands}, {of}{f'; {also}' if also else ''}."


def tried(y: Candidate, z: Reasoning) -> Iterator[str]:
    """What else was judged, and where: what is ruled out."""
    if not z.tried:
        return
    where = _by_function(z.evidence)
    places = f", most of them in {_listed(list(where)[:FUNCTIONS])}" if where else ""
    yield f"{counted(z.tried, 'candidate')} {'was' if z.tried == 1 else 'were'} judged, the likeliest first{places}."
    kinds = sorted(z.judged.items(), key=lambda item: (-item[1], item[0]))
    passing = {commit.family for commit in y.commits} | {attempt.commit.family for attempt in z.survivors}
    out = [f"{count} of kind {kind}" for kind, count in kinds if kind not in passing]
    if out:
        rest = f" and {counted(len(out) - KINDS, 'other kind')}" if len(out) > KINDS else ""
        yield f"Ruled out: {', '.join(out[:KINDS])}{rest}."


def _by_function(evidence: Mapping[str, tuple[int, float]]) -> dict[str, int]:
    """Functions to the number of candidates judged there, most first."""
    counts: dict[str, int] = {}
    for place, (count, _) in evidence.items():
        path, _, rest = place.partition("::")
        name = rest.partition(": ")[0]
        shown = f"{path}" if name == "<module>" else f"{name} ({path})"
        counts[shown] = counts.get(shown, 0) + count
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def found(y: Candidate) -> Iterator[str]:
    """What the tests say of the answer."""
    if y.verdict is not None and y.verdict.passed:
        count = y.verdict.counts.passed
        yield f"With it {counted(count, 'test')} pass{'es' * (count == 1)}, and none that passed before fails."
    elif y.verdict is not None:
        yield f"{len(y.verdict.failing)} of {counted(len(y.verdict.targets), 'failing test')} still fail with it."


def doubted(y: Candidate, z: Reasoning, question: OpenQuestion | None) -> Iterator[str]:
    """What else passes, how it differs, and what the answer changes beside what was asked."""
    if y.verdict is None or not y.verdict.passed:
        return
    groups = behaviours(y, z)
    attempts = {attempt.key: attempt for attempt in z.survivors}
    doubts = z.doubts
    compared = f" in {counted(doubts.inputs, 'call')} they were compared by" if doubts and doubts.inputs else ""
    passing = sum(map(len, groups))
    if len(groups) > 1:
        known = doubts is not None and doubts.inputs
        differ = f"they show {len(groups)} behaviours{compared}" if known else "whether they differ is not known"
        yield f"{passing} of {z.tried} candidates pass, and {differ}."
        if question is not None:
            yield f"{question.text} A test would decide; nothing waits for it."
        yield from (f"This passes as well: {attempts[group[0]].commit.reason}." for group in groups[1:3])
    elif passing > 1:
        yield f"{passing} of {z.tried} candidates pass, and they do the same{compared}."
    else:
        yield f"It is the only one of {z.tried} candidates that passes; what was not tried is not known."
    if doubts is None:
        return
    if y.digest in doubts.contradicts:
        yield f"But {doubts.contradicts[y.digest]}."
    if doubts.near and y.digest in doubts.moved:
        moved = doubts.moved[y.digest]
        what = f"changes the outcome of {moved}" if moved else "changes none"
        calls = counted(doubts.near, "call")
        yield (
            f"It {what} of {calls} of passing tests or like them: that tells what it may break, "
            "not whether it is complete."
        )
    yield from doubts.left_out[:2]


def unknown(x: X, y: Candidate) -> Iterator[str]:
    """What nobody has looked at."""
    if y.verdict is not None and y.verdict.passed and len(x.baseline.failing) == 1:
        yield "One failing test alone asks for it: what it should do elsewhere, only the tests that passed before say."


def _short(text: str) -> str:
    return text if len(text) <= LONG else f"{text[: LONG - 1]}…"


def _listed(items: list[str]) -> str:
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"
