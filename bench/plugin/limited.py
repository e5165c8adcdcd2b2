"""A pytest plugin for the interpreter of a package: chosen tests alone, each with a limit, told as they go.

LIMITED names a JSON file: `tests` (ids to run, empty for all), `seconds` (CPU
time a test may use by its id, and by "" what any other may) and `endless`
(how many may use it up). What happens is appended to the file that TOLD
names, a JSON list a line: `[id]` as a test begins, `[id, passed]` as it ends,
`[""]` as the last line when too many have used up their time. Skipped is not
passed.
"""

import json
import os
import signal

import pytest

TICK = 1.0
"""Seconds until a test that has caught its end is ended again."""
with open(os.environ["LIMITED"], encoding="utf-8") as file:
    asked = json.load(file)
wanted, seconds = set(asked["tests"]), asked["seconds"]
passed, ended = {}, set()
current = [""]


def tell(*line):
    with open(os.environ["TOLD"], "a", encoding="utf-8") as told:
        told.write(json.dumps(line) + "\n")


def end(_, __):
    ended.add(current[0])
    if len(ended) > asked["endless"]:
        tell("")
        os._exit(1)
    pytest.fail("it has used up its time")


def pytest_sessionstart():
    signal.signal(signal.SIGPROF, end)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    if wanted:
        left_out = [item for item in items if item.nodeid not in wanted]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item.nodeid in wanted]


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_runtest_protocol(item):
    tell(item.nodeid)
    current[0] = item.nodeid
    signal.setitimer(signal.ITIMER_PROF, seconds.get(item.nodeid, seconds[""]), TICK)
    yield
    signal.setitimer(signal.ITIMER_PROF, 0)
    tell(item.nodeid, passed.get(item.nodeid, False))


def pytest_runtest_logreport(report):
    good = report.outcome == "passed" and not hasattr(report, "wasxfail")
    # Setup, call, subtests and teardown all count; a test without a call has not passed.
    passed[report.nodeid] = good and passed.get(report.nodeid, report.when == "setup")
