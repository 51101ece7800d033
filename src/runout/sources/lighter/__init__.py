"""Lighter: perpetuals."""

from runout.sources.lighter import normalise, rest, stream
from runout.sources.pages import folder
from runout.sources.venue import Folder

__all__ = ["venue"]


def venue() -> Folder:
    """Return the venue."""
    return folder("lighter", rest, stream, normalise.normalise)
