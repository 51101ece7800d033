"""What the emulator sends is held against recorded payloads: the same keys, of the same types."""

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest

from emulator.test_venues import filled, heard, to_liquidations
from runout.emulator import Emulator, Market

# venue, emulated message (a text that it holds), recorded case and a text that the recorded message holds.
PAIRS = [
    ("binance", '"forceOrder"', "map binance futures messages", '"forceOrder"'),
    ("binance", '"aggTrade"', "map binance futures messages", '"aggTrade"'),
    ("bybit", "allLiquidation", "map bybit messages", "allLiquidation"),
    ("bybit", "publicTrade", "map bybit messages", "publicTrade.LTCUSDT"),
    ("bybit", '"type":"snapshot","ts":', "map bybit messages", '"tickers.BTCUSDT", "type": "snapshot"'),
    ("okx", '"liquidation-orders","instType":"SWAP"},"data"', "map okex-futures messages", '"liquidation-orders"'),
    ("okx", '"channel":"mark-price","instId":"BTC-USDT-SWAP"},"data"', "map okex-swap messages", '"mark-price"'),
    ("okx", '"channel":"open-interest","instId":"BTC-USDT-SWAP"},"data"', "map okex-swap messages", '"open-interest"'),
    ("okx", '"channel":"trades","instId":"BTC-USDT-SWAP"},"data"', "map okex-swap messages", '"channel": "trades"'),
    ("hyperliquid", '"channel":"trades","data"', "map hyperliquid messages", '"channel": "trades"'),
    ("hyperliquid", '"activeAssetCtx","data"', "map hyperliquid messages", '"activeAssetCtx"'),
    ("hyperliquid", '"l2Book","data"', "map hyperliquid messages", '"BANANA"'),
    ("gate", '"futures.tickers","event":"update"', "map gate-io-futures messages", '"time_ms": 1677629168840'),
    ("gate", '"futures.trades","event":"update"', "map gate-io-futures messages", '"create_time_ms": 1614556850860'),
    ("bitget", '"topic":"liquidation"},"data"', "map bitget-futures v3 messages", '"liquidation"'),
    ("bitget", '"topic":"publicTrade","symbol":"BTCUSDT"},"data"', "map bitget-futures v3 messages", '"publicTrade"'),
    ("bitget", '"topic":"ticker","symbol":"BTCUSDT"},"data"', "map bitget-futures v3 messages", '"topic": "ticker"'),
    ("kraken", '"type":"liquidation"', "map cryptofacilities messages", '"type": "liquidation"'),
    ("kraken", '"feed":"ticker","bid"', "map cryptofacilities messages", '"PF_SUIUSD"'),
    ("deribit", '"liquidation":"T"', "map deribit messages", '"liquidation": "T"'),
    ("deribit", '"channel":"ticker', "map deribit messages", '"ticker.BTC-PERPETUAL.raw"'),
    ("htx", '"op":"notify","topic":"public.BTC-USDT.liq', "map huobi-dm-linear-swap, messages", "liquidation_orders"),
    ("htx", '"ch":"market.BTC-USDT.trade', "map huobi-dm-linear-swap, messages", '"quantity"'),
    ("bitfinex", r'\["pos"', "map bitfinex derivatives messages", '["pos"'),
    ("dydx", "channel_data.*LIQUIDATED", "map dydx-v4 messages", "LIQUIDATED"),
    ("dydx", '"trading"', "map dydx-v4 messages", '"trading"'),
    ("lighter", "liquidation_trades", "map lighter trade messages", "liquidation_trades"),
    ("lighter", '"type":"update/market_stats"', "map lighter market stats messages", "update/market_stats"),
]
# Fields of a recorded payload that are older than the venue's present form, or of other contracts.
GONE = {"cs", "instFamily", "tickDirection", "buyVolume", "cumFunding", "generated", "error"}


