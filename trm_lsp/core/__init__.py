"""The loop, pure: state, ports, recursion, supervision, halting, events.

No clock, disk, vendor or editor is named here. The letters are the paper's:
x is the task, y the candidate answer, z the reasoning.
"""
