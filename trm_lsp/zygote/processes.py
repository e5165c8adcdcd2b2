"""Processes of a test run: where they are found, and how all of them die."""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36


def adopt_orphans():
    """Become the parent of every orphaned descendant, so that none can escape by detaching (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def die_with_parent():
    """Be killed when the parent dies, however it dies (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def descendants(root):
    """Process ids below `root`, from /proc; empty where there is none."""
    children = {}
    try:
        names = os.listdir("/proc")
    except OSError:
        return []
    for name in names:
        if name.isdigit():
            try:
                with open("/proc/%s/stat" % name, "rb") as file:
                    # The command name may hold spaces and brackets: what follows its last bracket is regular.
                    parent = int(file.read().rpartition(b")")[2].split()[1])
            except (OSError, ValueError, IndexError):
                continue
            children.setdefault(parent, []).append(int(name))
    found, queue = [], [root]
    while queue:
        below = children.get(queue.pop(), [])
        found += below
        queue += below
    return found


def kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except OSError:
        pass  # it is gone already


def kill_everything(leader=None):
    """Kill the group of `leader` and every descendant of this process, until none is left."""
    try:
        if leader is not None:
            os.killpg(leader, signal.SIGKILL)
    except OSError:
        pass  # the group is empty already
    while True:
        alive = descendants(os.getpid())
        for pid in alive:
            kill(pid)
        try:
            while os.waitpid(-1, 0 if alive else os.WNOHANG)[0]:
                alive = descendants(os.getpid())
                if not alive:
                    return
        except OSError:
            return  # no child is left
        if not alive:
            return
