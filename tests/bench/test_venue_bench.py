"""Messages of venues to checked records, beside the fastest JSON reader that makes a dictionary of each."""

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
