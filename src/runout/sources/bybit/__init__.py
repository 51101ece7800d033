"""Bybit: linear and inverse contracts."""

from functools import partial

from runout.sources.bybit import normalise, rest, stream
from runout.sources.pages import folder

venue = partial(folder, "bybit", rest, stream, normalise.normalise)
