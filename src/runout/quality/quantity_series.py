"""Views of a series that the checks share: its rows, and each quantity of it as an array over time."""

import msgspec
import numpy as np
import polars as pl

from runout.quality.audit_findings import Times, Values
from runout.records import KINDS, Series

LEVELS: dict[str, tuple[str, ...]] = {
    "bars": ("close", "volume_base", "volume_usd"),
    "liquidations": ("long_usd", "short_usd"),
    "open_interest": ("open_interest_base", "open_interest_usd"),
    "funding": ("rate",),
    "positioning": ("long_share",),
    "taker_flow": ("buy_usd", "sell_usd"),
    "depth": ("bid_usd", "ask_usd"),
    "premium": ("rate",),
    "market_caps": ("market_cap_usd", "dominance"),
    "reserves": ("reserve_base",),
    "fund_flows": ("flow_usd",),
}
"""The quantities of each kind that are judged over time."""

FLOWS = frozenset({"bars", "liquidations", "taker_flow"})
"""Kinds whose rows add up over an interval, so that an unfinished interval shows too little."""


class Observed(msgspec.Struct, frozen=True):
    """One series and its latest rows, sorted by event time."""

    series: Series
    rows: pl.DataFrame

    @property
    def times(self) -> Times:
        """Distinct event times, ascending."""
        return np.unique(self.rows["event_time"].to_numpy())


class Track(msgspec.Struct, frozen=True):
    """One quantity over time: ``values[i]`` at ``times[i]``, NaN where not observed."""

    name: str
    times: Times
    values: Values

    def observed(self) -> "Track":
        """Return the track without the moments at which nothing was observed."""
        seen = np.isfinite(self.values)
        return Track(self.name, self.times[seen], self.values[seen])


def tracks(observed: Observed) -> list[Track]:
    """Return every quantity of a series over time; liquidations by side, depth by band."""
    kind = observed.series.kind
    if kind == "liquidations":
        return list(sides(observed))
    if kind == "depth":
        parts = observed.rows.partition_by("band", maintain_order=True)
        return [track for rows in parts for track in _columns(rows, LEVELS[kind])]
    return _columns(observed.rows, LEVELS.get(kind, ()))


def sides(observed: Observed) -> tuple[Track, Track]:
    """Return dollars of longs and of shorts liquidated, summed by event time; null where a side has no row."""
    rows = observed.rows
    times = observed.times
    results: list[Track] = []
    for side in ("long", "short"):
        own = rows.filter(pl.col("liquidated_side") == side)
        place = np.searchsorted(times, own["event_time"].to_numpy())
        value = own["value_usd"].to_numpy()
        total = np.bincount(place, weights=value, minlength=len(times))
        present = np.bincount(place, minlength=len(times)) > 0
        results.append(Track(f"{side}_usd", times, np.where(present, total, np.nan)))
    return results[0], results[1]


def column(observed: Observed, name: str) -> Track:
    """Return one column of a series that has one row for each event time."""
    return _columns(observed.rows, (name,), keep_empty=True)[0]


def at(track: Track, times: Times) -> Values:
    """Return the values of a track at exactly these moments, NaN where it has none."""
    if len(track.times) == 0:
        return np.full(len(times), np.nan)
    place = np.minimum(np.searchsorted(track.times, times), len(track.times) - 1)
    return np.where(track.times[place] == times, track.values[place], np.nan)


def main_columns(kind: str) -> list[str]:
    """Return the number columns of a kind that are not required: a row without any of them says nothing."""
    schema = KINDS[kind]
    numbers = [c for c in schema.columns if c.type == "float" and c.name not in schema.key]
    return [] if any(c.required for c in numbers) else [c.name for c in numbers if c.name != "price"]


def _columns(rows: pl.DataFrame, names: tuple[str, ...], *, keep_empty: bool = False) -> list[Track]:
    times = rows["event_time"].to_numpy()
    results = [Track(name, times, rows[name].to_numpy()) for name in names]
    return [track for track in results if keep_empty or np.isfinite(track.values).any()]
