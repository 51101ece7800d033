"""Coinalyze: daily BTC liquidations, open interest and funding, a column an instrument (``BTC/USDT - Binance``).

The exports carry the date a daily bar *opens* (each column was correlated with the price returns of the day before, of
the same and of the day after: only the same day answers), so a row is known at the end of its date. The contract behind
a column follows from its name: ``BTC/USD`` is coin-margined but for the exceptions below, all else is
stablecoin-margined. Where a venue has two contracts of one name, pandas numbered the second ``.1`` in an order that
differs from file to file; open interest tells them apart, since coin-margined contracts are whole dollars.
"""

import re
from typing import Literal

import msgspec
import polars as pl

from runout.clock import NANOSECONDS_PER_DAY
from runout.errors import SchemaError
from runout.records import Series
from runout.records.series import Capture, Margin
from runout.sources.content import Content, number, read_delimited, require_columns, unread
from runout.sources.protocol import Document, Normalised, check_rows
from runout.sources.stamps import moment

_FILES: dict[str, Literal["liquidations", "open_interest", "funding"]] = {
    "liquidation_history.csv": "liquidations",
    "open_interest_history.csv": "open_interest",
    "funding_rate_history.csv": "funding",
}
_COLUMN = re.compile(
    r"(?P<coin>[A-Z0-9]+)/(?P<quote>[A-Z]+) - (?P<venue>[^_]+?)(?P<second>\.\d+)?(?:_(?P<side>long|short))?"
)
_VENUES = {"huobi": "htx", "gate.io": "gate"}
_STABLECOIN_IN_USD = {"dydx", "hyperliquid"}
# Feeds that publish at most one liquidation a second; Bybit's is complete since 2025-02-20. Others are not documented.
CAPTURES: dict[str, Capture] = {
    "binance": "capped", "okx": "capped", "bybit": "capped-then-complete", "bitmex": "complete",
}  # fmt: skip
HOURLY_FUNDING = {"dydx", "hyperliquid", "kraken", "vertex"}
_VALUE = {"liquidations": "value_usd", "open_interest": "open_interest_usd", "funding": "rate"}
_NOTES = {
    "liquidations": "Daily totals of what the venue's feed showed.",
    "open_interest": "Dollars as converted by Coinalyze; one contract of one venue, not the venue's total.",
    "funding": "The venue's own rate in percent, for its interval: 1 h at dYdX, Hyperliquid, Kraken, Vertex, else 8 h.",
}
_YARDSTICK = "BTC/USDT - Binance"
# No venue's median open interest lies outside this range of the yardstick's: beyond it the column has another scale.
_CREDIBLE_SHARE = (1e-4, 5.0)


class _Instrument(msgspec.Struct, frozen=True, kw_only=True):
    """What a column is a column of."""

    column: str
    coin: str
    quote: str
    venue: str
    margin: Margin
    side: str


class Coinalyze(msgspec.Struct, frozen=True):
    """Daily exports of Coinalyze."""

    provider: str = "coinalyze"
    normaliser: str = "coinalyze/1"
    file_names: tuple[str, ...] = tuple(_FILES)

    def recognises(self, name: str) -> bool:
        """Whether ``name`` is one of the three exports."""
        return name in _FILES

    def normalise(self, document: Document, *, now: int) -> Normalised:
        """Return a record for each cell that holds a value; a row with one unreadable cell is refused whole."""
        kind = _FILES.get(document.name)
        if kind is None:
            raise SchemaError(f"expected one of {', '.join(_FILES)}, found {document.name!r}; give it its export name")
        content = read_delimited(document.data)
        require_columns(content, ("t",))
        instruments, notes = _instruments(content, kind)
        if not instruments:
            raise SchemaError(
                f"expected columns such as {_YARDSTICK!r} in {document.name}, found "
                f"{', '.join(content.cells.columns)[:300]}; is it a Coinalyze export?"
            )
        series = {instrument.column: _series(kind, instrument) for instrument in instruments}
        cells = pl.concat([_cells(kind, content, instrument, series[instrument.column]) for instrument in instruments])
        cells = cells.filter(pl.col(_VALUE[kind]).is_not_null() | pl.col("fault").is_not_null())
        _, refused = check_rows(cells, kind, now=now, raw_of=lambda bad: content.raw(bad["row"]))
        clean = cells.filter(~pl.col("row").is_in(refused["row"].implode()))
        records, _ = check_rows(clean, kind, now=now, raw_of=lambda bad: content.raw(bad["row"]))
        skipped = content.cells.height - refused.height - clean["row"].n_unique()
        kept = set(records["series"])
        return Normalised(
            series=tuple(member for member in dict.fromkeys(series.values()) if member.series in kept),
            tables={kind: records} if records.height else {},
            refused=refused,
            rows_in=content.cells.height,
            rows_skipped=skipped,
            notes=(*notes, *((f"{document.name}: {skipped} rows without any value skipped",) if skipped else ())),
        )


def source() -> Coinalyze:
    """Return the source."""
    return Coinalyze()


