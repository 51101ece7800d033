"""Binance's public archive as a provider: what its REST interface no longer gives, under other terms."""

from functools import partial

from runout.sources.binance_vision import rest
from runout.sources.pages import folder

venue = partial(folder, "binance_vision", rest)
