"""dYdX (version 4): perpetuals."""

from runout.sources.dydx import normalise, rest, stream
from runout.sources.pages import folder
from runout.sources.venue import Folder

__all__ = ["venue"]


def venue() -> Folder:
    """Return the venue."""
    return folder("dydx", rest, stream, normalise.normalise)
