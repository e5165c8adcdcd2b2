"""trm-lsp: refine code until the tests pass."""

__version__ = "0.1.0"
