"""Small files of every provider, written by hand in the form the provider publishes."""

import gzip
import io
import zipfile
from collections.abc import Sequence

import polars as pl

from runout.sources import Document

AUGUST = 1_754_006_400_000  # 2025-08-01T00:00Z in milliseconds
FIVE_MINUTES = 300_000
HEADER = (
    "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore"
)


def bar_line(number: int, *, scale: int = 1, price: float = 115_000.0) -> str:
    opened = (AUGUST + number * FIVE_MINUTES) * scale
    closed = opened + FIVE_MINUTES * scale - 1
    close = price + number
    return f"{opened},{price},{close + 50},{price - 50},{close},10.5,{closed},1207500.0,42,4.25,488750.0,0"


def bars_csv(count: int = 6, *, header: bool = True, scale: int = 1) -> bytes:
    lines = [HEADER] if header else []
    return ("\n".join([*lines, *(bar_line(number, scale=scale) for number in range(count))]) + "\n").encode()


def zipped(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    return buffer.getvalue()


def bars_parquet() -> bytes:
    table = pl.read_csv(io.BytesIO(bars_csv())).drop("close_time", "ignore")
    return parquet(table)


def parquet(table: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    table.write_parquet(buffer)
    return buffer.getvalue()


def text(lines: Sequence[str], *, bom: bool = False) -> bytes:
    return (b"\xef\xbb\xbf" if bom else b"") + ("\n".join(lines) + "\n").encode()


COINALYZE = {
    "liquidation_history.csv": text([
        "t,BTC/USD - Binance_short,BTC/USD - Binance_long,BTC/USDT - Bybit_short,BTC/USDT - Bybit_long",
        "2024-07-13,100.0,250.0,10.5,20.5",
        "2024-07-11,90.0,50.0,,30.0",
        "2024-07-12,0.0,75.0,11.0,21.0",
    ]),
    "open_interest_history.csv": text([
        "t,BTC/USDT - Binance,BTC/USD - Kraken,BTC/USD - Kraken.1,BTC/USD - dYdX,BTC/USDT - Gate.io",
        "2024-07-13,5163231783.7,17978779,161518027.64,129344222.3,457997758.2",
        "2024-07-11,5063231783.2,17878779,160518027.14,128344222.9,",
        "2024-07-12,5013231783.9,17778779,159518027.24,127344222.1,458997758.6",
    ]),
    "funding_rate_history.csv": text([
        "t,BTC/USDT - Binance,BTC/USD - dYdX,BTC/USD - Kraken,BTC/USD - Kraken.1",
        "2024-07-13,0.008342,0.00165,0.001,0.0003",
        "2024-07-11,-0.002,0.0007,0.0011,0.0004",
    ]),
}  # fmt: skip

_HOURS = pl.datetime_range(pl.datetime(2025, 8, 1, 0), pl.datetime(2025, 8, 1, 2), "1h", time_zone="UTC", eager=True)
_VENUES = ["binance", "bybit", "hyperliquid"]
CANDLES = pl.DataFrame({
    "timestamp": _HOURS, "venue": _VENUES, "coin": ["BTC"] * 3, "o": [1e5] * 3, "h": [1.1e5] * 3, "l": [9e4] * 3,
    "c": [1.05e5] * 3, "v": [5.0, 6.0, 7.0],
})  # fmt: skip
FUNDING = pl.DataFrame({
    "timestamp": [*_HOURS, _HOURS[0], _HOURS[0]], "venue": [*_VENUES, "binance", "kraken"],
    "coin": ["BTC", "BTC", "BTC", "HYPE", "BTC"], "funding_rate": [1e-4, 5e-5, 1.25e-5, 5e-5, 9e-6],
})  # fmt: skip

_EDITION = {"from_snapshot": ["20251114", "20251114"]}
_STAMPS = {"ts_ms": [1_755_504_000_000, 1_755_518_400_000]}
COINGLASS = {
    "futures_openInterest_ohlc_aggregated_history_BTC__4h.parquet": parquet(pl.DataFrame(
        _STAMPS | {"open": [8.2e10] * 2, "high": [8.4e10] * 2, "low": [8.1e10] * 2, "close": [8.29e10, 8.3e10]}
        | _EDITION
    )),
    "futures_liquidation_aggregated_coin_history_BTC__4h.parquet": parquet(pl.DataFrame(
        _STAMPS
        | {"aggregated_long_liquidation_usd": [5.5, 6.5], "aggregated_short_liquidation_usd": [0.0, 1.5]}
        | _EDITION
    )),
    "futures_openInterest_exchange_history_chart_BTC__4h.parquet": parquet(pl.DataFrame(
        _STAMPS | {"price": [115e3] * 2, "BINANCE": [1.4e10] * 2, "GATE.IO": [6e9, None], "GATE": [None, 7e9]}
        | _EDITION
    )),
    "liquidation_agg_1d.csv": text([
        "symbol,ts_utc,liq_long_usd,liq_short_usd",
        "BTC,2025-08-17 00:00:00+00,10.5,0.5",
        "ETH,2025-08-17 00:00:00+00,8.5,1.5",
        "BTC,2025-08-18 00:00:00+00,11.5,2.5",
    ]),
    "futures_ohlcv_1d.csv": text([
        "symbol,ts_utc,open,high,low,close,volume_usd",
        "BTCUSDT,2025-08-17 00:00:00+00:00,117000,118000,116000,117500,10.5",
        "BTCUSDT,2025-08-18 00:00:00+00:00,117500,118000,115000,116000,11.5",
    ]),
    "coinbase_premium_index_BTC__4h.20250819T000000Z.0.json.gz": gzip.compress(
        b'{"code":"0","data":[{"time":1755504000000,"premium":5.55,"premium_rate":0.0261}]}', mtime=0
    ),
}  # fmt: skip

SPECIMENS: dict[str, dict[str, bytes]] = {
    "binance-perpetual": {
        "BTCUSDT-5m-2025-08.csv": bars_csv(),
        "luca-BTCUSDT-5m-2025-08.csv": bars_csv(header=False),
        "BTCUSDT-5m-2025-08.zip": zipped({"BTCUSDT-5m-2025-08.csv": bars_csv()}),
        "ETHUSDC-5m-2025-08-01.csv.gz": gzip.compress(bars_csv(), mtime=0),
        "perp_BTCUSDT_5m_2025.parquet": bars_parquet(),
    },
    "binance-spot": {
        "shub-BTCUSDT-5m-2025-08.csv": bars_csv(header=False, scale=1000),
        "spot_SOLUSDT_5m_2025.parquet": bars_parquet(),
    },
    "coinglass": COINGLASS,
    "coinalyze": COINALYZE,
    "daily-dominance": {
        "btc_dominance.csv": text(["date,btc_dominance", "2025-08-17,58.62", "2025-08-18,58.98"]),
        "exchange_reserves.csv": text(["date,exchange_reserves", "2025-08-17,3500000.5", "2025-08-18,3500100"]),
        "futures_open_interest.csv": text(["date,futures_open_interest", "2025-08-17,56000000000.5"]),
        "btc_price.csv": text(["date,btc_price", "2025-08-17,117000.5", "2025-08-18,116000"]),
        "etf_flows_usd.csv": text(["date,etf_flows_usd", "2025-08-15,-14100000", "2025-08-18,0"]),
    },
    "cryptoquant": {
        "BTC_dominance.csv": text(["Date,Data", "2024.11.9,60.1", "2024.11.20,60.47"], bom=True),
        "exchange_reserves.csv": text(["Date,Data", "2024.11.9,2580747.0"], bom=True),
        "open_interest.csv": text(["Date,Data", "2024.11.9,28188985780"], bom=True),
        "funding_fee.csv": text(["Date,Data", "2024.11.9,0.0249", "2024.11.10,"], bom=True),
        "BTC_price.csv": text(["Date,Data", "2024.11.9,76500.25"], bom=True),
    },
    "tradingview-total2": {
        "CRYPTOCAP_TOTAL2_1D.csv": text([
            "time,open,high,low,close,Volume",
            "2025-04-28,1035065634780,1063800339751,1017322318457,1043470868142,132990000000.5",
            "2025-04-29,1044212489680,1054784862363,1035621069728,1050180330060,128420000000.5",
        ]),
    },
    "binance-open-interest": {
        "BTC_oi_5m.csv": text([
            "t,oi,oi_usd", "1773532800000,83494.763,5942689659.6", "1773533100000,83460.1,5932716135.8",
        ]),
        "WIF_funding.csv": text(["ts,rate", "1773532800000,-6.3795e-05", "1773547200004,1.25e-05"]),
    },
    "multivenue-hourly": {"candles.parquet": parquet(CANDLES), "funding_rates.parquet": parquet(FUNDING)},
    "whalebot-events": {
        "events_parsed.csv": text([
            "ts,venue,position_side,symbol,price,order_side,usd",
            "2025-09-17T18:03:20+00:00,Binance,Short,ETHUSDC,4522.0,Buy,227241.0",
            "2025-09-17T18:03:20+00:00,Binance,Short,ETHUSDT,4522.0,Buy,70437.0",
            "2025-09-17T18:04:20+00:00,Bybit,Long,BTCUSDT,115000.0,Sell,127848.0",
            "2025-09-17T18:16:04+00:00,,,,,,",
        ]),
    },
}  # fmt: skip


def documents(provider: str) -> list[Document]:
    return [Document(name=name, data=data) for name, data in SPECIMENS[provider].items()]
