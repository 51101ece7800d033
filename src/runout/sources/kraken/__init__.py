"""Kraken Futures: perpetuals and dated contracts, inverse and linear."""

from runout.sources.kraken import normalise, rest, stream
from runout.sources.pages import folder
from runout.sources.venue import Folder

__all__ = ["venue"]


def venue() -> Folder:
    """Return the venue."""
    return folder("kraken", rest, stream, normalise.normalise)
