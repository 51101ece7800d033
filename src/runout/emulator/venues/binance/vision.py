"""Binance's public archive: a zipped file a contract and day, published the day after, with its checksum beside it."""

import hashlib
import io
import zipfile
from collections.abc import Iterable

import numpy as np

from runout.clock import NANOSECONDS_PER_DAY, NANOSECONDS_PER_MINUTE, format_date, parse_time, to_datetime
from runout.emulator.columns import tuples
from runout.emulator.contracts import Contract
from runout.emulator.desk import STEPS, Desk
from runout.emulator.forms import Pool, Query, Refused, Reply, Route, VenueForm, milliseconds
from runout.emulator.shapes import bar_rows, step_of
from runout.emulator.venues import binance
from runout.emulator.venues.binance.rest import ROUTES

FIVE = 5 * NANOSECONDS_PER_MINUTE
SNAPSHOTS = ("2023-06-25", "2024-10-14")
"""First and last day of which liquidations are left, of contracts margined in coins."""
KINDS = {"um": "linear", "cm": "inverse"}
HEADERS = {
    "metrics": "create_time,symbol,sum_open_interest,sum_open_interest_value,count_toptrader_long_short_ratio,"
    "sum_toptrader_long_short_ratio,count_long_short_ratio,sum_taker_long_short_vol_ratio",
    "klines": "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,"
    "taker_buy_quote_volume,ignore",
    "aggTrades": "agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker",
    "liquidationSnapshot": "time,side,order_type,time_in_force,original_quantity,price,average_price,order_status,"
    "last_fill_quantity,accumulated_fill_quantity",
}
Lines = Iterable[Iterable[object]]


def archive(desk: Desk, query: Query) -> Reply:
    """Return the file of a contract and day, or its checksum."""
    file, folder = query.text("file"), query.text("kind")
    name = file.removesuffix(".CHECKSUM").removesuffix(".zip")
    item, day = desk.contract(query.text("symbol"), KINDS.get(query.text("segment"), "")), _day(name)
    middle = query.text("step") if folder == "klines" else folder
    is_due = desk.market.first <= day <= desk.now() - 2 * NANOSECONDS_PER_DAY and folder in _FILES
    if not is_due or name != f"{item.symbol}-{middle}-{format_date(day)}":
        raise Refused("path")
    lines = _FILES[folder](desk, item, day, query)
    body = _zipped(f"{name}.csv", "\n".join([HEADERS[folder], *(",".join(map(str, line)) for line in lines), ""]))
    if file.endswith(".CHECKSUM"):
        return Reply(200, f"{hashlib.sha256(body).hexdigest()}  {name}.zip\n".encode())
    return Reply(200, body, (("Content-Type", "application/zip"),))


def _day(name: str) -> int:
    try:
        return parse_time(name[-len("2026-01-01") :])
    except ValueError:
        raise Refused("path") from None


def _zipped(name: str, text: str) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(zipfile.ZipInfo(name), text, zipfile.ZIP_DEFLATED)
    return target.getvalue()


def metrics(desk: Desk, item: Contract, day: int, query: Query) -> Lines:  # noqa: ARG001 - of the form of all files
    """Open interest and ratios every five minutes."""
    times = np.arange(day, day + NANOSECONDS_PER_DAY, FIVE)
    steps, usd = desk.open_steps(item, times), desk.open_usd(item, times)
    share = desk.market.long_accounts(item.coin, item.place, times)
    for time, size, value, long in tuples((times, steps, usd, share)):
        ratios = [(0.5 + pull * (long - 0.5)) / (0.5 - pull * (long - 0.5)) for pull in (0.8, 0.4, 1.0)]
        stamp = to_datetime(time).strftime("%Y-%m-%d %H:%M:%S")
        yield stamp, item.symbol, item.size_text(size), f"{value:.8f}", *(f"{ratio:.8f}" for ratio in ratios), "1.0"


def klines(desk: Desk, contract: Contract, day: int, query: Query) -> Lines:
    """Bars of a step."""
    step, tape = step_of(query, "step", STEPS), desk.tape(contract)
    times, bars = tape.bars(step, day, day + NANOSECONDS_PER_DAY)
    usd, bought = tape.quote(bars.volume, bars.close), tape.quote(bars.bought, bars.close)
    columns = (times, bars.volume, bars.bought, bars.trades, usd, bought)
    for prices, (time, volume, buys, count, value, buy_value) in zip(
        bar_rows(contract, bars), tuples(columns), strict=True
    ):
        ends = milliseconds(time + step) - 1
        bar = (milliseconds(time), *prices, contract.size_text(volume), ends, f"{value:.8f}", count)
        yield *bar, contract.size_text(buys), f"{buy_value:.8f}", 0


def aggregated(desk: Desk, contract: Contract, day: int, query: Query) -> Lines:  # noqa: ARG001
    """Trades, each on its own."""
    for time, price, size, bought, number in tuples(desk.tape(contract).trades(day, day + NANOSECONDS_PER_DAY)):
        buyer_waited = str(not bought).lower()
        yield (
            number,
            contract.price_text(price),
            contract.size_text(size),
            number,
            number,
            milliseconds(time),
            buyer_waited,
        )


def snapshots(desk: Desk, contract: Contract, day: int, query: Query) -> Lines:  # noqa: ARG001
    """Liquidations as the stream showed them, each row twice."""
    if contract.kind != "inverse" or not SNAPSHOTS[0] <= format_date(day) <= SNAPSHOTS[1]:
        raise Refused("path")
    for time, side, steps, price, bankruptcy in tuples(desk.shown_closes(contract, day, day + NANOSECONDS_PER_DAY)):
        size, order = contract.size_text(steps), ("SELL" if side > 0 else "BUY", "LIMIT", "IOC")
        limit, fill = contract.price_text(bankruptcy), contract.price_text(price)
        row = (milliseconds(time), *order, size, limit, fill, "FILLED", size, size)
        yield from (row, row)


_FILES = {"metrics": metrics, "klines": klines, "aggTrades": aggregated, "liquidationSnapshot": snapshots}
FORM = VenueForm(
    name="binance-vision", contracts=binance.contracts, refuse=binance.refuse, hosts=("rest", "um", "cm"),
    pools=(*binance.FORM.pools, Pool("default", 100_000, 60.0)), capture=binance.FORM.capture,
    routes=(
        *(route for route in ROUTES if route.path.endswith("/exchangeInfo")),
        Route(path="/data/futures/{segment}/daily/{kind}/{symbol}/{file}", answer=archive),
        Route(path="/data/futures/{segment}/daily/{kind}/{symbol}/{step}/{file}", answer=archive),
    ),
)  # fmt: skip
