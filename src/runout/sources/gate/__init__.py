"""Gate: perpetuals margined in USDT, and in BTC."""

from runout.sources.gate import normalise, rest, stream
from runout.sources.pages import folder
from runout.sources.venue import Folder

__all__ = ["venue"]


def venue() -> Folder:
    """Return the venue."""
    return folder("gate", rest, stream, normalise.normalise)
