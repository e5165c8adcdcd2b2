"""What only the user may decide, asked before anything of theirs is run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from typing import Literal, TypeAlias

from trm_lsp.core.verdict import Frozen


class Question(Frozen):
    """Something to say yes or no to. A yes holds for its root until `exactly` changes."""

    kind: Literal["command", "unsandboxed"]
    root: str
    """Absolute path of the workspace root."""
    text: str
    """The question itself: `Run "make test" in /home/me/shop?`."""
    command: str
    """The test command, as the user would type it."""
    details: tuple[str, ...] = ()
    """What they should know to decide, a sentence each."""
    exactly: tuple[str, ...] = ()
    """What a yes covers, word for word."""

    @property
    def key(self) -> str:
        """Same key, same question: the kind and a digest of `exactly`, fit for the name of a file."""
        return f"{self.kind}-{hashlib.sha256(json.dumps(self.exactly).encode()).hexdigest()}"

    @property
    def refused(self) -> str:
        """One sentence for a run that ends because the answer was no."""
        what = {
            "command": f"The test command `{printable(self.command)}`",
            "unsandboxed": "Running the tests without a sandbox",
        }[self.kind]
        return (
            f"{what} was not confirmed, so nothing was run: confirm it when you are asked, or use "
            "`trm-lsp refine --yes`."
        )


Ask: TypeAlias = Callable[[Question], bool]
"""Puts a question to the user and waits; a run that is cancelled meanwhile gets a no."""


def refuse(_question: Question) -> bool:
    """The answer where nobody can be asked."""
    return False


def command_question(
    root: str,
    command: str,
    *,
    python: str = "",
    env: Sequence[str] = (),
    loosened: Sequence[str] = (),
    why: str = "",
    details: Sequence[str] = (),
    fingerprint: str = "",
) -> Question:
    """Whether a test command may be run.

    `python` is the interpreter where the command leaves it to us, `env` the
    variables it may see beyond the usual ones, `loosened` a sentence for each
    setting that lets it do more, `why` a clause that says how it was found,
    `details` are further sentences. `fingerprint` stands for what the command line does not show,
    such as the script behind `npm test`: another one is another question.
    """
    known = [f"It was chosen because {why}." if why else "", *details]
    known += [f"The interpreter is {python}." if python else ""]
    known += [f"It may see {', '.join(env)} of your environment." if env else ""]
    known += loosened
    known += ["It runs whenever you refine, and what it writes is thrown away; you are asked again when it changes."]
    return Question(
        kind="command",
        root=root,
        text=f'Run "{printable(command)}" in {printable(root)}?',
        command=command,
        details=tuple(printable(sentence) for sentence in known if sentence),
        exactly=(command, python, fingerprint, *env, *loosened),
    )


def unsandboxed_question(root: str, command: str, missing: Sequence[str]) -> Question:
    """Whether tests may run with nothing around them; `missing` says in sentences what is not held here."""
    return Question(
        kind="unsandboxed",
        root=root,
        text=f"Run the tests of {printable(root)} without a sandbox?",
        command=command,
        details=("They can do whatever you can on this machine.", *map(printable, missing)),
        exactly=tuple(missing),
    )


def printable(text: str) -> str:
    """The text with everything escaped that could hide a part of it: control characters, odd spaces, directions."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
