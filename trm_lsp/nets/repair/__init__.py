"""The embedded net: a program-repair engine that needs no key, no model and no network."""

from trm_lsp.nets.repair.net import RepairNet

__all__ = ["RepairNet"]
