"""Bybit: linear and inverse contracts."""

from runout.sources.bybit import normalise, rest, stream
from runout.sources.pages import folder
from runout.sources.venue import Folder

__all__ = ["venue"]


def venue() -> Folder:
    """Return the venue."""
    return folder("bybit", rest, stream, normalise.normalise)
