"""Gate: perpetuals margined in USDT, and in BTC."""

from functools import partial

from runout.sources.gate import normalise, rest, stream
from runout.sources.pages import folder

venue = partial(folder, "gate", rest, stream, normalise.normalise)
