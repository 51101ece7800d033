"""HTX: perpetuals of USDT."""

from runout.sources.htx import normalise, rest, stream
from runout.sources.pages import folder
from runout.sources.venue import Folder

__all__ = ["venue"]


def venue() -> Folder:
    """Return the venue."""
    return folder("htx", rest, stream, normalise.normalise)
