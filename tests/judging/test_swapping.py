"""One function compiled alone is the function that compiling its file gives, and only a body can be swapped."""

from __future__ import annotations

import inspect
import os
import sys
import textwrap
import tokenize
import types
from pathlib import Path
from typing import Any

import pytest

from trm_lsp.zygote.main import load_package

load_package()

from _trm_zygote.fuel import Meter  # noqa: E402
from _trm_zygote.swapping import BROKEN, Source  # noqa: E402

LIBRARY = Path(os.__file__).parent
SAMPLE = sorted([*LIBRARY.glob("[a-f]*.py"), *LIBRARY.glob("asyncio/*.py"), *LIBRARY.glob("email/*.py")])


def source(folder: Path, text: str | bytes, encoding: str = "utf-8", bom: bool = False) -> Any:
    path = folder / "module.py"
    path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    return Source(str(path), encoding, bom, Meter().planted)


def only(source: Any) -> Any:
    (function,) = source.functions
    assert function.ready()
    return function


def changed(folder: Path, text: str, old: str, new: str) -> Any:
    """New code of the function in which `old`, which stands once in the text, becomes `new`; None when refused."""
    made = source(folder, text)
    assert made.text.count(old) == 1
    edit = [made.text.index(old), made.text.index(old) + len(old), new]
    function = made.function([edit])
    return function.change([edit]) if function and function.ready() else None


def result(code: Any, *arguments: object, **names: object) -> object:
    return type(result)(code, {**names, "__builtins__": __builtins__})(*arguments)


@pytest.mark.parametrize("path", SAMPLE[::6], ids=lambda path: path.name)
def test_every_function_of_a_file_can_be_compiled_alone(path: Path) -> None:
    with path.open("rb") as file:
        encoding = tokenize.detect_encoding(file.readline)[0]
    found = Source(str(path), encoding, False, Meter().planted)
    refused = [function.node.name for function in found.functions if not function.ready()]
    # From 3.13 on, a class lists the attributes that all of its methods set.
    assert len(refused) <= len(found.functions) // (20 if sys.version_info >= (3, 13) else 10**9)


