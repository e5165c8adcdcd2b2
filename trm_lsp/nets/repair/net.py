"""The net: with x one experiment that updates z, without x one decision that updates y."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, overload

from trm_lsp.core.ports import X
from trm_lsp.core.state import (
    ATTEMPTS_KEPT,
    PARTIAL_KEPT,
    RULED_OUT_KEPT,
    VISITED_KEPT,
    Attempt,
    Candidate,
    Commit,
    Edit,
    Reasoning,
    Variant,
)
from trm_lsp.core.verdict import TestResult, Tier, Verdict
from trm_lsp.core.witnesses import witnesses
from trm_lsp.nets.repair.doubting import doubt
from trm_lsp.nets.repair.families import FAMILIES, Family
from trm_lsp.nets.repair.hypotheses import Hypothesis, Queue, everything, key, parse_all, rank
from trm_lsp.nets.repair.insertion import INSERTIONS, inserted
from trm_lsp.nets.repair.localise import contrasted, contrasting, hints, passing_places, suspicion, suspicious_lines
from trm_lsp.nets.repair.reading import Reading
from trm_lsp.nets.repair.stubs import Looked, Stub, implemented, unwritten
from trm_lsp.nets.repair.synthesis import TESTS, Synthesis, others, synthesised
from trm_lsp.patch.diffs import hunks
from trm_lsp.patch.edits import apply_all

CUT_BATCHES = (256, 16, 4)
"""Hypotheses in one experiment, by how often a screen has cut them short."""
FIRST_BATCHES, FIRST_TRIED = 64, 256
"""Hypotheses in one experiment on a new y, and how many are tried so: an answer near at hand is found at once."""
PROCESSES = 16
"""Candidates of one experiment that may need a process of their own: then it ends early."""
PATIENCES = (1, 10)
"""How many times as long as usual a screen lets them run; those that were cut more often are confirmed."""
LOOKED_LONGER, LONGER = 2, 20
"""Of each of the first experiments: likely candidates that are cut short and screened again at once, and how many times
as long. A test that fails at its beginning says little of how long it takes to pass."""
ERRORS_KEPT = 64
LARGEST_BOUND = 3
FAILING_TRACED = 24
"""Failing tests that are traced, at most."""
SYNTHESIS_BOUND = 2
"""The cost bound from which expressions are synthesised."""
PARTIAL_CONFIRMED = 3
"""Partial fixes that are confirmed in one experiment, at most, before one is built on."""
LEAST_TRIED = 1024
"""Edits that are tried on a partial fix before another one is built on."""
DEEPEST = 3
"""Commits that may build on each other."""
LEAST_SHARES = (0.15, 0.03, 0.0)
"""By the cost bound: what rank a hypothesis needs, beside the highest suspicion; others wait for the next bound."""
RIVAL_SHARE = 0.4
"""After a survivor, only hypotheses at least this likely beside it are worth an experiment."""
KINDS: tuple[type[Family] | Family, ...] = (*FAMILIES, Synthesis, *INSERTIONS, Stub)
REASONS = {family.name: family.reason for family in KINDS}


class Inner(NamedTuple):
    """What the net thinks with inside one supervision step: it does not survive a detach."""

    y: str
    """Digest of the y the queue was made for."""
    queue: Queue
    """Not yet tried: what is likeliest changes with every experiment."""
    texts: Mapping[str, str]
    """y's text of every file in the queue."""
    standing: Verdict
    """What the tests said about y."""
    stubs: bool = False
    """Whether some function of these texts is not written yet."""


class Nearer(NamedTuple):
    """An edit with which the tests are nearer to passing: perhaps a partial fix."""

    hypothesis: Hypothesis
    verdict: Verdict
    likely: float
    """Its rank."""
    gain: float


class RepairNet:
    """Localise, hypothesise, experiment, commit. Deterministic: the same x and seed repeat a run."""

    name = "repair"

    def start(self, x: X, seed: int) -> tuple[Candidate, Reasoning]:
        failing = _failing(x.baseline)
        paths = [x.task.focus.path] if x.task.focus and x.task.focus.path in x.editable else []
        texts = {path: x.texts[path].text for path in paths}
        z = Reasoning(seed=seed, errors=tuple(dict.fromkeys(result.signature for result in failing)))
        return Candidate(base=texts, texts=texts), z

    @overload
    def __call__(self, x: X, y: Candidate, z: Reasoning, /) -> Reasoning: ...
    @overload
    def __call__(self, y: Candidate, z: Reasoning, /) -> Candidate: ...
    def __call__(self, *state: X | Candidate | Reasoning) -> Reasoning | Candidate:
        match state:
            case (X() as x, Candidate() as y, Reasoning() as z):
                return think(x, y, z)
            case (Candidate() as y, Reasoning() as z):
                return answer(y, z)
        raise TypeError("a net takes (x, y, z) or (y, z)")


