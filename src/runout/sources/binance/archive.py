"""Binance's public archive: bars (klines) as published at data.binance.vision, zipped or not.

Layout, as documented at https://github.com/binance/binance-public-data (read 2025-09): twelve columns, with or without
a header row; ``open_time`` in milliseconds, for spot from 2025-01-01 in microseconds. Whether a file is of the spot or
the perpetual market does not stand in it or in its name, so the provider says it. Parquet conversions with the same
column names are read too, if their name begins with the market.
"""

import re
from typing import Literal

import msgspec
import polars as pl

from runout.clock import (
    NANOSECONDS_PER_DAY,
    NANOSECONDS_PER_HOUR,
    NANOSECONDS_PER_MINUTE,
    NANOSECONDS_PER_SECOND,
    format_duration,
    format_time,
    parse_time,
)
from runout.errors import SchemaError
from runout.records import Series
from runout.sources.archives import unpack
from runout.sources.content import Content, number, read_delimited, read_parquet, require_columns, unread, whole_number
from runout.sources.protocol import Document, Normalised, check_rows

Market = Literal["perpetual", "spot"]

COLUMNS = (
    "open_time", "open", "high", "low", "close", "volume", "close_time", "quote_volume", "count",
    "taker_buy_volume", "taker_buy_quote_volume", "ignore",
)  # fmt: skip
_RECORD_COLUMNS = {
    "open": "open",
    "high": "high",
    "low": "low",
    "close": "close",
    "volume_base": "volume",
    "volume_usd": "quote_volume",
    "taker_buy_base": "taker_buy_volume",
    "taker_buy_usd": "taker_buy_quote_volume",
}
_REQUIRED = ("open_time", *_RECORD_COLUMNS.values(), "count")
_STEPS = {
    **{f"{n}{unit}": n * length for unit, length, counts in (
        ("s", NANOSECONDS_PER_SECOND, (1,)),
        ("m", NANOSECONDS_PER_MINUTE, (1, 3, 5, 15, 30)),
        ("h", NANOSECONDS_PER_HOUR, (1, 2, 4, 6, 8, 12)),
        ("d", NANOSECONDS_PER_DAY, (1, 3)),
    ) for n in counts},
}  # fmt: skip
_SYMBOL = r"(?P<coin>[A-Z0-9]+)(?P<quote>USDT|USDC|FDUSD|BUSD|TUSD)"
_STEP = "(?P<step>" + "|".join(_STEPS) + ")"
_ARCHIVE = re.compile(
    rf"(?:(?P<prefix>[A-Za-z0-9]+)-)?{_SYMBOL}-{_STEP}-(?P<period>20\d\d-\d\d(?:-\d\d)?)\.(?:csv|csv\.gz|zip|csv\.zip)"
)
_PARQUET = re.compile(rf"(?P<prefix>perp|spot)_{_SYMBOL}_{_STEP}_(?P<period>20\d\d(?:-\d\d)?)\.parquet")
# Folders of the archive whose files have the names and columns of klines: prices computed by the venue, without trades.
_COMPUTED_PRICES = ("markPriceKlines", "indexPriceKlines", "premiumIndexKlines")
# How a symbol says that a contract unit is a bundle of coins: 1000PEPE, 1000000MOG, 1MBABYDOGE; 1INCH is a name.
_BUNDLE = re.compile(r"(1(?:000)+|1M)(?=[A-Z])")
_PREFIX_OF = {"perpetual": "perp", "spot": "spot"}
# Stamps from 1973 to 5138 in either unit: the two ranges do not meet.
_MILLISECONDS = (10**11, 10**14)
_MICROSECONDS = (10**14, 10**17)


class _Name(msgspec.Struct, frozen=True, kw_only=True):
    coin: str
    quote: str
    step: int
    start: int
    end: int


