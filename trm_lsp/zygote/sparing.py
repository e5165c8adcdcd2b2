"""What pytest does in every run and a candidate's run has no use for: work that is spared, no verdict with it.

Each is a part of pytest that some versions do not have; then it is left alone.
"""

import os
import sys

from _trm_zygote.paths import inside


class _Known:
    """A file or folder that need not be looked for; pytest takes it for an entry of its folder."""

    def __init__(self, path):
        self.path, self.name = path, os.path.basename(path)

    def __fspath__(self):
        return self.path

    def is_dir(self):
        return os.path.isdir(self.path)

    def is_file(self):
        return os.path.isfile(self.path)


def narrow(tests, folder):
    """From now on, pytest finds nothing in the folders above `tests` but the way to them.

    It would make a node of whatever stands there, and throw it away: with
    many files that takes longer than a test. `tests`: ids below `folder`.
    """
    from _pytest import main, python

    paths = [os.path.abspath(os.path.join(folder, test.partition("::")[0])) for test in tests]
    if not all(map(os.path.exists, paths)):
        return  # they are no paths
    ways = {}
    for path in paths:
        while os.path.dirname(path) != path:
            ways.setdefault(os.path.dirname(path), set()).add(path)
            path = os.path.dirname(path)
    for module in (main, python):
        if hasattr(module, "scandir"):
            module.scandir = _narrowed(module.scandir, frozenset(paths), ways)


def _narrowed(scan, paths, ways):
    def scandir(folder, sort_key=lambda entry: entry.name):
        path = os.path.abspath(os.fspath(folder))
        if path not in ways or any(inside(path, asked) for asked in paths):
            return scan(folder, sort_key)
        return sorted(map(_Known, ways[path]), key=sort_key)

    return scandir


def silence(config):
    """Let pytest show no progress; nobody watches."""
    terminal = config.pluginmanager.getplugin("terminalreporter")
    if type(terminal).__module__ != "_pytest.terminal":
        return  # another one, which may do more than show
    for name in ("pytest_runtest_logstart", "pytest_runtest_logreport", "pytest_runtest_logfinish"):
        hook = getattr(config.hook, name)
        if hasattr(hook, "_remove_plugin") and any(impl.plugin is terminal for impl in hook.get_hookimpls()):
            hook._remove_plugin(terminal)


def remember_places(folder):
    """Let pytest look but once for a source file outside of `folder`: it does for every line of a traceback."""
    from _pytest._code import Code

    found = vars(Code).get("path")
    if not isinstance(found, property):
        return
    known = {}

    def path(self):
        name = self.raw.co_filename
        if name not in known:
            place = found.fget(self)
            if inside(name, folder):
                return place
            known[name] = place
        return known[name]

    Code.path = property(path)
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in ("_pytest", "pluggy") and getattr(module, "__file__", None):
            Code(compile("", module.__file__, "exec")).path  # noqa: B018 - those that every traceback goes through


def locate(items):
    """Let tests find out in which line they are, which each fork would."""
    for item in items:
        try:
            item.location  # noqa: B018 - it is remembered
        except Exception:  # a plugin's own kind of test; a run meets it again
            continue
