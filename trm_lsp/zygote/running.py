"""Running tests in this process, by the runner they are written for."""


def run(tests):
    """Run tests in this process, with the runner they ask for; return its exit code."""
    if tests["runner"] == "unittest":
        from _trm_zygote import unittest_run

        return unittest_run.run(tests)
    from _trm_zygote import pytest_run

    return pytest_run.run(tests)
