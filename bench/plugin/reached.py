"""A pytest plugin for the interpreter of a package: which functions each test enters, and how long it takes.

Writes `{test: [seconds, [[path, first line], …]]}` as JSON to the file that
REACHED names; paths are relative to the working directory.
"""

import json
import os
import sys
import threading
import time

import pytest

TOP = os.getcwd() + os.sep
found = {}


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_runtest_protocol(item):
    entered = set()

    def note(frame, event, _):
        if event == "call":
            entered.add(frame.f_code)

    began = time.perf_counter()
    threading.setprofile(note)
    sys.setprofile(note)
    yield
    sys.setprofile(None)
    threading.setprofile(None)
    codes = ((code.co_filename, code.co_firstlineno) for code in entered)
    places = sorted([path[len(TOP) :], line] for path, line in codes if path.startswith(TOP))
    found[item.nodeid] = [time.perf_counter() - began, places]


def pytest_sessionfinish():
    with open(os.environ["REACHED"], "w", encoding="utf-8") as file:
        json.dump(found, file)
