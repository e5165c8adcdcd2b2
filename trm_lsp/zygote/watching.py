"""What runs while modules are imported, and what a test does that a swapped function does not reach."""

import os
import sys

from _trm_zygote.paths import inside, is_workspace

WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
PROCESSES = frozenset(
    [
        "subprocess.Popen", "os.system", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn",
        "os.startfile", "pty.spawn",
    ]
)  # fmt: skip
CHANGES = frozenset(
    [
        "os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.truncate", "os.link", "os.symlink", "os.chmod",
        "os.chown", "os.utime", "sqlite3.connect", "shutil.rmtree", "shutil.move",
    ]
)  # fmt: skip
_EVENTS = PROCESSES | CHANGES | {"open", "exec"}


class ImportWatch:
    """Collects in `codes` every code object of the workspace that runs while modules are imported.

    What runs then has had its effect: swapping it later would show nothing.
    Everything between `start` and `stop` counts; pytest collects meanwhile.
    """

    def __init__(self, root):
        self._root, self._below = root, root + os.sep
        self.codes = set()

    def start(self):
        sys.setprofile(self._note)

    def stop(self):
        sys.setprofile(None)

    def _note(self, frame, event, argument):
        if event == "call":
            path = frame.f_code.co_filename
            if path.startswith(self._below) and is_workspace(path, self._root):  # the first is quick, and seldom true
                self.codes.add(frame.f_code)


class CalledCode:
    """A context in which calls are followed: `seen` are ids of code objects, `importing` those below an import."""

    def __init__(self, root):
        self._root = root
        self.seen = {}
        self.importing = set()
        self._depth = 0

    def __enter__(self):
        self._before = sys.gettrace()
        sys.settrace(self._called)
        return self

    def __exit__(self, *_):
        sys.settrace(self._before)

    def _called(self, frame, event, argument):
        code = frame.f_code
        if is_workspace(code.co_filename, self._root):
            self.seen[id(code)] = code
            if code.co_name == "<module>":
                self._depth += 1
                frame.f_trace_lines = False
                self.importing.add(code)
                return self._imported
            if self._depth:
                self.importing.add(code)
        return None

    def _imported(self, frame, event, argument):
        if event == "return":
            self._depth -= 1
        return self._imported


class Elsewhere:
    """Hears when a run looks at or leaves something outside this process's memory.

    `noted`: it started a process or read a source file of the workspace (there
    the unchanged code still stands), or wrote below the workspace. Files in
    `untouched` may be read: they are what every candidate has. `imported`:
    it ran a module of the workspace anew, or for the first time.
    """

    def __init__(self, root):
        self._root = root
        self.untouched = frozenset()
        self.noted = self.imported = False

    def listen(self):
        """From now on, in this process and for good: Python gives audit hooks no end."""
        watched, hear = _EVENTS, self._hear

        def hook(event, arguments):
            if event in watched:
                hear(event, arguments)

        sys.addaudithook(hook)

    def clear(self):
        self.noted = self.imported = False

    def _hear(self, event, arguments):
        if event == "open":
            self._opened(arguments)
        elif event == "exec":
            if is_workspace(getattr(arguments[0], "co_filename", ""), self._root):
                self.imported = True
        elif event in PROCESSES or (event in CHANGES and any(self._inside(path) for path in arguments)):
            self.noted = True

    def _opened(self, arguments):
        path, _, flags = arguments
        if not self._inside(path):
            return
        writes = flags & WRITES if isinstance(flags, int) else False
        if (writes or self._is_source(os.path.abspath(os.fsdecode(path)))) and not self._by_pytest():
            self.noted = True

    def _is_source(self, path):
        """Whether it is one of those that may hold what the candidate changes."""
        return path.endswith(".py") and path not in self.untouched and is_workspace(path, self._root)

    def _inside(self, path):
        """Whether a path lies below the workspace."""
        try:
            path = os.path.abspath(os.fsdecode(path))
        except (TypeError, ValueError):
            return False
        return inside(path, self._root)

    def _by_pytest(self):
        """Whether it is Python that imports, or pytest that reports, who is nearest on the stack."""
        frame = sys._getframe(2)
        while frame is not None:
            path = frame.f_code.co_filename
            if path.startswith(("<frozen importlib", "<frozen zipimport")):
                return True
            if is_workspace(path, self._root):
                return False
            if "_pytest" + os.sep in path:
                return True
            frame = frame.f_back
        return False
