"""Where code is imported from: what leads into the workspace leads into the copy."""

import os
import sys

_INSTALLED = [os.sep + name + os.sep for name in ("site-packages", "dist-packages")]
_PREFIXES = tuple({os.path.join(place, "") for place in (sys.prefix, os.path.realpath(sys.prefix))})


def inside(path, folder):
    return path == folder or path.startswith(folder + os.sep)


def is_workspace(path, root):
    """Whether an absolute path lies in the workspace, and not among what is installed there, as in a `.venv`."""
    if not path.startswith(root + os.sep):
        return False
    below = path[len(root) :]
    if any(name in below for name in _INSTALLED):
        return False
    # The interpreter may as well have the workspace below its own folder.
    return not any(path.startswith(prefix) and inside(prefix, root) for prefix in _PREFIXES)


def move_paths(root, copy):
    """Point everything that leads into the workspace at its copy: PYTHONPATH, .pth files, editable installs."""
    if inside(copy, root):
        return

    def moved(path):
        if not isinstance(path, str):
            return path
        real = os.path.realpath(path) if path else path
        if inside(real, root) and not inside(real, os.path.realpath(sys.prefix)):
            return copy + real[len(root) :]
        return path

    paths = [moved(path) for path in sys.path]
    first = [path for path in paths if path not in sys.path]
    sys.path[:] = paths
    for name, module in list(sys.modules.items()):
        # setuptools installs a finder module with a name-to-path mapping for an editable install.
        if name.startswith("__editable__"):
            for attribute in ("MAPPING", "NAMESPACES"):
                mapping = getattr(module, attribute, None)
                if isinstance(mapping, dict):
                    for key, value in mapping.items():
                        mapping[key] = [moved(v) for v in value] if isinstance(value, list) else moved(value)
                        if mapping[key] != value and isinstance(value, str):
                            first.append(os.path.dirname(mapping[key]))
    sys.path_importer_cache.clear()
    if first:
        # A Python that a test starts finds them the way this one did: tell it before it looks.
        os.environ["PYTHONPATH"] = os.pathsep.join([*first, *filter(None, [os.environ.get("PYTHONPATH")])])
