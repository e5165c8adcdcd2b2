"""Lines and columns counted as Python's own parser counts them."""

from __future__ import annotations

import ast
import bisect
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trm_lsp.patch.positions import LineIndex, newline

names = st.sampled_from(["a", "bc", "é", "ж", "名前", "ñandú"])
strings = st.text(st.sampled_from("ab é😀\u2028\u2029\x85\f\x1c𐐀"), max_size=5).map(lambda value: f"'{value}'")
operands = st.one_of(names, strings, st.sampled_from(["12", "(3 + 4)", "'''one\ntwo'''", "[1,\n 2]"]))
statements = st.one_of(
    st.builds("{} = {} + {}".format, names, operands, operands),
    st.builds("{} = {}; {} = {}".format, names, operands, names, operands),
    st.builds("if {}:\n    {} = {}  # é😀 {}".format, names, names, operands, names),
    st.builds("# 😀 {}".format, names),
    st.just("\f"),
    st.just(""),
)


@st.composite
def sources(draw: st.DrawFn) -> str:
    end = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    last = draw(st.sampled_from(["", end]))
    return end.join(draw(st.lists(statements, min_size=1, max_size=6))).replace("\n", end) + last


@given(sources())
def test_every_name_and_constant_is_where_the_parser_says(source: str) -> None:
    index = LineIndex(source)
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Name | ast.Constant):
            continue
        assert node.end_lineno is not None and node.end_col_offset is not None
        start = index.offset(node.lineno, node.col_offset)
        code = source[start : index.offset(node.end_lineno, node.end_col_offset)]
        assert code == node.id if isinstance(node, ast.Name) else ast.literal_eval(code) == node.value
        assert index.line(start) == node.lineno


@given(sources())
def test_a_source_has_as_many_lines_as_the_parser_counts(source: str) -> None:
    tree = ast.parse(source + "\nlast")
    assert LineIndex(source + "\nlast").starts[tree.body[-1].lineno - 1] == len(source) + 1


texts = st.text(st.sampled_from("ab \té😀\n\r\f\u2028"), max_size=20)


@given(texts)
def test_the_lines_together_are_the_text(text: str) -> None:
    index = LineIndex(text)
    bounds = [*index.starts, len(text)]
    lines = [text[a:b] for a, b in itertools.pairwise(bounds)]
    assert "".join(lines) == text
    assert [line.rstrip("\r\n") for line in lines] == [index.line_text(line + 1) for line in range(len(lines))]
    assert all(line.endswith(("\n", "\r")) for line in lines[:-1])


@given(texts, st.integers(0, 20))
def test_every_offset_is_on_one_line(text: str, offset: int) -> None:
    index = LineIndex(text)
    offset = min(offset, len(text))
    line = index.line(offset)
    assert index.starts[line - 1] <= offset
    assert line == len(index.starts) or offset < index.starts[line]
    assert line == bisect.bisect_right(index.starts, offset)


@pytest.mark.parametrize(
    ("source", "line", "column", "offset"),
    [
        ("abc", 1, 2, 2),
        ("é = x", 1, 5, 4),
        ("😀 = x", 1, 7, 4),
        ("a\r\né = x", 2, 5, 7),
        ("a\rb", 2, 0, 2),
        ("a\n\fb", 2, 1, 3),
    ],
)
def test_a_column_of_bytes_is_an_offset_of_code_points(source: str, line: int, column: int, offset: int) -> None:
    assert LineIndex(source).offset(line, column) == offset


@pytest.mark.parametrize(
    ("source", "indent"), [("    x", "    "), ("\t  x", "\t  "), ("x", ""), ("", ""), ("  \r\nx", "  ")]
)
def test_the_indent_of_a_line(source: str, indent: str) -> None:
    assert LineIndex(source).indent(1) == indent


@pytest.mark.parametrize(
    ("source", "end"), [("a\nb\r\n", "\n"), ("a\r\nb\n", "\r\n"), ("a\rb", "\r"), ("a", "\n"), ("", "\n")]
)
def test_the_line_end_of_a_text_is_that_of_its_first_line(source: str, end: str) -> None:
    assert newline(source) == end
