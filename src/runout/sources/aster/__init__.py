"""Aster: perpetuals, over Binance's messages."""

from functools import partial

from runout.sources.aster import rest, stream
from runout.sources.binance import normalise
from runout.sources.pages import folder

venue = partial(folder, "aster", rest, stream, normalise.normalise)
