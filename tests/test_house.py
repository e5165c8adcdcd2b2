"""The project's own rules that no linter knows."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, check=True).stdout
    return [REPOSITORY / name for name in listed.decode().split("\0") if name and (REPOSITORY / name).is_file()]


def test_pins_have_hashes_and_name_no_address() -> None:
    lines = (REPOSITORY / "requirements" / "dev.txt").read_text().splitlines(keepends=True)
    text = "".join(line for line in lines if not line.startswith("#"))
    pins = re.findall(r"^[a-z][\w.-]*==\S+ \\$", text, re.MULTILINE)
    assert len(pins) > 20
    assert text.count("--hash=sha256:") >= len(pins)
    assert not re.search(r"https?://|index-url|find-links", text)


def test_the_lock_file_of_the_client_names_no_address_to_download_from() -> None:
    lock = json.loads((REPOSITORY / "client-vscode" / "package-lock.json").read_text())
    assert all("resolved" not in package for package in lock["packages"].values())
    assert all("integrity" in package for name, package in lock["packages"].items() if name)


def test_every_dependency_has_its_reason() -> None:
    reasons = (REPOSITORY / "docs" / "decisions" / "0001-dependencies.md").read_text()
    project = (REPOSITORY / "pyproject.toml").read_text()
    named = re.findall(
        r'^    "([a-z-]+)', project.partition("dependencies = [")[2].partition("[project.scripts]")[0], re.M
    )
    assert len(named) > 10
    assert [name for name in named if name.removeprefix("types-") not in reasons] == []


def test_every_folder_of_tests_is_run() -> None:
    listed = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]["testpaths"]
    there = {path.parent if path.parent.name != "tests" else path for path in REPOSITORY.glob("tests/**/test_*.py")}
    assert {REPOSITORY / path for path in listed} == there


def test_the_version_is_the_same_everywhere() -> None:
    from trm_lsp import __version__

    assert json.loads((REPOSITORY / "client-vscode" / "package.json").read_text())["version"] == __version__


def test_links_in_the_documents_lead_somewhere() -> None:
    for page in (path for path in tracked() if path.suffix == ".md"):
        for target in re.findall(r"\]\((?!https?:|#)([^)#\s]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.relative_to(REPOSITORY)} links to {target}"


def test_importing_the_command_line_is_light() -> None:
    heavy = {"pydantic", "pygls", "sqlite3", "litellm"}
    code = "import sys, trm_lsp.app.cli; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert heavy.isdisjoint(loaded)
