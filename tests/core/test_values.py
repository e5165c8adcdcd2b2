"""Every value of the core is frozen, serialises to JSON, and comes back equal."""

from __future__ import annotations

import importlib
import pkgutil
import types
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import pytest
from fakes import candidate, verdict
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

import trm_lsp.core
from trm_lsp.core import events
from trm_lsp.core.events import load_event
from trm_lsp.core.state import THOUGHTS_KEPT, BaseText, Candidate, Reasoning, Validation, detach
from trm_lsp.core.verdict import Frozen

for found in pkgutil.iter_modules(trm_lsp.core.__path__):
    importlib.import_module(f"trm_lsp.core.{found.name}")


def subclasses(model: type[Frozen]) -> Iterator[type[Frozen]]:
    for kind in model.__subclasses__():
        if kind.__module__.startswith("trm_lsp.core."):
            yield kind
            yield from subclasses(kind)


MODELS = sorted(set(subclasses(Frozen)), key=lambda model: model.__name__)
KINDS = [kind for kind in MODELS if issubclass(kind, events.Event) and kind is not events.Event]
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
PLAIN: dict[Any, st.SearchStrategy[Any]] = {
    str: texts,
    int: st.integers(-(2**40), 2**40),
    float: st.floats(allow_nan=False, allow_infinity=False),
    bool: st.booleans(),
    type(None): st.none(),
    Any: st.none(),
}


def values(annotation: Any) -> st.SearchStrategy[Any]:
    """Values of a field's type."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if annotation in PLAIN:
        return PLAIN[annotation]
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin is types.UnionType:
        return st.one_of(*map(values, arguments))
    if origin is tuple and arguments[-1] is ...:
        return st.lists(values(arguments[0]), max_size=2).map(tuple)
    if origin is tuple:
        return st.tuples(*map(values, arguments))
    if origin is frozenset:
        return st.frozensets(values(arguments[0]), max_size=2)
    if origin in (Mapping, dict):
        return st.dictionaries(values(arguments[0]), values(arguments[1]), max_size=2)
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return st.sampled_from(annotation)
    if isinstance(annotation, type) and issubclass(annotation, Frozen):
        return models(annotation)
    if isinstance(annotation, type) and issubclass(annotation, tuple):
        return st.builds(annotation, *map(values, get_type_hints(annotation).values()))
    raise NotImplementedError(f"no values for {annotation}")


def models(model: type[Frozen]) -> st.SearchStrategy[Frozen]:
    fields = {}
    for name, about in model.model_fields.items():
        if about.metadata:
            fields[name] = st.from_type(Annotated[(about.annotation, *about.metadata)])
        else:
            fields[name] = values(about.annotation)
    return st.builds(model, **fields)


def test_all_models_of_the_core_are_looked_at() -> None:
    names = {model.__name__ for model in MODELS}
    assert {"Task", "Candidate", "Reasoning", "Verdict", "Halted", "Run", "Progress", "Trace", "Budget"} <= names
    assert len(KINDS) == 9


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
@settings(max_examples=12, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_a_value_comes_back_equal_from_json(model: type[Frozen], data: st.DataObject) -> None:
    value = data.draw(models(model))
    assert model.model_validate_json(value.model_dump_json()) == value


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@settings(max_examples=12, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_an_event_is_one_line_and_comes_back_as_its_kind(kind: type[events.Event], data: st.DataObject) -> None:
    event = data.draw(models(kind))
    line = event.model_dump_json()
    again = load_event(line)
    assert "\n" not in line
    assert (type(again), again) == (kind, event)
    assert load_event(line.encode()) == event


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_a_value_never_changes_and_takes_no_unknown_field(model: type[Frozen]) -> None:
    assert model.model_config.get("frozen") is True
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        model.model_validate({"no such field": 1})


def test_setting_a_field_is_an_error() -> None:
    y = candidate("one")
    with pytest.raises(ValidationError, match="frozen"):
        y.confidence = 1.0  # type: ignore[misc]


@pytest.mark.parametrize("line", ["", "{}", '{"event": "no such kind"}', "[]", '{"event": "notice"}', "not json"])
def test_what_is_not_an_event_is_refused(line: str) -> None:
    with pytest.raises(ValidationError):
        load_event(line)


# --- x, y and z ---------------------------------------------------------------------------------


@given(texts, st.booleans())
def test_the_bytes_of_a_text_are_those_an_editor_would_save(text: str, bom: bool) -> None:
    data = BaseText(path="m.py", text=text, bom=bom).data
    assert data.decode("utf-8-sig" if bom else "utf-8") == text
    assert data.startswith(b"\xef\xbb\xbf") or not bom


def test_a_text_that_does_not_fit_its_encoding_has_no_bytes() -> None:
    with pytest.raises(UnicodeEncodeError):
        _ = BaseText(path="m.py", text="€", encoding="latin-1").data


@given(texts, texts)
def test_a_digest_is_equal_for_equal_texts_alone(one: str, other: str) -> None:
    digests = [BaseText(path="m.py", text=text).digest for text in (one, other)]
    assert (digests[0] == digests[1]) is (one == other)


def test_only_files_whose_text_differs_are_touched() -> None:
    y = Candidate(base={"a": "1", "b": "2", "c": "3"}, texts={"c": "4", "b": "2", "a": "0"})
    assert y.touched == ("a", "c")
    assert y.variant.texts == {"a": "0", "c": "4"}


def test_the_same_answer_has_the_same_digest_however_it_came_about() -> None:
    plain = Candidate(base={"a": "1"}, texts={"a": "2"})
    roundabout = Candidate(base={"a": "1", "b": "3"}, texts={"b": "3", "a": "2"}, confidence=0.5)
    other = Candidate(base={"a": "1"}, texts={"a": "3"})
    assert plain.digest == roundabout.digest != other.digest


def test_an_unchanged_y_has_the_digest_of_the_empty_one() -> None:
    assert candidate("base\n").digest == Candidate().digest


def test_validation_is_pending_until_there_is_a_verdict() -> None:
    y = candidate("one")
    assert [
        y.validation,
        y.model_copy(update={"verdict": verdict("passed")}).validation,
        y.model_copy(update={"verdict": verdict("failed")}).validation,
    ] == [Validation.PENDING, Validation.PASSED, Validation.FAILED]


@given(st.lists(texts, max_size=8))
def test_thoughts_are_kept_in_order_newest_last(thoughts: list[str]) -> None:
    z = Reasoning()
    for thought in thoughts:
        z = z.think(thought)
    assert z.thoughts == tuple(thoughts)
    assert z.think(*thoughts).thoughts == tuple(thoughts * 2)


def test_the_oldest_thoughts_are_forgotten_first() -> None:
    z = Reasoning().think(*map(str, range(THOUGHTS_KEPT + 50)))
    assert (len(z.thoughts), z.thoughts[0], z.thoughts[-1]) == (THOUGHTS_KEPT, "50", str(THOUGHTS_KEPT + 49))


@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(models(Candidate), models(Reasoning))
def test_detach_keeps_what_the_schema_holds_and_nothing_else(y: Candidate, z: Reasoning) -> None:
    with_memory = z.model_copy(update={"memory": object()})
    y_after, z_after = detach(y, with_memory)
    assert (y_after, z_after, z_after.memory) == (y, z, None)
