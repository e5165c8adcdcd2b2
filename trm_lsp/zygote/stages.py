"""Stages: forks that prepare what their runs start from.

`warm` imports pytest and what the tests import from outside the workspace,
then becomes a configured pytest, with the conftest files of the top folder;
`collected`, a fork of it, has imported the tests, and the code they test.
Where `warm` serves another runner, `ahead` is a pytest beside it.
"""

import contextlib
import gc
import importlib
import os
import sys

from _trm_zygote import frames
from _trm_zygote.runs import become_child, enter_place, threads

_INSTALLED = sys.pycache_prefix
"""Where the interpreter has its bytecode, before a stage has a folder of its own for that."""


class Unfit(Exception):
    """A fork of the process would not see candidates, or is not safe; the message says why."""


class Stage:
    """A stage as its parent holds it: the pipe to it, and the last request it was given."""

    def __init__(self, name, pid, control, request):
        self.name, self.pid, self.control, self.request = name, pid, control, request


def start(request, prepared, sandbox, answers, ours, serve):
    """Fork a stage. It answers `ready` or `unfit`; when it is ready, it calls `serve` with what is prepared."""
    control_read, control_write = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            become_child([*(fd for fd in ours if fd != answers), control_write])
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, 1)
            os.dup2(null, 2)
            enter_place(request, sandbox)

            def ready(stage, **facts):
                settle()
                frames.write(answers, {"id": request["id"], "ready": facts})
                serve(control_read, answers, sandbox, stage)

            _prepare(request, prepared, ready)
        except BaseException as error:  # private parts of pytest and the user's code: anything may come
            frames.write(answers, {"id": request["id"], "unfit": str(error) or type(error).__name__})
        finally:
            os._exit(0)
    os.close(control_read)
    return Stage(request["name"], pid, control_write, request["id"])


def _prepare(request, prepared, ready):
    if prepared is None:
        loaded = Loaded(request["tests"]["runner"])
        ready(loaded, **loaded.load(request["modules"]))
    else:
        prepared.collect(request["tests"], ready)


def configured(request):
    """pytest, configured in this process. Raises whatever the user's conftest and plugins raise, and Unfit."""
    from _trm_zygote import warm_pytest

    found = warm_pytest.Configured(request["tests"])
    settle()
    return found


def settle():
    """Make this process fit to be forked again and again. Raises Unfit."""
    if threads() != 1:
        raise Unfit("it has %d threads" % threads())
    gc.collect()
    gc.freeze()  # a collection in a fork must not copy what the parent holds


@contextlib.contextmanager
def _installed_bytecode():
    """Read the bytecode of what is installed, and write none: compiling pytest takes longer than many a run."""
    usual = sys.pycache_prefix, sys.dont_write_bytecode
    sys.pycache_prefix, sys.dont_write_bytecode = _INSTALLED, True
    try:
        yield
    finally:
        sys.pycache_prefix, sys.dont_write_bytecode = usual


class Loaded:
    """A process that has imported what no candidate can change."""

    def __init__(self, runner):
        self._runner = runner

    def load(self, modules):
        """Import the test runner and `modules`; say what is there."""
        answer = {"version": None, "missing": ""}
        with _installed_bytecode():
            try:
                answer["version"] = getattr(importlib.import_module(self._runner), "__version__", "")
            except ImportError as error:
                answer["missing"] = str(error)
            for name in modules:
                if name not in sys.modules and not name.startswith("_trm_zygote"):
                    try:
                        importlib.import_module(name)
                    except BaseException as error:  # whatever user code raises at import, a fork will meet it again
                        answer["missing"] = "%s: %s" % (name, error)
        answer["threads"] = threads()
        gc.collect()
        gc.freeze()
        return answer

    def prepare(self, tests):
        """Nothing that forks share, and nothing to refuse."""
        return ""

    def run(self, tests):
        """In a fork: run tests; return the exit code."""
        from _trm_zygote.running import run

        return run(tests)
