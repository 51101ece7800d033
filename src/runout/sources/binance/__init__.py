"""Binance: the public archive's files, and the venue itself (USD-M, COIN-M and spot)."""

from functools import partial

from runout.sources.binance import normalise, rest, stream
from runout.sources.binance.archive import COLUMNS, BinanceArchive, source
from runout.sources.pages import folder

__all__ = ["COLUMNS", "BinanceArchive", "source", "venue"]

venue = partial(folder, "binance", rest, stream, normalise.normalise)
