"""Small expressions over recorded environments: one class for all that give the same, simplest first."""

from __future__ import annotations

import ast
import collections
import datetime
import decimal
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from judging.test_interpreters import PYTHONS

from trm_lsp import zygote
from trm_lsp.zygote.main import load_package

load_package()

import term_laws as laws  # noqa: E402
from _trm_zygote import operations, terms  # noqa: E402
from term_laws import enumerated, environment, mixed, numbers  # noqa: E402

ZYGOTE = Path(zygote.__file__).parent


def having(classes: list[list[str]], text: str) -> list[str]:
    """The class that has a text."""
    found = [texts for texts in classes if text in texts]
    assert len(found) == 1, f"{text} is in {len(found)} classes"
    return found[0]


@pytest.mark.parametrize("python", [Path(sys.executable), *PYTHONS], ids=lambda path: path.parts[-3])
def test_the_laws_hold_in_every_python(python: Path) -> None:
    """Texts have the value of their class, classes differ, nothing recorded changes, none of the user's code runs."""
    ran = subprocess.run(
        [python, Path(laws.__file__), ZYGOTE], capture_output=True, text=True, env={"PYTHONHASHSEED": "0"}
    )
    assert ran.returncode == 0, ran.stderr


def test_what_is_the_same_here_and_may_differ_elsewhere_is_in_one_class() -> None:
    assert {"n - k", "n - 1"} <= set(having(enumerated(numbers())[0], "n - 1"))


@pytest.mark.parametrize("text", ["n + i", "max(n, i)", "n % 2", "n // 2", "-n", "LIMIT - n", "n ** 2", "n / 2"])
def test_numbers_are_put_together(text: str) -> None:
    having(enumerated(numbers())[0], text)


@pytest.mark.parametrize(
    "text",
    [
        "xs[1:]", "xs[:-1]", "xs[::-1]", "xs[i]", "xs[i:]", "xs[:i]", "len(xs)", "sorted(xs)", "xs + [i]", "sum(xs)",
        "reversed(xs)", "enumerate(xs)", "zip(xs, words)", "range(i)", "text.split('-')", "'-'.join(words)",
        "text.startswith('-')", "table.values()", "table['a']", "i in seen", "seen - seen.union(xs)", "thing.value",
        "i if flag else maybe", "nothing is None", "not flag", "text.replace('-', text)", "thing", "xs.copy()",
        "maybe or i", "xs[i:3]", "len(seen)", "tuple(xs)", "words[0]", "text[::-1]",
    ],
)  # fmt: skip
def test_values_of_any_type_are_put_together(text: str) -> None:
    atoms = ("'-'", "'a'", "3", "LIMIT", *(["seen.union(xs)"] if "union" in text else []))
    if "union" in text:
        text = "seen.union(xs)"
    environments = mixed()
    vector = [laws.key(laws.value_of(text, one)) for one in environments]
    classes, _ = enumerated(environments, atoms=atoms, steps=400_000)
    found = [texts for texts in classes if [laws.key(laws.value_of(texts[0], one)) for one in environments] == vector]
    assert len(found) == 1


def test_a_term_without_a_value_somewhere_is_no_class_but_can_be_guarded() -> None:
    environments = [environment(xs=[7, 5, 31]), environment(xs=[])]
    classes, _ = enumerated(environments, atoms=())
    assert not any("xs[0]" in texts for texts in classes)
    having(classes, "xs[0] if xs else 0")


@pytest.mark.parametrize(
    ("one", "other"),
    [([1, 0], [True, False]), ({1, 2}, {True, 2}), ({"a": 1}, {"a": True}), ({1: "a"}, {True: "a"}), ([[1]], [[True]])],
)
def test_values_whose_items_are_equal_and_of_other_types_are_two_classes(one: Any, other: Any) -> None:
    classes, _ = enumerated([environment(one=one, other=other, again=one.copy())], atoms=(), size=1)
    assert having(classes, "one") == ["one", "again"]
    assert having(classes, "other") == ["other"]


@pytest.mark.parametrize("kind", [list, set, lambda items: [*map(str, items)]], ids=["lists", "sets", "texts"])
def test_long_values_use_up_the_work_steps_sooner(kind: Any) -> None:
    short, long = (enumerated([environment(xs=kind(range(n)), n=n)] * 8, steps=10_000)[0] for n in (15, 1500))
    assert len(long) < len(short) / 2
    having(long, "len(xs)")


