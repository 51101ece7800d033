"""DefiLlama: coins in labelled wallets of exchanges, and the supply of stablecoins."""

from functools import partial

from runout.sources.defillama import rest
from runout.sources.pages import folder

venue = partial(folder, "defillama", rest)
