from __future__ import annotations

from collections.abc import Callable
from functools import reduce

from trm_lsp.core.events import AnyEvent
from trm_lsp.core.verdict import Verdict
from trm_lsp.learning import Statistics, markdown, observe

Happened = Callable[..., AnyEvent]
Judged = Callable[..., Verdict]


def check(*events: AnyEvent) -> str:
    return markdown(reduce(observe, events, Statistics()))


def test_it_shows_rates_with_how_far_to_trust_them(happened: Happened, verdict: Judged) -> None:
    document = check(
        happened("step", verdict=verdict(failing=0), skills=("compare",)),
        happened("halted", depth=1),
        happened("step", verdict=verdict(failing=3), skills=("guard",), best=False, run="run-2"),
        happened("halted", decision="budget", depth=16, task_type="fix/timeout", run="run-2"),
        happened("halted", depth=2, T=1, n=1, run="run-3"),
    )
    assert (
        document
        == """\
# What this workspace has learned

## Task types

| task type | success | 95 % interval | n_eff | depth | runs | solved |
| --- | --- | --- | --- | --- | --- | --- |
| `fix/assertion` | 100 % | 34 to 100 % | 2.0 | 1.5 | 2 | 2 |
| `fix/timeout` | 0 % | 0 to 79 % | 1.0 | none solved | 1 | 0 |

## Best skills

| skill | confidence | 95 % interval | n_eff | uses |
| --- | --- | --- | --- | --- |
| `compare` | 100 % | 21 to 100 % | 1.0 | 1 |
| `guard` | 0 % | 0 to 79 % | 1.0 | 1 |

## Depth

| task type | net | T | n | depth | solved | cut short |
| --- | --- | --- | --- | --- | --- | --- |
| `fix/assertion` | repair | 3 | 6 | 1.0 | 1 | 0 |
| `fix/assertion` | repair | 1 | 1 | 2.0 | 1 | 0 |
| `fix/timeout` | repair | 3 | 6 | none solved | 0 | 1 |

n_eff is how many equally weighted samples the average is worth, and the interval is Wilson's at 95 % for that many. \
Depth is in supervision steps and knows solved runs alone, so it is too low where runs are cut short.

Every rate is an exponential moving average (EMA) over success statistics, in which recent runs count more; \
the EMA of the Tiny Recursive Model's paper is over weights, and this one shares only the name and the arithmetic.
"""
    )


def test_an_empty_workspace_gets_one_honest_sentence() -> None:
    assert check() == (
        "# What this workspace has learned\n\nNothing yet: no run here has ended with a word from the tests.\n"
    )


def test_a_skill_that_proved_itself_often_leads_one_that_was_lucky_once(happened: Happened, verdict: Judged) -> None:
    proven = [happened("step", run=f"run-{i}", verdict=verdict(failing=0), skills=("proven",)) for i in range(9)]
    failed = happened("step", run="run-f", verdict=verdict(failing=3), skills=("proven",), best=False)
    lucky = happened("step", run="run-l", verdict=verdict(failing=0), skills=("lucky",))
    document = check(failed, *proven, lucky)
    assert document.index("`proven`") < document.index("`lucky`")


def test_a_cancelled_run_alone_is_no_task_type_with_a_rate(happened: Happened) -> None:
    document = check(happened("halted", decision="cancelled", depth=2))
    assert "## Task types" not in document
    assert "| `fix/assertion` | repair | 3 | 6 | none solved | 0 | 1 |" in document


def test_a_name_cannot_break_the_table(happened: Happened) -> None:
    assert "| `fix/a/b` |" in check(happened("halted", task_type="fix/a|b"))
