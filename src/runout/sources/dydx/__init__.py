"""dYdX (version 4): perpetuals."""

from functools import partial

from runout.sources.dydx import normalise, rest, stream
from runout.sources.pages import folder

venue = partial(folder, "dydx", rest, stream, normalise.normalise)
