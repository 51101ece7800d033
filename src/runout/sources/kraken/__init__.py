"""Kraken Futures: perpetuals and dated contracts, inverse and linear."""

from functools import partial

from runout.sources.kraken import normalise, rest, stream
from runout.sources.pages import folder

venue = partial(folder, "kraken", rest, stream, normalise.normalise)