# --- the original ---------------------------------------------------------------------------------


@pytest.mark.parametrize("original", ["n", "i + 1", "max(n, i) * 10 ** 7", "'some text'"])
def test_the_class_of_the_original_is_named(original: str) -> None:
    classes, number = enumerated(numbers(), original)
    assert number is not None
    assert original in classes[number]


def test_the_class_of_the_original_is_told_even_where_few_are() -> None:
    classes, number = enumerated(numbers(), "max(n, i) * 10 ** 7", most=3)
    assert len(classes) == 3 and number is not None
    assert "max(n, i) * 10 ** 7" in classes[number]


def test_the_original_can_be_a_part_of_what_replaces_it() -> None:
    having(enumerated(mixed(), "text.find('b') + 40", atoms=())[0], "(text.find('b') + 40) * 2")


def test_an_original_that_raised_has_no_class_but_can_be_guarded() -> None:
    environments = [environment(xs=[2]), environment(xs=[])]
    classes, number = enumerated(environments, "xs[0] > 9", given=[False, terms.MISSING], by_truth=True)
    assert number is None
    having(classes, "not xs or (xs[0] > 9)")


def test_an_original_with_an_effect_stands_in_a_text_once() -> None:
    original = terms.Original("xs.pop()", operations.PRIMARY, False)
    environments = [environment(xs=[2, 3]), environment(xs=[4, 5])]
    classes, _ = terms.classes(environments, [31, 50], original, (), 4, 10_000, 50_000)
    texts = [text for found in classes for text in found if "xs.pop()" in text]
    assert "xs.pop() + 1" in texts
    assert all(text.count("xs.pop()") == 1 for text in texts)


def test_texts_of_the_originals_kind_come_first_among_the_equally_simple() -> None:
    environments = [environment(a="x", n=2, b="y"), environment(a="z", n=3, b="")]
    for original, wanted in (("n + 9", int), ("a + 'more'", str)):
        classes, _ = enumerated(environments, original, size=1)
        kinds = [type(laws.value_of(texts[0], environments[0])) for texts in classes]
        assert kinds[: kinds.count(wanted)] == [wanted] * kinds.count(wanted)


# --- conditions -----------------------------------------------------------------------------------


def test_a_condition_is_known_by_where_it_is_true() -> None:
    classes = laws.check_truths(numbers(), "n < 4")
    assert len(classes) <= 2**5
    having(classes, "n < 4")


@pytest.mark.parametrize("text", ["n > 5 and i < 6", "n > 5 or i < 0"])
def test_a_condition_can_be_narrowed_and_widened(text: str) -> None:
    environments = [environment(n=n, i=i) for n in (3, 8) for i in (-2, 5, 7)]
    classes, _ = enumerated(environments, "n > 5", atoms=("6",), by_truth=True)
    vector = [bool(laws.value_of(text, one)) for one in environments]
    assert [texts for texts in classes if [bool(laws.value_of(texts[0], one)) for one in environments] == vector]


# --- values ---------------------------------------------------------------------------------------


def test_values_of_different_types_are_different() -> None:
    classes, _ = enumerated([environment(a=1, b=True, c=1.0, d="1", e=[1], f=(1,))], size=1, atoms=())
    assert [texts[0] for texts in classes][:6] == ["a", "b", "c", "d", "e", "f"]


@pytest.mark.parametrize("value", [math.nan, [math.nan, 1.0], 60, "<>", {60, 62}, frozenset(["<"])])
def test_equal_values_are_one_class(value: Any) -> None:
    other = -value if isinstance(value, float) else value
    classes, _ = enumerated([environment(a=value, b=other)], size=1, atoms=())
    assert {"a", "b"} <= set(classes[0])


def test_sets_are_equal_whatever_their_order() -> None:
    ones = [environment(a={8, 16, 0}, b={0, 16, 8}, c=[{8, 16, 0}], d=[{16, 0, 8}])]
    classes, _ = enumerated(ones, size=1, atoms=())
    assert "b" in having(classes, "a") and "d" in having(classes, "c")


