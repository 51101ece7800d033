"""Coinalyze: totals of venues by day, as its exports have them and, with a free key, as it answers."""

from runout.sources.coinalyze import rest
from runout.sources.coinalyze.exports import source
from runout.sources.pages import folder
from runout.sources.venue import Folder

__all__ = ["source", "venue"]


def venue() -> Folder:
    """Return the provider as it answers over the wire."""
    return folder("coinalyze", rest)
