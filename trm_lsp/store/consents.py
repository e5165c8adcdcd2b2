"""What the user has said yes to, one small file each in their own state folder.

Never in the workspace: a cloned repository must not bring the consent to run it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile

from platformdirs import user_state_path
from pydantic import ValidationError

from trm_lsp.core.consent import Ask, Question
from trm_lsp.store.errors import StoreError


class Consents:
    """The yeses of all roots. `state` stands for the user's state folder of trm-lsp.

    Any number of processes may use it at once: a file is written whole, or not at all.
    """

    def __init__(self, state: Path | None = None) -> None:
        self._folder = (state or user_state_path("trm-lsp", appauthor=False)) / "consents"

    def given(self, question: Question) -> bool:
        """Whether the user has said yes to exactly this. A file that does not read as that yes is none."""
        try:
            said = _read(self._folder_of(question.root) / _name(question))
        except StoreError:
            return False
        return said is not None and said.key == question.key

    def give(self, question: Question) -> None:
        """Remember a yes. Raises `StoreError`."""
        folder = self._folder_of(question.root)
        with _told(folder):
            _make(folder)
            beside = folder / f"{_name(question)}.{os.getpid()}"
            try:
                beside.write_text(question.model_dump_json(indent=2), encoding="utf-8")
                os.replace(beside, folder / _name(question))
            finally:
                beside.unlink(missing_ok=True)

    def of(self, root: Path) -> list[Question]:
        """What the user has said yes to in a root. Raises `StoreError`."""
        said = [_read(file) for file in sorted(self._folder_of(str(root)).glob("*.json"))]
        return [question for question in said if question is not None]

    def forget(self, root: Path) -> int:
        """Forget every yes of a root; the number of them. Raises `StoreError`."""
        folder = self._folder_of(str(root))
        with _told(folder):
            files = list(folder.glob("*.json"))
            for file in files:
                file.unlink(missing_ok=True)
        return len(files)

    def asking_once(self, ask: Ask) -> Ask:
        """`ask`, but only for what was not said yes to before; a yes is remembered."""

        def asked(question: Question) -> bool:
            if self.given(question):
                return True
            trouble = self._trouble(question)
            if trouble:
                question = question.model_copy(update={"details": (*question.details, trouble)})
            yes = ask(question)
            if yes and not trouble:
                with suppress(StoreError):  # the disk filled up just now: the user is asked again
                    self.give(question)
            return yes

        return asked

    def _trouble(self, question: Question) -> str:
        """Why a yes cannot be remembered, in one sentence; empty when it can."""
        try:
            folder = self._folder_of(question.root)
            with _told(folder):
                _make(folder)
                with TemporaryFile(dir=folder):
                    pass
        except StoreError as error:
            return str(error)
        return ""

    def _folder_of(self, root: str) -> Path:
        """Where the yeses of a root lie. Raises `StoreError` when that is inside the root."""
        resolved = Path(root).resolve()
        if self._folder.resolve().is_relative_to(resolved):
            raise StoreError(f"Answers are not remembered, because {self._folder} lies in the workspace.")
        return self._folder / hashlib.sha256(os.fsencode(resolved)).hexdigest()


def _name(question: Question) -> str:
    return f"{question.key}.json"


def _make(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def _read(file: Path) -> Question | None:
    try:
        return Question.model_validate_json(file.read_bytes())
    except (OSError, ValidationError):
        return None


@contextmanager
def _told(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"Answers are not remembered, because {folder} cannot be written ({error.strerror or error})."
        ) from error
