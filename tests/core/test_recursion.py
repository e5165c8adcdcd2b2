"""The recursion is the paper's: T cycles of n updates of z with x, each followed by one of y without."""

from __future__ import annotations

import pytest
from fakes import BASE, FakeJudge, ScriptedNet, candidate, task_of, verdict
from hypothesis import given
from hypothesis import strategies as st

from trm_lsp.core.ports import X
from trm_lsp.core.recursion import recursion
from trm_lsp.core.state import Candidate, Reasoning

x = task_of(BASE, FakeJudge(BASE, lambda texts, tier: verdict("passed")), verdict("failed"))


def counted(x: X, y: Candidate, z: Reasoning) -> Reasoning:
    return z.model_copy(update={"tried": z.tried + 1})


def check(T: int, n: int, expected: str) -> None:
    """Which calls were made: `z` for an update of z, `y` for one of y."""
    net = ScriptedNet(think=counted)
    for _ in recursion(net, x, candidate("base\n"), Reasoning(), T=T, n=n):
        pass
    assert "".join("z" if len(call) == 3 else "y" for call in net.calls) == expected


@pytest.mark.parametrize(
    ("T", "n", "expected"), [(1, 1, "zy"), (3, 6, "zzzzzzyzzzzzzyzzzzzzy"), (2, 3, "zzzyzzzy"), (3, 1, "zyzyzy")]
)
def test_each_cycle_is_n_updates_of_z_and_then_one_of_y(T: int, n: int, expected: str) -> None:
    check(T, n, expected)


@given(st.integers(1, 6), st.integers(1, 6))
def test_the_net_is_called_with_x_n_times_a_cycle_and_without_once(T: int, n: int) -> None:
    net = ScriptedNet(think=counted)
    updates = list(recursion(net, x, candidate("base\n"), Reasoning(), T=T, n=n))
    assert sum(isinstance(call[0], X) for call in net.calls) == T * n
    assert sum(len(call) == 2 for call in net.calls) == T
    assert [(u.cycle, u.i) for u in updates] == [(c, i) for c in range(1, T + 1) for i in (*range(1, n + 1), 0)]


def test_a_y_update_gets_nothing_that_could_run_code() -> None:
    net = ScriptedNet(["one\n"], think=counted)
    list(recursion(net, x, candidate("base\n"), Reasoning(), T=1, n=2))
    (handed,) = [call for call in net.calls if len(call) == 2]
    assert [type(part) for part in handed] == [Candidate, Reasoning]


def test_z_carries_over_the_cycles_and_y_reaches_the_next_updates_of_z() -> None:
    net = ScriptedNet(["one\n", "two\n"], think=counted)
    *_, last = recursion(net, x, candidate("base\n"), Reasoning(), T=2, n=2)
    seen = [(y.texts["m.py"], z.tried) for *_, y, z in net.calls]
    assert seen == [("base\n", 0), ("base\n", 1), ("base\n", 2), ("one\n", 2), ("one\n", 3), ("one\n", 4)]
    assert (last.y.texts["m.py"], last.z.tried) == ("two\n", 4)


def test_nothing_is_computed_before_it_is_asked_for() -> None:
    net = ScriptedNet(think=counted)
    updates = recursion(net, x, candidate("base\n"), Reasoning(), T=3, n=6)
    next(updates)
    assert len(net.calls) == 1
