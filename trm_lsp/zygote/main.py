"""Start: `main.py serve JSON` answers requests on stdin, `main.py run FILE` is one fresh test process.

`main.py spare RUNNER` is a test process that waits for its tests.
"""

import importlib.util
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


def load_package():
    """Import this folder as `_trm_zygote` and take it off sys.path: user code must not find it."""
    if sys.path and os.path.abspath(sys.path[0]) == HERE:
        del sys.path[0]
    spec = importlib.util.spec_from_file_location(
        "_trm_zygote", os.path.join(HERE, "__init__.py"), submodule_search_locations=[HERE]
    )
    package = importlib.util.module_from_spec(spec)
    sys.modules["_trm_zygote"] = package
    spec.loader.exec_module(package)


def main(arguments):
    load_package()
    if len(arguments) == 2 and arguments[0] == "serve":
        from _trm_zygote.serving import serve

        return serve(json.loads(arguments[1]))
    if len(arguments) == 2 and arguments[0] == "spare":
        from _trm_zygote.spare import wait

        return wait(arguments[1])
    if len(arguments) == 2 and arguments[0] == "run":
        from _trm_zygote.running import run

        with open(arguments[1], encoding="utf-8") as file:
            request = json.load(file)
        os.unlink(arguments[1])
        return run(request)
    sys.stderr.write("usage: main.py serve JSON | main.py run FILE | main.py spare RUNNER\n")
    return 2


if __name__ == "__main__":
    # os._exit: threads and atexit handlers of the user's tests must not hold up the end.
    status = main(sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
