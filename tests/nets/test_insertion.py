"""What may be missing between statements: when it is done, what is done, and how it gets into the text."""

from __future__ import annotations

import ast

from fakes import FakeJudge, task_of, verdict

from trm_lsp.core.ports import Condition, Slot, Values, X
from trm_lsp.core.state import Candidate, Reasoning
from trm_lsp.nets.repair.families import Hints, Site
from trm_lsp.nets.repair.hypotheses import Hypothesis
from trm_lsp.nets.repair.insertion import additions, inserted, occasions
from trm_lsp.nets.repair.source import Source
from trm_lsp.patch.edits import apply_all

TEXT = '''\
class Shelf:
    def put(self, key, item):
        """Keep an item."""
        self.items[key] = item
        return item

    def drop(self, key):
        del self.items[key]

    def count(self, keys):
        for key in keys:
            self.seen += 1
'''
SOURCE = Source("m.py", TEXT)
FAILING, PASSING = "test_m.py::test_1", "test_m.py::test_2"
WANTED = frozenset({FAILING})
TWICE = Condition(("key in self.items", "any(self.items)"), (False, True, False))
EMPTY = Condition(("not self.items",), (True, False, True))
NAMES = (("self", "Shelf"), ("key", "str"), ("item", "int"), ("self.items", "dict"), ("self.seen", "int"))


def site(code: str, hints: Hints | None = None) -> Site:
    statement = next(s for s in SOURCE.statements if SOURCE.code(s.node).startswith(code))
    return Site(SOURCE, statement, hints or Hints())


def seen(code: str, **more: object) -> Values:
    """What was seen before a statement, by the failing test twice and by the passing one once."""
    start = TEXT.index(code)
    known = {"tests": (FAILING, FAILING, PASSING), "evaluations": 3, "names": NAMES, "conditions": (EMPTY, TWICE)}
    return Values(slot=Slot("m.py", start, start), **{**known, **more})


def added(code: str, hints: Hints | None = None, **more: object) -> list[Hypothesis]:
    return list(additions(seen(code, **more), site(code, hints), [FAILING]))


def texts_of(hypotheses: list[Hypothesis]) -> list[str]:
    return [apply_all({"m.py": TEXT}, hypothesis.edits)["m.py"] for hypothesis in hypotheses]


def with_lines(before: str, *lines: str) -> str:
    """The file with lines before the one that holds a piece of code."""
    head, line, rest = TEXT.partition(next(line for line in TEXT.splitlines(keepends=True) if before in line))
    return head + "".join(f"{new}\n" for new in lines) + line + rest


def test_what_tells_failing_runs_from_passing_ones_comes_first() -> None:
    first, second = occasions(seen("self.items"), WANTED)
    assert first.texts == ("key in self.items", "any(self.items)")
    assert second.texts == ("not self.items",)
    assert first.weight > 3 * second.weight


def test_of_conditions_that_hold_at_the_same_times_those_without_a_number_of_the_tests_come_first() -> None:
    alike = Condition(("key < 4", "key < 0", "key < 12", "key < 'x'"), (True, True, False))
    (occasion,) = occasions(seen("self.items", conditions=(alike,)), WANTED)
    assert occasion.texts[:2] == ("key < 0", "key < 4")


def test_a_condition_that_failing_tests_never_meet_is_no_occasion() -> None:
    only_passing = Condition(("item is None",), (False, False, True))
    assert occasions(seen("self.items", conditions=(only_passing,)), WANTED) == ()


def test_a_telling_condition_makes_up_for_a_place_that_passing_tests_reach() -> None:
    (trusted, *_), (doubted, *_) = (occasions(seen("self.items"), WANTED, suspicion) for suspicion in (1.0, 0.25))
    assert doubted.weight == 2 * trusted.weight


def test_a_guard_is_tried_once_for_each_set_of_evaluations_with_the_other_conditions_in_reserve() -> None:
    guards = [h for h in added("self.items", classes=(("None",), ("item",))) if h.family == "missing-guard"]
    wanted = with_lines("self.items[key] =", "        if key in self.items:", "            return item")
    assert texts_of(guards).count(wanted) == 1
    (guard,) = (h for h, text in zip(guards, texts_of(guards), strict=True) if text == wanted)
    assert guard.rest == ("        if any(self.items):\n            return item\n",)
    assert guard.prior == max(h.prior for h in guards if "return item" in h.what)


def test_in_a_loop_a_guard_can_go_on_or_leave_and_a_function_without_results_returns_none() -> None:
    codes = {h.edits[0].text.strip() for h in added("self.seen += 1") if h.family == "missing-guard"}
    conditions = ("key in self.items", "not self.items")
    actions = ("continue", "break", "return")
    assert codes == {f"if {condition}:\n                {action}" for condition in conditions for action in actions}