# --- z: one experiment --------------------------------------------------------------------------


def think(x: X, y: Candidate, z: Reasoning) -> Reasoning:
    """One z-update: localise, try a batch, or doubt a survivor. With nothing to learn it costs nothing."""
    z = believe_verdict(y, z)
    if any(attempt.key == y.digest for attempt in z.survivors):
        return doubt(x, z)
    if not isinstance(z.memory, Inner) or z.memory.y != y.digest:
        z = orient(x, y, z)
        if z.localised == y.digest and z.memory.queue:
            return z
    if z.survivors:
        smaller = shrink(x, z)
        if smaller is not None:
            return smaller
    if not z.survivors and (look := observation(y, z)):
        return look(x, y, z)
    z = settle(x, y, z)
    batch = choose(y, z)
    if not batch and z.survivors:
        return doubt(x, z)
    if not batch:
        exhausted = z.bound >= LARGEST_BOUND
        return z if z.exhausted == exhausted else z.model_copy(update={"exhausted": exhausted})
    return experiment(x, y, z, batch)


def believe_verdict(y: Candidate, z: Reasoning) -> Reasoning:
    """A survivor that the step's verdict refused is none: rule it out."""
    refused = y.verdict is not None and not y.verdict.passed
    if not refused or all(attempt.key != y.digest for attempt in z.survivors):
        return z
    refused_ones = [attempt for attempt in z.survivors if attempt.key == y.digest]
    rest = tuple(attempt for attempt in z.survivors if attempt.key != y.digest)
    out = (f"y {y.digest}", *(key(attempt.parent, attempt.commit.edits) for attempt in refused_ones))
    return z.model_copy(update={"survivors": rest, "ruled_out": (*z.ruled_out, *out)[-RULED_OUT_KEPT:]}).think(
        "The final verdict refused the answer: it is ruled out."
    )


def orient(x: X, y: Candidate, z: Reasoning) -> Reasoning:
    """Where to look on this y, and everything worth trying there. Traces only when y has changed."""
    standing = _standing(x, y, z)
    failing = _failing(standing)
    fresh = z.localised != y.digest
    if fresh:
        z = localise(x, y, z, failing)
    places = z.suspicion
    paths = dict.fromkeys(place.partition("::")[0] for place in places)
    texts = {path: y.texts[path] if path in y.texts else x.texts[path].text for path in paths}
    sources = parse_all(texts)
    known = set(z.ruled_out)
    queue = everything(
        sources,
        places,
        hints(x, failing),
        weights=z.families,
        ruled_out=lambda edits: key(y.digest, edits) in known,
    )
    z = z.model_copy(
        update={
            "evidence": {} if fresh else z.evidence,
            "localised": y.digest,
            "bound": 1 if fresh else min(LARGEST_BOUND, z.bound + 1),
            "exhausted": False,
            "partial": tuple(attempt for attempt in z.partial if attempt.key != y.digest),
            "memory": Inner(y.digest, queue, texts, standing, any(any(unwritten(source)) for source in sources)),
        }
    )
    if not fresh:
        return z
    if not places:
        return z.think("The failing tests reach no code that may be changed.")
    return z.think(_where(failing, places))


def localise(x: X, y: Candidate, z: Reasoning, failing: Sequence[TestResult]) -> Reasoning:
    """Suspect places of y. Passing tests are traced once, on the unchanged text: an edit moves few of them."""
    contrast = [] if y.touched else contrasting(x, failing)
    trace = x.tracer(y.variant, [*witnesses(failing, FAILING_TRACED), *contrast])
    lines = suspicious_lines(x, trace, failing)
    paths = dict.fromkeys(path for path, _ in lines)
    sources = parse_all({path: y.texts[path] if path in y.texts else x.texts[path].text for path in paths})
    places = suspicion(sources, lines)
    if y.touched:
        return z.model_copy(update={"suspicion": contrasted(places, z.passing, len(failing))})
    return z.model_copy(update={"suspicion": places, "passing": passing_places(sources, trace)})