def shape(value: Any) -> Any:
    """Return keys and kinds of value; numbers of either kind are numbers, a list is its first element."""
    if isinstance(value, dict):
        return {key: shape(one) for key, one in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    if isinstance(value, bool) or value is None:
        return type(value).__name__
    if isinstance(value, int | float):
        return "number"
    try:
        float(value)
    except ValueError:
        return "text"
    return "number in text"


def lacks(emulated: Any, recorded: Any, path: str = "") -> list[str]:
    """Return where a recorded payload has a key or a kind that the emulated one has not."""
    if isinstance(recorded, dict) and isinstance(emulated, dict):
        found: list[str] = []
        for key, one in recorded.items():
            other = (
                next(iter(emulated.values()), None)
                if key.isdigit() or (key.isupper() and len(key) > 4)
                else emulated.get(key)
            )
            if key.count("-") == 1 and key.isupper():
                other = next(iter(emulated.values()), None)
            if other is None and key not in GONE:
                found.append(f"{path}.{key} is missing")
            elif other is not None:
                found += lacks(other, one, f"{path}.{key}")
        return found
    if isinstance(recorded, list) and isinstance(emulated, list):
        return lacks(emulated[0], recorded[0], f"{path}[]") if recorded and emulated else []
    if emulated != recorded and "NoneType" not in {emulated, recorded} and "text" not in {emulated, recorded}:
        return [f"{path}: {emulated}, recorded {recorded}"]
    return []


@pytest.fixture(scope="module")
def recordings(real_data: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in (real_data / "fixtures-venues" / "venue_payloads.jsonl").read_text().splitlines():
        row = json.loads(line)
        message = row["message"]
        found.setdefault(row["case"], []).append(message if isinstance(message, str) else json.dumps(message))
    return found


@pytest.fixture(scope="module")
def sent(market: Market) -> dict[str, list[bytes]]:
    return {venue: heard(market, venue, 45)[0] for venue in dict.fromkeys(pair[0] for pair in PAIRS)}


@pytest.mark.real
@pytest.mark.parametrize(
    ("venue", "ours", "case", "theirs"), PAIRS, ids=[f"{pair[0]} {pair[1][:24]}" for pair in PAIRS]
)
def test_an_emulated_message_has_what_the_recorded_one_has(  # noqa: PLR0917 - two fixtures and a row
    recordings: dict[str, list[str]], sent: dict[str, list[bytes]], venue: str, ours: str, case: str, theirs: str
) -> None:
    recorded = next(one for one in recordings[case] if theirs in one)
    emulated = next(one for one in sent[venue] if re.search(ours.encode(), one))
    assert lacks(shape(msgspec.json.decode(emulated)), shape(json.loads(recorded))) == []


# venue, call, folder and file of the recorded answer.
ANSWERS = [
    ("binance", "um/fapi/v1/klines?symbol=BTCUSDT&interval=5m&limit=2", "binance/klines_response.json"),
    ("binance", "um/fapi/v1/depth?symbol=BTCUSDT&limit=5", "binance/depth_response.json"),
    ("bybit", "rest/v5/market/instruments-info?category=linear", "bybit/http_get_instruments_linear.json"),
    ("bybit", "rest/v5/market/funding/history?category=linear&symbol=BTCUSDT", "bybit/http_get_funding_history.json"),
    ("bybit", "rest/v5/market/kline?category=linear&symbol=BTCUSDT&interval=5", "bybit/http_get_klines_linear.json"),
    ("okx", "rest/api/v5/public/instruments?instType=SWAP", "okx/http_get_instruments_swap.json"),
    ("okx", "rest/api/v5/market/candles?instId=BTC-USDT-SWAP&bar=5m", "okx/http_get_candlesticks.json"),
    ("okx", "rest/api/v5/public/funding-rate-history?instId=BTC-USDT-SWAP", "okx/http_get_funding_rate_history.json"),
    ("okx", "rest/api/v5/public/mark-price?instType=SWAP", "okx/http_get_mark_price.json"),
    ("kraken", "rest/derivatives/api/v3/instruments", "kraken/http_futures_instruments.json"),
    ("kraken", "rest/derivatives/api/v3/tickers", "kraken/http_futures_tickers.json"),
    ("kraken", "rest/derivatives/api/v4/historicalfundingrates?symbol=PF_XBTUSD", "kraken/http_futures_historical_funding_rates.json"),
    ("kraken", "rest/api/charts/v1/trade/PF_XBTUSD/1h?from={s-14400}", "kraken/http_futures_candles_trade.json"),
    ("deribit", "rest/api/v2/public/get_instruments?currency=BTC&kind=future", "deribit/http_get_instruments.json"),
    ("deribit", "rest/api/v2/public/get_last_trades_by_instrument?instrument_name=BTC-PERPETUAL", "deribit/http_get_last_trades.json"),
    ("dydx", "rest/v4/candles/perpetualMarkets/BTC-USD?resolution=1MIN&limit=2", "dydx/http_get_candles.json"),
    ("dydx", "rest/v4/historicalFunding/BTC-USD?limit=2", "dydx/http_get_historical_funding.json"),
    ("dydx", "rest/v4/perpetualMarkets", "dydx/http_get_perpetual_markets.json"),
    ("dydx", "rest/v4/trades/perpetualMarket/BTC-USD?limit=2", "dydx/http_get_trades.json"),
]  # fmt: skip


@pytest.mark.real
@pytest.mark.parametrize(("venue", "call", "file"), ANSWERS, ids=[answer[2] for answer in ANSWERS])
def test_an_emulated_answer_has_what_the_recorded_one_has(
    market: Market, real_data: Path, venue: str, call: str, file: str
) -> None:
    recorded = json.loads((real_data / "fixtures-nautilus" / file).read_text())
    emulated = asyncio.run(answered(market, venue, call))
    recorded = recorded["result"] if venue == "dydx" else recorded
    if venue == "deribit":  # of a question by POST
        recorded.pop("id")
    assert lacks(shape(emulated), shape(recorded)) == []


async def answered(market: Market, venue: str, call: str) -> Any:
    async with Emulator(market, speed=0, venues=(venue,)) as emulator, aiohttp.ClientSession() as session:
        to_liquidations(emulator, venue)
        async with session.get(f"{emulator.url}/{venue}/{filled(call, emulator)}") as answer:
            return msgspec.json.decode(await answer.read())
