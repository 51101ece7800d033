"""Maintenance tables as venues publish them, to rows: one form for all whose tiers are brackets of dollars."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import msgspec
import polars as pl

from runout.sources.candidates import Candidates, series_of

DAY_SECONDS: Final = 86_400.0
"""Between two looks: venues announce changes days ahead."""
_LEAST_USD, _LEAST_SHARE = 1.0, 0.005  # by which a published deduction may differ from the sum of the tiers below


class Tier(msgspec.Struct, frozen=True, kw_only=True):
    """A tier of a contract.

    Parameters
    ----------
    floor
        Dollars of notional above which it begins.
    rate, max_leverage
        Maintenance margin over the notional in the tier; highest leverage.
    deduction
        Dollars that the rate of the whole position takes too much, as published; null where it is not.
    """

    floor: float
    rate: float
    max_leverage: float
    deduction: float | None = None


def below(caps: Sequence[float]) -> list[float]:
    """Return where tiers begin that are published by where they end."""
    return [0.0, *caps[:-1]]


def add_tiers(candidates: Candidates, symbol: str, tiers: Sequence[Tier], feed: str) -> None:
    """Add a contract's table, as of the moment of the answer; contracts of coin margin and unknown ones are left out.

    A table whose rates do not rise with its floors, or whose published deductions do not follow from them, is refused
    whole: its venue reckons in another way.

    Parameters
    ----------
    candidates
        Where the rows go; the answer is its one payload.
    symbol, tiers
        The venue's symbol and its table, in order.
    feed
        Endpoint.
    """
    instrument = candidates.instruments.get(symbol)
    if instrument is None or instrument.margin != "stablecoin" or not tiers:
        return
    if fault := _fault(tiers):
        candidates.refused.append((0, f"margin tiers of {symbol}: {fault}", candidates.payloads[0]))
        return
    series = series_of(instrument, "margin_tiers", measure="brackets", feed=feed, instant=True)
    candidates.describe(series)
    at = int(candidates.received[0])
    rows = pl.DataFrame({
        "row": 0, "series": series.series, "coin": series.coin, "event_time": at, "span": 0, "known_time": at,
        "tier": list(range(1, len(tiers) + 1)), "floor_usd": [tier.floor for tier in tiers],
        "rate": [tier.rate for tier in tiers], "max_leverage": [tier.max_leverage for tier in tiers],
    })  # fmt: skip
    candidates.add("margin_tiers", rows)


def _fault(tiers: Sequence[Tier]) -> str:
    amount = 0.0
    for number, (before, tier) in enumerate(pairwise(tiers), 2):
        if not (tier.floor > before.floor and tier.rate > before.rate):
            return f"expected floor and rate of tier {number} to rise, found {tier.floor:g} and {tier.rate:g}"
        amount += tier.floor * (tier.rate - before.rate)
        if tier.deduction is not None and abs(tier.deduction - amount) > max(_LEAST_USD, _LEAST_SHARE * amount):
            return f"expected a deduction of {amount:g} in tier {number}, found {tier.deduction:g}"
    return ""
