"""Many candidates in one process: the changed function is swapped in memory, the failing tests run by pytest.

A filter, not a verdict. What may not be swapped, and every survivor, is
confirmed in a process of its own; a canary at the end tells whether the
candidates have disturbed each other.
"""

import ast
import functools
import gc
import os
import re
import signal
import sys
import time
import types

from _trm_zygote.reporting import Outcomes

_ADDRESS = re.compile(r"\b0x[0-9a-fA-F]+")
ERROR_KEPT = 300
SLACK = 0.2
"""CPU seconds a candidate gets beside ten times what the unchanged code took."""


class Screener:
    """A pytest plugin in place of the test loop.

    Says `base` (outcomes of the unchanged code), `candidate` (before each),
    `screened` ([number, outcomes by test, or null where it may not be
    swapped]) and at the end `canary`.
    """

    def __init__(self, reporter, copy, candidates):
        self._say, self._id = reporter.say, reporter.id
        self._copy, self._candidates = copy + os.sep, candidates
        self._outcomes = Outcomes()
        self._files = {}
        self._ran_at_import = set()
        # What runs while modules are imported has had its effect: swapping it later would show nothing.
        sys.setprofile(self._note_call)

    def _note_call(self, frame, event, argument):
        if event == "call" and frame.f_code.co_filename.startswith(self._copy):
            self._ran_at_import.add(frame.f_code)

    def pytest_runtest_logreport(self, report):
        self._outcomes.add(report)

    def pytest_runtestloop(self, session):
        sys.setprofile(None)
        if session.testsfailed or not session.items:
            self._say(base=None)
            return True
        self._items = session.items
        self._caches = self._find_caches()
        self._judge()  # what is computed once is computed now
        started = time.process_time()
        base = self._judge()
        allowed = SLACK + 10 * (time.process_time() - started)
        self._say(base=base)
        for number, candidate in enumerate(self._candidates):
            swap = self._swap(*candidate)
            if swap is None:
                self._say(screened=[number, None])
                continue
            self._say(candidate=number)
            functions, old, new = swap
            for function in functions:
                function.__code__ = new
            # Its default action ends the process, whatever the candidate catches.
            signal.setitimer(signal.ITIMER_PROF, allowed)
            outcomes = self._judge()
            signal.setitimer(signal.ITIMER_PROF, 0)
            for function in functions:
                function.__code__ = old
            self._say(screened=[number, outcomes])
        self._say(canary=self._judge() == base)
        return True

    def _judge(self):
        """Run every test by pytest's own protocol; outcome and error by test id."""
        for cache in self._caches:
            cache.cache_clear()
        found = {}
        for item in self._items:
            item.__dict__.pop("_instance", None)  # a test class's instance must not be met again
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
            outcome = self._outcomes.take(item.nodeid)
            found[self._id(item.nodeid)] = [
                outcome["outcome"],
                _ADDRESS.sub("0x", outcome.get("error", ""))[:ERROR_KEPT],
            ]
        return found

    def _find_caches(self):
        """Every functools cache around a function of the workspace: its answers are of other candidates."""
        kind = type(functools.lru_cache(maxsize=None)(len))
        found = []
        for thing in gc.get_objects():
            if type(thing) is kind:
                code = getattr(getattr(thing, "__wrapped__", None), "__code__", None)
                if code is not None and code.co_filename.startswith(self._copy):
                    found.append(thing)
        return found

    def _swap(self, path, encoding, bom, edits):
        """The live functions with their old and new code, or None where the change reaches beyond one body."""
        if path not in self._files:
            self._files[path] = File(self._copy + path, encoding, bom)
        file = self._files[path]
        found = file.change(edits)
        if found is None:
            return None
        old, new = found
        functions = file.live(old)
        if not functions or old in self._ran_at_import or new.co_freevars != old.co_freevars:
            return None
        return functions, old, new


