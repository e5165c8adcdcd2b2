"""Every typed edit at every suspicious place, as plain tuples, made when it comes up and ranked."""

from __future__ import annotations

import ast
import hashlib
import heapq
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from trm_lsp.core.state import Edit, Reasoning
from trm_lsp.core.verdict import Verdict
from trm_lsp.nets.repair.families import FAMILIES, Change, Family, Hints, Kinds, Site
from trm_lsp.nets.repair.families.syntax import SYNTAX, Syntax, repairs
from trm_lsp.nets.repair.source import Broken, Source

SLOW_SHARE = 1e-6
"""What is left of the rank of a hypothesis each time it is cut short: it comes after every other."""
EVIDENCE_BEGINS_AS = 4
"""How many judged candidates the first belief about a place weighs."""
LARGEST_COST = 3
UNREAD = 4.0
"""How many times as likely a change is when it reads a variable that nothing reads."""
_NAMES = re.compile(r"[^\W\d]\w*")
APART_KNOWN = 4
"""After so many candidates of a function that no screen could judge, the others are taken for the same."""
APART_SHARE = 1 / 64
"""So much of what is asked for may lie outside functions, at least: a screen cannot judge it, so each takes a process
of its own, as dear as a hundred others where the tests take no time."""
APART_TIME, PROCESS_SECONDS = 1 / 4, 0.06
"""How much time these may take beside the others, and what each takes beside the tests."""


class Hypothesis(NamedTuple):
    """A plain tuple: one edit, what it does, where, how likely before and after experiments."""

    edits: tuple[Edit, ...]
    family: str
    what: str
    place: str
    line: int
    cost: int
    prior: float
    """The family's prior times the change's own weight."""
    cut: int = 0
    """How often a screen has cut it short: then it is tried when nothing else is left, and for longer."""
    rest: tuple[str, ...] = ()
    """Texts that do the same in the failing tests (see synthesis.py)."""
    parts: tuple[Hypothesis, ...] = ()
    """What it is made of, if of others (see pairs.py)."""


