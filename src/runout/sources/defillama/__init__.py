"""DefiLlama: coins in labelled wallets of exchanges, and the supply of stablecoins."""

from runout.sources.defillama import rest
from runout.sources.pages import folder
from runout.sources.venue import Folder

__all__ = ["venue"]


def venue() -> Folder:
    """Return the provider."""
    return folder("defillama", rest)