class BinanceArchive(msgspec.Struct, frozen=True):
    """Bars of one market from the public archive."""

    market: Market

    @property
    def provider(self) -> str:
        """Name as typed on the command line."""
        return f"binance-{self.market}"

    @property
    def normaliser(self) -> str:
        """Name and version of this reader."""
        return f"binance-archive-{self.market}/1"

    @property
    def file_names(self) -> tuple[str, ...]:
        """Published archives, and their years as Parquet."""
        return "SYMBOL-STEP-YEAR-MONTH.zip or .csv such as BTCUSDT-5m-2025-08.zip", (
            f"{_PREFIX_OF[self.market]}_SYMBOL_STEP_YEAR.parquet"
        )

    def recognises(self, name: str) -> bool:
        """Whether ``name`` is an archive file such as ``BTCUSDT-5m-2025-08.zip``, of this market where it says so."""
        return self._name(name) is not None

    def normalise(self, document: Document, *, now: int) -> Normalised:
        """Return the bars of one archive file; bars that close after ``now`` are incomplete and refused."""
        name = self._name(document.name)
        if name is None:
            raise SchemaError(
                f"expected a file name such as BTCUSDT-5m-2025-08.zip, found {document.name!r}: "
                "symbol, step and period are read from it; give the file its published name"
            )
        _require_traded(document)
        content = _content(document)
        require_columns(content, _REQUIRED)
        series = _series(self.market, name)
        rows = _bars(content, name, series, now)
        sound, refused = check_rows(rows, "bars", now=now, raw_of=lambda bad: content.raw(bad["row"]))
        return Normalised(
            series=(series,) if sound.height else (),
            tables={"bars": sound} if sound.height else {},
            refused=refused,
            rows_in=content.cells.height,
            notes=_notes(document.name, sound, name.step, content),
        )

    def _name(self, text: str) -> _Name | None:
        match = _ARCHIVE.fullmatch(text) or _PARQUET.fullmatch(text)
        if match is None:
            return None
        other_market = {"perp", "spot"} - {_PREFIX_OF[self.market]}
        if match["prefix"] in other_market:
            return None
        try:
            start, end = _period(match["period"])
        except ValueError:
            return None
        step = _STEPS[match["step"]]
        return _Name(coin=match["coin"], quote=match["quote"], step=step, start=start, end=end)


def source(market: Market) -> BinanceArchive:
    """Return the source of one market's archive."""
    return BinanceArchive(market)


def _period(text: str) -> tuple[int, int]:
    """Return start and end of a year, month or day, UTC ns."""
    year, *rest = (int(part) for part in text.split("-"))
    if not rest:
        return parse_time(f"{year:04}-01-01"), parse_time(f"{year + 1:04}-01-01")
    month, *day = rest
    start = parse_time("-".join((f"{year:04}", f"{month:02}", f"{day[0] if day else 1:02}")))
    if day:
        return start, start + NANOSECONDS_PER_DAY
    return start, parse_time(f"{year + month // 12:04}-{month % 12 + 1:02}-01")


def _require_traded(document: Document) -> None:
    """Raise where the folders say that the prices were computed, not traded: the file itself does not say it."""
    computed = [part for part in document.folder.split("/") if part in _COMPUTED_PRICES]
    if computed:
        raise SchemaError(
            f"expected traded prices (a folder klines), found {document.name} in a folder {computed[-1]}: mark, index "
            "and premium prices are computed, not traded; import the files of klines, or describe these with a mapping"
        )


def _content(document: Document) -> Content:
    data = unpack(document)
    if document.name.endswith(".parquet"):
        return read_parquet(data)
    headerless = data.removeprefix(b"\xef\xbb\xbf").lstrip()[:1].isdigit()
    return read_delimited(data, columns=COLUMNS if headerless else ())


def _series(market: Market, name: _Name) -> Series:
    quoted = "" if name.quote == "USDT" else f"-{name.quote.lower()}"
    bundle = _BUNDLE.match(name.coin)
    coins = int(bundle[1].replace("M", "000000")) if bundle else 1
    unit = f" Prices and volumes are per contract unit of {coins:,} coins." if bundle else ""
    return Series(
        series=f"binance-vision/bars/{name.coin}/binance-{market}{quoted}/{format_duration(name.step)}",
        kind="bars",
        provider="binance-vision",
        coin=name.coin,
        venues=("binance",),
        instruments=name.coin + name.quote,
        market=market,
        margin="stablecoin" if market == "perpetual" else "none",
        feed="klines archive",
        step=name.step,
        stamp="open",
        note=f"Dollars are {name.quote}.{unit}",
    )


