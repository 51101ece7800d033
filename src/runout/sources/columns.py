"""From a venue's columns to candidate rows: one function a quantity, so that a venue only names its fields.

Each takes the symbols as the venue writes them, looks their contracts up, converts sizes to coins and dollars, and adds
the rows. Symbols without an instrument are counted as unknown and left out.
"""

from collections.abc import Callable, Mapping, Sequence

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from runout.records import Series
from runout.sources.candidates import Candidates
from runout.sources.venue import Instrument
from runout.sources.wire import identity

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Describe = Callable[[Instrument], Series]

_SCOPE = {
    "series": pl.String(), "coin": pl.String(), "contract_base": pl.Float64(),
    "contract_usd": pl.Float64(), "priced_coins": pl.Float64(),
}  # fmt: skip
_SIZE, _PRICE = pl.col("size"), pl.col("price")


class Events(msgspec.Struct, frozen=True, kw_only=True):
    """What all rows have.

    Parameters
    ----------
    symbols
        The venue's symbols.
    rows
        Place of the payload that each came in.
    happened
        Event times, UTC ns.
    known
        Known times, UTC ns; null: when received.
    instruments
        Contracts by symbol; null: those of the candidates.
    """

    symbols: Sequence[str]
    rows: Sequence[int]
    happened: Integers
    known: Integers | None = None
    instruments: Mapping[str, Instrument] | None = None


def history(instrument: Instrument, stamps: Integers, lag: int = 0) -> Events:
    """Return moments of one instrument's history (UTC ns), known ``lag`` nanoseconds after they happened."""
    size, own = len(stamps), {instrument.symbol: instrument}
    symbols, rows = [instrument.symbol] * size, [0] * size
    return Events(symbols=symbols, rows=rows, happened=stamps, known=stamps + lag, instruments=own)


def chosen(events: Events, places: Sequence[int]) -> Events:
    """Return the events at some places."""
    return msgspec.structs.replace(
        events,
        symbols=[events.symbols[place] for place in places],
        rows=[events.rows[place] for place in places],
        happened=events.happened[list(places)],
        known=None if events.known is None else events.known[list(places)],
    )


def add_liquidations(
    candidates: Candidates,
    describe: Describe,
    events: Events,
    *,
    longs: Sequence[bool | None],
    size: Floats,
    price: Floats,
    sequence: Integers | None = None,
) -> None:
    """Add liquidation events.

    Parameters
    ----------
    candidates, describe, events
        Where the rows go; what gives the scope of each; moments.
    longs
        Whether a long was closed; null where the venue's word for the side is unknown: such a row is refused.
    size, price
        In the venue's units.
    sequence
        The venue's number of the event; null where it has none: then the content tells events apart, and of equal
        ones in one message, their place among them.
    """
    side = pl.Series(longs, dtype=pl.Boolean)
    table = _scoped(candidates, describe, events).with_columns(
        liquidated_side=pl.select(pl.when(side).then(pl.lit("long")).when(~side).then(pl.lit("short"))).to_series(),
        sequence=identity(size, price) if sequence is None else sequence,
        size=size,
        price=_per_coin(price),
    )
    if sequence is None and table["row"].n_unique() < table.height:
        equal = ("row", "series", "event_time", "liquidated_side", "sequence")
        table = table.with_columns(pl.col("sequence") + pl.int_range(pl.len()).over(equal))
    candidates.add("liquidations", table.with_columns(value_usd=_dollars(), quantity_base=_coins()))


def add_liquidation_totals(
    candidates: Candidates,
    describe: Describe,
    events: Events,
    *,
    step: int,
    usd: Mapping[str, Floats],
    base: Mapping[str, Floats] | None = None,
) -> None:
    """Add an interval's liquidations by side (``long``, ``short``), in dollars and where given in coins.

    Parameters
    ----------
    candidates, describe, events
        Where the rows go; what gives the scope of each; moments.
    step
        Nanoseconds of an interval.
    usd, base
        Dollars and coins by side.
    """
    table = _scoped(candidates, describe, events, step)
    for side, dollars in usd.items():
        rows = table.with_columns(
            liquidated_side=pl.lit(side),
            sequence=pl.lit(0, pl.Int64),
            value_usd=dollars,
            quantity_base=pl.lit(None, pl.Float64) if base is None else pl.Series(base[side]).fill_nan(None),
        )
        candidates.add("liquidations", rows.filter(pl.col("value_usd").is_not_nan()))


