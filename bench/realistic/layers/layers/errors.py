"""What can be wrong with a configuration."""

from __future__ import annotations

from collections.abc import Sequence


class ConfigError(Exception):
    """The base of every error of this package."""


class Missing(ConfigError, KeyError):
    """There is no value of this name."""

    def __str__(self) -> str:
        return f"no value for {self.args[0]}"


class BadSyntax(ConfigError, ValueError):
    """A line cannot be read."""

    def __init__(self, line: int, text: str) -> None:
        super().__init__(f"line {line}: {text}")
        self.line = line


class BadReference(ConfigError, ValueError):
    """A reference leads to nothing, or to itself."""


class Invalid(ConfigError, ValueError):
    """Values do not fit the schema: all the problems at once."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = list(problems)
