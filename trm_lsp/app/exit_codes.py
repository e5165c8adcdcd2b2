"""What the command line answers with."""

PASSES = 0
"""The tests pass, or there was nothing to refine."""
NOT_SOLVED = 1
USAGE = 2
BROKEN = 3
"""The tests cannot be run here."""
INTERRUPTED = 130
