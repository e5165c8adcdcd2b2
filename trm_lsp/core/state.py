"""x, y and z: everything the loop carries from step to step."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from pydantic import Field

from trm_lsp.core.behaviour import Doubts
from trm_lsp.core.verdict import Frozen, Verdict

# How much of each memory z keeps: newest last, oldest forgotten first.
THOUGHTS_KEPT = 200
ATTEMPTS_KEPT = 8
PARTIAL_KEPT = 24
VISITED_KEPT = 200
RULED_OUT_KEPT = 20_000
PLACES_KEPT = 400


class BaseText(Frozen):
    """The text of one file when the task was taken: x's ground truth."""

    path: str
    """Relative to the root, with forward slashes."""
    text: str
    """Decoded, without a byte order mark, line ends as they were."""
    version: int | None = None
    """The editor's document version; None when it was read from disk."""
    encoding: str = "utf-8"
    bom: bool = False

    @property
    def digest(self) -> str:
        """SHA-256 of the text, in hex."""
        return hashlib.sha256(self.text.encode("utf-8", "surrogatepass")).hexdigest()

    @property
    def data(self) -> bytes:
        """The bytes of the file, as an editor would save it.

        Raises UnicodeEncodeError when the text does not fit the encoding.
        """
        from_codec = self.text.encode(self.encoding)
        return b"\xef\xbb\xbf" + from_codec if self.bom else from_codec


class Focus(Frozen):
    """The lines the user pointed at, counted from 1, both ends included."""

    path: str
    first_line: int
    last_line: int
    name: str = ""


class Task(Frozen):
    """x as data: what is asked, of which texts, judged by which tests."""

    id: str
    root: str
    """Absolute path of the workspace root."""
    tests: tuple[str, ...] = ()
    """Test ids or files, as the user named them; empty: whatever fails."""
    focus: Focus | None = None
    instruction: str = ""
    buffers: tuple[BaseText, ...] = ()
    """Open buffers, unsaved text included. They win over the disk."""
    command: str = ""
    """The test command for this run alone; empty: the one from the settings."""


class Edit(NamedTuple):
    """Replace `path[start:end]` by `text`; offsets count code points."""

    path: str
    start: int
    end: int
    text: str


class Variant(NamedTuple):
    """One candidate inside an experiment: edits on the texts of y. Thousands are made."""

    texts: Mapping[str, str]
    """y's whole texts; a file that is not here is as the task found it."""
    edits: tuple[Edit, ...] = ()
    patience: int = 1
    """How many times as long as usual a screen lets it run, before it is cut short."""


class Commit(Frozen):
    """One decision that y is made of."""

    family: str
    """The kind of edit, for instance `compare` or `off-by-one`."""
    edits: tuple[Edit, ...]
    """On the texts as they were before this commit."""
    reason: str = ""
    place: str = ""
    prior: float = 0.0


class Validation(StrEnum):
    PENDING = "pending"
    PASSED = "passed"
    FAILED = "failed"


class Candidate(Frozen):
    """y: the answer so far. It starts as the unchanged text of the focus files."""

    base: Mapping[str, str] = Field(default_factory=dict)
    """The task's text of every file in `texts`."""
    texts: Mapping[str, str] = Field(default_factory=dict)
    """The whole text the commits give for each touched file."""
    commits: tuple[Commit, ...] = ()
    confidence: float = 0.0
    verdict: Verdict | None = None

    @property
    def touched(self) -> tuple[str, ...]:
        """Files whose text differs from the task's."""
        return tuple(path for path in sorted(self.texts) if self.texts[path] != self.base[path])

    @property
    def validation(self) -> Validation:
        if self.verdict is None:
            return Validation.PENDING
        return Validation.PASSED if self.verdict.passed else Validation.FAILED

    @property
    def digest(self) -> str:
        """Same digest, same answer: over the touched texts alone, not how they came about."""
        sha = hashlib.sha256()
        for path in self.touched:
            sha.update(f"{path}\0{self.texts[path]}\0".encode("utf-8", "surrogatepass"))
        return sha.hexdigest()[:16]

    @property
    def variant(self) -> Variant:
        return Variant({path: self.texts[path] for path in self.touched})


