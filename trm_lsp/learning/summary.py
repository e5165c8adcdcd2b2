"""The document the user reads: what the workspace has learned, and how far to trust it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from trm_lsp.learning.ema import Ema
from trm_lsp.learning.interval import Interval, wilson
from trm_lsp.learning.statistics import Depth, Skill, Statistics, TaskType

SKILLS_SHOWN = 10

TITLE = "# What this workspace has learned"
NOTHING_YET = "Nothing yet: no run here has ended with a word from the tests."
HONESTY = (
    "Every rate is an exponential moving average (EMA) over success statistics, in which recent runs count more; "
    "the EMA of the Tiny Recursive Model's paper is over weights, and this one shares only the name and the arithmetic."
)
LEGEND = (
    "n_eff is how many equally weighted samples the average is worth, and the interval is Wilson's at 95 % for that "
    "many. Depth is in supervision steps and knows solved runs alone, so it is too low where runs are cut short."
)


def markdown(stats: Statistics) -> str:
    """The statistics as a Markdown document; an empty workspace gets a sentence, not empty tables."""
    sections = [section for section in (_task_types(stats), _skills(stats), _depths(stats)) if section]
    body = [*sections, LEGEND, HONESTY] if sections else [NOTHING_YET]
    return "\n\n".join([TITLE, *body]) + "\n"


def _task_types(stats: Statistics) -> str:
    rows = [_task_type_row(name, known) for name, known in sorted(stats.task_types.items()) if known.runs]
    return _section("Task types", ("task type", "success", "95 % interval", "n_eff", "depth", "runs", "solved"), rows)


def _task_type_row(name: str, known: TaskType) -> tuple[str, ...]:
    return (_code(name), *_rate(known.success), _steps(known.depth), str(known.runs), str(known.solved))


def _skills(stats: Statistics) -> str:
    best = sorted(stats.skills.items(), key=lambda skill: (-_interval(skill[1].confidence).low, skill[0]))
    rows = [_skill_row(name, known) for name, known in best[:SKILLS_SHOWN]]
    return _section("Best skills", ("skill", "confidence", "95 % interval", "n_eff", "uses"), rows)


def _skill_row(name: str, known: Skill) -> tuple[str, ...]:
    return (_code(name), *_rate(known.confidence), str(known.uses))


def _depths(stats: Statistics) -> str:
    rows = [
        _depth_row(name, depth)
        for name, known in sorted(stats.task_types.items())
        for depth in known.depths
        if depth.steps.count or depth.cut_short
    ]
    return _section("Depth", ("task type", "net", "T", "n", "depth", "solved", "cut short"), rows)


def _depth_row(name: str, depth: Depth) -> tuple[str, ...]:
    counts = (depth.steps.count, depth.cut_short)
    return (_code(name), depth.net, str(depth.T), str(depth.n), _steps(depth.steps), *map(str, counts))


def _rate(ema: Ema) -> tuple[str, str, str]:
    """The rate, its interval and its effective samples: never one without the others."""
    low, high = _interval(ema)
    rate = max(0.0, ema.value)  # rounding may leave a zero a hair below, and the user would read "-0 %"
    return f"{100 * rate:.0f} %", f"{100 * low:.0f} to {100 * high:.0f} %", f"{ema.effective_samples:.1f}"


def _interval(ema: Ema) -> Interval:
    return wilson(ema.value, ema.effective_samples)


def _steps(ema: Ema) -> str:
    return f"{ema.value:.1f}" if ema.count else "none solved"


def _code(name: str) -> str:
    return f"`{name.replace('|', '/')}`"


def _section(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join([f"## {title}", "", *_table(header, rows)]) if rows else ""


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    for cells in (header, ["---"] * len(header), *rows):
        yield f"| {' | '.join(cells)} |"
