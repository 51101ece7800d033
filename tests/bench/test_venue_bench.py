"""Messages of venues to checked records, beside the fastest JSON reader that makes a dictionary of each, and a peer."""

import asyncio

import orjson
import polars as pl
import pytest

from bench.conftest import Work
from runout.sources.registry import venue_of
from runout.sources.venue import Instrument

pytestmark = pytest.mark.bench
MESSAGES = 20_000
START = 1_790_000_000_000
RECEIVED = (START + 10 * MESSAGES) * 1_000_000


def contract(venue: str) -> Instrument:
    return Instrument(
        venue=venue, symbol="BTCUSDT", coin="BTC", market="perpetual", margin="stablecoin", contract_base=1.0,
        funding_hours=8.0,
    )  # fmt: skip


LIQUIDATIONS = [
    b'{"stream":"!forceOrder@arr","data":{"e":"forceOrder","E":%d,"o":{"s":"BTCUSDT","ps":"BTCUSDT","S":"SELL","o":"LIMIT","f":"IOC","q":"0.014","p":"9910.%05d","ap":"9910.12345678","X":"FILLED","l":"0.014","z":"0.014","T":%d},"st":1}}'
    % (START + n, n, START + n)
    for n in range(MESSAGES)
]
TRADES = [
    b'{"stream":"btcusdt@aggTrade","data":{"e":"aggTrade","E":%d,"a":%d,"s":"BTCUSDT","p":"9910.%05d","q":"0.100","f":100,"l":105,"T":%d,"m":true,"st":1}}'
    % (START + n, n, n, START + n)
    for n in range(MESSAGES)
]
TICKERS = [
    b'{"stream":"btcusdt@markPrice@1s","data":{"e":"markPriceUpdate","E":%d,"s":"BTCUSDT","p":"11794.%05d","i":"11784.62659091","P":"11784.25641265","r":"0.00038167","T":1791000000000,"st":1}}'
    % (START + n, n)
    for n in range(MESSAGES)
]


def as_dictionaries(payloads, fields):
    """Read each message into a dictionary of numbers and texts, and all into a table: no check, no scope, no unit."""

    def run():
        rows = []
        for payload in payloads:
            data = orjson.loads(payload)["data"]
            data = data.get("o", data)
            rows.append({name: kind(data[name]) for name, kind in fields.items()})
        return pl.DataFrame(rows)

    return run


def as_cryptofeed(payloads):
    """Read each message as cryptofeed does: into a compiled object of its own, given to a callback."""
    symbols = pytest.importorskip("cryptofeed.symbols", reason="cryptofeed is not installed: no peer to time")
    exchanges, names = pytest.importorskip("cryptofeed.exchanges"), pytest.importorskip("cryptofeed.defines")
    symbols.Symbols.set(
        names.BINANCE_FUTURES, {"BTC-USDT-PERP": "BTCUSDT"}, {"instrument_type": {"BTC-USDT-PERP": "perpetual"}}
    )
    kept = []

    async def keep(record, _):
        kept.append(record)

    channels = (names.LIQUIDATIONS, names.TRADES, names.FUNDING)
    feed = exchanges.BinanceFutures(
        symbols=["BTC-USDT-PERP"], channels=list(channels), callbacks=dict.fromkeys(channels, keep)
    )

    async def read():
        kept.clear()
        for payload in payloads:
            await feed.message_handler(payload, None, RECEIVED / 1e9)
        assert len(kept) == len(payloads)

    return lambda: asyncio.run(read())


@pytest.mark.parametrize(
    ("name", "payloads"), [("liquidations", LIQUIDATIONS), ("trades", TRADES), ("tickers", TICKERS)]
)
def test_messages_to_records_beside_a_peer(beside, name, payloads):
    peer = as_cryptofeed(payloads)
    venue, instruments, received = venue_of("binance"), (contract("binance"),), [RECEIVED] * MESSAGES
    beside(
        "messages",
        Work(
            f"{name} of Binance to checked records", lambda: venue.normalise(payloads, received, instruments), MESSAGES
        ),
        Work("cryptofeed, to its own objects", peer, MESSAGES),
        turns=3,
    )


@pytest.mark.parametrize(
    ("name", "payloads", "fields"),
    [
        ("liquidations", LIQUIDATIONS, {"s": str, "S": str, "z": float, "ap": float, "p": float, "T": int}),
        ("trades", TRADES, {"s": str, "a": int, "p": float, "q": float, "T": int, "m": bool}),
        ("tickers", TICKERS, {"s": str, "E": int, "p": float, "i": float, "r": float}),
    ],
)
def test_messages_to_records(beside, name, payloads, fields):
    venue, instruments, received = venue_of("binance"), (contract("binance"),), [RECEIVED] * MESSAGES
    assert not venue.normalise(payloads, received, instruments).unknown
    beside(
        "messages",
        Work(
            f"{name} of Binance to checked records", lambda: venue.normalise(payloads, received, instruments), MESSAGES
        ),
        Work("orjson and a dictionary each, unchecked", as_dictionaries(payloads, fields), MESSAGES),
        Work("orjson alone", lambda: [orjson.loads(payload) for payload in payloads], MESSAGES),
    )