def _where(failing: Sequence[TestResult], places: Mapping[str, float]) -> str:
    tests = "1 failing test reaches" if len(failing) == 1 else f"{len(failing)} failing tests reach"
    top = ", ".join(f"{_shown(place)}" for place in list(places)[:3])
    return f"The {tests} {len(places)} statements; most suspect: {top}. Single edits are tried there."


def _shown(place: str) -> str:
    path, _, rest = place.partition("::")
    name, _, code = rest.partition(": ")
    return f"`{code}` in {name} ({path})"


def observation(y: Candidate, z: Reasoning) -> Callable[[X, Candidate, Reasoning], Reasoning] | None:
    """What is to be looked at on this y, before more is tried; None when all of it has been."""
    if z.memory.stubs and f"stubs {y.digest}" not in z.observed:
        return implement
    if z.bound >= SYNTHESIS_BOUND and y.digest not in z.observed:
        return synthesise
    if z.bound >= SYNTHESIS_BOUND and f"between {y.digest}" not in z.observed:
        return insert
    return None


def synthesise(x: X, y: Candidate, z: Reasoning) -> Reasoning:
    """Look at what suspect slots see in the failing tests, and add an expression for each behaviour to the queue."""
    z, fresh = _joined(y, z, _expressions(x, y, z), y.digest)
    slots = len({h.edits[0][1:3] for h in fresh})
    return z.think(
        f"Watched {slots} expressions in the failing tests: {len(fresh)} others would do something else there."
    )


def insert(x: X, y: Candidate, z: Reasoning) -> Reasoning:
    """Look at what is seen before suspect statements, by passing tests too, and add the code that may be missing."""
    z, fresh = _joined(y, z, _insertions(x, y, z), f"between {y.digest}")
    places = len({h.place for h in fresh})
    return z.think(
        f"Watched {places} places between statements: {len(fresh)} guards, updates and calls may be missing there."
    )


def implement(x: X, y: Candidate, z: Reasoning) -> Reasoning:
    """Look at the calls of stubs, and add what they could give. What is more than an expression is not written."""
    looked = _implementations(x, y, z)
    z, fresh = _joined(y, z, looked.hypotheses, f"stubs {y.digest}")
    if not looked.names:
        return z
    shown = " and ".join(f"`{name}`" for name in looked.names)
    stubs = f"{shown} is a stub" if len(looked.names) == 1 else f"{shown} are stubs"
    if looked.wanted:
        return z.think(f"{stubs}: {len(fresh)} expressions of the arguments give what the tests ask for.")
    return z.think(
        f"{stubs}, and no small expression of the arguments is seen to give what the tests ask for; "
        f"{len(fresh)} are tried. What is missing may be more than an expression: "
        "the embedded net does not write whole functions."
    )


def _joined(
    y: Candidate, z: Reasoning, found: Sequence[Hypothesis], observed: str
) -> tuple[Reasoning, list[Hypothesis]]:
    """Z with what was found by looking, and those of it that are not ruled out. `observed`: what was looked at."""
    inner: Inner = z.memory
    known = set(z.ruled_out)
    fresh = [h for h in found if key(y.digest, h.edits) not in known]
    queue = inner.queue.joined(fresh, inner.texts, z.families)
    update = {"observed": (*z.observed, observed)[-VISITED_KEPT:], "memory": inner._replace(queue=queue)}
    return z.model_copy(update=update), fresh


def observed(x: X, y: Candidate, z: Reasoning) -> tuple[Hypothesis, ...]:
    """All that is proposed for y beside its typed edits, by what the failing tests do there; z is oriented on y."""
    stubs = _implementations(x, y, z).hypotheses if z.memory.stubs else ()
    return (*stubs, *_expressions(x, y, z), *_insertions(x, y, z))


def _expressions(x: X, y: Candidate, z: Reasoning) -> tuple[Hypothesis, ...]:
    inner: Inner = z.memory
    failing = _failing(inner.standing)
    return synthesised(x, y, z, parse_all(inner.texts), witnesses(failing, TESTS), hints(x, failing))


def _insertions(x: X, y: Candidate, z: Reasoning) -> tuple[Hypothesis, ...]:
    inner: Inner = z.memory
    failing = _failing(inner.standing)
    tests, passing = witnesses(failing, TESTS), contrasting(x, failing)
    return tuple(inserted(x, y, z, parse_all(inner.texts), tests, passing, hints(x, failing)))


def _implementations(x: X, y: Candidate, z: Reasoning) -> Looked:
    inner: Inner = z.memory
    tests = witnesses(_failing(inner.standing), TESTS)
    return implemented(x, y, z, parse_all(inner.texts), tests)