def test_a_bad_argument_is_refused_with_the_exception_that_the_test_wants() -> None:
    made = added("del self.items", Hints(exceptions=("KeyError", "UnknownHere")))
    raised = [h.edits[0].text for h in made if "raise" in h.edits[0].text]
    assert "        if key in self.items:\n            raise KeyError('key in self.items')\n" in raised
    assert not any("UnknownHere" in text for text in raised)


def test_a_statement_is_done_only_where_failing_runs_may_leave_it_out() -> None:
    texts = texts_of([h for h in added("self.items") if h.family == "only-if"])
    line = "        self.items[key] = item\n"
    assert texts[0] == TEXT.replace(line, f"        if not self.items:\n    {line}")


def test_a_container_a_counter_and_a_name_are_changed_by_what_they_are() -> None:
    codes = {h.edits[0].text.strip() for h in added("self.seen += 1") if h.family == "missing-update"}
    assert {"self.items.clear()", "self.items[key] = item", "self.items.pop(key, None)", "self.seen -= 1"} <= codes
    assert {"self.seen += item", "self.seen -= item"} <= codes
    assert not {"self.seen += key", "self.items.append(item)", "self.items[self.items] = key"} & codes


def test_a_value_of_each_class_but_its_own_is_assigned() -> None:
    made = added(
        "self.seen += 1", classes=(("0", "self.seen"), ("None",), ("item + 1", "1 + item"), ("self.seen - item",))
    )
    codes = {h.edits[0].text.strip() for h in made}
    assert {"self.seen = None", "self.seen = item + 1", "self.seen -= item", "item = 0"} <= codes
    assert "self.seen = 0" not in codes


def test_updates_stand_before_a_statement_and_behind_the_last_of_a_block() -> None:
    texts = texts_of([h for h in added("self.seen += 1") if h.family == "missing-update"])
    assert with_lines("self.seen += 1", "            self.items.clear()") in texts
    assert f"{TEXT}            self.items.clear()\n" in texts
    assert all("\n        self.items.clear()\n        return item" not in text for text in texts)


def test_functions_and_methods_are_called_always_or_on_an_occasion() -> None:
    made = added("self.items", calls=(("self.drop", 1), ("self.put", 2), ("finish", 0), ("self.many", 3)))
    texts = texts_of(made)
    assert with_lines("self.items[key] =", "        self.drop(key)") in texts
    assert with_lines("self.items[key] =", "        finish()") in texts
    assert with_lines("self.items[key] =", "        if key in self.items:", "            self.drop(key)") in texts
    assert not any("self.put(" in h.what or "self.many(" in h.what for h in made)


def test_what_only_gives_an_answer_is_not_called() -> None:
    source = Source("m.py", "class C:\n    def size(self):\n        return 1\n\n    def f(self):\n        self.x = 1\n")
    statement = next(s for s in source.statements if isinstance(s.node, ast.Assign))
    start = source.span(statement.node)[0]
    values = Values(slot=Slot("m.py", start, start), tests=(FAILING,), evaluations=1, calls=(("self.size", 0),))
    assert not [h for h in additions(values, Site(source, statement, Hints()), [FAILING]) if "size" in h.what]


def test_nothing_is_missing_where_the_failing_tests_do_not_come() -> None:
    assert added("self.items", tests=(PASSING, PASSING, PASSING)) == []


def test_every_addition_is_a_program() -> None:
    for code in ("self.items", "return item", "del self.items", "for key", "self.seen += 1"):
        for text in texts_of(added(code, calls=(("self.drop", 1),), classes=(("None",), ("key",), ("item + 1",)))):
            ast.parse(text)


def test_failing_and_passing_tests_are_run_once_for_the_most_suspect_places() -> None:
    asked: list[tuple[tuple[str, ...], list[str]]] = []

    def observer(variant: object, wanted: tuple[Slot, ...], tests: list[str], **more: object) -> object:
        asked.append((tuple(TEXT[slot.start :].split("\n")[0] for slot in wanted), tests))
        return tuple(seen("self.items").model_copy(update={"slot": slot}) for slot in wanted)

    base = {"m.py": TEXT}
    x = task_of(base, FakeJudge(base, lambda texts, tier: verdict("failed")), verdict("failed"))
    x = X(**{**vars(x), "observer": observer})
    suspicion = {SOURCE.place(s): 0.9 if "put" in s.qualname else 0.5 for s in SOURCE.statements if s.function}
    found = inserted(x, Candidate(), Reasoning(suspicion=suspicion), [SOURCE], [FAILING], [PASSING], Hints())
    ((places, tests),) = asked
    assert places == (
        "self.items[key] = item", "return item", "del self.items[key]", "for key in keys:", "self.seen += 1",
    )  # fmt: skip
    assert tests == [FAILING, PASSING]
    assert {h.place for h in found} <= suspicion.keys()
    assert inserted(x, Candidate(), Reasoning(), [SOURCE], [FAILING], [PASSING], Hints()) == ()
    assert len(asked) == 1
