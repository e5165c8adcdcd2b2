"""Any command at all: the JUnit files it writes, else its exit code and the lines that tell of a failure."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from trm_lsp.core.verdict import TestResult
from trm_lsp.judging.commands import junit
from trm_lsp.judging.commands.line import shell
from trm_lsp.judging.commands.tool import Finished, honest

FOLDER = "junit"
FILES_KEPT = 200
"""Reports of one run that are read: some tools write one a class."""
DEEPEST = 8
"""Folders below the root in which reports are looked for."""
_NEVER = (".git", ".hg", ".svn", "node_modules", ".venv", "venv", ".tox", ".nox", "site-packages")


@dataclass(frozen=True)
class AnyCommand:
    """A command that we know nothing of."""

    shown: str
    kind: str = field(default="another command", init=False)

    def command(self, tests: Sequence[str], reports: Path, /) -> list[str] | None:
        return None if tests else shell(_collecting(self.shown, reports / FOLDER))

    def environment(self, _environ: Mapping[str, str], _cache: Path, /) -> dict[str, str]:
        return {}

    def results(self, run: Finished) -> tuple[TestResult, ...]:
        found: list[TestResult] = []
        for number in range(1, FILES_KEPT + 1):
            path = run.reports / FOLDER / f"{number}.xml"
            if not path.is_file():  # a test may have left anything there, a pipe for instance
                continue
            try:
                found += junit.parse(path, run.sources)
            except junit.Refused:
                continue  # some other XML, or none
        return honest(found, run, self.shown)


def _collecting(line: str, folder: Path) -> str:
    """The line, and behind it the XML files it wrote, copied to `folder` under numbers; its exit code stays.

    What a run writes may be seen by nobody when it is over, so it is the run
    that must bring it. It waits for the tick of the file system's clock, for
    a file counts as written by the line when it is newer than the beginning.
    """
    never = " -o ".join(f"-name {name}" for name in _NEVER)
    reports = shlex.quote(str(folder))
    return f"""\
mkdir -p {reports}
true > {reports}/began
until [ {reports}/begins -nt {reports}/began ]; do true > {reports}/begins || break; done
(
:
{line}
)
status=$?
number=0
find . -maxdepth {DEEPEST} -type d \\( {never} \\) -prune -o -type f -name '*.xml' -newer {reports}/began -print \
2>/dev/null | sort | head -n {FILES_KEPT} | while IFS= read -r found
do
  number=$((number + 1))
  cp "$found" {reports}/$number.xml 2>/dev/null
done
exit $status
"""
