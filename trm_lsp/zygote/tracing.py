"""Which lines of the workspace each test executes."""

import os
import sys
import threading


class LineTracer:
    """Reports each line once a test, at the moment it first runs: a test that hangs has said where."""

    def __init__(self, root):
        self._root = root + os.sep
        self._paths = {}
        self._seen = set()
        self._report = None

    def begin(self, report):
        """From now on, call `report(path, line)` for each new line."""
        self._seen = set()
        self._report = report
        threading.settrace(self._call)
        sys.settrace(self._call)

    def end(self):
        sys.settrace(None)
        threading.settrace(None)

    def _relative(self, filename):
        """The path below the root, or None for what lies outside it."""
        if filename not in self._paths:
            path = os.path.realpath(filename)
            inside = (
                not filename.startswith("<")
                and path.startswith(self._root)
                and not path.startswith(os.path.realpath(sys.prefix) + os.sep)
            )
            self._paths[filename] = path[len(self._root) :].replace(os.sep, "/") if inside else None
        return self._paths[filename]

    def _call(self, frame, event, argument):
        return self._line if self._relative(frame.f_code.co_filename) else None

    def _line(self, frame, event, argument):
        if event == "line":
            place = (frame.f_code.co_filename, frame.f_lineno)
            if place not in self._seen:
                self._seen.add(place)
                self._report(self._relative(place[0]), place[1])
        return self._line
