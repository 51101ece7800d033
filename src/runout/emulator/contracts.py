"""Contracts of the emulated venues: which share of which simulated market each trades, in which unit."""

import math
import zlib
from typing import Literal

import msgspec

from runout.synthetic.world import COINS

Kind = Literal["linear", "inverse", "spot", "quarterly"]

MARKETS: dict[str, tuple[int, float]] = {
    "binance": (0, 0.78), "aster": (0, 0.05), "mexc": (0, 0.17),
    "okx": (1, 0.58), "deribit": (1, 0.14), "kraken": (1, 0.10), "htx": (1, 0.12), "bitfinex": (1, 0.06),
    "bybit": (2, 0.50), "gate": (2, 0.20), "bitget": (2, 0.22), "bingx": (2, 0.08),
    "hyperliquid": (3, 0.80), "lighter": (3, 0.14), "dydx": (3, 0.06),
}  # fmt: skip
"""Which simulated venue each emulated venue is a part of, and which share of its accounts and turnover. The rules of
the simulated venue (mark price, fees, tiers, backstop) are those of all its parts."""

TIERS = (
    (300_000, 0.0033, 150, 0), (2_000_000, 0.005, 100, 510), (10_000_000, 0.01, 50, 10_510),
    (50_000_000, 0.025, 20, 160_510),
)  # fmt: skip
"""Maintenance table that emulated venues publish of every contract of dollars: where a tier ends, rate, leverage,
deduction. What liquidates accounts of the simulated market are tables of its own, of other sizes."""

FIRST_PRICES = {coin.name: coin.price for coin in COINS}


class Contract(msgspec.Struct, frozen=True, kw_only=True):
    """One contract or pair as a venue lists it.

    Parameters
    ----------
    venue, symbol, coin, kind
        The venue, its own name, base asset, and what it is.
    share
        Of the venue's coins open and traded in this coin.
    digits
        Decimals of a price; its last digit is the tick.
    step
        Smallest size in the venue's own unit (coins, contracts or dollars).
    unit_base
        Coins in one unit of size; 0 where the unit is dollars.
    unit_usd
        Dollars in one unit of size; 0 where the unit is coins.
    multiplier
        Coins whose price is quoted: 1000 for 1000PEPEUSDT.
    funding_hours
        Hours between settlements.
    listed, delisted
        UTC ns; 0: always.
    """

    venue: str
    symbol: str
    coin: str
    kind: Kind = "linear"
    share: float = 1.0
    digits: int = 2
    step: float = 0.001
    unit_base: float = 1.0
    unit_usd: float = 0.0
    multiplier: float = 1.0
    funding_hours: float = 8.0
    listed: int = 0
    delisted: int = 0

    @property
    def key(self) -> str:
        """Return what names it among the contracts of its venue."""
        return f"{self.kind}:{self.symbol}"

    @property
    def number(self) -> int:
        """Return the key of its random draws."""
        return zlib.crc32(f"{self.venue}:{self.key}".encode())

    @property
    def place(self) -> int:
        """Return the simulated venue whose price it follows; the spot market is the last."""
        return -1 if self.kind == "spot" else MARKETS[self.venue][0]

    @property
    def size_digits(self) -> int:
        """Return the decimals of a size."""
        return max(0, -math.floor(math.log10(self.step) + 1e-9))

    def price_text(self, ticks: int) -> str:
        """Return a price in ticks as the venue writes it."""
        return f"{ticks / 10**self.digits:.{self.digits}f}"

    def size_text(self, steps: int) -> str:
        """Return a size in steps as the venue writes it."""
        return f"{steps * self.step:.{self.size_digits}f}"


def price_digits(coin: str) -> int:
    """Return the decimals that a price of the coin is quoted in: six figures before the market begins to move.

    Examples
    --------
    >>> price_digits("BTC"), price_digits("XRP")
    (1, 6)
    """
    return min(max(5 - math.floor(math.log10(FIRST_PRICES[coin])), 0), 10)


def size_step(coin: str) -> float:
    """Return the smallest size of a coin that linear contracts trade, in coins.

    Examples
    --------
    >>> size_step("BTC"), size_step("DOGE")
    (0.001, 1.0)
    """
    return 10.0 ** -min(max(math.floor(math.log10(FIRST_PRICES[coin])) - 1, 0), 6)
