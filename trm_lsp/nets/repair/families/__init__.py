"""Kinds of edits. Each family is a small class with a name, a prior and its reason in words."""

from trm_lsp.nets.repair.families.base import Change, Family, Hints, Kinds, Site
from trm_lsp.nets.repair.families.blocks import BLOCKS
from trm_lsp.nets.repair.families.calls import CALLS
from trm_lsp.nets.repair.families.conditions import CONDITIONS
from trm_lsp.nets.repair.families.copies import COPIES
from trm_lsp.nets.repair.families.flow import FLOW
from trm_lsp.nets.repair.families.functions import FUNCTIONS
from trm_lsp.nets.repair.families.guards import GUARDS
from trm_lsp.nets.repair.families.imports import IMPORTS
from trm_lsp.nets.repair.families.ingredients import INGREDIENTS
from trm_lsp.nets.repair.families.missing import MISSING
from trm_lsp.nets.repair.families.names import NAMES
from trm_lsp.nets.repair.families.operators import OPERATORS
from trm_lsp.nets.repair.families.patterns import PATTERNS
from trm_lsp.nets.repair.families.sequences import SEQUENCE_FAMILIES
from trm_lsp.nets.repair.families.steps import STEPS
from trm_lsp.nets.repair.families.strings import STRINGS
from trm_lsp.nets.repair.families.syntax import SYNTAX
from trm_lsp.nets.repair.families.values import VALUES

FAMILIES: tuple[Family, ...] = (
    SYNTAX, *NAMES, *IMPORTS, *OPERATORS, *CONDITIONS, *VALUES, *STRINGS, *PATTERNS, *CALLS, *COPIES,
    *SEQUENCE_FAMILIES, *FLOW, *BLOCKS, *FUNCTIONS, *GUARDS, *STEPS, *MISSING, *INGREDIENTS,
)  # fmt: skip

__all__ = ["FAMILIES", "Change", "Family", "Hints", "Kinds", "Site"]