def key(y_digest: str, edits: Iterable[Edit]) -> str:
    """Names an edit of one y, for the ruled-out list."""
    text = "\0".join(f"{e.path}\0{e.start}\0{e.end}\0{e.text}" for e in edits)
    return hashlib.blake2b(f"{y_digest}\0{text}".encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()


def parse_all(texts: Mapping[str, str]) -> list[Source]:
    """The files, those that do not parse as broken ones; what is no text for a parser at all is left out."""
    sources: list[Source] = []
    for path, text in texts.items():
        try:
            sources.append(Source(path, text))
        except SyntaxError as error:
            sources.append(Broken(path, text, error))
        except ValueError:
            continue
    return sources


# --- how likely ---------------------------------------------------------------------------------


def rank(hypothesis: Hypothesis, z: Reasoning) -> float:
    """How likely a hypothesis is, by its family and by what experiments taught about its place."""
    weight = z.families.get(hypothesis.family, 1.0)
    return hypothesis.prior * weight * belief(hypothesis.place, z) * SLOW_SHARE**hypothesis.cut


def belief(place: str, z: Reasoning) -> float:
    """How suspect a place is, by localisation and by the experiments there."""
    count, total = z.evidence.get(place, (0, 0.0))
    # Evidence is an average that begins at 1: many refused edits at a place do not bury the right one.
    taught = (EVIDENCE_BEGINS_AS + total) / (EVIDENCE_BEGINS_AS + count)
    return z.suspicion.get(place, 0.0) * taught


def function_of(place: str) -> str:
    """The file and the function of a place."""
    return place.partition(": ")[0]


def apart(place: str, z: Reasoning) -> bool:
    """Whether candidates at a place take processes of their own, as those before them in the same function did."""
    alone, screened = z.apart.get(function_of(place), (0, 0))
    return alone >= APART_KNOWN and alone > screened


def apart_share(standing: Verdict) -> float:
    """The share of candidates that may take a process of their own: more where slow tests make the others dear, too."""
    failing = set(standing.failing)
    seconds = sum(result.seconds for result in standing.results if result.id in failing)
    screened = APART_TIME * seconds
    return max(APART_SHARE, screened / (screened + seconds + PROCESS_SECONDS))


def ranked(queue: Iterable[Hypothesis], z: Reasoning) -> tuple[Hypothesis, ...]:
    """The queue, likeliest first; equal ranks in source order, so that a run can be repeated."""
    return tuple(sorted(queue, key=lambda h: (-rank(h, z), h.edits)))


# --- what is worth trying -----------------------------------------------------------------------


class Queue:
    """What has not been tried yet: drawn likeliest first, made no sooner than it comes up.

    A value: `after` gives a new queue and leaves this one as it is. At one place
    the order is always the same, so it is made once and shared; what experiments
    teach changes only how much a whole place counts.
    """

    def __init__(self, streams: Mapping[At, Stream], made: Made) -> None:
        self._streams = streams
        self._made = made
        self._taken: dict[At, int] = {}
        """How far each stream has been tried."""
        self._others: tuple[Hypothesis, ...] = ()
        """What no stream gives: what was synthesised, and what a screen has cut short."""

    def __eq__(self, other: object) -> bool:
        """Queues over the same places are equal when the same has been taken from them."""
        if not isinstance(other, Queue):
            return NotImplemented
        mine = list(self._streams), self._taken, self._others
        theirs = list(other._streams), other._taken, other._others
        return mine == theirs

    __hash__ = None  # type: ignore[assignment]

    def __bool__(self) -> bool:
        return bool(self._others) or next(iter(self), None) is not None

    def __iter__(self) -> Iterator[Hypothesis]:
        """All of them, place by place: this makes every one."""
        seen: set[Essence] = set()
        for at, stream in self._streams.items():
            position = self._taken.get(at, 0)
            while (hypothesis := stream.at(position)) is not None:
                essence = stream.essence(position)
                if essence not in seen and not self._tried(essence):
                    seen.add(essence)
                    yield hypothesis
                position += 1
        yield from self._others

    def tried(self) -> Iterator[Hypothesis]:
        """What was taken from the queue, place by place; without what a screen has cut short."""
        again = {hypothesis.edits for hypothesis in self._others}
        for at, count in self._taken.items():
            for position in range(count):
                hypothesis = self._streams[at].at(position)
                if hypothesis is not None and hypothesis.edits not in again:
                    yield hypothesis

    def _tried(self, essence: Essence) -> bool:
        """Whether an edit has been taken already, at whatever place."""
        return any(position < self._taken.get(at, 0) for at, position in self._made[essence].items())

    def likeliest(
        self, z: Reasoning, count: int, bound: int = LARGEST_COST, share: float = APART_SHARE
    ) -> tuple[Hypothesis, ...]:
        """The first `count` of `ranked`, of those that cost no more than `bound`.

        Of what takes a process of its own (what lies outside functions, and in functions that z knows for it)
        only a few are among them, the likeliest, while there is anything else: one, or that `share`, none for 0.
        """
        beliefs = {at.place: belief(at.place, z) for at in self._streams}
        heads: list[tuple[float, tuple[Edit, ...], At, int]] = []
        for at, stream in self._streams.items():
            if at.cost <= bound and beliefs[at.place] > 0:
                # Until it is needed, an upper bound of its rank stands for what is not made yet.
                likely = stream.ceiling(self._taken.get(at, 0)) * beliefs[at.place]
                heads.append((-likely, (), at, -1))
        heapq.heapify(heads)
        drawn: dict[Essence, Hypothesis] = {}
        dear = {at for at, stream in self._streams.items() if stream.apart or apart(at.place, z)}
        few = max(1, int(count * share)) if share else 0
        waiting: list[tuple[float, tuple[Edit, ...], At, int]] = []
        while len(drawn) < count:
            if not heads:
                heads, waiting, few = waiting, [], count
                if not heads:
                    break
            head = heapq.heappop(heads)
            _, _, at, position = head
            stream = self._streams[at]
            if at in dear and not few:
                waiting.append(head)
                continue
            hypothesis = stream.at(position) if position >= 0 else None
            if hypothesis is None:
                position = self._taken.get(at, 0)
            else:
                essence = stream.essence(position)
                if essence not in drawn and not self._tried(essence):
                    drawn[essence] = hypothesis
                    few -= at in dear
                position += 1
            following = stream.at(position)
            if following is not None:
                likely = stream.value(following) * beliefs[at.place]
                heapq.heappush(heads, (-likely, following.edits, at, position))
        within = [h for h in self._others if h.cost <= bound]
        return ranked([*drawn.values(), *within], z)[:count] if within else tuple(drawn.values())

    def _at(self, hypothesis: Hypothesis) -> At:
        """The stream that gave a hypothesis."""
        listed = At(hypothesis.place, hypothesis.cost, hypothesis.family)
        return listed if listed in self._streams else At(hypothesis.place, hypothesis.cost)

    def joined(self, hypotheses: Iterable[Hypothesis], texts: Mapping[str, str], weights: Mapping[str, float]) -> Queue:
        """The queue with many more hypotheses of one family, made already. `texts`: what their edits change."""
        by_place: dict[At, list[Hypothesis]] = {}
        for hypothesis in hypotheses:
            at = At(hypothesis.place, hypothesis.cost, hypothesis.family)
            by_place.setdefault(at, []).append(hypothesis)
        more = self.after(())
        listed = {at: ListedStream(at, found, texts, weights, self._made) for at, found in by_place.items()}
        more._streams = {**self._streams, **listed}
        return more

    def beside(self, hypotheses: Iterable[Hypothesis]) -> Queue:
        """The queue with more hypotheses; those that were tried, or are in it, are left out."""
        more = self.after(())
        known = {hypothesis.edits for hypothesis in self._others}
        fresh = {h.edits: h for h in hypotheses if h.edits not in known}
        more._others = (*self._others, *fresh.values())
        return more

    def after(self, batch: Iterable[Hypothesis], cut: Iterable[Hypothesis] = ()) -> Queue:
        """The queue without a batch that `likeliest` gave; those that were cut short come back, last."""
        gone, others = set(batch), set(self._others)
        left = Queue(self._streams, self._made)
        left._taken = dict(self._taken)
        for hypothesis in gone:
            if hypothesis not in others:
                at = self._at(hypothesis)
                left._taken[at] = max(left._taken.get(at, 0), self._streams[at].position(hypothesis) + 1)
        again = (hypothesis._replace(cut=hypothesis.cut + 1) for hypothesis in cut)
        left._others = (*(h for h in self._others if h not in gone), *again)
        return left


class At(NamedTuple):
    """A place, and what edits there cost."""

    place: str
    cost: int
    made: str = ""
    """How they were made; empty where the families did."""


class Essence(NamedTuple):
    """The smallest replacement that has the effect of an edit: edits with the same essence give the same text."""

    path: str
    start: int
    end: int
    text: str


Made = dict[Essence, dict[At, int]]
"""At which places an edit is proposed, and at which position of the order there."""


class Offered(NamedTuple):
    """A change that a family has proposed: it becomes a hypothesis when its turn comes, which is seldom."""

    site: Site
    family: Family
    change: Change
    prior: float

    @property
    def text(self) -> str:
        return self.site.source.text

    def at(self, at: At) -> Hypothesis:
        change, line = self.change, _line(self.site, self.change)
        return Hypothesis(change.edits, self.family.name, change.what, at.place, line, at.cost, self.prior)


class Listed(NamedTuple):
    """A hypothesis that was made already, and what its edits change."""

    text: str
    hypothesis: Hypothesis

    def at(self, _at: At) -> Hypothesis:
        return self.hypothesis


class Stream:
    """The hypotheses of one cost at one place, in the order of their priors, made family by family."""

    def __init__(
        self,
        at: At,
        offers: Iterable[Offer],
        weights: Mapping[str, float],
        made: Made,
        ruled_out: Callable[[tuple[Edit, ...]], bool] | None,
        *,
        apart: bool = False,
    ) -> None:
        self.apart = apart
        """Whether they are outside functions."""
        self._at = at
        self._weights = weights
        # A family that cannot beat what is made stays closed; the likeliest is opened first.
        self._closed = sorted(offers, key=lambda offer: self._most(offer.family))
        self._open: list[tuple[float, tuple[Edit, ...], int, Offered | Listed]] = []
        self._order: list[tuple[Hypothesis, Essence]] = []
        self._positions: dict[tuple[Edit, ...], int] = {}
        self._known: set[Essence] = set()
        self._made = made
        self._ruled_out = ruled_out

    def _most(self, family: Family) -> float:
        """No hypothesis of a family has a larger value."""
        return family.prior * self._weights.get(family.name, 1.0)

    def value(self, hypothesis: Hypothesis) -> float:
        """Its prior and its family's weight: what is left of its rank at one and the same place."""
        return hypothesis.prior * self._weights.get(hypothesis.family, 1.0)

    def ceiling(self, position: int) -> float:
        """No hypothesis from `position` on has a larger value."""
        if position < len(self._order):
            return self.value(self._order[position][0])
        closed = self._most(self._closed[-1].family) if self._closed else 0.0
        return max(closed, -self._open[0][0] if self._open else 0.0)

    def at(self, position: int) -> Hypothesis | None:
        """The hypothesis at a position of the order, None behind the last."""
        while len(self._order) <= position:
            while self._closed and (not self._open or self._most(self._closed[-1].family) >= -self._open[0][0]):
                self._make(self._closed.pop())
            if not self._open:
                return None
            *_, opened = heapq.heappop(self._open)
            hypothesis = opened.at(self._at)
            essence = essence_of(opened.text, hypothesis.edits)
            if essence is None or essence in self._known:
                continue
            self._known.add(essence)
            if self._ruled_out is None or not self._ruled_out(hypothesis.edits):
                self._made.setdefault(essence, {})[self._at] = self._positions[hypothesis.edits] = len(self._order)
                self._order.append((hypothesis, essence))
        return self._order[position][0]

    def essence(self, position: int) -> Essence:
        """What the hypothesis at a position comes to; it must have been made."""
        return self._order[position][1]

    def position(self, hypothesis: Hypothesis) -> int:
        """Where a hypothesis stands that `at` has given."""
        return self._positions[hypothesis.edits]

    def _make(self, offer: Offer) -> None:
        family = offer.family
        weight = self._weights.get(family.name, 1.0)
        for site, change in offer.changes():
            prior = family.prior * min(1.0, change.weight * _pertinence(site, change))
            offered = Offered(site, family, change, prior)
            heapq.heappush(self._open, (-prior * weight, change.edits, len(self._open), offered))


class ListedStream(Stream):
    """A stream whose hypotheses are known from the start."""

    def __init__(
        self,
        at: At,
        hypotheses: Iterable[Hypothesis],
        texts: Mapping[str, str],
        weights: Mapping[str, float],
        made: Made,
    ) -> None:
        super().__init__(at, (), weights, made, None)
        for number, hypothesis in enumerate(hypotheses):
            listed = Listed(texts[hypothesis.edits[0].path], hypothesis)
            heapq.heappush(self._open, (-self.value(hypothesis), hypothesis.edits, number, listed))


def _pertinence(site: Site, change: Change) -> float:
    """How many times as likely a change is because it reads a variable that nothing else reads."""
    unread = site.unread
    if unread and any(name in unread for edit in change.edits for name in _NAMES.findall(edit.text)):
        return UNREAD
    return 1.0


def _line(site: Site, change: Change) -> int:
    """The line that a change is about: what is added after a statement belongs to it."""
    return min(site.source.index.line(change.edits[0].start), site.last_line)


class Offer(NamedTuple):
    """A family and the sites of one place where it has not been asked yet."""

    family: Family
    sites: tuple[Site, ...]

    def changes(self) -> Iterator[tuple[Site, Change]]:
        for site in self.sites:
            for change in changes(self.family, site):
                yield site, change


def changes(family: Family, site: Site) -> Iterator[Change]:
    """Every change of one family at a statement."""
    if isinstance(site.source, Broken):
        if isinstance(family, Syntax):
            yield from repairs(site.source)
        return
    yield from family.at_statement(site)
    for node in site.expressions:
        quote = site.quote(node)
        for change in family.at_expression(site, node):
            # Before 3.12 an f-string's own quotes and backslashes may not stand inside its braces.
            if quote is None or not any(quote in edit.text or "\\" in edit.text for edit in change.edits):
                yield change


def essence_of(text: str, edits: Sequence[Edit]) -> Essence | None:
    """The essence of edits of one file; None when nothing changes."""
    if len(edits) == 1:
        path, start, end, new = edits[0]
    else:
        ordered = sorted(edits, key=lambda edit: edit.start)
        path, start, end = ordered[0].path, ordered[0].start, ordered[-1].end
        parts, position = [], start
        for edit in ordered:
            parts += [text[position : edit.start], edit.text]
            position = edit.end
        new = "".join(parts)
    same = 0
    shorter = min(end - start, len(new))
    while same < shorter and text[start + same] == new[same]:
        same += 1
    start, new, shorter = start + same, new[same:], shorter - same
    same = 0
    while same < shorter and text[end - 1 - same] == new[-1 - same]:
        same += 1
    end, new = end - same, new[: len(new) - same]
    if start == end:
        if not new:
            return None
        # The same insertion can be written at several offsets: the last one stands for all.
        while start < len(text) and text[start] == new[0]:
            start, end, new = start + 1, end + 1, new[1:] + new[0]
    elif not new:
        while end < len(text) and text[start] == text[end]:
            start, end = start + 1, end + 1
    return Essence(path, start, end, new)


def everything(
    sources: Iterable[Source],
    suspicion: Mapping[str, float],
    hints: Hints,
    *,
    kinds: Mapping[str, Kinds] | None = None,
    weights: Mapping[str, float] | None = None,
    ruled_out: Callable[[tuple[Edit, ...]], bool] | None = None,
) -> Queue:
    """All single edits at suspicious places, each resulting edit once, where and how it is likeliest.

    `kinds` has the types seen at run time, by file and by span. `weights` are
    those of the families, and `ruled_out` says which edits need no trial.
    """
    places: dict[str, list[Site]] = {}
    for source in sources:
        seen = (kinds or {}).get(source.path)
        for statement in source.statements:
            place = source.place(statement)
            if place in suspicion:
                places.setdefault(place, []).append(Site(source, statement, hints, seen))
    streams: dict[At, Stream] = {}
    made: Made = {}
    for place, sites in places.items():
        families = (SYNTAX,) if isinstance(sites[0].source, Broken) else FAMILIES
        for cost in range(1, LARGEST_COST + 1):
            offers = [Offer(family, tuple(sites)) for family in families if family.cost == cost]
            if offers:
                at = At(place, cost)
                streams[at] = Stream(at, offers, weights or {}, made, ruled_out, apart=_is_apart(sites[0]))
    return Queue(streams, made)


def _is_apart(site: Site) -> bool:
    """Whether a statement runs when modules are imported; the head of a function does, but is part of it."""
    node = site.statement.node
    head = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.decorator_list
    return site.statement.function is None and not head


def enumerate_all(
    sources: Iterable[Source],
    suspicion: Mapping[str, float],
    hints: Hints,
    kinds: Mapping[str, Kinds] | None = None,
) -> tuple[Hypothesis, ...]:
    """All single edits at suspicious places at once, each resulting edit once."""
    return tuple(everything(sources, suspicion, hints, kinds=kinds))