def add_trades(
    candidates: Candidates,
    describe: Describe,
    events: Events,
    *,
    taker_buys: Sequence[bool | None],
    size: Floats,
    price: Floats,
    sequence: Integers,
) -> None:
    """Add trades under the series of the bars that they make.

    Parameters
    ----------
    candidates, describe, events
        Where the rows go; what gives the scope of each; moments.
    taker_buys
        Whether the taker bought; null where the venue's word for the side is unknown: such a trade counts as sold.
    size, price
        In the venue's units.
    sequence
        The venue's number of the trade.
    """
    table = _scoped(candidates, describe, events).with_columns(
        sequence=sequence,
        taker_buys=pl.Series(taker_buys, dtype=pl.Boolean).fill_null(value=False),
        size=size,
        price=_per_coin(price),
    )
    candidates.add("trades", table.with_columns(quantity_base=_coins(), value_usd=_dollars()))


def add_open_interest(
    candidates: Candidates,
    describe: Describe,
    events: Events,
    *,
    size: Floats,
    price: Floats | None = None,
    coins: Floats | None = None,
    usd: Floats | None = None,
) -> None:
    """Add open interest, one-sided.

    Parameters
    ----------
    candidates, describe, events
        Where the rows go; what gives the scope of each; moments.
    size
        In the venue's units.
    price, coins, usd
        Price per quoted unit, coins and dollars, where the venue gives them: else they follow from the size.
    """
    none = np.full(len(size), np.nan)
    table = _scoped(candidates, describe, events).with_columns(
        size=size,
        price=_per_coin(none if price is None else price),
        _coins=none if coins is None else coins,
        _usd=none if usd is None else usd,
    )
    table = table.with_columns(pl.col("size", "price", "_coins", "_usd").fill_nan(None))
    base, dollars = pl.coalesce("_coins", _coins()), pl.coalesce("_usd", _dollars())
    values = {"open_interest_base": base, "open_interest_usd": dollars}
    # A venue that gives no figure for a moment says nothing of it.
    has_figure = pl.any_horizontal(pl.col(*values).is_not_null())
    candidates.add("open_interest", table.with_columns(**values).filter(has_figure))


def add_funding(
    candidates: Candidates,
    describe: Describe,
    events: Events,
    *,
    rate: Floats,
    hours: Floats | float,
) -> None:
    """Add funding rates, as fractions per ``hours``; rows without a rate are left out.

    Parameters
    ----------
    candidates, describe, events
        Where the rows go; what gives the scope of each; moments.
    rate, hours
        Fraction per ``hours``; NaN: not said.
    """
    table = _scoped(candidates, describe, events).with_columns(
        rate=rate, interval_hours=np.broadcast_to(np.asarray(hours, np.float64), rate.shape)
    )
    candidates.add("funding", table.filter(pl.col("rate").is_not_nan()))


