"""Bitget: perpetuals and dated futures margined in USDT, USDC and coins."""

from functools import partial

from runout.sources.bitget import normalise, rest, stream
from runout.sources.pages import folder

venue = partial(folder, "bitget", rest, stream, normalise.normalise)
