"""Bitget: perpetuals and dated futures margined in USDT, USDC and coins."""

from runout.sources.bitget import normalise, rest, stream
from runout.sources.pages import folder
from runout.sources.venue import Folder

__all__ = ["venue"]


def venue() -> Folder:
    """Return the venue."""
    return folder("bitget", rest, stream, normalise.normalise)
