"""What a value may be, and how it is read from text."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

TRUE = frozenset({"1", "true", "yes", "on"})
FALSE = frozenset({"0", "false", "no", "off"})


class Field(ABC):
    """A value of a kind. Without a default it must be given."""

    def __init__(self, *, default: Any = None, required: bool | None = None, about: str = "") -> None:
        self.default = default
        self.required = default is None if required is None else required
        self.about = about

    @abstractmethod
    def convert(self, value: Any) -> Any:
        """The value in its own type. Raises ValueError with a reason for what does not fit."""

    def describe(self) -> str:
        """The kind in a word or two."""
        return type(self).__name__.lower()


class String(Field):
    """Text, of a least and a greatest length."""

    def __init__(self, *, least: int = 0, most: int | None = None, **more: Any) -> None:
        super().__init__(**more)
        self.least = least
        self.most = most

    def convert(self, value: Any) -> str:
        text = str(value)
        if len(text) < self.least:
            raise ValueError(f"needs {self.least} characters or more")
        if self.most is not None and len(text) > self.most:
            raise ValueError(f"needs {self.most} characters or fewer")
        return text


class Integer(Field):
    """A whole number between two bounds, both included."""

    def __init__(self, *, least: int | None = None, most: int | None = None, **more: Any) -> None:
        super().__init__(**more)
        self.least = least
        self.most = most

    def convert(self, value: Any) -> int:
        if isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
            raise ValueError(f"{value!r} is no whole number")
        try:
            number = int(value)
        except (TypeError, ValueError):
            raise ValueError(f"{value!r} is no whole number") from None
        if self.least is not None and number < self.least:
            raise ValueError(f"{number} is less than {self.least}")
        if self.most is not None and number > self.most:
            raise ValueError(f"{number} is more than {self.most}")
        return number


class Boolean(Field):
    """Yes or no, in one of the words for it."""

    def convert(self, value: Any) -> bool:
        if isinstance(value, bool):
            return value
        word = str(value).strip().lower()
        if word in TRUE:
            return True
        if word in FALSE:
            return False
        raise ValueError(f"{value!r} is neither yes nor no")


class Choice(Field):
    """One of several words, however capitalised."""

    def __init__(self, *words: str, **more: Any) -> None:
        super().__init__(**more)
        self.words = words

    def convert(self, value: Any) -> str:
        for word in self.words:
            if word.lower() == str(value).strip().lower():
                return word
        raise ValueError(f"{value!r} is none of {', '.join(self.words)}")

    def describe(self) -> str:
        return " | ".join(self.words)


class ListOf(Field):
    """Several values of a kind: a list, or text with commas or line ends between them."""

    def __init__(self, inner: Field, **more: Any) -> None:
        super().__init__(**more)
        self.inner = inner

    def convert(self, value: Any) -> list[Any]:
        if isinstance(value, str):
            parts: Sequence[Any] = [part.strip() for part in value.replace("\n", ",").split(",") if part.strip()]
        elif isinstance(value, list | tuple):
            parts = value
        else:
            raise ValueError(f"{value!r} is no list")
        return [self.inner.convert(part) for part in parts]

    def describe(self) -> str:
        return f"list of {self.inner.describe()}"
