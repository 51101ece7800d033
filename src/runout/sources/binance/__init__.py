"""Binance: the public archive's files, and the venue itself (USD-M, COIN-M and spot)."""

from runout.sources.binance import normalise, rest, stream
from runout.sources.binance.archive import COLUMNS, BinanceArchive, source
from runout.sources.pages import folder
from runout.sources.venue import Folder

__all__ = ["COLUMNS", "BinanceArchive", "source", "venue"]


def venue() -> Folder:
    """Return the venue."""
    return folder("binance", rest, stream, normalise.normalise)
