"""Measurements beside their targets. They never fail: what is too much is for the reader to see."""
