"""The real server with the real engine on small projects, and processes to keep an eye on."""

from __future__ import annotations

import psutil
from editor.harness import PYTHON, Editor, Watched
from projects import Files

SERVER = (PYTHON, "-P", "-m", "trm_lsp.app.cli", "serve")

TEST = "test_calc.py::test_sub"
LONG_TEST = "test_long.py::test_total"
LONG_RUN: Files = {
    "long.py": "def total(x):\n" + "".join(f"    x = (x + {i}) % 1009\n" for i in range(200)) + "    return x\n",
    "test_long.py": """
        from long import total


        def test_total():
            assert sum(range(500_000))
            assert total(1) == object()
        """,
}
"""A test that nothing can repair, with thousands of candidates that each take a while: its run ends by force."""


class RealEditor(Editor):
    """An editor whose deadlines fit a real run on a busy machine."""

    seconds = 120.0

    async def progress(self, part: str, *, after: int = 0) -> None:
        """Until the status bar shows something."""
        await self.until("trm/state", lambda p: part in p.text, after=after)

    async def refined(self, test: str = TEST, end: str = "ready") -> str:
        """Run a refinement to its end; the result is its job."""
        after = len(self.heard)
        path = test.partition("::")[0]
        job = (await self.refine(path, tests=[test]))["job"]
        state = await self.until(
            "trm/state", lambda p: p.job == job and p.state not in ("queued", "running"), after=after
        )
        assert state.state == end, (state, self.messages)
        return str(job)

    def below(self) -> list[psutil.Process]:
        """Every process the server started, and those that they did; an engine comes first."""
        return psutil.Process(self.pid).children(recursive=True)

    @property
    def engine(self) -> psutil.Process:
        (engine,) = psutil.Process(self.pid).children()
        return engine


def watch(processes: list[psutil.Process]) -> list[Watched]:
    """Those that still run, watched until their end."""
    watched = []
    for process in processes:
        try:
            watched.append(Watched(process.pid))
        except ProcessLookupError:
            continue
    return watched
