"""Binance's public archive as a provider: what its REST interface no longer gives, under other terms."""

from runout.sources.binance_vision import rest
from runout.sources.pages import folder
from runout.sources.venue import Folder

__all__ = ["venue"]


def venue() -> Folder:
    """Return the provider."""
    return folder("binance_vision", rest)
