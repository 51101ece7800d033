"""Scope: the series that a feed's rows belong to."""

import re
from collections.abc import Iterator

import polars as pl

from runout.clock import format_duration
from runout.records import Series
from runout.records.series import Capture
from runout.sources.coinglass.feed import Feed
from runout.sources.coinglass.names import File

SCOPE = ("coin", "venue", "instrument")
_PLACEHOLDER = re.compile(r"\{(\w+)\}")


def identifier(feed: Feed, file: File) -> pl.Expr:
    """Return the series identifier of each row of a frame."""
    columns = [pl.col(name).str.to_lowercase() for name in _PLACEHOLDER.findall(feed.scope)]
    step = format_duration(file.step) if file.step else "irregular"
    scope = _PLACEHOLDER.sub("{}", feed.scope)
    return pl.format(f"coinglass/{feed.kind}/{{}}/{scope}/{step}", pl.col("coin"), *columns)


def series_of(feed: Feed, file: File, rows: pl.DataFrame) -> Iterator[Series]:
    """Return the series that occur in a frame, with their scope."""
    scopes = rows.with_columns(series=identifier(feed, file)).select("series", *SCOPE).unique().drop_nulls()
    for series, coin, venue, instrument in scopes.sort("series").iter_rows():
        venues = feed.venues or (venue,)
        words = {"{coin}": coin, "{instrument}": instrument}
        yield Series(
            series=series,
            kind=feed.kind,
            provider="coinglass",
            coin=coin,
            venues=venues,
            instruments=_filled(feed.instruments, words),
            market=feed.market,
            margin=feed.margin,
            measure=feed.measure,
            feed=file.endpoint.name,
            capture=_capture(venues) if feed.kind == "liquidations" else "not-applicable",
            step=file.step,
            stamp=feed.stamp,
            publication_lag=feed.lag_at(file.step),
            note=_filled(feed.note, words),
        )


def _filled(text: str, words: dict[str, str]) -> str:
    for word, meaning in words.items():
        text = text.replace(word, meaning)
    return text


def _capture(venues: tuple[str, ...]) -> Capture:
    if {"bybit", "all"} & set(venues):
        return "capped-then-complete"
    return "capped" if {"binance", "okx"} >= set(venues) else "unknown"