def _bars(content: Content, name: _Name, series: Series, now: int) -> pl.DataFrame:
    """Return candidate bars with their place in the file and what is wrong with them."""
    types = content.cells.schema
    values = {record: number(column, types[column]) for record, column in _RECORD_COLUMNS.items()}
    stamp, trades = whole_number("open_time", types["open_time"]), whole_number("count", types["count"])
    faults = [unread(c, types[c], values[record], "a number") for record, c in _RECORD_COLUMNS.items()]
    faults += [
        unread("count", types["count"], trades, "a whole number"),
        unread("open_time", types["open_time"], stamp, "a whole number of milliseconds or microseconds"),
    ]
    closing = whole_number("close_time", types["close_time"]) if "close_time" in types else pl.lit(None, pl.Int64)
    read = content.cells.select(**values, trades=trades, stamp=stamp, closing=closing, unreadable=pl.coalesce(faults))
    unit_ns = _unit_ns(read["stamp"])
    opened = pl.when(pl.col("stamp").is_between(*_range(unit_ns), closed="left")).then(pl.col("stamp") * unit_ns)
    return read.with_columns(opened=opened).select(
        pl.exclude("stamp", "closing", "opened", "unreadable"),
        row=pl.int_range(1, pl.len() + 1),
        series=pl.lit(series.series),
        coin=pl.lit(series.coin),
        event_time=pl.col("opened") + name.step,
        known_time=pl.col("opened") + name.step,
        span=pl.lit(name.step),
        fault=pl.coalesce(content.faults, "unreadable", *_time_faults(name, unit_ns, now), _untraded()),
    )


def _unit_ns(stamps: pl.Series) -> int:
    """Return nanoseconds per unit of the stamps: decided once a file, from what most of its rows look like."""
    milliseconds, microseconds = (
        int(stamps.is_between(*limits, closed="left").sum()) for limits in (_MILLISECONDS, _MICROSECONDS)
    )
    if not milliseconds and not microseconds:
        raise SchemaError(
            f"expected open_time in milliseconds or microseconds since 1970, found {stamps.head(1).to_list()[0]!r} "
            "in the first row; is it a kline archive?"
        )
    return 1_000_000 if milliseconds >= microseconds else 1_000


def _range(unit_ns: int) -> tuple[int, int]:
    return _MILLISECONDS if unit_ns == 1_000_000 else _MICROSECONDS


def _time_faults(name: _Name, unit_ns: int, now: int) -> list[pl.Expr]:
    """Return what can be wrong with the time of a bar, the plainest reason first."""
    opened, stamp, closing = pl.col("opened"), pl.col("stamp"), pl.col("closing")
    words = "milliseconds" if unit_ns == 1_000_000 else "microseconds"
    due = stamp + name.step // unit_ns - 1
    period = f"{format_time(name.start)} … {format_time(name.end)}"
    checks = [
        (stamp.is_null(), pl.lit("open_time: expected a value, found none")),
        (opened.is_null(), pl.format(f"open_time: expected {words} like the rest of the file, found {{}}", stamp)),
        (
            (opened < name.start) | (opened >= name.end),
            pl.format(f"open_time: expected within {period} as the file name says, found {{}}", stamp),
        ),
        (
            (opened - name.start) % name.step != 0 if name.step < NANOSECONDS_PER_DAY else pl.lit(value=False),
            pl.format(f"open_time: expected a multiple of {format_duration(name.step)}, found {{}}", stamp),
        ),
        (closing != due, pl.format("close_time: expected {} (open_time + step − 1), found {}", due, closing)),
        (
            opened + name.step > now,
            pl.lit(f"bar is incomplete: expected it to close by {format_time(now)}, found it still open"),
        ),
    ]
    return [pl.when(wrong).then(text).otherwise(None) for wrong, text in checks]


def _untraded() -> pl.Expr:
    """Return the fault of a bar that counts trades without volume: of mark and index prices the count is of updates."""
    text = pl.format("volume: expected some with {} trades, found 0: is it a mark or index price?", "trades")
    return pl.when((pl.col("trades") > 0) & (pl.col("volume_base") == 0)).then(text).otherwise(None)


def _notes(file: str, bars: pl.DataFrame, step: int, content: Content) -> tuple[str, ...]:
    """Return what a reader of the import should know: missing bars, and columns that are not read."""
    notes: list[str] = []
    ends = bars["event_time"].unique().sort()
    missing = int((ends.diff().drop_nulls() // step - 1).sum())
    if missing:
        after = ends.to_frame().filter(pl.col("event_time").diff().shift(-1) > step)["event_time"][0]
        notes.append(f"{file}: {missing} bars missing between its first and last, first after {format_time(after)}")
    unknown = [name for name in content.cells.columns if name not in COLUMNS]
    if unknown:
        notes.append(f"{file}: columns not read: {', '.join(unknown)}")
    return tuple(notes)
