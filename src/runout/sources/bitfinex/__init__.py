"""Bitfinex: perpetuals."""

from functools import partial

from runout.sources.bitfinex import normalise, rest, stream
from runout.sources.pages import folder

venue = partial(folder, "bitfinex", rest, stream, normalise.normalise)
