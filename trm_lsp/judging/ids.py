"""Test ids, `path/to/test_x.py::TestY::test_z`, and what lies in what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


def below(test: str, path: str) -> bool:
    """Whether a test id lies in a folder, a file, a class or is the test itself."""
    path = path.rstrip("/")
    return path in {"", "."} or test == path or test.startswith((f"{path}/", f"{path}::", f"{path}["))


def meets(result: str, asked: str) -> bool:
    """Whether a result says something about what was asked: it lies in it, or stands for the file it is in."""
    return below(result, asked) or asked.startswith(f"{result}::")


def selects(paths: Iterable[str], test: str) -> bool:
    return any(below(test, path) for path in paths)


def is_doctest(test: str) -> bool:
    """Whether a test is one that stands in code: `pkg/module.py::pkg.module.function`."""
    file, _, name = test.partition("::")
    return file.rpartition("/")[2].removesuffix(".py") in name.split(".")


def paths_in(message: str) -> Iterator[str]:
    """Paths that a failure's text names (`File "x.py"`), as they may stand below the root."""
    for part in message.split('"'):
        if part.endswith(".py"):
            names = part.split("/")
            for first in range(part.startswith("/"), len(names)):
                yield "/".join(names[first:])