class File:
    """A source file as it was imported: its outermost functions, and the objects that run them."""

    def __init__(self, path, encoding, bom):
        with open(path, "rb") as file:
            data = file.read()
        self._text = (data[3:] if bom else data).decode(encoding)
        self._path = path
        self._starts = _line_starts(self._text)
        self._code = self._compile(self._text)
        self._bodies = [
            (self._offset(node.body[0].lineno), self._offset((node.end_lineno or 0) + 1), _first_line(node), node.name)
            for node in _outermost(ast.parse(self._text).body)
        ]
        self._functions = {}
        for thing in gc.get_objects():
            if type(thing) is types.FunctionType and thing.__code__.co_filename == path:
                self._functions.setdefault(thing.__code__, []).append(thing)

    def live(self, code):
        """The function objects that run this code."""
        return self._functions.get(code, [])

    def change(self, edits):
        """Old and new code of the one function whose body the edits change; None when they reach beyond it."""
        first, last = min(edit[0] for edit in edits), max(edit[1] for edit in edits)
        inside = [body for body in self._bodies if body[0] <= first and last <= body[1]]
        if len(inside) != 1:
            return None
        text = self._text
        for start, end, new in sorted(edits, reverse=True):
            text = text[:start] + new + text[end:]
        try:
            code = self._compile(text)
        except (SyntaxError, ValueError):
            return None
        if _skeleton(code) != _skeleton(self._code):
            return None
        _, _, line, name = inside[0]
        old, new = _find(self._code, line, name), _find(code, line, name)
        if old is None or new is None or old.co_flags & 0xFF != new.co_flags & 0xFF:
            return None
        return old, new

    def _compile(self, text):
        return compile(text, self._path, "exec", dont_inherit=True)

    def _offset(self, line):
        return self._starts[line - 1] if line <= len(self._starts) else len(self._text)


def _line_starts(text):
    starts, position = [0], 0
    for line in text.replace("\r\n", "\0\n").replace("\r", "\n").split("\n")[:-1]:
        position += len(line) + 1
        starts.append(position)
    return starts


def _first_line(node):
    """Where the function's code object says it begins: at its first decorator."""
    return min([node.lineno] + [decorator.lineno for decorator in node.decorator_list])


def _outermost(body):
    """Functions of a module and of its classes, not those inside functions."""
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node
        elif isinstance(node, ast.ClassDef):
            for inner in _outermost(node.body):
                yield inner
        else:
            for field in ("body", "orelse", "finalbody"):
                block = getattr(node, field, None)
                if isinstance(block, list):
                    for inner in _outermost(block):
                        yield inner


def _codes(code):
    """Code objects of outermost functions; class bodies are looked through."""
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            if constant.co_flags & 0x1:  # CO_OPTIMIZED: a function, not a class body
                yield constant
            else:
                for inner in _codes(constant):
                    yield inner


def _find(code, line, name):
    found = [c for c in _codes(code) if c.co_firstlineno == line and c.co_name == name]
    return found[0] if len(found) == 1 else None


def _skeleton(code):
    """What a module and its classes do at import, functions aside: a swap may not change it."""
    parts = [code.co_code, code.co_names]
    for constant in code.co_consts:
        if not isinstance(constant, types.CodeType):
            parts.append((type(constant), constant))
        elif constant.co_flags & 0x1:
            parts.append(constant.co_name)
        else:
            parts.append(_skeleton(constant))
    return parts


class ImportWatch:  # TEMPORARY until the new screen is here
    def __init__(self, root):
        self._root, self.codes = root + os.sep, set()

    def start(self):
        sys.setprofile(self._note)

    def stop(self):
        sys.setprofile(None)

    def _note(self, frame, event, argument):
        if event == "call" and frame.f_code.co_filename.startswith(self._root):
            self.codes.add(frame.f_code)


class Screen:  # TEMPORARY
    def __init__(self, items, root, identify, codes):
        self.items, self.root, self.identify, self.codes = items, root, identify, codes
        self.s = Screener.__new__(Screener)
        self.s._copy = root + os.sep
        self.s._files, self.s._ran_at_import = {}, codes

    def refuses(self, change):
        return "" if self.s._swap(*change) else "no"

    def swap(self, change):
        fs, old, new = self.s._swap(*change)
        for f in fs:
            f.__code__ = new