def choose(y: Candidate, z: Reasoning) -> tuple[Hypothesis, ...]:
    """The likeliest hypotheses within the cost bound; after a survivor only its serious rivals."""
    inner: Inner = z.memory
    least = RIVAL_SHARE * max((attempt.rank for attempt in z.survivors), default=0.0)
    least = max(least, LEAST_SHARES[z.bound - 1] * max(z.suspicion.values(), default=0.0))
    drawn = inner.queue.likeliest(z, CUT_BATCHES[0], z.bound)
    likeliest = [h for h in drawn if rank(h, z) >= least and rank(h, z) > 0]
    cut = min((h.cut for h in likeliest), default=0)
    if cut and (z.bound < LARGEST_BOUND or y.commits):
        return ()  # what is slow waits until nothing else is left on the unchanged text
    most = FIRST_BATCHES if z.visited.get(y.digest, 0) < FIRST_TRIED else CUT_BATCHES[cut]
    return tuple(h for h in likeliest if h.cut == cut)[: min(most, CUT_BATCHES[cut])]


def experiment(x: X, y: Candidate, z: Reasoning, batch: Sequence[Hypothesis]) -> Reasoning:
    """Judge a batch of edits on y and believe accordingly."""
    inner: Inner = z.memory
    standing = inner.standing
    evidence = dict(z.evidence)
    tried: list[Hypothesis] = []
    survivors: list[Attempt] = []
    nearer: list[Nearer] = []
    signatures: dict[str, None] = dict.fromkeys(z.errors)
    base, times_cut = {path: y.texts[path] for path in y.touched}, batch[0].cut
    screened = times_cut < len(PATIENCES)
    variants = [Variant(base, h.edits, PATIENCES[times_cut] if screened else 1) for h in batch]
    tier = Tier.SCREEN if screened else Tier.CONFIRM
    cut: list[Hypothesis] = []
    read = Reading(standing)
    longer = LOOKED_LONGER if not times_cut and z.visited.get(y.digest, 0) < FIRST_TRIED else 0
    processes = 0
    alike: list[Hypothesis] = []
    for hypothesis, variant, verdict in zip(batch, variants, x.judge(variants, tier), strict=False):
        tried.append(hypothesis)
        said = read(verdict)
        if said.cut and longer and verdict.tier is Tier.SCREEN:
            longer -= 1
            (verdict,) = x.judge([variant._replace(patience=LONGER)], tier)
            said = read(verdict)
        if said.fewer or said.passed:
            verdict = confirmed(x, variant, verdict, standing)
            said = read(verdict)
        if said.cut:
            cut.append(hypothesis)
            continue
        if hypothesis.rest and not verdict.failing:
            # Others of its behaviour satisfy the targets, too; what tells them apart are the other tests.
            alike += others(hypothesis, inner.texts)
        if said.passed:
            survivors.append(_attempt(x, y, hypothesis, verdict, rank(hypothesis, z), said.gain))
        elif said.gain > 0:
            nearer.append(Nearer(hypothesis, verdict, rank(hypothesis, z), said.gain))
        signatures[said.signature] = None
        processes += verdict.tier is not Tier.SCREEN
        count, total = evidence.get(hypothesis.place, (0, 0.0))
        evidence[hypothesis.place] = (count + 1, total + said.evidence)
        if processes >= PROCESSES:
            break  # what is left of the batch waits for what these have taught
    partial = _promising(x, y, z, nearer)
    known = {*cut, *(h for h in tried if any(a.commit.edits == h.edits for a in survivors))}
    kept = tuple(key(y.digest, h.edits) for h in tried if h not in known)
    return z.model_copy(
        update={
            "evidence": evidence,
            "ruled_out": (*z.ruled_out, *kept)[-RULED_OUT_KEPT:],
            "survivors": _best([*z.survivors, *survivors]),
            "partial": _most_promising([*z.partial, *partial], z),
            "visited": _counted(z.visited, y.digest, len(tried)),
            "errors": tuple(signatures)[:ERRORS_KEPT],
            "tried": z.tried + len(tried),
            "judged": Counter(z.judged) + Counter(h.family for h in tried),
            "memory": inner._replace(queue=inner.queue.after(tried, cut).beside(alike)),
        }
    ).think(_tried(tried, survivors, partial))


