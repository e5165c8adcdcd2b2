"""`trm-lsp consent`: what the user has confirmed for a folder, shown or forgotten."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from trm_lsp.app.exit_codes import BROKEN, PASSES
from trm_lsp.store import StoreError
from trm_lsp.store.consents import Consents


def consent_command(arguments: argparse.Namespace) -> int:
    """Do as the arguments say; return the exit code. The folder need not be there any more."""
    root, consents = Path(arguments.root).resolve(), Consents()
    try:
        if arguments.forget:
            count = consents.forget(root)
            print(f"Forgot {count} answer{'s' * (count != 1)} for {root}.")
            return PASSES
        confirmed = consents.of(root)
    except StoreError as error:
        print(f"trm-lsp: {error}", file=sys.stderr)
        return BROKEN
    if not confirmed:
        print(f"Nothing is confirmed for {root}.")
    for question in confirmed:
        print(question.text, "Yes.")
        print(*(f"  {sentence}" for sentence in question.details), sep="\n")
    return PASSES
