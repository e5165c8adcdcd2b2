"""`python -m trm_lsp.editor`: the language server on stdin and stdout."""

from __future__ import annotations

from trm_lsp.editor.server import main

main()
