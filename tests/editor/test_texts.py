"""Positions in all three encodings, line ends, byte order marks and encodings of files."""

from __future__ import annotations

import pytest
from editor.harness import SUB, Editor
from lsprotocol import types

ASTRAL = "def sub(a, b):\n    '''😀 é 字''' ; return a + b  # 😀😀\n"


async def applied(editor: Editor, path: str = "calc.py") -> str:
    job = (await editor.refine(tests=[SUB]))["job"]
    await editor.state("ready")
    assert (await editor.command("trm.apply", {"job": job})).get("applied"), editor.messages
    return editor.buffers[editor.uri(path)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
async def test_astral_characters_before_and_in_the_edit(start, scene, encoding: str) -> None:
    editor = await start(encodings=[encoding])
    assert editor.encoding == encoding
    text = editor.open("calc.py", "x = '😀'\n" + ASTRAL)
    # An incremental change after astral characters is counted in the client's units too.
    editor.change("calc.py", "😀😀", "😀é字")
    scene.play(replace=[["calc.py", "字''' ; return a + b  # 😀é字", "字''' ; return a - b  # 字"]])
    expected = text.replace("return a + b  # 😀😀", "return a - b  # 字")
    assert await applied(editor) == expected


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
async def test_a_diagnostic_on_a_line_with_astral_characters(start, scene, encoding: str) -> None:
    editor = await start(encodings=[encoding])
    lines = editor.open("tests/test_calc.py").split("\n")
    lines[5] = "    assert result == 2, '😀'"
    editor.change("tests/test_calc.py", "assert result == 2", "assert result == 2, '😀'")
    await editor.refine(tests=[SUB])
    shown = (await editor.published("tests/test_calc.py", 2))[0]
    assert shown.range.end == editor.position("\n".join(lines[:6]), len("\n".join(lines[:6])))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
async def test_line_ends_are_kept(start, scene, end: str) -> None:
    editor = await start()
    text = editor.open("calc.py", f"def sub(a, b):{end}    return a + b{end}x = 1{end}")
    assert await applied(editor) == text.replace("a + b", "a - b")
    (buffer,) = (await editor.task())["buffers"]
    assert buffer["text"] == text


async def test_a_last_line_without_an_end(start, scene) -> None:
    editor = await start()
    text = editor.open("calc.py", "def sub(a, b):\n    return a + b")
    assert await applied(editor) == text.replace("a + b", "a - b")


async def test_form_feeds_and_separators_end_no_line(start, scene) -> None:
    editor = await start()
    text = editor.open("calc.py", "x = 'a\u2028b\x85'\n\x0c\ndef sub(a, b):\n    return a + b\n")
    editor.change("calc.py", "return", "return  ")
    assert await applied(editor) == text.replace("return a + b", "return   a + b").replace("a + b", "a - b")


async def test_a_position_past_the_end_of_a_line_is_its_end(start, scene) -> None:
    editor = await start()
    editor.open("calc.py", "def sub(a, b):\n    return a + b")
    far = types.Position(line=1, character=999)
    editor.edit("calc.py", types.Range(start=far, end=far), "  # end", "def sub(a, b):\n    return a + b  # end")
    assert await applied(editor) == "def sub(a, b):\n    return a - b  # end"


async def test_a_byte_order_mark_on_disk_is_part_of_the_file(start, scene) -> None:
    """An editor that keeps the mark to itself, as VS Code does."""
    (scene.root / "calc.py").write_bytes(b"\xef\xbb\xbfdef sub(a, b):\n    return a + b\n")
    editor = await start()
    text = editor.open("calc.py", "def sub(a, b):\n    return a + b\n")
    await editor.refine(tests=[SUB])
    await editor.state("ready")
    assert (await editor.task())["buffers"] == [], "it is what is on disk"
    editor.change("calc.py", "a + b", "(a + b)")
    scene.play(replace=[["calc.py", "(a + b)", "a - b"]])
    after = len(editor.heard)
    job = (await editor.refine(tests=[SUB]))["job"]
    await editor.state("ready", after=after)
    (buffer,) = (await editor.task())["buffers"]
    assert (buffer["bom"], buffer["text"]) == (True, text.replace("a + b", "(a + b)"))
    await editor.command("trm.apply", {"job": job})
    assert editor.buffers[editor.uri("calc.py")] == text.replace("a + b", "a - b")


async def test_a_byte_order_mark_in_the_buffer_shifts_the_first_line(start, scene) -> None:
    """An editor that shows the mark to servers."""
    editor = await start()
    text = editor.open("calc.py", "\ufeffsub = lambda a, b: a + b\n")
    assert await applied(editor) == text.replace("a + b", "a - b")
    (buffer,) = (await editor.task())["buffers"]
    assert (buffer["bom"], buffer["text"]) == (True, "sub = lambda a, b: a + b\n")


async def test_a_declared_encoding_is_kept(start, scene) -> None:
    (scene.root / "calc.py").write_bytes("# coding: latin-1\nNAME = 'é'\n".encode("latin-1"))
    editor = await start()
    editor.open("calc.py", "# coding: latin-1\nNAME = 'é'\n")
    scene.play(replace=[["calc.py", "NAME", "name"]])
    await editor.refine(tests=[SUB])
    await editor.state("ready")
    assert (await editor.task())["buffers"] == []
    editor.change("calc.py", "NAME", "NAME2")
    after = len(editor.heard)
    await editor.refine(tests=[SUB])
    await editor.state("ready", after=after)
    assert [buffer["encoding"] for buffer in (await editor.task())["buffers"]] == ["iso-8859-1"]


async def test_a_text_that_does_not_fit_its_encoding_is_one_sentence(start, scene) -> None:
    editor = await start()
    editor.open("calc.py", "# coding: latin-1\nNAME = '€'\n")
    await editor.refine(tests=[SUB])
    await editor.message("calc.py is in iso-8859-1, which cannot hold all of its text: save it as UTF-8.")
    await editor.state("failed")


async def test_a_lone_surrogate_is_one_sentence(start, scene) -> None:
    editor = await start()
    editor.open("calc.py", "NAME = '\ud83d'\n")
    await editor.refine(tests=[SUB])
    await editor.message("which cannot hold all of its text")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1252", "latin-1"])
async def test_a_data_file_in_some_encoding_is_what_is_on_disk(start, scene, encoding: str) -> None:
    text = "prix;café\r\n" + ("“1”" if encoding != "latin-1" else "\x93")
    (scene.root / "data.csv").write_bytes(text.encode(encoding))
    editor = await start()
    editor.open("data.csv", text)
    await editor.refine(tests=[SUB])
    await editor.state("ready")
    assert (await editor.task())["buffers"] == []
    editor.change("data.csv", "prix", "PRIX")
    after = len(editor.heard)
    await editor.refine(tests=[SUB])
    await editor.state("ready", after=after)
    (buffer,) = (await editor.task())["buffers"]
    assert buffer["text"].encode(buffer["encoding"]) == text.replace("prix", "PRIX").encode(encoding)
