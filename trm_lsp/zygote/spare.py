"""A spare process for systems that cannot fork: it has started, and waits for the one run it will do."""

import importlib
import os
import sys

from _trm_zygote import frames
from _trm_zygote.running import run


def wait(runner):
    """Import the test runner, wait for a request on stdin, run its tests; reports go to what was stdout."""
    requests, reports = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(2, 1)  # what tests print goes where their errors go
    try:
        version = getattr(importlib.import_module(runner), "__version__", "")
    except ImportError:
        version = None
    frames.write(reports, {"version": version, "python": list(sys.version_info[:3])})
    reader, messages = frames.Reader(), []
    while not messages:
        data = os.read(requests, 1 << 16)
        if not data:
            return 0  # it is not needed
        messages = reader.feed(data)
    request = messages[0]
    os.close(requests)
    os.chdir(request["cwd"])
    os.environ.update(request.get("env", {}))
    return run(dict(request["tests"], report_fd=reports))
