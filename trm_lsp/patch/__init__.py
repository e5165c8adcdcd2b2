"""Edits on source ranges, the diffs and hunks they amount to, and positions in a text."""