def confirmed(x: X, variant: Variant, verdict: Verdict, standing: Verdict) -> Verdict:
    """The verdict on a promising variant by a process of its own, and by the whole suite if it passes."""
    fewer = len(verdict.failing) < len(standing.failing)
    if verdict.tier is Tier.SCREEN and fewer and not verdict.regressions:
        (verdict,) = x.judge([variant], Tier.CONFIRM)
    if verdict.passed:
        (verdict,) = x.judge([variant], Tier.SUITE)
    return verdict


def settle(x: X, y: Candidate, z: Reasoning) -> Reasoning:
    """Confirm the partial fix that would be built on next: a screen may not have run the tests that it breaks."""
    for _ in range(PARTIAL_CONFIRMED):
        step = _next_step(y, z)
        if step is None or not step.verdict.provisional:
            break
        (verdict,) = x.judge([Variant(step.texts)], Tier.CONFIRM)
        others = [attempt for attempt in z.partial if attempt.key != step.key]
        if verdict.score >= step.verdict.score:
            others.append(step.model_copy(update={"verdict": verdict}))
        z = z.model_copy(update={"partial": _most_promising(others, z)})
    return z


def _promising(x: X, y: Candidate, z: Reasoning, nearer: Sequence[Nearer]) -> list[Attempt]:
    """Those of the edits that bring the tests nearer which z would remember, the most promising first."""
    full = len(z.partial) == PARTIAL_KEPT and z.partial[-1].key not in z.visited
    least = promise(z.partial[-1]) if full else 0.0
    order = sorted(nearer, key=lambda n: -n.likely * n.gain)[:PARTIAL_KEPT]
    return [
        _attempt(x, y, hypothesis, verdict, likely, gain)
        for hypothesis, verdict, likely, gain in order
        if likely * gain > least
    ]


def _tried(tried: Sequence[Hypothesis], survivors: Sequence[Attempt], partial: Sequence[Attempt]) -> str:
    kinds = ", ".join(dict.fromkeys(h.family for h in tried))
    where = ", ".join(dict.fromkeys(f"{h.edits[0].path}:{h.line}" for h in tried))
    tests = f"Tried {len(tried)} edits ({kinds}) at {where}"
    if survivors:
        return f"{tests}: {survivors[0].commit.reason} passes everything it was shown."
    if partial:
        return f"{tests}: {partial[0].commit.reason} leaves {len(partial[0].verdict.failing)} failing."
    return f"{tests}: none passes."


def _attempt(x: X, y: Candidate, hypothesis: Hypothesis, verdict: Verdict, likely: float, gain: float) -> Attempt:
    paths = {*y.touched, *(edit.path for edit in hypothesis.edits)}
    before = {path: y.texts[path] if path in y.texts else x.texts[path].text for path in paths}
    where = f"{hypothesis.edits[0].path}:{hypothesis.line}"
    return Attempt(
        commit=Commit(
            family=hypothesis.family,
            edits=hypothesis.edits,
            reason=f"{hypothesis.what} at {where} ({REASONS[hypothesis.family]})",
            place=hypothesis.place,
            prior=hypothesis.prior,
        ),
        parent=y.digest,
        base={path: x.texts[path].text for path in paths},
        texts=apply_all(before, hypothesis.edits),
        verdict=verdict,
        rank=likely,
        gain=gain,
        before=y.commits,
    )


def shrink(x: X, z: Reasoning) -> Reasoning | None:
    """Try the best survivor without each of its hunks; None when it has one alone or was tried before."""
    best = z.survivors[0]
    changes = [hunk for path in sorted(best.texts) for hunk in hunks(path, best.base[path], best.texts[path])]
    if len(changes) < 2 or f"shrunk {best.key}" in z.hypotheses:
        return None
    z = z.model_copy(update={"hypotheses": (*z.hypotheses, f"shrunk {best.key}")[-ATTEMPTS_KEPT:]})
    for left_out in changes:
        rest = [hunk for hunk in changes if hunk is not left_out]
        edits = tuple(Edit(hunk.path, hunk.start, hunk.end, hunk.after) for hunk in rest)
        texts = apply_all(best.base, edits)
        (verdict,) = x.judge([Variant(texts)], Tier.CONFIRM)
        if confirmed(x, Variant(texts), verdict, verdict).passed:
            shown = (f"`{h.before.strip()}` → `{h.after.strip()}` at {h.path}:{h.first_line}" for h in rest)
            commit = best.commit.model_copy(update={"edits": edits, "reason": "; ".join(shown)})
            update = {"commit": commit, "parent": Candidate().digest, "texts": texts, "verdict": verdict}
            smaller = best.model_copy(update=update)
            return z.model_copy(update={"survivors": (smaller, *z.survivors[1:])}).think(
                f"The change at {left_out.path}:{left_out.first_line} is not needed: left out."
            )
    return z.think("Every part of the answer is needed: without any one of them a test fails.")