def test_values_of_the_standard_library_that_never_change_are_calculated_with() -> None:
    day, month = datetime.date(2024, 2, 1), datetime.timedelta(days=29)
    price = decimal.Decimal("9.90")
    classes, _ = enumerated([environment(day=day, month=month, price=price, count=3)], atoms=())
    for text in ("day + month", "price * count", "day - month", "month * count"):
        having(classes, text)


def test_objects_of_the_user_are_compared_only_where_python_does_it_alone() -> None:
    one, other = object(), object()
    classes, _ = enumerated([environment(a=one, b=other, xs=[one]), environment(a=one, b=one, xs=[other])])
    having(classes, "a == b")
    having(classes, "a in xs")
    assert not any("shy ==" in text for texts in enumerated(mixed())[0] for text in texts)


def test_a_defaultdict_gains_no_key_by_being_asked() -> None:
    counts = collections.defaultdict(int, {"a": 2})
    classes, _ = enumerated([environment(counts=counts, key="z")])
    assert counts == {"a": 2}
    having(classes, "counts[key]")


# --- bounds ---------------------------------------------------------------------------------------


def test_large_numbers_and_long_texts_are_left_alone() -> None:
    environments = [environment(n=10**10, m=-(10**12), text="a" * 900, xs=[1] * 900, d=decimal.Decimal("1e999999"))]
    classes, _ = enumerated(environments, size=4, steps=200_000, bitwise=True)
    for texts in classes:
        value = laws.value_of(texts[0], environments[0])
        assert not isinstance(value, int) or abs(value) <= operations.LARGEST
        assert not isinstance(value, (str, list)) or len(value) <= operations.LONGEST


def test_the_same_steps_give_the_same_classes_and_more_steps_more() -> None:
    environments = mixed()
    few, many = (enumerated(environments, steps=steps)[0] for steps in (3_000, 60_000))
    assert few == enumerated(environments, steps=3_000)[0]
    few_values, many_values = (
        {repr([laws.key(laws.value_of(texts[0], one)) for one in environments]) for texts in classes}
        for classes in (few, many)
    )
    assert few_values < many_values


def test_no_more_classes_are_told_than_asked_for() -> None:
    classes, _ = enumerated(mixed(), most=50)
    assert len(classes) == 50
    assert classes == enumerated(mixed())[0][:50]


# --- texts ----------------------------------------------------------------------------------------

CONTEXTS = {
    "not": ("not {}", operations.NOT), "a product": ("2 * {} * 3", operations.PRODUCT + 1),
    "an attribute": ("{}.real", operations.PRIMARY), "a comparison": ("1 < {} < 3", operations.COMPARISON + 1),
    "a power": ("{} ** 2", operations.AWAIT), "a condition": ("1 if {} else 2", operations.OR),
}  # fmt: skip


@pytest.mark.parametrize("context", CONTEXTS)
def test_texts_have_the_parentheses_that_they_need_where_they_stand(context: str) -> None:
    form, level = CONTEXTS[context]
    for environments in (numbers(), mixed()):
        classes, _ = enumerated(environments, "i + 1", level=level, size=4, steps=20_000)
        for text in (text for texts in classes for text in texts):
            assert ast.dump(ast.parse(form.format(text))) == ast.dump(ast.parse(form.format(f"({text})"))), text


def test_texts_have_no_parentheses_that_they_do_not_need() -> None:
    few = [environment(n=n, i=i) for n, i in ((5, 1), (-3, 2), (0, 7))]
    texts = {text for texts in enumerated(few, atoms=(), size=5, steps=400_000)[0] for text in texts}
    assert {"n + i + 2", "n - (i + 2)", "(n + i) * 2"} & texts
    for text in texts:
        for start, sign in enumerate(text):
            if sign == "(" and (start == 0 or not text[start - 1].isalnum()):
                bare = without_pair(text, start)
                assert not parses_alike(bare, text), text


def without_pair(text: str, start: int) -> str:
    depth = 0
    for position in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[position], 0)
        if not depth:
            return text[:start] + text[start + 1 : position] + text[position + 1 :]
    raise AssertionError(text)


def parses_alike(one: str, other: str) -> bool:
    try:
        return ast.dump(ast.parse(one)) == ast.dump(ast.parse(other))
    except SyntaxError:
        return False
