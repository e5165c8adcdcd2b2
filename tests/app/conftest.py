"""The fixtures of small projects."""

from projects import root, temporary

__all__ = ["root", "temporary"]
