"""CoinGecko: capitalisation of coins and of the whole market, and shares of it."""

from runout.sources.coingecko import rest
from runout.sources.pages import folder
from runout.sources.venue import Folder

__all__ = ["venue"]


def venue() -> Folder:
    """Return the provider."""
    return folder("coingecko", rest)
