"""What a failing baseline says of the place it ran in, rather than of the code."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from trm_lsp.core.verdict import TestResult
from trm_lsp.judging.runner import SandboxReport
from trm_lsp.settings import SandboxSettings

_VARIABLE = re.compile(r"(?:KeyError: '|environment variable \W?)([A-Z][A-Z0-9_]+)\b")
_NETWORK = re.compile(r"Network is unreachable|name resolution|Name or service not known|nodename nor servname")
_REFUSED = re.compile(r"PermissionError: \[Errno 1\] Operation not permitted")
_READ_ONLY = re.compile(r"\[Errno 30\] Read-only file system(?:: ('[^']*'))?")
_SPACE = re.compile(r"\[Errno 28\] No space left on device|\[Errno 27\] File too large")


def hints(failing: Iterable[TestResult], environ: Mapping[str, str], settings: SandboxSettings) -> Iterator[str]:
    """Sentences that say which setting lets a failing test have what it lacks, each once."""
    said: set[str] = set()
    for result in failing:
        text = f"{result.signature}\n{result.message}"
        for sentence in _found(result.id, text, environ, settings):
            reason = sentence.removeprefix(result.id)
            if reason not in said:
                said.add(reason)
                yield sentence


def _found(test: str, text: str, environ: Mapping[str, str], settings: SandboxSettings) -> Iterator[str]:
    for name in dict.fromkeys(_VARIABLE.findall(text)):
        if name in environ:
            yield f"{test} asks for {name}, which tests do not see: add it to trm.test.env if it may be used."
    if not settings.network and (found := _NETWORK.search(text)):
        yield f"{test} fails with “{found[0]}”: tests have no network but loopback; trm.sandbox.network allows it."
    elif not settings.network and "socket" in text and _REFUSED.search(text):
        yield f"{test} was refused a socket, 127.0.0.1 included where Landlock is all: trm.sandbox.network allows it."
    if found := _READ_ONLY.search(text):
        yield (
            f"{test} writes outside the workspace{f' ({found[1]})' if found[1] else ''}: tests may write there and in "
            "their temporary folder alone, unless trm.sandbox.level is `none`."
        )
    if _SPACE.search(text):
        yield f"{test} writes more than {settings.file} MB: trm.sandbox.file allows more."
    if "MemoryError" in text:
        yield f"{test} needs more than {settings.memory} MB of memory: trm.sandbox.memory allows more."


def told(report: SandboxReport) -> str:
    """What is to be said about a sandbox that is not the strongest; empty for one that is."""
    if report.level == "namespaces":
        return f"The sandbox of the tests lacks something: {'; '.join(report.missing)}." if report.missing else ""
    why = "; ".join(report.missing)
    if report.level == "landlock":
        return f"Tests run on a copy, held back by Landlock, which is less than namespaces ({why})."
    return f"Tests run on a copy and with the rights of the user: nothing here can hold them back ({why})."
