"""OKX: swaps and dated futures."""

from functools import partial

from runout.sources.okx import normalise, rest, stream
from runout.sources.pages import folder

venue = partial(folder, "okx", rest, stream, normalise.normalise)
