"""Deribit: perpetuals and dated futures, inverse and linear."""

from functools import partial

from runout.sources.deribit import normalise, rest, stream
from runout.sources.pages import folder

venue = partial(folder, "deribit", rest, stream, normalise.normalise)
