"""Which tests are meant by ids, files and folders."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from trm_lsp.judging.ids import selects
from trm_lsp.zygote.main import load_package

load_package()

from _trm_zygote.screening import is_chosen  # noqa: E402

names = st.sampled_from(["a", "b", "test_a.py", "test_a", "a.py", "[x", "A", "a::b/c"])
ids = st.lists(st.tuples(st.sampled_from(["/", "::", "["]), names), max_size=4).map(
    lambda parts: "".join(sign + name for sign, name in parts).lstrip("/:[") or "a"
)


@given(ids, st.frozensets(ids, max_size=4))
def test_the_test_process_means_the_same_tests_as_the_engine(test: str, chosen: frozenset[str]) -> None:
    assert is_chosen(test, chosen) == selects(chosen, test)


class Counted(frozenset[str]):
    asked = 0

    def __contains__(self, item: object) -> bool:
        self.asked += 1
        return super().__contains__(item)

    def __iter__(self) -> None:  # type: ignore[override]
        raise AssertionError("every one of them is looked at")


def test_a_test_is_not_compared_with_all_that_are_chosen() -> None:
    chosen = Counted(f"tests/test_{number}.py::test" for number in range(1000))
    assert not is_chosen("tests/test_a.py::TestA::test_b[1/2]", chosen)
    assert chosen.asked <= 7
