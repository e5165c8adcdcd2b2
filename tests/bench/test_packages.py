"""Packages are pinned by hash, and unpacked whole or not at all."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from bench import packages
from bench.packages import PACKAGES, PYTEST, SDISTS, WHEELS


def test_every_package_has_a_pin_with_one_hash_and_no_address() -> None:
    known = packages.pins(SDISTS)
    assert {package.name for package in PACKAGES} == known.keys()
    assert all(hashes.count("--hash=sha256:") == 1 for _, hashes in known.values())
    assert not any("://" in file.read_text() for file in (*SDISTS, WHEELS[1]))


def test_what_tests_need_is_pinned() -> None:
    names = {*PYTEST, *(name for package in PACKAGES for name in package.needs)}
    text = packages.requirements(sorted(names), WHEELS)
    assert text.count("==") == len(names)
    assert text.count("--hash=sha256:") >= len(names)


def test_a_name_without_a_pin_is_refused() -> None:
    with pytest.raises(KeyError):
        packages.requirements(["unheard-of"], WHEELS)


def test_an_archive_becomes_the_tree_that_is_in_it(tmp_path: Path) -> None:
    (tmp_path / "thing-1.0" / "code").mkdir(parents=True)
    (tmp_path / "thing-1.0" / "code" / "a.py").write_text("A = 1\n")
    with tarfile.open(tmp_path / "thing.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "thing-1.0", "thing-1.0")
    packages.unpack(tmp_path / "thing.tar.gz", tmp_path / "home" / "tree")
    assert (tmp_path / "home" / "tree" / "code" / "a.py").read_text() == "A = 1\n"
    assert [path.name for path in (tmp_path / "home").iterdir()] == ["tree"]
