"""Wires the loop to the nets, the judge and the store; runs in a process of its own for the editor."""
