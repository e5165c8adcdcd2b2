"""The testbed: what runs the user's tests, where, and behind which sandbox."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from trm_lsp.core.consent import Ask, Question, command_question, unsandboxed_question
from trm_lsp.core.state import Task
from trm_lsp.judging.commands.recognising import recognise
from trm_lsp.judging.copies import IsolatedCopy
from trm_lsp.judging.discovery import discover, stands_for
from trm_lsp.judging.environment import EnvironmentBroken, TestCommand, allowed, find_python, parse_command
from trm_lsp.judging.hints import told
from trm_lsp.judging.places import OverlayPlace, Place, PrivateFolder, why_no_overlay
from trm_lsp.judging.python_tests import AnyRunner, PythonTests
from trm_lsp.judging.runner import Runner, SandboxReport
from trm_lsp.judging.spares import SpareRunner
from trm_lsp.judging.tool_tests import ToolTests
from trm_lsp.settings import Settings
from trm_lsp.settings.loosened import loosened
from trm_lsp.workspace.texts import WorkspaceTexts

SHOWN_AT_MOST = 200
"""Characters of what a command stands for that are shown with it."""


@dataclass
class Testbed:
    """Everything that a job owns on the machine: a private folder, a place for tests to run, the test process."""

    __test__ = False

    task: Task
    settings: Settings
    check: Callable[[], None]
    environ: Mapping[str, str]
    notices: list[str]
    ask: Ask
    forks: bool

    def __post_init__(self) -> None:
        self.root = Path(self.task.root).resolve()
        command, self._why = self.task.command or self.settings.test.command, ""
        if not command:
            found = discover(self.root)
            command, self._why = found.command, found.why
        self.command: TestCommand = parse_command(command, self.root)
        self.python = find_python(self.root, self.settings.python, self.command, self.environ)
        self.place: Place  # from here on: when it is set up
        self.texts: WorkspaceTexts
        self.sandbox: SandboxReport
        self.private: PrivateFolder
        self._tests: PythonTests | ToolTests

    def questions(self) -> Iterator[Question]:
        """What the user must have allowed before anything of theirs is run.

        Who typed a command has allowed it, but neither an interpreter nor a weaker sandbox that a file may have set.
        """
        settings = self.settings
        python = self.python if self.command.runner else ""
        weaker = tuple(loosened(settings))
        typed = self.task.command and not weaker and not (python and settings.python)
        if typed or self.command.unreadable:
            return
        behind = stands_for(self.command.shown, self.root)
        yield command_question(
            self.task.root,
            self.command.shown,
            python=python,
            env=settings.test.env,
            loosened=weaker,
            why=self._why,
            details=[f"It stands for: {behind}"] if behind and len(behind) < SHOWN_AT_MOST else (),
            fingerprint=behind,
        )

    def set_up(self) -> PythonTests | ToolTests:
        """Start the test process in the strongest sandbox there is. Raises EnvironmentBroken, Stopped."""
        if self.command.unreadable:
            raise EnvironmentBroken(
                f"The test command `{self.command.shown}` cannot be read: {self.command.unreadable}."
            )
        self.private = PrivateFolder()
        try:
            runner = self._settle()
            try:
                self._tell(runner.greeting.sandbox)
                self.place.lay({buffer.path: buffer.data for buffer in self.task.buffers})
            except BaseException:
                runner.close()
                raise
        except BaseException:
            self.private.close()
            raise
        self.texts = WorkspaceTexts(self.place.snapshot, self.task.buffers, self.place.read)
        self._tests = self._runs(runner)
        return self._tests

    def _runs(self, runner: AnyRunner) -> PythonTests | ToolTests:
        if self.command.runner:
            return PythonTests(
                command=self.command,
                root=str(self.root),
                place=self.place,
                settings=self.settings,
                start=self._start,
                runner=runner,
                bytecode=str(self.private.bytecode),
            )
        return ToolTests(
            command=self.command,
            tool=recognise(self.command.shown, self.root),
            place=self.place,
            settings=self.settings,
            environ=self.environ,
            shared=self.private.shared,
            start=self._start,
            runner=runner,
        )

    def _settle(self) -> AnyRunner:
        """Choose where tests run, an overlay before a copy, and start the test process there."""
        if self.forks and not why_no_overlay(self.root, self.private):
            self.place = OverlayPlace(self.root, self.private)
            runner = self._start()
            if runner.greeting.sandbox.overlay:
                return runner
            runner.close()
        try:
            self.place = IsolatedCopy(self.root, self.private, self.settings.test.copied, self.check)
        except OSError as error:
            raise EnvironmentBroken(f"{self.root} cannot be copied to run its tests: {error}.") from error
        return self._start()

    def _tell(self, sandbox: SandboxReport) -> None:
        """Say what holds the tests back, where it is less than everything and the user has not chosen it.

        With nothing they are asked. Raises EnvironmentBroken when they say no, Stopped.
        """
        self.sandbox = sandbox
        if self.settings.sandbox.level == sandbox.level:
            return
        if sandbox.level == "none":
            question = unsandboxed_question(self.task.root, self.command.shown, sandbox.missing)
            allowed = self.ask(question)
            self.check()
            if not allowed:
                raise EnvironmentBroken(question.refused)
        elif sentence := told(sandbox):
            self.notices.append(sentence)

    def _start(self) -> AnyRunner:
        limits = self.settings.sandbox
        sandbox = {
            "folder": str(self.private.path),
            "root": str(self.root),
            "work": str(self.place.work),
            "isolation": self.place.isolation,
            "level": limits.level,
            "network": limits.network,
            "memory": limits.memory << 20,
            "file": limits.file << 20,
            "processes": limits.processes,
        }
        env = allowed(
            self.environ,
            self.settings.test.env,
            home=self.private.home,
            temporary=self.private.temporary,
            root=self.root,
            work=self.place.work,
            seed=self.settings.loop.seed,
        )
        interpreter = self.python if self.command.runner else sys.executable
        if not self.forks:
            return SpareRunner(interpreter, env, self.private.path, self.command.runner, self.check)
        return Runner(interpreter, env, self.private.path, sandbox, self.check)

    def take_down(self) -> None:
        """End every process of the job and remove what it has written."""
        self._tests.runner.close()
        self.place.close()
        self.private.close()
