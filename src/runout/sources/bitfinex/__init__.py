"""Bitfinex: perpetuals."""

from runout.sources.bitfinex import normalise, rest, stream
from runout.sources.pages import folder
from runout.sources.venue import Folder

__all__ = ["venue"]


def venue() -> Folder:
    """Return the venue."""
    return folder("bitfinex", rest, stream, normalise.normalise)
