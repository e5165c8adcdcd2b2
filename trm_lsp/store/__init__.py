"""What remembers: an append-only log of events in SQLite, and the statistics read from it."""

from trm_lsp.store.errors import StoreError
from trm_lsp.store.log import EventLog

__all__ = ["EventLog", "StoreError"]
