"""What each venue's liquidation feed says is what truly happened, after its law: side, size, price and time."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest

from emulator.test_venues import heard
from runout.emulator import Emulator, Market

Read = Iterator[tuple[str, int, int, float]]
"""Symbol, stamp, side (1: a long was closed), size in the venue's unit."""


def of_binance(message: Any) -> Read:
    order = message.get("data", {}).get("o", {}) if "forceOrder" in message.get("stream", "") else {}
    if order:
        yield order["s"], order["T"], 1 if order["S"] == "SELL" else -1, float(order["z"])


def of_bybit(message: Any) -> Read:
    if "allLiquidation" in message.get("topic", ""):
        for row in message["data"]:
            yield row["s"], row["T"], 1 if row["S"] == "Buy" else -1, float(row["v"])


def of_okx(message: Any) -> Read:
    if message.get("arg", {}).get("channel") == "liquidation-orders":
        for instrument in message.get("data", []):
            for row in instrument["details"]:
                yield instrument["instId"], int(row["ts"]), 1 if row["side"] == "sell" else -1, float(row["sz"])


def of_gate(message: Any) -> Read:
    if message["channel"] == "futures.public_liquidates" and message["event"] == "update":
        for row in message["result"]:
            yield row["contract"], row["time_ms"], 1 if row["size"] > 0 else -1, abs(row["size"])


def of_bitget(message: Any) -> Read:
    if message.get("arg", {}).get("topic") == "liquidation":
        for row in message.get("data", []):
            yield row["symbol"], int(row["ts"]), 1 if row["side"] == "buy" else -1, float(row["amount"])


def of_kraken(message: Any) -> Read:
    if message.get("type") == "liquidation":
        yield message["product_id"], message["time"], 1 if message["side"] == "sell" else -1, message["qty"]


def of_deribit(message: Any) -> Read:
    rows = message.get("params", {}).get("data", [])
    for row in rows if isinstance(rows, list) else []:
        if "liquidation" in row:
            long = (row["liquidation"] == "T") == (row["direction"] == "sell")
            yield row["instrument_name"], row["timestamp"], 1 if long else -1, row["contracts"]


def of_htx(message: Any) -> Read:
    if message.get("op") == "notify" and "liquidation" in message["topic"]:
        for row in message["data"]:
            yield row["contract_code"], row["created_at"], 1 if row["direction"] == "sell" else -1, row["volume"]


def of_bitfinex(message: Any) -> Read:
    if isinstance(message, list) and isinstance(message[1], list) and message[1][0] and isinstance(message[1][0], list):
        for row in message[1]:
            if row[0] == "pos" and row[8] == 1:
                yield row[4], row[2], 1 if row[5] > 0 else -1, abs(row[5])


def of_dydx(message: Any) -> Read:
    if message.get("type") == "channel_data" and message["channel"] == "v4_trades":
        for row in message["contents"]["trades"]:
            if row["type"] == "LIQUIDATED":
                yield message["id"], row["createdAt"], 1 if row["side"] == "SELL" else -1, float(row["size"])


def of_lighter(message: Any) -> Read:
    for row in message.get("liquidation_trades", []):
        yield "BTC", row["timestamp"], -1 if row["is_maker_ask"] else 1, float(row["size"])


READERS: dict[str, Callable[[Any], Read]] = {
    "binance": of_binance, "aster": of_binance, "bybit": of_bybit, "okx": of_okx, "gate": of_gate,
    "bitget": of_bitget, "kraken": of_kraken, "deribit": of_deribit, "htx": of_htx, "bitfinex": of_bitfinex,
    "dydx": of_dydx, "lighter": of_lighter,
}  # fmt: skip


@pytest.mark.parametrize("venue", list(READERS))
def test_what_a_feed_says_is_what_happened_after_its_law(market: Market, venue: str) -> None:
    messages, emulator = heard(market, venue, 45)
    said: Counter[tuple[str, int, float]] = Counter()
    for message in messages:
        for symbol, _, side, size in READERS[venue](msgspec.json.decode(message)):
            said[symbol, side, round(size, 6)] += 1
    begin = emulator.truth.connections[0].opened_market
    true = truth(emulator, venue, begin, begin + 45 * 10**9)
    if venue in {"okx", "bitget"}:  # some come later than their neighbours, and an old one first
        assert said <= truth(emulator, venue, begin - 86_400 * 10**9, begin + 45 * 10**9)
        assert said >= truth(emulator, venue, begin, begin + 24 * 10**9)
    else:
        assert said == true
    assert sum(said.values()) > 0


def truth(emulator: Emulator, venue: str, since: int, until: int) -> Counter[tuple[str, int, float]]:
    """Return what a venue's feed shows of what happened, of the contracts that are subscribed to."""
    desk = emulator.counters[venue].desk
    only = {"dydx": "BTC-USD", "lighter": "BTC", "bybit": "BTCUSDT", "deribit": "BTC-PERPETUAL"}.get(venue)
    found: Counter[tuple[str, int, float]] = Counter()
    for contract in desk.contracts.values():
        if (
            contract.kind == "spot"
            or (only and contract.symbol != only)
            or (venue == "kraken" and contract.coin != "BTC")
        ):
            continue
        shown = desk.shown_closes(contract, since, until)
        for side, steps in zip(shown.side.tolist(), shown.steps.tolist(), strict=True):
            found[contract.symbol, side, round(steps * contract.step, 6)] += 1
    return found
