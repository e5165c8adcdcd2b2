"""Runs the user's tests on candidates: in the user's interpreter, on an isolated copy."""
