"""Kinds of edits. Each family is a small class with a name, a prior and its reason in words."""

from trm_lsp.nets.repair.families.base import Change, Family, Hints, Site
from trm_lsp.nets.repair.families.calls import CALLS
from trm_lsp.nets.repair.families.names import NAMES
from trm_lsp.nets.repair.families.operators import OPERATORS
from trm_lsp.nets.repair.families.statements import STATEMENTS
from trm_lsp.nets.repair.families.values import VALUES

FAMILIES: tuple[Family, ...] = (*OPERATORS, *VALUES, *NAMES, *CALLS, *STATEMENTS)

__all__ = ["FAMILIES", "Change", "Family", "Hints", "Site"]