def add_premium(
    candidates: Candidates,
    describe: Describe,
    events: Events,
    *,
    first: Floats,
    second: Floats,
) -> None:
    """Add the difference of two prices per quoted unit; rows without both are left out.

    Parameters
    ----------
    candidates, describe, events
        Where the rows go; what gives the scope of each; moments.
    first, second
        Prices per quoted unit.
    """
    sound = (first > 0) & (second > 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        table = _scoped(candidates, describe, events).with_columns(
            rate=first / second - 1, difference_usd=_per_coin(first - second)
        )
    candidates.add("premium", table.filter(pl.Series(sound)))


def add_positioning(
    candidates: Candidates,
    describe: Describe,
    events: Events,
    *,
    ratio: Floats,
    long_share: Floats | None = None,
) -> None:
    """Add long/short ratios; the share follows from the ratio where the venue gives none.

    Parameters
    ----------
    candidates, describe, events
        Where the rows go; what gives the scope of each; moments.
    ratio, long_share
        Longs over shorts; share of longs.
    """
    share = ratio / (1 + ratio) if long_share is None else long_share
    table = _scoped(candidates, describe, events).with_columns(
        long_share=share, long_short_ratio=pl.Series(ratio).fill_nan(None)
    )
    candidates.add("positioning", table)


def add_taker_flow(
    candidates: Candidates,
    describe: Describe,
    events: Events,
    *,
    step: int,
    buy_usd: Floats,
    sell_usd: Floats,
) -> None:
    """Add dollars bought and sold by takers.

    Parameters
    ----------
    candidates, describe, events
        Where the rows go; what gives the scope of each; moments.
    step
        Nanoseconds of an interval.
    buy_usd, sell_usd
        Dollars.
    """
    table = _scoped(candidates, describe, events, step).with_columns(buy_usd=buy_usd, sell_usd=sell_usd)
    candidates.add("taker_flow", table)


def add_daily(candidates: Candidates, series: Series, stamps: Integers, **values: Floats) -> None:
    """Add figures of a provider at instants (UTC ns), known the series' publication lag later; NaN is left out.

    Parameters
    ----------
    candidates, series, stamps
        Where the rows go; scope, which says the record kind; moments, UTC ns.
    values
        Columns of the kind.
    """
    candidates.describe(series)
    table = pl.DataFrame({"event_time": stamps, **values}).with_columns(
        row=pl.lit(0, pl.Int64), series=pl.lit(series.series), coin=pl.lit(series.coin), span=pl.lit(0, pl.Int64),
        known_time=pl.col("event_time") + series.publication_lag,
    )  # fmt: skip
    candidates.add(series.kind, table.filter(~pl.all_horizontal(pl.col(*values).is_nan())))


def add_bars(
    candidates: Candidates,
    describe: Describe,
    events: Events,
    *,
    step: int,
    prices: Mapping[str, Floats],
    volumes: Mapping[str, Floats],
    trades: Integers | None = None,
) -> None:
    """Add bars.

    Parameters
    ----------
    candidates, describe, events
        Where the rows go; what gives the scope of each; moments.
    step
        Nanoseconds between bars.
    prices
        ``open``, ``high``, ``low``, ``close`` per quoted unit.
    volumes
        ``volume_base``, ``volume_usd``, ``taker_buy_base``, ``taker_buy_usd`` as far as the venue gives them, in coins
        and dollars; ``volume`` in the venue's units fills what is missing.
    trades
        Number of trades, where the venue says it.
    """
    table = _scoped(candidates, describe, events, step).with_columns(
        **{name: _per_coin(values) for name, values in prices.items()},
        **{name: pl.Series(values) for name, values in volumes.items()},
        trades=pl.lit(None, pl.Int64) if trades is None else pl.Series(trades),
    )
    if "volume" in volumes:
        middle = (pl.col("high") + pl.col("low") + pl.col("close")) / 3
        filled = {"volume_base": _coins(pl.col("volume"), middle), "volume_usd": _dollars(pl.col("volume"), middle)}
        table = table.with_columns(**{name: value for name, value in filled.items() if name not in volumes})
    candidates.add("bars", table)


def _coins(size: pl.Expr = _SIZE, price: pl.Expr = _PRICE) -> pl.Expr:
    return pl.coalesce(size * pl.col("contract_base"), size * pl.col("contract_usd") / price)


def _dollars(size: pl.Expr = _SIZE, price: pl.Expr = _PRICE) -> pl.Expr:
    return pl.coalesce(size * pl.col("contract_usd"), size * pl.col("contract_base") * price)


def _per_coin(prices: Floats) -> pl.Expr:
    return pl.lit(pl.Series(prices)) / pl.col("priced_coins")


def _scoped(candidates: Candidates, describe: Describe, events: Events, span: int = 0) -> pl.DataFrame:
    """Return series, coin and contract of each event with its times and span; null where the symbol is unknown."""
    instruments = candidates.instruments if events.instruments is None else events.instruments
    symbols, places = candidates.coded(events.symbols)
    rows: list[tuple[object, ...]] = []
    for symbol in symbols:
        if (instrument := instruments.get(symbol)) is None:
            rows.append((None,) * len(_SCOPE))
            continue
        series = describe(instrument)
        candidates.describe(series)
        contract = (instrument.contract_base, instrument.contract_usd, instrument.priced_coins)
        rows.append((series.series, instrument.coin, *contract))
    if missing := [symbol for symbol in symbols if symbol not in instruments]:
        number = np.bincount(places, minlength=len(symbols)).tolist()
        candidates.note({f"symbol {symbol}": number[symbols.index(symbol)] for symbol in missing})
    scope = pl.DataFrame(rows, _SCOPE, orient="row")[places]
    known = candidates.known(events.rows, events.happened) if events.known is None else events.known
    return scope.with_columns(
        row=pl.Series(events.rows, dtype=pl.Int64), event_time=events.happened, known_time=known,
        span=pl.lit(span, pl.Int64),
    )  # fmt: skip
