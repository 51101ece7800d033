"""Hyperliquid: perpetuals of the main exchange."""

from functools import partial

from runout.sources.hyperliquid import normalise, rest, stream
from runout.sources.pages import folder

venue = partial(folder, "hyperliquid", rest, stream, normalise.normalise)
