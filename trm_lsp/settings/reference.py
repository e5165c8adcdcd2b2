"""The settings as the editor's schema and as a page: `python -m trm_lsp.settings.reference` writes both."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from trm_lsp.settings.model import Settings

PAGE = Path("docs/settings.md")
CLIENT = Path("client-vscode/package.json")
GENERATED = "trm.generated"
"""The section of the client's package.json that this writes."""


def knobs(model: type[BaseModel] = Settings, prefix: str = "trm") -> Iterator[tuple[str, FieldInfo]]:
    """Every knob with its full name, in the order of the model."""
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from knobs(field.annotation, f"{prefix}.{name}")
        else:
            yield f"{prefix}.{name}", field


def properties() -> dict[str, dict[str, Any]]:
    """The `contributes.configuration` properties of the VS Code client."""
    found = {}
    for name, field in knobs():
        schema = _schema(name)
        found[name] = {**schema, "default": _plain(field.default), "description": field.description or ""}
        # What decides which program runs is the machine's business, not a repository's.
        found[name]["scope"] = "machine-overridable" if name in RUNS_CODE else "resource"
    return found


RUNS_CODE = frozenset({"trm.python", "trm.test.command", "trm.test.env", "trm.sandbox.level", "trm.sandbox.network"})
"""Settings that decide what is run, or what it may see."""


def _schema(name: str) -> dict[str, Any]:
    """The JSON schema of one knob, without pydantic's titles and references."""
    model: Any = Settings
    *sections, leaf = name.split(".")[1:]
    for section in sections:
        model = model.model_fields[section].annotation
    schema = dict(model.model_json_schema()["properties"][leaf])
    if "anyOf" in schema:  # a number or nothing
        schema |= {key: value for key, value in schema.pop("anyOf")[0].items() if key != "type"}
        schema["type"] = ["number", "null"]
    return {key: schema[key] for key in KEPT if key in schema} | _enumerated(schema)


KEPT = ("type", "items", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")


def _enumerated(schema: dict[str, Any]) -> dict[str, Any]:
    values = schema.get("enum") or ([schema["const"]] if "const" in schema else None)
    return {"enum": values} if values else {}


def _plain(default: object) -> object:
    return list(default) if isinstance(default, tuple) else default


def page() -> str:
    """docs/settings.md."""
    rows = "".join(
        f"| `{name}` | `{json.dumps(_plain(field.default))}` | {field.description} |\n" for name, field in knobs()
    )
    return (
        "# Settings\n\n"
        "In the editor as `trm.*`, in pyproject.toml below `[tool.trm]` (`trm.test.command` is `command` in "
        "`[tool.trm.test]`). The editor's value wins over the file's, the file's over the default. A value that "
        "cannot be is named, with what is allowed and where it was read, and the default is used.\n\n"
        "| setting | default | what it does |\n| --- | --- | --- |\n"
        f"{rows}\nThis page and the client's settings are written by `make settings` from "
        "`trm_lsp/settings/model.py`.\n"
    )


def client(text: str) -> str:
    """The client's package.json with its generated section brought up to date."""
    manifest = json.loads(text)
    for section in manifest["contributes"]["configuration"]:
        if section.get("id") == GENERATED:
            section["properties"] = properties()
    return json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"


def main(root: Path = Path()) -> int:
    (root / PAGE).write_text(page(), encoding="utf-8")
    (root / CLIENT).write_text(client((root / CLIENT).read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
