"""The texts of a workspace: as their files declare, buffers before the disk."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trm_lsp.core.state import BaseText
from trm_lsp.workspace.texts import UnreadableText, WorkspaceTexts, decode

BOM = b"\xef\xbb\xbf"


def check(data: bytes, text: str, *, encoding: str = "utf-8", bom: bool = False, path: str = "m.py") -> None:
    """What bytes say; and that saving the text again gives the same bytes."""
    read = decode(path, data)
    assert (read.path, read.text, read.encoding, read.bom, read.version) == (path, text, encoding, bom, None)
    assert read.data == data


def refused(data: bytes, said: str, *, path: str = "m.py") -> None:
    with pytest.raises(UnreadableText) as error:
        decode(path, data)
    sentence = str(error.value)
    assert sentence.startswith(f"{path} cannot be read as text (") and sentence.endswith(").")
    assert said in sentence and "\n" not in sentence


def test_a_file_is_utf8_when_it_does_not_say() -> None:
    check("é = '😀'\n".encode(), "é = '😀'\n")


def test_an_empty_file_is_an_empty_text() -> None:
    check(b"", "")


def test_a_byte_order_mark_is_kept_but_is_not_text() -> None:
    check(BOM + b"x = 1\n", "x = 1\n", bom=True)


def test_a_coding_line_decides() -> None:
    check(b"# -*- coding: latin-1 -*-\nx = '\xe9'\n", "# -*- coding: latin-1 -*-\nx = 'é'\n", encoding="iso-8859-1")


def test_a_coding_line_may_stand_in_the_second_line() -> None:
    check(
        b"#!/usr/bin/python\n# coding: cp1252\n# \x80\n",
        "#!/usr/bin/python\n# coding: cp1252\n# €\n",
        encoding="cp1252",
    )


def test_a_coding_line_in_a_file_that_is_not_python_is_text() -> None:
    check("# coding: latin-1\né\n".encode(), "# coding: latin-1\né\n", path="notes.txt")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\r\n\n\r"])
def test_line_ends_stay_as_they_are(end: str) -> None:
    check(f"a{end}b{end}".encode(), f"a{end}b{end}")


@given(st.text(), st.booleans())
def test_any_utf8_text_comes_back_byte_for_byte(text: str, bom: bool) -> None:
    data = (BOM if bom else b"") + text.encode()
    assert decode("m.txt", data).data == data


def test_a_file_that_is_no_text_in_its_encoding_is_refused() -> None:
    refused(b"x = '\xe9'\n", "invalid or missing encoding declaration")
    refused(b"\n" * 5 + b"x = '\xe9'\n", "can't decode byte 0xe9")
    refused(b"\xff\xfe\x00", "can't decode byte 0xff", path="picture.png")


@pytest.mark.parametrize("name", ["no-such-codec", "hex", "undefined", "rot13"])
def test_a_coding_line_that_names_no_text_encoding_is_refused(name: str) -> None:
    refused(f"# coding: {name}\n".encode(), name.replace("rot13", "rot"))


# --- the whole workspace ------------------------------------------------------------------------


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "pkg").mkdir()
    (tmp_path / "m.py").write_text("on disk\n")
    (tmp_path / "pkg" / "n.py").write_text("also on disk\n")
    (tmp_path / "data.bin").write_bytes(b"\xff\xfe")
    return tmp_path


def buffer(path: str, text: str, version: int = 3) -> BaseText:
    return BaseText(path=path, text=text, version=version)


def test_a_buffer_wins_over_the_file_on_disk(root: Path) -> None:
    texts = WorkspaceTexts(root, (buffer("m.py", "unsaved\n"),))
    assert (texts["m.py"].text, texts["m.py"].version) == ("unsaved\n", 3)
    assert (texts["pkg/n.py"].text, texts["pkg/n.py"].version) == ("also on disk\n", None)


def test_a_buffer_needs_no_file(root: Path) -> None:
    texts = WorkspaceTexts(root, (buffer("new.py", "never saved\n"),))
    assert texts["new.py"].text == "never saved\n"
    assert set(texts) == {"new.py", "m.py", "pkg/n.py", "data.bin"}
    assert len(texts) == 4


def test_a_text_is_read_once(root: Path) -> None:
    texts = WorkspaceTexts(root)
    first = texts["m.py"]
    (root / "m.py").write_text("saved in the middle of a run\n")
    assert texts["m.py"] is first


@pytest.mark.parametrize("path", ["missing.py", "pkg", "m.py/below", "", "a\0b"])
def test_what_is_no_file_is_a_missing_key(root: Path, path: str) -> None:
    texts = WorkspaceTexts(root)
    assert path not in texts
    with pytest.raises(KeyError):
        texts[path]


def test_a_file_that_is_not_text_is_refused_with_its_path(root: Path) -> None:
    with pytest.raises(UnreadableText, match=r"^data\.bin cannot be read as text"):
        WorkspaceTexts(root)["data.bin"]


@pytest.mark.skipif(os.name != "posix", reason="a POSIX pipe")
def test_only_files_are_listed(root: Path) -> None:
    os.mkfifo(root / "pipe")
    assert set(WorkspaceTexts(root)) == {"m.py", "pkg/n.py", "data.bin"}
