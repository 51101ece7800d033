"""CoinGecko: capitalisation of coins and of the whole market, and shares of it."""

from functools import partial

from runout.sources.coingecko import rest
from runout.sources.pages import folder

venue = partial(folder, "coingecko", rest)
