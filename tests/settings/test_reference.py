"""The settings page and the client's schema are what the one home of settings says."""

from __future__ import annotations

import json
from pathlib import Path

from trm_lsp.settings import Settings, load
from trm_lsp.settings.reference import CLIENT, PAGE, client, knobs, page, properties

REPOSITORY = Path(__file__).parents[2]


def test_the_page_is_in_step() -> None:
    assert (REPOSITORY / PAGE).read_text(encoding="utf-8") == page(), "run `make settings`"


def test_the_client_is_in_step() -> None:
    text = (REPOSITORY / CLIENT).read_text(encoding="utf-8")
    assert text == client(text), "run `make settings`"


def test_every_knob_reaches_the_client_with_its_sentence_and_default() -> None:
    found = properties()
    assert list(found) == [name for name, _ in knobs()]
    for name, field in knobs():
        assert found[name]["description"] == field.description
        assert json.loads(json.dumps(found[name]["default"])) == found[name]["default"]


def test_the_defaults_that_the_client_shows_are_accepted_by_the_server() -> None:
    values: dict[str, object] = {}
    for name, schema in properties().items():
        *sections, leaf = name.split(".")[1:]
        table = values
        for section in sections:
            table = table.setdefault(section, {})  # type: ignore[assignment]
        table[leaf] = schema["default"]
    assert load(("the client", values)) == (Settings(), ())
