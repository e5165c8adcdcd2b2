"""The language server: the only place that names pygls or lsprotocol.

What is needed up to the initialize response imports neither pydantic nor the
engine; everything behind `session.py` is imported at the first request.
"""