class Attempt(Frozen):
    """A candidate worth remembering: the commit that leads to it, and what the tests said."""

    commit: Commit
    parent: str
    """Digest of the y it was tried on."""
    base: Mapping[str, str]
    texts: Mapping[str, str]
    verdict: Verdict
    rank: float = 0.0
    """How likely it was before the tests spoke."""
    gain: float = 1.0
    """How much nearer to passing the tests are with it than on `parent`, 0 to 1."""
    fixed: float = 0.0
    """The share of the tests failing on `parent` that pass with it."""
    before: tuple[Commit, ...] = ()
    """The commits of `parent`."""

    @property
    def key(self) -> str:
        return Candidate(base=self.base, texts=self.texts).digest


class ToolCall(Frozen):
    tool: str
    question: str
    answer: str


class Reasoning(Frozen):
    """z: belief about x. Every part is bounded and survives a new y."""

    seed: int = 0
    suspicion: Mapping[str, float] = Field(default_factory=dict)
    """Place (path, function and statement) to how suspect it is, 0 to 1."""
    evidence: Mapping[str, tuple[int, float]] = Field(default_factory=dict)
    """Place to the number of candidates judged there, and the sum of what they said (see nets/repair)."""
    families: Mapping[str, float] = Field(default_factory=dict)
    """Kind of edit to its weight, 1 when nothing is known."""
    judged: Mapping[str, int] = Field(default_factory=dict)
    """Kind of edit to the number of candidates that have a verdict: what was cut short has none yet."""
    apart: Mapping[str, tuple[int, int]] = Field(default_factory=dict)
    """Function to how many candidates there took a process of their own, and how many a screen judged."""
    values: tuple[str, ...] = ()
    """Values seen in failing runs, shown as text."""
    ruled_out: tuple[str, ...] = ()
    """Digests of candidates the tests refused."""
    partial: tuple[Attempt, ...] = ()
    """Candidates that came nearer to passing and broke nothing, the most promising first."""
    visited: Mapping[str, int] = Field(default_factory=dict)
    """Digest of a y to how many edits on it were judged."""
    promised: Mapping[str, float] = Field(default_factory=dict)
    """Digest of a y that was built on to how much that promised, 0 to 1 (see nets/repair/partial.py)."""
    left: Mapping[str, float] = Field(default_factory=dict)
    """Digest of a y to what the likeliest edit left there promises."""
    observed: tuple[str, ...] = ()
    """Digests of each y whose values were looked at; a word before it says of what else (see nets/repair)."""
    passing: Mapping[str, int] = Field(default_factory=dict)
    """Place to the number of passing tests that reach it."""
    survivors: tuple[Attempt, ...] = ()
    """Candidates that pass everything they were shown, best first."""
    doubts: Doubts | None = None
    """What doubting the survivors has shown; None before."""
    hypotheses: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    """Normalised failure signatures met so far, the baseline's first."""
    trace: tuple[ToolCall, ...] = ()
    thoughts: tuple[str, ...] = ()
    """What was done and learned, in plain sentences, newest last."""
    beyond: tuple[str, ...] = ()
    """What the task seems to ask and the net cannot do, in sentences: for whoever gets no answer."""
    bound: int = 1
    """The edit cost bound: each supervision step may raise it."""
    localised: str = ""
    """Digest of the y that `suspicion` was measured on."""
    tried: int = 0
    """Candidates the tests judged."""
    exhausted: bool = False
    """Nothing is left to try below the bound."""
    memory: Any = Field(default=None, exclude=True, repr=False)
    """The net's inner carry: it does not survive a detach, and can be made again."""

    def think(self, *thoughts: str) -> Reasoning:
        """The same reasoning with new thoughts at its end."""
        kept = (*self.thoughts, *thoughts)[-THOUGHTS_KEPT:]
        return self.model_copy(update={"thoughts": kept})


def detach(y: Candidate, z: Reasoning) -> tuple[Candidate, Reasoning]:
    """Carry y and z into the next step as values: what does not fit the schema is gone."""
    return (
        Candidate.model_validate_json(y.model_dump_json()),
        Reasoning.model_validate_json(z.model_dump_json()),
    )
