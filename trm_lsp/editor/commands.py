"""The names of the commands."""

from __future__ import annotations

REFINE = "trm.refine"
CANCEL = "trm.cancel"
APPLY = "trm.apply"
DISCARD = "trm.discard"
STATISTICS = "trm.statistics"