def _instruments(content: Content, kind: str) -> tuple[list[_Instrument], list[str]]:
    """Return the columns that can be placed, and notes on those that cannot."""
    results = {name: match for name in content.cells.columns if (match := _COLUMN.fullmatch(name)) and name != "t"}
    named = {name: (match["coin"], match["quote"], match["venue"], match["side"]) for name, match in results.items()}
    notes = [f"column {name!r} is not read" for name in content.cells.columns if name not in results and name != "t"]
    instruments: list[_Instrument] = []
    for name, match in results.items():
        margin = _margin(match["quote"], match["venue"])
        if list(named.values()).count(named[name]) > 1 or match["second"]:
            if kind != "open_interest":
                notes.append(f"column {name!r} skipped: the file does not tell which of two contracts it is")
                continue
            margin = "coin" if _whole_dollars(content, name) else "stablecoin"
        if kind == "open_interest" and not _is_credible(content, name):
            notes.append(f"column {name!r} skipped: its scale is not that of {_YARDSTICK!r}")
            continue
        if (kind == "liquidations") != bool(match["side"]):
            notes.append(f"column {name!r} is not read")
            continue
        instruments.append(_Instrument(
            column=name, coin=match["coin"], quote=match["quote"], venue=venue_name(match["venue"]), margin=margin,
            side=match["side"] or "",
        ))  # fmt: skip
    return _unambiguous(instruments, notes)


def _unambiguous(instruments: list[_Instrument], notes: list[str]) -> tuple[list[_Instrument], list[str]]:
    """Leave out columns that would still share a series."""
    scopes = [(_scope(instrument), instrument.coin, instrument.side) for instrument in instruments]
    for item, scope in zip(instruments, scopes, strict=True):
        if scopes.count(scope) > 1:
            notes.append(f"column {item.column!r} skipped: the file does not tell which of two contracts it is")
    return [entry for entry, scope in zip(instruments, scopes, strict=True) if scopes.count(scope) == 1], notes


def venue_name(name: str) -> str:
    """Return a venue as the other sources write it."""
    return _VENUES.get(name.lower(), name.lower())


def _margin(quote: str, venue: str) -> Margin:
    return "coin" if quote == "USD" and venue.lower() not in _STABLECOIN_IN_USD else "stablecoin"


def _values(content: Content, column: str) -> pl.Series:
    return content.cells.select(number(column, content.cells.schema[column])).to_series()


def _whole_dollars(content: Content, column: str) -> bool:
    values = _values(content, column).drop_nulls()
    return bool((values == values.floor()).all())


def _is_credible(content: Content, column: str) -> bool:
    """Whether a column has the yardstick's scale; true where there is nothing to compare."""
    if _YARDSTICK not in content.cells.columns:
        return True
    # Of positive values: a negative one is a fault of its row, not of the column.
    own, yardstick = (_values(content, name).drop_nulls().drop_nans() for name in (column, _YARDSTICK))
    middle, reference = own.filter(own > 0).median(), yardstick.filter(yardstick > 0).median()
    if not isinstance(middle, float) or not isinstance(reference, float):
        return True
    return _CREDIBLE_SHARE[0] <= middle / reference <= _CREDIBLE_SHARE[1]


def _scope(instrument: _Instrument) -> str:
    collateral = "usdc" if instrument.quote == "USDC" else instrument.margin
    return f"{instrument.venue.replace(' ', '-')}-{collateral}-margined"


def _series(kind: str, instrument: _Instrument) -> Series:
    return Series(
        series=f"coinalyze/{kind}/{instrument.coin}/{_scope(instrument)}/1d",
        kind=kind,
        provider="coinalyze",
        coin=instrument.coin,
        venues=(instrument.venue,),
        instruments=f"{instrument.coin}/{instrument.quote} perpetual",
        market="perpetual",
        margin=instrument.margin,
        feed="daily export",
        capture=CAPTURES.get(instrument.venue, "unknown") if kind == "liquidations" else "not-applicable",
        step=NANOSECONDS_PER_DAY,
        stamp="open",
        note=_NOTES[kind],
    )


def _cells(kind: str, content: Content, item: _Instrument, series: Series) -> pl.DataFrame:
    """Return a candidate record for each cell of a column."""
    types = content.cells.schema
    value, day = number(item.column, types[item.column]), moment("t", types["t"], "%Y-%m-%d")
    day_fault = pl.when(day.is_null()).then(
        pl.format("t: expected a date such as 2024-07-14, found '{}'", pl.col("t").fill_null("nothing"))
    )
    return content.cells.select(
        row=pl.int_range(1, pl.len() + 1),
        series=pl.lit(series.series),
        coin=pl.lit(item.coin),
        event_time=day + NANOSECONDS_PER_DAY,
        known_time=day + NANOSECONDS_PER_DAY,
        span=pl.lit(NANOSECONDS_PER_DAY),
        fault=pl.coalesce(content.faults, day_fault, unread(item.column, types[item.column], value, "a number")),
        **_record_columns(kind, item, value),
    )


def _record_columns(kind: str, instrument: _Instrument, value: pl.Expr) -> dict[str, pl.Expr]:
    if kind == "liquidations":
        return {"value_usd": value, "liquidated_side": pl.lit(instrument.side), "sequence": pl.lit(0)}
    if kind == "open_interest":
        return {"open_interest_usd": value}
    hours = 1.0 if instrument.venue in HOURLY_FUNDING else 8.0
    return {"rate": value / 100, "interval_hours": pl.lit(hours)}
