"""Hyperliquid: perpetuals of the main exchange."""

from runout.sources.hyperliquid import normalise, rest, stream
from runout.sources.pages import folder
from runout.sources.venue import Folder

__all__ = ["venue"]


def venue() -> Folder:
    """Return the venue."""
    return folder("hyperliquid", rest, stream, normalise.normalise)
