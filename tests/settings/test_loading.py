"""Settings: who wins, and what is said about a value that cannot be."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from trm_lsp.settings import Settings, load, pyproject_values

EDITOR, PROJECT = "the editor", "pyproject.toml"


def refused(values: Mapping[str, Any], *sentences: str) -> Settings:
    """What is said about values from the editor; gives the settings that hold then."""
    loaded = load((EDITOR, values))
    assert loaded.problems == tuple(f"{sentence} (read from {EDITOR})" for sentence in sentences)
    return loaded.settings


# --- who wins -----------------------------------------------------------------------------------


def test_without_any_source_the_defaults_hold() -> None:
    assert load() == (Settings(), ())


def test_the_first_source_wins_value_by_value() -> None:
    editor = {"loop": {"T": 5}, "python": "/usr/bin/python3"}
    project = {"loop": {"T": 2, "n": 9}, "test": {"command": "nox"}}
    settings, problems = load((EDITOR, editor), (PROJECT, project))
    assert problems == ()
    assert (settings.loop.T, settings.loop.n, settings.loop.steps) == (5, 9, 64)
    assert (settings.python, settings.test.command) == ("/usr/bin/python3", "nox")


def test_a_list_is_one_value_and_is_not_mixed() -> None:
    settings, _ = load((EDITOR, {"test": {"env": ["A"]}}), (PROJECT, {"test": {"env": ["B", "C"]}}))
    assert settings.test.env == ("A",)


def test_null_means_that_a_value_is_not_set() -> None:
    editor = {"python": None, "loop": None, "test": {"command": None}, "budget": {"work": None}}
    settings, problems = load((EDITOR, editor), (PROJECT, {"python": "py", "loop": {"T": 2}, "budget": {"work": 5}}))
    assert problems == ()
    assert (settings.python, settings.loop.T, settings.test.command, settings.budget.work) == ("py", 2, "", 5)


def test_a_refused_value_gives_way_to_the_next_source() -> None:
    settings, problems = load((EDITOR, {"loop": {"T": 0}}), (PROJECT, {"loop": {"T": 2}}))
    assert settings.loop.T == 2
    assert len(problems) == 1


def test_the_sources_are_not_changed() -> None:
    values = {"loop": {"T": 0, "n": 2}, "nonsense": 1}
    load((EDITOR, values))
    assert values == {"loop": {"T": 0, "n": 2}, "nonsense": 1}


# --- what cannot be -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"net": "oracle"}, "trm.net is 'oracle', but should be 'repair': the default is used."),
        ({"loop": {"T": 0}}, "trm.loop.T is 0, but should be greater than or equal to 1: the default is used."),
        ({"loop": {"n": 257}}, "trm.loop.n is 257, but should be less than or equal to 256: the default is used."),
        ({"budget": {"seconds": 0}}, "trm.budget.seconds is 0, but should be greater than 0: the default is used."),
        ({"statistics": {"decay": 1}}, "trm.statistics.decay is 1, but should be less than 1: the default is used."),
        ({"test": {"env": "PATH"}}, "trm.test.env is 'PATH', but should be a valid tuple: the default is used."),
        ({"python": ["py"]}, "trm.python is ['py'], but should be a valid string: the default is used."),
        ({"lop": {"T": 1}}, "trm.lop is not a setting: it is left out."),
        ({"loop": {"t": 1}}, "trm.loop.t is not a setting: it is left out."),
    ],
)
def test_a_value_that_cannot_be_is_named_with_what_may_be(values: dict[str, Any], sentence: str) -> None:
    assert refused(values, sentence) == Settings()


def test_all_problems_are_said_at_once_each_with_its_source() -> None:
    _, problems = load((EDITOR, {"net": "a", "lop": 1}), (PROJECT, {"net": "b"}))
    assert [(problem.split()[0], problem.rpartition("(read from ")[2]) for problem in problems] == [
        ("trm.net", "the editor)"),
        ("trm.lop", "the editor)"),
        ("trm.net", "pyproject.toml)"),
    ]


def test_a_bad_value_does_not_take_good_ones_with_it() -> None:
    settings = refused(
        {"loop": {"T": 0, "n": 9}, "python": "py"},
        "trm.loop.T is 0, but should be greater than or equal to 1: the default is used.",
    )
    assert (settings.loop.T, settings.loop.n, settings.python) == (3, 9, "py")


def test_a_list_with_several_bad_items_is_named_once_and_alone() -> None:
    settings = refused(
        {"test": {"env": [1, 2], "timeout": 5}},
        "trm.test.env is 1, but should be a valid string: the default is used.",
    )
    assert (settings.test.env, settings.test.timeout) == ((), 5)


def test_a_section_that_is_no_table_is_named() -> None:
    _, (problem,) = load((EDITOR, {"loop": 5}))
    assert problem.startswith("trm.loop is 5, but should be ")


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
names = st.sampled_from(
    ["net", "python", "test", "loop", "budget", "statistics", "T", "env", "work", "seconds", "decay"]
)
trees = st.dictionaries(names, st.dictionaries(names, json, max_size=3) | json, max_size=4)


@given(trees, trees)
def test_whatever_is_sent_there_are_settings(editor: dict[str, Any], project: dict[str, Any]) -> None:
    settings, problems = load((EDITOR, editor), (PROJECT, project))
    assert Settings.model_validate(settings.model_dump()) == settings
    assert all(problem.startswith("trm") and problem.endswith(")") for problem in problems)


# --- pyproject.toml -----------------------------------------------------------------------------


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return tmp_path


def check(project: Path, content: str | bytes, values: dict[str, Any], problem: str | None = None) -> None:
    data = content.encode() if isinstance(content, str) else content
    (project / "pyproject.toml").write_bytes(data)
    found, problems = pyproject_values(project)
    assert found == values
    assert len(problems) == (problem is not None)
    if problem is not None:
        assert problem in problems[0] and str(project / "pyproject.toml") in problems[0]
        assert problems[0].endswith("is left out.") and "\n" not in problems[0]


def test_the_table_of_a_pyproject_is_read(project: Path) -> None:
    check(project, "[tool.trm]\npython = 'py'\n[tool.trm.loop]\nT = 2\n", {"python": "py", "loop": {"T": 2}})


def test_no_file_and_no_table_are_no_values(project: Path) -> None:
    assert pyproject_values(project) == ({}, ())
    check(project, "", {})
    check(project, "[tool.ruff]\nline-length = 120\n", {})


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("[tool.trm", "cannot be read"),
        ("a = 1\na = 2\n", "cannot be read"),
        (b"\xff\xfe[tool]", "cannot be read"),
        ("[tool]\ntrm = 3\n", "is not a table"),
    ],
)
def test_a_pyproject_that_cannot_be_read_is_named_and_left_out(
    project: Path, content: str | bytes, problem: str
) -> None:
    check(project, content, {}, problem)


def test_a_tool_that_is_no_table_holds_nothing_for_us(project: Path) -> None:
    check(project, "tool = 5\n", {})


def test_a_folder_called_pyproject_is_named_and_left_out(project: Path) -> None:
    (project / "pyproject.toml").mkdir()
    values, (problem,) = pyproject_values(project)
    assert (values, "cannot be read" in problem) == ({}, True)


# --- the knobs themselves -----------------------------------------------------------------------


def knobs(model: type[BaseModel], prefix: str = "trm") -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            found |= knobs(field.annotation, f"{prefix}.{name}")
        else:
            found[f"{prefix}.{name}"] = field.description
    return found


@pytest.mark.parametrize("name", knobs(Settings))
def test_every_knob_is_described_by_a_sentence(name: str) -> None:
    description = knobs(Settings)[name]
    assert description, name
    assert description[0].isupper() and description.endswith(".") and "\n" not in description


def test_the_defaults_are_values_that_may_be() -> None:
    assert load((EDITOR, Settings().model_dump())) == (Settings(), ())
