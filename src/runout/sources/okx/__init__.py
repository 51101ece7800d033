"""OKX: swaps and dated futures."""

from runout.sources.okx import normalise, rest, stream
from runout.sources.pages import folder
from runout.sources.venue import Folder

__all__ = ["venue"]


def venue() -> Folder:
    """Return the venue."""
    return folder("okx", rest, stream, normalise.normalise)
