"""Deribit: perpetuals and dated futures, inverse and linear."""

from runout.sources.deribit import normalise, rest, stream
from runout.sources.pages import folder
from runout.sources.venue import Folder

__all__ = ["venue"]


def venue() -> Folder:
    """Return the venue."""
    return folder("deribit", rest, stream, normalise.normalise)
