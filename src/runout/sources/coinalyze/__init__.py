"""Coinalyze: totals of venues by day, as its exports have them and, with a free key, as it answers."""

from functools import partial

from runout.sources.coinalyze import rest
from runout.sources.coinalyze.exports import source
from runout.sources.pages import folder

__all__ = ["source", "venue"]

venue = partial(folder, "coinalyze", rest)
