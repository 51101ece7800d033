"""Lighter: perpetuals."""

from functools import partial

from runout.sources.lighter import normalise, rest, stream
from runout.sources.pages import folder

venue = partial(folder, "lighter", rest, stream, normalise.normalise)
