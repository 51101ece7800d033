"""Scope: what a series is a series of. No number leaves the product without it."""

from collections.abc import Iterable
from typing import Literal

import msgspec
import polars as pl

from runout.clock import format_duration
from runout.records.kinds import SERIES

Market = Literal["perpetual", "spot", "futures", "all-derivatives", "spot-market-cap", "on-chain", "fund", "none"]
Margin = Literal["stablecoin", "coin", "all", "none"]
Capture = Literal["complete", "capped", "capped-then-complete", "not-applicable", "unknown"]

ALL_VENUES = "all"


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """One series and its scope.

    Parameters
    ----------
    series
        Readable identifier, unique in a lake: ``provider/kind/coin/scope/step``.
    kind
        Record kind whose table holds the rows.
    provider
        Who published the figures (not the venue where they arose).
    coin
        Base asset, or ``TOTAL`` / ``TOTAL2`` for market aggregates.
    venues
        Venues inside the figure, lower case; ``("all",)`` where the provider says "all" without a list.
    instruments
        Which instruments: a symbol, or words such as ``perpetual and dated futures``.
    market, margin
        Market segment; which collateral the contracts have.
    measure
        Which quantity, where a kind has several (``global-accounts``, ``oi-weighted``); else empty.
    feed
        Endpoint, stream or file family the figures came through.
    capture
        Whether the feed shows every event: reported totals of a capped feed are floors.
    step
        Nanoseconds between rows; 0 for irregular series.
    stamp
        What the provider's own stamp is: the ``open`` of the interval, the ``instant``, or the ``day``.
    publication_lag
        Nanoseconds between the end of what a row speaks of and the moment it is known.
    note
        Caveats a reader must see beside the figure.
    synthetic
        True where no market made these figures.
    """

    series: str
    kind: str
    provider: str
    coin: str
    venues: tuple[str, ...]
    instruments: str
    market: Market
    margin: Margin = "all"
    measure: str = ""
    feed: str = ""
    capture: Capture = "not-applicable"
    step: int = 0
    stamp: Literal["open", "instant", "day"] = "open"
    publication_lag: int = 0
    note: str = ""
    synthetic: bool = False

    def scope(self) -> str:
        """Return the scope as a reader should see it.

        Examples
        --------
        >>> Series(series="x", kind="liquidations", provider="coinglass", coin="BTC", venues=("binance",),
        ...        instruments="perpetual and dated futures", market="all-derivatives", capture="capped").scope()
        'BTC, Binance, perpetual and dated futures, capped feed (at least this much), via CoinGlass'
        """
        parts = [self.coin, venue_list(self.venues), self.instruments]
        if self.margin in {"stablecoin", "coin"}:
            parts.append(f"{self.margin}-margined")
        if self.capture in {"capped", "capped-then-complete"}:
            parts.append("capped feed (at least this much)")
        parts.append("synthetic market" if self.synthetic else f"via {provider_name(self.provider)}")
        return ", ".join(parts)

    def step_text(self) -> str:
        """Return the step as text, ``irregular`` where there is none."""
        return format_duration(self.step) if self.step else "irregular"


_VENUE_NAMES = {
    "binance": "Binance", "okx": "OKX", "bybit": "Bybit", "cme": "CME", "htx": "HTX", "bitmex": "BitMEX",
    "dydx": "dYdX", "mexc": "MEXC", "bingx": "BingX", "gate": "Gate", "kucoin": "KuCoin", "coinex": "CoinEx",
    "crypto.com": "Crypto.com", "whitebit": "WhiteBIT", "hyperliquid": "Hyperliquid", "woo x": "WOO X",
}  # fmt: skip
_PROVIDER_NAMES = {
    "coinglass": "CoinGlass", "coinalyze": "Coinalyze", "binance-vision": "Binance archive",
    "cryptoquant": "CryptoQuant", "tradingview": "TradingView", "synthetic": "synthetic market",
    "runout": "our own sum",
}  # fmt: skip


def venue_name(venue: str) -> str:
    """Return a venue as it writes itself."""
    return _VENUE_NAMES.get(venue, venue.title())


def provider_name(provider: str) -> str:
    """Return a provider as it writes itself."""
    return _PROVIDER_NAMES.get(provider) or _VENUE_NAMES.get(provider, provider)


def venue_list(venues: Iterable[str]) -> str:
    """Return venues as text: ``Binance + OKX + Bybit``, or ``all venues``."""
    names = tuple(venues)
    return "all venues" if names == (ALL_VENUES,) else " + ".join(venue_name(v) for v in names)


def to_table(series: Iterable[Series]) -> pl.DataFrame:
    """Return series as rows of the ``series`` table, sorted by identifier, without repetition."""
    unique = {item.series: item for item in series}
    rows = [msgspec.structs.asdict(unique[name]) | {"venues": "+".join(unique[name].venues)} for name in sorted(unique)]

    return pl.DataFrame(rows, schema=SERIES.dtypes, orient="row")


def from_table(rows: pl.DataFrame) -> list[Series]:
    """Return the series of a ``series`` table."""
    return [
        msgspec.convert(row | {"venues": tuple(row["venues"].split("+"))}, Series) for row in rows.iter_rows(named=True)
    ]
