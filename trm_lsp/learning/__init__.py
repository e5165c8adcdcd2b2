"""What the log teaches: success and depth per task type, confidence per skill. Pure."""

from trm_lsp.learning.ema import Ema
from trm_lsp.learning.interval import Interval, wilson
from trm_lsp.learning.statistics import TEACHING, Depth, Skill, Statistics, TaskType, observe
from trm_lsp.learning.step import learn
from trm_lsp.learning.summary import markdown

__all__ = [
    "TEACHING",
    "Depth",
    "Ema",
    "Interval",
    "Skill",
    "Statistics",
    "TaskType",
    "learn",
    "markdown",
    "observe",
    "wilson",
]
