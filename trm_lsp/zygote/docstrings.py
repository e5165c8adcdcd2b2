"""The examples in docstrings, run by doctest."""

import doctest


def examples(docstring):
    """The examples in a docstring; none when it is written in another way than doctest's."""
    try:
        return doctest.DocTestParser().get_examples(docstring)
    except ValueError:
        return []


class Runner(doctest.DocTestRunner):
    """Runs examples; `found`: what they gave where it is something else than they should, by number."""

    def __init__(self, described):
        """`described(error)`: an exception in words; None for one that says nothing and ends the run."""
        doctest.DocTestRunner.__init__(self, verbose=False)
        self._described = described
        self.found = {}

    def run_all(self, examples, function):
        """Run examples one after the other, as in the function's module. Raises what ends the run."""
        test = doctest.DocTest(examples, dict(function.__globals__), function.__name__, None, None, None)
        self.run(test, out=lambda _: None)

    def report_start(self, out, test, example):
        pass

    def report_success(self, out, test, example, got):
        pass

    def report_failure(self, out, test, example, got):
        self.found[test.examples.index(example)] = got.strip() or "nothing"

    def report_unexpected_exception(self, out, test, example, exc_info):
        said = self._described(exc_info[1])
        if said is None:
            raise exc_info[1]
        self.found[test.examples.index(example)] = said