SHAPES = {
    "tabs": "class A:\n\tdef f(self):\n\t\treturn 1\n",
    "private names": "class _A:\n    class B:\n        def f(self, other):\n            return other.__x + 1\n",
    "super": "class A:\n    def f(self):\n        return super().f() or 1\n",
    "a block": "if True:\n    try:\n        def f(x):\n            return 1\n    finally:\n        pass\n",
    "a handler": "try:\n    pass\nexcept ValueError:\n    def f(x):\n        return 1\n",
    "a class in a block": "if True:\n    class A:\n        if True:\n            def f(self):\n"
    "                return 1\n",
    "one line": "def f(x): return 1\n",
    "no last line end": "def f(x):\n    return 1",
    "a continued line": "def f(x, \\\n      y=2):\n    return x + \\\n        1\n",
    "a string of many lines": 'def f(x):\n    return """\nclass A:\ndef\n""" * 1\n',
    "a form feed": "x = 2\n\x0c\ndef f(x):\n    return 1\n",
    "other line ends": "x = 2\r\ndef f(x):\r\n    return 1\r\n",
    "decorators": "import functools\n\n@functools.lru_cache(\n    maxsize=None\n)\ndef f(x):\n    return 1\n",
    "a default that is a function": "def f(x=lambda y: y + 2):\n    return 1\n",
    "an inner function": "def f(x):\n    def g(y):\n        return x + y\n    return g(1)\n",
    "future annotations": "from __future__ import annotations\n\n\ndef f(x: int) -> str:\n    y: Any = 1\n"
    "    return y\n",
    "an imported module": "import os\n\n\ndef f(x):\n    return os.fspath(x) + os.getcwd() * 1\n",
    "async": "async def f(x):\n    async for y in x:\n        await y\n    return 1\n",
    "loops": "def f(x):\n    while x:\n        for y in x: pass\n        x = x[1:]\n    return 1\n",
    "letters beyond ASCII": "def f(ä):\n    while 'ü' in ä: ä = ä[1:]\n    return 1\n",
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_function_is_compiled_alone_wherever_it_stands(tmp_path: Path, shape: str) -> None:
    function = only(source(tmp_path, SHAPES[shape]))
    assert function.change([], guarded=False) == function.code
    last = function.source.text.rindex("1")
    changed = function.change([[last, last + 1, "7"]])
    assert changed is not None
    assert changed.co_firstlineno == function.code.co_firstlineno


def test_other_encodings_and_a_byte_order_mark_are_read(tmp_path: Path) -> None:
    latin = source(tmp_path, "# coding: latin-1\ndef f():\n    return 'ü'\n", "latin-1")
    assert result(only(latin).code) == "ü"
    marked = source(tmp_path, b"\xef\xbb\xbfdef f():\n    return '\xc3\xbc'\n", bom=True)
    assert result(only(marked).code) == "ü"


def test_a_change_keeps_to_its_lines(tmp_path: Path) -> None:
    code = changed(tmp_path, "\n\n\ndef f(x):\n    def g():\n        return 1\n    return g() + x\n", "+ x", "- x")
    assert result(code, 3) == -2
    assert [c.co_firstlineno for c in (code, *code.co_consts) if hasattr(c, "co_firstlineno")] == [4, 5]


REFUSED = {
    "a default": ("def f(x=1): return x\n", "x=1", "x=2"),
    "an argument": ("def f(x): return x\n", "(x)", "(x, y=1)"),
    "the name": ("def f(x): return x\n", "f(", "g("),
    "an annotation": ("def f(x: int): return x\n", "int", "str"),
    "the docstring": ('def f(x):\n    """Old."""\n    return x\n', "Old", "New"),
    "a new docstring": ("def f(x):\n    return x\n", "    return x", "    'New.'\n    return x"),
    "a decorated function becomes a generator": ("@print\ndef f(x):\n    return x\n", "return", "yield"),
    "a decorated function takes another argument": ("@print\ndef f(x):\n    return x\n", "(x)", "(y)"),
    "a first super()": ("class A:\n    def f(self):\n        return 1\n", "return 1", "return super().f()"),
    "what stands behind it": ("def f(x):\n    return x\n", "return x\n", "return x\ny = 1\n"),
    "a second method": ("class A:\n    def f(self):\n        return 1\n", "return 1\n", "return 1\n    y = 2\n"),
    "its last line end": ("def f(x):\n    return x\ny = 1\n", "return x\n", "return x; "),
    "code of the module": ("y = 1\ndef f(x):\n    return x\n", "y = 1", "y = 2"),
}


def test_the_arguments_and_the_kind_of_a_plain_function_may_change(tmp_path: Path) -> None:
    text = "def f(x):\n    return x\n"
    assert changed(tmp_path, text, "(x)", "(y)").co_varnames == ("y",)
    assert inspect.isgeneratorfunction(types.FunctionType(changed(tmp_path, text, "return", "yield"), {}))


@pytest.mark.parametrize("new", ["return (", "return x +", "while x", "return '"])
def test_what_does_not_compile_in_the_file_either_is_known_to_be_broken(tmp_path: Path, new: str) -> None:
    assert changed(tmp_path, "def f(x):\n    return x\n\n\ny = 1\n", "return x", new) is BROKEN


@pytest.mark.parametrize("what", REFUSED)
def test_a_change_of_more_than_the_body_is_refused(tmp_path: Path, what: str) -> None:
    text, old, new = REFUSED[what]
    assert changed(tmp_path, text, old, new) is None


def test_a_change_in_two_functions_is_refused(tmp_path: Path) -> None:
    found = source(tmp_path, "def f():\n    return 1\n\ndef g():\n    return 2\n")
    one, two = found.text.index("1"), found.text.index("2")
    assert found.function([[one, one + 1, "3"], [two, two + 1, "4"]]) is None


def test_edits_that_overlap_are_refused(tmp_path: Path) -> None:
    found = source(tmp_path, "def f():\n    return 11\n")
    at = found.text.index("11")
    assert only(found).change([[at, at + 2, "3"], [at + 1, at + 2, "4"]]) is None


def test_a_decorator_that_may_keep_a_copy_of_the_code_is_not_plain(tmp_path: Path) -> None:
    text = textwrap.dedent("""
        import functools
        class A:
            @property
            @functools.lru_cache(maxsize=None)
            def f(self):
                return 1
            @njit
            def g(self):
                return 1
        """)
    assert [function.is_plain() for function in source(tmp_path, text).functions] == [True, False]
