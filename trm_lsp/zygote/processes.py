"""Processes of a test run: where they are found, and how all of them die."""

import os
import signal
import sys

from _trm_zygote import linux


def adopt_orphans():
    """Become the parent of every orphaned descendant, so that none can escape by detaching (Linux)."""
    if sys.platform == "linux":
        linux.adopt_orphans()


def die_with_parent():
    """Be killed when the parent dies, however it dies (Linux)."""
    if sys.platform == "linux":
        linux.die_with_parent()


def descendants(root, spared=()):
    """Process ids below `root`, but for those in `spared` and below them, from /proc; empty where there is none."""
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
        below = [pid for pid in children.get(queue.pop(), []) if pid not in spared]
        found += below
        queue += below
    return found


def has_children(spared=()):
    """Whether any child of this process is left beside the `spared`; no orphan can be anybody else's."""
    try:
        with open("/proc/self/task/%d/children" % os.getpid()) as file:
            return any(int(pid) not in spared for pid in file.read().split())
    except (OSError, ValueError):
        return True  # the kernel does not tell: look thoroughly


def kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except OSError:
        pass  # it is gone already


def kill_everything(leader=None, spared=()):
    """Kill the group of `leader` and every descendant of this process but the `spared`, until none is left."""
    try:
        if leader is not None:
            os.killpg(leader, signal.SIGKILL)
    except OSError:
        pass  # the group is empty already
    while has_children(spared):
        alive = descendants(os.getpid(), spared)
        for pid in alive:
            kill(pid)
        for pid in alive:
            try:
                os.waitpid(pid, 0)
            except OSError:
                continue  # it is a grandchild: its turn comes when it is ours
        if not alive:
            return
