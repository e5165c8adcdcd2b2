"""What must be true of terms in every Python that may run them: `python term_laws.py FOLDER` checks it.

Python 3.8 syntax and the standard library alone: it runs in the user's interpreter. FOLDER is trm_lsp/zygote.
"""

import copy
import importlib.util
import os
import sys


def load(folder):
    spec = importlib.util.spec_from_file_location("main", os.path.join(folder, "main.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.load_package()


if __name__ == "__main__":
    load(sys.argv[1])

from _trm_zygote import operations, terms  # noqa: E402
from _trm_zygote.terms import MISSING, Environment, Original  # noqa: E402


class Shy:
    """Whatever is done with it but looking at its data is an error, and no Exception."""

    def __init__(self, value):
        self.value = value

    def _seen(self, *_):
        raise KeyboardInterrupt("the user's code ran")

    __eq__ = __lt__ = __add__ = __bool__ = __len__ = __iter__ = __repr__ = __str__ = __contains__ = _seen
    __getitem__ = __call__ = __neg__ = __index__ = __int__ = __float__ = __getattr__ = _seen

    def __hash__(self):
        self._seen()


def environment(**names):
    fields = {id(thing): dict(vars(thing)) for thing in names.values() if type(thing) is Shy}
    return Environment(names, fields, {"LIMIT": 7, "LETTERS": "xyz"})


def numbers():
    """Numbers alone, in five evaluations."""
    return [environment(n=n, k=1, i=n // 2, half=n / 2) for n in (5, 0, -3, 12, 4)]


def mixed():
    """A little of everything, in three evaluations."""
    return [
        environment(
            xs=[3, 1, 2][:n], words=("b", "a ", "b"), text="a-b" * n, seen={n, 7}, table={"a": n, "b": [n]}, i=n - 1,
            ratio=0.5 - n, flag=n > 1, thing=Shy(n), nothing=None, maybe=None if n == 2 else n,
        )
        for n in (1, 2, 3)
    ]  # fmt: skip


def enumerated(environments, original=None, given=None, atoms=("LIMIT", "'-'", "3"), size=3, **more):
    """Classes and the original's number, of an original that is a text."""
    if original is not None:
        given = given or [value_of(original, one) for one in environments]
        original = Original(original, operations.CONDITIONAL, True)
    facts = dict({"most": 10000, "steps": 60000}, **more)
    given = given or [MISSING] * len(environments)
    return terms.classes(environments, given, original, atoms, size, facts.pop("most"), facts.pop("steps"), **facts)


def value_of(text, environment):
    """The value of a text; what can be gone through once is gone through."""
    value = eval(text, dict(environment.scope), environment.names)
    name = {"list_reverseiterator": "reversed", "range_iterator": "reversed"}.get(
        type(value).__name__, type(value).__name__
    )
    once = ("reversed", "enumerate", "zip", "dict_keys", "dict_values", "dict_items")
    return (name, list(value)) if name in once else value


def key(value):
    """Equal for what has equal types and structures; of sets, whatever their order."""
    if type(value) is Shy:
        return "Shy", id(value)
    if type(value) is range:
        return "range", list(value)
    if type(value) in (list, tuple):
        return type(value).__name__, [key(item) for item in value]
    if type(value) is dict:
        return "dict", [(key(name), key(item)) for name, item in value.items()]
    if type(value) in (set, frozenset):
        return type(value).__name__, sorted(map(repr, map(key, value)))
    return type(value).__name__, repr(value)


def check_values(environments, **asked):
    """Every text has the value of its class everywhere, no two classes the same, and nothing has changed."""
    before = copied(environments)
    classes, _ = enumerated(environments, **asked)
    vectors = []
    for texts in classes:
        assert texts and len(set(texts)) == len(texts), texts
        found = {repr([key(value_of(text, one)) for one in environments]) for text in texts}
        assert len(found) == 1, (texts, found)
        vectors += found
    assert len(set(vectors)) == len(vectors)
    assert [key_of(one) for one in environments] == before
    assert enumerated(environments, **asked)[0] == classes
    return classes


def check_truths(environments, original, **asked):
    """Every text is true where its class is, and no two classes are true in the same evaluations."""
    classes, number = enumerated(environments, original, by_truth=True, **asked)
    patterns = []
    for texts in classes:
        found = {tuple([bool(value_of(text, one)) for one in environments]) for text in texts}
        assert len(found) == 1, (texts, found)
        patterns += found
    assert len(set(patterns)) == len(patterns)
    assert original in classes[number]
    return classes


def key_of(environment):
    return [(name, key(value)) for name, value in environment.names.items()]


def copied(environments):
    return copy.deepcopy([key_of(one) for one in environments])


def check():
    """Every law, on everything."""
    for environments in (numbers(), mixed()):
        assert len(check_values(environments)) > 100
        assert len(check_values(environments, original="i + 1")) > 100
        assert len(check_values(environments, original="i + 1", size=2)) > 10
        assert len(check_truths(environments, "i < 2")) > 5
    check_values(numbers(), original="n & 1", bitwise=True)
    check_values(mixed(), original="[text]")


if __name__ == "__main__":
    check()
