"""HTX: perpetuals of USDT."""

from functools import partial

from runout.sources.htx import normalise, rest, stream
from runout.sources.pages import folder

venue = partial(folder, "htx", rest, stream, normalise.normalise)