# --- y: one decision, from y and z alone --------------------------------------------------------


def answer(y: Candidate, z: Reasoning) -> Candidate:
    """One y-update: commit a survivor, build on a partial fix, take one back, or keep y."""
    if z.survivors:
        best = z.survivors[0]
        return y if best.key == y.digest else _committed(best)
    if f"y {y.digest}" in z.ruled_out:
        return _retracted(y)
    step = _next_step(y, z)
    if step is not None and not step.verdict.provisional:
        return _committed(step)
    return _retracted(y) if y.commits and _left(y, z) == 0.0 else y


def _next_step(y: Candidate, z: Reasoning) -> Attempt | None:
    """The partial fix to build on, when that promises more than any edit that is left on y; None as a rule."""
    step = next((attempt for attempt in z.partial if attempt.key not in z.visited), None)
    if step is None or z.survivors:
        return None
    left = _left(y, z)
    tried_enough = not y.commits or z.visited.get(y.digest, 0) >= LEAST_TRIED or left == 0.0
    return step if tried_enough and promise(step) >= left else None


def promise(attempt: Attempt) -> float:
    """How much building on a partial fix promises, beside the rank of an edit that may be all."""
    return attempt.rank * attempt.gain


def _left(y: Candidate, z: Reasoning) -> float:
    """The rank of the likeliest edit left to try on y; 0 when none is."""
    inner = z.memory
    if not isinstance(inner, Inner) or inner.y != y.digest:
        return 0.0 if z.exhausted else 1.0
    return max((rank(h, z) for h in inner.queue.likeliest(z, 1, max(2, z.bound)) if not h.cut), default=0.0)


def _committed(attempt: Attempt) -> Candidate:
    """The y that an attempt was made on, with the attempt's commit."""
    return Candidate(
        base=attempt.base,
        texts=attempt.texts,
        commits=(*attempt.before, attempt.commit),
        confidence=attempt.rank,
    )


def _retracted(y: Candidate) -> Candidate:
    """Y without its last commit."""
    texts = dict(y.base)
    for commit in y.commits[:-1]:
        texts = apply_all(texts, commit.edits)
    return Candidate(base=y.base, texts=texts, commits=y.commits[:-1])


# --- small parts --------------------------------------------------------------------------------


def _failing(verdict: Verdict) -> list[TestResult]:
    results = verdict.by_id
    return [results[test] for test in verdict.failing if test in results]


def _standing(x: X, y: Candidate, z: Reasoning) -> Verdict:
    """What the tests said about y: at the last step's end, or when it was tried."""
    if not y.touched:
        return x.baseline
    tried = (a.verdict for a in (*z.partial, *z.survivors) if a.key == y.digest)
    return y.verdict or next(tried, x.baseline)


def _best(attempts: Sequence[Attempt]) -> tuple[Attempt, ...]:
    unique = {attempt.key: attempt for attempt in attempts}
    return tuple(sorted(unique.values(), key=_likelihood, reverse=True)[:ATTEMPTS_KEPT])


def _likelihood(attempt: Attempt) -> tuple[tuple[int, int], float, float]:
    """Sorts survivors, the likeliest greatest: by what kind of edits they are made of, before where these are.

    Where failing and passing tests go says where to look. Once all of them
    pass, that has been explained, and says nothing for one survivor against another.
    """
    priors = (commit.prior for commit in (*attempt.before, attempt.commit))
    return attempt.verdict.score, math.prod(priors), attempt.rank


def _most_promising(attempts: Sequence[Attempt], z: Reasoning) -> tuple[Attempt, ...]:
    """Partial fixes worth building on, best first; those that were built on already come last."""
    unique = {attempt.key: attempt for attempt in attempts if len(attempt.before) < DEEPEST - 1}
    order = sorted(unique.values(), key=lambda a: (a.key in z.visited, -promise(a)))
    return tuple(order[:PARTIAL_KEPT])


def _counted(visited: Mapping[str, int], digest: str, count: int) -> dict[str, int]:
    kept = dict(list(visited.items())[-VISITED_KEPT:])
    return {**kept, digest: kept.pop(digest, 0) + count}
