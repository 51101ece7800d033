"""Aster: perpetuals, over Binance's messages."""

from runout.sources.aster import rest, stream
from runout.sources.binance import normalise
from runout.sources.pages import folder
from runout.sources.venue import Folder

__all__ = ["venue"]


def venue() -> Folder:
    """Return the venue."""
    return folder("aster", rest, stream, normalise.normalise)
