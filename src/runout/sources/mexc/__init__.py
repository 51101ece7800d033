"""MEXC: open interest of perpetuals."""

from runout.sources.mexc import rest
from runout.sources.pages import folder
from runout.sources.venue import Folder

__all__ = ["venue"]


def venue() -> Folder:
    """Return the venue."""
    return folder("mexc", rest)
